"""A process is known by its number and its start."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

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
