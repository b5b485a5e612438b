"""A test for a second population in cells that it was not fitted on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dtpscore._calling.populations import fit_line, fit_two_populations

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._calling.cells import Cells, Whitened
    from dtpscore._calling.folds import HeldOut
    from dtpscore._calling.populations import Line

# Two populations are accepted where they are 100 times as likely as one. By universal
# inference this is a test of level 0.01.
THRESHOLD = float(np.log(100))
# Number of cells that each half of a sample needs.
_FEWEST = 10


@dataclass(frozen=True)
class SecondPopulation:
    """Evidence for a second population inside samples.

    Attributes
    ----------
    log_ratio
        Log likelihood ratio of two populations against one, the smallest of all
        folds and halves. It is NaN where no second population was looked for.
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
    for line, position in zip(lines, cells, strict=True):
        centered = position - line.offset
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
        Positions along a line of the two halves, one array per sample.
    distance
        Distance between the populations.

    Returns
    -------
    The log ratio, and the share of the upper population in each sample.
    """
    lines = [fit_line(position, distance) for position in learned]
    spread = _spread(lines, learned, distance)
    total = 0.0
    for line, position in zip(lines, tested, strict=True):
        centered = (position - line.offset) / spread
        low = np.log1p(-line.share) - centered**2 / 2
        high = np.log(line.share) - (centered - distance / spread) ** 2 / 2
        two = float(np.logaddexp(low, high).sum()) - len(position) * np.log(spread)
        total += two
        total += len(position) * (float(np.log(max(position.std(), 1e-9))) + 0.5)
    return total, np.array([line.share for line in lines])


def _by_sample(
    position: NDArray[np.float64], sample: NDArray[np.int64]
) -> list[NDArray[np.float64]]:
    return [position[sample == name] for name in np.unique(sample)]


class _Both(NamedTuple):
    """An array of the null cells and one of the mixed cells."""

    null: NDArray[Any]
    mixed: NDArray[Any]


def _half_log_ratio(white: Whitened, samples: _Both, halves: _Both) -> float:
    """Log ratio on one half of the mixed cells; the direction is from the other half.

    Two things are no sign of a treatment and are taken off: what reference cells gain
    along the same direction, and what a population adds that every sample has in the
    same share.
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

    Held-out reference cells and query cells are treated alike, so they stay
    comparable whatever the answer is. There is one answer for all folds: the smaller
    ratio of the two halves counts, and of these the smallest of all folds.

    Parameters
    ----------
    cells
        Cells of a batch, with components of expression.
    parts, whites
        Folds, and their cells in units of the spread within reference samples.

    Returns
    -------
    The evidence, or `NOT_LOOKED_FOR` where there are no components or too few cells.
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
        samples = _Both(*(cells.sample[part_rows] for part_rows in rows))
        for turn in (False, True):
            halves = _Both(*(cells.half[part_rows] ^ turn for part_rows in rows))
            ratios.append(_half_log_ratio(kept, samples, halves))
    return SecondPopulation(min(ratios))
