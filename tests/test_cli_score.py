"""``dtpscore score``: the output file, options, and every kind of bad input."""

from __future__ import annotations

import subprocess
import sys

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import dtpscore as dtp

pytestmark = pytest.mark.slow

AXIS = "emt"


def test_output_equals_the_function(cells, path, out, command):
    code, _, err = command("score", path, "-o", out, "--control")
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


def test_input_stays_as_it_was(path, out, command):
    before = path.read_bytes()
    command("score", path, "-o", out, "--axis", AXIS)
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
def test_ways_to_read_do_not_change_a_bit(path, tmp_path, options, command):
    plain, other = tmp_path / "a.h5ad", tmp_path / "b.h5ad"
    assert command("score", path, "-o", plain, "-q") == (0, "", "")
    assert command("score", path, "-o", other, "-q", *options) == (0, "", "")
    first, second = ad.read_h5ad(plain), ad.read_h5ad(other)
    pd.testing.assert_frame_equal(first.obs, second.obs, check_exact=True)
    key = "dtp_scores"
    pd.testing.assert_frame_equal(first.obsm[key], second.obsm[key], check_exact=True)


def test_zarr_folder_gives_the_numbers_of_the_file(cells, path, tmp_path, command):
    store = tmp_path / "cells.zarr"
    cells.write_zarr(store)
    command("score", path, "-o", tmp_path / "a.h5ad", "--axis", AXIS)
    code, _, _ = command("score", store, "-o", tmp_path / "b.zarr", "--axis", AXIS)
    assert code == 0
    first, second = ad.read_h5ad(tmp_path / "a.h5ad"), ad.read_zarr(tmp_path / "b.zarr")
    np.testing.assert_array_equal(first.obs["dtp_emt"], second.obs["dtp_emt"])


@pytest.mark.parametrize("method", ["ucell", "aucell", "tirosh", "zscore", "ssgsea"])
def test_methods_and_normalization(cells, path, out, method, command):
    options = ["--method", method, "--normalize", "log1p", "--axis", AXIS]
    assert command("score", path, "-o", out, *options)[0] == 0
    expected = cells.copy()
    chosen = dtp.signatures.select(axes=[AXIS])
    dtp.tl.score(expected, chosen, method=method, normalize="log1p")
    np.testing.assert_array_equal(
        ad.read_h5ad(out).obs["dtp_emt"], expected.obs["dtp_emt"]
    )


def test_selection_layer_names_and_key(cells, tmp_path, out, command):
    adata = cells.copy()
    adata.layers["counts"] = adata.X.copy()
    adata.X = adata.X * 0
    adata.var["symbol"] = adata.var_names
    adata.var_names = [f"row{i}" for i in range(adata.n_vars)]
    path = tmp_path / "named.h5ad"
    adata.write_h5ad(path)
    words = ["--signature", "tirosh2016_s_phase", "--signature", "pemt_puram2017"]
    words += ["--layer", "counts", "--gene-symbols", "symbol", "--key-added", "mine"]
    assert command("score", path, "-o", out, *words)[0] == 0
    found = ad.read_h5ad(out)
    assert list(found.obsm["mine"]) == ["tirosh2016_s_phase", "pemt_puram2017"]
    assert found.obsm["mine"].to_numpy().std(axis=0).min() > 0
    assert {"mine_emt", "mine_s_phase"} <= set(found.obs)
    assert found.uns["mine"]["params"]["layer"] == "counts"


def test_second_run_leaves_no_column_of_the_first(path, out, tmp_path, command):
    again = tmp_path / "again.h5ad"
    command("score", path, "-o", out, "--control")
    command("score", out, "-o", again, "--axis", AXIS)
    found = ad.read_h5ad(again)
    assert [name for name in found.obs if name.startswith("dtp_")] == ["dtp_emt"]
    assert "dtp_scores_z" not in found.obsm


def test_signatures_of_the_user_are_added(path, out, tmp_path, command):
    own = tmp_path / "own"
    own.mkdir()
    (own / "mine.gmt").write_text("MINE_UP\tnote\tAXL\tVIM\tZEB1\n")
    command("score", path, "-o", out, "--signature-dir", own)
    names = list(ad.read_h5ad(out).obsm["dtp_scores"])
    assert "MINE" in names
    assert len(names) == len(dtp.signatures.select()) + 1


def test_csv_tables(path, out, tmp_path, command):
    words = ["score", path, "-o", out, "--axis", AXIS, "--csv", tmp_path / "t"]
    assert command(*words)[0] == 0
    scores = pd.read_csv(tmp_path / "t" / "dtp_scores.csv", index_col=0)
    expected = ad.read_h5ad(out).obsm["dtp_scores"]
    assert list(scores.index) == list(expected.index)
    np.testing.assert_allclose(scores, expected, rtol=1e-6)
    out.unlink()
    code, _, err = command(*words)
    assert code == 3
    assert "--overwrite" in err
    assert not out.exists()
    assert command(*words, "--overwrite")[0] == 0


def test_many_files_one_failure_does_not_stop_the_rest(path, tmp_path, command):
    bad, last = tmp_path / "bad.h5ad", tmp_path / "last.h5ad"
    bad.write_bytes(b"")
    last.write_bytes(path.read_bytes())
    folder = tmp_path / "all"
    words = ["score", path, bad, last, "-o", folder, "--axis", AXIS]
    code, _, err = command(*words)
    assert code == 3
    assert "bad.h5ad is empty" in err
    assert "1 of 3 files failed" in err
    assert sorted(p.name for p in folder.iterdir()) == ["cells.h5ad", "last.h5ad"]


def test_many_files_cannot_go_to_one(path, tmp_path, command):
    words = ["score", path, path, "-o", tmp_path / "one.h5ad"]
    code, _, err = command(*words)
    assert code == 3
    assert "folder" in err
    words = ["score", path, path, "-o", tmp_path / "all"]
    assert "Several inputs are called cells.h5ad" in command(*words)[2]


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
