"""Moderated library variance: against slow references, and valid under the null."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import optimize, special, stats

from dtpscore._statistics.contrast import arm_contrast
from dtpscore._statistics.moderated import (
    Prior,
    combined_prior,
    fit_prior,
    independent_features,
    inverse_trigamma,
    moderated_variance,
)
from dtpscore._statistics.moves import moderated_move


def slow_prior(variances, freedom):
    """Smyth 2004, section 6.2, with a root finder for the trigamma equation."""
    # limma's floor, against variances that are nothing but rounding.
    least = 1e-5 * sorted(variances)[len(variances) // 2]
    variances = [max(v, least) for v in variances]
    logs = [
        math.log(v) - special.digamma(d / 2) + math.log(d / 2)
        for v, d in zip(variances, freedom, strict=True)
    ]
    middle = sum(logs) / len(logs)
    spread = sum((one - middle) ** 2 for one in logs) / (len(logs) - 1)
    expected = sum(special.polygamma(1, d / 2) for d in freedom) / len(freedom)
    half = optimize.brentq(
        lambda x: float(special.polygamma(1, x)) - (spread - expected), 1e-6, 1e6
    )
    return math.exp(middle + special.digamma(half) - math.log(half)), 2 * half


def drawn_variances(rng, n, freedom, *, d0, s0):
    true = d0 * s0 / rng.chisquare(d0, n)
    return true * rng.chisquare(freedom, n) / freedom, true


@pytest.mark.parametrize("value", [1e-8, 1e-3, 0.1, 1.0, 10.0, 1e3, 1e8])
def test_inverse_trigamma_solves_its_equation(value):
    found = inverse_trigamma(value)
    assert float(special.polygamma(1, found)) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("freedom", [1.0, 4.0])
def test_prior_is_that_of_the_slow_reference(freedom):
    rng = np.random.default_rng(0)
    variances, _ = drawn_variances(rng, 401, freedom, d0=4, s0=0.02)
    found = fit_prior(variances, freedom)
    variance, prior_freedom = slow_prior(variances, [freedom] * 401)
    assert found.variance == pytest.approx(variance, rel=1e-6)
    assert found.freedom == pytest.approx(prior_freedom, rel=1e-6)


def test_prior_of_unequal_freedom_is_that_of_the_slow_reference():
    rng = np.random.default_rng(1)
    freedom = rng.integers(1, 6, 301).astype(float)
    variances, _ = drawn_variances(rng, 301, freedom, d0=5, s0=1)
    variance, prior_freedom = slow_prior(variances, freedom)
    found = fit_prior(variances, freedom)
    assert (found.variance, found.freedom) == pytest.approx((variance, prior_freedom))


def test_prior_finds_what_was_put_in():
    rng = np.random.default_rng(2)
    variances, _ = drawn_variances(rng, 20_000, 3, d0=6, s0=0.04)
    found = fit_prior(variances, 3)
    assert found.variance == pytest.approx(0.04, rel=0.03)
    assert found.freedom == pytest.approx(6, rel=0.1)


def test_features_of_one_variance_give_infinite_freedom():
    # Exactly as far apart as chance or less: nothing is left for the prior to explain.
    found = fit_prior([1.0, 1.0, 1.0], 2)
    assert np.isinf(found.freedom)
    assert (moderated_variance([0.5, 2.0], 2, found) == found.variance).all()


def test_a_variance_of_zero_is_not_taken_at_its_word():
    found = fit_prior([0.0, 1.0, 2.0, 3.0], 2)
    assert np.isfinite(found.variance)
    assert found.variance > 0


def test_prior_needs_features():
    with pytest.raises(ValueError, match="two features"):
        fit_prior([1.0], 2)


def test_moderated_variance_lies_between_prior_and_sample():
    prior = Prior(variance=1.0, freedom=3.0)
    found = moderated_variance([0.1, 1.0, 10.0], 2, prior)
    assert found == pytest.approx([(3 + 0.2) / 5, 1.0, (3 + 20) / 5])
    assert moderated_variance([np.nan], 0, prior) == pytest.approx([1.0])


def test_moderated_variance_is_nearer_to_the_truth():
    rng = np.random.default_rng(3)
    variances, true = drawn_variances(rng, 5000, 2, d0=5, s0=1)
    found = moderated_variance(variances, 2, fit_prior(variances, 2))
    assert np.mean((found - true) ** 2) < 0.5 * np.mean((variances - true) ** 2)


def test_priors_together_count_by_their_freedom():
    both = combined_prior(Prior(1.0, 2.0, "a"), Prior(4.0, 1.0, "b"))
    assert (both.variance, both.freedom, both.source) == (2.0, 3.0, "a; b")
    known = combined_prior(Prior(1.0, np.inf, "a"), Prior(4.0, 1.0, "b"))
    assert (known.variance, known.freedom) == (1.0, np.inf)


def test_independent_features_are_found_where_a_library_is_one_witness():
    """140 features that are worth 4: each library has a size of its own."""
    rng = np.random.default_rng(12)
    squares, freedom = [], []
    for libraries in rng.integers(3, 6, 800):
        sizes = rng.chisquare(4, libraries) / 4
        # The mean square of many features is the size of the library itself.
        others = (sizes.sum() - sizes) / (libraries - 1)
        # Others with one degree of freedom fewer, as after taking their mean off.
        fewer = rng.chisquare(4 * (libraries - 2), libraries) / (4 * (libraries - 2))
        squares.append((np.log(sizes / np.where(others > 0, fewer, 1)) ** 2).sum())
        freedom.append(libraries - 1)
    found = independent_features(squares, freedom)
    assert found == pytest.approx(4, rel=0.06)


def test_two_libraries_do_not_say_how_many_features_are_independent():
    with pytest.raises(ValueError, match="three libraries"):
        independent_features([0.0], [1])


@pytest.mark.parametrize("strata", [None, [0, 1, 2, 0, 1, 2]])
def test_contrast_is_that_of_statsmodels(strata):
    rng = np.random.default_rng(4)
    values, arm = rng.normal(size=6), np.array([0, 0, 0, 1, 1, 1])
    design = np.column_stack([1 - arm, arm])
    if strata is not None:
        design = np.column_stack([design, *(np.array(strata) == one for one in (1, 2))])
    fit = sm.OLS(values, design).fit()
    other = fit.t_test([-1, 1] + [0] * (design.shape[1] - 2))
    found = arm_contrast(values, arm, (-1, 1), stratum=strata)
    assert found.effect[0] == pytest.approx(other.effect.item())
    error = np.sqrt(found.variance[0] * found.leverage)
    assert error == pytest.approx(other.sd.item())
    assert found.freedom == other.df_denom


def test_contrast_refuses_what_cannot_be_estimated():
    with pytest.raises(ValueError, match="No stratum links"):
        arm_contrast([1.0, 2, 3, 4], [0, 0, 1, 1], (-1, 1), stratum=[0, 0, 1, 1])
    with pytest.raises(ValueError, match="arm 1 has none"):
        arm_contrast([1.0, 2.0], [0, 0], (-1, 1))


def test_without_prior_the_move_is_the_t_test():
    rng = np.random.default_rng(5)
    means = rng.normal(size=(7, 4))
    treated = np.arange(7) >= 3
    found = moderated_move(means, treated, prior=None)
    other = stats.ttest_ind(means[treated], means[~treated])
    assert found.pvalue == pytest.approx(other.pvalue)
    limits = other.confidence_interval(0.95)
    assert found.low == pytest.approx(limits.low)
    assert found.high == pytest.approx(limits.high)


def slow_move(values, treated, prior):
    """Moderated t of one feature, written out."""
    one = [v for v, t in zip(values, treated, strict=True) if not t]
    two = [v for v, t in zip(values, treated, strict=True) if t]
    means = [sum(part) / len(part) for part in (one, two)]
    squares = sum((v - means[0]) ** 2 for v in one)
    squares += sum((v - means[1]) ** 2 for v in two)
    freedom = len(one) + len(two) - 2
    posterior = (prior.freedom * prior.variance + squares) / (prior.freedom + freedom)
    error = math.sqrt(posterior * (1 / len(one) + 1 / len(two)))
    t = (means[1] - means[0]) / error
    return t, 2 * stats.t.sf(abs(t), freedom + prior.freedom)


@pytest.mark.parametrize(("before", "after"), [(1, 1), (2, 1), (3, 2)])
def test_moderated_t_is_that_of_the_slow_reference(before, after):
    rng = np.random.default_rng(6)
    means = rng.normal(size=(before + after, 5))
    treated = np.arange(before + after) >= before
    prior = Prior(variance=0.7, freedom=4.2)
    found = moderated_move(means, treated, prior=prior)
    slow = [slow_move(column, treated, prior) for column in means.T]
    assert np.column_stack([found.statistic, found.pvalue]) == pytest.approx(
        np.array(slow)
    )


def test_one_sample_each_says_nothing_without_a_prior():
    found = moderated_move([[0.0], [5.0]], [False, True], prior=None)
    assert found.freedom == 0
    assert np.isnan([found.pvalue[0], found.low[0], found.error[0]]).all()
    assert found.effect[0] == 5


@pytest.mark.parametrize(("before", "after"), [(2, 1), (2, 2), (3, 3), (6, 1)])
def test_moderated_test_holds_its_level_and_finds_more(before, after):
    rng = np.random.default_rng(7)
    n, effect = 30_000, 4.0
    spread = np.sqrt(6 / rng.chisquare(6, n))
    treated = np.arange(before + after) >= before
    means = rng.normal(size=(before + after, n)) * spread
    contrast = arm_contrast(means, treated, (-1, 1))
    prior = fit_prior(contrast.variance, contrast.freedom)
    null = moderated_move(means, treated, prior=prior).pvalue
    assert 0.04 <= (null <= 0.05).mean() <= 0.06
    means[treated] += effect
    found = moderated_move(means, treated, prior=prior)
    plain = moderated_move(means, treated, prior=None)
    assert (found.pvalue <= 0.05).mean() > (plain.pvalue <= 0.05).mean()
    assert 0.935 <= ((found.low <= effect) & (found.high >= effect)).mean() <= 0.965


def correlated_null(most_freedom):
    """Share of p-values at 0.05 where 60 features are worth three; 2 + 1 samples."""
    rng = np.random.default_rng(8)
    loading = rng.normal(size=(3, 60))
    loading /= np.sqrt((loading**2).sum(axis=0))
    # Correlated squares: the participation ratio of the correlation.
    worth = 60**2 / ((loading.T @ loading) ** 2).sum()
    treated = np.array([False, False, True])
    small = []
    for _ in range(300):
        means = rng.normal(size=(3, 3)) @ loading
        contrast = arm_contrast(means, treated, (-1, 1))
        prior = fit_prior(contrast.variance, contrast.freedom)
        limit = worth * contrast.freedom if most_freedom else np.inf
        found = moderated_move(means, treated, prior=prior, most_freedom=limit)
        small.append((found.pvalue <= 0.05).mean())
    return np.mean(small)


@pytest.mark.slow
def test_correlated_features_are_no_independent_witnesses():
    assert correlated_null(most_freedom=False) > 0.09
    assert correlated_null(most_freedom=True) < 0.06


@pytest.mark.parametrize("cells", [(300, 300, 60), (80, 80, 800)])
def test_sampling_of_small_samples_widens_the_error(cells):
    rng = np.random.default_rng(9)
    n, library = 6000, 0.01
    sampling = np.repeat(1 / np.array(cells)[:, None], n, axis=1)
    means = rng.normal(size=(3, n)) * np.sqrt(library + sampling)
    treated = np.array([False, False, True])
    found = moderated_move(means, treated, prior=None, sampling=sampling)
    assert (found.pvalue <= 0.05).mean() <= 0.055
    alone = moderated_move(means, treated, prior=None)
    assert (found.error >= alone.error).all()
    assert (found.error > alone.error).any() == (cells[2] < cells[0])
