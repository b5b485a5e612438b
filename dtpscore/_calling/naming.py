"""Whether cells that moved look like persisters: a claim of its own, with its own rate.

A move says nothing of its direction. Cells of another line, of another clone, in
another phase of the cell cycle or under interferon move as far as persisters do, and
the lists of single persister studies rise in about four of ten such shifts. Three
things set persisters apart from most of them:

- The lists of most studies rise together.
- They rise beyond what division, stress of handling, hypoxia and interferon explain,
  which many of their genes follow. How a list follows these is learned from reference
  cells.
- The index, which is what studies agree on, rises as well.

All three are measured in units of random gene sets, which move between two libraries
too. ``benchmarks/naming.md`` says how often shifts of other kinds pass, and how often
those of persisters do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dtpscore._statistics.samples import sample_means

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dtpscore._calling.features import Published

# Share of the studies whose lists must rise, and by how much their lists and the index
# must: in standard deviations of random gene sets.
MIN_AGREE = 0.75
MIN_RISE = 1.0
MIN_RISE_OF_INDEX = 2.0
# With fewer studies agreement says little.
FEWEST_STUDIES = 5
METHOD = (
    f"Called cells are named DTP-like where the lists of at least {MIN_AGREE:.0%} of "
    "the published studies of persisters rise in them, and the index rises, beyond "
    "what division, handling stress, hypoxia and interferon explain and by more than "
    f"{MIN_RISE:g} and {MIN_RISE_OF_INDEX:g} standard deviations of random gene sets; "
    "else they are called shifted."
)


@dataclass(frozen=True)
class Rate:
    """How many shifts of one kind are named, of those that were measured."""

    named: int
    shifts: int

    def in_words(self) -> str:
        """Such as ``8 of 186 (4%; up to 8% with 95% confidence)``."""
        from scipy import stats

        test = stats.binomtest(self.named, self.shifts)
        high = test.proportion_ci(0.95, method="exact").high
        return (
            f"{self.named} of {self.shifts} ({self.named / self.shifts:.0%}; up to "
            f"{high:.0%} with 95% confidence)"
        )


# From benchmarks/naming.md: shifts within one line or cell type (cycle, stress,
# interferon, subclones, doublets, depth, patients, replicates), shifts between lines or
# cell types, and contrasts of persisters.
WITHIN = Rate(0, 84)
BETWEEN = Rate(8, 102)
PERSISTERS = Rate(3, 10)


def rate_in_words() -> str:
    """Say how often the name is wrong, and how often it is missed."""
    every = Rate(WITHIN.named + BETWEEN.named, WITHIN.shifts + BETWEEN.shifts)
    return (
        "The name DTP-like has an error rate of its own. Of real shifts that are "
        f"no persisters, {every.in_words()} are named: {WITHIN.in_words()} within one "
        f"line or cell type, and {BETWEEN.in_words()} between lines or cell types. Of "
        f"{PERSISTERS.shifts} contrasts of persisters, {PERSISTERS.named} are named, "
        "so shifted cells can be persisters too."
    )


@dataclass(frozen=True)
class Agreement:
    """How the published contrasts of persisters see cells that moved.

    Attributes
    ----------
    n_studies, n_agree
        Studies whose lists were measured, and those whose lists rise.
    index
        Rise of the index, in standard deviations of random gene sets.
    """

    n_studies: int
    n_agree: int
    index: float

    @property
    def named(self) -> bool:
        """Whether the cells are named after persisters."""
        return (
            self.n_studies >= FEWEST_STUDIES
            and self.n_agree >= MIN_AGREE * self.n_studies
            and self.index > MIN_RISE_OF_INDEX
        )


NOT_MOVED = Agreement(0, 0, float("nan"))


def _within(
    values: NDArray[np.float64], sample: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Values around the mean of their sample."""
    result = np.empty_like(values)
    for name in np.unique(sample):
        rows = sample == name
        result[rows] = values[rows] - values[rows].mean(axis=0)
    return result


def unexplained_rise(
    values: NDArray[np.float64],
    nuisance: NDArray[np.float64],
    *,
    called: NDArray[np.bool_],
    reference: NDArray[np.bool_],
    sample: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Difference of called and reference cells that nuisance scores do not explain.

    Each score is regressed on the nuisance scores in reference cells, within samples
    (least squares), and what the difference of these implies is taken off.

    Parameters
    ----------
    values
        float64 (cells, scores).
    nuisance
        float64 (cells, nuisance scores).
    called, reference
        bool (cells,).
    sample
        int64 (cells,).

    Returns
    -------
    float64 (scores,), in the unit of the scores.
    """
    own = sample[reference]
    slopes, *_ = np.linalg.lstsq(
        _within(nuisance[reference], own), _within(values[reference], own), rcond=None
    )
    moved, drift = (
        # Every reference sample counts the same.
        part[called].mean(axis=0) - sample_means(part[reference], own).mean(axis=0)
        for part in (values, nuisance)
    )
    result: NDArray[np.float64] = moved - drift @ slopes
    return result


def agreement(
    published: Published,
    index: NDArray[np.float64],
    random: NDArray[np.float64],
    *,
    called: NDArray[np.bool_],
    reference: NDArray[np.bool_],
    sample: NDArray[np.int64],
) -> Agreement:
    """Count the studies of persisters whose lists rise in cells that moved.

    Parameters
    ----------
    published
        Scores of published contrasts and of nuisance, of the same cells.
    index
        float64 (cells,): the index, in the unit of the scores.
    random
        float64 (cells, sets): scores of random gene sets.
    called, reference
        bool (cells,).
    sample
        int64 (cells,).

    Returns
    -------
    The agreement; `NOT_MOVED` where no cell is called.
    """
    if not called.any() or not len(published.studies):
        return NOT_MOVED
    n = len(published.studies)
    rise = unexplained_rise(
        np.hstack([published.values, index[:, None], random]),
        published.nuisance,
        called=called,
        reference=reference,
        sample=sample,
    )
    by_chance = rise[n + 1 :]
    unit = max(float(by_chance.std()), 1e-9)
    units = (rise[: n + 1] - float(by_chance.mean())) / unit
    of_study = _by_study(units[:n], published.studies)
    return Agreement(len(of_study), int((of_study > MIN_RISE).sum()), float(units[n]))


def _by_study(
    values: NDArray[np.float64], studies: Sequence[str]
) -> NDArray[np.float64]:
    """Mean of the lists of each study, so that every study has one vote."""
    names = np.asarray(studies)
    return np.array([values[names == one].mean() for one in dict.fromkeys(studies)])
