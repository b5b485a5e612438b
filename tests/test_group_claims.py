"""Group claims with the sample as the unit: type I error, and what a design allows."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats

from dtpscore._statistics.moderated import Prior
from dtpscore._statistics.samples import (
    claim_group,
    exact_pvalue,
    n_arrangements,
    smallest_exact_pvalue,
)

PUBLIC = Prior(0.02, 5.0, "assumed from public replicate libraries")


def arms(before, after):
    return np.arange(before + after) >= before


@pytest.mark.parametrize(("before", "after"), [(2, 2), (4, 2), (7, 3), (3, 1)])
def test_claim_is_the_equal_variance_t_test(before, after):
    values = np.random.default_rng(0).normal(size=before + after)
    treated = arms(before, after)
    claim = claim_group(values, treated)
    if after > 1:
        other = stats.ttest_ind(values[treated], values[~treated])
        assert claim.pvalue == pytest.approx(other.pvalue)
        assert claim.low == pytest.approx(other.confidence_interval().low)
    assert claim.freedom == before + after - 2
    assert claim.method == "t test"
    assert not claim.assumed


def test_one_treated_sample_is_held_against_the_spread_of_the_others():
    values = np.array([0.0, 1.0, 2.0, 9.0])
    claim = claim_group(values, arms(3, 1))
    statistic = 8 / (1.0 * np.sqrt(1 + 1 / 3))
    assert claim.pvalue == pytest.approx(2 * stats.t.sf(statistic, 2))
    assert "single sample" in claim.note


def test_pairs_are_the_paired_t_test_whatever_their_order():
    rng = np.random.default_rng(1)
    before, after = rng.normal(size=(2, 5))
    order = rng.permutation(10)
    values = np.r_[before, after][order]
    pair = np.r_[np.arange(5), np.arange(5)][order]
    claim = claim_group(values, arms(5, 5)[order], pair=pair)
    other = stats.ttest_rel(after, before)
    assert claim.pvalue == pytest.approx(other.pvalue)
    assert claim.low == pytest.approx(other.confidence_interval().low)
    assert claim.method == "paired t test"


def test_samples_of_one_patient_and_arm_count_once():
    values = [1.0, 3.0, 5.0, 2.0, 4.0, 4.0]
    treated = [False, False, True, False, True, True]
    claim = claim_group(values, treated, pair=[0, 0, 0, 1, 1, 1])
    assert claim.freedom == 1
    assert claim.difference == pytest.approx(((5 - 2) + (4 - 2)) / 2)


def test_a_sample_without_a_partner_is_left_out_and_said():
    claim = claim_group(
        [1.0, 2.0, 1.5, 2.7, 9.0], [0, 1, 0, 1, 1], pair=[0, 0, 1, 1, 2]
    )
    assert claim.difference == pytest.approx(1.1)
    assert claim.note.startswith("Samples without a partner are left out: 1. 2 pairs")


def test_patients_without_partners_are_compared_unpaired_each_once():
    # Three libraries of one patient are no replicates of a difference between patients.
    claim = claim_group(
        [1.0, 1.1, 0.9, 3.0, 3.1, 2.9], arms(3, 3), pair=[0, 0, 0, 1, 1, 1]
    )
    assert claim.method == "none"
    assert np.isnan(claim.pvalue)
    four = claim_group([1.0, 1.2, 3.0, 3.2], arms(2, 2), pair=[0, 1, 2, 3])
    assert four.method == "t test"


def test_one_complete_patient_is_a_claim_about_this_patient():
    values = [1.0, 1.2, 3.0, 3.3, 7.0]
    claim = claim_group(values, [0, 0, 1, 1, 1], pair=[0, 0, 0, 0, 1])
    assert claim.freedom == 2
    assert "about this one alone" in claim.note


def test_one_sample_each_has_no_pvalue_and_says_what_would_help():
    claim = claim_group([1.0, 2.0], arms(1, 1))
    assert claim.method == "none"
    assert np.isnan([claim.pvalue, claim.low]).all()
    assert "no p-value is possible" in claim.note
    assert "second untreated sample" in claim.note


def test_a_prior_alone_is_called_assumed():
    claim = claim_group([0.0, 1.0], arms(1, 1), prior=PUBLIC)
    statistic = 1 / np.sqrt(2 * PUBLIC.variance)
    assert claim.pvalue == pytest.approx(2 * stats.t.sf(statistic, PUBLIC.freedom))
    assert claim.assumed
    assert "assumed from public replicate libraries, not measured here" in claim.note


def test_a_prior_beside_measured_samples_is_named_with_its_part():
    claim = claim_group([0.0, 0.2, 1.0, 1.1], arms(2, 2), prior=PUBLIC)
    assert (claim.freedom, claim.method) == (7.0, "moderated t test")
    assert not claim.assumed
    assert "7 degrees of freedom, 5 of them assumed from public" in claim.note


def test_a_group_alone_is_refused():
    with pytest.raises(ValueError, match="both arms"):
        claim_group([1.0, 2.0], [True, True])


def slow_exact(values, treated):
    n, k = len(values), int(sum(treated))

    def gap(rows):
        inside = [values[i] for i in rows]
        outside = [values[i] for i in range(n) if i not in rows]
        return abs(sum(inside) / len(inside) - sum(outside) / len(outside))

    observed = gap([i for i in range(n) if treated[i]])
    found = [gap(rows) >= observed - 1e-12 for rows in combinations(range(n), k)]
    return sum(found) / len(found)


@pytest.mark.parametrize(("before", "after"), [(2, 2), (3, 3), (4, 2), (5, 1), (1, 1)])
def test_exact_pvalue_is_that_of_the_slow_reference(before, after):
    rng = np.random.default_rng(2)
    for _ in range(5):
        values = rng.normal(size=before + after).round(1)
        treated = arms(before, after)
        assert exact_pvalue(values, treated) == pytest.approx(
            slow_exact(values, treated)
        )


def test_exact_pvalue_of_pairs_is_that_of_the_slow_reference():
    values = np.array([0.0, 0.1, 0.4, 1.0, 0.9, 0.3])
    pair = np.array([0, 1, 2, 0, 1, 2])
    gaps = values[3:] - values[:3]
    sums = [abs(np.dot(signs, gaps)) for signs in product((1, -1), repeat=3)]
    slow = np.mean([one >= abs(gaps.sum()) - 1e-12 for one in sums])
    assert exact_pvalue(values, arms(3, 3), pair=pair) == pytest.approx(slow)


@pytest.mark.parametrize(
    ("before", "after", "paired", "smallest"),
    [
        (1, 1, False, 1.0),
        (2, 1, False, 1 / 3),
        (2, 2, False, 2 / 6),
        (3, 3, False, 0.1),
        (4, 2, False, 1 / 15),
        (4, 4, False, 2 / 70),
        (19, 1, False, 0.05),
        (3, 3, True, 0.25),
        (6, 6, True, 2 / 64),
    ],
)
def test_smallest_exact_pvalue_is_reached_by_arms_far_apart(
    before, after, paired, smallest
):
    found = smallest_exact_pvalue(before, after, paired=paired)
    assert found == pytest.approx(smallest)
    treated = arms(before, after)
    values = 10.0 * treated + np.arange(before + after) / 100
    pair = np.arange(before + after) % before if paired else None
    assert exact_pvalue(values, treated, pair=pair) == pytest.approx(smallest)


def test_many_samples_take_random_labelings():
    rng = np.random.default_rng(3)
    values = rng.normal(size=40)
    values[20:] += 0.7
    assert n_arrangements(20, 20) > 20_000
    one = exact_pvalue(values, arms(20, 20), seed=1)
    assert one == exact_pvalue(values, arms(20, 20), seed=1)
    assert one == pytest.approx(
        stats.ttest_ind(values[20:], values[:20]).pvalue, abs=0.01
    )
    pair = np.r_[np.arange(20), np.arange(20)]
    paired = exact_pvalue(values, arms(20, 20), pair=pair)
    assert paired == pytest.approx(
        stats.ttest_rel(values[20:], values[:20]).pvalue, abs=0.01
    )


def null_values(kind, rng, n):
    """One quantity of n exchangeable samples."""
    if kind == "normal":
        return rng.normal(size=n)
    if kind == "heavy tails":
        return rng.standard_t(4, size=n)
    share = 1 / (1 + np.exp(3 - 0.5 * rng.normal(size=n)))
    cells = rng.integers(80, 800, size=n)
    counted = rng.binomial(cells, share)
    return np.log((counted + 0.5) / (cells - counted + 0.5))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["normal", "heavy tails", "log odds of shares"])
@pytest.mark.parametrize(
    ("before", "after", "paired"),
    [(2, 2, False), (3, 3, False), (4, 2, False), (3, 1, False), (3, 3, True)],
)
def test_type_one_error_is_nominal(kind, before, after, paired):
    rng = np.random.default_rng(4)
    treated, pair = arms(before, after), None
    if paired:
        pair = np.arange(before + after) % before
    rejected = np.zeros(2)
    n_runs = 1000
    for _ in range(n_runs):
        values = null_values(kind, rng, before + after)
        if paired:
            # Patients differ much more than arms do.
            values = values + 5 * rng.normal(size=before)[pair]
        claim = claim_group(values, treated, pair=pair)
        rejected += [claim.pvalue <= 0.05, claim.pvalue <= 0.01]
    # The 99.9% limits of 1,000 draws around 0.05 and 0.01; below is no fault.
    assert rejected[0] / n_runs <= 0.074
    assert rejected[1] / n_runs <= 0.022
