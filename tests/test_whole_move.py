"""The test of all features together, and the table of public replicate libraries."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from dtpscore._statistics.moderated import (
    NOTHING_KNOWN,
    Prior,
    borrowed_prior,
    fit_prior,
    independent_features,
    typical_variance,
)
from dtpscore._statistics.moves import whole_move
from dtpscore._statistics.public_libraries import ASSUMED, _table, public_libraries


def arms(before, after):
    return np.arange(before + after) >= before


def slow_whole(means, treated, independent, prior=None):
    """The F statistic, written out."""
    n, features = means.shape
    k = int(treated.sum())
    square, squares = 0.0, 0.0
    for g in range(features):
        two, one = means[treated, g], means[~treated, g]
        square += (two.mean() - one.mean()) ** 2 / features
        squares += ((one - one.mean()) ** 2).sum() + ((two - two.mean()) ** 2).sum()
    freedom = (n - 2) * independent
    total = independent * squares / features
    if prior is not None:
        total += prior.freedom * prior.variance
        freedom += prior.freedom
    statistic = square / (total / freedom * (1 / k + 1 / (n - k)))
    return statistic, stats.f.sf(statistic, independent, freedom)


@pytest.mark.parametrize(("before", "after"), [(2, 1), (3, 2), (6, 3)])
@pytest.mark.parametrize("prior", [None, Prior(0.4, 3.0, ASSUMED)])
def test_whole_move_is_that_of_the_slow_reference(before, after, prior):
    means = np.random.default_rng(0).normal(size=(before + after, 9))
    found = whole_move(means, arms(before, after), independent=4.0, prior=prior)
    slow = slow_whole(means, arms(before, after), 4.0, prior)
    assert (found.statistic, found.pvalue) == pytest.approx(slow)


def test_one_feature_and_two_arms_are_the_t_test():
    values = np.random.default_rng(1).normal(size=6)
    found = whole_move(values, arms(3, 3), independent=1.0)
    assert found.pvalue == pytest.approx(stats.ttest_ind(values[:3], values[3:]).pvalue)


def test_one_sample_each_needs_the_prior():
    means = np.array([[0.0, 0.0], [1.0, -1.0]])
    alone = whole_move(means, arms(1, 1), independent=2.0)
    assert np.isnan([alone.pvalue, alone.low, alone.high]).all()
    assert alone.size == pytest.approx(1.0)
    prior = Prior(0.02, 3.0, ASSUMED)
    found = whole_move(means, arms(1, 1), independent=2.0, prior=prior)
    assert found.statistic == pytest.approx(1 / 0.04)
    assert found.pvalue == pytest.approx(stats.f.sf(25, 2, 3))


@pytest.mark.parametrize(("before", "after"), [(2, 1), (2, 2), (3, 3), (6, 1)])
def test_whole_move_holds_its_level_with_correlated_features(before, after):
    rng = np.random.default_rng(2)
    # Five blocks of features that are one each: 40 features are worth five.
    small = []
    for _ in range(600):
        means = np.repeat(rng.normal(size=(before + after, 5)), 8, axis=1)
        small.append(
            whole_move(means, arms(before, after), independent=5.0).pvalue <= 0.05
        )
    # 99.9% limits of 600 draws around 0.05.
    assert 0.02 <= np.mean(small) <= 0.08


def test_too_many_independent_features_are_too_sure():
    rng = np.random.default_rng(3)
    small = []
    for _ in range(300):
        means = np.repeat(rng.normal(size=(3, 5)), 8, axis=1)
        small.append(whole_move(means, arms(2, 1), independent=40.0).pvalue <= 0.05)
    assert np.mean(small) > 0.15


@pytest.mark.parametrize("size", [0.0, 1.0, 3.0])
def test_interval_of_the_size_covers(size):
    rng = np.random.default_rng(4)
    covered, n_features = [], 20
    for _ in range(300):
        means = rng.normal(size=(4, n_features))
        means[2:] += size
        found = whole_move(means, arms(2, 2), independent=float(n_features))
        covered.append(found.low <= size <= found.high)
    # 99.9% limits of 300 draws around 0.95; a small size is covered more often.
    assert np.mean(covered) >= 0.90
    if size == 3.0:
        assert np.mean(covered) <= 0.985


def test_size_is_what_is_left_after_chance():
    rng = np.random.default_rng(5)
    means = rng.normal(scale=0.1, size=(6, 4000))
    means[3:] += 0.3
    found = whole_move(means, arms(3, 3), independent=4000.0)
    assert found.size == pytest.approx(0.3, abs=0.01)
    assert found.low < 0.3 < found.high


def test_typical_variance_is_the_half_of_the_prior():
    rng = np.random.default_rng(6)
    true = 5 * 0.03 / rng.chisquare(5, 20_000)
    variances = true * rng.chisquare(2, 20_000) / 2
    prior = fit_prior(variances, 2)
    assert typical_variance(variances, 2, prior.freedom) == pytest.approx(
        prior.variance
    )
    assert typical_variance(variances, 2, 5.0) == pytest.approx(0.03, rel=0.05)
    with pytest.raises(ValueError, match="No feature varies"):
        typical_variance([0.0, 0.0], 2, 5.0)


def test_borrowed_prior_weighs_the_experiment_against_the_public():
    variances = np.full(10, 0.04)
    public = Prior(0.01, 8.0, ASSUMED)
    kinds = {"feature_freedom": np.inf, "independent": 4.0}
    own = typical_variance(variances, 2, np.inf)
    alone = borrowed_prior(variances, 2, **kinds)
    assert (alone.variance, alone.freedom) == (pytest.approx(own), 8.0)
    both = borrowed_prior(variances, 2, public=public, **kinds)
    assert both.variance == pytest.approx((own + 0.01) / 2)
    assert both.freedom == 16.0
    assert ASSUMED in both.source
    # Features are never more alike than the features of one experiment are.
    limited = borrowed_prior(variances, 2, feature_freedom=3.0, independent=4.0)
    assert limited.freedom == 3.0


def test_one_sample_each_borrows_the_public_prior_or_nothing():
    public = Prior(0.01, 2.0, ASSUMED)
    kinds = {"feature_freedom": 5.0, "independent": 4.0}
    assert borrowed_prior([np.nan], 0, public=public, **kinds) == public
    with pytest.raises(ValueError, match="no prior"):
        borrowed_prior([np.nan], 0, **kinds)


def test_public_libraries_come_from_the_rows_of_the_table():
    found, groups = public_libraries(), _table()["group"]
    assert found.n_groups == len(groups)
    freedom = [one["libraries"] - 1 for one in groups]
    independent = independent_features(
        [one["held_out_squares"] for one in groups], freedom
    )
    assert found.independent == independent
    worth = [one * independent for one in freedom]
    prior = fit_prior([one["variance"] for one in groups], worth, source=ASSUMED)
    assert found.level == prior
    assert found.whole.source == ASSUMED


def test_public_libraries_say_little_of_a_new_experiment():
    """Experiments differ: the freedom is small, and so is the number of witnesses."""
    found = public_libraries()
    assert 1 < found.whole.freedom < 4
    assert 2 < found.independent < 8
    assert 0.05 < np.sqrt(found.whole.variance) < 0.2


def test_directions_of_public_experiments_are_worth_less_than_a_sample():
    """Groups of one study agree, which says little of another study."""
    groups = [one for one in _table()["group"] if "along_variance" in one]
    studies = {one["study"] for one in groups}
    assert len(studies) == 3
    fitted = fit_prior(
        [one["along_variance"] for one in groups],
        [one["libraries"] - 1 for one in groups],
        source=ASSUMED,
    )
    found = public_libraries().along
    assert found == fitted
    assert 0 < found.freedom < 1
    # The studies that are left are alike within themselves.
    assert public_libraries(["stauffer2024"]).along.freedom == 1
    assert public_libraries(["stauffer2024", "hayford2024"]).along == NOTHING_KNOWN


def test_a_study_is_left_out_of_what_judges_its_data():
    every = public_libraries()
    less = public_libraries(["stauffer2024"])
    assert less.n_groups == every.n_groups - 8
    assert less.whole.variance < every.whole.variance
    with pytest.raises(ValueError, match="three libraries"):
        public_libraries({one["study"] for one in _table()["group"]} - {"gse134839"})


def test_every_row_says_where_it_is_from():
    for row in _table()["group"]:
        assert row["source"]
        assert row["libraries"] >= 2
        assert 0 < row["variance"] <= row["mean_variance"] * 1.5
