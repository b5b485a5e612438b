"""Two populations a known distance apart on a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Weight, in log likelihood, against large shares.
_SHARE_PENALTY = 3.0
# Starting positions: quantiles of the cells, and offsets that imply these shares.
_QUANTILES = (0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
_SHARES = (0.0, 0.05, 0.1, 0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Line:
    """Best position of two unit-variance populations a known distance apart.

    Attributes
    ----------
    offset
        Position of the lower population.
    share
        Share of the upper one.
    gain
        Log likelihood above that of a single population.
    upper
        Probability of each cell to be of the upper one.
    """

    offset: float
    share: float
    gain: float
    upper: NDArray[np.float64]


def fit_line(
    position: NDArray[np.float64], distance: float, *, rounds: int = 8
) -> Line:
    """Place two normal populations of variance 1 along a line.

    Expectation-maximization from several starting positions at once.

    Parameters
    ----------
    position
        Cells of one sample along the line.
    distance
        Distance between the two means.
    rounds
        Rounds of expectation-maximization.
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
        # log of the odds of the upper population, from two normal densities
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
