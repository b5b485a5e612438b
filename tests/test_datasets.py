"""``dtpscore.datasets``: the registry, fetching and loading, without a network."""

from __future__ import annotations

import gzip
import hashlib

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from local_server import CUT, serve

import dtpscore as dtp
from dtpscore._errors import DataError
from dtpscore.datasets import _download, _load, _registry
from dtpscore.datasets._registry import Dataset, File

REAL = ["sc_mixology_nsclc", "bulk_brafi_4lines", "bulk_skmel5_timecourse", "pbmc3k"]
BULK = "gene,A_0day_rep1,A_8day_rep1\nG1,5,0\nG2,0,7\nG3,1,2\n"


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


def bulk_entry(url="", text=BULK, **fields):
    raw = text.encode()
    file = {
        "name": "bulk.csv",
        "url": url and f"{url}/bulk.csv",
        "sha256": hashlib.sha256(raw).hexdigest(),
        "size": len(raw),
    }
    content = {
        "title": "Small bulk table",
        "kind": "bulk",
        "accession": "none",
        "paper": "none",
        "doi": "",
        "licence": "CC0",
        "platform": "none",
        "species": "human",
        "note": "A test.",
        "name_pattern": r"(?P<cell_line>\w)_(?P<day>\d+)day_(?P<replicate>rep\d)",
        "by_day": {"0": {"condition": "parental"}, "8": {"condition": "DTP"}},
        "labels": {"condition": {"parental": "before", "DTP": "after"}},
        "files": [file],
    }
    return Dataset.model_validate({**content, **fields})


@pytest.fixture
def registered(monkeypatch):
    """A function that makes a data set the only one of the registry."""

    def register(entry, name="small"):
        monkeypatch.setattr(_registry, "registry", lambda: {name: entry})
        monkeypatch.setattr(_load, "registry", lambda: {name: entry})

    return register


def left_behind(cache):
    return sorted(path.name for path in cache.glob("*")) if cache.exists() else []


# The registry


def test_every_pinned_file_has_address_checksum_and_size():
    for name, entry in _registry.registry().items():
        for file in entry.files:
            for part in file.parts():
                assert part.url or entry.instead, (name, part.name)
                assert (part.sha256 is None) == (part.size is None), part.name
        assert entry.checked == (entry.n_obs is not None), name


def test_unchecked_data_sets_say_so():
    for entry in _registry.registry().values():
        assert entry.checked != entry.note.startswith("Not run against GEO")


def test_addresses_of_repositories_name_a_commit():
    for entry in _registry.registry().values():
        for part in (part for file in entry.files for part in file.parts()):
            if "githubusercontent" in part.url:
                assert len(part.url.split("/")[5]) == 40


def test_the_control_that_is_none_is_told():
    entry = _registry.registry()["pc9_erlotinib_d11"]
    assert "not a control" in entry.note
    assert {file.obs["file_label"] for file in entry.files} == {"control", "erlotinib"}
    assert entry.obs["condition"] == "DTP"


def test_the_registry_refuses_labels_without_meaning():
    with pytest.raises(ValueError, match="no meaning for condition"):
        bulk_entry(labels={"condition": {"parental": "before"}})


@pytest.mark.parametrize(
    "fields",
    [{"sha256": "abc"}, {"url": "ftp://x"}, {"name": "a/b"}, {"unknown": 1}],
)
def test_the_registry_refuses_malformed_files(fields):
    with pytest.raises(ValueError, match=next(iter(fields))):
        File.model_validate({"name": "a", **fields})


def test_the_table_of_data_sets(home):
    table = dtp.datasets.available()
    assert list(table.index) == list(_registry.registry())
    assert not table["local"].any()
    assert table.loc["pbmc3k", "n_obs"] == 2638
    assert table.loc["gse150949", ["n_obs", "mebibytes"]].isna().all()


def test_an_unknown_name_gets_the_names_and_a_guess():
    with pytest.raises(DataError, match=r"Did you mean 'pbmc3k'.*Available: pc9_erl"):
        dtp.datasets.load("pbmc3")


def test_a_superseries_gets_the_names_of_its_parts():
    with pytest.raises(DataError, match=r"'gse134839' or 'gse134841' or 'gse134838'"):
        dtp.datasets.load("GSE149383")


def test_addresses_and_checksums_are_those_of_the_mirror(data_dir):
    path = data_dir / "sources.tsv"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    listed = pd.read_csv(path, sep="\t", index_col="file")
    known = {
        part.name: part
        for entry in _registry.registry().values()
        for file in entry.files
        for part in file.parts()
    }
    for name, row in listed.iterrows():
        part = known[name]
        assert (part.url, part.sha256, part.size) == (
            row["url"],
            row["sha256"],
            row["bytes"],
        )


# Fetching


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


# The real files, against conversions of the same files made independently


def compare_with_conversion(name, adata, other):
    entry = _registry.registry()[name]
    assert adata.shape == (entry.n_obs, entry.n_vars)
    if "gene_id" in adata.var:
        adata.var_names = adata.var["gene_id"].astype(str)
        other.var_names = other.var["gene_id"].astype(str)
    assert set(adata.obs_names) == set(other.obs_names)
    aligned = adata[other.obs_names, other.var_names]
    assert (aligned.X != other.X).nnz == 0
    same = ["condition"] if name.startswith("bulk") else ["condition", "sample"]
    for column in same:
        assert (
            aligned.obs[column].astype(str) == other.obs[column].astype(str)
        ).all(), column


@pytest.fixture
def mirrored(data_dir, monkeypatch):
    monkeypatch.setenv(_download.MIRROR, str(data_dir))


@pytest.mark.parametrize("name", REAL)
def test_the_loader_gives_what_an_independent_conversion_gave(
    name, mirrored, real_file
):
    other = ad.read_h5ad(real_file(name))
    compare_with_conversion(name, dtp.datasets.load(name), other)


@pytest.mark.slow
def test_pc9_is_loaded_with_both_replicates_as_persisters(mirrored, real_file):
    other = ad.read_h5ad(real_file("pc9_erlotinib_d11"))
    adata = dtp.datasets.load("pc9_erlotinib_d11")
    assert set(adata.obs["condition"]) == {"DTP"}
    assert adata.obs["file_label"].value_counts().to_dict() == {
        "erlotinib": 1243,
        "control": 415,
    }
    compare_with_conversion("pc9_erlotinib_d11", adata, other)


def test_ensembl_ids_become_symbols_where_one_fits(mirrored, real_file):
    other = ad.read_h5ad(real_file("sc_mixology_nsclc"))
    adata = dtp.datasets.load("sc_mixology_nsclc")
    assert adata.var_names.is_unique
    ids = pd.Series(adata.var_names, index=adata.var["gene_id"].astype(str))
    known = other.var["symbol_mapped"].to_numpy(dtype=bool)
    theirs = pd.Series(other.var_names[known], index=other.var["gene_id"][known])
    share = (ids[theirs.index.astype(str)].to_numpy() == theirs.to_numpy()).mean()
    assert share > 0.9
