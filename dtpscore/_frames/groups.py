"""Groups and samples of cells, as the plots and the report order them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from dtpscore._results.elements import available, check_anndata
from dtpscore._results.lazy import why_no_column
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from anndata import AnnData


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


def groups(adata: AnnData, groupby: str, reference: str | None = None) -> pd.Series:
    """Group of each cell as an ordered categorical, the reference group first.

    Parameters
    ----------
    adata
        The data.
    groupby
        Column of ``obs``. A categorical keeps its order, other columns are sorted;
        groups without cells are left out.
    reference
        The reference group, if there is one.

    Returns
    -------
    Categorical series over cells; missing where the column is missing.

    Raises
    ------
    DataError
        The column or the reference group does not exist, or every value is missing.
    """
    values = column(adata, groupby)
    as_text = values.map(str, na_action="ignore")
    if isinstance(values.dtype, pd.CategoricalDtype):
        order = [
            str(one) for one in values.cat.remove_unused_categories().cat.categories
        ]
    else:
        order = [str(one) for one in sorted(values.dropna().unique())]
    if not order:
        msg = f"obs[{groupby!r}] names no group: every value is missing."
        raise DataError(msg)
    if reference is not None:
        if reference not in order:
            msg = (
                f"obs[{groupby!r}] has no group {reference!r}. "
                f"Groups there are: {available(order)}."
            )
            raise DataError(msg)
        order = [reference, *(name for name in order if name != reference)]
    dtype = pd.CategoricalDtype(order, ordered=True)
    return pd.Series(as_text.astype(object), index=values.index).astype(dtype)


def natural(name: str) -> list[tuple[bool, int, str]]:
    """Sort key by which d3 comes before d14."""
    parts = re.split(r"(\d+)", name)
    return [(p.isdigit(), int(p) if p.isdigit() else 0, p) for p in parts if p]
