"""Library variances that borrow strength over features and from public libraries.

Two or three libraries say little of how much libraries differ: a t test with one degree
of freedom needs a move of 12.7 standard errors. Many features measured in the same
libraries say more, and so do replicate libraries of other experiments (empirical Bayes;
Smyth 2004, Statistical Applications in Genetics and Molecular Biology 3:3,
doi:10.2202/1544-6115.1027).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MEASURED = "measured here"
# A variance below this part of the median is taken for rounding, as in limma.
_LEAST = 1e-5
_MOST_STEPS = 50


@dataclass(frozen=True)
class Prior:
    """What is known of a library variance before its own samples are looked at.

    One over the variance follows a chi-squared distribution with ``freedom`` degrees of
    freedom, divided by ``freedom * variance``.

    Attributes
    ----------
    variance
        Typical variance, in the squared unit of the features.
    freedom
        Number of degrees of freedom that the knowledge is worth; can be infinite.
    source
        Where it comes from, in words for the user.
    """

    variance: float
    freedom: float
    source: str = MEASURED


# The variance is that of the samples at hand alone.
NOTHING_KNOWN = Prior(0.0, 0.0)


def inverse_trigamma(value: float) -> float:
    """Solve trigamma(x) = value for x by Newton's method (Smyth 2004, appendix).

    Parameters
    ----------
    value
        A number above 0.
    """
    from scipy.special import polygamma

    if value > 1e7:
        return float(1 / np.sqrt(value))
    if value < 1e-6:
        return 1 / value
    x = 0.5 + 1 / value
    for _ in range(_MOST_STEPS):
        now = float(polygamma(1, x))
        step = now * (1 - now / value) / float(polygamma(2, x))
        x += step
        if -step / x < 1e-10:
            break
    return x


def fit_prior(
    variances: ArrayLike, freedom: ArrayLike, *, source: str = MEASURED
) -> Prior:
    """Fit the prior to the variances of many features, or of many experiments.

    The mean and the variance of the log variances are set equal to what the prior
    implies (Smyth 2004, section 6.2). Where the variances differ by no more than
    chance, the prior has infinite freedom: all features share one variance.

    Parameters
    ----------
    variances
        (n,), sample variances.
    freedom
        Degrees of freedom of each, or of all.
    source
        Where the variances come from.

    Raises
    ------
    ValueError
        There are fewer than two variances above 0.
    """
    from scipy.special import digamma, polygamma

    found = np.asarray(variances, dtype=np.float64)
    degrees = np.broadcast_to(np.asarray(freedom, dtype=np.float64), found.shape)
    keep = np.isfinite(found) & (degrees > 0)
    found, degrees = found[keep], degrees[keep]
    if (found > 0).sum() < 2:
        msg = "A prior needs the variances of two features or more that vary."
        raise ValueError(msg)
    found = np.maximum(found, _LEAST * np.median(found[found > 0]))
    logs = np.log(found) - digamma(degrees / 2) + np.log(degrees / 2)
    middle = float(logs.mean())
    excess = float(logs.var(ddof=1) - polygamma(1, degrees / 2).mean())
    if excess <= 0:
        return Prior(float(np.exp(middle)), np.inf, source)
    half = inverse_trigamma(excess)
    variance = float(np.exp(middle + digamma(half) - np.log(half)))
    return Prior(variance, 2 * half, source)


def typical_variance(
    variances: ArrayLike, freedom: float, prior_freedom: float
) -> float:
    """Find the prior variance of a set of features when its freedom is known.

    This is the first half of `fit_prior`. With one or two degrees of freedom the
    variances of one experiment say where they lie, but not how alike they are: a
    freedom that is fitted to them is often infinite by chance.

    Parameters
    ----------
    variances
        (n,), sample variances.
    freedom
        Degrees of freedom of each.
    prior_freedom
        Degrees of freedom of the prior.

    Raises
    ------
    ValueError
        No variance is above 0.
    """
    from scipy.special import digamma

    found = np.asarray(variances, dtype=np.float64)
    if not (found > 0).any():
        msg = "No feature varies between the samples of an arm."
        raise ValueError(msg)
    found = np.maximum(found, _LEAST * np.median(found[found > 0]))

    def middle(degrees: float) -> float:
        return float(digamma(degrees / 2) - np.log(degrees / 2))

    shift = 0.0 if np.isinf(prior_freedom) else middle(prior_freedom)
    return float(np.exp(np.log(found).mean() - middle(freedom) + shift))


def moderated_variance(
    variances: ArrayLike, freedom: float, prior: Prior
) -> NDArray[np.float64]:
    """Draw sample variances toward the prior (Smyth 2004, equation 5).

    Parameters
    ----------
    variances
        (n,), sample variances; ignored where ``freedom`` is 0.
    freedom
        Their degrees of freedom.
    prior
        What is known of them.
    """
    found = np.asarray(variances, dtype=np.float64)
    if np.isinf(prior.freedom) or freedom == 0:
        return np.full(found.shape, prior.variance)
    total = prior.freedom * prior.variance + freedom * found
    result: NDArray[np.float64] = total / (prior.freedom + freedom)
    return result


def independent_features(squares: ArrayLike, freedom: ArrayLike) -> float:
    """Count the independent features that the features of a library are worth.

    The features of a library effect are no independent witnesses: they are correlated,
    and one library stands apart more than the next in all of them. So the number is
    measured on the whole: by how far the mean square over features of a held-out
    library is from that of the other libraries of its group. If the mean squares follow
    chi-squared distributions, the log of their ratio has the variance
    trigamma(n / 2) + trigamma(n freedom / 2), which is solved for n.

    Parameters
    ----------
    squares
        (groups,), sum over the libraries of a group of that squared log ratio.
    freedom
        (groups,), degrees of freedom of a group: libraries less one. Groups with fewer
        than three libraries take no part.

    Raises
    ------
    ValueError
        No group has three libraries.
    """
    from scipy.optimize import brentq
    from scipy.special import polygamma

    degrees = np.asarray(freedom, dtype=np.float64)
    keep = degrees > 1
    if not keep.any():
        msg = "No group has three libraries, which holding one out needs."
        raise ValueError(msg)
    degrees = degrees[keep]
    total = float(np.asarray(squares, dtype=np.float64)[keep].sum())

    def excess(n: float) -> float:
        each = polygamma(1, n / 2) + polygamma(1, n * (degrees - 1) / 2)
        return float(((degrees + 1) * each).sum()) - total

    return float(brentq(excess, 1e-3, 1e6))


def combined_prior(first: Prior, second: Prior) -> Prior:
    """Put two independent sources of knowledge of the same variance together.

    Each counts by its degrees of freedom, as if it were a sample of that size.
    """
    total = first.freedom + second.freedom
    source = f"{first.source}; {second.source}"
    if np.isinf(total):
        kept = first if np.isinf(first.freedom) else second
        return Prior(kept.variance, np.inf, source)
    weighed = first.freedom * first.variance + second.freedom * second.variance
    return Prior(weighed / total, total, source)


def borrowed_prior(
    variances: ArrayLike,
    freedom: float,
    *,
    feature_freedom: float,
    independent: float,
    public: Prior | None = None,
) -> Prior:
    """Prior for the features of one experiment with few libraries.

    Where the variances of its features lie is measured in the experiment, and worth the
    degrees of freedom of one feature times the number of independent ones. It is put
    together with what public experiments say. How alike features are is taken from
    public experiments, because two or three libraries cannot tell.

    Parameters
    ----------
    variances
        (features,), between the samples of an arm; ignored where ``freedom`` is 0.
    freedom
        Degrees of freedom of each.
    feature_freedom
        How alike the features of one experiment are.
    independent
        Number of independent features that the features are worth.
    public
        Variance in other experiments, its freedom being that between experiments.

    Raises
    ------
    ValueError
        There is neither a degree of freedom nor a public prior.
    """
    if freedom == 0:
        if public is None:
            msg = "One sample in each arm and no prior: nothing says how samples vary."
            raise ValueError(msg)
        least = min(public.freedom, feature_freedom)
        return Prior(public.variance, least, public.source)
    variance = typical_variance(variances, freedom, feature_freedom)
    level = Prior(variance, freedom * independent)
    if public is not None:
        level = combined_prior(level, public)
    return Prior(level.variance, min(level.freedom, feature_freedom), level.source)
