"""Two populations of cells inside samples, each sample with an offset of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dtpscore._kernels import _lines

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
# Rounds that every start is given; then rounds, and how many of the best get them.
_FIRST, _ROUNDS = 3, ((5, 5), (15, 1))
# Shares of the upper population to begin with.
_FIRST_SHARE, _FEW = 0.2, 0.02
# The distance between the populations is pulled towards 0 by this many cells.
_PRIOR_CELLS = 3
# Nearness to the reference counts up to 1 in the choice of the parental population;
# one standard deviation of the published direction counts this much.
_DIRECTION_WEIGHT = 0.25


@dataclass(frozen=True)
class Samples:
    """Rows of cells by sample.

    Attributes
    ----------
    order
        int64 (cells,): rows, the cells of one sample next to each other.
    first
        int64 (samples,): place in ``order`` where each sample begins.
    code
        int64 (cells,): number of the sample of each place in ``order``.
    sizes
        float64 (samples, 1): number of cells.
    """

    order: NDArray[np.int64]
    first: NDArray[np.int64]
    code: NDArray[np.int64]
    sizes: NDArray[np.float64]

    @classmethod
    def of(cls, sample: NDArray[np.int64]) -> Samples:
        """Find the rows of each sample from the sample of each cell."""
        order = np.argsort(sample, kind="stable")
        _, first, code, sizes = np.unique(
            sample[order], return_index=True, return_inverse=True, return_counts=True
        )
        return cls(order, first, code, sizes[:, None].astype(np.float64))

    def rows(self) -> list[NDArray[np.int64]]:
        """Rows of each sample."""
        return np.split(self.order, self.first[1:])

    def total(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum over the cells of each sample of values in the order of ``order``."""
        result: NDArray[np.float64] = np.add.reduceat(values, self.first, axis=0)
        return result


@dataclass(frozen=True)
class Lines:
    """Best positions of two unit-variance populations a known distance apart.

    Attributes
    ----------
    offset
        float64 (samples,): position of the lower population.
    share
        float64 (samples,): share of the upper population.
    gain
        float64 (samples,): log likelihood above that of a single population.
    upper
        float64 (cells,): the probability of each cell to be of the upper population.
    """

    offset: NDArray[np.float64]
    share: NDArray[np.float64]
    gain: NDArray[np.float64]
    upper: NDArray[np.float64]


def _many_starts(
    position: NDArray[np.float64],
    samples: Samples,
    center: NDArray[np.float64],
    distance: float,
) -> NDArray[np.float64]:
    """Offsets (samples, starts) to begin with where nothing is known."""
    quantiles = [np.quantile(position[rows], _QUANTILES) for rows in samples.rows()]
    return np.hstack([np.array(quantiles), center - distance * np.asarray(_SHARES)])


def fit_lines(
    position: NDArray[np.float64],
    samples: Samples,
    distance: float,
    *,
    shares: NDArray[np.float64] | None = None,
    rounds: int = 8,
) -> Lines:
    """Place two normal populations of variance 1 along a line, sample by sample.

    The fit is expectation-maximization from several starting positions at once.

    Parameters
    ----------
    position
        float64 (cells,): the cells along the line.
    samples
        Their samples. Each has a position and a share of its own.
    distance
        Distance between the two means, the same in all samples.
    shares
        float64 (samples,): shares of the upper population from a fit of nearly the
        same cells, of which the fit starts then.
    rounds
        Number of rounds of expectation-maximization.

    Returns
    -------
    The placement of each sample with the largest penalized likelihood.
    """
    ordered = position[samples.order]
    total, sizes = samples.total(ordered), samples.sizes[:, 0]
    center = total / sizes
    if shares is None:
        offset = _many_starts(position, samples, center[:, None], distance)
        share = np.full(offset.shape, _FIRST_SHARE)
    else:
        share = np.column_stack([shares, np.full(len(shares), _FIRST_SHARE)])
        offset = center[:, None] - distance * share
    gain, upper = np.empty(offset.shape), np.empty(len(position))
    last = samples.first + sizes.astype(np.int64)
    _lines.fit(
        ordered,
        samples.first,
        last,
        center,
        distance,
        rounds,
        _SHARE_PENALTY,
        offset,
        share,
        gain,
        upper,
    )
    best = np.argmax(gain, axis=1)
    each = np.arange(len(best))
    single = -0.5 * samples.total((ordered - center[samples.code]) ** 2)
    of_cells = np.empty(len(position))
    of_cells[samples.order] = upper
    return Lines(
        offset[each, best], share[each, best], gain[each, best] - single, of_cells
    )


@dataclass(frozen=True)
class _Groups:
    """Rows of the null samples and of the mixed samples."""

    null: Samples
    mixed: Samples

    @classmethod
    def of(
        cls, null_sample: NDArray[np.int64], mixed_sample: NDArray[np.int64]
    ) -> _Groups:
        """Find the rows from the sample of each cell."""
        return cls(Samples.of(null_sample), Samples.of(mixed_sample))


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
    ordered: NDArray[np.float64], samples: Samples, upper: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Difference of the two means, each sample weighted by what it knows of it.

    A sample in which nearly all cells are of one population knows nearly nothing.
    """
    high = upper[samples.order][:, None]
    n_high = samples.total(high) + 1e-9
    n_low = samples.sizes - n_high + 2e-9
    of_high, of_all = samples.total(high * ordered), samples.total(ordered)
    weight = n_high * n_low / samples.sizes
    difference = of_high / n_high - (of_all - of_high) / n_low
    total: NDArray[np.float64] = (weight * difference).sum(axis=0)
    return total / (weight.sum() + _PRIOR_CELLS)


def _iterate(
    cells: Whitened,
    groups: _Groups,
    upper: NDArray[np.float64],
    rounds: int,
    *,
    shares: NDArray[np.float64] | None = None,
) -> Fit:
    ordered = cells.mixed[groups.mixed.order]
    for _ in range(rounds):
        step = _direction(ordered, groups.mixed, upper)
        distance = float(np.linalg.norm(step)) + 1e-6
        unit = step / distance
        lines = fit_lines(cells.mixed @ unit, groups.mixed, distance, shares=shares)
        upper, shares = lines.upper, lines.share
    # Reference cells are of one population, so two starts find what they can gain.
    few = np.full(len(groups.null.first), _FEW)
    null = fit_lines(cells.residuals @ unit, groups.null, distance, shares=few)
    expected = null.gain.sum()
    gain = float(lines.gain.sum())
    gain -= float(expected) * len(cells.mixed) / len(cells.residuals)
    # A population that every sample has in the same share is no sign of a treatment.
    gain *= float((lines.share.max() - lines.share.min()) / lines.share.max())
    return Fit(unit, distance, gain, lines.upper, lines.share)


def _starts(mixed: NDArray[np.float64], samples: Samples) -> list[NDArray[np.bool_]]:
    """Outer tenths and halves of the mixed cells along their main components."""
    centered = np.empty_like(mixed)
    for rows in samples.rows():
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
    fits = [
        _iterate(cells, groups, np.where(start, 0.9, 0.05), _FIRST) for start in starts
    ]
    # Most starts end at few places, so all are fitted shortly and the best on.
    for rounds, kept in _ROUNDS:
        best = sorted(fits, key=lambda fit: -fit.gain)[:kept]
        fits = [
            _iterate(cells, groups, fit.upper, rounds, shares=fit.shares)
            for fit in best
        ]
    return fits[0]


def turned(
    fit: Fit,
    cells: Whitened,
    null_sample: NDArray[np.int64],
    mixed_sample: NDArray[np.int64],
) -> Fit:
    """Fit again with the two populations exchanged."""
    groups = _Groups.of(null_sample, mixed_sample)
    return _iterate(cells, groups, 1 - fit.upper, 15)
