"""Axis scores by group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dtpscore import _axes as definition
from dtpscore import _keys, signatures
from dtpscore._results.elements import available
from dtpscore._results.scores import has_record
from dtpscore.errors import DataError
from dtpscore.get._groups import groups, texts
from dtpscore.get._records import score_record
from dtpscore.get._scores import axes as all_axes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData


# What results list beside the axes.
_MORE_TITLES = {
    name: name.capitalize()
    for name in ("index", "proliferation", "shift", "pseudotime")
}


def axis_titles(axes: Sequence[str]) -> dict[str, str]:
    """Titles of axes. An axis that is not shipped has its name as the title."""
    known = signatures.axes()
    return {
        name: known[name].title if name in known else _MORE_TITLES.get(name, name)
        for name in axes
    }


def titled(frame: pd.DataFrame) -> pd.DataFrame:
    """Copy of a frame with a column ``axis``, the titles put first as ``title``."""
    names = [str(name) for name in frame["axis"]]
    titles = axis_titles(names)
    out = frame.copy()
    out.insert(0, "title", [titles[name] for name in names])
    return out


def standardize(values: pd.DataFrame, is_reference: pd.Series | None) -> pd.DataFrame:
    """Express each column in standard deviations of the reference cells.

    Parameters
    ----------
    values
        Cells by axes.
    is_reference
        Which cells are the reference, boolean over cells; all cells when None.

    Returns
    -------
    (value - mean of the reference) / standard deviation of the reference, float64;
    NaN for a column that does not vary in the reference.
    """
    values = values.astype(np.float64)
    base = values if is_reference is None else values[is_reference]
    spread = base.std(ddof=1)
    return (values - base.mean()) / spread.where(spread > 0)


def axis_values(
    adata: AnnData,
    *,
    groupby: str,
    reference: str | None = None,
    axes: Sequence[str] | None = None,
    key: str | None = None,
) -> pd.DataFrame:
    """Axis scores of every cell in standard deviations of the reference cells.

    Parameters
    ----------
    adata
        Scored data.
    groupby, reference
        Column of ``obs`` and its reference group; without one, all cells are the
        reference.
    axes
        Axes to keep, in this order; all that have a value when None.
    key
        The ``key_added`` of the scores.

    Returns
    -------
    Cells by axes.

    Raises
    ------
    DataError
        There are no scores, or no such axis, column or group.
    """
    scores = all_axes(adata, key=key)
    if axes is not None:
        missing = [axis for axis in axes if axis not in scores.columns]
        if missing:
            msg = (
                f"Axes that were not scored: {available(missing)}. "
                f"Scored axes: {available(scores.columns)}."
            )
            raise DataError(msg)
        scores = scores[list(axes)]
    member = groups(adata, groupby, reference)
    is_reference = None if reference is None else member == reference
    return standardize(scores, is_reference).dropna(axis=1, how="all")


def by_group(values: pd.DataFrame, member: pd.Series) -> pd.DataFrame:
    """Mean of each axis in each group.

    Parameters
    ----------
    values
        Cells by axes.
    member
        Group (or sample) of each cell.

    Returns
    -------
    Axes by groups.
    """
    return values.groupby(member, observed=True).mean().T


def axis_by_group(
    adata: AnnData,
    *,
    groupby: str,
    reference: str | None = None,
    sample_key: str | None = None,
    axes: Sequence[str] | None = None,
    order: Sequence[str] | None = None,
    key: str | None = None,
) -> pd.DataFrame:
    """Mean of each axis in each group, in standard deviations of the reference cells.

    With samples, the mean of a group is that of its samples, so that a sample with
    many cells does not decide.

    Parameters
    ----------
    adata, groupby, reference, axes, key
        As `axis_values`.
    sample_key
        Column of ``obs`` that names the samples.
    order
        Groups to show, in this order.

    Returns
    -------
    Axes by groups.
    """
    values = axis_values(
        adata, groupby=groupby, reference=reference, axes=axes, key=key
    )
    member = groups(adata, groupby, reference, order=order)
    if sample_key is None:
        return by_group(values, member)
    sample, _ = texts(adata, sample_key, "samples")
    means = sample_means(values, member, sample)
    return means.groupby(level="group", observed=True).mean().T


def sample_means(
    values: pd.DataFrame, member: pd.Series, sample: pd.Series
) -> pd.DataFrame:
    """Mean of each axis in each sample of each group.

    Parameters
    ----------
    values
        Cells by axes.
    member, sample
        Group and sample of each cell.

    Returns
    -------
    One row per group and sample, which are the levels ``group`` and ``sample`` of the
    index, and one column per axis.
    """
    parts = [member.rename("group"), sample.rename("sample")]
    return values.groupby(parts, observed=True).mean()


def strongest(table: pd.DataFrame, n: int) -> list[str]:
    """Axes whose groups differ most, in the order of the table.

    Parameters
    ----------
    table
        Axes by groups.
    n
        How many.
    """
    span = (table.max(axis=1) - table.min(axis=1)).sort_values(
        ascending=False, kind="stable"
    )
    kept = set(span.index[:n])
    return [str(axis) for axis in table.index if axis in kept]


def genes_found(adata: AnnData, *, key: str | None = None) -> pd.DataFrame:
    """Genes that each axis rests on, and whether they are too few.

    Returns
    -------
    One row per axis: ``n_found`` and ``n_listed`` (genes of the signatures that the
    axis uses, counted per signature; of all its signatures where it uses none) and
    ``low`` (whether none of its signatures has enough of its genes).

    Raises
    ------
    DataError
        There are no scores.
    """
    record = score_record(adata, key)
    genes, made_of = record.coverage, record.axes
    source = record.provenance["signatures"]["axis"].astype(str)
    rows = {}
    for axis, row in made_of.iterrows():
        used = [name for name in str(row["signatures"]).split("; ") if name]
        of_axis = list(source.index[(source == axis).to_numpy()])
        own = used or of_axis or [_own_name(str(axis), genes)]
        found, listed = genes.loc[own, ["n_found", "n_listed"]].sum()
        rows[str(axis)] = (int(found), int(listed), bool(row["low"]))
    for name in all_axes(adata, key=key).columns:
        if name not in rows:
            own_row = genes.loc[_own_name(name, genes)]
            found, listed = own_row["n_found"], own_row["n_listed"]
            rows[name] = (int(found), int(listed), bool(own_row["low"]))
    columns = ["n_found", "n_listed", "low"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _own_name(axis: str, genes: pd.DataFrame) -> str:
    """Name of the own signature that is this axis; a prefix may set it apart."""
    while axis not in genes.index:
        axis = axis.removeprefix("own_")
    return axis


def thin_axes(adata: AnnData, *, key: str | None = None) -> set[str]:
    """Axes that rest on signatures with too few of their genes in the data."""
    if not has_record(adata, key or _keys.SCORES):  # nothing is known of the genes
        return set()
    table = genes_found(adata, key=key)
    return {str(axis) for axis in table.index[table["low"].to_numpy(dtype=bool)]}


def persister_axes(axes: Sequence[str]) -> list[str]:
    """Axes that are read as persister mechanisms, and the signatures of the user."""
    known, mechanisms = signatures.axes(), set(definition.persister_axes())
    return [axis for axis in axes if axis not in known or axis in mechanisms]


def nuisance_axes(axes: Sequence[str]) -> list[str]:
    """Axes that are scored so that confounding can be seen."""
    nuisance = set(definition.nuisance_axes())
    return [axis for axis in axes if axis in nuisance]
