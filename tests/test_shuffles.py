"""Shuffles, sums and bases of trends: equal to the slow ones of numpy and scipy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import rankdata
from sklearn.preprocessing import SplineTransformer

from dtpscore._ordering import trend_test
from dtpscore._statistics.shuffles import explained_by_chance


def columns(n, k, seed=2):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(n, k)))[0]


@pytest.mark.parametrize("n", [2, 10, 37, 300])
def test_shares_are_those_of_shuffled_values(n):
    rng = np.random.default_rng(n)
    values, basis = rng.normal(size=(n, 4)), columns(n, min(n - 1, 3))
    shuffles = rng.permuted(np.tile(np.arange(n), (50, 1)), axis=1)
    same, found = explained_by_chance(values, basis, shuffles)
    centered = values - values.mean(axis=0)
    total = (centered**2).sum(axis=0)
    straight = ((basis.T @ centered) ** 2).sum(axis=0) / total
    np.testing.assert_allclose(same, straight, rtol=1e-9)
    for shuffle, share in zip(shuffles, found, strict=True):
        # Rows of the basis move to where the shuffle takes them from.
        moved = np.empty_like(centered)
        moved[shuffle] = centered
        expected = ((basis.T @ moved) ** 2).sum(axis=0) / total
        np.testing.assert_allclose(share, expected, rtol=1e-9)


def test_constant_values_explain_nothing_more_or_less_by_chance():
    shuffles = np.random.default_rng(0).permuted(
        np.tile(np.arange(30), (19, 1)), axis=1
    )
    values = np.full((30, 1), 1.234)
    same, found = explained_by_chance(values, columns(30, 3), shuffles)
    assert (found == same).all()
    assert same == 0


def test_sums_without_genes_equal_those_of_zero_weights():
    rng = np.random.default_rng(4)
    values = sp.random_array(
        (90, 30), density=0.2, format="csr", rng=4, dtype=np.float32
    )
    weights = rng.normal(size=(30, 4))
    sums = trend_test._Sums(values, weights)
    for genes in ([3], [0, 7, 29], list(range(30))):
        without = weights.copy()
        without[genes] = 0
        found = sums.without(np.array(genes))
        np.testing.assert_allclose(found, values @ without, atol=1e-12)
        untouched = values[:, genes].sum(axis=1) == 0
        whole = values @ weights
        np.testing.assert_array_equal(found[untouched], whole[untouched])


@pytest.mark.parametrize("n_values", [4, 25, 1000])
def test_basis_of_ranks_is_that_of_the_spline_to_the_bit(n_values):
    order = np.random.default_rng(6).integers(0, n_values, 120) / n_values
    ranks = rankdata(order)[:, None]
    raw = SplineTransformer(n_knots=3, degree=2).fit_transform(ranks)
    expected = np.linalg.qr(raw[:, :-1] - raw[:, :-1].mean(axis=0))[0]
    np.testing.assert_array_equal(trend_test._rank_basis(order), expected)
