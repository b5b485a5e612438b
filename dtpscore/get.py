"""Results as data frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from dtpscore import _keys
from dtpscore._errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

__all__ = ["axes", "coverage", "scores"]

_KINDS = {
    "score": lambda key: key,
    "z": _keys.control_z,
    "pvalue": _keys.control_pvalue,
}


def _record(adata: AnnData, key: str) -> Any:
    record = adata.uns.get(key)
    if record is None or "coverage" not in record:
        scored = [
            name
            for name, entry in adata.uns.items()
            if isinstance(entry, dict) and "coverage" in entry
        ]
        msg = (
            f"No scores under {key!r}. Run dtpscore.tl.score first. "
            f"Keys that hold scores: {', '.join(map(repr, scored)) or 'none'}."
        )
        raise DataError(msg)
    return record


def scores(
    adata: AnnData,
    *,
    key: str | None = None,
    kind: Literal["score", "z", "pvalue"] = "score",
) -> pd.DataFrame:
    """Scores of every cell on every signature.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.score` has scored.
    key
        The ``key_added`` of that run.
    kind
        The scores, their control-matched z-scores or p-values; the last two need
        ``control=True`` in that run.

    Returns
    -------
    A copy, cells by signatures.

    Raises
    ------
    DataError
        There is no such result.
    """
    key = key or _keys.SCORES
    _record(adata, key)
    if kind not in _KINDS:
        msg = f"kind must be one of {', '.join(_KINDS)}, not {kind!r}."
        raise ValueError(msg)
    name = _KINDS[kind](key)
    if name not in adata.obsm:
        msg = f"No {kind} under {key!r}. Run dtpscore.tl.score with control=True."
        raise DataError(msg)
    frame: pd.DataFrame = adata.obsm[name]
    return frame.copy()


def axes(adata: AnnData, *, key: str | None = None) -> pd.DataFrame:
    """Axis scores of every cell, one column an axis.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.score` has scored.
    key
        The ``key_added`` of that run.

    Returns
    -------
    float32, cells by axes, columns named by the axis.

    Raises
    ------
    DataError
        There is no such result.
    """
    key = key or _keys.SCORES
    names = [str(axis) for axis in _record(adata, key)["axes"].index]
    columns = [_keys.axis_column(axis, key) for axis in names]
    return adata.obs[columns].set_axis(names, axis=1)


def coverage(adata: AnnData, *, key: str | None = None) -> pd.DataFrame:
    """Genes found and lost, per signature.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.score` has scored.
    key
        The ``key_added`` of that run.

    Returns
    -------
    A copy of the coverage table, one row a signature: counts of genes listed, found,
    renamed, missing, ambiguous and duplicated, the fraction found, whether that is
    low, and the genes themselves.

    Raises
    ------
    DataError
        There is no such result.
    """
    frame: pd.DataFrame = _record(adata, key or _keys.SCORES)["coverage"]
    return frame.copy()
