"""Tests with the sample as the unit, against all orders, SciPy and their level."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dtpscore._calling import sample_tests as samples
from dtpscore._calling.samples import comparison_table


def slow_permutation(values, treated):
    observed = values[treated].mean() - values[~treated].mean()
    hits = total = 0
    for order in permutations(range(len(values))):
        labels = treated[list(order)]
        difference = values[labels].mean() - values[~labels].mean()
        hits += abs(difference) >= abs(observed) - 1e-9
        total += 1
    return hits / total


@pytest.mark.slow
def test_permutation_equals_all_orders():
    rng = np.random.default_rng(6)
    values = rng.normal(size=8)
    treated = np.arange(8) < 4
    values[treated] += 1
    found = samples.compare_samples(values, treated, np.zeros(8, int), alpha=0.05)
    assert found.method == "exact permutation"
    assert found.pvalue == pytest.approx(slow_permutation(values, treated))


def test_pairs_are_used_as_pairs():
    rng = np.random.default_rng(7)
    patient = np.repeat(np.arange(6), 2)
    treated = np.tile([False, True], 6)
    values = 10 * patient + rng.normal(size=12) * 0.1 + treated
    found = samples.compare_samples(values, treated, patient, alpha=0.05)
    assert found.method == "exact permutation"
    assert found.pvalue == pytest.approx(2 / 2**6)
    assert found.difference == pytest.approx(1, abs=0.2)
    few = slice(0, 8)
    by_t = samples.compare_samples(values[few], treated[few], patient[few], alpha=0.05)
    paired = stats.ttest_rel(values[few][treated[few]], values[few][~treated[few]])
    assert by_t.method == "t test"
    assert by_t.pvalue == pytest.approx(paired.pvalue)


def test_three_against_three_is_the_equal_variance_t_test():
    values = np.array([1.0, 2, 3, 4, 6, 5])
    treated = np.arange(6) >= 3
    found = samples.compare_samples(values, treated, np.zeros(6, int), alpha=0.05)
    assert found.pvalue == pytest.approx(stats.ttest_ind(values[3:], values[:3]).pvalue)
    assert "normal" in found.note


@pytest.mark.slow
def test_many_samples_are_permuted_at_random_with_a_seed():
    rng = np.random.default_rng(8)
    values, treated = rng.normal(size=24), np.arange(24) % 2 == 0
    one, two = (
        samples.compare_samples(values, treated, np.zeros(24, int), alpha=0.05, seed=1)
        for _ in range(2)
    )
    assert one == two
    assert one.method == "random permutation"
    assert one.pvalue == pytest.approx(
        stats.permutation_test(
            (values[treated], values[~treated]),
            lambda a, b, axis: a.mean(axis=axis) - b.mean(axis=axis),
            n_resamples=9999,
            vectorized=True,
            rng=0,
        ).pvalue,
        abs=0.02,
    )


def test_no_replicate_no_pvalue():
    found = samples.compare_samples(
        np.array([1.0, 2.0]), np.array([False, True]), np.zeros(2, int), alpha=0.05
    )
    assert np.isnan(found.pvalue)
    assert "no replicate" in found.note
    for n in (4, 40):
        lone = samples.compare_samples(
            np.arange(1.0 + n), np.arange(1 + n) == n, np.zeros(1 + n, int), alpha=0.05
        )
        assert lone.method == "none"
        assert lone.difference == pytest.approx(n - (n - 1) / 2)
        assert "no replicate" in lone.note
    apart = samples.compare_samples(
        np.array([1.0, 2.0]), np.array([False, True]), np.arange(2), alpha=0.05
    )
    assert apart.method == "none"


def patients_of_one_group(rng, effect):
    """Eight patients: two in pairs, three with two samples of one group each."""
    patient = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 7])
    treated = np.array([0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0, 1], bool)
    values = rng.normal(size=8)[patient] + effect * treated
    return values + 0.3 * rng.normal(size=13), treated, patient


def test_patients_of_one_group_are_used_by_a_mixed_model():
    from statsmodels.formula.api import mixedlm

    values, treated, patient = patients_of_one_group(np.random.default_rng(3), 1.0)
    found = samples.compare_samples(values, treated, patient, alpha=0.05)
    frame = pd.DataFrame({"value": values, "treated": treated * 1.0, "who": patient})
    fit = mixedlm("value ~ treated", frame, groups=frame["who"]).fit(reml=True)
    assert found.method == "mixed model"
    assert found.difference == pytest.approx(fit.params["treated"], rel=1e-6)
    ratio = fit.params["treated"] / fit.bse["treated"]
    assert found.pvalue == pytest.approx(2 * stats.t.sf(abs(ratio), 8 - 2), rel=1e-4)
    assert "one group only" in found.note


@pytest.mark.slow
def test_mixed_model_keeps_its_level():
    rng = np.random.default_rng(4)
    draws = [patients_of_one_group(rng, 0.0) for _ in range(150)]
    tests = [samples.mixed_model(*draw) for draw in draws]
    pvalues = [test.pvalue for test in tests if test is not None]
    small = sum(p <= 0.05 for p in pvalues)
    assert len(pvalues) > 140
    bound = stats.binomtest(small, len(pvalues), 0.05, alternative="greater")
    assert bound.pvalue > 1e-3


def test_mixed_model_is_refused_where_it_cannot_be_fitted():
    patient, treated = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1], bool)
    few = samples.compare_samples(np.arange(4.0), treated, patient, alpha=0.05)
    assert few.method == "none"
    assert "too few for a mixed model" in few.note
    # One pair and one patient without a partner: the pair alone is no replicate.
    lone = samples.compare_samples(
        np.arange(3.0), np.array([0, 1, 1], bool), np.array([0, 0, 1]), alpha=0.05
    )
    assert lone.method == "none"
    assert "no replicate" in lone.note


def test_patients_with_one_sample_each_are_independent():
    rng = np.random.default_rng(5)
    values, treated = rng.normal(size=6), np.arange(6) < 3
    found = samples.compare_samples(values, treated, np.arange(6), alpha=0.05)
    assert found.method == "t test"
    expected = stats.ttest_ind(values[:3], values[3:]).pvalue
    assert found.pvalue == pytest.approx(expected)


@pytest.mark.slow
def test_sample_tests_keep_their_level():
    rng = np.random.default_rng(9)
    for n in (3, 4):
        treated = np.arange(2 * n) < n
        pvalues = [
            samples.compare_samples(
                rng.normal(size=2 * n), treated, np.zeros(2 * n, int), alpha=0.05
            ).pvalue
            for _ in range(1500)
        ]
        small = sum(p <= 0.05 for p in pvalues)
        # The exact test with 4 against 4 can only reach 2 / 70.
        assert stats.binomtest(small, 1500, 0.05, alternative="greater").pvalue > 1e-3
        assert small > 20


@pytest.mark.parametrize(
    ("before", "after", "paired"),
    [(2, 2, False), (3, 3, False), (4, 2, False), (3, 3, True), (4, 4, True)],
)
def test_few_samples_keep_the_level(before, after, paired):
    """`benchmarks/group_claims.py` does the same with cells."""
    rng = np.random.default_rng(before)
    treated = np.arange(before + after) >= before
    pair = np.arange(before + after) % before if paired else np.zeros(before + after)
    pair = pair.astype(np.int64)
    small = [
        samples.compare_samples(
            rng.normal(size=before + after) + 3.0 * pair, treated, pair, alpha=0.05
        ).pvalue
        <= 0.05
        for _ in range(1000)
    ]
    # 99.9% limits of 1,000 draws around 0.05.
    assert 0.027 <= np.mean(small) <= 0.075


def test_the_share_beyond_the_reference_has_no_pvalue_and_the_index_has_one():
    table = pd.DataFrame(
        {
            "group": ["untreated"] * 3 + ["treated"] * 3,
            "pair": list("abcdef"),
            "n_cells": 100,
            "n_beyond": [5, 5, 4, 20, 22, 25],
            "mean_index": [0.0, 0.1, -0.1, 1.0, 1.1, 0.9],
        }
    )
    found = comparison_table(
        table, "untreated", ["untreated", "treated"], alpha=0.05, seed=0
    ).set_index("measure")
    assert np.isnan(found.loc["fraction", "pvalue"])
    assert "held against fewer samples" in found.loc["fraction", "note"]
    assert found.loc["fraction", "difference"] > 1
    assert found.loc["index", "pvalue"] < 0.001


@pytest.mark.parametrize("n_strata", [1, 2])
def test_random_labelings_equal_a_loop_over_them(n_strata):
    rng = np.random.default_rng(n_strata)
    values = rng.normal(size=24).round(1)
    treated = np.arange(24) % 3 == 0
    strata = np.array_split(rng.permutation(24), n_strata)
    assert samples.n_arrangements(treated, strata) > samples._MOST
    ours, slow = np.random.default_rng(4), np.random.default_rng(4)
    found = samples._permutation(values, treated, strata, ours)
    observed = abs(samples._difference(values, treated, strata)) * (1 - 1e-9)
    hits = 1
    for _ in range(samples._MOST):
        labels = treated.copy()
        for rows in strata:
            labels[rows] = slow.permutation(treated[rows])
        hits += abs(samples._difference(values, labels, strata)) >= observed
    assert found == hits / (samples._MOST + 1)
    assert ours.bit_generator.state == slow.bit_generator.state
