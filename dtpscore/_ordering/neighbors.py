"""Nearest cells, with distances that do not depend on the machine.

Fast searches take a distance from squared lengths and a matrix product. Its rounding
noise depends on the number of threads of the linear algebra library, and gives a cell
a distance of up to 1e-6 to itself and to cells with the same features. UMAP weights
take the smallest distance above zero for that of the nearest neighbor, so that such
noise can decide an order. Here the fast search only finds the neighbors; a cell is
never its own neighbor, and each distance is taken again from the differences, which
is exactly zero between equal cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.neighbors import NearestNeighbors

from dtpscore._kernels._nearness import nearest_candidates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

# Entries (cells x neighbors x features) whose differences are taken at once.
_MOST_VALUES = 10_000_000
# Parts with a smaller share of the cells are searched one by one.
_LEAST_SHARE = 0.4
# Neighbors kept for a move, over those that are asked for.
_CANDIDATES = 5
# With a larger share of cells to be compared with all others, all are searched.
_MOST_OPEN = 0.1
# Squared distances that differ by less may change places in another search.
_ROUNDING = 1e-9


def nearest(
    points: FloatArray, others: FloatArray | None, n_neighbors: int
) -> tuple[FloatArray, IntArray]:
    """Find the nearest cells of every point.

    Parameters
    ----------
    points
        (cells, k).
    others
        (other cells, k) to search. With None, neighbors are searched among ``points``,
        and no cell is a neighbor of itself.
    n_neighbors
        How many neighbors to find; fewer where there are not as many cells.

    Returns
    -------
    Euclidean distances and rows of the neighbors, each (cells, neighbors), from the
    nearest on.
    """
    searched = points if others is None else others
    available = len(searched) - (others is None)
    search = NearestNeighbors(
        n_neighbors=min(n_neighbors, available), algorithm="brute"
    ).fit(searched)
    rows = search.kneighbors(None if others is None else points, return_distance=False)
    return _by_distance(points, searched, rows)


def _by_distance(
    points: FloatArray, searched: FloatArray, rows: IntArray
) -> tuple[FloatArray, IntArray]:
    distances = _distances(points, searched, rows)
    by_distance = np.lexsort((rows, distances), axis=1)
    return (
        np.take_along_axis(distances, by_distance, axis=1),
        np.take_along_axis(rows, by_distance, axis=1),
    )


def nearest_of_parts(
    points: FloatArray, parts: list[IntArray], n_neighbors: int
) -> Iterator[tuple[FloatArray, IntArray]]:
    """Find, for each part of the cells, the nearest cells within the part.

    One search among all cells serves all parts where they are large: the nearest of
    these that are in a part are its nearest. It finds so many neighbors that a cell
    hardly ever has too few in a part; where one has, the part is searched itself.

    Parameters
    ----------
    points
        (cells, k).
    parts
        Rows of each part, ascending.
    n_neighbors
        How many neighbors to find.

    Yields
    ------
    For each part what `nearest` finds in it, to the bit.
    """
    share = min((len(part) for part in parts), default=0) / len(points)
    whole = None
    if share >= _LEAST_SHARE:
        spread = np.sqrt(n_neighbors * (1 - share))
        whole = nearest(points, None, int((n_neighbors + 6 * spread) / share) + 1)
    for part in parts:
        found = None
        if whole is not None:
            found = _within(*whole, part, min(n_neighbors, len(part) - 1))
        yield nearest(points[part], None, n_neighbors) if found is None else found


def _within(
    distances: FloatArray, rows: IntArray, part: IntArray, n_neighbors: int
) -> tuple[FloatArray, IntArray] | None:
    """Nearest cells in a part, among those found; None where one has too few."""
    place = np.full(len(rows), -1)
    place[part] = np.arange(len(part))
    local = place[rows[part]]
    left_out = local < 0
    if (~left_out).sum(axis=1).min() < n_neighbors:
        return None
    chosen = np.argsort(left_out, axis=1, kind="stable")[:, :n_neighbors]
    return (
        np.take_along_axis(distances[part], chosen, axis=1),
        np.take_along_axis(local, chosen, axis=1),
    )


@dataclass(frozen=True, eq=False)
class Neighborhood:
    """Cells with many neighbors each, to find the nearest ones again after a move.

    Attributes
    ----------
    points
        (cells, k), where the cells were.
    rows
        (cells, m), their nearest cells there.
    reach
        Distance of the last of these; infinite where they are all other cells.
    """

    points: FloatArray
    rows: IntArray
    reach: FloatArray

    @classmethod
    def of(cls, points: FloatArray, n_neighbors: int) -> Neighborhood:
        """Find five times as many neighbors as will be asked for."""
        distances, rows = nearest(points, None, _CANDIDATES * n_neighbors)
        whole = rows.shape[1] == len(points) - 1
        return cls(points, rows, distances[:, -1] + (np.inf if whole else 0.0))

    def nearest(
        self, points: FloatArray, n_neighbors: int
    ) -> tuple[FloatArray, IntArray]:
        """Find what `nearest` finds among cells that moved to ``points``, to the bit.

        Two cells come nearer by no more than both moved beyond a move that they share.
        So a cell that was out of reach is no neighbor where the last of the neighbors
        found is nearer than what remains of the reach. Where it is not, the cell is
        compared with all others; where that holds for many, or where rounding could
        decide which neighbor is the last, all cells are searched.
        """
        n, k = len(points), min(n_neighbors, self.rows.shape[1])
        rows, limits = np.empty((n, k), np.int64), np.empty((n, 2))
        nearest_candidates(points, np.arange(n), self.rows, rows, limits)
        moved = points - self.points
        moved = moved - (moved.max(axis=0) + moved.min(axis=0)) / 2
        length = np.linalg.norm(moved, axis=1)
        left = (self.reach - length - length.max()) * (1 - _ROUNDING)
        open_cells = np.flatnonzero(~(np.sqrt(limits[:, 0]) < left))
        if open_cells.size > _MOST_OPEN * n:
            return nearest(points, None, n_neighbors)
        every = np.broadcast_to(np.arange(n), (open_cells.size, n))
        again, limits_again = (
            np.empty((open_cells.size, k), np.int64),
            limits[open_cells],
        )
        nearest_candidates(
            points, open_cells, np.ascontiguousarray(every), again, limits_again
        )
        rows[open_cells], limits[open_cells] = again, limits_again
        if not (limits[:, 1] > limits[:, 0] * (1 + _ROUNDING)).all():
            return nearest(points, None, n_neighbors)
        return _by_distance(points, points, rows)


def _distances(points: FloatArray, searched: FloatArray, rows: IntArray) -> FloatArray:
    distances = np.empty(rows.shape)
    step = max(1, _MOST_VALUES // max(rows.shape[1] * points.shape[1], 1))
    for start in range(0, len(points), step):
        part = slice(start, start + step)
        differences = searched[rows[part]] - points[part, None, :]
        distances[part] = np.sqrt((differences**2).sum(axis=2))
    return distances
