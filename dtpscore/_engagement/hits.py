"""Which cells have low output of a pathway: functions on arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dtpscore._calling.shift import tolerance
from dtpscore._statistics.intervals import Interval, mean_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

# Part of the error rate that is left for libraries, as in the calls.
_OF_LIBRARIES = 0.5
# A sample with fewer cells of either kind does not compare them.
FEWEST_CELLS = 5

HIT_CALLED, HIT_ONLY = "hit and called", "hit, not called"
CALLED_ONLY, NEITHER = "called, not shown to be hit", "not shown to be hit"
STATES = (HIT_CALLED, HIT_ONLY, CALLED_ONLY, NEITHER)
FELL, ROSE = "output fell", "output rose"
NOT_SHOWN, NOT_TESTED = "no fall of output is shown", "not tested"


def limit(untreated: FloatArray, sample: NDArray[np.int64], alpha: float) -> float:
    """Output below which a cell counts as hit.

    It is the quantile of the untreated cells around the centers of their samples,
    lowered by what one further library may differ. With one untreated sample nothing is
    known of that, and the quantile is not lowered.

    Parameters
    ----------
    untreated
        Output of the untreated cells.
    sample
        Code of their samples.
    alpha
        Share of untreated cells whose output counts as low.
    """
    names = np.unique(sample)
    centers = np.array([np.median(untreated[sample == one]) for one in names])
    inner = np.concatenate(
        [
            untreated[sample == one] - center
            for one, center in zip(names, centers, strict=True)
        ]
    )
    middle, quantile = float(centers.mean()), float(np.quantile(inner, alpha))
    if len(names) == 1:
        return middle + quantile
    return middle + quantile - tolerance(centers, alpha * _OF_LIBRARIES)


def share_below(output: FloatArray, level: float, alpha: float) -> float:
    """Share of cells that were hit, at least, as a mixture of hit and untreated cells.

    Of cells that were not hit at most ``alpha`` lie below the limit.
    """
    seen = float((output <= level).mean())
    return max(0.0, (seen - alpha) / (1 - alpha))


def within_samples(
    output: FloatArray, called: NDArray[np.bool_], sample: NDArray[np.int64]
) -> Interval:
    """Output of called cells less that of other cells of the same sample.

    Each sample with at least five cells of either kind counts once.

    Returns
    -------
    The mean difference with its interval; NaN where no sample has both.
    """
    gaps = []
    for one in np.unique(sample):
        own = sample == one
        parts = [output[own & called], output[own & ~called]]
        if min(map(len, parts)) >= FEWEST_CELLS:
            gaps.append(float(parts[0].mean() - parts[1].mean()))
    nan = float("nan")
    return mean_interval(gaps) if gaps else Interval(nan, nan, nan, 0)


def states(hit: NDArray[np.bool_], called: NDArray[np.bool_]) -> NDArray[np.str_]:
    """State of each cell by whether its output is low and whether it was called."""
    rules = [hit & called, hit & ~called, called & ~hit]
    return np.select(rules, list(STATES[:3]), NEITHER)


def verdict(difference: float, pvalue: float, alpha: float) -> str:
    """Say whether the output of an arm fell, with samples as the unit."""
    if np.isnan(pvalue):
        return NOT_TESTED
    if pvalue > alpha:
        return NOT_SHOWN
    return FELL if difference < 0 else ROSE
