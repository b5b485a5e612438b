"""Tests with the sample as the unit."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Where there are more rearrangements than this, they are drawn at random.
_MOST = 20_000
# A mixed model needs this many strata to learn how strata differ.
_FEWEST_STRATA = 5


@dataclass(frozen=True)
class SampleTest:
    """Result of a comparison of samples.

    Attributes
    ----------
    difference
        Mean over strata of treated minus reference.
    pvalue
        Two-sided, NaN where the design allows none.
    method
        Test that was used, or ``none``.
    note
        Caveat or reason, in a sentence.
    """

    difference: float
    pvalue: float
    method: str
    note: str


def logit_fraction(
    called: NDArray[np.int64], total: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Log odds of a fraction with half a cell added to both sides."""
    result: NDArray[np.float64] = np.log((called + 0.5) / (total - called + 0.5))
    return result


def _difference(
    values: NDArray[np.float64],
    treated: NDArray[np.bool_],
    strata: list[NDArray[np.int64]],
) -> float:
    return float(
        np.mean(
            [
                values[rows[treated[rows]]].mean() - values[rows[~treated[rows]]].mean()
                for rows in strata
            ]
        )
    )


def _differences(
    values: NDArray[np.float64],
    labels: NDArray[np.bool_],
    strata: list[NDArray[np.int64]],
) -> NDArray[np.float64]:
    """Difference for each row of labels, which keep the treated ones per stratum."""
    total = np.zeros(len(labels))
    for rows in strata:
        here = labels[:, rows]
        n_treated = int(here[0].sum())
        # A stable sort puts the reference samples first, in their order.
        by_label = values[rows][np.argsort(here, axis=1, kind="stable")]
        treated = by_label[:, len(rows) - n_treated :].mean(axis=1)
        total += treated - by_label[:, : len(rows) - n_treated].mean(axis=1)
    differences: NDArray[np.float64] = total / len(strata)
    return differences


def n_arrangements(treated: NDArray[np.bool_], strata: list[NDArray[np.int64]]) -> int:
    """Ways to label the samples that keep the number of treated ones per stratum."""
    return math.prod(math.comb(len(rows), int(treated[rows].sum())) for rows in strata)


def _stratum_differences(values: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """Treated less reference mean for every choice of k treated samples."""
    n = len(values)
    chosen = np.array(list(combinations(range(n), k)))
    treated = values[chosen].sum(axis=1)
    result: NDArray[np.float64] = treated / k - (values.sum() - treated) / (n - k)
    return result


def _permutation(
    values: NDArray[np.float64],
    treated: NDArray[np.bool_],
    strata: list[NDArray[np.int64]],
    rng: np.random.Generator,
) -> float:
    """Exact two-sided p-value, or a random one where there are too many labelings."""
    observed = abs(_difference(values, treated, strata)) * (1 - 1e-9)
    if n_arrangements(treated, strata) <= _MOST:
        sums = np.zeros(1)
        for rows in strata:
            part = _stratum_differences(values[rows], int(treated[rows].sum()))
            sums = np.add.outer(sums, part).ravel()
        return float(np.mean(np.abs(sums) / len(strata) >= observed))
    labels = np.tile(treated, (_MOST, 1))
    for one in labels:
        for rows in strata:
            one[rows] = rng.permutation(treated[rows])
    drawn = np.abs(_differences(values, labels, strata))
    return (1 + int(np.sum(drawn >= observed))) / (_MOST + 1)


def _t_test(
    values: NDArray[np.float64],
    treated: NDArray[np.bool_],
    strata: list[NDArray[np.int64]],
) -> float:
    """T test of treatment in a linear model with one mean per stratum.

    With one stratum this is the equal-variance t test, and with one pair per stratum
    it is the paired t test.
    """
    from statsmodels.regression.linear_model import OLS

    used = np.concatenate(strata)
    design = np.zeros((len(values), len(strata) + 1))
    for column, rows in enumerate(strata):
        design[rows, column] = 1
    design[treated, -1] = 1
    fit = OLS(values[used], design[used]).fit()
    if fit.mse_resid == 0:
        # The samples of an arm do not differ at all, as where no cell is called.
        return 0.0 if fit.params[-1] else 1.0
    return float(fit.pvalues[-1])


def mixed_model(
    values: NDArray[np.float64],
    treated: NDArray[np.bool_],
    stratum: NDArray[np.int64],
) -> SampleTest | None:
    """Linear model with a random intercept for each stratum (REML).

    It also learns from strata with samples of one arm. The effect over its standard
    error is held against a t distribution with as many degrees of freedom as there
    are strata, less 2, because the normal distribution is too narrow for few strata.

    Parameters
    ----------
    values
        One number per sample.
    treated
        Which samples are treated.
    stratum
        Batch or patient of each sample.

    Returns
    -------
    None where it cannot be fitted: fewer than five strata, no stratum with two
    samples, fewer than two strata with samples of an arm, or no convergence.
    """
    from scipy import stats
    from statsmodels.regression.mixed_linear_model import MixedLM

    n_strata = len(np.unique(stratum))
    in_arm = min(len(np.unique(stratum[arm])) for arm in (treated, ~treated))
    if n_strata < _FEWEST_STRATA or n_strata == len(values) or in_arm < 2:
        return None
    design = np.column_stack([np.ones(len(values)), treated])
    with warnings.catch_warnings():
        # Strata that do not differ put their variance at its bound of 0.
        warnings.simplefilter("ignore")
        try:
            fit = MixedLM(values, design, groups=stratum).fit(reml=True)
            effect, error = float(fit.fe_params[1]), float(fit.bse_fe[1])
        except np.linalg.LinAlgError:
            return None
    if not fit.converged or not np.isfinite(error) or error <= 0:
        return None
    pvalue = float(2 * stats.t.sf(abs(effect / error), n_strata - 2))
    note = (
        "some patients or batches have samples of one group only and the others are "
        "too few for a permutation test; a random intercept for each, and normal values"
    )
    return SampleTest(effect, pvalue, "mixed model", note)


def _strata(
    treated: NDArray[np.bool_], stratum: NDArray[np.int64]
) -> list[NDArray[np.int64]]:
    """Rows of each stratum with samples of both arms.

    Where each sample is a stratum of its own nothing links samples, and all of them
    are one stratum.
    """
    names = np.unique(stratum)
    if len(names) == len(stratum) and 1 < treated.sum() < len(stratum) - 1:
        return [np.arange(len(stratum))]
    rows = [np.flatnonzero(stratum == one) for one in names]
    return [one for one in rows if 0 < treated[one].sum() < len(one)]


def compare_samples(
    values: NDArray[np.float64],
    treated: NDArray[np.bool_],
    stratum: NDArray[np.int64],
    *,
    alpha: float,
    seed: int = 0,
) -> SampleTest:
    """Compare treated with reference samples, within strata (batches or patients).

    Labels are exchanged within strata only, so pairs are used as pairs. The exact
    permutation test is used where its smallest possible p-value is at or below
    ``alpha`` (from 4 against 4, or 6 pairs). With fewer samples and strata that have
    one arm only, `mixed_model`; else the t test of a linear model with a mean for
    each stratum. Both need normal values. The permutation and the t test leave out
    strata with one arm; where each sample is a stratum of its own, strata are ignored.
    One sample in a group is no replicate, however many the other group has, so there
    is no test.

    Parameters
    ----------
    values
        One number per sample.
    treated
        Which samples are treated.
    stratum
        Batch or patient of each sample.
    alpha
        Level at which the exact test must be able to reject.
    seed
        Seed where there are more than 20,000 labelings.

    Returns
    -------
    Difference, p-value, test and caveat. There is no p-value without a replicate.
    """
    strata = _strata(treated, stratum)
    difference = _difference(values, treated, strata) if strata else math.nan
    total = n_arrangements(treated, strata)
    # Where the arms can be exchanged as a whole, the mirror image counts too.
    mirrored = all(2 * treated[rows].sum() == len(rows) for rows in strata)
    labels = treated[np.concatenate(strata)] if strata else treated[:0]
    replicated = 1 < labels.sum() < len(labels) - 1
    if replicated and (2 if mirrored else 1) / total <= alpha:
        rng = np.random.default_rng(seed)
        pvalue = _permutation(values, treated, strata, rng)
        kind = "exact permutation" if total <= _MOST else "random permutation"
        return SampleTest(difference, pvalue, kind, "")
    if len(labels) < len(values):
        mixed = mixed_model(values, treated, stratum)
        if mixed is not None:
            return mixed
    if not strata:
        note = (
            "no patient or batch has samples of both groups, and there are too few "
            "for a mixed model: no p-value"
        )
        return SampleTest(math.nan, math.nan, "none", note)
    if not replicated:
        note = "one sample in a group that can be compared: no replicate, so no p-value"
        return SampleTest(difference, math.nan, "none", note)
    note = "too few samples for a permutation test; the t test assumes normal values"
    return SampleTest(difference, _t_test(values, treated, strata), "t test", note)
