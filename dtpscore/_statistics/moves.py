"""Moves of whole samples between two arms, from moderated library variances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dtpscore._statistics.contrast import arm_contrast
from dtpscore._statistics.moderated import (
    moderated_variance,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from dtpscore._statistics.moderated import Prior


@dataclass(frozen=True)
class Move:
    """Move of whole samples between two arms; arrays over the features.

    Attributes
    ----------
    effect
        float64: mean of the treated samples minus that of the untreated ones.
    error
        float64: standard error of the effect, from the moderated variance.
    freedom
        Degrees of freedom of the t distribution; 0 where nothing can be said.
    statistic, pvalue
        float64: moderated t, and its two-sided p-value; NaN without freedom.
    low, high
        float64: interval of the effect; NaN without freedom.
    """

    effect: NDArray[np.float64]
    error: NDArray[np.float64]
    freedom: float
    statistic: NDArray[np.float64]
    pvalue: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def _larger_sampling(
    treated: NDArray[np.bool_], sampling: NDArray[np.float64] | None, leverage: float
) -> NDArray[np.float64] | float:
    """Part of the squared error that the variance between samples does not hold.

    The mean of a small sample is less sure than that of a large one. Where the treated
    samples are the smaller ones, the variance of the untreated samples is too small for
    them; where they are the larger ones nothing is taken away.
    """
    if sampling is None:
        return 0.0
    arms = [sampling[~treated], sampling[treated]]
    own = sum(part.sum(axis=0) / len(part) ** 2 for part in arms)
    freedom = np.array([len(part) - 1 for part in arms], dtype=np.float64)
    if freedom.sum() == 0:
        return 0.0
    inside = sum(
        n * part.mean(axis=0) for n, part in zip(freedom, arms, strict=True)
    ) / float(freedom.sum())
    return np.maximum(own - leverage * inside, 0.0)


def moderated_move(
    means: ArrayLike,
    treated: ArrayLike,
    *,
    prior: Prior | None,
    stratum: ArrayLike | None = None,
    sampling: ArrayLike | None = None,
    covariates: ArrayLike | None = None,
    most_freedom: float = np.inf,
    level: float = 0.95,
) -> Move:
    """Test in each feature whether treated samples moved as a whole.

    Parameters
    ----------
    means
        (samples, features), mean of the cells of each sample. Every sample counts once,
        whatever the number of its cells.
    treated
        Which samples are treated.
    prior
        What is known of the library variance; None for none. With one sample in each
        arm it is all that is known, and the result is an assumption.
    stratum
        Tumor or patient of each sample, so that samples are compared within them.
    sampling
        (samples, features), sampling variance of each mean: that of the cells over
        their number. It widens the error where the treated samples are the smaller
        ones.
    covariates
        (samples, covariates), what the means of samples may follow beside the arm.
    most_freedom
        Largest number of degrees of freedom that may be used. limma takes those of all
        features together; for correlated features take their effective number times
        the degrees of freedom of one.
    level
        Level of the interval.

    Returns
    -------
    The move, with as many degrees of freedom as samples and prior are worth together.
    """
    from scipy import stats

    arm = np.asarray(treated, dtype=np.bool_)
    found = arm_contrast(
        means, arm, (-1.0, 1.0), stratum=stratum, covariates=covariates
    )
    freedom, variance = float(found.freedom), found.variance
    if prior is not None:
        variance = moderated_variance(found.variance, freedom, prior)
        freedom += prior.freedom
    freedom = min(freedom, most_freedom)
    own = None if sampling is None else np.asarray(sampling, dtype=np.float64)
    extra = _larger_sampling(arm, own, found.leverage)
    error = np.sqrt(variance * found.leverage + extra)
    if freedom <= 0:
        nan = np.full_like(found.effect, np.nan)
        return Move(found.effect, nan, 0.0, nan, nan, nan, nan)
    statistic = found.effect / np.maximum(error, 1e-300)
    law = stats.norm if np.isinf(freedom) else stats.t(freedom)
    reach = law.ppf((1 + level) / 2) * error
    return Move(
        effect=found.effect,
        error=error,
        freedom=freedom,
        statistic=statistic,
        pvalue=2 * law.sf(np.abs(statistic)),
        low=found.effect - reach,
        high=found.effect + reach,
    )


@dataclass(frozen=True)
class WholeMove:
    """Move of whole samples over all features together.

    Attributes
    ----------
    size
        Root mean square over features of the difference between the arms, less what
        samples differ by chance; in the unit of the features.
    low, high
        Interval of the size, approximate; NaN where there is none.
    statistic
        Mean square of the difference over what it would be without a move.
    freedom
        Degrees of freedom of both; the second is 0 where nothing can be said.
    pvalue
        One-sided: only a larger difference speaks of a move. NaN without freedom.
    """

    size: float
    low: float
    high: float
    statistic: float
    freedom: tuple[float, float]
    pvalue: float


def _size_limits(
    square: float, chance: float, freedom: tuple[float, float], level: float
) -> tuple[float, float]:
    """Interval of the size, from that of the root of the mean square.

    The root of a noncentral chi-squared variable over its degrees of freedom has close
    to the same spread whatever the size, that of one independent feature over the root
    of their number. The spread is estimated, hence the t quantile.
    """
    from scipy import stats

    root = np.sqrt(square)
    quantile = stats.t.ppf((1 + level) / 2, freedom[1])
    reach = float(quantile * np.sqrt(chance / freedom[0]))
    low, high = max(root - reach, 0.0), root + reach
    return (
        float(np.sqrt(max(low**2 - chance, 0.0))),
        float(np.sqrt(max(high**2 - chance, 0.0))),
    )


def whole_move(
    means: ArrayLike,
    treated: ArrayLike,
    *,
    independent: float,
    prior: Prior | None = None,
    stratum: ArrayLike | None = None,
    level: float = 0.95,
) -> WholeMove:
    """Test whether treated samples moved as a whole, over all features together.

    The mean over features of the squared difference between the arms is compared with
    the mean variance between samples of one arm. Both are held to be worth so many
    independent features, which makes the ratio an F statistic. Features that move
    together, and libraries that stand apart in all features, make that number small.

    Parameters
    ----------
    means
        (samples, features), mean of the cells of each sample.
    treated
        Which samples are treated.
    independent
        Number of independent features that the features are worth.
    prior
        Mean variance between samples in other experiments, its freedom being that
        between experiments. With one sample in each arm it is all that is known.
    stratum
        Tumor or patient of each sample.
    level
        Level of the interval.
    """
    from scipy import stats

    arm = np.asarray(treated, dtype=np.bool_)
    found = arm_contrast(means, arm, (-1.0, 1.0), stratum=stratum)
    own = found.freedom * independent
    freedom, variance = own, 0.0 if own == 0 else float(found.variance.mean())
    if prior is not None:
        freedom = own + prior.freedom
        variance = (own * variance + prior.freedom * prior.variance) / freedom
    square = float((found.effect**2).mean())
    if freedom == 0:
        nan = float("nan")
        return WholeMove(float(np.sqrt(square)), nan, nan, nan, (independent, 0.0), nan)
    chance = max(variance * found.leverage, 1e-300)
    statistic, degrees = square / chance, (independent, freedom)
    low, high = _size_limits(square, chance, degrees, level)
    return WholeMove(
        size=float(np.sqrt(max(square - chance, 0.0))),
        low=low,
        high=high,
        statistic=statistic,
        freedom=degrees,
        pvalue=float(stats.f.sf(statistic, *degrees)),
    )
