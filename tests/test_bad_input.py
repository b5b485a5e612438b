"""``dtpscore score`` refuses or warns of input that it cannot use well."""

from __future__ import annotations

import subprocess
import sys
import warnings

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest

import dtpscore as dtp


@pytest.fixture
def refused(command, tmp_path):
    """Run what must fail and leave the folder as it was; stderr."""

    def run(*words, code=3):
        before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
        found, out, err = command(*words)
        assert (found, out) == (code, "")
        assert err.startswith("Error: ") or "\nError: " in err
        after = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
        assert before == after
        return err

    return run


def changed(cells, folder, change):
    adata = cells.copy()
    made = change(adata)
    adata = adata if made is None else made
    path = folder / "changed.h5ad"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adata.write_h5ad(path)
    return path


def with_value(value):
    def change(adata):
        adata.X = adata.X.astype(np.float32)
        adata.X.data[100] = value

    return change


def test_missing_file(tmp_path, path, out, refused):
    err = refused("score", tmp_path / "no.h5ad", "-o", out)
    assert "There is no file" in err
    assert "'cells.h5ad'" in err


def test_empty_file(tmp_path, out, refused):
    (tmp_path / "empty.h5ad").write_bytes(b"")
    err = refused("score", tmp_path / "empty.h5ad", "-o", out)
    assert "is empty (0 bytes)" in err


def test_not_an_h5ad(tmp_path, out, refused):
    file = tmp_path / "table.h5ad"
    file.write_text("gene\tcell\n" * 500)
    assert "is not an HDF5 file" in refused("score", file, "-o", out)
    with h5py.File(file, "w") as other:
        other["something"] = 1
    err = refused("score", file, "-o", out)
    assert "lacks obs or var" in err
    assert "'something'" in err
    with h5py.File(file, "w") as other:
        other["matrix/data"] = 1
    err = refused("score", file, "-o", out)
    assert "10x Genomics" in err
    folder = tmp_path / "folder"
    folder.mkdir()
    err = refused("score", folder, "-o", out)
    assert "no zarr store" in err


def test_truncated_file(tmp_path, path, out, refused):
    cut = tmp_path / "cut.h5ad"
    cut.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    err = refused("score", cut, "-o", out, code=6)
    assert "is cut off" in err


def test_file_of_an_old_anndata(tmp_path, out, refused):
    file = tmp_path / "old.h5ad"
    with h5py.File(file, "w") as old:
        old["X"] = np.ones((2, 2))
        old["obs"] = np.zeros(2, dtype=[("index", "S3")])
        old["var"] = np.zeros(2, dtype=[("index", "S3")])
    err = refused("score", file, "-o", out)
    assert "older than 0.7" in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--layer", "nope"], "no layer 'nope'. Layers there are: 'counts'"),
        (["--use-raw"], "no raw"),
        (["--gene-symbols", "nope"], "no column 'nope'"),
        (["--use-raw", "--layer", "counts"], "not both"),
    ],
    ids=str,
)
def test_what_is_not_in_the_file(cells, tmp_path, out, options, message, refused):
    def change(adata):
        adata.layers["counts"] = adata.X

    file = changed(cells, tmp_path, change)
    assert message in refused("score", file, "-o", out, *options)


def test_file_without_matrix(cells, tmp_path, out, refused):
    def change(adata):
        return ad.AnnData(obs=adata.obs, var=adata.var)

    file = changed(cells, tmp_path, change)
    assert "no X" in refused("score", file, "-o", out)


def test_no_cells(cells, tmp_path, out, refused):
    file = changed(cells, tmp_path, lambda adata: adata[:0].copy())
    assert "no cells" in refused("score", file, "-o", out)


def test_no_signature_gene(cells, tmp_path, out, refused):
    def change(adata):
        adata.var_names = [f"feature{i}" for i in range(adata.n_vars)]

    file = changed(cells, tmp_path, change)
    err = refused("score", file, "-o", out)
    assert "feature0" in err


@pytest.mark.slow
def test_under_half_present_warns(cells, tmp_path, out, command):
    genes = dtp.signatures.load("pemt_puram2017").genes.up[:5]

    def change(adata):
        listed = dtp.signatures.load("pemt_puram2017").genes.up
        keep = [g for g in adata.var_names if g not in listed or g in genes]
        return adata[:, keep].copy()

    file = changed(cells, tmp_path, change)
    words = ["score", file, "-o", out, "--signature", "pemt_puram2017"]
    code, _, err = command(*words)
    assert code == 0
    assert "Warning: " in err
    assert "pemt_puram2017 (5 of" in err
    assert bool(dtp.get.coverage(ad.read_h5ad(out))["low"].iloc[0])


@pytest.mark.parametrize(
    ("value", "message"),
    [(np.nan, "holds nan"), (np.inf, "holds inf"), (-1.0, "below 0")],
    ids=str,
)
def test_values_that_cannot_be_ranked(cells, tmp_path, out, value, message, refused):
    file = changed(cells, tmp_path, with_value(value))
    assert message in refused("score", file, "-o", out)


def test_scaled_values_are_refused_by_rank_methods(cells, tmp_path, out, refused):
    def change(adata):
        dense = adata.X.toarray().astype(np.float32)
        adata.X = (dense - dense.mean(0)) / (dense.std(0) + 1e-6)

    file = changed(cells, tmp_path, change)
    for method in ("ucell", "aucell"):
        words = ["score", file, "-o", out, "--method", method]
        assert "scaled" in refused(*words)


@pytest.mark.slow
def test_counts_for_a_method_on_values_warn(path, out, command):
    code, _, err = command("score", path, "-o", out, "--method", "mean")
    assert code == 0
    assert "--normalize log1p" in err


@pytest.mark.slow
def test_duplicated_genes_warn(cells, tmp_path, out, command):
    def change(adata):
        names = list(adata.var_names)
        names[names.index("VIM") - 1] = "VIM"
        adata.var_names = names

    code, _, err = command("score", changed(cells, tmp_path, change), "-o", out)
    assert code == 0
    assert "'VIM'" in err
    assert "more than one column" in err


@pytest.mark.slow
def test_ensembl_ids_are_matched(cells, tmp_path, out, path, command):
    table = pd.read_csv(
        dtp.signatures.root() / "gene_names.tsv", sep="\t", dtype=str, comment="#"
    ).dropna(subset=["ensembl"])
    ids = dict(zip(table["symbol"], table["ensembl"], strict=True))

    def change(adata):
        adata.var_names = [f"{ids[g]}.7" if g in ids else g for g in adata.var_names]

    code, _, _ = command("score", changed(cells, tmp_path, change), "-o", out)
    assert code == 0
    plain = tmp_path / "plain.h5ad"
    command("score", path, "-o", plain)
    np.testing.assert_array_equal(
        ad.read_h5ad(out).obsm["dtp_scores"], ad.read_h5ad(plain).obsm["dtp_scores"]
    )


@pytest.mark.slow
def test_mouse_data_scored_as_human(cells, tmp_path, out, refused, command):
    def change(adata):
        adata.var_names = [name.capitalize() for name in adata.var_names]

    file = changed(cells, tmp_path, change)
    err = refused("score", file, "-o", out)
    assert "--species mouse" in err
    assert command("score", file, "-o", out, "--species", "mouse")[0] == 0


def test_unknown_signature_and_axis(path, out, refused):
    words = ["score", path, "-o", out, "--signature", "pemt_puram"]
    err = refused(*words, code=4)
    assert "Did you mean" in err
    assert "pemt_puram2017" in err
    words = ["score", path, "-o", out, "--axis", "emtt"]
    assert "axis 'emtt'" in refused(*words, code=4)


def test_output_is_the_input(path, refused):
    words = ["score", path, "-o", path, "--overwrite"]
    assert "is the input" in refused(*words)


def test_output_exists(path, out, refused):
    out.write_text("precious")
    assert "--overwrite" in refused("score", path, "-o", out)


def test_output_folder_cannot_be_written_to(path, tmp_path, refused):
    (tmp_path / "file").write_text("not a folder")
    words = ["score", path, "-o", tmp_path / "file" / "out.h5ad"]
    assert "cannot be written to" in refused(*words)


@pytest.mark.parametrize("key", ["", "a/b"])
def test_key_that_a_file_cannot_hold(path, out, key, command):
    assert command("score", path, "-o", out, "--key-added", key)[0] == 2


@pytest.mark.slow
def test_damaged_chunk_in_the_middle(cells, tmp_path, out, refused):
    file = tmp_path / "damaged.h5ad"
    cells.write_h5ad(file, compression="gzip")
    with h5py.File(file) as stored:
        where = stored["X/data"].id.get_chunk_info(0)
    content = bytearray(file.read_bytes())
    middle = where.byte_offset + where.size // 2
    content[middle : middle + 64] = b"\x00" * 64
    file.write_bytes(bytes(content))
    err = refused("score", file, "-o", out, code=6)
    assert "could not be read to its end" in err


@pytest.mark.slow
def test_file_limit_of_the_system_leaves_nothing(path, tmp_path):
    pytest.importorskip("resource", reason="the limit is one of POSIX systems")
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"limit = {path.stat().st_size + 4096}\n"
        "from dtpscore import _cli, _scoring, tl\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))\n"
        f"_cli.main(['score', {str(path)!r}, '-o', {str(tmp_path / 'out.h5ad')!r}])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3, done.stderr
    assert "could not be written" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["cells.h5ad"]
