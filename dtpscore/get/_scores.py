"""Scores of signatures and axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from dtpscore import _keys
from dtpscore._results.lazy import axis_names, numbers, signature_names
from dtpscore._results.scores import FRAMES, record_of
from dtpscore.errors import DataError
from dtpscore.get._pick import check_kind
from dtpscore.get._records import score_record
from dtpscore.signatures import USER_AXIS

if TYPE_CHECKING:
    from anndata import AnnData


def scores(
    adata: AnnData,
    *,
    key: str | None = None,
    kind: Literal["score", "z", "pvalue"] = "score",
) -> pd.DataFrame:
    """Scores of every cell on every signature.

    Lazy scores are computed for this frame, and ``adata`` stays as it is;
    `dtpscore.tl.compute` computes them once for all.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.score` has scored.
    key
        The ``key_added`` of that run; ``"dtp_scores"`` by default.
    kind
        ``"score"`` for the scores, ``"z"`` for their control-matched z-scores and
        ``"pvalue"`` for the p-values. The last two need ``control=True`` in that run.

    Returns
    -------
    A copy, float32, cells by signatures. The unit is that of the scoring method.

    Raises
    ------
    DataError
        There is no such result, or lazy scores meet values they cannot use.
    OptionError
        ``kind`` is none of the three (a ValueError).

    See Also
    --------
    axes : The axes that the signatures make.
    anndata : The scores as an AnnData.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=90, n_genes=900, seed=0)
    >>> dtp.tl.score(adata, ["tirosh2016_s_phase"])
    >>> dtp.get.scores(adata).shape
    (90, 1)
    """
    key = key or _keys.SCORES
    record = record_of(adata, key)
    check_kind(kind, FRAMES)
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


def own_signatures(adata: AnnData, key: str | None = None) -> list[str]:
    """Names of scored signatures of the user, which belong to no shipped axis.

    Raises
    ------
    DataError
        There are no scores.
    """
    record = record_of(adata, key or _keys.SCORES)
    sources = record["provenance"]["signatures"]
    axis = sources["axis"].astype(str)
    return [str(name) for name in axis.index[(axis == USER_AXIS).to_numpy()]]


def _axis_columns(adata: AnnData, key: str) -> pd.DataFrame:
    """Scores of the shipped axes, from ``obs`` or from an array that is lazy."""
    names = axis_names(record_of(adata, key))
    if _keys.lazy_axes(key) in adata.obsm:
        values = numbers(adata, [key], ["axes"])[key]["axes"]
        return pd.DataFrame(values, adata.obs_names, names)
    places = [_keys.axis_column(axis, key) for axis in names]
    lost = [column for column in places if column not in adata.obs]
    if lost:
        msg = f"obs has no column {lost[0]!r} any more. Run dtpscore.tl.score again."
        raise DataError(msg)
    # A file that was opened lazily has no frame in obs.
    held = {
        name: np.asarray(adata.obs[place])
        for name, place in zip(names, places, strict=True)
    }
    return pd.DataFrame(held, adata.obs_names)


def axes(adata: AnnData, *, key: str | None = None) -> pd.DataFrame:
    """Scores of every cell on every axis, and on every signature of the user.

    A signature of the user belongs to no shipped axis. It is an axis of its own, has
    the name of the signature, and comes after the shipped axes. Lazy scores are
    computed for this frame, and ``adata`` stays as it is; `dtpscore.tl.compute`
    computes them once for all.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.score` has scored.
    key
        The ``key_added`` of that run; ``"dtp_scores"`` by default.

    Returns
    -------
    float32, cells by axes. The columns have the names of the axes.

    Raises
    ------
    DataError
        There is no such result.

    See Also
    --------
    scores : The scores of single signatures.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=90, n_genes=900, seed=0)
    >>> dtp.tl.score(adata)
    >>> "emt" in dtp.get.axes(adata)
    True
    """
    key = key or _keys.SCORES
    found = _axis_columns(adata, key)
    # Where there are very many own signatures they have no columns in obs.
    made_of = record_of(adata, key)["axes"]["signatures"].astype(str)
    there = {name for text in made_of for name in text.split("; ")} | {*found}
    own = [name for name in own_signatures(adata, key) if name not in there]
    if own:
        values = scores(adata, key=key)[own].astype(np.float32)
        found = pd.concat([found, values], axis=1)
    return found


def coverage(adata: AnnData, *, key: str | None = None) -> pd.DataFrame:
    """Count the genes of each signature that the data have, and list the lost ones.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.score` has scored.
    key
        The ``key_added`` of that run; ``"dtp_scores"`` by default.

    Returns
    -------
    A copy of the coverage table with one row per signature: counts of genes listed,
    found, renamed, missing, ambiguous and duplicated, the fraction found, whether that
    is low, and the genes themselves.

    Raises
    ------
    DataError
        There is no such result.

    See Also
    --------
    signatures : Where the signatures come from.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=90, n_genes=900, seed=0)
    >>> dtp.tl.score(adata, ["tirosh2016_s_phase"])
    >>> int(dtp.get.coverage(adata).loc["tirosh2016_s_phase", "n_listed"])
    43
    """
    return score_record(adata, key).coverage.copy()


def signatures(adata: AnnData, *, key: str | None = None) -> pd.DataFrame:
    """Describe the signatures that were scored, shipped ones and those of the user.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.score` has scored.
    key
        The ``key_added`` of that run; ``"dtp_scores"`` by default.

    Returns
    -------
    One row per signature, in the order of `scores`: ``axis`` (``"user"`` for a
    signature of the user), ``orientation``, ``direction``, ``use``, ``species``,
    ``n_listed`` and ``n_found`` (genes), ``fraction`` (of the genes found, 0 to 1),
    ``low`` (whether too few were found), ``citation``, ``licence`` and ``sha256``.

    Raises
    ------
    DataError
        There is no such result.

    See Also
    --------
    coverage : The genes found and lost.
    dtpscore.signatures.list : All shipped signatures.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=90, n_genes=900, seed=0)
    >>> dtp.tl.score(adata, ["tirosh2016_s_phase"])
    >>> dtp.get.signatures(adata)["axis"].tolist()
    ['s_phase']
    """
    record = score_record(adata, key)
    frame: pd.DataFrame = record.provenance["signatures"].copy()
    genes = record.coverage[["n_listed", "n_found", "fraction", "low"]]
    genes = genes.reindex(frame.index)
    for name in genes:
        frame.insert(frame.columns.get_loc("citation"), name, genes[name])
    return frame
