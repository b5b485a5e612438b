"""Files of cells in forms other than anndata's: 10x, h5mu, text, gzip."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import anndata as ad
import h5py
import mudata
import numpy as np
import pandas as pd
import pytest
import scipy.io
import scipy.sparse as sp

import dtpscore as dtp
from dtpscore.errors import DamagedError, DataError

SIGNATURE = "hallmark_e2f_targets"


@pytest.fixture(scope="module")
def cells():
    return dtp.datasets.simulate(n_cells=60, n_genes=600, seed=0)


@pytest.fixture(scope="module")
def expected(cells):
    made = cells.copy()
    dtp.tl.score(made, SIGNATURE)
    return made.obsm["dtp_scores"][SIGNATURE].to_numpy()


def columns_of(cells, *, antibodies=False):
    """Counts by cells, ids, names and kinds; with two antibodies at the end."""
    counts = sp.csr_matrix(cells.X).astype(np.int32)
    names = list(cells.var_names)
    kinds = ["Gene Expression"] * len(names)
    if antibodies:
        more = np.full((cells.n_obs, 2), 500, np.int32)
        counts = sp.hstack([counts, sp.csr_matrix(more)], format="csr")
        names, kinds = [*names, "CD3", "CD8"], [*kinds, *["Antibody Capture"] * 2]
    return counts, [f"ENSG{n:011d}" for n in range(len(names))], names, kinds


def new_h5(path, cells):
    """An h5 file as Cell Ranger 3 and later write it."""
    counts, ids, names, kinds = columns_of(cells, antibodies=True)
    with h5py.File(path, "w") as file:
        group = file.create_group("matrix")
        _put(group, counts, cells)
        features = group.create_group("features")
        features["id"], features["name"] = np.bytes_(ids), np.bytes_(names)
        features["feature_type"] = np.bytes_(kinds)
        features["genome"] = np.bytes_(["GRCh38"] * len(ids))
        features["_all_tag_keys"] = np.bytes_(["genome"])


def _put(group, counts, cells):
    # Genes by cells by columns: the same arrays as cells by genes by rows.
    group["barcodes"] = np.bytes_(list(cells.obs_names))
    group["data"], group["indices"] = counts.data, counts.indices.astype(np.int64)
    group["indptr"] = counts.indptr.astype(np.int64)
    group["shape"] = np.array(counts.shape[::-1], np.int32)


def old_h5(path, cells):
    """An h5 file as Cell Ranger 1 and 2 write it: a group per genome."""
    counts, ids, names, _ = columns_of(cells)
    with h5py.File(path, "w") as file:
        group = file.create_group("hg19")
        _put(group, counts, cells)
        group["genes"], group["gene_names"] = np.bytes_(ids), np.bytes_(names)


def folder(path, cells, *, genes="features", packed=True, prefix=""):
    counts, ids, names, kinds = columns_of(cells, antibodies=genes == "features")
    path.mkdir()
    table = {"id": ids, "name": names}
    if genes == "features":
        table["kind"] = kinds
    options = {"sep": "\t", "header": False, "index": False}
    ending = ".gz" if packed else ""
    pd.DataFrame(table).to_csv(path / f"{prefix}{genes}.tsv{ending}", **options)
    barcodes = pd.Series(cells.obs_names)
    barcodes.to_csv(path / f"{prefix}barcodes.tsv{ending}", **options)
    plain = path / f"{prefix}matrix.mtx"
    scipy.io.mmwrite(plain, counts.T.tocoo(), field="integer")
    if packed:
        pack(plain)


def pack(path):
    """Compress a file with gzip; the plain one goes."""
    with path.open("rb") as plain, gzip.open(f"{path}.gz", "wb") as packed:
        shutil.copyfileobj(plain, packed)
    path.unlink()


def table(path, cells, *, turned=False, sep=",", annotation=False):
    frame = cells.to_df().astype(int)
    frame = frame.T if turned else frame
    if annotation:
        frame.insert(0, "gene_id", [f"ENSG{n}" for n in range(len(frame))])
    frame.to_csv(path, sep=sep)


def packed_h5ad(path, cells):
    plain = path.with_suffix("")
    cells.write_h5ad(plain)
    pack(plain)


def h5mu(path, cells):
    rna = cells.copy()
    shared = rna.obs[["sample"]].copy()
    del rna.obs["sample"]
    antibodies = ad.AnnData(
        np.ones((cells.n_obs, 2)), obs=pd.DataFrame(index=shared.index)
    )
    antibodies.var_names = ["CD3", "CD8"]
    made = mudata.MuData({"prot": antibodies, "rna": rna})
    made.obs["sample"] = shared["sample"].to_numpy()
    made.write_h5mu(path)


KINDS = {
    "of Cell Ranger 3 and later.h5": new_h5,
    "of Cell Ranger 1 and 2.h5": old_h5,
    "packed": folder,
    "unpacked": lambda p, c: folder(p, c, packed=False),
    "before version 3": lambda p, c: folder(p, c, genes="genes", packed=False),
    "packed genes": lambda p, c: folder(p, c, genes="genes"),
    "as GEO has it": lambda p, c: folder(p, c, prefix="GSM1_"),
    "cells in rows.csv": table,
    "cells in rows.csv.gz": table,
    "genes in rows.csv": lambda p, c: table(p, c, turned=True),
    "genes in rows.tsv": lambda p, c: table(p, c, turned=True, sep="\t"),
    "genes in rows.txt.gz": lambda p, c: table(p, c, turned=True, sep="\t"),
    "with ids.tsv": lambda p, c: table(p, c, turned=True, sep="\t", annotation=True),
    "packed.h5ad.gz": packed_h5ad,
    "several.h5mu": h5mu,
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_scores_are_those_of_the_same_cells(tmp_path, cells, expected, kind):
    path = tmp_path / kind
    KINDS[kind](path, cells)
    made = dtp.read(path)
    assert list(made.obs_names) == list(cells.obs_names)
    dtp.tl.score(made, SIGNATURE)
    found = made.obsm["dtp_scores"][SIGNATURE]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", ["of Cell Ranger 1 and 2.h5", "packed", "several.h5mu"]
)
def test_the_command_line_reads_them(tmp_path, cells, expected, command, kind):
    path, out = tmp_path / kind, tmp_path / "out.h5ad"
    KINDS[kind](path, cells)
    before = sorted(Path(tmp_path).rglob("*"))
    code, _, errors = command("score", path, "-o", out, "--signature", SIGNATURE)
    assert code == 0, errors
    found = ad.read_h5ad(out).obsm["dtp_scores"][SIGNATURE]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert sorted(Path(tmp_path).rglob("*")) == sorted([*before, out])


def test_columns_that_modalities_share_are_there(tmp_path, cells):
    h5mu(tmp_path / "a.h5mu", cells)
    found = dtp.read(tmp_path / "a.h5mu").obs["sample"].astype(str)
    assert list(found) == list(cells.obs["sample"].astype(str))


def test_features_that_are_no_genes_stay_and_are_named(tmp_path, cells):
    new_h5(tmp_path / "a.h5", cells)
    made = dtp.read(tmp_path / "a.h5")
    assert made.n_vars == cells.n_vars + 2
    assert list(made.var["feature_types"][-2:]) == ["Antibody Capture"] * 2


def test_two_genomes_of_an_old_file_are_one_set_of_cells(tmp_path, cells):
    old_h5(tmp_path / "a.h5", cells)
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file.copy("hg19", "mm10")
        del file["mm10/gene_names"]
        names = [f"mm10_{name.title()}" for name in cells.var_names]
        file["mm10/gene_names"] = np.bytes_(names)
    made = dtp.read(tmp_path / "a.h5")
    assert made.shape == (cells.n_obs, 2 * cells.n_vars)


def lone_barcodes(path, cells):
    folder(path, cells)
    (path / "features.tsv.gz").unlink()


def two_matrices(path, cells):
    folder(path, cells)
    shutil.copy(path / "matrix.mtx.gz", path / "b_matrix.mtx.gz")


def fewer_barcodes(path, cells):
    folder(path, cells)
    (path / "barcodes.tsv.gz").unlink()
    (path / "barcodes.tsv").write_text("a\nb\n")


def words(path, _):
    path.write_text("name,first,second\nA,yes,no\nB,no,yes\n")


def holes(path, _):
    path.write_text("name,a,b\nTP53,1,\nMYC,2,3\n")


def other_modalities(path, cells):
    h5mu(path, cells)
    with h5py.File(path, "r+") as file:
        file.move("mod/rna", "mod/first")


@pytest.mark.parametrize(
    ("name", "make", "error", "said"),
    [
        ("a", lone_barcodes, DataError, "lacks features.tsv.gz"),
        ("a", two_matrices, DataError, "holds 2 matrices"),
        ("a", fewer_barcodes, DamagedError, "60 cells, but the tables name .* and 2"),
        ("a.csv", words, DataError, "column 'first' holds 'yes'"),
        ("a.csv", holes, DataError, "empty places"),
        ("a.h5mu", other_modalities, DataError, "modalities 'first', 'prot'"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path, cells, name, make, error, said):
    make(tmp_path / name, cells)
    with pytest.raises(error, match=said):
        dtp.read(tmp_path / name)


def test_files_of_anndata_are_read_as_they_are(tmp_path, cells):
    cells.write_h5ad(tmp_path / "a.h5ad")
    made = dtp.read(tmp_path / "a.h5ad")
    assert (made.X != cells.X).nnz == 0
    with pytest.raises(DataError, match="There is no file"):
        dtp.read(tmp_path / "b.h5ad")


@pytest.mark.slow
def test_an_ending_does_not_make_another_kind(tmp_path, cells):
    cells.write_h5ad(tmp_path / "a.h5")
    assert dtp.read(tmp_path / "a.h5").shape == cells.shape
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["peaks"] = [1, 2]
    with pytest.raises(DataError, match="no cells in the form of Cell Ranger"):
        dtp.read(tmp_path / "b.h5")


@pytest.mark.parametrize("size", [10, -20])
def test_a_packed_file_that_is_cut_off(tmp_path, cells, size):
    packed_h5ad(tmp_path / "a.h5ad.gz", cells)
    content = (tmp_path / "a.h5ad.gz").read_bytes()
    (tmp_path / "a.h5ad.gz").write_bytes(content[:size])
    with pytest.raises(DamagedError, match="is damaged"):
        dtp.read(tmp_path / "a.h5ad.gz")
