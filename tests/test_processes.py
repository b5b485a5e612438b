"""A process is known by its number and its start."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading

import pytest

from dtpscore import _threads
from dtpscore._cli._console import cell_progress
from dtpscore._processes import is_dead, machine, started


@pytest.fixture
def process():
    made = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield made
    made.kill()
    made.wait()


def test_a_number_that_is_used_again_is_another_process(process):
    start = started(process.pid)
    assert not is_dead(process.pid, start)
    assert is_dead(process.pid, start - 1)
    assert start > started(os.getpid())


def test_a_process_that_ended_is_dead_before_and_after_its_parent_asks(process):
    start = started(process.pid)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_dead(process.pid, start)
    process.wait()
    assert is_dead(process.pid, start)


def test_the_name_of_the_machine_is_the_same_again():
    assert machine() == machine()
    assert len(machine()) == 8


def test_a_bar_starts_no_thread(monkeypatch):
    """Python waits for ever for a thread that does not start for want of memory."""
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", screen)
    before = threading.active_count()
    with cell_progress(10) as step:
        assert threading.active_count() == before
        step(10)
    assert "10.0/10.0" in screen.getvalue()
    screen.isatty = lambda: False
    with cell_progress(10) as step:
        step(10)


def test_a_thread_that_cannot_start_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(_threads, "_PATIENCE", 0.05)
    with _threads.pool(2) as pool:
        assert pool.submit(lambda: 3).result() == 3
    monkeypatch.setattr(_threads, "start_new_thread", lambda *_: None)
    with pytest.raises(MemoryError):
        _threads.pool(2)
    with pytest.raises(MemoryError):
        list(_threads.in_order(abs, [1], n_workers=1))
