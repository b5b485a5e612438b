"""Cycling and resting ends of the path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._ordering.design import Design

    FloatArray = NDArray[np.float64]

_LATE = 2 / 3
# Control-matched z of S or G2M genes from which a cell counts as dividing.
DIVIDING_Z = 2.0
_LEAST_CELLS = 30
_LEAST_SAMPLES = 2
CYCLING, RESTING = "cycling end", "resting end"


def ends(
    order: FloatArray, cycle: pd.DataFrame, design: Design
) -> tuple[NDArray[np.str_], pd.DataFrame]:
    """Split the late cells of the path into dividing and resting ones.

    Late are cells outside the root and holiday groups, in the upper third of their
    positions. Dividing are those whose S or G2M genes stand out from genes of like
    expression in the same cell by two standard deviations. RNA shows who divides now,
    so a cell of a dividing lineage between two divisions counts as resting.

    Returns
    -------
    End of every cell ("" for cells that are not late), and a frame with a row an end:
    ``n_cells``, ``n_samples`` (with five or more such cells), ``share`` of late cells
    and ``exists``: 30 or more cells in two or more samples.
    """
    moved = ~design.root & ~design.holiday & (design.groups != "") & ~np.isnan(order)
    late = moved & (order >= np.quantile(order[moved], _LATE)) if moved.any() else moved
    dividing = (cycle.to_numpy() > DIVIDING_Z).any(axis=1)
    end = np.full(design.n_cells, "", dtype="<U11")
    end[late & dividing], end[late & ~dividing] = CYCLING, RESTING
    rows = {}
    for name in (CYCLING, RESTING):
        inside = end == name
        per_sample = np.bincount(design.sample[inside & (design.sample >= 0)])
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
