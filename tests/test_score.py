"""``dtpscore.tl.score``: same numbers from every input, everything kept on disk."""

from __future__ import annotations

import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.stats import norm

import dtpscore as dtp
from dtpscore import _anndata, _scoring, signatures
from dtpscore._errors import CoverageWarning, DataError, InputWarning, SignatureError
from dtpscore._methods import METHODS

NAMES = ["tirosh2016_s_phase", "tirosh2016_g2m_phase"]
N_CELLS = 37


@pytest.fixture(scope="module")
def genes() -> list[str]:
    listed = [gene for name in NAMES for gene in signatures.load(name).genes.up] + [
        "ACTB",
        "GAPDH",
        "VIM",
        "CDH1",
    ]
    others = [f"LINC{number:05d}" for number in range(150)]
    return [*dict.fromkeys(listed), *others]


@pytest.fixture(scope="module")
def counts(genes) -> np.ndarray:
    """int64 counts with empty cells, empty genes, ties and a wide range of depth."""
    rng = np.random.default_rng(7)
    depth = rng.gamma(1.0, 1.0, size=(N_CELLS, 1))
    counts = rng.poisson(depth * rng.gamma(0.5, 2.0, size=len(genes)))
    counts[5] = 0
    counts[:, 11] = 0
    return counts


@pytest.fixture(scope="module")
def pack(make_signature):
    return [
        *(signatures.load(name) for name in NAMES),
        make_signature(
            "signed",
            ["VIM", "ACTB", "PCNA"],
            ["CDH1", "TOP2A"],
            axis="emt",
            use="default",
            orientation="against",
        ),
    ]


@pytest.fixture
def adata(counts, genes) -> ad.AnnData:
    return build(sp.csr_matrix(counts.astype(np.float32)), genes)


def build(matrix, genes) -> ad.AnnData:
    cells = pd.Index([f"cell{number}" for number in range(matrix.shape[0])])
    obs = pd.DataFrame({"batch": pd.Categorical(["a", "b"] * 18 + ["a"])}, index=cells)
    return ad.AnnData(matrix, obs=obs, var=pd.DataFrame(index=pd.Index(genes)))


def scored(adata, pack, **kwargs) -> np.ndarray:
    """Scores as an array, without the warnings on raw counts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        dtp.tl.score(adata, pack, **kwargs)
    return adata.obsm["dtp_scores"].to_numpy()


@pytest.fixture(scope="module")
def expected(counts, genes, pack) -> dict[str, np.ndarray]:
    """Scores of the dense float64 matrix in one block on one thread."""
    return {
        method: scored(
            build(counts.astype(np.float64), genes),
            pack,
            method=method,
            chunk_size=N_CELLS,
            n_jobs=1,
        )
        for method in METHODS
    }


IN_MEMORY = {
    "dense_float64": lambda x: x.astype(np.float64),
    "dense_float32": lambda x: x.astype(np.float32),
    "dense_int64": lambda x: x,
    "dense_uint16": lambda x: x.astype(np.uint16),
    "dense_fortran": lambda x: np.asfortranarray(x.astype(np.float64)),
    "csr_matrix_float32": lambda x: sp.csr_matrix(x.astype(np.float32)),
    "csr_matrix_int32": lambda x: sp.csr_matrix(x.astype(np.int32)),
    "csr_array_float64": lambda x: sp.csr_array(x.astype(np.float64)),
    "csc_matrix_float32": lambda x: sp.csc_matrix(x.astype(np.float32)),
    "csc_array_int64": lambda x: sp.csc_array(x),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("form", IN_MEMORY)
def test_storage_does_not_change_scores(form, method, counts, genes, pack, expected):
    adata = build(IN_MEMORY[form](counts), genes)
    np.testing.assert_array_equal(scored(adata, pack, method=method), expected[method])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("form", ["csr", "csc", "dense"])
def test_backed_h5ad_does_not_change_scores(
    form, method, counts, genes, pack, expected, tmp_path
):
    make = {"csr": sp.csr_matrix, "csc": sp.csc_matrix, "dense": np.asarray}[form]
    build(make(counts.astype(np.float32)), genes).write_h5ad(tmp_path / "x.h5ad")
    backed = ad.read_h5ad(tmp_path / "x.h5ad", backed="r")
    try:
        got = scored(backed, pack, method=method, chunk_size=10)
    finally:
        backed.file.close()
    np.testing.assert_array_equal(got, expected[method])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("form", ["csr", "dense"])
def test_zarr_on_disk_does_not_change_scores(
    form, method, counts, genes, pack, expected, tmp_path
):
    import zarr
    from anndata.io import sparse_dataset

    make = {"csr": sp.csr_matrix, "dense": np.asarray}[form]
    build(make(counts.astype(np.float32)), genes).write_zarr(tmp_path / "x.zarr")
    stored = zarr.open(tmp_path / "x.zarr", mode="r")["X"]
    matrix = sparse_dataset(stored) if form == "csr" else stored
    options = _scoring.ScoreOptions(method=method, chunk_size=10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        result = _scoring.score_matrix(matrix, genes, pack, options)
    np.testing.assert_array_equal(result.scores, expected[method])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("form", ["csr", "dense"])
def test_dask_does_not_change_scores(form, method, counts, genes, pack, expected):
    dask_array = pytest.importorskip("dask.array")
    matrix = dask_array.from_array(counts.astype(np.float64), chunks=(9, 50))
    if form == "csr":
        matrix = matrix.rechunk((9, -1)).map_blocks(sp.csr_matrix)
    adata = build(matrix, genes)
    np.testing.assert_array_equal(scored(adata, pack, method=method), expected[method])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("chunk_size", "n_jobs"), [(1, 1), (7, 2), (1000, 2)])
def test_blocks_and_threads_do_not_change_scores(
    chunk_size, n_jobs, method, adata, pack, expected
):
    got = scored(adata, pack, method=method, chunk_size=chunk_size, n_jobs=n_jobs)
    np.testing.assert_array_equal(got, expected[method])


def test_layer_raw_and_gene_symbols_reach_the_same_numbers(
    adata, counts, genes, pack, expected
):
    adata.layers["counts"] = adata.X.copy()
    adata.raw = adata.copy()
    adata.X = sp.csr_matrix(np.zeros_like(counts, dtype=np.float32))
    adata.var["name"] = genes
    adata.var_names = [f"id{number}" for number in range(len(genes))]
    layered = scored(adata, pack, layer="counts", gene_symbols="name")
    np.testing.assert_array_equal(layered, expected["ucell"])
    params = adata.uns["dtp_scores"]["params"]
    assert (params["layer"], params["gene_symbols"]) == ("counts", "name")
    raw = scored(adata, pack, use_raw=True)
    np.testing.assert_array_equal(raw, expected["ucell"])
    assert adata.uns["dtp_scores"]["params"]["use_raw"] is True


def test_raw_is_not_used_unless_asked_for(adata, pack, expected):
    adata.raw = adata.copy()
    adata.raw.X.data[:] = 1.0
    np.testing.assert_array_equal(scored(adata, pack), expected["ucell"])


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


@pytest.mark.parametrize("method", ["mean", "zscore", "tirosh"])
def test_raw_counts_are_pointed_out(method, adata, pack):
    with pytest.warns(InputWarning, match="raw counts"):
        dtp.tl.score(adata, pack, method=method)
    with warnings.catch_warnings():
        warnings.simplefilter("error", InputWarning)
        dtp.tl.score(adata, pack, method=method, normalize="log1p")
        adata.X = adata.X.log1p()
        dtp.tl.score(adata, pack, method=method)
    with pytest.warns(InputWarning, match="log-transformed already"):
        dtp.tl.score(adata, pack, method=method, normalize="log1p")


@pytest.mark.parametrize("method", ["ucell", "aucell", "ssgsea"])
def test_rank_methods_do_not_depend_on_the_scale_of_a_cell(method, adata, pack):
    """Why methods on ranks take raw counts without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", InputWarning)
        dtp.tl.score(adata, pack, method=method)
    first = adata.obsm["dtp_scores"].to_numpy()
    adata.X = sp.csr_matrix(adata.X.multiply(4.0))
    dtp.tl.score(adata, pack, method=method)
    np.testing.assert_array_equal(adata.obsm["dtp_scores"], first)


def test_options_that_make_no_sense():
    with pytest.raises(ValueError, match="one of ucell"):
        _scoring.ScoreOptions(method="gsva")
    with pytest.raises(ValueError, match="between 0 and 1"):
        _scoring.ScoreOptions(min_coverage=2)
    with pytest.raises(ValueError, match="control does not exist for 'ssgsea'"):
        _scoring.ScoreOptions(method="ssgsea", control=True)
    with pytest.raises(ValueError, match="chunk_size must be 1 or more"):
        _scoring.ScoreOptions(chunk_size=0)
    with pytest.raises(ValueError, match="human or mouse"):
        _scoring.ScoreOptions(species="rat")


def test_missing_places_are_named_with_what_there_is(adata, pack):
    adata.layers["counts"] = adata.X.copy()
    with pytest.raises(DataError, match=r"no layer 'cuonts'.*'counts'\.$"):
        dtp.tl.score(adata, pack, layer="cuonts")
    with pytest.raises(DataError, match="not both"):
        dtp.tl.score(adata, pack, layer="counts", use_raw=True)
    with pytest.raises(DataError, match="no raw"):
        dtp.tl.score(adata, pack, use_raw=True)
    with pytest.raises(DataError, match=r"no column 'symbol'.*none"):
        dtp.tl.score(adata, pack, gene_symbols="symbol")
    with pytest.raises(TypeError, match="Expected an AnnData, got DataFrame"):
        dtp.tl.score(adata.to_df(), pack)
    adata.X = None
    with pytest.raises(DataError, match=r"X is empty.*'counts'"):
        dtp.tl.score(adata, pack)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_numbers_are_refused(bad, method, adata, pack):
    adata.X.data[3] = bad
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        with pytest.raises(DataError, match=rf"holds {bad} in row 0"):
            dtp.tl.score(adata, pack, method=method)


@pytest.mark.parametrize("method", ["ucell", "aucell", "ssgsea"])
def test_scaled_values_are_refused_by_rank_methods(method, counts, genes, pack):
    scaled = counts - counts.mean(axis=0)
    with pytest.raises(DataError, match=r"below 0.*looks scaled: pass the layer"):
        dtp.tl.score(build(scaled, genes), pack, method=method)
    dtp.tl.score(adata := build(scaled, genes), pack, method="mean")
    assert np.isfinite(adata.obsm["dtp_scores"].to_numpy()).all()


def test_no_cells_no_genes_no_signatures(adata, pack):
    with pytest.raises(DataError, match="no cells"):
        dtp.tl.score(adata[:0].copy(), pack)
    with pytest.raises(DataError, match="no genes"):
        dtp.tl.score(adata[:, :0].copy(), pack)
    with pytest.raises(SignatureError, match="empty"):
        dtp.tl.score(adata, [])
    with pytest.raises(SignatureError, match="more than once"):
        dtp.tl.score(adata, [pack[0], pack[0]])
    with pytest.raises(SignatureError):
        dtp.tl.score(adata, "no_such_signature")


def test_names_must_fit_the_matrix(counts, genes, pack):
    with pytest.raises(DataError, match=rf"{len(genes)} columns .* {len(genes) - 1}"):
        _scoring.score_matrix(counts, genes[1:], pack, _scoring.ScoreOptions())


def test_progress_counts_every_cell_once(counts, genes, pack):
    seen = []
    options = _scoring.ScoreOptions(chunk_size=10)
    _scoring.score_matrix(counts, genes, pack, options, progress=seen.append)
    assert sum(seen) == N_CELLS
    assert len(seen) > 1


def test_get_says_what_there_is(adata, pack):
    with pytest.raises(DataError, match=r"No scores under 'dtp_scores'.*none"):
        dtp.get.scores(adata)
    dtp.tl.score(adata, pack, key_added="mine")
    with pytest.raises(DataError, match="'mine'"):
        dtp.get.coverage(adata)
    with pytest.raises(ValueError, match="kind must be"):
        dtp.get.scores(adata, key="mine", kind="q")


def test_plain_values():
    assert _anndata.plain({1: (np.float64(0.5), 2.0), "n": None}).keys() == {"1", "n"}
    assert type(_anndata.plain(np.float32(2))) is float
    with pytest.raises(TypeError, match="Cannot store a set"):
        _anndata.plain({"a": {1}})
