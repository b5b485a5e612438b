"""Cycling and resting ends of the path, and which of them cells come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.special import expit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._ordering.cells import Cells

    FloatArray = NDArray[np.float64]

_LATE = 2 / 3
# Control-matched z of S or G2M genes from which a cell counts as dividing.
DIVIDING_Z = 2.0
_LEAST_CELLS = 30
_LEAST_SAMPLES = 2
# Steps back by a tenth of the path are e times rarer than steps on the spot.
_SHARPNESS = 10.0
_MOST_STEPS = 5000
_TOLERANCE = 1e-7
CYCLING, RESTING = "cycling end", "resting end"


def ends(
    order: FloatArray, cycle: pd.DataFrame, cells: Cells
) -> tuple[NDArray[np.str_], pd.DataFrame]:
    """Split the late cells of the path into dividing and resting ones.

    Late are cells outside the root and holiday groups, in the upper third of their
    positions. Dividing are those whose S or G2M genes stand out from genes of like
    expression in the same cell by two standard deviations. RNA shows who divides now,
    so a cell of a dividing lineage between two divisions counts as resting.

    Returns
    -------
    End of every cell ("" for cells that are not late), and a frame with a row per end:
    ``n_cells``, ``n_samples`` (with five or more such cells), ``share`` of late cells
    and ``exists``: 30 or more cells in two or more samples.
    """
    moved = cells.moved & ~np.isnan(order)
    late = moved & (order >= np.quantile(order[moved], _LATE)) if moved.any() else moved
    dividing = (cycle.to_numpy() > DIVIDING_Z).any(axis=1)
    end = np.full(cells.n_cells, "", dtype="<U11")
    end[late & dividing], end[late & ~dividing] = CYCLING, RESTING
    rows = {}
    for name in (CYCLING, RESTING):
        inside = end == name
        per_sample = np.bincount(cells.sample[inside & (cells.sample >= 0)])
        n_samples = int((per_sample >= 5).sum())
        rows[name] = {
            "n_cells": int(inside.sum()),
            "n_samples": n_samples,
            "share": float(inside.sum() / max(late.sum(), 1)),
            "exists": bool(
                inside.sum() >= _LEAST_CELLS and n_samples >= _LEAST_SAMPLES
            ),
        }
    return end, pd.DataFrame.from_dict(rows, orient="index")


def fates(
    connectivities: sp.csr_matrix, order: FloatArray, end: NDArray[np.str_]
) -> FloatArray:
    """Probability that a walk along the path from a cell ends among cycling cells.

    The walk goes from neighbor to neighbor in proportion to the weights of the graph,
    with steps back along the order made rare (a logistic weight of their length, the
    soft scheme of CellRank's pseudotime kernel; Lange et al. 2022,
    10.1038/s41592-021-01346-6), until it meets a cell of either end. The graph has no
    genes of the cell cycle, so the probability says whether other genes tell the two
    ends apart before them; near the overall share everywhere means they do not.

    Parameters
    ----------
    connectivities
        (cells, cells), weights of the neighbor graph.
    order
        Position of each cell in 0-1, NaN allowed.
    end
        End of every cell, "" for cells on the way.

    Returns
    -------
    (cells,) in 0-1; NaN without a position, or where no walk meets an end.
    """
    links = connectivities.tocoo()
    step = order[links.col] - order[links.row]
    known = ~np.isnan(step)
    ahead = expit(_SHARPNESS * step[known]) * links.data[known]
    rows, columns = links.row[known], links.col[known]
    moves = sp.csr_matrix((ahead, (rows, columns)), shape=links.shape)
    moves = (
        sp.diags(1 / np.maximum(np.asarray(moves.sum(axis=1)).ravel(), 1e-300)) @ moves
    )
    absorbed = end != ""
    hits = np.column_stack([end == CYCLING, absorbed]).astype(float)
    found = hits.copy()
    for _ in range(_MOST_STEPS):
        after = np.where(absorbed[:, None], hits, moves @ found)
        change = np.abs(after - found).max()
        found = after
        if change < _TOLERANCE:
            break
    reached = (found[:, 1] > 0.5) & ~np.isnan(order)
    fate = np.full(len(order), np.nan)
    fate[reached] = found[reached, 0] / found[reached, 1]
    return fate


def how_fates(by: str) -> str:
    """Say how fates were computed: ``"absorption"`` or ``"cellrank"``."""
    if by == "cellrank":
        return (
            "Fates are probabilities of the cycling end by CellRank 2 (Weiler et al. "
            "2024, doi:10.1038/s41592-024-02303-9) with the pseudotime kernel."
        )
    return (
        "Fates are probabilities that a random walk along the path on the neighbor "
        "graph meets a cell of the cycling end before one of the resting end."
    )
