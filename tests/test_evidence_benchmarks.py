"""Programs of benchmarks on calls: their tables, and a short form of what is drawn."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def program(monkeypatch, tmp_path):
    """Import a program whose results go to a folder of the test."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    before = set(sys.modules)

    def load(name):
        found = __import__(name)
        monkeypatch.setattr(found, "RESULTS", tmp_path / f"{name}.jsonl")
        return found

    yield load
    for name in set(sys.modules) - before:
        path = getattr(sys.modules[name], "__file__", None) or ""
        if path.startswith(str(BENCHMARKS)):
            del sys.modules[name]


def rows_of(module):
    return [json.loads(line) for line in module.RESULTS.read_text().splitlines()]


def test_the_page_of_reversal_holds_what_was_counted(program):
    module = program("reversal_intervals")
    hits, total = module.axes_covered((3, 3, 3), 0.5, 400, paired=False)
    assert total == 400
    assert 0.91 <= hits / total <= 0.99
    kept = {"sizes": (3, 3, 3), "paired": False, "returned": "half"}
    module.keep(kind="axes", **kept, hits=hits, total=total)
    module.keep(kind="cells", sizes=(2, 2, 2), returned="none", run=0, covered=0.9)
    text = module.table()
    assert f"| 3 + 3 + 3 | half | {hits / total:.3f} [" in text
    assert "| 2 + 2 + 2 | none | 1 | 0.900 [0.900, 0.900] |" in text


def test_drawn_groups_are_called_as_often_as_they_should_be(program):
    module = program("group_claims")
    module.by_draws(600)
    frame = pd.DataFrame(rows_of(module))
    assert set(frame["design"]) == set(module.SHOWN)
    null = frame[frame["size"] == 0]
    # 99.9% limits of 1,000 draws around 0.05.
    assert len(null) == 1000
    assert 0.027 <= (null["p"] <= 0.05).mean() <= 0.075
    lines = module.drawn_lines(frame)
    assert len(lines) == len(module.SHOWN)
    own = null[null["design"] == "2 v 2"]
    assert lines[0].startswith(f"| 2 v 2 | {int((own['p'] <= 0.05).sum())} of 200: ")


def test_the_true_size_is_what_is_left_after_chance(program):
    module = program("group_claims")
    rng = np.random.default_rng(0)
    gaps = [(0.5 + 0.2 * rng.normal(size=300)).tolist() for _ in range(20)]
    frame = pd.DataFrame({"design": "4 v 2", "context": "A375", "gap": gaps})
    assert module.true_sizes(frame)["A375"] == pytest.approx(0.5, abs=0.01)


def test_real_nulls_are_counted_by_kind_and_in_all(program):
    module = program("real_cells")
    rows = [
        {"kind": "a", "called": 0.5, "named": 0.0, "move_p": [0.01]},
        {"kind": "a", "called": 0.0, "named": 0.0, "move_p": [0.5]},
        {"kind": "b", "refused": "too few"},
        {"kind": module.AML, "called": 1.0, "named": 1.0, "move_p": [0.5]},
    ]
    first, second, everything = module.null_lines(pd.DataFrame(rows)).splitlines()
    counted = "1 of 2 [0.01, 0.99] | 0.2500 | 0 of 2 [0.00, 0.84] | 0.0000"
    assert first == f"| a | 2 | 0 | {counted} | 1 of 2 [0.01, 0.99] |"
    assert second.startswith("| b | 1 | 1 | ")
    assert everything.startswith(f"| **all** | 3 | 1 | {counted}")


def test_other_methods_are_counted_alike(program):
    module = program("stress_peers")
    kept = {"context": "A375", "seconds": 1.0, "called": 0.0}
    rows = [
        {**kept, "method": name, "run": run, "share": share, "auroc": auroc}
        | {"any": share > 0, "recall": recall, "fdp": 0.25}
        for name in module.METHODS
        for run in (0, 1)
        for share, auroc, recall in ((0.0, None, None), (0.1, 0.9, 0.5), (1.0, None, 1))
    ]
    line = module.table(pd.DataFrame(rows)).splitlines()[2]
    assert line.startswith("| dtpscore | 0 of 2 [0.00, 0.84] | 0.000 |")
    assert " | 0.90 (0.90) / 0.50 / 0.25 | " in line
    assert line.endswith(" | 1.00 / 0.25 | 1.0 |")
