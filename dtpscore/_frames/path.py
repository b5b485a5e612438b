"""The order from parental to persister, trends along it, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore import _keys
from dtpscore._frames.groups import column, groups, natural
from dtpscore._frames.records import find

if TYPE_CHECKING:
    from anndata import AnnData


def record(adata: AnnData, key: str | None = None) -> dict[str, Any]:
    """Record of `dtpscore.tl.pseudotime`.

    Raises
    ------
    DataError
        The cells were not ordered.
    """
    return find(adata, key or _keys.PSEUDOTIME, what="order", step="pseudotime")


def positions(
    adata: AnnData,
    *,
    groupby: str,
    reference: str | None = None,
    sample_key: str | None = None,
    key: str | None = None,
) -> pd.DataFrame:
    """Position of each cell on the path, with its group and sample.

    Returns
    -------
    One row a cell with a position and a group: ``group``, ``sample`` (the group
    without ``sample_key``) and ``position``.

    Raises
    ------
    DataError
        The cells were not ordered, or a column or group does not exist.
    """
    record(adata, key)
    member = groups(adata, groupby, reference)
    sample = member if sample_key is None else column(adata, sample_key)
    frame = pd.DataFrame(
        {
            "group": member,
            "sample": sample.map(str, na_action="ignore").astype(object),
            "position": adata.obs[key or _keys.PSEUDOTIME].astype(np.float64),
        }
    )
    return frame.dropna(subset=["group", "position"])


def by_sample(frame: pd.DataFrame) -> pd.DataFrame:
    """Median position of each sample of each group.

    Parameters
    ----------
    frame
        What `positions` gives.

    Returns
    -------
    One row a sample, groups in order: ``group``, ``sample``, ``n_cells``,
    ``median``, ``low`` and ``high`` (quartiles of its cells).
    """
    parts = frame.groupby(["group", "sample"], observed=True)["position"]
    out = pd.DataFrame(
        {
            "n_cells": parts.size(),
            "low": parts.quantile(0.25),
            "median": parts.median(),
            "high": parts.quantile(0.75),
        }
    )
    out = out.reset_index()
    rows = sorted(
        range(len(out)),
        key=lambda row: (out["group"].cat.codes[row], natural(out["sample"][row])),
    )
    return out.iloc[rows].reset_index(drop=True)


def direction(adata: AnnData, *, key: str | None = None) -> list[tuple[str, str]]:
    """Say what the order was compared with, and the verdict on its direction."""
    frame = record(adata, key)["direction"]
    return [(str(name), str(row["verdict"])) for name, row in frame.iterrows()]


def reversal(adata: AnnData, *, key: str | None = None) -> pd.DataFrame | None:
    """Where cells off the drug are on the path, one row a sample; None without any.

    Returns
    -------
    ``sample``, ``position`` with ``low`` and ``high``, ``from_root_in_sd``,
    ``returned``, the shares ``parental-like``, ``persister-like`` and ``neither``,
    and ``n_cells``.
    """
    frame = record(adata, key).get("reversal")
    return None if frame is None else frame.reset_index(names="sample")
