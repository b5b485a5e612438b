"""One arm against the reference: functions on arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dtpscore._statistics.contrast import arm_contrast
from dtpscore._statistics.moderated import borrowed_prior
from dtpscore._statistics.moves import moderated_move
from dtpscore._statistics.public_libraries import public_libraries
from dtpscore._statistics.samples import units_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]
    IntArray = NDArray[np.int64]

# Each arm needs this many samples for a p-value, and a paired design so many pairs.
FEWEST_SAMPLES = 2
# With fewer axes that vary, there is nothing to borrow strength from.
FEWEST_AXES = 10

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


def compare_arm(
    means: FloatArray,
    treated: BoolArray,
    pair: IntArray | None = None,
    *,
    level: float = 0.95,
) -> Difference:
    """Compare the samples of one arm with those of the reference, axis by axis.

    The model has a mean for each arm, and with pairs a mean for each pair. The variance
    between samples is drawn toward that of a typical axis of the same samples (Smyth
    2004, doi:10.2202/1544-6115.1027). How far is not fitted to the few samples at hand,
    which cannot tell, but taken from public replicate libraries: how alike axes are,
    and how many independent ones they are worth. With fewer than 10 axes that vary the
    plain t test is used.

    Parameters
    ----------
    means
        (samples, axes), mean of the cells of each sample.
    treated
        (samples,), samples of the arm; the others are those of the reference.
    pair
        (samples,), patient of each sample. Where two patients or more have both arms,
        patients are compared with themselves, and the others are left out.
    level
        Level of the interval.
    """
    units = units_of(means, treated, pair)
    n_samples = int(units.treated.sum())
    n_reference = len(units.treated) - n_samples
    paired = units.pair is not None
    reason = _too_few(n_reference, n_samples, paired=paired)
    if reason:
        gap = units.values[units.treated].mean(axis=0) - units.values[
            ~units.treated
        ].mean(axis=0)
        none = np.full(len(gap), np.nan)
        return Difference(
            gap,
            none,
            none,
            none,
            none,
            n_samples,
            n_reference,
            0,
            0.0,
            "none",
            units.said + reason,
        )
    plain = arm_contrast(units.values, units.treated, (-1.0, 1.0), stratum=units.pair)
    prior = None
    varies = plain.variance > 0
    if varies.sum() >= FEWEST_AXES:
        public = public_libraries()
        prior = borrowed_prior(
            plain.variance[varies],
            plain.freedom,
            feature_freedom=public.feature_freedom,
            independent=public.independent,
        )
    found = moderated_move(
        units.values, units.treated, prior=prior, stratum=units.pair, level=level
    )
    method = "moderated " * (prior is not None) + "paired " * paired + "t test"
    counted = (
        f"{n_samples} pairs"
        if paired
        else f"{n_reference} samples of the reference and {n_samples} of the arm"
    )
    return Difference(
        found.effect,
        found.low,
        found.high,
        found.pvalue,
        adjusted(found.pvalue),
        n_samples,
        n_reference,
        n_samples if paired else 0,
        found.freedom,
        method,
        f"{units.said}The test rests on {counted}, and has {found.freedom:.3g} degrees "
        "of freedom.",
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
