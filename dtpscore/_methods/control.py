"""Signatures against random genes of the same expression, as one number per cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from dtpscore._methods.run import run_method
from dtpscore._options.score import ScoreOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dtpscore._types import Net


def control_z(
    matrix: Any,
    net: Net,
    *,
    n_bins: int = 25,
    normalize: Literal["log1p"] | None = "log1p",
    chunk_size: int | None = None,
    n_jobs: int | None = None,
) -> NDArray[np.float64]:
    """Exact control-matched z-score of the mean of up minus down genes, per cell.

    Parameters
    ----------
    matrix
        Cells x genes, of any kind that ``dtpscore._matrix.blocks.iter_blocks`` reads.
    net
        Signatures over the columns of the matrix.
    n_bins
        Expression bins the random genes are matched on.
    normalize
        "log1p" for counts, None for values that are log-normalized already.
    chunk_size, n_jobs
        Rows per block and threads; neither changes a number.

    Returns
    -------
    float64 (cells, k); NaN columns where no gene of a signature was found.

    Raises
    ------
    DataError
        The matrix cannot be used.
    """
    result = run_method(
        matrix,
        net,
        method="mean",
        options=ScoreOptions(normalize=normalize, n_bins=n_bins),
        control=True,
        chunk_size=chunk_size,
        n_jobs=n_jobs,
    )
    if result.z is None:
        msg = "The run returned no control."
        raise RuntimeError(msg)
    return result.z
