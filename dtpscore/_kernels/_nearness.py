"""Weights of the neighbors of a cell, as UMAP defines them."""

from __future__ import annotations

import numpy as np

from dtpscore._threads import kernel

# How near the sum of weights must come to log2(k), and how often it is halved for.
TOLERANCE = 1e-5
N_STEPS = 64
# A width is at least this share of the mean distance of the neighbors.
LEAST_WIDTH = 1e-3
_LARGEST = float(np.finfo(np.float32).max)


@kernel
def neighbor_weights(distances, rows, out):
    """Weigh each neighbor by ``exp(-(distance - nearest) / width)``.

    The width of a cell is sought by halving, so that the weights of its neighbors sum
    to log2 of their number. Width and sums are float64, distances and weights float32,
    as in the compiled code of umap-learn, so that the weights equal those of
    ``umap.umap_.fuzzy_simplicial_set`` to the bit.

    Parameters
    ----------
    distances
        (cells, k), float32, each row from the nearest on, the cell itself first.
    rows
        (cells, k), rows of these neighbors.
    out
        (cells, k), float32, takes the weights; that of a cell to itself is 0.
    """
    k = distances.shape[1]
    target = np.log2(np.float64(k))
    for i in range(distances.shape[0]):
        nearest = np.float32(0.0)
        total = np.float32(0.0)
        for j in range(k):
            total += distances[i, j]
            if nearest == 0.0 and distances[i, j] > 0.0:
                nearest = distances[i, j]
        low, high, middle = 0.0, _LARGEST, 1.0
        for _ in range(N_STEPS):
            found = 0.0
            for j in range(1, k):
                beyond = distances[i, j] - nearest
                if beyond > 0.0:
                    found += np.exp(-(beyond / middle))
                else:
                    found += 1.0
            if np.fabs(found - target) < TOLERANCE:
                break
            if found > target:
                high = middle
                middle = (low + high) / 2.0
            else:
                low = middle
                if high >= _LARGEST:
                    middle *= 2.0
                else:
                    middle = (low + high) / 2.0
        width = np.float32(middle)
        least = LEAST_WIDTH * (np.float64(total) / k)
        # Where all neighbors are equal to the cell, all weights are 1 at any width.
        if width < least:
            width = np.float32(least)
        for j in range(k):
            beyond = distances[i, j] - nearest
            if rows[i, j] == i:
                out[i, j] = 0.0
            elif beyond <= 0.0 or width == 0.0:
                out[i, j] = 1.0
            else:
                out[i, j] = np.exp(-(beyond / width))


@kernel
def nearest_candidates(points, cells, candidates, rows, limits):
    """Find the nearest of some candidates for each of some cells.

    Parameters
    ----------
    points
        (all cells, features).
    cells
        Rows of the cells to find neighbors for.
    candidates
        (cells, m), rows to choose from; the cell itself is passed over.
    rows
        (cells, k), takes the rows of the k nearest, in no certain order of equals.
    limits
        (cells, 2), takes the squared distances of the last of them and of the next
        one, infinite where there is none.
    """
    k = rows.shape[1]
    found = np.empty(k + 1)
    names = np.empty(k + 1, np.int64)
    for i in range(cells.size):
        found[:] = np.inf
        for j in range(candidates.shape[1]):
            other = candidates[i, j]
            if other == cells[i]:
                continue
            total = 0.0
            for feature in range(points.shape[1]):
                gap = points[other, feature] - points[cells[i], feature]
                total += gap * gap
            if total < found[k]:
                place = k
                while place > 0 and found[place - 1] > total:
                    found[place] = found[place - 1]
                    names[place] = names[place - 1]
                    place -= 1
                found[place] = total
                names[place] = other
        rows[i] = names[:k]
        limits[i, 0], limits[i, 1] = found[k - 1], found[k]
