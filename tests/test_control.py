"""The exact control: enumeration of every draw, and the limit of many random ones."""

from __future__ import annotations

import numpy as np
import pytest
import reference
import scipy.sparse as sp

from dtpscore._matrix.blocks import source
from dtpscore._methods import control
from dtpscore._methods.registry import METHODS
from dtpscore._methods.run import run_method
from dtpscore._methods.strata import GeneTotals, Null, expression_bins, gene_totals
from dtpscore._options.score import ScoreOptions

LINEAR = [name for name, method in METHODS.items() if method.linear]
VARIANTS = [
    *[(name, {}) for name in LINEAR],
    ("ucell", {"max_rank": 5}),
    ("ucell", {"ties_method": "order", "w_neg": 0.5}),
    ("aucell", {"auc_fraction": 0.9, "ties_method": "order"}),
    ("aucell", {"auc_fraction": 0.9}),
    ("aucell", {"auc_fraction": 0.9, "auc_genes": "detected"}),
    ("zscore", {"center": True}),
]


def few_genes(n_genes=12, n_cells=6, seed=0):
    rng = np.random.default_rng(seed)
    level = np.geomspace(0.2, 6, n_genes)
    dense = rng.poisson(level, (n_cells, n_genes)).astype(np.float32)
    dense[:, 0] = 0
    dense[2] = 0  # an empty cell
    return dense


def bins_of(dense, n_bins):
    return expression_bins(dense.astype(float).mean(axis=0), n_bins)


def score(dense, net, method, options, **more):
    return run_method(dense, net, method=method, options=options, **more)


def raw_scores(dense, net, method, options):
    """The score without what the draw of set genes cannot change (tirosh)."""
    name = "mean" if method == "tirosh" else method
    return score(dense, net, name, options).scores


@pytest.mark.parametrize(("method", "choices"), VARIANTS)
def test_equals_enumeration_of_every_draw(method, choices):
    dense = few_genes()
    up, down = [1, 6, 9], [4, 10]
    options = ScoreOptions(n_bins=4, **choices)
    found = score(
        dense,
        reference.make_net([(up, down)], 12),
        method,
        options,
        control=True,
    )
    every = list(reference.draws(bins_of(dense, 4), up, down))
    assert len(every) > 50
    many = reference.make_net([(one[:3], one[3:]) for one in every], 12)
    drawn = raw_scores(dense, many, method, options)
    observed = raw_scores(dense, reference.make_net([(up, down)], 12), method, options)
    sd = drawn.std(axis=1)
    constant = sd < 1e-12
    expected = np.where(
        constant, 0, (observed[:, 0] - drawn.mean(axis=1)) / np.where(constant, 1, sd)
    )
    assert constant.sum() < 4
    np.testing.assert_allclose(found.z[:, 0], expected, rtol=0, atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["mean", "zscore"])
def test_weights_are_enumerated_too(method):
    dense = few_genes()
    weights = [1.0, 2.5, 0.5, 1.0, 3.0]
    up, down = [1, 6, 9], [4, 10]
    net = reference.make_net([(up, down)], 12, weights=weights)
    options = ScoreOptions(n_bins=4)
    found = score(dense, net, method, options, control=True).z[:, 0]
    every = list(reference.draws(bins_of(dense, 4), up, down))
    drawn = np.empty((len(dense), len(every)))
    for i, one in enumerate(every):
        # A net sorts its genes, so the weights move with them.
        order = np.concatenate([np.argsort(one[:3]), 3 + np.argsort(one[3:])])
        moved = reference.make_net(
            [(one[:3], one[3:])], 12, weights=np.array(weights)[order]
        )
        drawn[:, i] = score(dense, moved, method, options).scores[:, 0]
    observed = score(dense, net, method, options).scores[:, 0]
    sd = drawn.std(axis=1)
    expected = np.divide(
        observed - drawn.mean(axis=1), sd, out=np.zeros_like(sd), where=sd > 1e-12
    )
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["mean", "ucell", "aucell"])
def test_equals_the_limit_of_many_random_draws(method):
    rng = np.random.default_rng(2)
    n_genes, n_draws = 400, 20_000
    dense = rng.poisson(rng.lognormal(-0.5, 1.2, n_genes), (5, n_genes)).astype(float)
    genes = rng.choice(n_genes, 45, replace=False)
    up, down = genes[:30], genes[30:]
    options = ScoreOptions(n_bins=10, max_rank=100)
    net = reference.make_net([(up, down)], n_genes)
    found = score(dense, net, method, options, control=True)
    bins = bins_of(dense, 10)
    drawn = np.empty((n_draws, genes.size), int)
    for one in np.unique(bins[genes]):
        inside = np.flatnonzero(bins[genes] == one)
        pool = np.flatnonzero(bins == one)
        keys = rng.random((n_draws, pool.size))
        drawn[:, inside] = pool[np.argsort(keys, axis=1)[:, : inside.size]]
    many = reference.make_net([(row[:30], row[30:]) for row in drawn], n_genes)
    sample = score(dense, many, method, options).scores
    sd = sample.std(axis=1)
    z = (found.scores[:, 0] - sample.mean(axis=1)) / sd
    # Five standard errors of a mean and of a standard deviation of the draws.
    tolerance = 5 * (1 + np.abs(z)) / np.sqrt(n_draws)
    assert np.all(np.abs(found.z[:, 0] - z) < tolerance)


def test_up_and_down_share_the_variance_of_disjoint_draws():
    # Two genes alone in their bin: a draw is this pair or its mirror image, so that
    # the score is +2 or -2 with a standard deviation of 2.
    dense = np.array([[1.0, 1, 2, 2, 9, 7], [1, 1, 2, 2, 7, 9]])
    bins = bins_of(dense, 4)
    assert np.flatnonzero(bins == bins[4]).tolist() == [4, 5]
    net = reference.make_net([([4], [5])], 6)
    found = score(dense, net, "mean", ScoreOptions(n_bins=4), control=True)
    np.testing.assert_allclose(found.z[:, 0], [1, -1], rtol=1e-12)


def test_pvalue_is_two_sided_normal():
    from scipy.stats import norm

    dense = few_genes(40, 20)
    net = reference.make_net([([5, 6, 7], [30, 31]), ([39], [])], 40)
    found = score(dense, net, "mean", ScoreOptions(n_bins=5), control=True)
    np.testing.assert_allclose(found.pvalue, 2 * norm.sf(np.abs(found.z)), rtol=1e-12)


def test_signature_without_genes_has_no_control():
    net = reference.make_net([([], []), ([1], [])], 12)
    found = score(few_genes(), net, "ucell", ScoreOptions(n_bins=4), control=True)
    assert np.isnan(found.z[:, 0]).all()
    assert np.isnan(found.pvalue[:, 0]).all()
    assert np.isfinite(found.z[:, 1]).all()


def test_ssgsea_has_no_control():
    net = reference.make_net([([1], [])], 12)
    with pytest.raises(ValueError, match="control does not exist for 'ssgsea'"):
        score(few_genes(), net, "ssgsea", ScoreOptions(), control=True)


def test_random_genes_have_standard_z():
    rng = np.random.default_rng(11)
    dense = rng.poisson(rng.lognormal(0, 1, 600), (200, 600))
    pairs = [(g[:25], g[25:]) for g in (rng.choice(600, 40, False) for _ in range(40))]
    net = reference.make_net(pairs, 600)
    z = score(dense, net, "ucell", ScoreOptions(max_rank=300), control=True).z
    assert abs(z.mean()) < 0.05
    assert 0.9 < z.std() < 1.1


@pytest.mark.parametrize(("method", "choices"), VARIANTS)
def test_control_does_not_depend_on_blocks_threads_or_format(method, choices):
    dense = np.vstack([few_genes(60, 40, seed) for seed in range(3)])
    net = reference.make_net([([3, 8, 40], [5, 50]), ([20, 21], [])], 60)
    options = ScoreOptions(n_bins=6, **choices)
    first = score(dense, net, method, options, control=True)
    for matrix, more in (
        (dense, {"chunk_size": 1}),
        (sp.csc_matrix(dense), {"chunk_size": 17, "n_jobs": 1}),
        (sp.csr_array(dense.astype(np.int64)), {"n_jobs": 2}),
    ):
        other = score(matrix, net, method, options, control=True, **more)
        np.testing.assert_array_equal(other.z, first.z)
        np.testing.assert_array_equal(other.pvalue, first.pvalue)
        np.testing.assert_array_equal(other.scores, first.scores)


def test_control_z_is_the_control_of_the_mean():
    dense = few_genes(50, 30)
    net = reference.make_net([([30, 31, 35], [40, 44])], 50)
    options = ScoreOptions(normalize="log1p")
    expected = score(dense, net, "mean", options, control=True).z
    np.testing.assert_array_equal(control.control_z(dense, net), expected)


def test_bins_are_those_of_score_genes():
    import pandas as pd

    rng = np.random.default_rng(0)
    means = np.round(rng.exponential(1, 1000), 2)  # many ties
    per_bin = round(1000 / 24)
    cut = pd.Series(means).rank(method="min") // per_bin
    expected = pd.factorize(cut, sort=True)[0]
    np.testing.assert_array_equal(expression_bins(means, 25), expected)


def test_equal_means_share_a_bin_and_order_does_not_matter():
    rng = np.random.default_rng(0)
    means = np.repeat(rng.exponential(1, 30), 10)
    bins = expression_bins(means, 8)
    assert all(np.ptp(bins[means == one]) == 0 for one in means)
    order = rng.permutation(means.size)
    np.testing.assert_array_equal(expression_bins(means[order], 8), bins[order])


def test_gene_sums_are_the_same_in_any_order_of_addition():
    rng = np.random.default_rng(1)
    dense = rng.lognormal(0, 6, (200, 30)).astype(np.float32) * (
        rng.random((200, 30)) < 0.6
    )
    whole = gene_totals(source(dense), chunk_size=None, normalize=None)
    pieces = GeneTotals.zeros(30)
    for part in np.array_split(rng.permutation(200), 7):
        pieces.merge(gene_totals(source(dense[part]), chunk_size=3, normalize=None))
    assert pieces.n_cells == whole.n_cells
    np.testing.assert_array_equal(pieces.means, whole.means)
    np.testing.assert_array_equal(pieces.n_stored, (dense > 0).sum(axis=0))
    np.testing.assert_allclose(whole.means, dense.astype(float).mean(axis=0), rtol=1e-9)


def test_gene_listed_up_and_down_counts_with_its_net_weight():
    dense = few_genes()
    both = reference.make_net([([1, 6], [6])], 12)
    halved = reference.make_net([([1], [])], 12)
    options = ScoreOptions(n_bins=4, w_neg=0.5)
    # mean up (x1 + x6) / 2 minus x6 / 2 leaves x1 / 2.
    one = score(dense, both, "mean", options, control=True)
    other = score(dense, halved, "mean", options, control=True)
    np.testing.assert_allclose(one.scores, other.scores / 2, atol=1e-12)
    np.testing.assert_allclose(one.z, other.z, atol=1e-9)


def test_null_of_a_whole_bin_has_no_variance():
    bins = np.array([0, 0, 0, 1, 1])
    null = Null.of(bins, [(np.array([0, 1, 2], np.int32), np.full(3, 1 / 3))])
    assert null.variance_weight[0, 0] == 0
    assert null.mean_weight[0, 0] == pytest.approx(1)
