"""Orders from inputs of every kind, which stay as they are."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.stats import spearmanr
from small_paths import KEYS, QUICK, easy, order, plain_order

import dtpscore as dtp
from dtpscore.errors import InputWarning

pytestmark = pytest.mark.slow


@pytest.fixture
def small():
    return easy()[::3].copy()


@pytest.mark.parametrize(
    "change",
    [
        lambda a: sp.csr_matrix(a.X.astype(np.float64)),
        lambda a: sp.csc_matrix(a.X),
        lambda a: a.X.toarray(),
        lambda a: a.X.toarray().astype(np.float32),
    ],
    ids=["csr64", "csc", "dense int", "dense32"],
)
def test_storage_does_not_matter(small, change):
    expected = order(small.copy()).obs.filter(like="dtp_")
    other = small.copy()
    other.X = change(small)
    pd.testing.assert_frame_equal(order(other).obs.filter(like="dtp_"), expected)


def test_views_and_layers_do_not_matter(small):
    expected = order(small.copy()).obs.filter(like="dtp_")
    view = easy()[::3]
    assert view.is_view
    pd.testing.assert_frame_equal(order(view).obs.filter(like="dtp_"), expected)
    layered = small.copy()
    layered.layers["counts"] = layered.X.copy()
    layered.X = np.zeros(layered.shape, np.float32)
    order(layered, layer="counts")
    pd.testing.assert_frame_equal(layered.obs.filter(like="dtp_"), expected)


@pytest.mark.slow
def test_copy_leaves_the_input(small):
    before = small.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        result = dtp.tl.pseudotime(small, **KEYS, **QUICK, copy=True)
    assert list(small.obs) == list(before.obs)
    assert list(small.uns) == list(before.uns)
    assert "dtp_pseudotime" in result.obs


def test_scanpy_keys_stay_as_they_were(small):
    small.uns["iroot"] = 17
    small.obs["dpt_pseudotime"] = np.linspace(0, 1, small.n_obs)
    kept = small.obs["dpt_pseudotime"].copy()
    plain_order(small)
    assert small.uns["iroot"] == 17
    pd.testing.assert_series_equal(small.obs["dpt_pseudotime"], kept)
    assert "neighbors" not in small.uns
    assert "X_diffmap" not in small.obsm


def test_same_seed_same_order(small):
    first, second = order(small.copy()), order(small.copy())
    pd.testing.assert_frame_equal(first.obs, second.obs)


def test_another_key_and_a_second_run(small):
    plain_order(small, key_added="first")
    assert "first_place" not in small.obs
    order(small)
    assert {"first", "dtp_pseudotime", "dtp_pseudotime_ordinal"} <= set(small.obs)
    plain_order(small, key_added="dtp_pseudotime")
    # The first run's columns that the second does not make are gone.
    assert "dtp_pseudotime_ordinal" not in small.obs
    assert "dtp_pseudotime_place" not in small.obs


def test_existing_neighbors_and_representations(small):
    rng = np.random.default_rng(0)
    planted = small.obs["true_progress"].to_numpy()
    features = np.column_stack([planted, 0.02 * rng.normal(size=(small.n_obs, 2))])
    small.obsm["X_mine"] = features
    plain_order(small, use_rep="X_mine")
    assert spearmanr(small.obs["dtp_pseudotime"], planted)[0] > 0.9
    import scanpy as sc

    sc.pp.neighbors(small, use_rep="X_mine", key_added="mine", n_neighbors=30)
    plain_order(small, neighbors_key="mine", key_added="by_graph")
    assert spearmanr(small.obs["by_graph"], planted)[0] > 0.9
    plain_order(small, use_rep="axes", key_added="by_axes")
    assert small.obs["by_axes"].notna().all()


def test_log_values_work_as_counts_do(small):
    import scanpy as sc

    counted = order(small.copy())
    logged = small.copy()
    sc.pp.normalize_total(logged, target_sum=1e4)
    sc.pp.log1p(logged)
    order(logged)
    rho = spearmanr(counted.obs["dtp_pseudotime"], logged.obs["dtp_pseudotime"])[0]
    assert rho > 0.95
