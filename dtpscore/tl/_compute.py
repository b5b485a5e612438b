"""``dtpscore.tl.compute``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtpscore import _keys
from dtpscore._results.elements import check_anndata, writable, write
from dtpscore._results.lazy import computed_elements, numbers, unnamed
from dtpscore._results.scores import TABLES, keys_of, record_of

if TYPE_CHECKING:
    from anndata import AnnData


def _chosen(adata: AnnData, key: str | None) -> list[str]:
    check_anndata(adata)
    if key is not None or not keys_of(adata):
        record_of(adata, key or _keys.SCORES)
    return [name for name in unnamed(adata) if key in (None, name)]


def compute(
    adata: AnnData, *, key: str | None = None, copy: bool = False
) -> AnnData | None:
    """Compute scores that `dtpscore.tl.score` left lazy.

    Scores, axes and control of all keys are computed together: each partition of the
    matrix is read and scored once, or read twice where a method needs the sums of
    each gene first. The work is done by the cluster of the dask client in use, and
    by threads of this process without one. Numbers, frames, columns and record are
    then equal to those of a matrix that is not lazy.

    Parameters
    ----------
    adata
        Data with lazy scores, or read from a file that was written with them. Scores
        that are computed already stay as they are.
    key
        The ``key_added`` of the scores to compute; those under all keys by default.
    copy
        Return a copy with computed scores and leave ``adata`` as it is.

    Returns
    -------
    None, or the copy. The lazy arrays in ``obsm`` are replaced by what
    `dtpscore.tl.score` documents: float32 frames in ``obsm``, and one float32 column
    of ``obs`` an axis. The matrix stays lazy. A view becomes an AnnData of its own.

    Raises
    ------
    DataError
        There are no scores under the key; or the values of the matrix are missing,
        infinite, all 0 or, for methods on ranks, negative.
    TypeError
        ``adata`` is no AnnData.

    Warns
    -----
    InputWarning
        Raw counts for a method that wants log values, or the reverse; or no control
        gene is left for a signature.

    See Also
    --------
    dtpscore.tl.score : The function that leaves scores lazy.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=60, seed=0)
    >>> import dask.array
    >>> adata.X = dask.array.from_array(adata.X.toarray(), chunks=(20, -1))
    >>> dtp.tl.score(adata, ["tirosh2016_s_phase", "tirosh2016_g2m_phase"])
    >>> type(adata.obsm["dtp_scores"]).__name__
    'Array'
    >>> dtp.tl.compute(adata)
    >>> type(adata.obsm["dtp_scores"]).__name__
    'DataFrame'
    """
    keys = _chosen(adata, key)
    found = numbers(adata, keys, tuple(TABLES))
    target = writable(adata, copy=copy)
    for name in keys:
        write(target, computed_elements(target, name, found[name]))
    return target if copy else None
