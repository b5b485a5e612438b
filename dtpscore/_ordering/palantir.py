"""Palantir pseudotime, where the package is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dtpscore._ordering import extras

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

_N_WAYPOINTS = 1200


def palantir_time(
    features: FloatArray, cells: pd.Index, root: int, *, random_state: int
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
    palantir = extras.palantir()
    frame = pd.DataFrame(features, index=cells.astype(str))
    maps = palantir.utils.run_diffusion_maps(frame, seed=random_state)
    space = palantir.utils.determine_multiscale_space(maps)
    found = palantir.core.run_palantir(
        space,
        frame.index[root],
        num_waypoints=min(_N_WAYPOINTS, len(frame)),
        use_early_cell_as_start=True,
        seed=random_state,
    )
    time = found.pseudotime.reindex(frame.index).to_numpy(dtype=np.float64)
    time = (time - time.min()) / np.ptp(time)
    return time, np.full(len(time), np.nan)
