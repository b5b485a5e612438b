"""Simulated cells: samples, progress, branch and cell cycle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.random import Generator
    from numpy.typing import NDArray

    from dtpscore.datasets._difficulty import Difficulty

CONDITIONS = ("parental", "treated", "holiday")
STATES = ("parental", "DTP", "DTP cycling", "reverted")
PHASES = ("G1", "S", "G2M")

# Progress from which a cell counts as a persister. Parental cells stay under
# PARENTAL_SPREAD.
PERSISTER_FROM = 0.3
PARENTAL_SPREAD = 0.12
# Days in which a cell of average speed goes 63% of the way.
_TIME_SCALE = 7.0
# Spread of the mean speed between replicates, standard deviation of the log.
_REPLICATE_SPEED = 0.1
# Share of a treated population on the branch that goes on dividing.
CYCLING_BRANCH = 0.2
# Share of the way that a holiday cell goes back, at least.
_LEAST_REVERSION = 0.4
# Share of dividing cells without drug, and how much of it full progress takes away
# on the resting and on the cycling branch.
_DIVIDING = 0.75
_REST = (0.9, 0.3)
_PHASE_SHARES = (0.45, 0.30, 0.25)


@dataclass(frozen=True)
class Sample:
    """One library of the experiment.

    Attributes
    ----------
    name
        Unique name.
    condition
        One of CONDITIONS.
    day
        Days since the drug was given, 0 without drug.
    replicate
        Number of the replicate, from 1.
    n_cells
        Cells in it.
    """

    name: str
    condition: str
    day: int
    replicate: int
    n_cells: int


@dataclass(frozen=True)
class Cells:
    """What is true of the cells of one sample; every array has one entry per cell.

    Attributes
    ----------
    progress
        Position from parental (0) to persister (1).
    peak
        Highest progress so far; above ``progress`` in holiday cells.
    cycling_branch
        Whether the cell is on the branch that goes on dividing.
    dividing
        Whether the cell divides.
    phase
        Index into PHASES; resting cells count as G1.
    """

    progress: NDArray[np.float64]
    peak: NDArray[np.float64]
    cycling_branch: NDArray[np.bool_]
    dividing: NDArray[np.bool_]
    phase: NDArray[np.int64]


def design(
    n_cells: int, n_replicates: int, days: Sequence[int], holiday_day: int | None
) -> list[Sample]:
    """List the samples of the experiment, the cells spread evenly over them."""
    plan = [("parental", 0), *(("treated", day) for day in days)]
    if holiday_day is not None:
        plan.append(("holiday", holiday_day))
    rows = [
        (condition, day, replicate)
        for condition, day in plan
        for replicate in range(1, n_replicates + 1)
    ]
    share, rest = divmod(n_cells, len(rows))
    samples = []
    for place, (condition, day, replicate) in enumerate(rows):
        middle = f"_d{day}" if condition == "treated" else ""
        name = f"{condition}{middle}_r{replicate}"
        size = share + (place < rest)
        samples.append(Sample(name, condition, day, replicate, size))
    return samples


def _treated_progress(
    sample: Sample, day: int, asynchrony: float, rng: Generator
) -> NDArray[np.float64]:
    common = np.exp(_REPLICATE_SPEED * rng.standard_normal())
    speed = common * np.exp(asynchrony * rng.standard_normal(sample.n_cells))
    return 1 - np.exp(-day / _TIME_SCALE * speed)


def draw_cells(
    sample: Sample,
    last_day: int,
    difficulty: Difficulty,
    rng: Generator,
    *,
    branch: float | NDArray[np.float64] = CYCLING_BRANCH,
) -> Cells:
    """Draw progress, branch and cell cycle for the cells of a sample.

    ``branch`` is the chance of each cell to be on the branch that goes on dividing.
    """
    n = sample.n_cells
    if sample.condition == "parental":
        progress = peak = PARENTAL_SPREAD * rng.random(n) ** 2
    else:
        day = min(sample.day, last_day)
        peak = _treated_progress(sample, day, difficulty.asynchrony, rng)
        progress = peak
        if sample.condition == "holiday":
            back = _LEAST_REVERSION + (1 - _LEAST_REVERSION) * rng.random(n)
            progress = peak * (1 - back)
    on_branch = rng.random(n) < branch
    on_branch &= sample.condition != "parental"
    rest = np.where(on_branch, _REST[1], _REST[0])
    dividing = rng.random(n) < _DIVIDING * (1 - rest * progress)
    phase = np.searchsorted(np.cumsum(_PHASE_SHARES[:-1]), rng.random(n))
    return Cells(
        progress=progress,
        peak=peak,
        cycling_branch=on_branch,
        dividing=dividing,
        phase=np.where(dividing, phase, 0),
    )


def _states(sample: Sample, cells: Cells) -> NDArray[np.str_]:
    persister = cells.progress >= PERSISTER_FROM
    before = "reverted" if sample.condition == "holiday" else "parental"
    after = np.where(cells.cycling_branch, "DTP cycling", "DTP")
    return np.where(persister, after, before)


def obs_frame(samples: Sequence[Sample], drawn: Sequence[Cells]) -> pd.DataFrame:
    """Annotation and truth of all cells, in sample order."""
    import pandas as pd

    sizes = [sample.n_cells for sample in samples]

    def spread(values: Sequence[object]) -> NDArray[np.generic]:
        return np.repeat(np.asarray(values), sizes)

    days = sorted({sample.day for sample in samples})
    states = [_states(*pair) for pair in zip(samples, drawn, strict=True)]
    phases = np.concatenate([cells.phase for cells in drawn])
    progress = np.concatenate([cells.progress for cells in drawn])
    names = [
        f"{sample.name}-{number:05d}"
        for sample in samples
        for number in range(sample.n_cells)
    ]
    conditions = [name for name in CONDITIONS if name in {s.condition for s in samples}]
    return pd.DataFrame(
        {
            "sample": pd.Categorical(
                spread([sample.name for sample in samples]),
                categories=[sample.name for sample in samples],
            ),
            "condition": pd.Categorical(
                spread([sample.condition for sample in samples]), categories=conditions
            ),
            "day": pd.Categorical(
                spread([sample.day for sample in samples]),
                categories=days,
                ordered=True,
            ),
            "replicate": pd.Categorical(
                spread([f"r{sample.replicate}" for sample in samples])
            ),
            "true_state": pd.Categorical(np.concatenate(states), categories=STATES),
            "true_progress": progress.round(4).astype(np.float32),
            "true_phase": pd.Categorical(np.asarray(PHASES)[phases], categories=PHASES),
        },
        index=pd.Index(names, name="cell"),
    )
