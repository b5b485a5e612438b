"""Is a second population there in cells that it was not fitted on?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dtpscore._calling.line import fit_line
from dtpscore._calling.mixture import fit_two_populations

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._calling.folds import Cells, HeldOut
    from dtpscore._calling.line import Line
    from dtpscore._calling.whiten import Whitened

# One population is given up where two are 100 times as likely: by universal inference
# a test of level 0.01.
THRESHOLD = float(np.log(100))
# Cells that a half of a sample needs.
_FEWEST = 10


@dataclass(frozen=True)
class SecondPopulation:
    """Evidence for a second population inside samples.

    Attributes
    ----------
    log_ratio
        Log likelihood ratio of two populations against one, the smallest of all
        folds and halves; NaN where it was not looked for.
    """

    log_ratio: float

    @property
    def found(self) -> bool:
        """Whether the ratio exceeds the threshold."""
        return self.log_ratio > THRESHOLD


NOT_LOOKED_FOR = SecondPopulation(float("nan"))


def _spread(lines: list[Line], cells: list[NDArray[np.float64]], gap: float) -> float:
    """Pool the standard deviation within the two populations over samples."""
    squares = 0.0
    for line, one in zip(lines, cells, strict=True):
        centered = one - line.offset
        squares += float((1 - line.upper) @ centered**2)
        squares += float(line.upper @ (centered - gap) ** 2)
    return float(np.sqrt(squares / sum(map(len, cells))))


def split_log_ratio(
    learned: list[NDArray[np.float64]],
    tested: list[NDArray[np.float64]],
    distance: float,
) -> tuple[float, NDArray[np.float64]]:
    """Log likelihood of two populations above that of one, on cells kept apart.

    The two populations of each sample, their share and their spread are learned from
    one half of its cells; the one population is a normal distribution with the mean
    and variance that suit the other half best, on which both are compared. So for
    normal cells the ratio exceeds 1 / a with probability a at most, however few cells
    there are (universal inference; Wasserman, Ramdas and Balakrishnan 2020, PNAS
    117:16880, doi:10.1073/pnas.1922664117).

    Parameters
    ----------
    learned, tested
        Positions along a line of the two halves, one array a sample.
    distance
        Distance between the populations.

    Returns
    -------
    Log ratio, and the share of the upper population in each sample.
    """
    lines = [fit_line(one, distance) for one in learned]
    spread = _spread(lines, learned, distance)
    total = 0.0
    for line, one in zip(lines, tested, strict=True):
        centered = (one - line.offset) / spread
        low = np.log1p(-line.share) - centered**2 / 2
        high = np.log(line.share) - (centered - distance / spread) ** 2 / 2
        total += float(np.logaddexp(low, high).sum()) - len(one) * np.log(spread)
        total += len(one) * (float(np.log(max(one.std(), 1e-9))) + 0.5)
    return total, np.array([line.share for line in lines])


def _by_sample(
    position: NDArray[np.float64], sample: NDArray[np.int64]
) -> list[NDArray[np.float64]]:
    return [position[sample == one] for one in np.unique(sample)]


class _Both(NamedTuple):
    """An array of the null cells and one of the mixed cells."""

    null: NDArray[Any]
    mixed: NDArray[Any]


def _half_log_ratio(white: Whitened, samples: _Both, halves: _Both) -> float:
    """Log ratio on one half of the mixed cells, direction learned on the other.

    What reference cells gain along the same direction is taken off, and so is what
    a population adds that every sample has in the same share: both are no sign of a
    treatment.
    """
    part = replace(white, mixed=white.mixed[halves.mixed])
    fit = fit_two_populations(part, samples.null, samples.mixed[halves.mixed])
    ratios = []
    for cells, sample, half in zip(
        (white.residuals, white.mixed), samples, halves, strict=True
    ):
        position = cells @ fit.direction
        learned = _by_sample(position[half], sample[half])
        tested = _by_sample(position[~half], sample[~half])
        ratios.append(split_log_ratio(learned, tested, fit.distance))
    (expected, _), (ratio, shares) = ratios
    expected *= float((~halves.mixed).sum() / (~halves.null).sum())
    same = float(shares.min() / shares.max())
    return (ratio - max(expected, 0.0)) * (1 - same)


def second_population(
    cells: Cells, parts: list[HeldOut], whites: list[Whitened]
) -> SecondPopulation:
    """Look for a second population in cells that it was not fitted on.

    Held-out reference cells and query cells are treated alike, so the answer leaves
    them comparable; it is one answer for all folds. The smaller ratio of the two
    halves counts, and the smallest of all folds.

    Parameters
    ----------
    cells
        Cells of a batch, with components of expression.
    parts, whites
        Folds, and their cells in units of the spread within reference samples.
    """
    if not cells.components.shape[1]:
        return NOT_LOOKED_FOR
    names, sizes = np.unique(cells.sample[cells.fit], return_counts=True)
    enough = np.isin(cells.sample, names[sizes >= 2 * _FEWEST]) & cells.fit
    ratios = []
    for part, white in zip(parts, whites, strict=True):
        null, mixed = enough[part.fit_null], enough[part.rows]
        if not null.any() or not mixed.any():
            return NOT_LOOKED_FOR
        kept = replace(white, residuals=white.residuals[null], mixed=white.mixed[mixed])
        rows = part.fit_null[null], part.rows[mixed]
        samples = _Both(*(cells.sample[one] for one in rows))
        for turn in (False, True):
            halves = _Both(*(cells.half[one] ^ turn for one in rows))
            ratios.append(_half_log_ratio(kept, samples, halves))
    return SecondPopulation(min(ratios))
