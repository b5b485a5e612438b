"""Outputs of commands on files: checked before any work, and all of them written."""

from __future__ import annotations

import shutil

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import dtpscore as dtp
from dtpscore import _store
from dtpscore._files import calls, order, scores
from dtpscore._store import _place
from dtpscore.errors import DataError

GROUPS = ["--groupby", "condition"]
COMMANDS = {
    "score": (scores, "score_matrix", ["--axis", "emt", "--control"]),
    "call": (calls, "call_matrix", [*GROUPS, "--reference", "parental"]),
    "pseudotime": (order, "find_path", [*GROUPS, "--root", "parental"]),
}


@pytest.fixture(scope="module")
def few():
    return dtp.datasets.simulate(
        n_cells=300, n_genes=2500, days=(14,), holiday_day=None, seed=2
    )


@pytest.fixture
def file(few, tmp_path):
    path = tmp_path / "few.h5ad"
    few.write_h5ad(path)
    return path


@pytest.fixture(params=COMMANDS)
def words(request, file, out, monkeypatch):
    """A command line whose long work must not begin."""
    module, work, options = COMMANDS[request.param]

    def never(*args, **kwargs):
        pytest.fail("the long work began before the outputs were checked")

    monkeypatch.setattr(module, work, never)
    return [request.param, file, "-o", out, *options]


def test_a_folder_that_cannot_be_made_stops_at_once(words, tmp_path, command):
    (tmp_path / "taken").write_text("a file")
    code, _, err = command(*words, "--csv", tmp_path / "taken" / "tables")
    assert code == 3
    assert "cannot be written to" in err


def test_a_table_that_exists_stops_at_once(words, out, tmp_path, command):
    name = {"score": "dtp_scores_axes", "call": "dtp_call_why"}
    table = tmp_path / "tables" / f"{name.get(words[0], 'dtp_trends_curves')}.csv"
    table.parent.mkdir()
    table.write_text("kept")
    code, _, err = command(*words, "--csv", table.parent)
    assert code == 3
    assert f"{table.name} exists. Add --overwrite" in " ".join(err.split())
    assert table.read_text() == "kept"
    assert not out.exists()


def test_an_output_that_exists_stops_at_once(words, out, command):
    out.write_text("kept")
    code, _, err = command(*words)
    assert code == 3
    assert "--overwrite" in err
    assert out.read_text() == "kept"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_table_is_one_that_was_checked(name, file, out, tmp_path, command):
    """A second run is refused by whichever table of the first is left."""
    module, work, options = COMMANDS[name]
    folder = tmp_path / "tables"
    line = [name, file, "-o", out, *options, "--csv", folder]
    assert command(*line)[0] == 0
    assert ad.read_h5ad(out).n_obs == 300
    out.unlink()
    tables = sorted(folder.iterdir())
    assert len(tables) > 3
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, work, lambda *args, **kwargs: pytest.fail("worked"))
        for kept in tables:
            for other in tables:
                other.unlink(missing_ok=True)
            kept.write_text("kept")
            code, _, err = command(*line)
            assert code == 3
            assert kept.name in "".join(err.split())


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("score", ".h5ad"),
        ("score", ".zarr"),
        ("call", ".h5ad"),
        ("pseudotime", ".h5ad"),
    ],
)
def test_results_only_leaves_out_the_matrices_and_nothing_else(
    name, suffix, few, tmp_path, command
):
    path, out = tmp_path / f"in{suffix}", tmp_path / f"out{suffix}"
    read, write = ad.read_h5ad, ad.AnnData.write_h5ad
    if suffix == ".zarr":
        read, write = ad.read_zarr, ad.AnnData.write_zarr
    data = few.copy()
    data.layers["counts"] = data.X.copy()
    data.raw = data
    data.obsm["X_pca"] = np.ones((data.n_obs, 2))
    data.uns["project"] = {"name": "kept"}
    write(data, path)
    line = [name, path, "-o", out, "-q", *COMMANDS[name][2], "--results-only"]
    assert command(*line)[0] == 0
    given, found = read(path), read(out)
    assert found.X is None
    assert found.raw is None
    assert not found.layers
    pd.testing.assert_frame_equal(found.obs[given.obs.columns], given.obs)
    pd.testing.assert_frame_equal(found.var, given.var)
    assert any(column.startswith("dtp_") for column in found.obs)
    assert any(key.startswith("dtp_") for key in found.uns)
    assert found.uns["project"] == {"name": "kept"}
    assert (found.obsm["X_pca"] == 1).all()
    code, _, err = command("score", out, "-o", tmp_path / f"again{suffix}")
    assert code == 3
    assert "no X" in " ".join(err.split())


def test_results_only_needs_no_room_for_the_matrices(file, out, monkeypatch, command):
    free = shutil.disk_usage(file.parent)._replace(free=20 * 2**20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free)
    monkeypatch.setattr(_place, "_size", lambda _: 2**30)
    line = ["score", file, "-o", out, "--axis", "emt"]
    assert command(*line)[0] == 3
    assert command(*line, "--results-only")[0] == 0


def test_names_of_tables_are_not_patterns(tmp_path):
    (tmp_path / "dtp_scores_b.csv").touch()
    _store.check_tables(tmp_path, ["dtp_scores"], overwrite=False)
    with pytest.raises(DataError, match="exists"):
        _store.check_tables(tmp_path, ["dtp_scores*"], overwrite=False)
    _store.check_tables(tmp_path, ["dtp_scores*"], overwrite=True)
