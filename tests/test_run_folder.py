"""The folder of a run: files of others stay, one run at a time, no changed step."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import anndata as ad
import pytest

import dtpscore as dtp
from dtpscore import _report, _run
from dtpscore._processes import machine, started
from dtpscore._run import lock, pipeline
from dtpscore._run.folder import MARKER, look
from dtpscore.errors import DataError

SKIP = {
    "reference": "parental",
    "skip": ["call", "pseudotime", "trends", "enrich", "compare", "vulnerabilities"],
}
SCORE = "score signatures and axes"


class Watch:
    def __init__(self):
        self.outcomes = {}

    def start(self, title):
        self.outcomes[title] = "started"

    def end(self, title, outcome):
        self.outcomes[title] = outcome


def page(data, **_):
    return f"<!DOCTYPE html>{data.title}"


def one_table(data, folder):
    folder.mkdir()
    (folder / "coverage.csv").write_text("signature,fraction\n")
    return [folder / "coverage.csv"]


@pytest.fixture(scope="module", autouse=True)
def short_report():
    """A page of one line in place of the report, which takes most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_report, "collect", lambda *_, **named: SimpleNamespace(**named))
        patch.setattr(_report, "render", page)
        patch.setattr(_report, "write_tables", one_table)
        yield


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("input") / "cells.h5ad"
    dtp.datasets.simulate(n_cells=90, n_genes=900, seed=0).write_h5ad(path)
    return path


@pytest.fixture(scope="module")
def made(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "results"
    _run.run(source, folder, _run.load_config(None, SKIP))
    return folder


@pytest.fixture
def folder(made, tmp_path):
    """A copy of a finished run, times of change included."""
    return shutil.copytree(made, tmp_path / "results")


def again(source, folder, **changed):
    watch = Watch()
    config = _run.load_config(None, {**SKIP, **changed})
    return _run.run(source, folder, config, progress=watch), watch.outcomes


def contents(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize("name", ["notes.txt", "report.html", "tables/mine.csv", ".rc"])
def test_a_folder_of_somebody_else_is_refused_and_stays_as_it_was(
    source, tmp_path, name
):
    path = tmp_path / "theirs" / name
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    before = contents(tmp_path)
    with pytest.raises(DataError, match="not a folder that dtpscore made") as error:
        again(source, tmp_path / "theirs")
    assert name.split("/")[0] in str(error.value)
    assert contents(tmp_path) == before


@pytest.mark.slow
def test_an_empty_folder_is_taken(source, tmp_path):
    again(source, tmp_path)
    assert json.loads((tmp_path / MARKER).read_text())["version"] == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read"),
        ('{"format": "dtpscore run folder", "version": 2, "files": {}}', "version 2"),
        ('{"format": "of another program", "version": 1, "files": {}}', "version None"),
    ],
)
def test_a_folder_with_another_record_is_refused(tmp_path, text, said):
    (tmp_path / MARKER).write_text(text)
    with pytest.raises(DataError, match=said):
        look(tmp_path)


@pytest.mark.slow
def test_files_that_a_user_puts_there_stay(source, folder):
    own = {"notes.txt": b"mine", "tables/mine.csv": b"1,2", "steps/x.h5ad": b"x"}
    for name, content in own.items():
        (folder / name).write_bytes(content)
    again(source, folder, title="Another title")
    assert {name: (folder / name).read_bytes() for name in own} == own
    assert "Another title" in (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["report.html", "result.h5ad", "tables/coverage.csv"])
def test_an_output_that_a_user_changed_is_not_replaced(source, folder, name):
    with (folder / name).open("ab") as file:
        file.write(b" ")
    before = contents(folder)
    with pytest.raises(DataError, match="was changed since dtpscore wrote it"):
        again(source, folder, title="Another title")
    before.pop("run.log", None)
    after = contents(folder)
    after.pop("run.log", None)
    assert after == before


@pytest.mark.slow
def test_an_output_that_was_touched_but_not_changed_is_replaced(source, folder):
    os.utime(folder / "report.html", (1, 1))
    again(source, folder, title="Another title")
    assert "Another title" in (folder / "report.html").read_text(encoding="utf-8")


def test_a_file_of_a_user_in_the_place_of_a_new_output_is_refused(source, folder):
    record = json.loads((folder / MARKER).read_text())
    del record["files"]["provenance.json"]
    (folder / MARKER).write_text(json.dumps(record))
    with pytest.raises(DataError, match="was not written by dtpscore"):
        again(source, folder)


def test_tables_that_are_no_more_are_removed_unless_somebody_changed_them(tmp_path):
    with _run.opened(tmp_path) as folder:
        names = ("tables/old.csv", "tables/changed.csv", "tables/kept.csv")
        with folder.staging() as new:
            for number, _ in enumerate(names):
                (new / str(number)).write_text("ours")
            folder.publish({n: new / str(i) for i, n in enumerate(names)})
        (tmp_path / "tables/changed.csv").write_text("theirs")
        (tmp_path / "tables/mine.csv").write_text("theirs")
        kept = folder.remove([*names[:2], "tables/mine.csv"])
    assert kept == ["tables/changed.csv"]
    left = {path.name for path in (tmp_path / "tables").iterdir()}
    assert left == {"changed.csv", "kept.csv", "mine.csv"}
    assert set(look(tmp_path).entries) == {"tables/kept.csv"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda _: b"",
    ],
    ids=["cut", "one bit", "empty"],
)
def test_a_damaged_step_is_made_again_and_that_is_said(source, folder, damage):
    path = folder / "steps" / "score.h5ad"
    result = (folder / "result.h5ad").read_bytes()
    path.write_bytes(damage(path.read_bytes()))
    outputs, outcomes = again(source, folder)
    assert outcomes[SCORE] == "done"
    (note,) = outputs.notes
    assert "steps/score.h5ad was changed or damaged" in note
    assert "'score' is done again" in note
    assert note in (folder / "run.log").read_text(encoding="utf-8")
    assert (folder / "result.h5ad").read_bytes() == result


@pytest.mark.slow
def test_changed_numbers_in_a_step_are_never_used(source, folder):
    path = folder / "steps" / "score.h5ad"
    changed = ad.read_h5ad(path)
    changed.obs["dtp_emt"] = 7.0
    changed.write_h5ad(path)
    again(source, folder)
    assert (ad.read_h5ad(folder / "result.h5ad").obs["dtp_emt"] != 7.0).all()


@pytest.mark.slow
@pytest.mark.parametrize("field", ["status", "warnings", "sha256", "written"])
def test_a_changed_record_of_a_step_is_never_used(source, folder, field):
    path = folder / "steps" / "score.json"
    record = json.loads(path.read_text())
    record[field] = {"status": "refused", "sha256": "0"}.get(field, ["changed"])
    path.write_text(json.dumps(record))
    outputs, outcomes = again(source, folder)
    assert outcomes[SCORE] == "done"
    assert "steps/score.json was changed or damaged" in outputs.notes[0]


@pytest.mark.slow
def test_other_choices_than_those_of_an_earlier_run_are_said(source, folder):
    outputs, outcomes = again(source, folder, method="mean")
    assert outcomes[SCORE] == "done"
    assert "method: 'ucell', now 'mean'" in outputs.notes[0]
    assert again(source, folder, method="mean")[0].notes == ()


def test_the_record_belongs_to_the_result(folder):
    content = json.loads((folder / "provenance.json").read_text())
    result = ad.read_h5ad(folder / "result.h5ad")
    assert content["config"]["method"] == result.uns["dtp_scores"]["params"]["method"]
    from dtpscore._run.state import file_sha256

    assert content["result"]["sha256"] == file_sha256(folder / "result.h5ad")


@pytest.mark.slow
def test_an_input_that_changes_meanwhile_gives_no_result(source, tmp_path, monkeypatch):
    own = shutil.copy(source, tmp_path / "own.h5ad")
    write = pipeline.write_outputs

    def late(*given, **named):
        os.utime(own, (1, 1))
        return write(*given, **named)

    monkeypatch.setattr(pipeline, "write_outputs", late)
    with pytest.raises(DataError, match="changed while it was being read"):
        again(own, tmp_path / "results")
    assert not (tmp_path / "results" / "result.h5ad").exists()
    assert not (tmp_path / "results" / ".dtpscore_new").exists()


def other_process():
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])


def owner_of(pid, **changed):
    owner = {"machine": machine(), "host": "this one", "pid": pid, "token": "x"}
    return json.dumps({**owner, "started": started(pid), **changed})


def test_a_second_run_is_refused_while_the_first_is_at_work(source, folder):
    before = contents(folder)
    process = other_process()
    try:
        (folder / lock.NAME).write_text(owner_of(process.pid))
        with pytest.raises(DataError, match=f"process {process.pid}"):
            again(source, folder, method="mean")
    finally:
        process.kill()
        process.wait()
    (folder / lock.NAME).unlink()
    assert contents(folder) == before


def test_a_lock_holds_within_one_process_and_is_gone_afterwards(tmp_path):
    with _run.opened(tmp_path):
        with (
            pytest.raises(DataError, match="Another run is at work"),
            _run.opened(tmp_path),
        ):
            pytest.fail("two runs had one folder")
        assert (tmp_path / lock.NAME).exists()
    assert not (tmp_path / lock.NAME).exists()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["dead", "number used again", "damaged"])
def test_the_lock_of_a_dead_process_is_void(source, folder, kind):
    process = other_process()
    text = owner_of(process.pid)
    if kind == "number used again":
        text = owner_of(process.pid, started=1)
    elif kind == "damaged":
        text = "{"
    if kind == "dead":
        process.kill()
        process.wait()
    (folder / lock.NAME).write_text(text)
    try:
        again(source, folder)
    finally:
        process.kill()
        process.wait()
    assert not (folder / lock.NAME).exists()


def test_a_lock_of_another_machine_counts_and_names_the_file(folder):
    (folder / lock.NAME).write_text(owner_of(1, machine="other", host="elsewhere"))
    with (
        pytest.raises(DataError, match=r"elsewhere.*remove the file"),
        _run.opened(folder),
    ):
        pytest.fail("the lock was not seen")


@pytest.mark.slow
def test_a_run_leaves_the_logger_as_it_was(source, tmp_path):
    """Also where the run is the first thing that is imported."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from dtpscore import _run\n"
        f"given = {SKIP!r}\n"
        "source, folder = map(Path, sys.argv[1:])\n"
        "_run.run(source, folder, _run.load_config(None, given))\n"
        "import dtpscore, logging\n"
        "handlers = logging.getLogger('dtpscore').handlers\n"
        "print(dtpscore.settings.verbosity, len(handlers))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(source), str(tmp_path / "r")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["info", "1"]
