"""Groups, samples and times of cells, read in one way for every frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from natsort import natsort_keygen

from dtpscore._design import label, labels, names
from dtpscore._results.elements import available, check_anndata
from dtpscore._results.lazy import why_no_column
from dtpscore.errors import DataError
from dtpscore.get._records import call_record, has_calls, has_order, order_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData

# Sorts "d3" before "d14".
natural = natsort_keygen()


def column(adata: AnnData, key: str) -> pd.Series:
    """Return one ``obs`` column.

    Raises
    ------
    DataError
        There is no such column.
    """
    check_anndata(adata)
    if key not in adata.obs.columns:
        msg = (
            f"obs has no column {key!r}. Columns there are: "
            f"{available(adata.obs.columns)}.{why_no_column(adata, key)}"
        )
        raise DataError(msg)
    found: pd.Series = adata.obs[key]
    return found


def texts(adata: AnnData, key: str, what: str) -> tuple[pd.Series, list[str]]:
    """Label of each cell, missing where it has none, and the labels in order.

    The order is that of the categories where the column is categorical, else the
    natural one. The rule is that of ``dtpscore._design.labels`` for every function.

    Raises
    ------
    DataError
        There is no such column.
    """
    column(adata, key)
    found = labels(adata.obs, key, what)
    text = pd.Series(found.text, index=adata.obs_names, dtype=object)
    return text.where(text != ""), list(found.names)


def groups(
    adata: AnnData,
    groupby: str,
    reference: str | None = None,
    *,
    order: Sequence[str] | None = None,
) -> pd.Series:
    """Group of each cell as an ordered categorical, the reference group first.

    Parameters
    ----------
    adata
        The data.
    groupby
        Column of ``obs``. A categorical keeps its order and other columns are put in
        natural order. Groups without cells are left out.
    reference
        The reference group, if there is one.
    order
        Groups to show, in this order. By default all of them are shown.

    Returns
    -------
    Categorical series over cells; missing where the column is missing and in groups
    that are not shown.

    Raises
    ------
    DataError
        The column, the reference group or a group of ``order`` does not exist, or
        every value is missing.
    """
    text, there = texts(adata, groupby, "groups")
    if not there:
        msg = f"obs[{groupby!r}] names no group: every value is missing."
        raise DataError(msg)
    first = [] if reference is None else [label(reference)]
    shown = None if order is None else list(dict.fromkeys(map(label, order)))
    for name in [*first, *(shown or ())]:
        if name not in there:
            msg = (
                f"obs[{groupby!r}] has no group {name!r}. "
                f"Groups there are: {available(there)}."
            )
            raise DataError(msg)
    shown = shown or [*first, *(name for name in there if name not in first)]
    # pandas 4 refuses values outside the categories.
    asked = text.where(text.isin(shown))
    return asked.astype(pd.CategoricalDtype(shown, ordered=True))


@dataclass(frozen=True)
class Columns:
    """Which columns of ``obs`` describe the experiment.

    Attributes
    ----------
    groupby, reference
        Column with the groups, and its reference group.
    sample_key, time_key
        Columns with the samples and with times or doses, where they are known.
    holiday
        Groups that were sampled after the drug was taken away.
    """

    groupby: str
    reference: str | None = None
    sample_key: str | None = None
    time_key: str | None = None
    holiday: tuple[str, ...] = ()


def columns(
    adata: AnnData,
    *,
    groupby: str | None = None,
    reference: str | None = None,
    sample_key: str | None = None,
    time_key: str | None = None,
    holiday: Any = None,
) -> Columns:
    """Complete what is not given from the records of the calls and of the order.

    A reference group is taken from a record only where the groups are those of the
    record as well.

    Raises
    ------
    DataError
        ``groupby`` is not given, and no record knows it; or a column does not exist.
    """
    check_anndata(adata)
    off = names(holiday)
    records = []
    if has_calls(adata):
        records.append(call_record(adata).params)
    if has_order(adata):
        records.append(order_record(adata).params)
    for known in records:
        groupby = groupby or known.get("groupby")
        if groupby == known.get("groupby"):
            reference = reference or known.get("reference")
            off = off or names(known.get("holiday"))
        sample_key = sample_key or known.get("sample_key")
        time_key = time_key or known.get("time_key")
    if groupby is None:
        msg = (
            "The column of obs with the groups is not known. Pass groupby (--groupby "
            f"on the command line). Columns there are: {available(adata.obs.columns)}."
        )
        raise DataError(msg)
    for key in (groupby, sample_key, time_key):
        if key is not None:
            column(adata, key)
    return Columns(groupby, reference, sample_key, time_key, off)


def in_order(
    frame: pd.DataFrame, by: Sequence[str], first: Sequence[str]
) -> pd.DataFrame:
    """Sort rows by a column with a fixed order, then by others in natural order.

    Parameters
    ----------
    frame
        The rows.
    by
        Columns to sort by. Numbers are sorted as numbers, texts in natural order.
    first
        Values of the first of these columns, in order.
    """
    place = {str(name): n for n, name in enumerate(first)}
    keys = [
        (place[str(row[0])], *(_sort_key(value) for value in row[1:]))
        for row in frame[list(by)].itertuples(index=False)
    ]
    rows = np.array(sorted(range(len(frame)), key=keys.__getitem__), dtype=np.int64)
    return frame.iloc[rows].reset_index(drop=True)


def _sort_key(value: Any) -> Any:
    if isinstance(value, float | int):
        # A missing number, such as the time of cells off the drug, comes last.
        return (value != value, 0.0 if value != value else value)
    return natural(str(value))
