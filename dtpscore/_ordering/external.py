"""Palantir and CellRank, which some choices need and most users do not have."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from anndata import AnnData

from dtpscore._ordering.branches import CYCLING, RESTING
from dtpscore.errors import ResultError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    import scipy.sparse as sp
    from numpy.typing import NDArray

    from dtpscore._options.order import OrderOptions

    FloatArray = NDArray[np.float64]

_N_WAYPOINTS = 1200


def _package(package: str, choice: str, instead: str) -> ModuleType:
    """Import a package that a choice needs.

    Parameters
    ----------
    package
        Name of the package.
    choice
        What the user asked for.
    instead
        A choice that needs no further package.

    Raises
    ------
    ResultError
        The package is not installed.
    """
    try:
        return import_module(package)
    except ImportError as error:
        msg = (
            f"{choice} needs the package {package}, which is not installed: "
            f'pip install "dtpscore[{package}]". {instead} needs no further package.'
        )
        raise ResultError(msg) from error


def _palantir() -> ModuleType:
    return _package("palantir", "method='palantir'", "method='dpt'")


def _cellrank() -> ModuleType:
    return _package("cellrank", "fates='cellrank'", "fates='absorption'")


def check_packages(options: OrderOptions) -> None:
    """Check before any work that the packages for the choices are installed."""
    if options.method == "palantir":
        _palantir()
    if options.fates == "cellrank":
        _cellrank()


def palantir_time(
    features: FloatArray, names: pd.Index, root: int, *, seed: int
) -> tuple[FloatArray, FloatArray]:
    """Pseudotime of Palantir (Setty et al. 2019, 10.1038/s41587-019-0068-4).

    Returns
    -------
    Pseudotime in 0-1, and NaN for its spread, which Palantir does not give.

    Raises
    ------
    ResultError
        Palantir is not installed.
    """
    palantir = _palantir()
    frame = pd.DataFrame(features, index=names.astype(str))
    maps = palantir.utils.run_diffusion_maps(frame, seed=seed)
    space = palantir.utils.determine_multiscale_space(maps)
    found = palantir.core.run_palantir(
        space,
        frame.index[root],
        num_waypoints=min(_N_WAYPOINTS, len(frame)),
        use_early_cell_as_start=True,
        seed=seed,
    )
    time = found.pseudotime.reindex(frame.index).to_numpy(dtype=np.float64)
    time = (time - time.min()) / np.ptp(time)
    return time, np.full(len(time), np.nan)


def how_palantir(features: str) -> str:
    """Say how Palantir ordered the cells; ``features`` in words."""
    return (
        "Cells were ordered by Palantir (Setty et al. 2019, "
        f"doi:10.1038/s41587-019-0068-4) on {features}."
    )


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
    package = _cellrank()
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
    """Let CellRank, which reports every step, report its warnings alone."""
    logger = logging.getLogger("cellrank")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
