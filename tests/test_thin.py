"""``dtpscore.datasets.thin``: cells from bulk, with moments and truth as stated."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import example, given, settings
from hypothesis import strategies as st

import dtpscore as dtp
from dtpscore.datasets._draw import cell_weights, draw_counts
from dtpscore.errors import DataError

PROFILE = np.array([0.4, 0.3, 0.15, 0.1, 0.05, 0.0])


def bulk(**uns):
    counts = np.array(
        [
            [400, 300, 150, 100, 50, 0],
            [50, 100, 150, 300, 400, 0],
            [100, 100, 100, 100, 100, 500],
        ]
    )
    obs = pd.DataFrame(
        {
            "condition": ["parental", "DTP", "DTP"],
            "cell_line": ["A", "A", "B"],
            "day": [0, 8, 8],
        },
        index=["a0", "a8", "b8"],
    )
    names = [f"G{i}" for i in range(6)]
    return ad.AnnData(
        sp.csr_matrix(counts), obs=obs, var=pd.DataFrame(index=names), uns=uns
    )


def draw(n_cells, depth, dispersion, *, seed=0, profiles=PROFILE[None]):
    return draw_counts(
        np.ones((n_cells, 1)),
        profiles,
        np.full(n_cells, depth),
        dispersion=dispersion,
        rng=np.random.default_rng(seed),
    ).toarray()


# The draw


@pytest.mark.slow
def test_without_dispersion_the_moments_are_multinomial():
    n, depth = 20_000, 200
    counts = draw(n, depth, 0)
    np.testing.assert_array_equal(counts.sum(axis=1), depth)
    mean, variance = depth * PROFILE, depth * PROFILE * (1 - PROFILE)
    error = np.sqrt(variance / n)
    assert (abs(counts.mean(axis=0) - mean) <= 5 * error).all()
    # The standard error of a variance is about its size times sqrt(2 / n).
    assert (abs(counts.var(axis=0) - variance) <= 5 * variance * np.sqrt(2 / n)).all()
    covariance = -depth * np.outer(PROFILE, PROFILE)
    found = np.cov(counts, rowvar=False)
    pairs = ~np.eye(6, dtype=bool)
    np.testing.assert_allclose(found[pairs], covariance[pairs], atol=1.5)


@pytest.mark.parametrize("dispersion", [0.1, 0.5, 2.0])
def test_dispersion_is_the_variance_of_gamma_noise(dispersion):
    """With many genes of equal share, the noise of the sum vanishes and counts are
    negative binomial: variance = mean + dispersion * mean ** 2."""
    n_genes, depth, n = 400, 4000, 2000
    counts = draw(n, depth, dispersion, profiles=np.full((1, n_genes), 1 / n_genes))
    mean = depth / n_genes
    expected = mean + dispersion * mean**2
    assert abs(counts.mean() - mean) < 1e-9
    assert abs(counts.var(axis=0).mean() / expected - 1) < 0.03


@pytest.mark.slow
@given(
    st.integers(1, 400),
    st.floats(0, 3),
    st.integers(0, 2**16),
    st.integers(1, 5),
)
@example(1, 1e-313, 0, 1)
@settings(max_examples=40, deadline=None)
def test_a_cell_has_its_molecules_and_no_impossible_gene(depth, dispersion, seed, n):
    counts = draw(n, depth, dispersion, seed=seed)
    assert (counts.sum(axis=1) == depth).all()
    assert (counts[:, PROFILE == 0] == 0).all()
    assert counts.dtype == np.int32


@given(
    st.lists(st.integers(0, 20), min_size=1, max_size=6).filter(any),
    st.integers(0, 60),
)
@settings(max_examples=60, deadline=None)
def test_whole_cells_follow_the_shares_to_within_one(parts, n_cells):
    shares = np.array(parts) / sum(parts)
    rng = np.random.default_rng(0)
    weights = cell_weights(shares, n_cells, None, rng)
    assert weights.shape == (n_cells, len(parts))
    assert set(np.unique(weights)) <= {0.0, 1.0}
    assert (weights.sum(axis=1) == 1).all()
    assert (abs(weights.sum(axis=0) - shares * n_cells) < 1).all()


def test_blends_have_the_moments_of_a_dirichlet():
    shares, concentration = np.array([0.2, 0.5, 0.3, 0.0]), 4.0
    rng = np.random.default_rng(2)
    weights = cell_weights(shares, 40_000, concentration, rng)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    variance = shares * (1 - shares) / (concentration + 1)
    np.testing.assert_allclose(weights.mean(axis=0), shares, atol=0.006)
    np.testing.assert_allclose(weights.var(axis=0), variance, atol=0.002)
    assert (weights[:, 3] == 0).all()


# thin()


def test_every_bulk_row_becomes_a_sample_by_default():
    cells = dtp.datasets.thin(bulk(), depth=100, n_cells=7)
    assert cells.shape == (21, 6)
    assert cells.X.format == "csr"
    assert cells.X.dtype == np.int32
    assert cells.obs["sample"].value_counts().to_dict() == {"a0": 7, "a8": 7, "b8": 7}
    assert cells.obs_names.is_unique
    sample = cells.obs["sample"].astype(str)
    assert (sample == cells.obs["source"].astype(str)).all()
    truth = sample.map({"a0": "parental", "a8": "DTP", "b8": "DTP"})
    assert (cells.obs["true_state"].astype(str) == truth).all()


def test_the_result_says_that_it_is_semi_synthetic():
    told = dtp.datasets.thin(
        bulk(dtpscore_dataset={"name": "x"}), depth=50, n_cells=2, seed=3
    )
    record = told.uns["dtpscore_thinned"]
    assert record["semi_synthetic"] is True
    assert record["note"].startswith("Semi-synthetic")
    assert record["seed"] == 3
    assert record["samples"]["n_cells"].tolist() == [2, 2, 2]
    assert told.uns["dtpscore_dataset"]["name"] == "x"


def test_the_same_seed_gives_the_same_cells_and_another_one_does_not():
    first, again, other = (
        dtp.datasets.thin(bulk(), depth=80, n_cells=30, seed=seed) for seed in (1, 1, 2)
    )
    assert (first.X != again.X).nnz == 0
    pd.testing.assert_frame_equal(first.obs, again.obs)
    assert (first.X != other.X).nnz > 0


def test_a_sample_does_not_depend_on_the_samples_made_with_it():
    alone = dtp.datasets.thin(
        bulk(), depth=80, n_cells=20, mixture={"q": {"a0": 0.5, "a8": 0.5}}
    )
    mixture = {"first": {"b8": 1.0}, "q": {"a0": 0.5, "a8": 0.5}}
    among = dtp.datasets.thin(bulk(), depth=80, n_cells=20, mixture=mixture)
    part = among[among.obs["sample"] == "q"]
    assert (alone.X != part.X).nnz == 0


def test_a_mixture_has_its_shares_and_its_truth():
    cells = dtp.datasets.thin(
        bulk(),
        depth=100,
        n_cells={"q": 40, "r": 10},
        mixture={"q": {"a0": 0.9, "a8": 0.1}, "r": {"a0": 1}},
    )
    table = pd.crosstab(cells.obs["sample"], cells.obs["true_state"])
    assert table.loc["q"].to_dict() == {"DTP": 4, "parental": 36}
    assert table.loc["r"].to_dict() == {"DTP": 0, "parental": 10}
    weights = cells.obsm["true_mixture"]
    assert list(weights.columns) == ["a0", "a8"]
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    # The line is the same in every row of each sample, the day is not.
    assert "cell_line" in cells.obs
    assert "day" not in cells.obs


def test_means_of_a_blend_follow_the_weights_of_the_cell():
    cells = dtp.datasets.thin(
        bulk(),
        depth=1000,
        n_cells=3000,
        mixture={"q": {"a0": 0.5, "a8": 0.5}},
        concentration=2,
        dispersion=0,
        depth_spread=0,
    )
    share = cells.obsm["true_mixture"]["a8"].to_numpy()
    expected = 1000 * ((1 - share) * 0.4 + share * 0.05)
    found = cells[:, "G0"].X.toarray().ravel()
    z = (found - expected) / np.sqrt(expected * (1 - expected / 1000))
    assert abs(z.mean()) < 5 / np.sqrt(len(z))
    assert abs(z.std() - 1) < 0.1


@pytest.mark.slow
def test_depth_is_the_median_and_spreads_as_asked():
    cells = dtp.datasets.thin(
        bulk(),
        depth={"a0": 500, "a8": 2000, "b8": 500},
        n_cells=4000,
        depth_spread=0.4,
    )
    total = np.asarray(cells.X.sum(axis=1)).ravel()
    for sample, depth in (("a0", 500), ("a8", 2000)):
        logs = np.log(total[cells.obs["sample"] == sample])
        assert abs(np.median(logs) - np.log(depth)) < 0.03
        assert abs(logs.std() - 0.4) < 0.03


@pytest.mark.slow
@pytest.mark.parametrize("form", ["h5ad", "zarr"])
def test_the_cells_survive_a_file(tmp_path, form):
    cells = dtp.datasets.thin(bulk(), depth=30, n_cells=3)
    path = tmp_path / f"cells.{form}"
    getattr(cells, f"write_{form}")(path)
    again = getattr(ad, f"read_{form}")(path)
    assert (again.X != cells.X).nnz == 0
    assert bool(again.uns["dtpscore_thinned"]["semi_synthetic"])
    pd.testing.assert_frame_equal(
        again.obsm["true_mixture"], cells.obsm["true_mixture"], check_names=False
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mixture": {"q": {"x": 1}}}, r"names rows that the bulk .* x. Available: a0"),
        ({"mixture": {"q": {"a0": 0.5}}}, "add up to 1"),
        ({"mixture": {"q": {"a0": 1.5, "a8": -0.5}}}, "must be positive"),
        ({"depth": 0}, "depth must be at least 1"),
        ({"n_cells": {"a0": 3}}, "n_cells has no entry .* a8, b8"),
        ({"dispersion": -1}, "dispersion must be"),
        ({"depth_spread": float("nan")}, "depth_spread must be"),
        ({"concentration": 0}, "concentration must be"),
        ({"state_key": "state"}, r"no column 'state' in obs. Available: condition"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    given = {"depth": 100, "n_cells": 5, **arguments}
    with pytest.raises(DataError, match=message):
        dtp.datasets.thin(bulk(), **given)


def test_bad_bulk_is_named():
    negative = bulk()
    negative.X = negative.X.toarray() - 1.0
    with pytest.raises(DataError, match="negative or missing"):
        dtp.datasets.thin(negative, depth=10, n_cells=2)
    empty = bulk()
    empty.X = np.vstack([np.zeros(6), np.ones((2, 6))])
    with pytest.raises(DataError, match="'a0' has no counts"):
        dtp.datasets.thin(empty, depth=10, n_cells=2)
    twice = bulk()
    twice.obs_names = ["a0", "a0", "b8"]
    with pytest.raises(DataError, match="repeat"):
        dtp.datasets.thin(twice, depth=10, n_cells=2)


@pytest.mark.slow
def test_real_bulk_gives_cells_like_their_row(real_file):
    """Pooled cells of a row correlate with that row more than with any other."""
    table = ad.read_h5ad(real_file("bulk_brafi_4lines"))
    table = table[table.obs["replicate"].astype(str) == "1"].copy()
    cells = dtp.datasets.thin(table, depth=2000, n_cells=100)
    names = list(table.obs_names)
    pooled = np.vstack(
        [np.asarray(cells[cells.obs["sample"] == n].X.sum(axis=0)) for n in names]
    )
    logs = [
        np.log1p(m / m.sum(axis=1, keepdims=True) * 1e4)
        for m in (pooled, table.X.toarray())
    ]
    together = np.corrcoef(np.vstack(logs))[: len(names), len(names) :]
    assert (together.argmax(axis=1) == np.arange(len(names))).all()
