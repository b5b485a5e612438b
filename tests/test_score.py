"""``dtpscore.tl.score``: what it writes, and that it survives the disk."""

from __future__ import annotations

import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from small_counts import NAMES, in_one_block, make_cells, make_pack, scored

import dtpscore as dtp
from dtpscore import signatures
from dtpscore._results.elements import plain
from dtpscore.errors import CoverageWarning, DataError, InputWarning


@pytest.fixture(scope="module")
def pack(make_signature):
    return make_pack(make_signature)


@pytest.fixture
def adata():
    return make_cells()


@pytest.fixture(scope="module")
def expected(pack) -> dict[str, np.ndarray]:
    return {method: in_one_block(pack, method) for method in ("ucell", "mean")}


def test_axes_are_turned_and_averaged(adata, pack, make_signature):
    second = make_signature("second", ["VIM", "GAPDH"], axis="emt", orientation="with")
    scored(adata, [*pack, second])
    frame = adata.obsm["dtp_scores"].astype(np.float64)
    wanted = ((frame["second"] - frame["signed"]) / 2).to_numpy(dtype=np.float32)
    np.testing.assert_allclose(adata.obs["dtp_emt"], wanted, rtol=1e-6)
    assert adata.obs["dtp_emt"].dtype == np.float32
    axes = adata.uns["dtp_scores"]["axes"]
    assert axes.loc["emt", "signatures"] == "signed; second"
    pd.testing.assert_series_equal(
        dtp.get.axes(adata)["emt"], adata.obs["dtp_emt"], check_names=False
    )


def test_axis_leaves_out_low_coverage_unless_it_has_nothing_else(adata, make_signature):
    low = make_signature("low", ["VIM", "NOA", "NOB"], axis="emt")
    good = make_signature("good", ["ACTB", "CDH1"], axis="emt")
    evaluation = make_signature("held", ["CDH1"], axis="emt", use="evaluation")
    with pytest.warns(CoverageWarning, match=r"1 of 3 .*low \(1 of 3\)"):
        dtp.tl.score(adata, [low, good, evaluation])
    frame = adata.obsm["dtp_scores"]
    np.testing.assert_array_equal(adata.obs["dtp_emt"], frame["good"])
    with pytest.warns(CoverageWarning):
        dtp.tl.score(adata, [low])
    np.testing.assert_array_equal(adata.obs["dtp_emt"], frame["low"])
    assert bool(adata.uns["dtp_scores"]["axes"].loc["emt", "low"])


def test_signature_without_genes_is_nan_and_said(adata, make_signature):
    pack = [make_signature("none", ["NOA"], axis="redox"), make_signature("x", ["VIM"])]
    with pytest.warns(CoverageWarning, match=r"NaN as score: 1\."):
        dtp.tl.score(adata, pack)
    assert adata.obsm["dtp_scores"]["none"].isna().all()
    assert adata.obs["dtp_redox"].isna().all()
    assert adata.obsm["dtp_scores"]["x"].notna().all()


def test_control_writes_z_and_p(adata, pack):
    scored(adata, pack, control=True)
    z, p = (dtp.get.scores(adata, kind=kind) for kind in ("z", "pvalue"))
    assert list(z.columns) == [one.name for one in pack]
    assert (z.dtypes == np.float32).all()
    assert np.isfinite(z.to_numpy()[:5]).all()
    np.testing.assert_allclose(p, 2 * norm.sf(z.abs()), rtol=1e-3)
    scored(adata, pack)
    assert "dtp_scores_z" not in adata.obsm
    with pytest.raises(DataError, match="control=True"):
        dtp.get.scores(adata, kind="z")


def test_new_run_takes_away_columns_of_the_last_one(adata, pack):
    adata.obs["dtp_mine"] = 1.0
    scored(adata, pack)
    assert "dtp_emt" in adata.obs
    scored(adata, pack[:2])
    assert "dtp_emt" not in adata.obs
    assert "dtp_mine" in adata.obs


def test_two_methods_stand_side_by_side(adata, pack, expected):
    scored(adata, pack)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        dtp.tl.score(adata, pack, method="mean", key_added="plain")
    np.testing.assert_array_equal(adata.obsm["dtp_scores"], expected["ucell"])
    np.testing.assert_array_equal(dtp.get.scores(adata, key="plain"), expected["mean"])
    assert {"dtp_emt", "plain_emt"} <= set(adata.obs.columns)
    assert dtp.get.coverage(adata, key="plain")["n_listed"].min() > 0


def test_nothing_else_changes_and_copy_leaves_the_input_alone(adata, pack):
    adata.uns["mine"] = {"a": 1}
    before = adata.copy()
    result = dtp.tl.score(adata, pack, copy=True)
    assert list(adata.obsm) == []
    assert dtp.tl.score(adata, pack) is None
    np.testing.assert_array_equal(result.obsm["dtp_scores"], adata.obsm["dtp_scores"])
    for name in ("indptr", "indices", "data"):
        np.testing.assert_array_equal(getattr(adata.X, name), getattr(before.X, name))
    pd.testing.assert_frame_equal(adata.obs[list(before.obs)], before.obs)
    pd.testing.assert_frame_equal(adata.var, before.var)
    assert adata.uns["mine"] == {"a": 1}


def test_view_becomes_its_own_without_warning(adata, pack, expected):
    view = adata[3:20]
    assert view.is_view
    with warnings.catch_warnings():
        warnings.simplefilter("error", ad.ImplicitModificationWarning)
        dtp.tl.score(view, pack)
    np.testing.assert_array_equal(view.obsm["dtp_scores"], expected["ucell"][3:20])
    assert list(view.obs_names) == list(adata.obs_names[3:20])
    assert list(adata.obs.columns) == ["batch"]
    assert "dtp_scores" not in adata.uns


def test_backed_view_and_copy_are_refused_before_any_work(adata, pack, tmp_path):
    adata.write_h5ad(tmp_path / "x.h5ad")
    backed = ad.read_h5ad(tmp_path / "x.h5ad", backed="r")
    with pytest.raises(DataError, match="to_memory"):
        dtp.tl.score(backed[:5], pack)
    with pytest.raises(DataError, match="to_memory"):
        dtp.tl.score(backed, pack, copy=True)
    backed.file.close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["h5ad", "zarr"])
def test_results_survive_the_disk(kind, adata, pack, tmp_path):
    scored(adata, pack, control=True)
    path = tmp_path / f"x.{kind}"
    getattr(adata, f"write_{kind}")(path)
    back = getattr(ad, f"read_{kind}")(path)
    for key in ("dtp_scores", "dtp_scores_z", "dtp_scores_pvalue"):
        pd.testing.assert_frame_equal(back.obsm[key], adata.obsm[key])
    pd.testing.assert_frame_equal(back.obs, adata.obs)
    mine, theirs = adata.uns["dtp_scores"], back.uns["dtp_scores"]
    assert theirs["params"] == mine["params"]
    pd.testing.assert_frame_equal(theirs["coverage"], mine["coverage"])
    pd.testing.assert_frame_equal(theirs["axes"], mine["axes"])
    sources = theirs["provenance"]["signatures"]
    pd.testing.assert_frame_equal(sources, mine["provenance"]["signatures"])
    assert sources["sha256"].tolist() == [one.sha256 for one in pack]
    assert theirs["provenance"]["dtpscore"] == dtp.__version__
    pd.testing.assert_frame_equal(dtp.get.scores(back), dtp.get.scores(adata))
    scored(back, pack)


def test_names_of_shipped_signatures_and_the_default(adata):
    dtp.tl.score(adata, NAMES[0])
    assert list(adata.obsm["dtp_scores"]) == NAMES[:1]
    with pytest.warns(CoverageWarning):
        dtp.tl.score(adata)
    default = [one.name for one in signatures.select()]
    assert list(adata.obsm["dtp_scores"]) == default


def test_signatures_without_control_genes_are_named(adata, pack, make_signature):
    own = adata[:, list(pack[0].genes.up)].copy()
    small = make_signature("small", ["PCNA"])
    choices = {"method": "tirosh", "n_bins": 2, "normalize": "log1p"}
    with pytest.warns(InputWarning, match=f"No control gene .* bins of {NAMES[0]};"):
        dtp.tl.score(own, [pack[0], small], **choices)
    missing = own.obsm["dtp_scores"].isna()
    assert missing[NAMES[0]].all()
    assert not missing["small"].any()


def test_plain_values():
    assert plain({1: (np.float64(0.5), 2.0), "n": None}).keys() == {"1", "n"}
    assert type(plain(np.float32(2))) is float
    with pytest.raises(TypeError, match="Cannot store a set"):
        plain({"a": {1}})


@pytest.mark.parametrize(
    "record",
    [5, "text", ["a", "axes"], {"axes": 3}, {"axes": pd.DataFrame({"q": [1]})}],
    ids=str,
)
def test_entry_of_someone_else_is_no_earlier_run(record, adata, pack):
    adata.uns["dtp_scores"] = record
    for read in (dtp.get.scores, dtp.get.axes, dtp.get.coverage):
        with pytest.raises(DataError, match=r"Run dtpscore\.tl\.score first"):
            read(adata)
    scored(adata, pack)
    assert dtp.get.scores(adata).shape == (adata.n_obs, len(pack))


def test_results_that_were_taken_away_are_named(adata, pack):
    scored(adata, pack)
    del adata.obs["dtp_emt"], adata.obsm["dtp_scores"]
    with pytest.raises(DataError, match=r"no column 'dtp_emt' any more.*again"):
        dtp.get.axes(adata)
    with pytest.raises(DataError, match=r"no 'dtp_scores'\. Run dtpscore.tl.score\.$"):
        dtp.get.scores(adata)
    with pytest.raises(TypeError, match="Expected an AnnData, got DataFrame"):
        dtp.get.scores(adata.obs)
