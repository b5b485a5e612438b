"""Intervals over two to eight samples: coverage, and agreement with other packages."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.stats.weightstats as sw
from scipy import stats
from scipy.special import expit

from dtpscore._statistics.intervals import (
    difference_interval,
    mean_interval,
    return_interval,
    returned_part,
    share_interval,
)

N_RUNS = 1500
# 99.9% limits of 1,500 draws around 0.95, rounded outward.
LOW, HIGH = 0.93, 0.97
SIZES = (2, 3, 4, 6, 8)


def covers(interval, truth):
    return interval.low <= truth <= interval.high


def test_mean_interval_is_that_of_statsmodels():
    values = np.random.default_rng(0).normal(size=5)
    found = mean_interval(values, level=0.9)
    other = sw.DescrStatsW(values).tconfint_mean(alpha=0.1)
    assert (found.low, found.high) == pytest.approx(other)


@pytest.mark.parametrize("size", [3, 6])
def test_difference_of_equal_arms_is_that_of_statsmodels(size):
    first, second = np.random.default_rng(1).normal(size=(2, size))
    found = difference_interval(first, second)
    compared = sw.CompareMeans(sw.DescrStatsW(second), sw.DescrStatsW(first))
    assert (found.low, found.high) == pytest.approx(compared.tconfint_diff())


def test_difference_of_unequal_arms_has_the_freedom_of_the_design():
    first, second = np.array([0.0, 1.0, 2.0, 4.0]), np.array([3.0, 5.0])
    error = np.sqrt(first.var(ddof=1) / 4 + second.var(ddof=1) / 2)
    freedom = (1 / 4 + 1 / 2) ** 2 / (1 / 16 / 3 + 1 / 4 / 1)
    reach = stats.t.ppf(0.975, freedom) * error
    found = difference_interval(first, second)
    assert found.high - found.low == pytest.approx(2 * reach)
    assert found.estimate == pytest.approx(4 - 1.75)


@pytest.mark.parametrize(
    "found",
    [
        mean_interval([1.0]),
        difference_interval([1.0], [2.0, 3.0]),
        share_interval([5], [10]),
        return_interval([1.0, 2.0], [False, True]),
        returned_part([0.0], [1.0], [0.5]),
    ],
)
def test_one_sample_has_no_interval(found):
    assert np.isnan([found.low, found.high]).all()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("spread", [1.0, 2.0])
def test_difference_covers_with_arms_of_one_size(size, spread):
    rng = np.random.default_rng(size)
    hits = [
        covers(
            difference_interval(rng.normal(size=size), spread * rng.normal(size=size)),
            0.0,
        )
        for _ in range(N_RUNS)
    ]
    assert LOW - 0.005 <= np.mean(hits) <= HIGH


@pytest.mark.parametrize(("before", "after"), [(4, 2), (2, 4), (6, 3), (8, 2)])
@pytest.mark.parametrize("spread", [0.5, 1.0, 2.0])
def test_difference_covers_no_less_with_arms_of_other_sizes(before, after, spread):
    rng = np.random.default_rng(before)
    hits = [
        covers(
            difference_interval(
                rng.normal(size=before), spread * rng.normal(size=after)
            ),
            0.0,
        )
        for _ in range(N_RUNS)
    ]
    assert np.mean(hits) >= LOW - 0.02


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("center", "spread"), [(0.05, 0.6), (0.3, 0.6), (0.5, 1.0), (0.85, 0.6)]
)
def test_share_covers(size, center, spread):
    rng = np.random.default_rng(size)
    middle = np.log(center / (1 - center))
    cells = 300
    hits = []
    for _ in range(N_RUNS):
        share = expit(middle + spread * rng.normal(size=size))
        counted = rng.binomial(cells, share)
        found = share_interval(counted, np.full(size, cells))
        hits.append(covers(found, center))
    assert LOW <= np.mean(hits) <= HIGH + 0.012


@pytest.mark.parametrize("size", SIZES)
def test_share_does_not_cover_less_where_samples_agree(size):
    rng = np.random.default_rng(size)
    hits = [
        covers(share_interval(rng.binomial(300, 0.1, size), np.full(size, 300)), 0.1)
        for _ in range(N_RUNS)
    ]
    assert np.mean(hits) >= LOW


def test_share_is_never_narrower_than_the_counts():
    found = share_interval([10, 10, 10], [100, 100, 100])
    odds = np.log(10.5 / 90.5)
    reach = stats.norm.ppf(0.975) * np.sqrt((1 / 10.5 + 1 / 90.5) / 3)
    assert found.low == pytest.approx(expit(odds - reach))
    assert found.high == pytest.approx(expit(odds + reach))


def test_share_of_none_and_all_stays_between_0_and_1():
    for counted in ([0, 0], [50, 50]):
        found = share_interval(counted, [50, 50])
        assert 0 < found.low < found.estimate < found.high < 1


def test_return_in_one_stratum_compares_the_arms():
    values = [3.0, 3.2, 1.0, 1.4]
    found = return_interval(values, [0, 0, 1, 1])
    assert found == difference_interval(values[:2], values[2:])
    # One tumor has both arms: samples are the units, not the tumor.
    assert return_interval(values, [0, 0, 1, 1], stratum=[5, 5, 5, 5]) == found


def test_return_in_several_tumors_counts_each_tumor_once():
    values = np.array([3.0, 3.4, 1.0, 5.0, 2.0, 4.0, 1.5])
    holiday = [0, 0, 1, 0, 1, 0, 1]
    tumor = [0, 0, 0, 1, 1, 2, 2]
    found = return_interval(values, holiday, stratum=tumor)
    assert found == mean_interval([1.0 - 3.2, 2.0 - 5.0, 1.5 - 4.0])
    assert found.n == 3


@pytest.mark.parametrize("size", [2, 3, 4, 6, 8])
def test_return_is_not_seen_where_nothing_returns(size):
    """The percentile bootstrap excluded 0 in 0.31 and 0.20 of such experiments."""
    rng = np.random.default_rng(size)
    holiday = np.arange(2 * size) >= size
    out = [
        not covers(return_interval(rng.normal(size=2 * size), holiday), 0.0)
        for _ in range(N_RUNS)
    ]
    assert np.mean(out) <= 0.07


def slow_fieller(arms, level):
    """Values of the part that a t test does not reject, on a fine grid."""
    n = [len(one) for one in arms]
    freedom = sum(n) - 3
    pooled = sum(((one - one.mean()) ** 2).sum() for one in arms) / freedom
    quantile = stats.t.ppf((1 + level) / 2, freedom)
    kept = []
    for part in np.linspace(-5, 5, 100_001):
        weights = (part, 1 - part, -1.0)
        value = sum(w * one.mean() for w, one in zip(weights, arms, strict=True))
        error = np.sqrt(pooled * sum(w**2 / k for w, k in zip(weights, n, strict=True)))
        if abs(value) <= quantile * error:
            kept.append(part)
    return kept[0], kept[-1]


@pytest.mark.slow
def test_returned_part_is_that_of_the_slow_reference():
    arms = [np.array([0.1, -0.2, 0.0]), np.array([3.0, 3.3]), np.array([1.0, 1.6, 1.2])]
    found = returned_part(*arms)
    assert (found.low, found.high) == pytest.approx(slow_fieller(arms, 0.95), abs=2e-4)
    middle = (arms[1].mean() - arms[2].mean()) / (arms[1].mean() - arms[0].mean())
    assert found.estimate == pytest.approx(middle)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("part", [0.0, 0.5, 1.0])
def test_returned_part_covers(size, part):
    rng = np.random.default_rng(size)
    hits = []
    for _ in range(N_RUNS):
        arms = rng.normal(size=(3, size)) + np.array([[0.0], [20], [20 * (1 - part)]])
        hits.append(covers(returned_part(*arms), part))
    assert LOW <= np.mean(hits) <= HIGH


def test_no_part_where_the_way_is_not_resolved():
    rng = np.random.default_rng(3)
    found = returned_part(*rng.normal(size=(3, 3)))
    assert np.isnan([found.estimate, found.low, found.high]).all()
