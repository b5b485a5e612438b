"""Files of cells are opened by pieces and copied with results added."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import zarr

from dtpscore import _store
from dtpscore._results.elements import Element, Source
from dtpscore.errors import DataError

N, G = 12, 7


@pytest.fixture
def adata():
    rng = np.random.default_rng(0)
    counts = sp.csr_matrix(rng.poisson(1.0, (N, G)).astype(np.float32))
    obs = pd.DataFrame(
        {
            "condition": pd.Categorical(["a", "b"] * (N // 2)),
            "n": np.arange(N),
            "text": [f"t{i}" for i in range(N)],
            "maybe": pd.array([True, None] * (N // 2), dtype="boolean"),
        },
        index=[f"cell{i}" for i in range(N)],
    )
    var = pd.DataFrame(
        {"symbol": [f"S{i}" for i in range(G)]}, index=[f"g{i}" for i in range(G)]
    )
    made = ad.AnnData(counts, obs=obs, var=var)
    made.layers["dense"] = counts.toarray() + 1
    made.raw = made.copy()
    made.obsm["X_pca"] = rng.normal(size=(N, 3))
    made.obsm["frame"] = pd.DataFrame({"a": np.arange(N)}, index=obs.index)
    made.obsp["near"] = sp.csr_matrix(np.eye(N))
    made.varm["load"] = rng.normal(size=(G, 2))
    made.uns["nested"] = {"list": np.array([1, 2]), "word": "x", "deep": {"k": 1.5}}
    return made


def _write(adata, folder: Path, kind: str) -> Path:
    path = folder / f"in.{'zarr' if kind.startswith('zarr') else 'h5ad'}"
    if kind == "h5ad":
        adata.write_h5ad(path)
    elif kind == "gzip":
        adata.write_h5ad(path, compression="gzip")
    else:
        with ad.settings.override(zarr_write_format=int(kind[-1])):
            adata.write_zarr(path)
    return path


KINDS = ["h5ad", "gzip", "zarr2", "zarr3"]


def _read(path: Path):
    return ad.read_zarr(path) if path.is_dir() else ad.read_h5ad(path)


def _results(index):
    scores = pd.DataFrame({"s": np.linspace(0, 1, N)}, index=index)
    return [
        Element("obsm", "dtp_scores", scores),
        Element("obs", "dtp_emt", np.arange(N, dtype=np.float32)),
        Element("obs", "dtp_call", pd.Series(pd.Categorical(["x"] * N), index=index)),
        Element("uns", "dtp_scores", {"params": {"layer": None, "n": 1}}),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (Source(), lambda a: (a.X.toarray(), a.var_names)),
        (Source(layer="dense"), lambda a: (a.layers["dense"], a.var_names)),
        (Source(use_raw=True), lambda a: (a.raw.X.toarray(), a.raw.var_names)),
        (Source(gene_symbols="symbol"), lambda a: (a.X.toarray(), a.var["symbol"])),
    ],
)
@pytest.mark.parametrize("backed", [True, False])
def test_open_matrix_gives_the_matrix_asked_for(
    adata, tmp_path, kind, source, expected, backed
):
    path = _write(adata, tmp_path, kind)
    matrix, names = expected(adata)
    asked = {"backed": backed, "obs": ("condition",), "uns": ("nested", "none")}
    with _store.open_matrix(path, source, **asked) as stored:
        found = stored.matrix[2:5]
        found = found.toarray() if sp.issparse(found) else np.asarray(found)
        np.testing.assert_array_equal(found, matrix[2:5])
        assert stored.gene_names == list(names)
        assert stored.n_obs == N
    assert list(stored.obs_names) == list(adata.obs_names)
    assert list(stored.obs["condition"]) == list(adata.obs["condition"])
    assert list(stored.uns) == ["nested"]


def _same(found, expected):
    pd.testing.assert_frame_equal(found.obs[expected.obs.columns], expected.obs)
    pd.testing.assert_frame_equal(found.var, expected.var)
    assert found.X.dtype == expected.X.dtype
    assert (found.X != expected.X).nnz == 0
    assert (found.raw.X != expected.raw.X).nnz == 0
    np.testing.assert_array_equal(found.layers["dense"], expected.layers["dense"])
    np.testing.assert_array_equal(found.obsm["X_pca"], expected.obsm["X_pca"])
    pd.testing.assert_frame_equal(found.obsm["frame"], expected.obsm["frame"])
    assert (found.obsp["near"] != expected.obsp["near"]).nnz == 0
    np.testing.assert_array_equal(found.varm["load"], expected.varm["load"])
    assert found.uns["nested"]["word"] == "x"
    assert found.uns["nested"]["deep"] == {"k": 1.5}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_output_is_the_input_with_results_added(adata, tmp_path, kind):
    path = _write(adata, tmp_path, kind)
    before = path.read_bytes() if path.is_file() else None
    out = tmp_path / "new" / f"out{path.suffix}"
    _store.write_with(path, out, _results(adata.obs_names))
    expected, found = _read(path), _read(out)
    _same(found, expected)
    assert list(found.obs) == [*expected.obs, "dtp_emt", "dtp_call"]
    assert found.obs["dtp_call"].dtype == "category"
    np.testing.assert_array_equal(found.obsm["dtp_scores"]["s"], np.linspace(0, 1, N))
    assert found.uns["dtp_scores"]["params"]["n"] == 1
    assert sorted(p.name for p in out.parent.iterdir()) == [out.name]
    if before is not None:
        assert path.read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_results_of_an_earlier_run_are_replaced_and_taken_away(adata, tmp_path, kind):
    path = _write(adata, tmp_path, kind)
    first, second = (tmp_path / f"{n}{path.suffix}" for n in ("first", "second"))
    _store.write_with(path, first, _results(adata.obs_names))
    again = [
        Element("obs", "dtp_emt", None),
        Element("obs", "absent", None),
        Element("obsm", "absent", None),
        Element("uns", "dtp_scores", None),
        Element("obs", "dtp_call", np.zeros(N)),
    ]
    _store.write_with(first, second, again)
    found = _read(second)
    assert list(found.obs) == [*adata.obs, "dtp_call"]
    assert found.obs["dtp_call"].dtype == float
    assert "dtp_scores" not in found.uns
    assert "dtp_scores" in found.obsm


def test_file_without_obsm_and_without_columns(tmp_path):
    path = tmp_path / "in.h5ad"
    ad.AnnData(np.ones((N, G), np.float32)).write_h5ad(path)
    with h5py.File(path, "r+") as file:
        del file["obsm"]
        del file["uns"]
    out = tmp_path / "out.h5ad"
    names = _read(path).obs_names
    _store.write_with(path, out, _results(names))
    assert list(_read(out).obs) == ["dtp_emt", "dtp_call"]


@pytest.mark.slow
def test_metadata_summary_of_a_zarr_folder_has_the_new_entries(adata, tmp_path):
    path = _write(adata, tmp_path, "zarr3")
    out = tmp_path / "out.zarr"
    _store.write_with(path, out, _results(adata.obs_names))
    group = zarr.open_group(str(out), mode="r", use_consolidated=True)
    assert "dtp_scores" in group["obsm"]


def test_output_that_exists_needs_leave(adata, tmp_path):
    path = _write(adata, tmp_path, "h5ad")
    out = tmp_path / "out.h5ad"
    out.write_text("precious")
    with pytest.raises(DataError, match="--overwrite"):
        _store.write_with(path, out, [])
    assert out.read_text() == "precious"
    _store.write_with(path, out, [], overwrite=True)
    _same(_read(out), adata)


@pytest.mark.parametrize("same", ["name", "link"])
def test_output_that_is_the_input_is_refused(adata, tmp_path, same):
    path = _write(adata, tmp_path, "h5ad")
    out = path
    if same == "link":
        out = tmp_path / "link.h5ad"
        out.symlink_to(path)
    before = path.read_bytes()
    with pytest.raises(DataError, match="is the input"):
        _store.write_with(path, out, [], overwrite=True)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["out.csv", "out.zarr", "out"])
def test_output_of_another_format_is_refused(adata, tmp_path, name):
    path = _write(adata, tmp_path, "h5ad")
    with pytest.raises(DataError, match=r"must be a \.h5ad file"):
        _store.write_with(path, tmp_path / name, [])


def test_folder_that_cannot_be_written_to(adata, tmp_path):
    path = _write(adata, tmp_path, "h5ad")
    folder = Path("/proc/dtpscore")
    if os.access("/proc", os.W_OK) and not Path("/proc").is_mount():
        pytest.skip("this system has no folder that is always read-only")
    with pytest.raises(DataError, match="cannot be written to"):
        _store.write_with(path, folder / "out.h5ad", [])


def test_folder_that_is_a_file(adata, tmp_path):
    path = _write(adata, tmp_path, "h5ad")
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(DataError, match="cannot be written to"):
        _store.write_with(path, tmp_path / "taken" / "out.h5ad", [])


def test_folder_that_is_too_full(adata, tmp_path, monkeypatch):
    path = _write(adata, tmp_path, "h5ad")
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(DataError, match=r"too full.*MB"):
        _store.write_with(path, tmp_path / "out.h5ad", [])
    assert [p.name for p in tmp_path.iterdir()] == ["in.h5ad"]


@pytest.mark.parametrize("existing", [False, True])
def test_disk_that_fills_up_in_the_middle_leaves_nothing_behind(
    adata, tmp_path, monkeypatch, existing
):
    path = _write(adata, tmp_path, "h5ad")
    out = tmp_path / "out.h5ad"
    if existing:
        out.write_text("precious")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("anndata.io.write_elem", full)
    with pytest.raises(DataError, match=r"No space left.*Nothing was written"):
        _store.write_with(path, out, _results(adata.obs_names), overwrite=True)
    left = sorted(p.name for p in tmp_path.iterdir())
    assert left == ["in.h5ad", "out.h5ad"][: 1 + existing]
    if existing:
        assert out.read_text() == "precious"


def test_room_taken_for_the_results_is_given_back(adata, tmp_path):
    path = _write(adata, tmp_path, "h5ad")
    out = tmp_path / "out.h5ad"
    _store.write_with(path, out, _results(adata.obs_names))
    assert out.stat().st_size < path.stat().st_size + 100_000


def test_tables_hold_the_results(adata, tmp_path):
    names = adata.obs_names
    coverage = pd.DataFrame({"n_found": [3]}, index=["s"])
    results = [
        *_results(names)[:2],
        Element("obs", "gone", None),
        Element("uns", "dtp_scores", {"coverage": coverage, "params": {}}),
    ]
    written = _store.write_tables(results, names, tmp_path / "tables")
    found = {path.name: pd.read_csv(path, index_col=0) for path in written}
    assert set(found) == {
        "dtp_scores.csv",
        "dtp_scores_coverage.csv",
        "dtp_scores_obs.csv",
    }
    np.testing.assert_allclose(found["dtp_scores.csv"]["s"], np.linspace(0, 1, N))
    assert list(found["dtp_scores_obs.csv"].index) == list(names)
    assert list(found["dtp_scores_obs.csv"]) == ["dtp_emt"]
    with pytest.raises(DataError, match="--overwrite"):
        _store.write_tables(results, names, tmp_path / "tables")
    _store.write_tables(results, names, tmp_path / "tables", overwrite=True)
