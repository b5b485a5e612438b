"""Shuffles, sums and bases of trends: equal to the slow ones of numpy and scipy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import rankdata
from sklearn.preprocessing import SplineTransformer

from dtpscore._kernels._weighted import weighted_rows
from dtpscore._ordering import trend_test
from dtpscore._statistics.shuffles import explained_by_chance


def columns(n, k, seed=2):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(n, k)))[0]


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("n", [2, 10, 37, 64, 65, 300])
def test_shuffles_are_those_of_numpy(n, half):
    values = np.random.default_rng(n).normal(size=n)
    basis = columns(n, min(n - 1, 3))
    ours, numpy = np.random.default_rng(5), np.random.default_rng(5)
    for rng in (ours, numpy):
        if half:
            # Leaves half of a random number over.
            rng.permuted(np.arange(2))
    same, found = explained_by_chance(values, basis, 50, ours)
    table = numpy.permuted(np.tile(values[:, None], 50), axis=0)
    total = ((values - values.mean()) ** 2).sum()
    expected = [
        (basis.T @ (column - column.mean())) @ (basis.T @ (column - column.mean()))
        for column in table.T
    ]
    np.testing.assert_allclose(found, np.asarray(expected) / total, rtol=1e-9)
    straight = basis.T @ (values - values.mean())
    assert same == pytest.approx(straight @ straight / total, rel=1e-9)
    assert ours.bit_generator.state == numpy.bit_generator.state


def test_constant_values_explain_nothing_more_or_less_by_chance():
    same, found = explained_by_chance(
        np.full(30, 1.234), columns(30, 3), 19, np.random.default_rng(0)
    )
    assert (found == same).all()


def test_weighted_rows_equal_the_product_of_scipy_to_the_bit():
    rng = np.random.default_rng(3)
    values = sp.random_array(
        (80, 40), density=0.3, format="csr", rng=3, dtype=np.float32
    )
    weights = rng.normal(size=(40, 5))
    out = np.full((80, 5), 7.0)
    rows = np.array([0, 3, 79])
    weighted_rows(values.data, values.indices, values.indptr, weights, rows, out)
    np.testing.assert_array_equal(out[rows], (values @ weights)[rows])
    assert (np.delete(out, rows, axis=0) == 7).all()


def test_sums_without_genes_equal_those_of_zero_weights_to_the_bit():
    rng = np.random.default_rng(4)
    values = sp.random_array(
        (90, 30), density=0.2, format="csr", rng=4, dtype=np.float32
    )
    weights = rng.normal(size=(30, 4))
    sums = trend_test._Sums(values, weights)
    for genes in ([3], [0, 7, 29], list(range(30))):
        without = weights.copy()
        without[genes] = 0
        np.testing.assert_array_equal(sums.without(np.array(genes)), values @ without)


@pytest.mark.parametrize("n_values", [4, 25, 1000])
def test_basis_of_ranks_is_that_of_the_spline_to_the_bit(n_values):
    order = np.random.default_rng(6).integers(0, n_values, 120) / n_values
    ranks = rankdata(order)[:, None]
    raw = SplineTransformer(n_knots=3, degree=2).fit_transform(ranks)
    expected = np.linalg.qr(raw[:, :-1] - raw[:, :-1].mean(axis=0))[0]
    np.testing.assert_array_equal(trend_test._rank_basis(order), expected)
