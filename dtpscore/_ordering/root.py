"""The cell a path starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_CANDIDATES = 5000


def low_index(
    reference: NDArray[np.bool_], index: NDArray[np.float64] | None
) -> NDArray[np.int64]:
    """Rows of the reference cells in the lowest third of the index.

    Without an index, or where no reference cell has one, all of them.
    """
    rows = np.flatnonzero(reference)
    if index is None or np.isnan(index[rows]).all():
        return rows
    limit = np.nanquantile(index[rows], 1 / 3)
    return rows[index[rows] <= limit]


def medoids(
    features: NDArray[np.float64], candidates: NDArray[np.int64], n: int
) -> NDArray[np.int64]:
    """Find the medoid of the candidate cells, then the candidates next to it.

    The medoid is the candidate with the smallest mean Euclidean distance to the
    others; it is found among the 5,000 nearest to their median where there are more.

    Parameters
    ----------
    features
        (cells, k).
    candidates
        Rows to choose from, one or more.
    n
        How many rows to return, at most.

    Returns
    -------
    Rows, the medoid first.
    """
    from scipy.spatial.distance import cdist

    middle = np.median(features[candidates], axis=0)
    off = np.linalg.norm(features[candidates] - middle, axis=1)
    near = candidates[np.argsort(off, kind="stable")[:_MOST_CANDIDATES]]
    points = features[near]
    total = np.concatenate(
        [cdist(part, points).sum(axis=1) for part in np.array_split(points, 10)]
    )
    medoid = near[np.argmin(total)]
    away = np.linalg.norm(features[candidates] - features[medoid], axis=1)
    rest = candidates[np.argsort(away, kind="stable")]
    return np.concatenate([[medoid], rest[rest != medoid]])[:n]
