"""What became of the cells off the drug, by every measure there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore import _keys
from dtpscore._frames import path, states

if TYPE_CHECKING:
    from anndata import AnnData

CALLS, AXES, PATH = "calls", "axes", "path"
_LIKE = "parental-like"


def _holiday(record: dict[str, Any]) -> list[str]:
    """Holiday groups of a record of calls or of an order."""
    given = record["params"]["holiday"]
    return [] if given is None else sorted(str(name) for name in np.atleast_1d(given))


def _by_calls(adata: AnnData, record: dict[str, Any]) -> float:
    table = states.counts(adata, groupby=str(record["params"]["groupby"]))
    off = table[table["group"].isin(_holiday(record)).to_numpy()]
    return float(off[_LIKE].sum() / off["n_cells"].sum())


def parental_shares(adata: AnnData) -> pd.Series:
    """Share of the cells off the drug that is parental-like, by each measure.

    Parameters
    ----------
    adata
        Data with calls, an order, or both.

    Returns
    -------
    float64; ``calls`` (cells not called, of those with a call), ``axes`` (cells
    nearer to untreated than to treated cells over all axes) and ``path`` (cells on
    the side of untreated cells). A measure that was not taken is left out, and so is
    the path where it has other groups off the drug than the calls.
    """
    shares: dict[str, float] = {}
    called = states.record(adata) if _keys.CALL in adata.uns else None
    if called is not None and called.get("reversal_shares") is not None:
        cells = called["reversal_shares"]["n_cells"]
        shares[CALLS] = _by_calls(adata, called)
        shares[AXES] = float(cells.loc[[_LIKE]].sum() / cells.sum())
    frame = path.reversal(adata) if _keys.PSEUDOTIME in adata.uns else None
    if frame is not None:
        own = path.record(adata)
        if called is None or _holiday(called) == _holiday(own) or not shares:
            # The row of all samples comes last; with one sample it is the only one.
            shares[PATH] = float(frame[_LIKE].iloc[-1])
    return pd.Series(shares, dtype=np.float64)
