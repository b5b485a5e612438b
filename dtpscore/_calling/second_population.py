"""A test for a second population in cells that it was not fitted on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dtpscore._calling.populations import Samples, fit_lines, fit_two_populations

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._calling.cells import Cells, Whitened
    from dtpscore._calling.folds import HeldOut
    from dtpscore._calling.populations import Lines

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
        Log likelihood ratio of two populations against one: the smallest of all folds
        and halves where every one exceeds the threshold, and else the first that does
        not, after which none is looked at. It is NaN where no second population was
        looked for.
    """

    log_ratio: float

    @property
    def found(self) -> bool:
        """Whether the ratio exceeds the threshold."""
        return self.log_ratio > THRESHOLD


NOT_LOOKED_FOR = SecondPopulation(float("nan"))


def _spread(
    lines: Lines, position: NDArray[np.float64], samples: Samples, gap: float
) -> float:
    """Pool the standard deviation within the two populations over samples."""
    centered = position[samples.order] - lines.offset[samples.code]
    upper = lines.upper[samples.order]
    squares = (1 - upper) @ centered**2 + upper @ (centered - gap) ** 2
    return float(np.sqrt(squares / len(position)))


def split_log_ratio(
    position: NDArray[np.float64],
    sample: NDArray[np.int64],
    half: NDArray[np.bool_],
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
    position, sample
        Positions of the cells along a line, and their samples.
    half
        bool (cells,): the half that is learned from; each sample has cells of both.
    distance
        Distance between the populations.

    Returns
    -------
    The log ratio, and the share of the upper population in each sample.
    """
    learned, tested = Samples.of(sample[half]), Samples.of(sample[~half])
    lines = fit_lines(position[half], learned, distance)
    spread = _spread(lines, position[half], learned, distance)
    ordered = position[~half][tested.order]
    centered = (ordered - lines.offset[tested.code]) / spread
    low = np.log1p(-lines.share)[tested.code] - centered**2 / 2
    high = np.log(lines.share)[tested.code] - (centered - distance / spread) ** 2 / 2
    total = float(np.logaddexp(low, high).sum()) - len(ordered) * np.log(spread)
    for part in np.split(ordered, tested.first[1:]):
        total += len(part) * (float(np.log(max(part.std(), 1e-9))) + 0.5)
    return float(total), lines.share


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
        along = cells @ fit.direction
        ratios.append(split_log_ratio(along, sample, half, fit.distance))
    (expected, _), (ratio, shares) = ratios
    expected *= float((~halves.mixed).sum() / (~halves.null).sum())
    same = float(shares.min() / shares.max())
    return (ratio - max(expected, 0.0)) * (1 - same)


def second_population(
    cells: Cells, parts: list[HeldOut], whites: list[Whitened]
) -> SecondPopulation:
    """Look for a second population in cells that it was not fitted on.

    Held-out reference cells and query cells are treated alike, so they stay
    comparable whatever the answer is. There is one answer for all folds: both halves
    of every fold have to show two populations.

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
    enough = np.isin(cells.sample, names[sizes >= 2 * _FEWEST])
    ratios = []
    for part, white in zip(parts, whites, strict=True):
        null, mixed = enough[part.fit_null], (enough & cells.fit_mixed)[part.rows]
        if not null.any() or not mixed.any():
            return NOT_LOOKED_FOR
        kept = replace(white, residuals=white.residuals[null], mixed=white.mixed[mixed])
        rows = part.fit_null[null], part.rows[mixed]
        samples = _Both(*(cells.sample[part_rows] for part_rows in rows))
        for turn in (False, True):
            halves = _Both(*(cells.half[part_rows] ^ turn for part_rows in rows))
            ratios.append(_half_log_ratio(kept, samples, halves))
            if ratios[-1] <= THRESHOLD:
                return SecondPopulation(ratios[-1])
    return SecondPopulation(min(ratios))
