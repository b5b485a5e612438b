"""Libraries that are no replicates, simulated and real."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats

from dtpscore._statistics.replicates import (
    LEAST,
    LIMIT,
    ONE_LIBRARY,
    REPLICATES,
    UNTOLD,
    Library,
    compare_libraries,
    independent_libraries,
    squared_welch,
)

N_GENES = 600


def library(rng, n_cells, factor, depth=2000):
    """Gamma-Poisson cells of a library with gene-wise factors."""
    rate = np.random.default_rng(99).lognormal(0, 1, N_GENES) * factor
    rate = depth * rate / rate.sum()
    return rng.poisson(rate * rng.gamma(3, 1 / 3, (n_cells, N_GENES)))


def compared(*counts):
    return compare_libraries(*(Library.of(one) for one in counts))


def factor(rng, sd):
    return np.exp(rng.normal(0, sd, N_GENES))


def test_squared_welch_is_that_of_scipy():
    rng = np.random.default_rng(0)
    first, second = library(rng, 40, 1.0), library(rng, 60, factor(rng, 0.2), 5000)
    shares = [one / one.sum(axis=1, keepdims=True) for one in (first, second)]
    seen = np.minimum(*((one > 0).sum(axis=0) for one in (first, second))) >= 10
    t = stats.ttest_ind(shares[0][:, seen], shares[1][:, seen], equal_var=False)
    found = squared_welch(Library.of(first), Library.of(second))
    assert found == (pytest.approx((t.statistic**2).mean()), seen.sum())
    sparse = squared_welch(*(Library.of(sp.csr_matrix(one)) for one in (first, second)))
    assert sparse == pytest.approx(found)


@pytest.mark.parametrize("depths", [(2000, 2000), (1000, 4000)])
def test_lanes_of_one_library_are_recognised_at_any_depth(depths):
    rng = np.random.default_rng(1)
    own = factor(rng, 0.2)
    found = compared(*(library(rng, 300, own, depth) for depth in depths))
    assert found.verdict == ONE_LIBRARY
    assert found.squared_t == pytest.approx(1, abs=0.15)


def test_libraries_made_apart_are_replicates_and_their_distance_is_found():
    rng = np.random.default_rng(2)
    both = [library(rng, n, factor(rng, 0.2)) for n in (300, 200)]
    found = compared(*both)
    assert found.verdict == REPLICATES
    # The variance does not depend on the number of cells, the mean squared t does.
    fewer = compared(both[0][:80], both[1][:80])
    assert fewer.squared_t < 0.6 * found.squared_t
    assert fewer.variance == pytest.approx(found.variance, rel=0.35)


def test_few_cells_cannot_tell():
    rng = np.random.default_rng(3)
    own = factor(rng, 0.2)
    found = compared(library(rng, 50, own), library(rng, 50, own))
    assert found.expected < LIMIT
    assert found.verdict == UNTOLD
    few_genes = compared(*(library(rng, 300, own)[:, :50] for _ in range(2)))
    assert few_genes.verdict == UNTOLD


@pytest.mark.slow
def test_many_cells_do_not_make_replicates_of_lanes():
    # A difference that is a tenth of the smallest of real replicates.
    rng = np.random.default_rng(4)
    own = factor(rng, 0.2)
    both = [library(rng, 4000, own * factor(rng, 0.03)) for _ in range(2)]
    found = compared(*both)
    assert found.squared_t > LIMIT
    assert found.variance < LEAST / 2
    assert found.verdict == ONE_LIBRARY


def test_no_common_gene_cannot_tell():
    first = np.zeros((30, 5))
    first[:, 0] = 3
    second = np.zeros((30, 5))
    second[:, 1] = 3
    found = compared(first, second)
    assert np.isnan(found.squared_t)
    assert found.verdict == UNTOLD


def test_lanes_are_joined_through_each_other():
    same = np.eye(4, dtype=bool)
    same[0, 1] = same[1, 0] = same[1, 3] = same[3, 1] = True
    assert independent_libraries(same).tolist() == [0, 0, 1, 0]


def halves(counts, seed):
    order = np.random.default_rng(seed).permutation(counts.shape[0])
    middle = len(order) // 2
    return counts[order[:middle]], counts[order[middle:]]


def test_real_halves_and_plates(real_file):
    cells = ad.read_h5ad(real_file("sc_mixology_nsclc"))
    cells = cells[(cells.obs["demuxlet_class"] == "SNG").to_numpy()]
    plate = cells.obs["sample"].astype(str).to_numpy()
    plates = [cells.X[plate == f"sc_celseq2_5cl_p{n}"] for n in (1, 2, 3)]
    for one in (0, 1):
        for other in range(one + 1, 3):
            found = compared(plates[one], plates[other])
            assert found.verdict == REPLICATES
    for seed in range(3):
        for counts in (plates[2], cells.X[plate == "sc_dropseq"]):
            found = compared(*halves(counts, seed))
            assert 0.85 <= found.squared_t <= 1.23
            assert found.verdict in {ONE_LIBRARY, UNTOLD}


def test_real_replicates_of_a_shallow_library(real_file):
    cells = ad.read_h5ad(real_file("pc9_erlotinib_d11"))
    sample = cells.obs["sample"].astype(str).to_numpy()
    both = [cells.X[sample == one] for one in ("D11_rep_b", "D11_rep_c")]
    assert compared(*both).verdict == REPLICATES
    found = compared(*halves(both[1], 0))
    assert found.verdict == ONE_LIBRARY
