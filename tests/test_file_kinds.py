"""Files of every origin: what can be read is read, the rest is told apart."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest

import dtpscore as dtp
from dtpscore import _store
from dtpscore._results.elements import Element, Source
from dtpscore.errors import DataError

TEXT = h5py.string_dtype()


@pytest.fixture
def refused(command, out):
    """Score what must fail; the text of the error."""

    def run(file, *words, expected=3):
        code, _, err = command("score", file, "-o", out, *words)
        assert code == expected, err
        assert not out.exists()
        return err

    return run


@pytest.fixture
def changed(path):
    """A function that changes the groups of the file of cells."""

    def run(change):
        with h5py.File(path, "r+") as file:
            change(file)
        return path

    return run


def scores(command, path, out, *words):
    code, _, err = command("score", path, "-o", out, "--axis", "emt", *words)
    assert code == 0, err
    return ad.read_h5ad(out).obsm["dtp_scores"]


@pytest.fixture
def expected(cells):
    adata = cells.copy()
    dtp.tl.score(adata, dtp.signatures.select(axes="emt"))
    return adata.obsm["dtp_scores"]


def write_as_anndata_07(path, cells):
    """The layout of anndata 0.7: tables of version 0.1.0, categories set apart."""
    matrix = cells.X.tocsr()
    with h5py.File(path, "w") as file:
        x = file.create_group("X")
        x.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0"})
        x.attrs["shape"] = np.array(matrix.shape)
        for name in ("data", "indices", "indptr"):
            x[name] = getattr(matrix, name)
        for name, table in (("obs", cells.obs[["condition"]]), ("var", cells.var[[]])):
            group = file.create_group(name)
            group.attrs.update({"encoding-type": "dataframe", "_index": "index"})
            group.attrs["encoding-version"] = "0.1.0"
            columns = [*table, "feature_name"] if name == "var" else [*table]
            group.attrs["column-order"] = np.array(columns, dtype=object)
            group.create_dataset("index", data=table.index.to_numpy(), dtype=TEXT)
        categories = cells.obs["condition"].cat.categories.to_numpy()
        put_categories(file["obs"], "condition", cells.obs["condition"], categories)
        names = pd.Series(pd.Categorical(cells.var_names))
        put_categories(file["var"], "feature_name", names, names.cat.categories)


def put_categories(group, name, column, categories):
    stored = group.create_dataset(name, data=column.cat.codes.to_numpy())
    kept = group.require_group("__categories").create_dataset(
        name, data=np.asarray(categories, dtype=object), dtype=TEXT
    )
    stored.attrs["categories"] = kept.ref


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*without encoding metadata")
def test_file_of_anndata_07(cells, tmp_path, out, command, expected):
    file = tmp_path / "old.h5ad"
    write_as_anndata_07(file, cells)
    found = scores(command, file, out, "--gene-symbols", "feature_name")
    np.testing.assert_array_equal(found, expected)
    with _store.open_matrix(file, obs=("condition",)) as stored:
        assert list(stored.obs["condition"]) == list(cells.obs["condition"])
    called = out.with_name("called.h5ad")
    calls = pd.Categorical(["a", "b", "c"] * 25)
    _store.write_with(out, called, [Element("obs", "dtp_call", calls)])
    back = ad.read_h5ad(called)
    assert list(back.obs["condition"]) == list(cells.obs["condition"])
    assert list(back.obs["dtp_call"]) == list(calls)


@pytest.mark.slow
def test_ensembl_index_with_names_in_a_category_as_of_cellxgene(
    cells, tmp_path, out, command, expected
):
    adata = cells.copy()
    adata.var["feature_name"] = pd.Categorical(adata.var_names)
    adata.var_names = [f"ENSG{number:011d}" for number in range(adata.n_vars)]
    adata.write_h5ad(tmp_path / "x.h5ad", compression="gzip")
    words = ("--gene-symbols", "feature_name")
    found = scores(command, tmp_path / "x.h5ad", out, *words)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.slow
@pytest.mark.parametrize("missing", [np.nan, None])
def test_missing_gene_names_match_nothing(cells, tmp_path, out, command, missing):
    adata = cells.copy()
    names = adata.var_names.to_numpy(dtype=object, copy=True)
    lost = names[:40].copy()
    names[:40] = missing
    adata.var["symbol"] = pd.Categorical(names)
    adata.var_names = [f"row{number}" for number in range(adata.n_vars)]
    adata.write_h5ad(tmp_path / "x.h5ad")
    scores(command, tmp_path / "x.h5ad", out, "--gene-symbols", "symbol")
    coverage = dtp.get.coverage(ad.read_h5ad(out))
    listed = {
        gene for one in dtp.signatures.select(axes="emt") for gene in one.genes.up
    }
    found = set("; ".join(coverage["missing"]).split("; "))
    assert set(lost) & listed <= found


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*without encoding metadata")
@pytest.mark.parametrize("kind", ["fixed", "number"])
def test_names_of_cells_that_are_bytes_or_numbers(
    changed, cells, out, command, expected, kind
):
    def change(file):
        key = file["obs"].attrs["_index"]
        names = cells.obs_names.to_numpy(dtype="S")
        del file["obs"][key]
        file["obs"][key] = np.arange(75) if kind == "number" else names

    found = scores(command, changed(change), out)
    np.testing.assert_array_equal(found, expected)
    names = list(map(str, range(75))) if kind == "number" else list(cells.obs_names)
    assert list(found.index) == names


@pytest.mark.slow
def test_repeated_names_of_cells(cells, tmp_path, out, command, expected):
    adata = cells.copy()
    adata.obs_names = ["cell"] * 75
    adata.write_h5ad(tmp_path / "x.h5ad")
    np.testing.assert_array_equal(
        scores(command, tmp_path / "x.h5ad", out), expected.to_numpy()
    )


@pytest.mark.slow
def test_column_that_is_not_asked_for_is_not_read(changed, out, command, expected):
    def change(file):
        odd = file["var"].create_group("odd")
        odd.attrs.update({"encoding-type": "of-tomorrow", "encoding-version": "9"})
        order = [*file["var"].attrs["column-order"], "odd"]
        file["var"].attrs["column-order"] = order

    code, _, err = command("score", changed(change), "-o", out, "--axis", "emt")
    assert code == 0, err
    with h5py.File(out) as file:
        np.testing.assert_array_equal(
            file["obsm/dtp_scores"][expected.columns[0]][:], expected.iloc[:, 0]
        )


def test_matrix_of_a_newer_anndata(changed, refused):
    def change(file):
        file["X"].attrs["encoding-type"] = "of-tomorrow"

    err = refused(changed(change))
    assert "anndata cannot read" in err
    assert "pip install --upgrade anndata" in err


def test_table_without_its_attributes(changed, refused):
    def change(file):
        del file["obs"].attrs["column-order"]

    err = refused(changed(change), expected=6)
    assert "table obs lacks 'column-order'" in err


def test_matrix_with_other_rows_than_cells(changed, refused):
    def change(file):
        key = file["obs"].attrs["_index"]
        del file["obs"][key]
        file["obs"].create_dataset(key, data=["a", "b"], dtype=TEXT)

    err = refused(changed(change), expected=6)
    assert "it has 75 entries, but obs has 2" in err


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (["matrix", "row_attrs", "col_attrs"], "is a loom file"),
        (["assays", "cell.names"], "is an h5Seurat file"),
        (["mod/rna", "obs", "var"], "several modalities ('rna')"),
    ],
    ids=lambda value: str(value)[:12],
)
def test_other_formats_are_told_apart(groups, message, tmp_path, refused):
    file = tmp_path / "other.h5ad"
    with h5py.File(file, "w") as other:
        for group in groups:
            other.create_group(group)
    assert message in refused(file)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "cells.h5ad.gz",
            gzip.compress(b"cells", mtime=0),
            "what it holds is no HDF5 file",
        ),
        ("cells.h5ad", b"PK\x03\x04", "is a zip archive"),
        ("cells.rds", gzip.compress(b"RDX", mtime=0), "zellkonverter::writeH5AD"),
    ],
)
def test_packed_files_and_files_of_r(name, content, message, tmp_path, refused):
    (tmp_path / name).write_bytes(content)
    assert message in refused(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")
def test_pipe_as_input(tmp_path, refused):
    os.mkfifo(tmp_path / "pipe.h5ad")
    assert "is a pipe or a device" in refused(tmp_path / "pipe.h5ad")


def test_file_that_another_program_writes_to(path, refused):
    hold = "import h5py, sys; f = h5py.File(sys.argv[1], 'r+'); print(1); input()"
    other = subprocess.Popen(
        [sys.executable, "-uc", hold, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert other.stdout.readline().strip() == b"1"
        try:
            h5py.File(path).close()
        except OSError:
            assert "open for writing in another program" in refused(path)
        else:
            pytest.skip("this file system has no locks")
    finally:
        other.communicate(b"\n")


def test_no_column_of_gene_names_lists_what_there_is(path):
    source = Source(gene_symbols="symbol")
    with (
        pytest.raises(DataError, match=r"var has no column 'symbol'.*'true_cycle'"),
        _store.open_matrix(path, source),
    ):
        pass
