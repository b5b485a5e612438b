"""``dtpscore.tl.pseudotime``: planted orders, inputs of every kind, clear errors."""

from __future__ import annotations

import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.stats import spearmanr

import dtpscore as dtp
from dtpscore._errors import DataError, InputWarning, ResultError

KEYS = {
    "groupby": "condition",
    "root": "parental",
    "holiday": "holiday",
    "time_key": "day",
    "sample_key": "sample",
    "replicate_key": "replicate",
}
QUICK = {"n_roots": 3, "n_subsamples": 2}
# Without times and replicates, so that diffusion pseudotime is the default.
PLAIN = {"groupby": "condition", "root": "parental", "n_roots": 3, "n_subsamples": 0}


def order(adata, **kwargs):
    """Run without the warnings that a test does not ask for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        dtp.tl.pseudotime(adata, **{**KEYS, **QUICK, **kwargs})
    return adata


def plain_order(adata, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        dtp.tl.pseudotime(adata, **{**PLAIN, **kwargs})
    return adata


@pytest.fixture(scope="module")
def easy():
    return dtp.datasets.simulate(n_cells=900, n_genes=2500, difficulty="easy", seed=3)


@pytest.fixture(scope="module")
def ordered(easy):
    return order(easy.copy(), n_roots=20, n_subsamples=5)


@pytest.fixture
def small(easy):
    return easy[::3].copy()


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


def test_what_is_written(easy, ordered):
    obs = ordered.obs
    assert set(obs) - set(easy.obs) == {
        "dtp_pseudotime",
        "dtp_pseudotime_sd",
        "dtp_pseudotime_dpt",
        "dtp_pseudotime_ordinal",
        "dtp_pseudotime_place",
        "dtp_pseudotime_end",
    }
    assert set(ordered.uns) - set(easy.uns) == {"dtp_pseudotime"}
    assert not ordered.obsm
    assert not ordered.obsp
    assert not ordered.layers
    pd.testing.assert_frame_equal(obs[list(easy.obs)], easy.obs)
    assert (ordered.X != easy.X).nnz == 0
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
    # Cells went back 40 to 100 % of their way.
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


def test_fate_where_both_ends_exist():
    adata = dtp.datasets.simulate(n_cells=1800, n_genes=1500, holiday_day=None, seed=0)
    order(adata, holiday=())
    found = adata.uns["dtp_pseudotime"]["branches"]
    assert found["exists"].all()
    fate = adata.obs["dtp_pseudotime_fate"]
    assert fate.between(0, 1).all()
    end = adata.obs["dtp_pseudotime_end"]
    assert (fate[(end == "cycling end").to_numpy()] == 1).all()
    assert (fate[(end == "resting end").to_numpy()] == 0).all()
    assert "reversal" not in adata.uns["dtp_pseudotime"]


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


def test_views_and_layers_do_not_matter(easy, small):
    expected = order(small.copy()).obs.filter(like="dtp_")
    view = easy[::3]
    assert view.is_view
    pd.testing.assert_frame_equal(order(view).obs.filter(like="dtp_"), expected)
    layered = small.copy()
    layered.layers["counts"] = layered.X.copy()
    layered.X = np.zeros(layered.shape, np.float32)
    order(layered, layer="counts")
    pd.testing.assert_frame_equal(layered.obs.filter(like="dtp_"), expected)


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


def test_without_times_diffusion_is_the_default(small):
    plain_order(small)
    record = small.uns["dtp_pseudotime"]
    assert record["method"] == "dpt"
    assert record["validated"] is False
    assert "agreement" not in record
    assert small.obs.loc[record["root"], "dtp_pseudotime"] == 0


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


def test_disconnected_cells_are_counted_or_refused(small):
    graph = sp.lil_matrix((small.n_obs, small.n_obs))
    features = small.obs["true_progress"].to_numpy()[:, None]
    near = np.abs(features - features.T)
    alone = np.flatnonzero((small.obs["condition"] == "treated").to_numpy())[:5]
    for cell, row in enumerate(near):
        for other in np.argsort(row)[1:11]:
            if cell not in alone and other not in alone:
                graph[cell, other] = graph[other, cell] = 1.0
    for cell in alone:
        graph[cell, alone[alone != cell]] = 1.0
    small.obsp["apart_connectivities"] = graph.tocsr()
    small.uns["apart"] = {"connectivities_key": "apart_connectivities"}
    with pytest.warns(InputWarning, match="5 cells are not connected"):
        dtp.tl.pseudotime(small, **PLAIN, neighbors_key="apart")
    lost = small.obs["dtp_pseudotime"].isna().to_numpy()
    assert set(np.flatnonzero(lost)) == set(alone)
    assert small.uns["dtp_pseudotime"]["n_unreachable"] == 5
    treated = (small.obs["condition"] != "parental").to_numpy()
    cut = small.obsp["apart_connectivities"].tolil()
    cut[np.ix_(treated, ~treated)] = 0
    cut[np.ix_(~treated, treated)] = 0
    small.obsp["apart_connectivities"] = cut.tocsr()
    with pytest.raises(ResultError, match="not connected to the root"):
        dtp.tl.pseudotime(small, **PLAIN, neighbors_key="apart")


def test_one_reference_cell(small):
    parental = np.flatnonzero(small.obs["condition"] == "parental")
    kept = np.ones(small.n_obs, bool)
    kept[parental[1:]] = False
    one = small[kept].copy()
    with pytest.warns(InputWarning, match="The root group has 1 cell"):
        dtp.tl.pseudotime(one, **PLAIN)
    assert one.uns["dtp_pseudotime"]["root"] == small.obs_names[parental[0]]


def test_one_series_is_not_validated(small):
    one = small[(small.obs["replicate"] == "r1").to_numpy()].copy()
    order(one)
    assert one.uns["dtp_pseudotime"]["method"] == "dpt"
    with pytest.warns(InputWarning, match="fit to labels and not"):
        dtp.tl.pseudotime(one, **KEYS, **QUICK, method="ordinal")
    assert one.uns["dtp_pseudotime"]["validated"] is False


def test_contradicted_direction_is_said_and_not_turned(small):
    small.obs["dtp_index"] = -small.obs["true_progress"].astype(float)
    turned = small.copy()
    with pytest.warns(InputWarning, match="runs against the index"):
        dtp.tl.pseudotime(turned, **KEYS, **QUICK)
    rho = spearmanr(turned.obs["dtp_pseudotime"], turned.obs["true_progress"])[0]
    assert rho > 0.5
    direction = turned.uns["dtp_pseudotime"]["direction"]
    assert direction.loc["index", "verdict"] == "contradicts"


def test_treated_cells_that_are_no_farther_are_said(small):
    """Groups at random: half of the untreated cells are called treated."""
    untreated = small[(small.obs["condition"] == "parental").to_numpy()].copy()
    arm = np.where(np.arange(untreated.n_obs) % 2, "a", "b")
    untreated.obs["arm"] = arm
    with pytest.warns(InputWarning, match="does not lead away from the root"):
        dtp.tl.pseudotime(untreated, **{**PLAIN, "groupby": "arm", "root": "a"})
    direction = untreated.uns["dtp_pseudotime"]["direction"]
    assert direction.loc["groups", "verdict"] != "agrees"


def test_time_that_turns_back_is_not_progress(easy):
    """Days relabeled so that the persisters of day 14 come second, as on erlotinib."""
    mixed = easy[::2].copy()
    days = mixed.obs["day"].astype(int)
    mixed.obs["day"] = days.map({0: 0, 14: 3, 7: 7, 3: 14, 24: 24}).astype(int)
    with pytest.warns(InputWarning, match="Time is not progress here"):
        dtp.tl.pseudotime(mixed, **KEYS, **QUICK)
    record = mixed.uns["dtp_pseudotime"]
    assert record["method"] == "dpt"
    assert record["time_courses"].loc["arrest", "verdict"] == "rises and falls"
    rho = spearmanr(mixed.obs["dtp_pseudotime"], mixed.obs["true_progress"])[0]
    assert rho > 0.8


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"groupby": "state"}, "no column 'state' for the groups.*'sample'"),
        ({"root": "control"}, "No cell of the group 'control'.*'parental'"),
        ({"holiday": "relapse"}, "No cell of the group 'relapse'"),
        ({"holiday": "parental"}, "both the root and a holiday"),
        ({"holiday": ("holiday", "treated")}, "needs cells of another group"),
        ({"time_key": "sample"}, "must hold numbers or ordered categories"),
        ({"replicate_key": "donor"}, "no column 'donor' for the replicates"),
        ({"index_key": "score"}, "no column 'score' for the index"),
        ({"neighbors_key": "neighbors"}, "no neighbor graph 'neighbors'"),
        ({"use_rep": "X_scvi"}, "no representation 'X_scvi'"),
        ({"use_rep": "axes", "neighbors_key": "n"}, "not both"),
        ({"layer": "counts"}, "no layer 'counts'"),
        ({"method": "ordinal", "time_key": None}, "needs time_key"),
    ],
)
def test_clear_errors(small, change, text):
    with pytest.raises(DataError, match=text):
        dtp.tl.pseudotime(small, **{**KEYS, **QUICK, **change})


@pytest.mark.parametrize(
    "change", [{"method": "slingshot"}, {"n_roots": 0}, {"n_pcs": 0}]
)
def test_bad_options(small, change):
    with pytest.raises(ValueError, match=next(iter(change))):
        dtp.tl.pseudotime(small, **{**KEYS, **QUICK, **change})


def test_scaled_and_repeated_input_is_refused(small):
    scaled = small.copy()
    scaled.X = small.X.toarray() - 1.0
    with pytest.raises(DataError, match="look scaled"):
        dtp.tl.pseudotime(scaled, **KEYS)
    small.obs_names = ["cell"] * small.n_obs
    with pytest.raises(DataError, match="names repeat"):
        dtp.tl.pseudotime(small, **KEYS)


def test_palantir_is_optional(small):
    try:
        import palantir  # noqa: F401
    except ImportError:
        with pytest.raises(ResultError, match="pip install palantir"):
            plain_order(small, method="palantir")
        return
    plain_order(small, method="palantir")
    rho = spearmanr(small.obs["dtp_pseudotime"], small.obs["true_progress"])[0]
    assert rho > 0.7
