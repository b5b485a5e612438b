"""Fate probabilities by CellRank, where the package is installed."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from anndata import AnnData

from dtpscore._ordering import extras
from dtpscore._ordering.branches import CYCLING, RESTING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import scipy.sparse as sp
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]


def cellrank_fates(
    connectivities: sp.csr_matrix, order: FloatArray, end: NDArray[np.str_]
) -> FloatArray:
    """Probability of the cycling end by CellRank 2, on the same graph, order and ends.

    The pseudotime kernel with its soft threshold scheme (Weiler et al. 2024,
    10.1038/s41592-024-02303-9; Lange et al. 2022, 10.1038/s41592-021-01346-6), with the
    cells of the two ends as terminal states. Cells without a position are left out.

    Parameters
    ----------
    connectivities
        (cells, cells), weights of the neighbor graph.
    order
        Position of each cell in 0-1, NaN allowed.
    end
        End of every cell, "" for cells on the way; both ends have cells.

    Returns
    -------
    (cells,) in 0-1; NaN without a position.

    Raises
    ------
    ResultError
        CellRank is not installed.
    """
    package = extras.cellrank()
    placed = np.flatnonzero(~np.isnan(order))
    names = pd.Index([str(row) for row in placed])
    private = AnnData(
        np.zeros((placed.size, 1), np.float32),
        obs=pd.DataFrame({"order": order[placed]}, index=names),
    )
    private.obsp["connectivities"] = connectivities[placed][:, placed]
    private.uns["neighbors"] = {
        "connectivities_key": "connectivities",
        "distances_key": "connectivities",
        "params": {},
    }
    ends = {name: names[end[placed] == name].tolist() for name in (CYCLING, RESTING)}
    with _quiet():
        kernel = package.kernels.PseudotimeKernel(private, time_key="order")
        kernel.compute_transition_matrix(
            threshold_scheme="soft", show_progress_bar=False
        )
        estimator = package.estimators.GPCCA(kernel)
        estimator.set_terminal_states(ends)
        estimator.compute_fate_probabilities(use_petsc=False, show_progress_bar=False)
    fate = np.full(order.size, np.nan)
    fate[placed] = np.asarray(estimator.fate_probabilities[CYCLING]).ravel()
    return fate


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep CellRank, which reports every step, to its warnings."""
    logger = logging.getLogger("cellrank")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
