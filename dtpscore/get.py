"""Results as data frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from dtpscore import _keys
from dtpscore.errors import DataError, OptionError

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

__all__ = ["axes", "calls", "coverage", "enrichment", "scores"]


def scores(
    adata: AnnData,
    *,
    key: str | None = None,
    kind: Literal["score", "z", "pvalue"] = "score",
) -> pd.DataFrame:
    """Scores of every cell on every signature.

    Lazy scores are computed for this table, and ``adata`` stays as it is;
    `dtpscore.tl.compute` computes them once for all.

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
        There is no such result, or lazy scores meet values they cannot use.
    OptionError
        ``kind`` is none of the three (a ValueError).
    """
    # Here and not above: anndata loads dask, and this module shall be light.
    import pandas as pd

    from dtpscore._results.lazy import numbers, signature_names
    from dtpscore._results.scores import FRAMES, record_of

    key = key or _keys.SCORES
    record = record_of(adata, key)
    if kind not in FRAMES:
        msg = f"kind must be one of {', '.join(FRAMES)}, not {kind!r}."
        raise OptionError(msg)
    name = FRAMES[kind](key)
    if name not in adata.obsm:
        how = "" if kind == "score" else " with control=True"
        msg = f"obsm has no {name!r}. Run dtpscore.tl.score{how}."
        raise DataError(msg)
    held = adata.obsm[name]
    if isinstance(held, pd.DataFrame):
        return held.copy()
    values = numbers(adata, [key], [kind])[key][kind]
    return pd.DataFrame(values, adata.obs_names.rename(None), signature_names(record))


def axes(adata: AnnData, *, key: str | None = None) -> pd.DataFrame:
    """Axis scores of every cell, one column per axis.

    Lazy scores are computed for this table, and ``adata`` stays as it is;
    `dtpscore.tl.compute` computes them once for all.

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
    import numpy as np
    import pandas as pd

    from dtpscore._results.lazy import axis_names, numbers
    from dtpscore._results.scores import record_of

    key = key or _keys.SCORES
    names = axis_names(record_of(adata, key))
    if _keys.lazy_axes(key) in adata.obsm:
        values = numbers(adata, [key], ["axes"])[key]["axes"]
        return pd.DataFrame(values, adata.obs_names, names)
    columns = [_keys.axis_column(axis, key) for axis in names]
    lost = [column for column in columns if column not in adata.obs]
    if lost:
        msg = f"obs has no column {lost[0]!r} any more. Run dtpscore.tl.score again."
        raise DataError(msg)
    # A file that was opened lazily has no frame in obs.
    held = {
        name: np.asarray(adata.obs[column])
        for name, column in zip(names, columns, strict=True)
    }
    return pd.DataFrame(held, adata.obs_names)


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
    A copy of the coverage table, one row per signature: counts of genes listed, found,
    renamed, missing, ambiguous and duplicated, the fraction found, whether that is
    low, and the genes themselves.

    Raises
    ------
    DataError
        There is no such result.
    """
    from dtpscore._results.scores import coverage_of

    frame = coverage_of(adata, key or _keys.SCORES)
    return frame.copy()


def calls(adata: AnnData, *, n_axes: int = 3) -> pd.DataFrame:
    """Collect the calls of every cell and the axes that carry them.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.call` has called.
    n_axes
        Axes to name, those with the largest part in the shift.

    Returns
    -------
    Call, reason, evidence level, index, proliferation, shift, p- and q-value, and
    ``axes``: how far each named axis lies from the reference cells in their standard
    deviations, with its published direction in persisters, such as
    ``"emt +1.2 (up); oxphos -0.8 (two-sided)"``. Empty for cells that took no part.

    Raises
    ------
    DataError
        There are no calls.
    """
    import numpy as np

    from dtpscore._results.elements import check_anndata
    from dtpscore.signatures import axes as library_axes

    check_anndata(adata)
    if _keys.CALL not in adata.obs or _keys.CONTRIBUTIONS not in adata.obsm:
        msg = "There are no calls. Run dtpscore.tl.call first."
        raise DataError(msg)
    columns = (
        _keys.CALL,
        _keys.REASON,
        _keys.EVIDENCE,
        _keys.INDEX,
        _keys.PROLIFERATION,
        _keys.SHIFT,
        _keys.LIBRARY_SHIFT,
        _keys.PVALUE,
        _keys.QVALUE,
    )
    frame = adata.obs[[key for key in columns if key in adata.obs]].copy()
    parts = adata.obsm[_keys.CONTRIBUTIONS]
    weight, level = parts.to_numpy(), adata.obsm[_keys.CALL_AXES].to_numpy()
    known = library_axes()
    names = [str(name) for name in parts.columns]
    published = [known[n].direction if n in known else "not known" for n in names]
    order = np.argsort(-np.abs(weight), axis=1, kind="stable")[:, :n_axes]
    frame["axes"] = [
        "; ".join(f"{names[a]} {own[a]:+.1f} ({published[a]})" for a in first)
        if np.isfinite(part).all()
        else ""
        for part, own, first in zip(weight, level, order, strict=True)
    ]
    return frame


def enrichment(
    adata: AnnData, *, group: str | None = None, key: str | None = None
) -> pd.DataFrame:
    """Gene sets tested for enrichment, strongest first within each group.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.enrich` has tested.
    group
        Keep this group.
    key
        The ``key_added`` of that run.

    Returns
    -------
    A copy of the table, one row per group and gene set.

    Raises
    ------
    DataError
        There is no such result or group.
    """
    from dtpscore._frames.enrichment import table

    return table(adata, group=group, key=key)
