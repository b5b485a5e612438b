"""Scores as an AnnData, for other packages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from dtpscore.get._axes import axis_titles
from dtpscore.get._pick import check_kind
from dtpscore.get._scores import axes as axis_scores
from dtpscore.get._scores import scores, signatures

if TYPE_CHECKING:
    from anndata import AnnData

KINDS = ("axes", "score", "z", "pvalue")


def anndata(
    adata: AnnData,
    *,
    kind: Literal["axes", "score", "z", "pvalue"] = "score",
    key: str | None = None,
) -> AnnData:
    """Make an AnnData whose variables are signatures or axes instead of genes.

    Packages that work on ``X`` or on an array of ``obsm`` take the result as it is:
    ``scanpy.tl.rank_genes_groups``, ``scanpy.pl.matrixplot`` and
    ``scanpy.pp.neighbors(..., use_rep="X")``, and
    ``pertpy.tl.Distance("edistance", obsm_key="X_scores")``.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.score` has scored.
    kind
        ``"axes"`` for axes, ``"score"`` for the scores of signatures, ``"z"`` and
        ``"pvalue"`` for the control-matched values (they need ``control=True``).
    key
        The ``key_added`` of that run; ``"dtp_scores"`` by default.

    Returns
    -------
    A new AnnData with float32 ``X`` (cells by signatures or axes), the same values in
    ``obsm["X_scores"]``, a copy of ``obs``, the embeddings of ``obsm`` that are arrays,
    and in ``var`` the table of `signatures` or the ``title`` of each axis.

    Raises
    ------
    DataError
        There are no such scores.
    OptionError
        ``kind`` is none of the four (a ValueError).

    See Also
    --------
    scores, axes : The same values as frames.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=90, n_genes=900, seed=0)
    >>> dtp.tl.score(adata, ["tirosh2016_s_phase"])
    >>> dtp.get.anndata(adata).var_names.tolist()
    ['tirosh2016_s_phase']
    """
    import anndata as ad
    import pandas as pd

    check_kind(kind, KINDS)
    if kind == "axes":
        values = axis_scores(adata, key=key)
        titles = axis_titles([str(name) for name in values.columns])
        var = pd.DataFrame({"title": list(titles.values())}, index=values.columns)
    else:
        values = scores(adata, key=key, kind=kind)
        var = signatures(adata, key=key).reindex(values.columns)
    matrix = values.to_numpy(dtype=np.float32)
    embeddings = {
        name: np.array(entry)
        for name, entry in adata.obsm.items()
        if isinstance(entry, np.ndarray)
    }
    return ad.AnnData(
        X=matrix,
        obs=adata.obs.copy(),
        var=var.rename_axis(None),
        obsm={**embeddings, "X_scores": matrix.copy()},
    )
