"""Temporary names: whose they are, what a dead process left, and how folders swap."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from dtpscore._store import _temporary, beside, check_output, scratch
from dtpscore._store._temporary import exchange, put_in_place, recover, remove_stale
from dtpscore.errors import DataError

LEAVE = """
import sys
from pathlib import Path
from dtpscore._store._temporary import temporary
for ending in sys.argv[2:]:
    made = temporary(Path(sys.argv[1]), ending)
    made.mkdir()
    (made / "zarr.json").write_text(ending)
"""


def left_behind(path, *endings):
    """Let another process make temporary folders for a path, and end."""
    words = [sys.executable, "-c", LEAVE, str(path), *endings]
    subprocess.run(words, check=True)


def folder_with(path, text):
    path.mkdir()
    (path / "zarr.json").write_text(text)
    return path


@pytest.mark.slow
def test_what_a_dead_process_left_is_removed_by_the_next_command(tmp_path):
    left_behind(tmp_path / "out.zarr", "part", "part")
    assert len(list(tmp_path.iterdir())) == 2
    with beside(tmp_path / "other.csv") as part:
        part.write_text("x")
    assert [p.name for p in tmp_path.iterdir()] == ["other.csv"]


@pytest.mark.slow
def test_what_a_living_process_or_another_machine_made_stays(tmp_path, monkeypatch):
    ours = folder_with(_temporary.temporary(tmp_path / "out.zarr"), "ours")
    left_behind(tmp_path / "out.zarr", "part")
    (theirs,) = set(tmp_path.iterdir()) - {ours}
    mine = tmp_path / ".out.h5ad.part"
    mine.write_text("a name of the user")
    with monkeypatch.context() as patch:
        patch.setattr(_temporary, "machine", lambda: "00000000")
        remove_stale(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {ours.name, theirs.name, mine.name}
    remove_stale(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {ours.name, mine.name}


def test_a_number_that_another_process_has_now_is_told_apart(tmp_path):
    made = _temporary.temporary(tmp_path / "out.h5ad")
    start = _temporary.started(os.getpid())
    if start == 0:
        pytest.skip("this system does not say when a process started")
    old = made.with_name(made.name.replace(f"-{start}-", f"-{start - 1}-"))
    made.touch()
    old.touch()
    remove_stale(tmp_path)
    assert list(tmp_path.iterdir()) == [made]


@pytest.mark.parametrize("swaps", [True, False])
def test_a_folder_is_replaced_as_a_whole(tmp_path, monkeypatch, swaps):
    if not swaps:
        monkeypatch.setattr(_temporary, "exchange", lambda *_: False)
    target = folder_with(tmp_path / "out.zarr", "old")
    put_in_place(folder_with(tmp_path / "part", "new"), target)
    assert [p.name for p in tmp_path.iterdir()] == ["out.zarr"]
    assert (target / "zarr.json").read_text() == "new"


def test_two_names_are_swapped_in_one_step(tmp_path):
    one, other = folder_with(tmp_path / "a", "a"), folder_with(tmp_path / "b", "b")
    if not exchange(one, other):
        pytest.skip("this system cannot swap names")
    assert (one / "zarr.json").read_text() == "b"
    assert (other / "zarr.json").read_text() == "a"
    with pytest.raises(FileNotFoundError):
        exchange(one, tmp_path / "nowhere")


@pytest.mark.slow
def test_an_old_version_comes_back_where_the_replacement_was_interrupted(tmp_path):
    target = tmp_path / "out.zarr"
    left_behind(target, "old", "part")
    recover(target)
    assert (target / "zarr.json").read_text() == "old"
    left_behind(target, "old")
    remove_stale(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["out.zarr"]


@pytest.mark.slow
def test_the_check_of_an_output_finds_the_old_version(tmp_path):
    source, target = folder_with(tmp_path / "in.zarr", "in"), tmp_path / "out.zarr"
    left_behind(target, "old", "part")
    with pytest.raises(DataError, match=r"exists\. Add --overwrite"):
        check_output(source, target, overwrite=False)
    assert (target / "zarr.json").read_text() == "old"


def test_work_files_go_with_the_block(tmp_path):
    with scratch(tmp_path) as folder:
        (folder / "numbers").write_text("1")
        assert list(tmp_path.iterdir()) == [folder]
    assert list(tmp_path.iterdir()) == []


WAIT = """
import sys, time
from pathlib import Path
from dtpscore._store import beside, scratch
if sys.argv[2] == "busy":
    with beside(Path(sys.argv[1])) as part, scratch(part.parent):
        part.write_text("half")
        print("ready", flush=True)
        time.sleep(60)
print("ready", flush=True)
time.sleep(60)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGQUIT"])
@pytest.mark.parametrize("state", ["busy", "idle"])
def test_signals_end_a_process_and_nothing_stays(tmp_path, name, state):
    number = getattr(signal, name, None)
    if number is None:
        pytest.skip("this system has no such signal")
    # A shell has its background jobs ignore some signals, and children inherit that.
    code = f"import signal\nsignal.signal({int(number)}, signal.SIG_DFL)\n{WAIT}"
    words = [sys.executable, "-c", code, str(tmp_path / "out.csv"), state]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert running.stdout.readline() == "ready\n"
    started = time.monotonic()
    running.send_signal(number)
    # With something to remove, Python ends it; otherwise the system does.
    expected = 128 + number if state == "busy" else -number
    assert running.wait(60) == expected
    assert time.monotonic() - started < 30
    assert [p for p in tmp_path.iterdir() if not p.name.startswith("core")] == []
