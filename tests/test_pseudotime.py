"""``dtpscore.tl.pseudotime`` on planted orders: what is found and what is written."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from small_paths import easy, order, plain_order

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ordered():
    return order(easy().copy(), n_roots=20, n_subsamples=5)


@pytest.fixture
def small():
    return easy()[::3].copy()


def truth_rho(adata, column, rows):
    return spearmanr(adata.obs[column][rows], adata.obs["true_progress"][rows])[0]


@pytest.mark.parametrize("method", ["ordinal", "dpt"])
def test_finds_the_planted_order(ordered, method):
    column = f"dtp_pseudotime_{method}"
    on_drug = (ordered.obs["condition"] != "holiday").to_numpy()
    assert truth_rho(ordered, column, on_drug) > 0.85
    # A day label has no order within a day, and no replicate taught its own cells.
    for sample in ("treated_d7_r1", "treated_d7_r2", "treated_d7_r3"):
        rows = (ordered.obs["sample"] == sample).to_numpy()
        assert truth_rho(ordered, column, rows) > 0.5


def test_what_is_written(ordered):
    obs = ordered.obs
    # Fates need both ends, which are few cells here: 30 are there or are not.
    both_ends = ordered.uns["dtp_pseudotime"]["branches"]["exists"].all()
    fate = {"dtp_pseudotime_fate"} if both_ends else set()
    assert set(obs) - set(easy().obs) == fate | {
        "dtp_pseudotime",
        "dtp_pseudotime_sd",
        "dtp_pseudotime_dpt",
        "dtp_pseudotime_ordinal",
        "dtp_pseudotime_place",
        "dtp_pseudotime_end",
    }
    assert set(ordered.uns) - set(easy().uns) == {"dtp_pseudotime"}
    assert not ordered.obsm
    assert not ordered.obsp
    assert not ordered.layers
    pd.testing.assert_frame_equal(obs[list(easy().obs)], easy().obs)
    assert (ordered.X != easy().X).nnz == 0
    assert obs["dtp_pseudotime"].dtype == np.float32
    assert obs["dtp_pseudotime"].min() == 0
    assert obs["dtp_pseudotime"].max() == 1
    assert (obs["dtp_pseudotime_sd"] >= 0).all()


def test_default_is_ordinal_and_root_is_named(ordered):
    record = ordered.uns["dtp_pseudotime"]
    assert record["method"] == "ordinal"
    assert record["validated"] is True
    assert ordered.obs.loc[record["root"], "condition"] == "parental"
    pd.testing.assert_series_equal(
        ordered.obs["dtp_pseudotime"],
        ordered.obs["dtp_pseudotime_ordinal"],
        check_names=False,
    )
    assert record["agreement"]["rho"] > 0.8


def test_roots_subsamples_and_series_agree(ordered):
    found = ordered.uns["dtp_pseudotime"]["stability"]
    assert found["dpt_root_rho"].size == 19
    assert found["dpt_root_rho"].min() > 0.9
    assert found["dpt_root_agreement"] > 0.9
    assert found["dpt_subsample_rho"].min() > 0.9
    assert found["ordinal_subsample_rho"].min() > 0.9
    assert found["ordinal_fold_rho"].min() > 0.9


def test_cell_cycle_does_not_drive_the_order(ordered):
    root = ordered.uns["dtp_pseudotime"]["cycle"].loc["root group"]
    assert root.abs().max() < 0.2


def test_direction_agrees_with_index_and_time(ordered):
    direction = ordered.uns["dtp_pseudotime"]["direction"]
    assert list(direction.index) == ["groups", "index", "time"]
    assert (direction["verdict"] == "agrees").all()


def test_reversal_is_partial(ordered):
    found = ordered.uns["dtp_pseudotime"]["reversal"]
    assert list(found.index)[-1] == "all samples"
    assert (
        (found["low"] <= found["position"]) & (found["position"] <= found["high"])
    ).all()
    # Cells went back 40 to 100% of their way.
    assert 0.5 < found.loc["all samples", "returned"] < 1
    shares = found[["parental-like", "persister-like", "neither"]].sum(axis=1)
    np.testing.assert_allclose(shares, 1)
    place = ordered.obs["dtp_pseudotime_place"]
    assert (place.notna() == (ordered.obs["condition"] == "holiday")).all()


def test_late_cells_are_split_by_division(ordered):
    end = ordered.obs["dtp_pseudotime_end"]
    phases = ordered.obs["true_phase"]
    cycling = phases[(end == "cycling end").to_numpy()]
    resting = phases[(end == "resting end").to_numpy()]
    assert (cycling != "G1").mean() > 0.6
    assert (resting == "G1").mean() > 0.8


@pytest.mark.slow
def test_result_survives_a_file(ordered, tmp_path):
    path = tmp_path / "ordered.h5ad"
    ordered.write_h5ad(path)
    back = ad.read_h5ad(path)
    np.testing.assert_array_equal(
        back.obs["dtp_pseudotime"], ordered.obs["dtp_pseudotime"]
    )
    record, kept = ordered.uns["dtp_pseudotime"], back.uns["dtp_pseudotime"]
    assert set(kept) == set(record)
    pd.testing.assert_frame_equal(
        kept["model"]["loadings"], record["model"]["loadings"], check_names=False
    )
    assert list(kept["messages"]) == list(record["messages"])


def test_without_times_diffusion_is_the_default(small):
    plain_order(small)
    record = small.uns["dtp_pseudotime"]
    assert record["method"] == "dpt"
    assert record["validated"] is False
    assert "agreement" not in record
    assert small.obs.loc[record["root"], "dtp_pseudotime"] == 0
