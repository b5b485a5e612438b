"""Depth of the groups of an experiment, from cells spread evenly over the file."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._matrix import blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

# So many stretches of so many neighboring cells are read at most.
_STRETCHES, _STRETCH = 64, 64
# Fewer cells do not show the depth of a group.
_FEWEST = 10


def _bounds(n_cells: int) -> list[tuple[int, int]]:
    if n_cells <= _STRETCHES * _STRETCH:
        return [(0, n_cells)] if n_cells else []
    starts = np.linspace(0, n_cells - _STRETCH, _STRETCHES).astype(int)
    return [(int(start), int(start) + _STRETCH) for start in starts]


def depths(matrix: Any, group: NDArray[np.str_]) -> dict[str, float]:
    """Return the median sum of values per cell of each group.

    Parameters
    ----------
    matrix
        Cells by genes, in any form that is read by blocks.
    group
        Label per cell.

    Returns
    -------
    Median by group; groups with fewer than ten cells among those read have none.
    """
    source = blocks.source(matrix)
    sums = np.full(group.size, np.nan)
    for start, stop in _bounds(source.n_rows):
        edges = [start, *(e for e in source.edges if start < e < stop), stop]
        for first, last in itertools.pairwise(edges):
            block = source.block(blocks.Part(first, last), None)
            filled = np.repeat(np.arange(block.n_rows), np.diff(block.indptr))
            sums[first:last] = np.bincount(filled, block.data, block.n_rows)
    read = np.isfinite(sums)
    return {
        str(name): float(np.median(sums[read & (group == name)]))
        for name in np.unique(group[read])
        if name and (read & (group == name)).sum() >= _FEWEST
    }
