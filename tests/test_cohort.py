"""One summary over several files: tables, picture, MultiQC."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from dtpscore._calling.states import DTP_LIKE
from dtpscore._run import cohort
from dtpscore._run.many import FileRun
from dtpscore._run.outputs import Outputs
from dtpscore._run.summary import Arm, Summary

MOVES = {
    "a.h5ad": [("emt", 1.0, 0.01), ("oxphos", -1.0, 0.2)],
    "b.h5ad": [("emt", 0.5, 0.03), ("oxphos", -1.0, 0.01)],
    "c.zarr": [("emt", -0.5, 0.01), ("oxphos", -2.0, 0.01)],
}


def moves(rows):
    frame = pd.DataFrame(rows, columns=["axis", "difference", "qvalue"])
    return frame.assign(batch="all", group="treated")


def finished(name, arms, axes=None):
    folder = Path("out")
    paths = dict.fromkeys(
        ("report", "data", "tables", "provenance", "config", "log"), folder
    )
    summary = Summary(arms, "E2", "", (), moves=axes)
    outputs = Outputs(**paths, records=(), summary=summary)
    return FileRun(Path(name), folder, outputs)


@pytest.fixture
def runs():
    arms = (
        Arm("treated", "7", 3, 200, 50, 0.2, 0.3, 0.02, "called", ""),
        Arm("treated", "14", 3, 100, 0, 0.0, 0.0, 0.02, "not decided", "too few"),
    )
    done = [finished(name, arms, moves(rows)) for name, rows in MOVES.items()]
    return [*done, FileRun(Path("wrong.h5ad"), Path("out"), error="no", code=3)]


def test_every_file_and_arm_has_a_row(runs):
    table = cohort.arm_table(runs)
    assert len(table) == 7
    assert table["file"].iloc[-1] == "wrong.h5ad"
    assert table["exit_code"].tolist() == [0] * 6 + [3]


def test_axes_are_counted_by_file(runs):
    table = cohort.agreement(cohort.axis_table(runs)).set_index("axis")
    assert table.loc["emt", ["n_files", "n_up", "n_down"]].tolist() == [3, 2, 1]
    assert table.loc["oxphos", ["n_files", "n_up", "n_down"]].tolist() == [3, 0, 2]
    assert list(table.index) == ["emt", "oxphos"]


def test_a_file_whose_arms_disagree_is_mixed():
    both = pd.concat(
        [moves([("emt", 1.0, 0.01)]), moves([("emt", -1.0, 0.01)])], ignore_index=True
    )
    table = cohort.agreement(both.assign(file="a"))
    assert table[["n_up", "n_down", "n_mixed"]].iloc[0].tolist() == [0, 0, 1]


def parsed(text):
    lines = text.splitlines()
    head = [line for line in lines if line.startswith("#")]
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return head, rows


def test_multiqc_gets_a_table_and_bars(runs):
    head, rows = parsed(cohort.mqc_table(cohort.arm_table(runs)))
    assert "# plot_type: 'table'" in head
    assert rows[0][:3] == ["Sample", "verdict", "share"]
    assert rows[1][:3] == ["a | treated 7", "called", "0.25"]
    assert rows[2][1] == "not decided"
    assert {len(row) for row in rows} == {8}
    head, rows = parsed(cohort.mqc_bars(cohort.arm_table(runs)))
    assert "# plot_type: 'bargraph'" in head
    assert rows[0] == ["Sample", DTP_LIKE, "other"]
    assert rows[1] == ["a | treated 7", "50", "150"]


def test_names_cannot_break_the_tables():
    arms = (Arm("=tab\there\nx", "", 1, 10, 1, 0.1, 0.1, None, "called", "a\tb"),)
    _, rows = parsed(cohort.mqc_table(cohort.arm_table([finished("a.h5ad", arms)])))
    assert {len(row) for row in rows} == {8}
    assert len(rows) == 2


@pytest.mark.slow
def test_the_picture_is_the_same_for_the_same_runs(runs, tmp_path):
    for name in ("1", "2"):
        (tmp_path / name).mkdir()
        names = cohort.write(runs, tmp_path / name)
    assert set(names) == {path.name for path in (tmp_path / "2").iterdir()}
    first, second = ((tmp_path / n / cohort.PICTURE).read_bytes() for n in ("1", "2"))
    assert first == second


def test_without_calls_there_is_still_a_summary(tmp_path):
    only = [FileRun(Path("wrong.h5ad"), Path("out"), error="no", code=3)]
    names = cohort.write(only, tmp_path)
    assert cohort.AXES not in names
    assert (tmp_path / cohort.PICTURE).stat().st_size > 500
    assert parsed(cohort.mqc_table(cohort.arm_table(only)))[1][0][0] == "Sample"
