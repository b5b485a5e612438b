"""Parts of the calling statistic against slow, obvious versions of themselves."""

from __future__ import annotations

from itertools import permutations
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from dtpscore._calling import conformal, depth, evidence, index, samples, why
from dtpscore._calling.axes import axis_means
from dtpscore._calling.batch import call_group
from dtpscore._calling.confounders import confounder_table
from dtpscore._calling.features import Features
from dtpscore._calling.folds import Cells
from dtpscore._calling.line import fit_line
from dtpscore._calling.shift import _pooled, held_out_shift, library_shift, tolerance
from dtpscore._calling.states import Evidence, direction_supported, states
from dtpscore._calling.uncalibrated import mixture_note
from dtpscore._calling.unlabeled import positive_unlabeled

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


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=60))
def test_benjamini_hochberg_equals_statsmodels(pvalues):
    found = conformal.benjamini_hochberg(np.array(pvalues))
    assert found == pytest.approx(multipletests(pvalues, method="fdr_bh")[1])


@pytest.mark.parametrize(
    ("n_reference", "alpha"), [(100, 0.05), (399, 0.05), (99, 0.1)]
)
def test_smallest_share_is_the_share_at_which_calls_begin(n_reference, alpha):
    n_query = 1000
    least = int(np.ceil(conformal.smallest_share(n_reference, alpha) * n_query))
    pvalues = np.ones(n_query)
    pvalues[: least - 1] = 1 / (n_reference + 1)
    assert (conformal.benjamini_hochberg(pvalues) > alpha).all()
    pvalues[:least] = 1 / (n_reference + 1)
    assert (conformal.benjamini_hochberg(pvalues) <= alpha).sum() == least


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
    line = fit_line(position, 4.0, rounds=50)
    assert line.offset == pytest.approx(1.5, abs=0.15)
    assert line.share == pytest.approx(0.2, abs=0.03)
    assert line.gain > 50
    assert fit_line(rng.normal(size=1000), 4.0, rounds=50).gain < 5


def test_tolerance_is_the_prediction_bound():
    rng = np.random.default_rng(3)
    n, alpha = 4, 0.1
    draws = rng.normal(2, 3, (20_000, n + 1))
    over = [one[-1] > one[:-1].mean() + tolerance(one[:-1], alpha) for one in draws]
    assert np.mean(over) == pytest.approx(alpha, abs=0.01)
    assert tolerance(draws[0, :2], alpha) > 0


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
            features=index.standardized(values),
            sample=code,
            reference=code < n_samples,
            evidence=values[:, 0],
            fit=np.ones(len(code), bool),
            components=np.zeros((len(code), 0)),
            half=np.arange(len(code)) % 2 == 0,
        ),
        truth,
    )


def test_shift_calls_a_minority_and_spares_the_others():
    cells, truth = make_cells(0, persisters=0.3)
    found = held_out_shift(cells, alpha=0.05)
    query = ~cells.reference
    called = conformal.benjamini_hochberg(found.pvalue[query]) <= 0.05
    assert called[truth[query]].mean() > 0.8
    assert called[~truth[query]].mean() < 0.05
    # One ranking of the larger reading: between the readings and their sum.
    assert (found.pvalue >= found.readings.min(axis=1)).all()
    assert (found.pvalue <= found.readings.sum(axis=1)).all()
    assert found.pvalue.min() == pytest.approx(1 / (cells.reference.sum() + 1))
    assert found.score[query][truth[query]].mean() > 3


def test_library_offsets_are_no_calls():
    runs = []
    for seed in range(8):
        cells, _ = make_cells(seed, n=60, library=0.6)
        pvalue = held_out_shift(cells, alpha=0.05).pvalue[~cells.reference]
        runs.append((conformal.benjamini_hochberg(pvalue) <= 0.05).any())
    # A true share of 5% gives more than 2 of 8 in 6 of 1,000 cases.
    assert sum(runs) <= 2


def test_a_whole_sample_that_moved_is_called_with_enough_reference_samples():
    cells, truth = make_cells(
        4, n_samples=5, persisters=1.0, library=0.2, distance=4, n_query=2
    )
    found = held_out_shift(cells, alpha=0.05)
    called = conformal.benjamini_hochberg(found.pvalue[~cells.reference]) <= 0.05
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


def test_one_library_gives_a_library_shift_and_index_pvalues():
    cells, truth = make_cells(5, n_samples=1, persisters=0.5, library=0.0)
    rng = np.random.default_rng(0)
    values = rng.normal(size=len(truth)) + 4 * truth
    found = call_group(cells, values, alpha=0.05)
    query = ~cells.reference
    assert found.calibration["basis"] == "index"
    assert np.isnan(found.shift).all()
    expected = conformal.conformal_pvalues(values[cells.reference], values[query])
    assert found.pvalue[query] == pytest.approx(expected)
    score, weights = library_shift(cells)
    assert score == pytest.approx(found.library_shift)
    assert weights.shape == (20,)
    assert score[truth].mean() > score[query & ~truth].mean() + 2


def slow_permutation(values, treated):
    observed = values[treated].mean() - values[~treated].mean()
    hits = total = 0
    for order in permutations(range(len(values))):
        labels = treated[list(order)]
        difference = values[labels].mean() - values[~labels].mean()
        hits += abs(difference) >= abs(observed) - 1e-9
        total += 1
    return hits / total


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


def test_kept_share_gives_all_libraries_one_distribution():
    rng = np.random.default_rng(10)
    library = np.repeat([0, 1, 2], 300)
    counts = np.exp(rng.normal(8, 0.4, 900)) * np.array([1, 0.3, 2])[library]
    share = depth.kept_share(counts, library)
    assert ((share > 0) & (share <= 1)).all()
    left = counts * share
    quantiles = [np.quantile(left[library == one], [0.1, 0.5, 0.9]) for one in range(3)]
    assert np.allclose(quantiles[0], quantiles[1], rtol=0.02)
    assert np.allclose(quantiles[0], quantiles[2], rtol=0.02)
    assert share[library == 1] == pytest.approx(1)


def test_thinning_is_binomial_and_depends_on_names_alone():
    counts = sp.csr_matrix(np.full((40, 50), 20, dtype=np.float32))
    names = [f"cell{i}" for i in range(40)]
    share = np.full(40, 0.3)
    share[0] = 1

    def values(matrix, names, share, chunk):
        source = depth.thinned(matrix, share, names, seed=5)
        blocks = [source.read(a, b).toarray() for a, b in source.bounds(chunk)]
        return np.vstack(blocks)

    once = values(counts, names, share, 7)
    assert (once[0] == 20).all()
    part = once[1:].ravel()
    assert part.mean() == pytest.approx(6, abs=0.15)
    assert part.var() == pytest.approx(20 * 0.3 * 0.7, rel=0.1)
    assert np.array_equal(once, values(counts.toarray(), names, share, 40))
    turned = values(counts, names[::-1], share[::-1], 3)
    assert np.array_equal(once, turned[::-1])


def test_quality_counts_what_is_there():
    dense = np.array([[0, 3, 1.0], [2, 0, 2]])
    found = depth.measure(dense, ["A", "mt-B", "C"])
    assert found.counts == pytest.approx([4, 4])
    assert found.genes.tolist() == [2, 2]
    assert found.mitochondrial == pytest.approx([0.75, 0])
    assert found.are_counts
    logs = depth.measure(np.log1p(dense), ["A", "B", "C"])
    assert logs.are_logs
    assert np.isnan(logs.mitochondrial).all()
    assert depth.measure(dense - 1, ["A", "B", "C"]).negative


def test_reference_units_are_robust():
    values = np.r_[np.arange(11.0), 1000.0]
    found = index.reference_units(values, np.arange(12) < 11)
    assert found[5] == 0
    assert found[8] == pytest.approx(3 / (1.4826 * 3))


def make_evidence(**changes):
    n = 8
    fields = {
        "reference": np.arange(n) < 4,
        "low_quality": np.zeros(n, bool),
        "calibrated": np.ones(n, bool),
        "called": np.arange(n) >= 5,
        "index": np.array([-1, 0, 0, 1, 0, 3, 3, -9.0]),
        "proliferation": np.array([-1, 0, 0, 1, 0, -2, 2, -2.0]),
        "supported": np.ones(n, bool),
        "early": np.zeros(n, bool),
        "unstable": False,
    }
    return Evidence(**{**fields, **changes})


def test_states_follow_the_rules_in_order():
    state, reason = states(make_evidence())
    assert state.tolist() == [
        *["parental-like"] * 5,
        "DTP-like",
        "DTP-like cycling",
        "uncertain",
    ]
    assert reason[7].endswith("index of the cell is low")
    for change, words in (
        ({"early": np.ones(8, bool)}, "too early"),
        ({"supported": np.zeros(8, bool)}, "index not up"),
        ({"unstable": True}, "reference samples differ"),
        ({"calibrated": np.zeros(8, bool)}, "not calibrated"),
    ):
        state, reason = states(make_evidence(**change))
        assert state[5] == state[6] == "uncertain"
        assert words in reason[5]
    state, _ = states(make_evidence(low_quality=np.arange(8) == 5))
    assert state[5] == "low quality"


def test_direction_must_beat_every_reference_sample():
    values = np.array([0, 0, 1.0, 1, 0.8, 0.8])
    reference = np.arange(6) < 4
    sample = np.array([0, 0, 1, 1, 2, 2])
    called = ~reference
    assert not direction_supported(values, called, reference, sample)
    assert direction_supported(values + 0.5 * called, called, reference, sample)
    assert not direction_supported(values, np.zeros(6, bool), reference, sample)


def test_evidence_climbs_without_gaps():
    def at(*met):
        return evidence.level(evidence.Grounds(*met))

    assert at(False, False, False, False) == "E0"
    assert at(True, False, True, True) == "E1"
    assert at(True, True, False, True) == "E2"
    assert at(True, True, True, True) == "E4"


def test_contributions_add_up_to_the_linear_part():
    rng = np.random.default_rng(11)
    features, weights = rng.normal(size=(30, 5)), rng.normal(size=5)
    reference = np.arange(30) < 15
    parts, names = why.contributions(
        features, weights, ["a", "b", "a", "c", "b"], reference
    )
    assert names == ["a", "b", "c"]
    whole = features @ weights
    difference = parts.sum(axis=1) - whole
    assert difference == pytest.approx(difference[0] * np.ones(30), abs=1e-5)


def test_axis_reading_compares_with_what_is_published():
    bounds = (-0.1, 0.1)
    assert why.reading(0.5, "up", bounds) == "agrees"
    assert why.reading(-0.5, "up", bounds) == "opposite"
    assert why.reading(0.05, "up", bounds) == "not beyond random gene sets"
    assert "disagree" in why.reading(0.5, "two-sided", bounds)


def test_confounders_are_measured_within_arms():
    rng = np.random.default_rng(13)
    arm = np.arange(200) < 100
    counts = rng.normal(size=200) + 10 * arm
    score = -5.0 * arm + rng.normal(size=200) * 0.1 + counts * arm
    table = confounder_table(
        {"index": score}, {"counts": counts}, {"query": ~arm, "reference": arm}
    ).set_index("arm")["spearman"]
    expected = stats.spearmanr(score[arm], counts[arm]).statistic
    assert table["reference"] == pytest.approx(expected)
    assert abs(table["query"]) < 0.3


def test_mixture_note_sees_two_parts_where_there_are_two():
    rng = np.random.default_rng(14)
    one = rng.normal(size=600)
    assert mixture_note(one, seed=0)[0] < 0
    gain, sentence = mixture_note(np.r_[one, one + 6], seed=0)
    assert gain > 0
    assert "two parts" in sentence
    assert "not calibrated" in sentence


def test_axes_are_means_of_features_that_were_turned():
    """A signature that stands against its axis counts with the opposite sign."""
    values = np.array([[1.0, 3.0, 5.0], [2.0, -2.0, 0.0]])
    found = Features(
        values=values,
        names=["a", "b", "c"],
        axis=["x", "x", "y"],
        sign=[1.0, -1.0, 1.0],
        index=values[:, 0],
        proliferation=values[:, 0],
        nuisance={},
        random=values,
        coverage=pd.DataFrame(),
    )
    assert axis_means(found, np.arange(2)).tolist() == [[-1.0, 5.0], [2.0, 0.0]]
