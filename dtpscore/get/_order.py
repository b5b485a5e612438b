"""The order from parental to persister, and the way back along it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dtpscore import _keys
from dtpscore.get._groups import columns, groups, in_order, texts
from dtpscore.get._records import order_record
from dtpscore.get._samples import time_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData

# Columns of obs that an order leaves beside the position, by the end of their names.
_PARTS = ("sd", "dpt", "ordinal", "place", "end", "fate")


def order(adata: AnnData, *, key: str | None = None) -> pd.DataFrame:
    """Position of every cell on the path from parental to persister.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.pseudotime` has ordered.
    key
        The ``key_added`` of that run; ``"dtp_pseudotime"`` by default.

    Returns
    -------
    One row per cell: ``position`` (0 parental, 1 persister; missing where the cell
    could not be placed) and, where they were made, ``sd`` (standard deviation over
    repeats), ``dpt`` and ``ordinal`` (the two orders), ``place`` (of holiday cells),
    ``end`` (of late cells) and ``fate`` (0 to 1).

    Raises
    ------
    DataError
        The cells were not ordered.

    See Also
    --------
    trends : Axes and genes along the path.
    dtpscore.pl.pseudotime : The picture of these positions.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=600, n_genes=1500, difficulty="easy")
    >>> dtp.tl.pseudotime(
    ...     adata, groupby="condition", reference="parental", method="dpt"
    ... )
    >>> "position" in dtp.get.order(adata)
    True
    """
    order_record(adata, key)
    key = key or _keys.PSEUDOTIME
    frame = pd.DataFrame({"position": adata.obs[key]}, index=adata.obs_names)
    for part in _PARTS:
        if f"{key}_{part}" in adata.obs:
            frame[part] = adata.obs[f"{key}_{part}"]
    return frame


def positions(
    adata: AnnData,
    *,
    groupby: str,
    reference: str | None = None,
    sample_key: str | None = None,
    time_key: str | None = None,
    order: Sequence[str] | None = None,
    key: str | None = None,
) -> pd.DataFrame:
    """Position of each cell on the path, with its group, time and sample.

    Returns
    -------
    One row per cell that has a position and a group: ``group``, ``row`` (the group,
    with the time of the cell where times are known), ``sample`` (that row without
    ``sample_key``) and ``position``. Rows of the path come in order.

    Raises
    ------
    DataError
        The cells were not ordered, or a column or group does not exist.
    """
    order_record(adata, key)
    member = groups(adata, groupby, reference, order=order)
    frame = pd.DataFrame(
        {
            "group": member,
            "row": member.astype(object),
            "position": adata.obs[key or _keys.PSEUDOTIME].astype(np.float64),
        }
    )
    if time_key is not None:
        found = columns(adata, groupby=groupby)
        off = member.isin(found.holiday).to_numpy()
        text, value_of = time_texts(adata, time_key, off=off)
        frame["time"] = text.map(value_of).astype(np.float64)
        named = member.astype(object) + " \u00b7 " + text
        frame["row"] = frame["row"].where((text == "").to_numpy(), named)
    frame["sample"] = (
        frame["row"]
        if sample_key is None
        else texts(adata, sample_key, "samples")[0].astype(object)
    )
    frame = frame.dropna(subset=["group", "position"])
    by = ["group", *(["time"] if time_key is not None else [])]
    return in_order(frame, by, member.cat.categories)


def by_sample(frame: pd.DataFrame) -> pd.DataFrame:
    """Median position of each sample of each row of the path.

    Parameters
    ----------
    frame
        What `positions` gives.

    Returns
    -------
    One row per sample, in the order of the rows: ``group``, ``row``, ``sample``,
    ``n_cells``, ``median``, ``low`` and ``high`` (quartiles of its cells).
    """
    by = ["group", "row", "sample"]
    parts = frame.groupby(by, observed=True, sort=False)["position"]
    out = pd.DataFrame(
        {
            "n_cells": parts.size(),
            "low": parts.quantile(0.25),
            "median": parts.median(),
            "high": parts.quantile(0.75),
        }
    )
    rows = list(dict.fromkeys(frame["row"]))
    out = in_order(out.reset_index(), ["row", "sample"], rows)
    out["group"] = out["group"].astype(frame["group"].dtype)
    return out


def direction(adata: AnnData, *, key: str | None = None) -> list[tuple[str, str]]:
    """Say what the order was compared with, and the verdict on its direction."""
    frame = order_record(adata, key).direction
    return [(str(name), str(row["verdict"])) for name, row in frame.iterrows()]


def reversal(adata: AnnData, *, key: str | None = None) -> pd.DataFrame | None:
    """Where cells off the drug are on the path, by sample; None where there are none.

    Returns
    -------
    ``sample``, ``position`` with ``low`` and ``high``, ``from_root_in_sd``,
    ``returned``, the shares ``parental-like``, ``persister-like`` and ``neither``,
    and ``n_cells``.
    """
    frame = order_record(adata, key).reversal
    return None if frame is None else frame.reset_index(names="sample")
