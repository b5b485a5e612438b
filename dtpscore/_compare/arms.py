"""One arm against the reference: functions on arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dtpscore._statistics.contrast import arm_contrast
from dtpscore._statistics.moderated import borrowed_prior, fit_prior
from dtpscore._statistics.moves import moderated_move
from dtpscore._statistics.public_libraries import public_libraries
from dtpscore._statistics.samples import units_of
from dtpscore.errors import ResultError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._statistics.contrast import Contrast
    from dtpscore._statistics.moderated import Prior
    from dtpscore._statistics.moves import Move
    from dtpscore._statistics.samples import Units

    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]
    IntArray = NDArray[np.int64]

# Each arm needs this many samples for a p-value, and a paired design so many pairs.
FEWEST_SAMPLES = 2
# With fewer axes that vary, there is nothing to borrow strength from.
FEWEST_AXES = 10
# A prior of genes is fitted in up to this many groups of like expression, of so many
# genes at least: the variance of log counts falls with expression.
MOST_LEVELS, FEWEST_OF_LEVEL = 10, 200

HIGHER, LOWER = "higher", "lower"
NOT_SHOWN, NOT_TESTED = "no difference is shown", "not tested"
AS_PUBLISHED, AGAINST = "as published", "against the published direction"
NO_DIRECTION = "no direction is published"


@dataclass(frozen=True)
class Difference:
    """One arm less the reference; arrays over axes.

    Attributes
    ----------
    difference, low, high
        float64: difference of the means of samples, and its interval. The limits are
        NaN where nothing was tested.
    pvalue, qvalue
        float64: two-sided p-value, and the false discovery rate over the axes
        (Benjamini and Hochberg). NaN where nothing was tested.
    n_samples, n_reference
        Samples of the arm and of the reference that take part.
    n_pairs
        Pairs that the test rests on; 0 where it is not paired.
    freedom
        Degrees of freedom of the test; 0 without a test.
    method
        ``moderated t test``, ``t test``, the same with ``paired``, or ``none``.
    note
        What the samples allow, in words.
    """

    difference: FloatArray
    low: FloatArray
    high: FloatArray
    pvalue: FloatArray
    qvalue: FloatArray
    n_samples: int
    n_reference: int
    n_pairs: int
    freedom: float
    method: str
    note: str


def adjusted(pvalues: FloatArray) -> FloatArray:
    """Benjamini-Hochberg over the p-values that there are."""
    from scipy.stats import false_discovery_control

    found = np.full(len(pvalues), np.nan)
    known = np.isfinite(pvalues)
    if known.any():
        found[known] = false_discovery_control(pvalues[known])
    return found


def _too_few(n_reference: int, n_samples: int, *, paired: bool) -> str:
    """Say why there is no test; empty where there are enough samples."""
    if paired:
        if n_samples >= FEWEST_SAMPLES:
            return ""
        return "There is one pair, and a test needs two pairs."
    if min(n_reference, n_samples) >= FEWEST_SAMPLES:
        return ""
    return (
        f"There are too few samples for a test: {n_reference} of the reference and "
        f"{n_samples} of the arm, and each needs {FEWEST_SAMPLES}. The differences are "
        "shown without a p-value, because nothing says how much two samples of one "
        "arm differ."
    )


def _levels(values: FloatArray) -> list[IntArray]:
    """Put features into groups of like mean, each large enough to fit a prior to."""
    n = values.shape[1]
    order = np.argsort(values.mean(axis=0), kind="stable")
    return np.array_split(order, max(1, min(MOST_LEVELS, n // FEWEST_OF_LEVEL)))


def _priors(
    plain: Contrast, values: FloatArray, *, fitted: bool
) -> list[tuple[IntArray, Prior | None]]:
    """Features that share a prior, and the prior; None where there is none."""
    if fitted:
        return [
            (
                rows,
                fit_prior(plain.variance[rows], plain.freedom)
                if (plain.variance[rows] > 0).sum() >= FEWEST_AXES
                else None,
            )
            for rows in _levels(values)
        ]
    varies, prior = plain.variance > 0, None
    if varies.sum() >= FEWEST_AXES:
        public = public_libraries()
        prior = borrowed_prior(
            plain.variance[varies],
            plain.freedom,
            feature_freedom=public.feature_freedom,
            independent=public.independent,
        )
    return [(np.arange(len(varies)), prior)]


def _untested(units: Units, n_samples: int, n_reference: int, note: str) -> Difference:
    """Differences without a p-value."""
    gap = units.values[units.treated].mean(axis=0)
    gap = gap - units.values[~units.treated].mean(axis=0)
    none = np.full(len(gap), np.nan)
    counts = (n_samples, n_reference, 0, 0.0)
    return Difference(gap, none, none, none, none, *counts, "none", note)


def _estimable(units: Units, covariates: FloatArray) -> Contrast:
    """Fit the model, or refuse it where covariates leave nothing to test with.

    Raises
    ------
    ResultError
        The covariates are confounded with the arm, or no degree of freedom is left.
    """
    n = len(units.treated)
    try:
        plain = arm_contrast(
            units.values,
            units.treated,
            (-1.0, 1.0),
            stratum=units.pair,
            covariates=covariates,
        )
    except ValueError as error:
        msg = (
            f"{error} Leave out a covariate, or add samples of both arms that have the "
            "same value."
        )
        raise ResultError(msg) from None
    if plain.freedom < 1:
        msg = (
            f"The covariates leave no degree of freedom: {n} samples (or samples in "
            "pairs) have to say how much samples vary beside them. Leave out a "
            "covariate or add samples."
        )
        raise ResultError(msg)
    return plain


def _moved(
    units: Units,
    groups: list[tuple[IntArray, Prior | None]],
    covariates: FloatArray | None,
    level: float,
) -> Move:
    """Test the features of each group with its prior; the freedom is the median one."""
    moves = [
        moderated_move(
            units.values[:, rows],
            units.treated,
            prior=prior,
            stratum=units.pair,
            covariates=covariates,
            level=level,
        )
        for rows, prior in groups
    ]
    back = np.argsort(np.concatenate([rows for rows, _ in groups]), kind="stable")
    arrays = {
        name: np.concatenate([getattr(one, name) for one in moves])[back]
        for name in ("effect", "error", "statistic", "pvalue", "low", "high")
    }
    freedom = float(np.median([one.freedom for one in moves]))
    return replace(moves[0], **arrays, freedom=freedom)


def compare_arm(
    means: FloatArray,
    treated: BoolArray,
    pair: IntArray | None = None,
    *,
    covariates: FloatArray | None = None,
    fitted: bool = False,
    level: float = 0.95,
) -> Difference:
    """Compare the samples of one arm with those of the reference, axis by axis.

    The model has a mean for each arm, with pairs a mean for each pair, and a slope for
    each covariate. The variance between samples is drawn toward that of a typical axis
    of the same samples (Smyth 2004, doi:10.2202/1544-6115.1027). For axes, how far is
    not fitted to the few samples at hand, which cannot tell, but taken from public
    replicate libraries: how alike axes are, and how many independent ones they are
    worth. With fewer than 10 axes that vary the plain t test is used. Genes are
    thousands, so that how alike they are is fitted to them, among genes of like
    expression.

    Parameters
    ----------
    means
        (samples, axes), mean of the cells of each sample.
    treated
        (samples,), samples of the arm; the others are those of the reference.
    pair
        (samples,), patient of each sample. Where two patients or more have both arms,
        patients are compared with themselves, and the others are left out.
    covariates
        (samples, covariates), what samples may follow beside the arm.
    fitted
        Fit the prior to the features at hand, in groups of like mean.
    level
        Level of the interval.

    Raises
    ------
    ResultError
        The covariates are confounded with the arm, or no degree of freedom is left.
    """
    n = means.shape[1]
    extra = np.empty((len(means), 0)) if covariates is None else covariates
    both = units_of(np.hstack([means, extra]), treated, pair)
    own = both.values[:, n:] if extra.shape[1] else None
    units = replace(both, values=both.values[:, :n])
    n_samples = int(units.treated.sum())
    n_reference = len(units.treated) - n_samples
    paired = units.pair is not None
    reason = _too_few(n_reference, n_samples, paired=paired)
    if own is not None:
        plain = _estimable(units, own)
    elif not reason:
        plain = arm_contrast(
            units.values, units.treated, (-1.0, 1.0), stratum=units.pair
        )
    if reason:
        return _untested(units, n_samples, n_reference, units.said + reason)
    groups = _priors(plain, units.values, fitted=fitted)
    move = _moved(units, groups, own, level)
    moderated = any(prior is not None for _, prior in groups)
    worth = "many" if np.isinf(move.freedom) else f"{move.freedom:.3g}"
    counted = (
        f"{n_samples} pairs"
        if paired
        else f"{n_reference} samples of the reference and {n_samples} of the arm"
    )
    return Difference(
        move.effect,
        move.low,
        move.high,
        move.pvalue,
        adjusted(move.pvalue),
        n_samples,
        n_reference,
        n_samples if paired else 0,
        move.freedom,
        "moderated " * moderated + "paired " * paired + "t test",
        f"{units.said}The test rests on {counted}, and has {worth} degrees of freedom.",
    )


def verdict(difference: float, qvalue: float, alpha: float) -> str:
    """Say whether an axis differs between an arm and the reference."""
    if np.isnan(qvalue):
        return NOT_TESTED
    if qvalue > alpha:
        return NOT_SHOWN
    return HIGHER if difference > 0 else LOWER


def agreement(found: str, published: str) -> str:
    """Hold a difference that is shown against the published direction.

    Parameters
    ----------
    found
        What `verdict` said.
    published
        ``up``, ``down`` or ``two-sided``; empty for signatures of the user.

    Returns
    -------
    Text; empty where no difference is shown.
    """
    if found not in (HIGHER, LOWER):
        return ""
    if published not in ("up", "down"):
        return NO_DIRECTION
    same = (found == HIGHER) == (published == "up")
    return AS_PUBLISHED if same else AGAINST
