"""The guard of speed fails for a step that is slower, and not for noise."""

from __future__ import annotations

import importlib
import sys

import pytest


@pytest.fixture(scope="module")
def guard(repository):
    folder = str(repository / "benchmarks")
    sys.path.insert(0, folder)
    try:
        yield importlib.import_module("guard")
    finally:
        sys.path.remove(folder)


def rounds(*values, name="score"):
    return [{name: value} for value in values]


def test_a_step_that_is_slower_in_every_round_fails(guard):
    lines, slower = guard.compare(rounds(1, 1.1, 1), rounds(2, 2.1, 1.9), allowed=1.3)
    assert slower == ["score"]
    assert lines[-1] == "| score | 1.00 | 2.00 | 2.00 |"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ((1, 1, 1), (1.2, 1.25, 1.29)),  # within what is allowed
        ((1, 1, 1.9), (1.8, 1.9, 2)),  # the machine was as slow for the old tree
        ((2, 2, 2), (1, 1, 1)),
    ],
)
def test_noise_and_gains_pass(guard, old, new):
    assert guard.compare(rounds(*old), rounds(*new), allowed=1.3)[1] == []


def test_a_step_that_the_old_tree_does_not_have_is_left_out(guard):
    new = [{"score": 1.0, "more": 9.0}]
    lines, slower = guard.compare(rounds(1), new, allowed=1.3)
    assert slower == []
    assert len(lines) == 3


def test_the_reference_loop_takes_time(guard):
    assert guard.reference_loop() > 0
