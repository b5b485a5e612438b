"""Place cells along the mean course that other cells take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

# Places on the course, width of the kernel between them as a share of all cells, and
# how many components count.
_N_PLACES = 40
_WIDTH = 0.07
_N_COMPONENTS = 10


def along_course(
    features: FloatArray, order: FloatArray, others: FloatArray
) -> FloatArray:
    """Expect a position for each cell from where its features are most likely.

    A straight direction, as regression finds it, cannot follow a path that bends: genes
    that change early say nothing late. So the mean features of cells of one set are
    taken at 40 places of their order (Gaussian kernel over ranks), with one covariance
    around these means. A cell of the other set then has a probability at every place,
    by a normal distribution and equal ones beforehand, and the mean of the places
    under it is its position.

    Parameters
    ----------
    features
        (cells, k) of the cells that make the course; the first ten columns are used.
    order
        Position of each of them.
    others
        (other cells, k), the cells to place.

    Returns
    -------
    (other cells,), in the units of ``order``.
    """
    features, others = features[:, :_N_COMPONENTS], others[:, :_N_COMPONENTS]
    rank = rankdata(order) / order.size
    places = np.linspace(0, 1, _N_PLACES + 2)[1:-1]
    weights = np.exp(-0.5 * ((places[:, None] - rank) / _WIDTH) ** 2)
    means = weights @ features / weights.sum(axis=1, keepdims=True)
    around = np.column_stack([np.interp(rank, places, one) for one in means.T])
    covariance = np.cov(features - around, rowvar=False).reshape(2 * means.shape[1:])
    floor = 1e-6 * max(np.trace(covariance), 1e-12)
    root = np.linalg.cholesky(
        np.linalg.inv(covariance + floor * np.eye(len(covariance)))
    )
    squared = _squared_distances(others @ root, means @ root)
    likely = np.exp(-0.5 * (squared - squared.min(axis=1, keepdims=True)))
    position: FloatArray = likely @ np.quantile(order, places) / likely.sum(axis=1)
    return position


def _squared_distances(a: FloatArray, b: FloatArray) -> FloatArray:
    squared: FloatArray = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return squared
