"""Components of expression that a shift may learn from, beside the signatures."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats

import dtpscore as dtp
from dtpscore import _keys, signatures
from dtpscore._calling import components, reasons
from dtpscore._calling.cells import Cells, every_other, standardized, weighed_like
from dtpscore._calling.folds import hold_out, whitened
from dtpscore._calling.populations import Samples, fit_lines
from dtpscore._calling.second_population import (
    THRESHOLD,
    second_population,
    split_log_ratio,
)


@pytest.fixture(scope="module")
def counts():
    """Two kinds of cells that differ in 20 genes."""
    rng = np.random.default_rng(0)
    mean = rng.gamma(1, 1, 300)
    kind = np.arange(160) % 4 == 0
    changed = np.where(np.arange(300) < 20, 4.0, 1.0)
    rates = mean * np.where(kind[:, None], changed, 1.0) * rng.uniform(0.5, 2, (160, 1))
    return sp.csr_matrix(rng.poisson(rates).astype(float)), kind


def slow_components(counts, n):
    """Log values less what depth explains, singular vectors of all of it."""
    dense = counts.toarray()
    logs = np.log1p(dense / dense.sum(axis=1, keepdims=True) * 1e4)
    seen = (dense > 0).mean(axis=0) >= 0.02
    depth = np.log((dense > 0).sum(axis=1))
    design = np.column_stack([np.ones(len(depth)), depth, depth**2])
    rest = logs - design @ np.linalg.pinv(design) @ logs
    left, sizes, _ = np.linalg.svd(
        rest[:, seen] / logs.std(axis=0)[seen], full_matrices=False
    )
    return left[:, :n] * sizes[:n]


def compute(counts, batches, library=None, **choices):
    n = counts.shape[0]
    library = np.zeros(n, np.int64) if library is None else library
    keys = np.arange(n).astype(np.uint64)
    choices = {"normalize": "log1p", **choices}
    return components.compute(counts, batches, library, keys, **choices)


@pytest.mark.slow
def test_components_equal_singular_vectors(counts):
    matrix, kind = counts
    found = compute(matrix, [np.arange(160)])
    expected = slow_components(matrix, 20)
    assert found.shape == (160, 20)
    for mine, theirs in zip(found.T, expected.T, strict=True):
        assert mine * np.sign(mine @ theirs) == pytest.approx(theirs, abs=1e-3)
    assert abs(np.corrcoef(found[:, 0], kind)[0, 1]) > 0.8


def test_depth_is_no_component(counts):
    matrix, _ = counts
    detected = np.log(np.diff(matrix.indptr))
    found = compute(matrix, [np.arange(160)])
    for one in found.T:
        assert abs(stats.pearsonr(one, detected).statistic) < 1e-6


def test_batches_have_their_own_components(counts):
    matrix, _ = counts
    first, second = np.arange(70), np.arange(80, 160)
    both = compute(matrix, [first, second])
    assert np.array_equal(both[first], compute(matrix, [first])[first])
    assert not both[70:80].any()


def test_rows_and_storage_change_nothing(counts):
    matrix, _ = counts
    order = np.random.default_rng(1).permutation(160)
    place = np.argsort(order)
    keys = np.arange(160).astype(np.uint64)
    turned = components.compute(
        sp.csc_matrix(matrix[order]),
        [place],
        np.zeros(160, np.int64),
        keys[order],
        normalize="log1p",
    )
    assert np.array_equal(turned[place], compute(matrix, [np.arange(160)]))


def test_few_cells_or_genes_give_few_components(counts):
    matrix, _ = counts
    few = compute(matrix, [np.arange(5)])
    assert few[:5, :4].any(axis=0).all()
    assert not few[:, 4:].any()
    flat = sp.csr_matrix(np.ones((6, 3)))
    assert not compute(flat, [np.arange(6)], normalize=None).any()


def test_components_weigh_as_much_as_signatures():
    placed = np.random.default_rng(2).normal(size=(50, 4)) * [9.0, 3, 1, 0]
    scaled = weighed_like(placed, 8)
    assert scaled.var(axis=0).sum() == pytest.approx(8)
    ratio = scaled[:, 0].std() / scaled[:, 1].std()
    assert ratio == pytest.approx(placed[:, 0].std() / placed[:, 1].std())
    assert weighed_like(np.zeros((50, 0)), 8).shape == (50, 0)


def test_halves_are_halves_of_every_sample_whatever_the_order():
    rng = np.random.default_rng(3)
    sample = rng.integers(0, 3, 101)
    keys = rng.permutation(101).astype(np.uint64)
    half = every_other(sample, keys)
    for one in range(3):
        own = half[sample == one]
        assert own.sum() == (len(own) + 1) // 2
    order = rng.permutation(101)
    assert np.array_equal(every_other(sample[order], keys[order]), half[order])


def slow_log_ratio(learned, tested, distance):
    """The two densities as scipy has them."""
    one_sample = [Samples.of(np.zeros(len(one), np.int64)) for one in learned]
    lines = [
        fit_lines(one, rows, distance)
        for one, rows in zip(learned, one_sample, strict=True)
    ]
    squares = [
        (1 - line.upper) * (one - line.offset) ** 2
        + line.upper * (one - line.offset - distance) ** 2
        for line, one in zip(lines, learned, strict=True)
    ]
    spread = np.sqrt(np.concatenate(squares).mean())
    total = 0.0
    for line, one in zip(lines, tested, strict=True):
        low = stats.norm.pdf(one, line.offset, spread)
        high = stats.norm.pdf(one, line.offset + distance, spread)
        share = float(line.share[0])
        total += np.log((1 - share) * low + share * high).sum()
        total -= stats.norm.logpdf(one, one.mean(), one.std()).sum()
    return total


def in_one(halves):
    """Positions, samples and halves of two samples that are given by halves."""
    code = [np.full(len(part), number % 2) for number, part in enumerate(halves)]
    first = [np.full(len(part), number < 2) for number, part in enumerate(halves)]
    return tuple(np.concatenate(parts) for parts in (halves, code, first))


def test_log_ratio_equals_the_densities():
    rng = np.random.default_rng(4)
    sizes = (60, 80, 50, 90)
    halves = [rng.normal(size=n) + 3 * (rng.uniform(size=n) < 0.3) for n in sizes]
    found, shares = split_log_ratio(*in_one(halves), 3.0)
    assert found == pytest.approx(slow_log_ratio(halves[:2], halves[2:], 3.0))
    assert shares == pytest.approx(0.3, abs=0.2)


def test_one_population_is_seldom_taken_for_two():
    """The ratio of normal cells exceeds 20 in at most 5% of draws."""
    rng = np.random.default_rng(5)
    over = []
    for _ in range(300):
        spread = rng.uniform(0.5, 2)
        halves = [rng.normal(scale=spread, size=n) for n in (40, 60, 40, 60)]
        ratio, _ = split_log_ratio(*in_one(halves), rng.uniform(1, 4))
        over.append(ratio > np.log(20))
    assert np.mean(over) <= 0.05


def looked_for(placed):
    """Three reference samples and the query, 200 cells each, features of noise."""
    rng = np.random.default_rng(6)
    code = np.repeat(np.arange(4), 200)
    features = standardized(rng.normal(size=(800, 20)))
    cells = Cells(
        features=features,
        sample=code,
        reference=code < 3,
        evidence=features[:, 0],
        fit=np.ones(800, bool),
        fit_mixed=np.ones(800, bool),
        components=weighed_like(placed, 20),
        half=np.arange(800) % 2 == 0,
    )
    parts = [hold_out(cells, np.array([one])) for one in range(3)]
    whites = [whitened(cells, part, cells.joined) for part in parts]
    return second_population(cells, parts, whites)


@pytest.mark.slow
def test_second_population_is_found_where_there_is_one():
    noise = np.random.default_rng(7).normal(size=(800, 3))
    assert not looked_for(noise).found
    fifth = (np.arange(800) % 5 == 0)[:, None]
    real = looked_for(noise + 9 * (fifth & (np.arange(800) >= 600)[:, None]))
    assert real.found
    assert real.log_ratio > THRESHOLD
    # The same share in every sample: a kind of cell, no treatment.
    assert not looked_for(noise + 9 * fifth).found
    nothing = looked_for(np.zeros((800, 0)))
    assert np.isnan(nothing.log_ratio)
    assert not nothing.found


def test_components_are_put_in_terms_of_signatures():
    rng = np.random.default_rng(7)
    named = rng.normal(size=(400, 5))
    known = (named @ [1.0, 2, 0, 0, 0])[:, None]
    weights, explained = reasons.on_signatures(
        named, known, np.array([0, 0, 1.0, 0, 0, 0.5])
    )
    assert weights == pytest.approx([0.5, 1, 1, 0, 0], abs=0.02)
    assert explained == pytest.approx(1, abs=1e-3)
    noise = rng.normal(size=(400, 1))
    _, half = reasons.on_signatures(named, noise, np.array([1.0, 0, 0, 0, 0, 1]))
    assert 0.3 < half < 0.7
    same, all_of_it = reasons.on_signatures(
        named, noise, np.array([0.0, 1, 2, 3, 4, 0])
    )
    assert same.tolist() == [0, 1, 2, 3, 4]
    assert all_of_it == 1


@pytest.fixture(scope="module")
def unnamed():
    """Half of the last library triples genes that are in no signature."""
    data = dtp.datasets.simulate(
        n_cells=1200, n_replicates=3, days=(14,), holiday_day=None, seed=5
    )
    data = data[(data.obs["condition"] == "parental").to_numpy()].copy()
    lists = [one.genes for one in signatures.select()]
    known = {gene for one in lists for gene in (*one.up, *one.down)}
    outside = np.flatnonzero([name not in known for name in data.var_names])
    mean = np.asarray(data.X.mean(axis=0)).ravel()[outside]
    genes = outside[np.argsort(-mean)[:200]]
    last = (data.obs["sample"] == data.obs["sample"].unique()[-1]).to_numpy()
    changed = last & (np.arange(data.n_obs) % 2 == 0)
    scale = np.ones(data.shape)
    scale[np.ix_(changed, genes)] = 3
    data.X = sp.csr_matrix(data.X.toarray() * scale)
    data.obs["arm"] = np.where(last, "query", "reference")
    data.obs["changed"] = changed
    return data


def run(data, **choices):
    arguments = {"groupby": "arm", "reference": "reference", "sample_key": "sample"}
    return dtp.tl.call(data, **arguments, match_depth=False, copy=True, **choices)


@pytest.mark.slow
def test_finds_cells_that_signatures_do_not_describe(unnamed):
    last, changed = unnamed.obs["arm"] == "query", unnamed.obs["changed"]
    found = run(unnamed)
    called = found.obs[_keys.QVALUE] <= 0.05
    assert called[changed].mean() > 0.7
    assert called[last & ~changed].mean() < 0.1
    row = found.uns[_keys.CALL]["calibration"].iloc[0]
    assert row["components_used"]
    assert row["second_population"] > row["second_population_threshold"]
    assert 0 < row["explained_by_signatures"] < 1
    without = run(unnamed, components=False)
    assert (without.obs[_keys.QVALUE] <= 0.05)[changed].mean() < called[changed].mean()
    row = without.uns[_keys.CALL]["calibration"].iloc[0]
    assert not row["components_used"]
    assert np.isnan(row["second_population"])
    assert row["explained_by_signatures"] == 1


@pytest.mark.slow
def test_without_a_second_population_signatures_make_the_calls(unnamed):
    """The same libraries before genes were changed: components change no number."""
    plain = unnamed[~unnamed.obs["changed"].to_numpy()].copy()
    found, without = run(plain), run(plain, components=False)
    row = found.uns[_keys.CALL]["calibration"].iloc[0]
    assert not row["components_used"]
    assert np.isfinite(row["second_population"])
    for key in (_keys.SHIFT, _keys.PVALUE, _keys.QVALUE):
        assert np.array_equal(found.obs[key], without.obs[key], equal_nan=True)


@pytest.mark.slow
def test_own_scores_leave_components_out(unnamed):
    data = unnamed.copy()
    dtp.tl.score(data)
    row = run(data, scores=_keys.SCORES).uns[_keys.CALL]["calibration"].iloc[0]
    assert not row["components_used"]
    assert np.isnan(row["second_population"])
