"""Calls by sample, and the plane of index and proliferation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from dtpscore import _keys
from dtpscore._calling.states import STATES as _STATES
from dtpscore._frames.groups import column, groups, natural
from dtpscore._frames.records import find
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from anndata import AnnData

# From parental to persister; low quality comes last, as it is no state of a cell.
STATES = (*_STATES[1:], _STATES[0])


def record(adata: AnnData, key: str | None = None) -> dict[str, Any]:
    """Record of `dtpscore.tl.call`.

    Raises
    ------
    DataError
        The cells were not called.
    """
    return find(adata, key or _keys.CALL, what="calls", step="call")


def calls(adata: AnnData, key: str | None = None) -> pd.Series:
    """Call of each cell, the states in a fixed order from parental to persister.

    Raises
    ------
    DataError
        The cells were not called.
    """
    record(adata, key)
    values = adata.obs[key or _keys.CALL].astype(object)
    return values.astype(pd.CategoricalDtype(list(STATES), ordered=True))


def counts(
    adata: AnnData,
    *,
    groupby: str,
    reference: str | None = None,
    sample_key: str | None = None,
    key: str | None = None,
) -> pd.DataFrame:
    """Count the cells of each state in each sample, or in each group without samples.

    Parameters
    ----------
    adata
        Called data.
    groupby, reference
        Column of ``obs`` with the groups, and the group that comes first.
    sample_key
        Column of ``obs`` with the samples.
    key
        The ``key_added`` of the calls.

    Returns
    -------
    One row a sample, groups in order: ``group``, ``sample`` (that of the group
    without ``sample_key``), ``n_cells`` (those with a call), and one column a state.

    Raises
    ------
    DataError
        The cells were not called, or a column or group does not exist.
    """
    member = groups(adata, groupby, reference)
    sample = member if sample_key is None else column(adata, sample_key)
    frame = pd.DataFrame(
        {
            "group": member.astype(object),
            "sample": sample.map(str, na_action="ignore").astype(object),
            "call": calls(adata, key).astype(object),
        }
    ).dropna()
    parts = [frame["group"], frame["sample"]]
    table = pd.crosstab(parts, frame["call"]).reindex(
        columns=list(STATES), fill_value=0
    )
    table.insert(0, "n_cells", table.sum(axis=1))
    out = table.reset_index()
    out.columns.name = None
    order = {str(name): place for place, name in enumerate(member.cat.categories)}
    rows = sorted(
        range(len(out)),
        key=lambda row: (order[out["group"][row]], natural(out["sample"][row])),
    )
    return out.iloc[rows].reset_index(drop=True)


def composition(
    adata: AnnData,
    *,
    groupby: str,
    reference: str | None = None,
    sample_key: str | None = None,
    key: str | None = None,
) -> pd.DataFrame:
    """Share of each state in each sample, or in each group without samples.

    As `counts`, with shares of the cells that have a call.
    """
    table = counts(
        adata, groupby=groupby, reference=reference, sample_key=sample_key, key=key
    )
    states = list(STATES)
    table[states] = table[states].div(table["n_cells"], axis=0)
    return table


def plane(adata: AnnData, *, key: str | None = None) -> pd.DataFrame:
    """Index, proliferation and call of each cell.

    Raises
    ------
    DataError
        The cells were not called.
    """
    call = calls(adata, key)
    return pd.DataFrame(
        {
            "index": adata.obs[_keys.INDEX].astype(float),
            "proliferation": adata.obs[_keys.PROLIFERATION].astype(float),
            "call": call,
        }
    )


def thresholds(adata: AnnData, *, key: str | None = None) -> pd.DataFrame:
    """Limits on index and proliferation, one row a batch.

    Returns
    -------
    ``batch``, ``index`` (a called cell below it is uncertain) and ``proliferation``
    (a persister-like cell at or above it counts as cycling); no row where nothing
    was calibrated.

    Raises
    ------
    DataError
        The cells were not called.
    """
    frame = record(adata, key).get("thresholds")
    if frame is None:
        return pd.DataFrame(columns=["batch", "index", "proliferation"], dtype=float)
    return pd.DataFrame(
        {
            "batch": frame["batch"].astype(str),
            "index": frame["low_index"].astype(float),
            "proliferation": frame["proliferation"].astype(float),
        }
    )


def reasons(
    adata: AnnData, *, group: str | None = None, key: str | None = None
) -> pd.DataFrame:
    """Axes that carry the calls of each group, the strongest first.

    Returns
    -------
    ``batch``, ``group``, ``axis``, ``difference``, ``contribution``, ``published``
    and ``reading``.

    Raises
    ------
    DataError
        The cells were not called, or no cell of this group was.
    """
    frame: pd.DataFrame = record(adata, key).get("axes", pd.DataFrame())
    if group is None:
        return frame.copy()
    if frame.empty or group not in set(frame["group"]):
        msg = f"No cell of the group {group!r} was called, so no axis carries a call."
        raise DataError(msg)
    return frame[(frame["group"] == group).to_numpy()].reset_index(drop=True)


def reversal(adata: AnnData, *, key: str | None = None) -> pd.DataFrame | None:
    """Differences of persisters and of holiday cells from the reference, by axis.

    Returns
    -------
    ``axis``, ``group`` (the holiday group), ``persister``, ``holiday``, ``returned``
    with ``returned_low`` and ``returned_high``, and ``ratio``; None without a holiday
    group.
    """
    frame = record(adata, key).get("reversal")
    if frame is None or not len(frame):
        return None
    return frame.rename_axis("axis").reset_index()
