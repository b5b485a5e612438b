"""Outputs of commands on files: checked before any work, and all of them written."""

from __future__ import annotations

import shutil

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import dtpscore as dtp
from dtpscore import _store
from dtpscore._files import scores
from dtpscore._files.steps import Step
from dtpscore._results.elements import Element
from dtpscore._store import _place
from dtpscore.errors import DataError

pytestmark = pytest.mark.slow

GROUPS = ["--groupby", "condition"]
COMMANDS = {
    "score": (scores, "score_matrix", ["--axis", "emt", "--control"]),
    "call": (Step, "work", [*GROUPS, "--reference", "parental"]),
    "pseudotime": (Step, "work", [*GROUPS, "--reference", "parental"]),
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


def test_no_table_is_lost_when_two_slots_have_one_name(tmp_path):
    names = pd.Index(["a", "b"])
    cells = pd.DataFrame({"emt": [1.0, 2.0]}, index=names)
    other, column = cells + 1, np.array([5.0, 6.0])
    elements = [
        Element("obsm", "dtp_call_axes", cells),
        Element("obsm", "dtp_call_obs", other),
        Element("uns", "dtp_call", {"axes": pd.DataFrame({"axis": ["emt"]})}),
        Element("obs", "dtp_index", column),
    ]
    written = _store.write_tables(elements, names, tmp_path)
    assert sorted(path.stem for path in written) == [
        "dtp_call_axes",
        "dtp_call_axes_cells",
        "dtp_call_obs",
        "dtp_call_obs_cells",
    ]
    read = {path.stem: pd.read_csv(path, index_col=0) for path in written}
    assert read["dtp_call_axes"]["axis"].tolist() == ["emt"]
    assert read["dtp_call_axes_cells"]["emt"].tolist() == [1.0, 2.0]
    assert read["dtp_call_obs"]["dtp_index"].tolist() == [5.0, 6.0]
    assert read["dtp_call_obs_cells"]["emt"].tolist() == [2.0, 3.0]


def test_a_call_writes_its_axes_by_cell_and_by_group(file, out, tmp_path, command):
    folder = tmp_path / "tables"
    line = ["call", file, "-o", out, "--csv", folder, "-q", *COMMANDS["call"][2]]
    assert command(*line, "--sample-key", "sample", "--no-check-reference")[0] == 0
    made, frames = ad.read_h5ad(out), sorted(path.stem for path in folder.iterdir())
    expected = {
        f"dtp_call_{name}"
        for name, value in made.uns["dtp_call"].items()
        if isinstance(value, pd.DataFrame)
    }
    assert expected <= set(frames)
    by_cell = [name for name in made.obsm if name.startswith("dtp_")]
    assert len(frames) == len(expected) + len(by_cell) + 1
    table = pd.read_csv(folder / "dtp_call_axes_cells.csv", index_col=0)
    assert table.shape == made.obsm["dtp_call_axes"].shape
