"""Two populations of cells inside samples, each sample with an offset of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._calling.cells import Whitened

# Weight, in units of log likelihood, of the penalty on large shares.
_SHARE_PENALTY = 3.0
# Starting positions: quantiles of the cells, and offsets that imply these shares.
_QUANTILES = (0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
_SHARES = (0.0, 0.05, 0.1, 0.25, 0.5, 0.75)
# Number of components of the mixed cells that give starting values.
_N_STARTS = 5
# The distance between the populations is pulled towards 0 by this many cells.
_PRIOR_CELLS = 3
# Nearness to the reference counts up to 1 in the choice of the parental population;
# one standard deviation of the published direction counts this much.
_DIRECTION_WEIGHT = 0.25


@dataclass(frozen=True)
class Line:
    """Best position of two unit-variance populations a known distance apart.

    Attributes
    ----------
    offset
        Position of the lower population.
    share
        Share of the upper population.
    gain
        Log likelihood above that of a single population.
    upper
        float64 (cells,): the probability of each cell to be of the upper population.
    """

    offset: float
    share: float
    gain: float
    upper: NDArray[np.float64]


def fit_line(
    position: NDArray[np.float64], distance: float, *, rounds: int = 8
) -> Line:
    """Place two normal populations of variance 1 along a line.

    The fit is expectation-maximization from several starting positions at once.

    Parameters
    ----------
    position
        float64 (cells,): the cells of one sample along the line.
    distance
        Distance between the two means.
    rounds
        Number of rounds of expectation-maximization.

    Returns
    -------
    The placement with the largest penalized likelihood.
    """
    center = position.mean()
    starts = np.unique(
        np.r_[
            np.quantile(position, _QUANTILES),
            center - distance * np.asarray(_SHARES),
        ]
    )
    offset, share = starts, np.full(len(starts), 0.2)
    for _ in range(rounds):
        # The log odds of the upper population, from the two normal densities.
        centered = position[:, None] - offset
        odds = distance * centered - distance**2 / 2 + np.log(share / (1 - share))
        upper = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
        share = np.clip(upper.mean(axis=0), 1e-3, 0.97)
        offset = center - upper.mean(axis=0) * distance
    centered = position[:, None] - offset
    odds = distance * centered - distance**2 / 2
    mixed = np.logaddexp(np.log1p(-share), np.log(share) + odds)
    likelihood = (mixed - 0.5 * centered**2).sum(axis=0)
    likelihood += _SHARE_PENALTY * np.log1p(-share)
    best = int(np.argmax(likelihood))
    single = -0.5 * ((position - center) ** 2).sum()
    return Line(
        float(offset[best]),
        float(share[best]),
        float(likelihood[best] - single),
        upper[:, best],
    )


@dataclass(frozen=True)
class _Groups:
    """Rows of each null sample and of each mixed sample."""

    null: list[NDArray[np.int64]]
    mixed: list[NDArray[np.int64]]

    @classmethod
    def of(
        cls, null_sample: NDArray[np.int64], mixed_sample: NDArray[np.int64]
    ) -> _Groups:
        """Find the rows from the sample of each cell."""
        rows = [
            [np.flatnonzero(sample == name) for name in np.unique(sample)]
            for sample in (null_sample, mixed_sample)
        ]
        return cls(*rows)


@dataclass(frozen=True)
class Fit:
    """Two populations with one direction for all samples.

    Attributes
    ----------
    direction
        Unit vector from the lower to the upper population.
    distance
        Distance between them, in standard deviations within the reference samples.
    gain
        Log likelihood above that of one population per sample, less what the
        reference cells gain along the same direction.
    upper
        float64 (mixed cells,): the probability to be of the upper population.
    shares
        float64 (mixed samples,): the share of the upper population.
    """

    direction: NDArray[np.float64]
    distance: float
    gain: float
    upper: NDArray[np.float64]
    shares: NDArray[np.float64]


def _direction(
    mixed: NDArray[np.float64],
    members: list[NDArray[np.int64]],
    upper: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Difference of the two means, each sample weighted by what it knows of it.

    A sample in which nearly all cells are of one population knows nearly nothing.
    """
    total, weights = np.zeros(mixed.shape[1]), 0.0
    for rows in members:
        high, low = upper[rows], 1 - upper[rows]
        n_high, n_low = high.sum() + 1e-9, low.sum() + 1e-9
        weight = n_high * n_low / len(rows)
        difference = high @ mixed[rows] / n_high - low @ mixed[rows] / n_low
        total += weight * difference
        weights += weight
    return total / (weights + _PRIOR_CELLS)


def _iterate(
    cells: Whitened,
    groups: _Groups,
    upper: NDArray[np.float64],
    rounds: int,
) -> Fit:
    upper = upper.copy()
    for _ in range(rounds):
        step = _direction(cells.mixed, groups.mixed, upper)
        distance = float(np.linalg.norm(step)) + 1e-6
        unit = step / distance
        position = cells.mixed @ unit
        lines = [fit_line(position[rows], distance) for rows in groups.mixed]
        for rows, line in zip(groups.mixed, lines, strict=True):
            upper[rows] = line.upper
    null = cells.residuals @ unit
    expected = sum(fit_line(null[rows], distance).gain for rows in groups.null)
    gain = sum(line.gain for line in lines)
    gain -= expected * len(cells.mixed) / len(cells.residuals)
    # A population that every sample has in the same share is no sign of a treatment.
    shares = np.array([line.share for line in lines])
    gain *= (shares.max() - shares.min()) / shares.max()
    return Fit(unit, distance, gain, upper, shares)


def _starts(
    mixed: NDArray[np.float64], members: list[NDArray[np.int64]]
) -> list[NDArray[np.bool_]]:
    """Outer tenths and halves of the mixed cells along their main components."""
    centered = np.empty_like(mixed)
    for rows in members:
        centered[rows] = mixed[rows] - mixed[rows].mean(axis=0)
    _, vectors = np.linalg.eigh(centered.T @ centered)
    result = []
    for component in vectors[:, ::-1].T[:_N_STARTS]:
        position = centered @ component
        result += [
            position > np.quantile(position, 0.9),
            position < np.quantile(position, 0.1),
            position > np.quantile(position, 0.5),
        ]
    return result


def persister_vote(
    fit: Fit,
    mixed: NDArray[np.float64],
    mixed_sample: NDArray[np.int64],
    evidence: NDArray[np.float64],
) -> float:
    """Vote on which of the two populations left the reference.

    The parental population lies nearer to the reference, unless its library differs
    from the reference libraries by more than persisters do. The published direction,
    compared between the two populations of one library, is the second witness.

    Parameters
    ----------
    fit
        The two populations.
    mixed, mixed_sample
        The cells that were fitted, relative to the reference, and their samples.
    evidence
        Published direction of each cell.

    Returns
    -------
    A number above 0 where the upper population is the one that left, and below 0
    where it is the lower one.
    """
    vote = 0.0
    for name in np.unique(mixed_sample):
        rows = mixed_sample == name
        upper, lower = fit.upper[rows], 1 - fit.upper[rows]
        weight = float(upper.sum() * lower.sum() / len(upper))
        if weight < 1e-6:
            continue
        centers = [part @ mixed[rows] / part.sum() for part in (lower, upper)]
        squared = [float(center @ center) for center in centers]
        nearness = np.clip((squared[1] - squared[0]) / fit.distance**2, -1, 1)
        values = evidence[rows]
        means = [float(part @ values / part.sum()) for part in (lower, upper)]
        variance = lower @ (values - means[0]) ** 2 + upper @ (values - means[1]) ** 2
        support = (means[1] - means[0]) / max(np.sqrt(variance / len(upper)), 1e-9)
        vote += weight * float(nearness + _DIRECTION_WEIGHT * support)
    return vote


def fit_two_populations(
    cells: Whitened,
    null_sample: NDArray[np.int64],
    mixed_sample: NDArray[np.int64],
    *,
    guess: NDArray[np.float64] | None = None,
) -> Fit:
    """Find the direction along which mixed samples split and reference samples do not.

    Every sample has an offset of its own, so a library effect, which moves all cells
    of a sample alike, makes no second population. All mixed samples are treated
    alike: the fit does not know which of them is a held-out reference sample.

    Parameters
    ----------
    cells
        The cells in units of the spread within reference samples.
    null_sample, mixed_sample
        Samples of its rows.
    guess
        Scores of the mixed cells, which give two more starting values.

    Returns
    -------
    The fit. Which population is the parental one is not decided here.
    """
    groups = _Groups.of(null_sample, mixed_sample)
    starts = _starts(cells.mixed, groups.mixed)
    if guess is not None:
        starts += [guess > np.quantile(guess, share) for share in (0.6, 0.9)]
    fits = [_iterate(cells, groups, np.where(start, 0.9, 0.05), 8) for start in starts]
    best = max(fits, key=lambda fit: fit.gain)
    return _iterate(cells, groups, best.upper, 15)


def turned(
    fit: Fit,
    cells: Whitened,
    null_sample: NDArray[np.int64],
    mixed_sample: NDArray[np.int64],
) -> Fit:
    """Fit again with the two populations exchanged."""
    groups = _Groups.of(null_sample, mixed_sample)
    return _iterate(cells, groups, 1 - fit.upper, 15)
