"""``dtpscore score``: the output file, options, and every kind of bad input."""

from __future__ import annotations

import subprocess
import sys
import warnings

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import dtpscore as dtp
from dtpscore import _cli

AXIS = "emt"


def run(arguments, capsys):
    """Run main() in this process; exit code and stderr. Nothing goes to stdout."""
    with pytest.raises(SystemExit) as end:
        _cli.main([str(word) for word in arguments])
    out, err = capsys.readouterr()
    assert out == ""
    return end.value.code or 0, err


@pytest.fixture(scope="module")
def cells():
    return dtp.datasets.simulate(n_cells=75, n_genes=5000, seed=1)


@pytest.fixture
def path(cells, tmp_path):
    file = tmp_path / "cells.h5ad"
    cells.write_h5ad(file)
    return file


@pytest.fixture
def out(tmp_path):
    return tmp_path / "scored.h5ad"


def test_output_equals_the_function(cells, path, out, capsys):
    code, err = run(["score", path, "-o", out, "--control"], capsys)
    assert code == 0
    assert "75 cells" in err
    expected = cells.copy()
    dtp.tl.score(expected, control=True)
    found = ad.read_h5ad(out)
    for key in ("dtp_scores", "dtp_scores_z", "dtp_scores_pvalue"):
        pd.testing.assert_frame_equal(found.obsm[key], expected.obsm[key])
    pd.testing.assert_frame_equal(
        found.obs, expected.obs, check_dtype=False, check_categorical=False
    )
    pd.testing.assert_frame_equal(dtp.get.coverage(found), dtp.get.coverage(expected))
    assert (found.X != cells.X).nnz == 0


def test_input_stays_as_it_was(path, out, capsys):
    before = path.read_bytes()
    run(["score", path, "-o", out, "--axis", AXIS], capsys)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "options",
    [
        ["--in-memory"],
        ["--chunk-size", "7"],
        ["--jobs", "1"],
        ["--backed", "--chunk-size", "1000", "-j", "2"],
    ],
    ids=" ".join,
)
def test_ways_to_read_do_not_change_a_bit(path, tmp_path, options, capsys):
    plain, other = tmp_path / "a.h5ad", tmp_path / "b.h5ad"
    assert run(["score", path, "-o", plain, "-q"], capsys) == (0, "")
    assert run(["score", path, "-o", other, "-q", *options], capsys) == (0, "")
    first, second = ad.read_h5ad(plain), ad.read_h5ad(other)
    pd.testing.assert_frame_equal(first.obs, second.obs, check_exact=True)
    key = "dtp_scores"
    pd.testing.assert_frame_equal(first.obsm[key], second.obsm[key], check_exact=True)


def test_zarr_folder_gives_the_numbers_of_the_file(cells, path, tmp_path, capsys):
    store = tmp_path / "cells.zarr"
    cells.write_zarr(store)
    run(["score", path, "-o", tmp_path / "a.h5ad", "--axis", AXIS], capsys)
    code, _ = run(["score", store, "-o", tmp_path / "b.zarr", "--axis", AXIS], capsys)
    assert code == 0
    first, second = ad.read_h5ad(tmp_path / "a.h5ad"), ad.read_zarr(tmp_path / "b.zarr")
    np.testing.assert_array_equal(first.obs["dtp_emt"], second.obs["dtp_emt"])


@pytest.mark.parametrize("method", ["ucell", "aucell", "tirosh", "zscore", "ssgsea"])
def test_methods_and_normalization(cells, path, out, method, capsys):
    options = ["--method", method, "--normalize", "log1p", "--axis", AXIS]
    assert run(["score", path, "-o", out, *options], capsys)[0] == 0
    expected = cells.copy()
    chosen = dtp.signatures.select(axes=[AXIS])
    dtp.tl.score(expected, chosen, method=method, normalize="log1p")
    np.testing.assert_array_equal(
        ad.read_h5ad(out).obs["dtp_emt"], expected.obs["dtp_emt"]
    )


def test_selection_layer_names_and_key(cells, tmp_path, out, capsys):
    adata = cells.copy()
    adata.layers["counts"] = adata.X.copy()
    adata.X = adata.X * 0
    adata.var["symbol"] = adata.var_names
    adata.var_names = [f"row{i}" for i in range(adata.n_vars)]
    path = tmp_path / "named.h5ad"
    adata.write_h5ad(path)
    words = ["--signature", "tirosh2016_s_phase", "--signature", "pemt_puram2017"]
    words += ["--layer", "counts", "--gene-symbols", "symbol", "--key-added", "mine"]
    assert run(["score", path, "-o", out, *words], capsys)[0] == 0
    found = ad.read_h5ad(out)
    assert list(found.obsm["mine"]) == ["tirosh2016_s_phase", "pemt_puram2017"]
    assert found.obsm["mine"].to_numpy().std(axis=0).min() > 0
    assert {"mine_emt", "mine_s_phase"} <= set(found.obs)
    assert found.uns["mine"]["params"]["layer"] == "counts"


def test_second_run_leaves_no_column_of_the_first(path, out, tmp_path, capsys):
    again = tmp_path / "again.h5ad"
    run(["score", path, "-o", out, "--control"], capsys)
    run(["score", out, "-o", again, "--axis", AXIS], capsys)
    found = ad.read_h5ad(again)
    assert [name for name in found.obs if name.startswith("dtp_")] == ["dtp_emt"]
    assert "dtp_scores_z" not in found.obsm


def test_signatures_of_the_user_are_added(path, out, tmp_path, capsys):
    own = tmp_path / "own"
    own.mkdir()
    (own / "mine.gmt").write_text("MINE_UP\tnote\tAXL\tVIM\tZEB1\n")
    run(["score", path, "-o", out, "--signature-dir", own], capsys)
    names = list(ad.read_h5ad(out).obsm["dtp_scores"])
    assert "mine" in names
    assert len(names) == len(dtp.signatures.select()) + 1


def test_csv_tables(path, out, tmp_path, capsys):
    words = ["score", path, "-o", out, "--axis", AXIS, "--csv", tmp_path / "t"]
    assert run(words, capsys)[0] == 0
    scores = pd.read_csv(tmp_path / "t" / "dtp_scores.csv", index_col=0)
    expected = ad.read_h5ad(out).obsm["dtp_scores"]
    assert list(scores.index) == list(expected.index)
    np.testing.assert_allclose(scores, expected, rtol=1e-6)
    out.unlink()
    code, err = run(words, capsys)
    assert code == 3
    assert "--overwrite" in err
    assert not out.exists()
    assert run([*words, "--overwrite"], capsys)[0] == 0


def test_many_files_one_failure_does_not_stop_the_rest(path, tmp_path, capsys):
    bad, last = tmp_path / "bad.h5ad", tmp_path / "last.h5ad"
    bad.write_bytes(b"")
    last.write_bytes(path.read_bytes())
    folder = tmp_path / "all"
    words = ["score", path, bad, last, "-o", folder, "--axis", AXIS]
    code, err = run(words, capsys)
    assert code == 3
    assert "bad.h5ad is empty" in err
    assert "1 of 3 files failed" in err
    assert sorted(p.name for p in folder.iterdir()) == ["cells.h5ad", "last.h5ad"]


def test_many_files_cannot_go_to_one(path, tmp_path, capsys):
    words = ["score", path, path, "-o", tmp_path / "one.h5ad"]
    code, err = run(words, capsys)
    assert code == 3
    assert "folder" in err
    words = ["score", path, path, "-o", tmp_path / "all"]
    assert "Several inputs are called cells.h5ad" in run(words, capsys)[1]


# --- bad input: each has its message and its exit code, and leaves nothing behind


def refused(arguments, folder, capsys, *, code=3):
    """Stderr of a run that must fail and must leave the folder as it was."""
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, err = run(arguments, capsys)
    assert found == code
    assert err.startswith("Error: ") or "\nError: " in err
    assert before == {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    return err


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


def test_missing_file(tmp_path, path, out, capsys):
    err = refused(["score", tmp_path / "no.h5ad", "-o", out], tmp_path, capsys)
    assert "There is no file" in err
    assert "'cells.h5ad'" in err


def test_empty_file(tmp_path, out, capsys):
    (tmp_path / "empty.h5ad").write_bytes(b"")
    err = refused(["score", tmp_path / "empty.h5ad", "-o", out], tmp_path, capsys)
    assert "is empty (0 bytes)" in err


def test_not_an_h5ad(tmp_path, out, capsys):
    file = tmp_path / "table.h5ad"
    file.write_text("gene\tcell\n" * 500)
    assert "is not an HDF5 file" in refused(
        ["score", file, "-o", out], tmp_path, capsys
    )
    with h5py.File(file, "w") as other:
        other["something"] = 1
    err = refused(["score", file, "-o", out], tmp_path, capsys)
    assert "lacks obs or var" in err
    assert "'something'" in err
    with h5py.File(file, "w") as other:
        other["matrix/data"] = 1
    err = refused(["score", file, "-o", out], tmp_path, capsys)
    assert "10x Genomics" in err
    folder = tmp_path / "folder"
    folder.mkdir()
    err = refused(["score", folder, "-o", out], tmp_path, capsys)
    assert "no zarr store" in err


def test_truncated_file(tmp_path, path, out, capsys):
    cut = tmp_path / "cut.h5ad"
    cut.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    err = refused(["score", cut, "-o", out], tmp_path, capsys)
    assert "is cut off" in err


def test_file_of_an_old_anndata(tmp_path, out, capsys):
    file = tmp_path / "old.h5ad"
    with h5py.File(file, "w") as old:
        old["X"] = np.ones((2, 2))
        old["obs"] = np.zeros(2, dtype=[("index", "S3")])
        old["var"] = np.zeros(2, dtype=[("index", "S3")])
    err = refused(["score", file, "-o", out], tmp_path, capsys)
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
def test_what_is_not_in_the_file(cells, tmp_path, out, options, message, capsys):
    def change(adata):
        adata.layers["counts"] = adata.X

    file = changed(cells, tmp_path, change)
    assert message in refused(["score", file, "-o", out, *options], tmp_path, capsys)


def test_file_without_matrix(cells, tmp_path, out, capsys):
    def change(adata):
        return ad.AnnData(obs=adata.obs, var=adata.var)

    file = changed(cells, tmp_path, change)
    assert "no X" in refused(["score", file, "-o", out], tmp_path, capsys)


def test_no_cells(cells, tmp_path, out, capsys):
    file = changed(cells, tmp_path, lambda adata: adata[:0].copy())
    assert "no cells" in refused(["score", file, "-o", out], tmp_path, capsys)


def test_no_signature_gene(cells, tmp_path, out, capsys):
    def change(adata):
        adata.var_names = [f"feature{i}" for i in range(adata.n_vars)]

    file = changed(cells, tmp_path, change)
    err = refused(["score", file, "-o", out], tmp_path, capsys)
    assert "feature0" in err


def test_under_half_present_warns(cells, tmp_path, out, capsys):
    genes = dtp.signatures.load("pemt_puram2017").genes.up[:5]

    def change(adata):
        listed = dtp.signatures.load("pemt_puram2017").genes.up
        keep = [g for g in adata.var_names if g not in listed or g in genes]
        return adata[:, keep].copy()

    file = changed(cells, tmp_path, change)
    words = ["score", file, "-o", out, "--signature", "pemt_puram2017"]
    code, err = run(words, capsys)
    assert code == 0
    assert "Warning: " in err
    assert "pemt_puram2017 (5 of" in err
    assert bool(dtp.get.coverage(ad.read_h5ad(out))["low"].iloc[0])


@pytest.mark.parametrize(
    ("value", "message"),
    [(np.nan, "holds nan"), (np.inf, "holds inf"), (-1.0, "below 0")],
    ids=str,
)
def test_values_that_cannot_be_ranked(cells, tmp_path, out, value, message, capsys):
    file = changed(cells, tmp_path, with_value(value))
    assert message in refused(["score", file, "-o", out], tmp_path, capsys)


def test_scaled_values_are_refused_by_rank_methods(cells, tmp_path, out, capsys):
    def change(adata):
        dense = adata.X.toarray().astype(np.float32)
        adata.X = (dense - dense.mean(0)) / (dense.std(0) + 1e-6)

    file = changed(cells, tmp_path, change)
    for method in ("ucell", "aucell"):
        words = ["score", file, "-o", out, "--method", method]
        assert "scaled" in refused(words, tmp_path, capsys)


def test_counts_for_a_method_on_values_warn(path, out, capsys):
    code, err = run(["score", path, "-o", out, "--method", "mean"], capsys)
    assert code == 0
    assert "--normalize log1p" in err


def test_duplicated_genes_warn(cells, tmp_path, out, capsys):
    def change(adata):
        names = list(adata.var_names)
        names[names.index("VIM") - 1] = "VIM"
        adata.var_names = names

    code, err = run(["score", changed(cells, tmp_path, change), "-o", out], capsys)
    assert code == 0
    assert "'VIM'" in err
    assert "more than one column" in err


def test_ensembl_ids_are_matched(cells, tmp_path, out, path, capsys):
    table = pd.read_csv(
        dtp.signatures.root() / "gene_names.tsv", sep="\t", dtype=str, comment="#"
    ).dropna(subset=["ensembl"])
    ids = dict(zip(table["symbol"], table["ensembl"], strict=True))

    def change(adata):
        adata.var_names = [f"{ids[g]}.7" if g in ids else g for g in adata.var_names]

    code, _ = run(["score", changed(cells, tmp_path, change), "-o", out], capsys)
    assert code == 0
    plain = tmp_path / "plain.h5ad"
    run(["score", path, "-o", plain], capsys)
    np.testing.assert_array_equal(
        ad.read_h5ad(out).obsm["dtp_scores"], ad.read_h5ad(plain).obsm["dtp_scores"]
    )


def test_mouse_data_scored_as_human(cells, tmp_path, out, capsys):
    def change(adata):
        adata.var_names = [name.capitalize() for name in adata.var_names]

    file = changed(cells, tmp_path, change)
    err = refused(["score", file, "-o", out], tmp_path, capsys)
    assert "--species mouse" in err
    assert run(["score", file, "-o", out, "--species", "mouse"], capsys)[0] == 0


def test_unknown_signature_and_axis(path, tmp_path, out, capsys):
    words = ["score", path, "-o", out, "--signature", "pemt_puram"]
    err = refused(words, tmp_path, capsys, code=4)
    assert "Did you mean" in err
    assert "pemt_puram2017" in err
    words = ["score", path, "-o", out, "--axis", "emtt"]
    assert "axis 'emtt'" in refused(words, tmp_path, capsys, code=4)


def test_output_is_the_input(path, tmp_path, capsys):
    words = ["score", path, "-o", path, "--overwrite"]
    assert "is the input" in refused(words, tmp_path, capsys)


def test_output_exists(path, out, tmp_path, capsys):
    out.write_text("precious")
    assert "--overwrite" in refused(["score", path, "-o", out], tmp_path, capsys)


def test_output_folder_cannot_be_written_to(path, tmp_path, capsys):
    (tmp_path / "file").write_text("not a folder")
    words = ["score", path, "-o", tmp_path / "file" / "out.h5ad"]
    assert "cannot be written to" in refused(words, tmp_path, capsys)


@pytest.mark.parametrize("key", ["", "a/b"])
def test_key_that_a_file_cannot_hold(path, out, key, capsys):
    assert run(["score", path, "-o", out, "--key-added", key], capsys)[0] == 2


def test_damaged_chunk_in_the_middle(cells, tmp_path, out, capsys):
    file = tmp_path / "damaged.h5ad"
    cells.write_h5ad(file, compression="gzip")
    with h5py.File(file) as stored:
        where = stored["X/data"].id.get_chunk_info(0)
    content = bytearray(file.read_bytes())
    middle = where.byte_offset + where.size // 2
    content[middle : middle + 64] = b"\x00" * 64
    file.write_bytes(bytes(content))
    err = refused(["score", file, "-o", out], tmp_path, capsys)
    assert "could not be read to its end" in err


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


def test_whole_run_from_the_shell(path, out):
    done = subprocess.run(
        [sys.executable, "-m", "dtpscore", "score", path, "-o", out, "--axis", AXIS],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert "75 cells" in done.stderr
    assert sp.issparse(ad.read_h5ad(out).X)
