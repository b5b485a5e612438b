"""Values along the path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from dtpscore import _keys
from dtpscore._frames.records import find
from dtpscore._results.elements import available
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData

ALPHA = 0.05


def record(adata: AnnData, key: str | None = None) -> dict[str, Any]:
    """Record of `dtpscore.tl.trends`.

    Raises
    ------
    DataError
        There are no trends.
    """
    key = key or _keys.TRENDS
    return find(adata, key, what="trends", step="trends", holds="curves")


def features(adata: AnnData, *, key: str | None = None) -> pd.DataFrame:
    """Read tests and onsets, one row an axis or gene, indexed by its name."""
    frame: pd.DataFrame = record(adata, key)["features"]
    return frame.copy()


def leading(adata: AnnData, n: int, *, key: str | None = None) -> list[str]:
    """Features that change most, in the order in which they move.

    Those with a q-value above 0.05 come only where too few are below.
    """
    frame = features(adata, key=key)
    frame["_sure"] = frame["q"] <= ALPHA
    frame["_size"] = frame["change"].abs()
    kept = frame.sort_values(["_sure", "_size"], ascending=False, kind="stable").head(n)
    return [str(name) for name in kept.sort_values("onset", kind="stable").index]


def curves(
    adata: AnnData, names: Sequence[str], *, key: str | None = None
) -> pd.DataFrame:
    """Curves of some features, in the given order.

    Returns
    -------
    ``feature``, ``pseudotime``, ``mean``, ``low`` and ``high``.

    Raises
    ------
    DataError
        There are no trends, or none of such a feature.
    """
    frame: pd.DataFrame = record(adata, key)["curves"]
    known = [str(name) for name in frame["feature"].unique()]
    missing = [name for name in names if name not in known]
    if missing:
        msg = (
            f"No trend of {available(missing)}. Run dtpscore.tl.trends with it among "
            f"genes. Trends there are: {available(known)}."
        )
        raise DataError(msg)
    parts = [frame[(frame["feature"] == name).to_numpy()] for name in names]
    return pd.concat(parts, ignore_index=True)


def onsets(adata: AnnData, *, key: str | None = None) -> pd.DataFrame:
    """Features that move (q at or below 0.05) by where they do, first first.

    Returns
    -------
    ``feature``, ``onset``, ``onset_low``, ``onset_high``, ``change`` and ``q``.
    """
    frame = features(adata, key=key)
    moving = frame[(frame["q"] <= ALPHA).to_numpy()]
    kept = moving[["onset", "onset_low", "onset_high", "change", "q"]]
    ordered = kept.sort_values("onset", kind="stable")
    return ordered.rename_axis("feature").reset_index()
