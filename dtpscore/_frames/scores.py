"""Axis scores by group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dtpscore import _keys, get, signatures
from dtpscore._frames.groups import column, groups
from dtpscore._results.elements import available
from dtpscore._results.scores import record_of
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from anndata import AnnData


# What results list beside the axes.
_MORE_TITLES = {
    name: name.capitalize()
    for name in ("index", "proliferation", "shift", "pseudotime")
}


def axis_titles(axes: Sequence[str]) -> dict[str, str]:
    """Titles of axes; an axis that is not shipped is its own title."""
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
    scores = get.axes(adata, key=key)
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

    Returns
    -------
    Axes by groups.
    """
    values = axis_values(
        adata, groupby=groupby, reference=reference, axes=axes, key=key
    )
    member = groups(adata, groupby, reference)
    if sample_key is None:
        return by_group(values, member)
    means = sample_means(values, member, column(adata, sample_key))
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
    One row a group and sample, which are the levels ``group`` and ``sample`` of the
    index, and one column an axis.
    """
    parts = [member.rename("group"), sample.map(str).rename("sample")]
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


def thin_axes(adata: AnnData, *, key: str | None = None) -> set[str]:
    """Axes that rest on signatures with too few of their genes in the data."""
    table = record_of(adata, key or _keys.SCORES)["axes"]
    return {str(axis) for axis in table.index[table["low"].to_numpy(dtype=bool)]}


def persister_axes(axes: Sequence[str]) -> list[str]:
    """Axes that are read as persister mechanisms (no nuisance, no lineage)."""
    known = signatures.axes()
    return [
        axis for axis in axes if axis not in known or known[axis].kind == "persister"
    ]
