"""The statistic of a call against slow, obvious versions of itself."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dtpscore._calling import conformal
from dtpscore._calling.cells import Cells, standardized
from dtpscore._calling.folds import positive_unlabeled
from dtpscore._calling.group import call_group, leave_one_out
from dtpscore._calling.populations import Samples, fit_lines
from dtpscore._calling.shift import _pooled, held_out_shift, library_shift, tolerance
from dtpscore._statistics.moderated import Prior

SCORES = st.lists(st.integers(-5, 5), min_size=1, max_size=40)


@given(SCORES, SCORES)
def test_conformal_pvalues_count_the_reference(reference, query):
    found = conformal.conformal_pvalues(
        np.array(reference, float), np.array(query, float)
    )
    slow = [
        (1 + sum(one >= score for one in reference)) / (1 + len(reference))
        for score in query
    ]
    assert found == pytest.approx(slow)


def test_conformal_pvalues_of_exchangeable_cells_are_uniform_or_larger():
    rng = np.random.default_rng(0)
    small = [
        conformal.conformal_pvalues(rng.normal(size=99), rng.normal(size=1))[0] <= 0.05
        for _ in range(4000)
    ]
    assert stats.binomtest(sum(small), len(small), 0.05).pvalue > 0.001


@pytest.mark.parametrize(
    ("n_reference", "alpha"), [(100, 0.05), (399, 0.05), (99, 0.1)]
)
def test_smallest_share_is_the_share_at_which_calls_begin(n_reference, alpha):
    n_query = 1000
    least = int(np.ceil(conformal.smallest_share(n_reference, alpha) * n_query))
    pvalues = np.ones(n_query)
    pvalues[: least - 1] = 1 / (n_reference + 1)
    assert (stats.false_discovery_control(pvalues) > alpha).all()
    pvalues[:least] = 1 / (n_reference + 1)
    assert (stats.false_discovery_control(pvalues) <= alpha).sum() == least


def slow_grenander(pvalues):
    """Slope of the least concave majorant: max over ends of min over starts."""
    values = np.unique(pvalues)
    x = np.r_[0, values, 1] if values[-1] < 1 else np.r_[0, values]
    y = [np.mean(np.asarray(pvalues) <= one) for one in x]
    y[0] = 0.0
    density = []
    for p in pvalues:
        place = int(np.searchsorted(x, p))
        slopes = [
            max((y[j] - y[i]) / (x[j] - x[i]) for j in range(place, len(x)))
            for i in range(place)
        ]
        density.append(min(slopes))
    return np.array(density)


@settings(max_examples=60)
@given(st.lists(st.integers(1, 50), min_size=2, max_size=40))
def test_local_fdr_is_one_over_the_grenander_density(numbers):
    pvalues = np.array(numbers) / 50
    expected = np.clip(1 / np.maximum(slow_grenander(pvalues), 1e-9), 0, 1)
    assert conformal.local_fdr(pvalues) == pytest.approx(expected)


def test_positive_unlabeled_finds_the_direction_of_a_minority():
    rng = np.random.default_rng(1)
    null, mixed = rng.normal(size=(600, 8)), rng.normal(size=(600, 8))
    mixed[:90, 2] += 3
    weights, _ = positive_unlabeled(null, mixed)
    assert int(np.argmax(weights)) == 2
    assert weights[2] > 3 * np.abs(np.delete(weights, 2)).max()


def test_line_recovers_offset_and_share():
    rng = np.random.default_rng(2)
    position = np.r_[rng.normal(1.5, 1, 800), rng.normal(5.5, 1, 200)]
    alone = Samples.of(np.zeros(1000, np.int64))
    line = fit_lines(position, alone, 4.0, rounds=50)
    assert line.offset == pytest.approx(1.5, abs=0.15)
    assert line.share == pytest.approx(0.2, abs=0.03)
    assert line.gain > 50
    assert fit_lines(rng.normal(size=1000), alone, 4.0, rounds=50).gain < 5


def slow_line(position, distance, offset, share, rounds):
    """Expectation-maximization from one start, as it is written in textbooks."""
    for _ in range(rounds):
        low = (1 - share) * stats.norm.pdf(position, offset)
        high = share * stats.norm.pdf(position, offset + distance)
        upper = high / (low + high)
        share = min(max(upper.mean(), 1e-3), 0.97)
        offset = position.mean() - upper.mean() * distance
    low = (1 - share) * stats.norm.pdf(position, offset)
    both = low + share * stats.norm.pdf(position, offset + distance)
    single = stats.norm.logpdf(position, position.mean()).sum()
    penalized = np.log(both).sum() + 3 * np.log(1 - share)
    return penalized - single, offset, share, upper


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("distance", [1.0, 3.0])
def test_lines_are_the_best_of_slow_ones(share, distance):
    rng = np.random.default_rng(7)
    position = rng.normal(2, 1, 300) + distance * (rng.random(300) < share)
    found = fit_lines(position, Samples.of(np.zeros(300, np.int64)), distance)
    middle = position.mean()
    starts = [
        *np.quantile(position, (0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)),
        *(middle - distance * np.array((0.0, 0.05, 0.1, 0.25, 0.5, 0.75))),
    ]
    fits = [slow_line(position, distance, start, 0.2, 8) for start in starts]
    gain, offset, of_upper, upper = max(fits, key=lambda fit: fit[0])
    assert found.gain[0] == pytest.approx(gain, abs=1e-6)
    assert found.offset[0] == pytest.approx(offset)
    assert found.share[0] == pytest.approx(of_upper)
    assert found.upper == pytest.approx(upper)
    again = fit_lines(
        position, Samples.of(np.zeros(300, np.int64)), distance, shares=np.array([0.4])
    )
    two = [
        slow_line(position, distance, middle - distance * one, one, 8)
        for one in (0.4, 0.2)
    ]
    assert again.gain[0] == pytest.approx(max(fit[0] for fit in two), abs=1e-6)


def test_lines_of_many_samples_are_those_of_each_alone():
    rng = np.random.default_rng(4)
    sample = rng.permutation(np.repeat([5, 2, 9], [90, 60, 120]))
    position = rng.normal(size=270) + 3 * (rng.random(270) < 0.3) + sample
    found = fit_lines(position, Samples.of(sample), 3.0)
    for place, name in enumerate((2, 5, 9)):
        rows = sample == name
        alone = fit_lines(position[rows], Samples.of(sample[rows]), 3.0)
        for what in ("offset", "share", "gain"):
            ours, theirs = getattr(found, what)[place], getattr(alone, what)[0]
            assert ours == pytest.approx(theirs)
        assert found.upper[rows] == pytest.approx(alone.upper)


@pytest.mark.slow
def test_tolerance_is_the_prediction_bound():
    rng = np.random.default_rng(3)
    n, alpha = 4, 0.1
    draws = rng.normal(2, 3, (20_000, n + 1))
    over = [one[-1] > one[:-1].mean() + tolerance(one[:-1], alpha) for one in draws]
    assert np.mean(over) == pytest.approx(alpha, abs=0.01)
    assert tolerance(draws[0, :2], alpha) > 0


def test_tolerance_is_drawn_toward_the_prior_as_smyth_does():
    """Sums of squares are added, and so are degrees of freedom (Smyth 2004)."""
    centers, prior = np.array([0.3, -0.1, 0.4]), Prior(0.2, 1.5)
    squares = ((centers - centers.mean()) ** 2).sum() + 1.5 * 0.2
    expected = stats.t.ppf(0.975, 3.5) * np.sqrt(squares / 3.5 * (1 + 1 / 3))
    assert tolerance(centers, 0.025, prior=prior) == pytest.approx(expected)
    # Two libraries that happen to be alike do not say that libraries are alike.
    alike = np.array([0.0, 1e-6])
    assert tolerance(alike, 0.025, prior=prior) > 1


def test_replicates_of_the_group_narrow_the_tolerance_and_never_widen_it():
    centers = np.array([0.3, -0.3])
    alone = tolerance(centers, 0.025)
    # Two models that see the same two replicates.
    alike = np.array([[5.0, 5.2], [4.9, 5.1]])
    squares = 0.18 + 0.02
    expected = stats.t.ppf(0.975, 2) * np.sqrt(squares / 2 * 1.5)
    assert tolerance(centers, 0.025, replicates=alike) == pytest.approx(expected)
    assert expected < alone
    unlike = np.array([[1.0, 90.0], [2.0, 95.0]])
    assert tolerance(centers, 0.025, replicates=unlike) == pytest.approx(alone)
    assert tolerance(centers, 0.025, replicates=alike[:, :1]) == pytest.approx(alone)


def test_tolerance_with_the_prior_holds_where_experiments_differ():
    """A variance that is drawn from the prior, as the prior says variances are."""
    rng = np.random.default_rng(4)
    prior, alpha = Prior(0.06, 0.9), 0.1
    spread = np.sqrt(prior.variance * prior.freedom / rng.chisquare(0.9, 5000))
    draws = rng.normal(size=(5000, 3)) * spread[:, None]
    over = [
        one[2] > one[:2].mean() + tolerance(one[:2], alpha, prior=prior)
        for one in draws
    ]
    assert np.mean(over) == pytest.approx(alpha, abs=0.015)


def make_cells(
    seed, *, n_samples=3, n=200, persisters=0.0, library=0.5, distance=5.0, n_query=1
):
    """Reference and query libraries with offsets of their own."""
    rng = np.random.default_rng(seed)
    features, sample, truth = [], [], []
    direction = np.zeros(20)
    direction[:4] = distance / 2
    for code in range(n_samples + n_query):
        part = rng.normal(size=(n, 20)) + library * rng.normal(size=20)
        is_query = code >= n_samples
        changed = np.arange(n) < (round(persisters * n) if is_query else 0)
        part[changed] += direction
        features.append(part)
        sample.append(np.full(n, code))
        truth.append(changed)
    values = np.vstack(features)
    code = np.concatenate(sample)
    truth = np.concatenate(truth)
    return (
        Cells(
            features=standardized(values),
            sample=code,
            reference=code < n_samples,
            evidence=values[:, 0],
            fit=np.ones(len(code), bool),
            fit_mixed=np.ones(len(code), bool),
            components=np.zeros((len(code), 0)),
            half=np.arange(len(code)) % 2 == 0,
        ),
        truth,
    )


def test_shift_calls_a_minority_and_spares_the_others():
    cells, truth = make_cells(0, persisters=0.3)
    found = held_out_shift(cells, alpha=0.05, folds=6)
    query = ~cells.reference
    called = stats.false_discovery_control(found.pvalue[query]) <= 0.05
    assert called[truth[query]].mean() > 0.8
    assert called[~truth[query]].mean() < 0.05
    # One ranking of the larger reading: between the readings and their sum.
    assert (found.pvalue >= found.readings.min(axis=1)).all()
    assert (found.pvalue <= found.readings.sum(axis=1)).all()
    assert found.pvalue.min() == pytest.approx(1 / (cells.reference.sum() + 1))
    assert found.score[query][truth[query]].mean() > 3


def test_calls_do_not_depend_on_the_number_of_threads():
    cells, _ = make_cells(0, n=40, n_samples=4, persisters=0.3)
    one, three = (call_group(cells, alpha=0.05, n_workers=number) for number in (1, 3))
    for name in ("shift", "pvalue", "qvalue", "tail", "coefficients"):
        first, second = getattr(one, name), getattr(three, name)
        np.testing.assert_array_equal(first, second)
    shares = [leave_one_out(cells, alpha=0.05, n_workers=number) for number in (1, 3)]
    assert shares[0] == shares[1]
    assert set(shares[0]) == set(np.unique(cells.sample[cells.reference]))


@pytest.mark.slow
def test_library_offsets_are_no_calls():
    runs = []
    for seed in range(8):
        cells, _ = make_cells(seed, n=60, library=0.6)
        pvalue = held_out_shift(cells, alpha=0.05, folds=6).pvalue[~cells.reference]
        runs.append((stats.false_discovery_control(pvalue) <= 0.05).any())
    # A true share of 5% gives more than 2 of 8 in 6 of 1,000 cases.
    assert sum(runs) <= 2


@pytest.mark.slow
def test_a_whole_sample_that_moved_is_called_with_enough_reference_samples():
    cells, truth = make_cells(
        4, n_samples=5, persisters=1.0, library=0.2, distance=4, n_query=2
    )
    found = held_out_shift(cells, alpha=0.05, folds=6)
    called = stats.false_discovery_control(found.pvalue[~cells.reference]) <= 0.05
    assert called.mean() > 0.8
    assert found.readings[truth, 1].mean() < found.readings[truth, 0].mean()


def test_pooled_pvalues_are_counts_over_folds():
    cells, _ = make_cells(1, n_samples=3, n=6)
    rng = np.random.default_rng(2)
    folds, values, tested = [], [], []
    for one in range(3):
        rows = np.flatnonzero((cells.sample == one) | (cells.sample == 3))
        folds.append(SimpleNamespace(rows=rows, held=cells.sample[rows] == one))
        values.append(rng.normal(size=len(rows)))
        tested.append(values[-1] - 0.3)
    found = _pooled(cells, folds, values, tested)
    for place in range(6):
        above = 0
        for fold, one, mine in zip(folds, values, tested, strict=True):
            above += (one[fold.held] >= mine[~fold.held][place]).sum()
        assert found[18 + place] == (1 + above) / 19
    others = np.concatenate([values[k][folds[k].held] for k in (0, 2)])
    own = tested[1][folds[1].held]
    expected = [(1 + (others >= one).sum()) / 13 for one in own]
    assert found[6:12] == pytest.approx(expected)


@pytest.mark.slow
def test_one_library_is_read_inside_samples_and_gives_a_library_shift():
    cells, truth = make_cells(5, n_samples=1, persisters=0.3, library=0.0)
    found = call_group(cells, alpha=0.05)
    query = ~cells.reference
    assert found.calibration["basis"] == "inside samples"
    assert found.calibration["tolerance"] == np.inf
    called = found.qvalue <= 0.05
    assert called[truth].mean() > 0.5
    assert called[query & ~truth].mean() < 0.05
    score, weights = library_shift(cells)
    assert score == pytest.approx(found.library_shift)
    assert weights.shape == (20,)
    assert score[truth].mean() > score[query & ~truth].mean() + 2


def test_one_library_cannot_show_a_move_of_a_whole_sample():
    cells, _ = make_cells(6, n_samples=1, persisters=1.0, library=1.0)
    found = call_group(cells, alpha=0.05)
    assert not (found.qvalue <= 0.05).any()


def test_every_sample_counts_the_same_whatever_its_size():
    """With sixteen times the cells in one mixed sample the direction stays."""
    rng = np.random.default_rng(8)
    null = rng.normal(size=(300, 6))
    small, large = rng.normal(size=(50, 6)), rng.normal(size=(50, 6))
    small[:, 0] += 2
    large[:, 1] += 2
    often = np.repeat(large, 16, axis=0)
    even, _ = positive_unlabeled(null, np.vstack([small, large]), rounds=1)
    worth = np.ones(300), np.r_[np.ones(50), np.full(800, 1 / 16)]
    same, _ = positive_unlabeled(null, np.vstack([small, often]), worth=worth, rounds=1)
    assert same == pytest.approx(even, rel=0.05, abs=0.02)


@pytest.mark.slow
def test_with_many_samples_several_are_held_out_at_a_time():
    cells, _ = make_cells(9, n_samples=5, n=30, library=0.2)
    each = held_out_shift(cells, alpha=0.05, folds=9)
    two = held_out_shift(cells, alpha=0.05, folds=2)
    for found in (each, two):
        assert np.isfinite(found.pvalue).all()
        assert found.pvalue[~cells.reference].min() >= 1 / 151
    assert not np.allclose(each.pvalue, two.pvalue)
