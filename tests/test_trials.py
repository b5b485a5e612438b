"""Programs of long trials keep what they found when they are stopped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def trials(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return __import__("trials")


def test_rows_outlive_the_program_and_are_replaced_when_made_again(tmp_path, trials):
    path = tmp_path / "rows.jsonl"
    kept = trials.Kept(path, ("kind", "seed"))
    kept.add(kind="zarr3", seed=0, found="wrong")
    kept.add(kind="h5ad", seed=0, found="equal")
    assert len(path.read_text().splitlines()) == 2
    again = trials.Kept(path, ("kind", "seed"))
    again.add(kind="zarr3", seed=0, found="equal")
    assert len(again.rows) == 2
    assert again.counts("found") == {("equal",): 2}
    assert json.loads(path.read_text().splitlines()[-1])["found"] == "equal"


def test_the_table_has_a_line_for_each_combination(tmp_path, trials):
    kept = trials.Kept(tmp_path / "rows.jsonl", ("seed",))
    for seed in range(1200):
        kept.add(seed=seed, kind="b" if seed else "a")
    assert trials.table(("file",), kept.counts("kind")).splitlines() == [
        "| file | trials |",
        "| --- | --- |",
        "| a | 1 |",
        "| b | 1,199 |",
    ]
