"""The embedded demonstration: simulate an experiment and run everything on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from dtpscore import _keys, _run
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

SEED = 0
_TITLE = "dtpscore demo: a simulated persister experiment"
_SIMULATED = "simulated.h5ad"
_CALLED = ("DTP-like", "DTP-like cycling")
_PERSISTERS = ("DTP", "DTP cycling")


@dataclass(frozen=True)
class Demo:
    """What the demonstration made.

    Attributes
    ----------
    outputs
        The files written.
    simulated
        The file of simulated counts.
    calls
        Number of cells by condition (rows) and call (columns).
    n_called, n_right
        Treated cells that were called DTP-like, and persisters among them.
    n_persisters
        Treated cells that are persisters in the simulation.
    """

    outputs: _run.Outputs
    simulated: Path
    calls: pd.DataFrame
    n_called: int
    n_right: int
    n_persisters: int


def run(
    folder: Path,
    *,
    n_cells: int = 3000,
    overwrite: bool = False,
    progress: _run.Progress | None = None,
) -> Demo:
    """Simulate an experiment, run every step on it, and compare with the truth.

    Parameters
    ----------
    folder
        Folder of the results; made if it does not exist.
    n_cells
        Size of the simulated experiment.
    overwrite
        Replace results that stand there.
    progress
        What is told about the steps.

    Returns
    -------
    The files, the calls by condition, and how many of them are right.

    Raises
    ------
    DataError
        Results stand there already, or the folder cannot be written to.
    """
    from dtpscore import datasets

    simulated = folder / _SIMULATED
    with _run.opened(folder) as taken:
        taken.check([_SIMULATED])
        if simulated.exists() and not overwrite:
            msg = f"{simulated} exists. Add --overwrite to replace it."
            raise DataError(msg)
        adata = datasets.simulate(n_cells=n_cells, seed=SEED)
        with taken.staging() as new:
            adata.write_h5ad(new / _SIMULATED, compression="gzip")
            taken.publish({_SIMULATED: new / _SIMULATED})
    choices = _run.RunOptions.read(
        {
            "groupby": "condition",
            "reference": "parental",
            "holiday": "holiday",
            "sample_key": "sample",
            "replicate_key": "replicate",
            "time_key": "day",
            "title": _TITLE,
        }
    )
    outputs = _run.run(simulated, folder, choices, progress=progress)
    return _compared(simulated, outputs)


def _compared(simulated: Path, outputs: _run.Outputs) -> Demo:
    import anndata

    obs = anndata.read_h5ad(outputs.data, backed="r").obs
    treated = obs["condition"] == "treated"
    called = treated & obs[_keys.CALL].isin(_CALLED)
    persister = treated & obs["true_state"].isin(_PERSISTERS)
    return Demo(
        outputs=outputs,
        simulated=simulated,
        calls=pd.crosstab(obs["condition"], obs[_keys.CALL]),
        n_called=int(called.sum()),
        n_right=int((called & persister).sum()),
        n_persisters=int(persister.sum()),
    )
