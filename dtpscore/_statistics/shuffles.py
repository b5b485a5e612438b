"""How much of values, and of shuffles of them, a basis explains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]


def explained_by_chance(
    values: FloatArray, basis: FloatArray, shuffles: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Share of variation that a basis explains, of values as they are and shuffled.

    The rows of the basis are shuffled in place of those of the values, which is the
    same, so that one matrix product serves all columns.

    Parameters
    ----------
    values
        (n, columns).
    basis
        (n, k), orthonormal columns without the constant.
    shuffles
        (m, n), permutations of the rows.

    Returns
    -------
    (columns,) the shares of the values as they are, and (m, columns) those of the
    shuffles; 0 for a column without variation. Both are added up in the same order, so
    that equal values give equal shares, up to rounding.
    """
    n, k = basis.shape
    centered = values - values.mean(axis=0)
    total = np.where(np.ptp(values, axis=0) > 0, (centered**2).sum(axis=0), np.inf)
    places = np.concatenate([np.arange(n)[None], shuffles])
    turned = basis.T[:, places].transpose(1, 0, 2).reshape(-1, n)
    sums = (turned @ centered).reshape(len(places), k, -1)
    shares: FloatArray = (sums**2).sum(axis=1) / total
    return shares[0], shares[1:]
