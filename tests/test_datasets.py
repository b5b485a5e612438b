"""``dtpscore.datasets``: fetching and loading, without a network."""

from __future__ import annotations

import gzip

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from local_server import CUT, serve
from small_dataset import BULK, bulk_entry

import dtpscore as dtp
from dtpscore.datasets import _download, _load, _registry
from dtpscore.datasets._registry import File
from dtpscore.errors import DataError


@pytest.fixture
def served(tmp_path):
    """A folder behind a local HTTP server: path of the folder, address, requests."""
    folder = tmp_path / "server"
    folder.mkdir()
    with serve(folder) as (url, asked):
        yield folder, url, asked


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty cache and no mirror."""
    cache = tmp_path / "cache"
    monkeypatch.setattr(_download, "cache", lambda: cache)
    monkeypatch.delenv(_download.MIRROR, raising=False)
    return cache


@pytest.fixture
def registered(monkeypatch):
    """A function that makes a data set the only one of the registry."""

    def register(entry, name="small"):
        monkeypatch.setattr(_registry, "registry", lambda: {name: entry})
        monkeypatch.setattr(_load, "registry", lambda: {name: entry})

    return register


def left_behind(cache):
    return sorted(path.name for path in cache.glob("*")) if cache.exists() else []


# Fetching


def test_the_table_of_data_sets(home):
    table = dtp.datasets.available()
    assert list(table.index) == list(_registry.registry())
    assert not table["local"].any()
    assert table.loc["pbmc3k", "n_obs"] == 2638
    assert table.loc["gse150949", ["n_obs", "mebibytes"]].isna().all()


def test_a_download_is_checked_kept_and_used_again(served, home, registered):
    folder, url, asked = served
    (folder / "bulk.csv").write_text(BULK)
    registered(bulk_entry(url))
    assert not dtp.datasets.available().loc["small", "local"]
    paths = dtp.datasets.fetch("small", progress=False)
    assert paths == [home / "bulk.csv"]
    assert paths[0].read_text() == BULK
    assert dtp.datasets.available().loc["small", "local"]
    dtp.datasets.fetch("small", progress=False)
    assert asked == ["/bulk.csv"]


def test_progress_is_shown_on_stderr_only_when_asked(served, home, registered, capfd):
    folder, url, _ = served
    (folder / "bulk.csv").write_text(BULK)
    registered(bulk_entry(url))
    dtp.datasets.fetch("small", progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "100%" in err
    (home / "bulk.csv").unlink()
    dtp.datasets.fetch("small", progress=False)
    assert capfd.readouterr().err == ""


def test_a_download_with_another_checksum_is_not_kept(served, home, registered):
    folder, url, _ = served
    (folder / "bulk.csv").write_text(BULK.replace("7", "8"))
    registered(bulk_entry(url))
    with pytest.raises(DataError, match=r"SHA256 hash .* does not match"):
        dtp.datasets.fetch("small", progress=False)
    assert left_behind(home) == []


@pytest.mark.parametrize("pinned", [True, False])
def test_half_a_download_is_not_kept(served, home, registered, pinned):
    folder, url, _ = served
    (folder / "bulk.csv").write_text(BULK)
    entry = bulk_entry(url + CUT.rstrip("/"))
    if not pinned:
        loose = entry.files[0].model_copy(update={"sha256": None})
        entry = entry.model_copy(update={"files": (loose,)})
    registered(entry)
    with pytest.raises(DataError, match=r"could not be downloaded .*Nothing was kept"):
        dtp.datasets.fetch("small", progress=False)
    assert left_behind(home) == []


def test_a_download_that_the_user_stops_is_not_kept(
    served, home, registered, monkeypatch
):
    import pooch

    folder, url, asked = served
    (folder / "bulk.csv").write_text(BULK)
    registered(bulk_entry(url))

    class Stopped(pooch.HTTPDownloader):
        def __call__(self, url, output_file, client):
            super().__call__(url, output_file, client)
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pooch, "HTTPDownloader", Stopped)
        with pytest.raises(KeyboardInterrupt):
            dtp.datasets.fetch("small", progress=False)
    assert left_behind(home) == []
    dtp.datasets.fetch("small", progress=False)
    assert asked == ["/bulk.csv"] * 2


def test_the_command_line_fetches_and_ends_with_3_where_it_cannot(
    served, home, registered, command
):
    folder, url, _ = served
    (folder / "bulk.csv").write_text(BULK)
    registered(bulk_entry(url))
    assert command("datasets", "fetch", "small")[:2] == (0, f"{home / 'bulk.csv'}\n")
    (home / "bulk.csv").write_text(BULK + "G4,1,1\n")
    code, _, err = command("datasets", "fetch", "small")
    assert (code, "expected" in err) == (3, True)
    (home / "bulk.csv").unlink()
    registered(bulk_entry("http://127.0.0.1:9"))
    code, _, err = command("datasets", "fetch", "small")
    assert (code, _download.MIRROR in err) == (3, True)
    assert left_behind(home) == []


def test_a_gzip_file_that_ends_early_on_the_server_is_not_kept(served, home):
    folder, url, _ = served
    whole = gzip.compress(BULK.encode() * 50)
    (folder / "bulk.csv.gz").write_bytes(whole[: len(whole) // 2])
    file = File(name="bulk.csv.gz", url=f"{url}/bulk.csv.gz")
    with pytest.raises(DataError, match="could not be downloaded"):
        _download.obtain(file, progress=False)
    assert left_behind(home) == []


def test_offline_the_error_says_what_to_put_where(home, registered):
    entry = bulk_entry("http://127.0.0.1:9")
    registered(entry)
    with pytest.raises(DataError) as caught:
        dtp.datasets.fetch("small", progress=False)
    for part in ("bulk.csv", "127.0.0.1:9", entry.files[0].sha256, _download.MIRROR):
        assert part in str(caught.value)
    assert left_behind(home) == []


def test_a_missing_file_on_the_server_is_one_clear_error(served, home, registered):
    registered(bulk_entry(served[1]))
    with pytest.raises(DataError, match="404"):
        dtp.datasets.fetch("small", progress=False)
    assert left_behind(home) == []


def test_a_file_without_address_must_be_put_there_by_hand(home, registered):
    registered(bulk_entry())
    with pytest.raises(DataError, match="no address"):
        dtp.datasets.fetch("small")


@pytest.mark.parametrize("below", [".", "raw"])
def test_a_mirror_is_used_without_network_and_never_written_to(
    tmp_path, home, registered, monkeypatch, below
):
    folder = tmp_path / "mirror" / below
    folder.mkdir(parents=True)
    (folder / "bulk.csv").write_text(BULK)
    monkeypatch.setenv(_download.MIRROR, str(tmp_path / "mirror"))
    registered(bulk_entry("http://127.0.0.1:9"))
    assert dtp.datasets.fetch("small") == [folder / "bulk.csv"]
    assert left_behind(home) == []


def test_a_file_in_the_mirror_with_another_checksum_is_refused(
    tmp_path, home, registered, monkeypatch
):
    (tmp_path / "bulk.csv").write_text(BULK + "G4,1,1\n")
    monkeypatch.setenv(_download.MIRROR, str(tmp_path))
    registered(bulk_entry("http://127.0.0.1:9"))
    with pytest.raises(DataError, match=r"its SHA-256 is [0-9a-f]{64}, expected"):
        dtp.datasets.load("small")
    assert (tmp_path / "bulk.csv").exists()


def test_a_mirror_that_is_no_folder_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv(_download.MIRROR, str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="not a folder"):
        dtp.datasets.available()


# Loading


def test_a_bulk_table_is_annotated_from_its_row_names(
    tmp_path, home, registered, monkeypatch
):
    (tmp_path / "bulk.csv").write_text(BULK)
    monkeypatch.setenv(_download.MIRROR, str(tmp_path))
    registered(bulk_entry())
    adata = dtp.datasets.load("small")
    np.testing.assert_array_equal(adata.X.toarray(), [[5, 0, 1], [0, 7, 2]])
    assert adata.X.dtype == np.int32
    assert list(adata.var_names) == ["G1", "G2", "G3"]
    assert adata.obs["condition"].tolist() == ["parental", "DTP"]
    assert list(adata.obs["condition"].cat.categories) == ["parental", "DTP"]
    assert adata.obs["day"].cat.ordered
    assert adata.obs["day"].tolist() == [0, 8]
    assert adata.obs["sample"].tolist() == ["A_0day_rep1", "A_8day_rep1"]
    told = adata.uns["dtpscore_dataset"]
    assert told["labels"]["condition"]["DTP"] == "after"
    assert told["files"].loc["bulk.csv", "sha256"] == bulk_entry().files[0].sha256


@pytest.mark.slow
@pytest.mark.parametrize("form", ["h5ad", "zarr"])
def test_a_loaded_data_set_survives_a_file(
    tmp_path, home, registered, monkeypatch, form
):
    (tmp_path / "bulk.csv").write_text(BULK)
    monkeypatch.setenv(_download.MIRROR, str(tmp_path))
    registered(bulk_entry())
    adata = dtp.datasets.load("small")
    path = tmp_path / f"out.{form}"
    getattr(adata, f"write_{form}")(path)
    again = getattr(ad, f"read_{form}")(path)
    pd.testing.assert_frame_equal(again.obs, adata.obs, check_dtype=False)
    assert again.uns["dtpscore_dataset"]["note"] == "A test."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BULK.replace("G2,0,7", "G2,0"), r"line 3 \(G2\): expected 2 counts, found 1"),
        (BULK.replace("0,7", "x,7"), r"line 3 \(G2\): expected 2 counts, found text"),
        (BULK.replace("0,7", "0,-7"), r"line 3 .*whole numbers"),
        (BULK.replace("0,7", "0,7.5"), r"line 3 .*whole numbers"),
        (BULK.replace("0,7", "nan,7"), r"line 3 .*whole numbers"),
        ("gene,A_0day_rep1\n", "holds no genes"),
        (BULK.replace("A_8day", "A_8"), "does not follow the pattern"),
    ],
)
def test_malformed_tables_are_named_with_their_line(
    tmp_path, home, registered, monkeypatch, text, message
):
    (tmp_path / "bulk.csv").write_text(text)
    monkeypatch.setenv(_download.MIRROR, str(tmp_path))
    registered(bulk_entry(text=text))
    with pytest.raises(DataError, match=message):
        dtp.datasets.load("small")


def test_counts_written_as_decimals_are_read(tmp_path, home, registered, monkeypatch):
    text = BULK.replace("0,7", "0.0,7.0")
    (tmp_path / "bulk.csv").write_text(text)
    monkeypatch.setenv(_download.MIRROR, str(tmp_path))
    registered(bulk_entry(text=text))
    assert dtp.datasets.load("small").X[1, 1] == 7


def test_pbmc_falls_back_to_the_file_of_scanpy(served, home, registered):
    folder, url, _ = served
    blood = ad.AnnData(
        sp.csr_matrix(np.array([[1.0, 0], [0, 2]])),
        obs=pd.DataFrame(index=["c1", "c2"]),
        var=pd.DataFrame({"gene_ids": ["E1", "E2"]}, index=["A", "B"]),
    )
    blood.write_h5ad(folder / "pbmc3k_raw.h5ad")
    entry = _registry.registry()["pbmc3k"]
    spare = entry.instead[0].model_copy(update={"url": f"{url}/pbmc3k_raw.h5ad"})
    registered(entry.model_copy(update={"instead": (spare,)}), "pbmc3k")
    adata = dtp.datasets.load("pbmc3k", progress=False)
    assert adata.shape == (2, 2)
    assert adata.X.dtype == np.int32
    assert set(adata.obs["condition"]) == {"normal"}
    assert list(adata.uns["dtpscore_dataset"]["files"].index) == ["pbmc3k_raw.h5ad"]


def test_leukemia_is_read_from_the_tables_of_its_libraries(home, registered, tmp_path):
    entry = _registry.registry()["aml_vangalen_paired"]
    files = []
    for number, file in enumerate(entry.instead[:2]):
        sample = file.obs["sample"]
        names = [f"{sample}_AAC", f"{sample}_AAG", f"{sample}_AAT"]
        counts = ["\t".join(["Gene", *names]), f"TP53\t{number}\t5\t7", "MYC\t0\t1\t9"]
        cells = ["Cell\tCyclingScore\tCyclingBinary\tPredictionRefined\tCellType"]
        kinds = ["malignant\tHSC-like", "normal\tT", "malignant\tcDC-like"]
        cells += [f"{n}\t0.5\tyes\t{k}" for n, k in zip(names, kinds, strict=True)]
        for part, lines in ((file, counts), (file.cells, cells)):
            text = gzip.compress(("\n".join(lines) + "\n").encode())
            home.mkdir(exist_ok=True)
            (home / part.name).write_bytes(text)
        free = {"sha256": None, "size": None}
        cells_file = file.cells.model_copy(update=free)
        files.append(file.model_copy(update={**free, "cells": cells_file}))
    registered(entry.model_copy(update={"instead": tuple(files)}), "aml")
    adata = dtp.datasets.load("aml", progress=False)
    # Cells that are not malignant are left out, and no name holds its sample twice.
    assert list(adata.obs_names) == [
        f"{file.obs['sample']}_{cell}" for file in files for cell in ("AAC", "AAT")
    ]
    np.testing.assert_array_equal(
        adata[:, ["TP53", "MYC"]].X.toarray(), [[0, 0], [7, 9], [1, 0], [7, 9]]
    )
    assert set(adata.obs["malignancy"]) == {"malignant"}
    assert list(adata.obs["patient"]) == [
        file.obs["patient"] for file in files for _ in range(2)
    ]
    assert list(adata.obs["cell_type"]) == ["HSC-like", "cDC-like"] * 2
