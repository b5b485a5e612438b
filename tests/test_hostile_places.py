"""Paths, links and folders that a stranger made: nothing outside is read or written."""

from __future__ import annotations

import gzip
import json
import logging
import os
import shutil
from collections import namedtuple
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pytest

import dtpscore as dtp
from dtpscore import _store
from dtpscore._cli import _console
from dtpscore._log import LineFormatter
from dtpscore._run import cohort, lock
from dtpscore._run.folder import MARKER, RunFolder, look
from dtpscore._run.many import FileRun
from dtpscore._run.state import (
    DamagedStepError,
    StepFiles,
    StepRecord,
    file_sha256,
    fingerprint,
)
from dtpscore._store._identity import identity
from dtpscore._text import escaped
from dtpscore.errors import DamagedError, DataError, SignatureError


def record(folder, *names):
    folder.mkdir(exist_ok=True)
    files = {name: {"sha256": "", "stamp": ""} for name in names}
    content = {"format": "dtpscore run folder", "version": 1, "files": files}
    (folder / MARKER).write_text(json.dumps(content))


@pytest.mark.parametrize(
    "name", ["tables/../../mine.csv", "../mine.csv", "/tmp/mine.csv", "..", "a\0b"]
)
def test_a_record_that_lists_places_outside_is_refused(tmp_path, name):
    record(tmp_path / "out", name)
    with pytest.raises(DataError, match="cannot be read"):
        look(tmp_path / "out")


@pytest.mark.parametrize("content", ["[" * 100_000, '{"files": []}', "[]"])
def test_a_record_that_is_none_is_refused(tmp_path, content):
    record(tmp_path / "out")
    (tmp_path / "out" / MARKER).write_text(content)
    with pytest.raises(DataError):
        look(tmp_path / "out")


def test_a_run_does_not_write_through_links(tmp_path):
    mine = tmp_path / "mine.csv"
    mine.write_text("mine")
    out = tmp_path / "out"
    record(out, "report.html")
    (out / "report.html").symlink_to(mine)
    (out / "tables").symlink_to(tmp_path)
    os.mkfifo(out / "run.log")
    folder = look(out)
    for name in ("report.html", "tables", "tables/mine.csv", "run.log"):
        with pytest.raises(DataError, match="is a link, a pipe or a device"):
            folder.check([name])
    new = tmp_path / "new"
    new.write_text("new")
    with pytest.raises(DataError, match="is a link"):
        folder.publish({"report.html": new})
    assert mine.read_text() == "mine"
    folder.check(["steps/score.json"])


def test_a_record_that_is_a_link_is_refused(tmp_path):
    record(tmp_path / "other")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / MARKER).symlink_to(tmp_path / "other" / MARKER)
    with pytest.raises(DataError, match="is a link"):
        look(tmp_path / "out")


def test_a_file_that_the_record_does_not_list_is_not_replaced(tmp_path):
    record(tmp_path / "out")
    mine = tmp_path / "out" / "notes.csv"
    mine.write_text("mine")
    (tmp_path / "new").write_text("new")
    with pytest.raises(DataError, match="was not written by dtpscore"):
        RunFolder(tmp_path / "out").publish({"notes.csv": tmp_path / "new"})
    assert mine.read_text() == "mine"


@pytest.mark.parametrize(
    "content",
    [
        "[" * 100_000,
        '{"pid": "1; rm"}',
        '{"pid": [1]}',
        '{"pid": 1, "started": "x"}',
        '{"pid": null}',
    ],
)
def test_a_lock_that_no_run_wrote_is_void(tmp_path, content):
    (tmp_path / lock.NAME).write_text(content)
    with lock.locked(tmp_path):
        assert json.loads((tmp_path / lock.NAME).read_text())["pid"] == os.getpid()


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("nowhere")])
def test_a_lock_that_is_no_file_is_not_waited_for(tmp_path, make):
    make(tmp_path / lock.NAME)
    with lock.locked(tmp_path):
        pass
    assert not (tmp_path / lock.NAME).exists()


def test_a_step_with_a_link_to_another_file_is_done_again(tmp_path, cells):
    cells.write_h5ad(tmp_path / "mine.h5ad")
    small = ad.AnnData(obs=cells.obs[[]].copy())
    kept = StepFiles(tmp_path / "steps").save(StepRecord("score", "x"), [], small)
    data = tmp_path / "steps" / "score.h5ad"
    with h5py.File(data, "r+") as file:
        file["obsm/far"] = h5py.ExternalLink(str(tmp_path / "mine.h5ad"), "/X")
    forged = StepRecord("score", "x", sha256=file_sha256(data), written=("obsm/far",))
    with pytest.raises(DamagedStepError):
        StepFiles(tmp_path / "steps").load(forged)
    assert kept.sha256 != forged.sha256


def test_only_a_step_of_another_process_is_looked_through(tmp_path, cells, monkeypatch):
    small = ad.AnnData(obs=cells.obs[[]].copy())
    files = StepFiles(tmp_path / "steps")
    kept = files.save(StepRecord("score", "x"), [], small)
    looked = []
    monkeypatch.setattr(_store, "probe", lambda path, *_, **__: looked.append(path))
    assert files.load(kept) == []
    assert not looked
    assert StepFiles(tmp_path / "steps").load(kept) == []
    assert looked == [tmp_path / "steps" / "score.h5ad"]


@pytest.mark.parametrize("written", ["__class__/x", "X", "file/x"])
def test_a_step_that_writes_elsewhere_is_not_used(tmp_path, written):
    content = {"name": "score", "fingerprint": "x", "written": [written]}
    content["checksum"] = fingerprint(content)
    (tmp_path / "score.json").write_text(json.dumps(content))
    with pytest.raises(DamagedStepError):
        StepFiles(tmp_path).find("score", "x")


def _write_beside(place):
    with _store.beside(place) as part:
        part.write_text("x")


CHECKS = {
    "a file": lambda place, **said: _store.check_file(place, **said),
    "a copy": lambda place, **said: _store.check_output(
        place.parent / "in.h5ad", place, **said
    ),
    "in the end": lambda place, **_: _write_beside(place),
}


@pytest.mark.parametrize("check", CHECKS)
def test_an_output_replaces_no_device_or_pipe(tmp_path, check):
    (tmp_path / "in.h5ad").write_text("x")
    os.mkfifo(tmp_path / "pipe.h5ad")
    (tmp_path / "link.h5ad").symlink_to("pipe.h5ad")
    (tmp_path / "circle.h5ad").symlink_to("circle.h5ad")
    for name in ("pipe", "link", "circle"):
        with pytest.raises(DataError):
            CHECKS[check](tmp_path / f"{name}.h5ad", overwrite=True)
    assert (tmp_path / "pipe.h5ad").is_fifo()


@pytest.mark.parametrize("check", ["a file", "a copy"])
def test_a_link_to_nothing_is_an_output_that_exists(tmp_path, check):
    (tmp_path / "in.h5ad").write_text("x")
    (tmp_path / "out.h5ad").symlink_to("nowhere.h5ad")
    with pytest.raises(DataError, match="exists"):
        CHECKS[check](tmp_path / "out.h5ad", overwrite=False)
    CHECKS[check](tmp_path / "out.h5ad", overwrite=True)


@pytest.mark.parametrize("name", ["x" * 5000, "circle.h5ad"])
def test_a_path_that_cannot_be_opened_is_said(tmp_path, command, name):
    (tmp_path / "circle.h5ad").symlink_to("circle.h5ad")
    code, _, errors = command("check", tmp_path / name)
    assert code == 3
    assert "cannot be opened" in errors
    assert len(errors) < 500
    with pytest.raises(DataError, match="cannot be opened"):
        dtp.read(tmp_path / name)


@pytest.mark.parametrize("content", ["a=" + "[" * 100_000, "a=" + "9" * 5000])
def test_options_without_end_are_no_signatures(tmp_path, content):
    (tmp_path / "a.toml").write_text(content)
    with pytest.raises(SignatureError, match="not a valid TOML file"):
        dtp.signatures.read(tmp_path / "a.toml")


def test_a_10x_folder_with_links_out_of_it_is_refused(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "matrix.mtx").write_text(
        "%%MatrixMarket matrix coordinate integer general\n1 1 1\n1 1 1\n"
    )
    (folder / "genes.tsv").write_text("E1\tTOP2A\n")
    (tmp_path / "secret.tsv").write_text("mine\n")
    (folder / "barcodes.tsv").symlink_to(tmp_path / "secret.tsv")
    with pytest.raises(DataError, match="reads other files"):
        dtp.read(folder)
    with _store.as_cells(folder, access=_store.Access(external=True)) as made:
        assert list(ad.read_h5ad(made).obs_names) == ["mine"]
    (folder / "barcodes.tsv").unlink()
    (folder / "cells.tsv").write_text("inside\n")
    (folder / "barcodes.tsv").symlink_to("cells.tsv")
    assert list(dtp.read(folder).obs_names) == ["inside"]


def test_unpacking_ends_where_the_disk_does(tmp_path, monkeypatch):
    with gzip.open(tmp_path / "in.h5ad.gz", "wb") as file:
        file.write(bytes(2**26))
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(2**25 - 1))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    with pytest.raises(DataError, match="cannot be unpacked into"):
        dtp.read(tmp_path / "in.h5ad.gz")
    assert list((tmp_path / "tmp").iterdir()) == []


def test_links_within_a_zarr_folder(tmp_path):
    path = tmp_path / "in.zarr"
    ad.AnnData(np.ones((3, 2), np.float32)).write_zarr(path)
    (path / "circle").symlink_to(".")
    assert identity(path)
    with pytest.raises(DataError, match="a link to a folder"):
        dtp.read(path)
    (path / "circle").unlink()
    (path / "nothing").symlink_to("nowhere")
    assert identity(path)
    with pytest.raises(DamagedError):
        dtp.read(path)


def test_no_name_adds_a_line_to_a_log_or_a_code_to_the_terminal(capsys):
    message = "sample a\n2026-01-01 INFO report written\x1b[2J \u202e"
    one = logging.LogRecord("dtpscore", 20, "", 1, "%s", (message,), None)
    lines = LineFormatter("HEAD %(message)s").format(one).split("\n")
    assert all(line.startswith("HEAD ") for line in lines)
    assert "\\x1b[2J \\u202e" in lines[1]
    _console.say("\x1b[2J\x9b")
    _console.put("a\tb\x1b]52;c;x\x07", keep="\n\t")
    _console.show_json({"a\x9b": "\u202e\x7fb\n"})
    out, errors = capsys.readouterr()
    assert errors == "\\x1b[2J\\x9b\n"
    assert out.splitlines()[0] == "a\tb\\x1b]52;c;x\\x07"
    shown = out.split("\n", 1)[1]
    assert json.loads(shown) == {"a\x9b": "\u202e\x7fb\n"}
    assert not any(one in shown for one in "\x9b\x7f\u202e")
    assert escaped("\ud800\n") == "\\ud800\n"


def test_the_summary_of_runs_holds_no_formula(tmp_path):
    runs = [FileRun(Path("=1+1.h5ad"), Path("out"), error="@x", code=3)]
    cohort.write(runs, tmp_path)
    text = (tmp_path / cohort.SUMMARY).read_text()
    assert "'=1+1.h5ad" in text
    assert "'@x" in text


def test_the_help_has_an_exit_code_for_every_end(command):
    code, out, _ = command("--help")
    assert code == 0
    said = " ".join(out.split())
    for number in (0, 1, 2, 3, 4, 5, 6, 7, _console.NO_ROOM):
        assert f" {number} " in said.split("Exit codes:")[1]


def test_a_list_for_other_tools_holds_no_formula(tmp_path, command):
    (tmp_path / "a.gmt").write_text("=1+1\tx\tVIM\tZEB1\n")
    place = tmp_path / "a.csv"
    words = ["--signature-dir", tmp_path / "a.gmt", "--format", "csv", "-o", place]
    code, _, errors = command("signatures", "export", *words)
    assert code == 0, errors
    assert "'=1+1,VIM" in place.read_text()


def test_a_step_whose_folder_is_removed_meanwhile_is_no_fault(tmp_path, monkeypatch):
    small = ad.AnnData(obs=ad.AnnData(np.ones((3, 2))).obs)
    files = StepFiles(tmp_path / "steps")
    kept = files.save(StepRecord("score", "x"), [], small)
    assert files.load(kept) == []

    def removed(_):
        raise FileNotFoundError

    monkeypatch.setattr(ad, "read_h5ad", removed)
    with pytest.raises(DamagedStepError):
        files.load(kept)
