"""Outputs reach their place complete, and nothing else is replaced or changed."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import anndata as ad
import pytest

from dtpscore import _store
from dtpscore._cli._batch import plan
from dtpscore.errors import DataError

pytestmark = pytest.mark.slow

WORDS = ("--axis", "emt", "--quiet")


@pytest.fixture
def store(cells, tmp_path):
    """A zarr folder of cells."""
    folder = tmp_path / "cells.zarr"
    cells.write_zarr(folder)
    return folder


def content(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.slow
@pytest.mark.parametrize("exists", [True, False])
def test_link_as_output_stays_and_its_file_is_written(path, tmp_path, exists, command):
    elsewhere = tmp_path / "scratch" / "target.h5ad"
    elsewhere.parent.mkdir()
    link = tmp_path / "link.h5ad"
    link.symlink_to(elsewhere)
    if exists:
        elsewhere.write_text("old")
        code, _, err = command("score", path, "-o", link, *WORDS)
        assert (code, elsewhere.read_text()) == (3, "old")
        assert "--overwrite" in err
    assert command("score", path, "-o", link, *WORDS, "--overwrite")[0] == 0
    assert link.is_symlink()
    assert "dtp_emt" in ad.read_h5ad(elsewhere).obs
    assert [p.name for p in elsewhere.parent.iterdir()] == ["target.h5ad"]


@pytest.mark.slow
def test_link_as_input_and_relative_names_with_spaces(path, tmp_path, monkeypatch):
    folder = tmp_path / "my cells, été 細胞"
    folder.mkdir()
    (folder / "in put.h5ad").symlink_to(path)
    monkeypatch.chdir(folder)
    _store.write_with(Path("in put.h5ad"), Path("out put.h5ad"), [])
    assert not Path("out put.h5ad").is_symlink()
    assert ad.read_h5ad("out put.h5ad").n_obs == 75


def test_link_to_a_zarr_folder_is_written_through(store, tmp_path, command):
    target, link = tmp_path / "target.zarr", tmp_path / "link.zarr"
    shutil.copytree(store, target)
    link.symlink_to(target)
    assert command("score", store, "-o", link, *WORDS, "--overwrite")[0] == 0
    assert link.is_symlink()
    assert "dtp_emt" in ad.read_zarr(target).obs
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "cells.zarr",
        "link.zarr",
        "target.zarr",
    ]


@pytest.mark.slow
def test_other_names_of_the_input_are_refused(path, tmp_path, command):
    link, hard = tmp_path / "link.h5ad", tmp_path / "hard.h5ad"
    link.symlink_to(path)
    hard.hardlink_to(path)
    before = path.read_bytes()
    for out in (link, hard):
        code, _, err = command("score", path, "-o", out, *WORDS, "--overwrite")
        assert code == 3
        assert "is the input" in err
    assert path.read_bytes() == before


@pytest.mark.slow
def test_output_within_the_input_is_refused(store, command):
    before = content(store)
    code, _, err = command("score", store, "-o", store / "out.zarr", *WORDS)
    assert code == 3
    assert "lies within the input" in err
    assert content(store) == before


@pytest.mark.slow
def test_output_around_the_input_is_refused(store, tmp_path, command):
    outer = tmp_path / "outer.zarr"
    shutil.copytree(store, outer)
    inner = outer / "inner.zarr"
    shutil.copytree(store, inner)
    before = content(outer)
    code, _, err = command("score", inner, "-o", outer, *WORDS, "--overwrite")
    assert code == 3
    assert "holds the input" in err
    assert content(outer) == before


def test_folder_that_is_no_store_is_not_replaced(store, tmp_path, command):
    mine = tmp_path / "mine.zarr"
    mine.mkdir()
    assert command("score", store, "-o", mine, *WORDS, "--overwrite")[0] == 0
    shutil.rmtree(mine)
    mine.mkdir()
    (mine / "thesis.txt").write_text("precious")
    code, _, err = command("score", store, "-o", mine, *WORDS, "--overwrite")
    assert code == 3
    assert "no zarr store and holds other files" in err
    assert content(mine) == {mine / "thesis.txt": b"precious"}


def test_export_never_replaces_a_folder(tmp_path, command):
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "thesis.txt").write_text("precious")
    code, _, err = command("signatures", "export", "-o", folder, "--overwrite")
    assert code == 3
    assert f"{folder} is a folder" in err
    assert (folder / "thesis.txt").read_text() == "precious"


def test_beside_never_replaces_a_folder_by_a_file(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "thesis.txt").write_text("precious")
    with pytest.raises(DataError, match="directory"), _store.beside(folder) as part:
        part.write_text("new")
    assert (folder / "thesis.txt").read_text() == "precious"
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("control", [False, True])
def test_tables_are_checked_before_any_work(path, out, tmp_path, command, control):
    """Every table that a run writes is found by the check before the run."""
    tables = tmp_path / "tables"
    words = ["score", path, "--csv", tables, *WORDS, *(["--control"] * control)]
    assert command(*words, "-o", out)[0] == 0
    written = sorted(p.name for p in tables.iterdir())
    assert len(written) == (6 if control else 4)
    again = tmp_path / "again.h5ad"
    for name in written:
        only = tmp_path / f"only_{name}"
        only.mkdir()
        (only / name).write_text("mine")
        words[3] = only
        code, _, err = command(*words, "-o", again)
        assert code == 3
        assert f"{name} exists. Add --overwrite" in err
        assert not again.exists()
        assert [p.read_text() for p in only.iterdir()] == ["mine"]


def test_folder_of_tables_that_cannot_be_made(path, out, tmp_path, command):
    (tmp_path / "file").write_text("")
    code, _, err = command("score", path, "-o", out, *WORDS, "--csv", tmp_path / "file")
    assert code == 3
    assert "cannot be written to" in err
    assert not out.exists()


def test_files_of_one_stem_keep_their_own_tables(tmp_path):
    inputs = [tmp_path / name for name in ("a.h5ad", "a.zarr", "b.h5ad")]
    tasks = plan(inputs, tmp_path / "all", tmp_path / "tables")
    assert [task.tables.name for task in tasks] == ["a.h5ad", "a.zarr", "b"]
    assert [task.path_out.name for task in tasks] == ["a.h5ad", "a.zarr", "b.h5ad"]


@pytest.mark.slow
def test_long_name_of_an_output(path, tmp_path):
    out = tmp_path / f"{'x' * 245}.h5ad"
    _store.write_with(path, out, [])
    assert ad.read_h5ad(out).n_obs == 75


def test_file_system_without_reservation(path, out, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(os, "posix_fallocate", refuse, raising=False)
    _store.write_with(path, out, [])
    assert out.read_bytes() == path.read_bytes()


def test_job_that_is_ended_leaves_nothing_behind(path, tmp_path):
    """A scheduler ends jobs with SIGTERM, here in the middle of writing."""
    code = (
        "import os, signal\n"
        "from dtpscore import _cli\n"
        "from dtpscore._store import _write\n"
        "_write._reserve = lambda *_: os.kill(os.getpid(), signal.SIGTERM)\n"
        f"_cli.main(['score', {str(path)!r}, '-o', {str(tmp_path / 'o.h5ad')!r}])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == 128 + signal.SIGTERM
    assert [p.name for p in tmp_path.iterdir()] == ["cells.h5ad"]


def test_two_runs_on_one_output_leave_one_complete_file(path, out):
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from dtpscore._store import write_with\n"
        "sys.stdin.readline()\n"
        "write_with(Path(sys.argv[1]), Path(sys.argv[2]), [], overwrite=True)"
    )
    words = [sys.executable, "-c", code, str(path), str(out)]
    runs = [subprocess.Popen(words, stdin=subprocess.PIPE) for _ in range(2)]
    for run in runs:
        run.stdin.write(b"go\n")
        run.stdin.close()
    assert [run.wait(120) for run in runs] == [0, 0]
    assert out.read_bytes() == path.read_bytes()
    assert sorted(p.name for p in out.parent.iterdir()) == ["cells.h5ad", "scored.h5ad"]
