"""Every tutorial runs from start to end."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).resolve().parents[1] / "tutorials"
TUTORIALS = sorted(FOLDER.glob("[0-9]*.py"))
# Seconds; the machine of a test may be busy.
LIMIT = 600


def names(paths):
    return [path.stem for path in paths]


def data_sets(text):
    """Names of the public data sets that a tutorial loads and that are pinned."""
    from dtpscore import datasets

    table = datasets.available()
    loaded = set(re.findall(r'datasets\.load\(\s*"(\w+)"', text))
    return sorted(loaded & set(table.index[table["checked"]]))


@pytest.fixture
def data_folder(request, tutorial):
    """The mirror of the real data where the tutorial needs it, else None."""
    if not data_sets(tutorial.read_text(encoding="utf-8")):
        return None
    return request.getfixturevalue("data_dir")


@pytest.mark.skipif(
    bool(os.environ.get("DTPSCORE_SKIP_TUTORIALS")),
    reason="DTPSCORE_SKIP_TUTORIALS is set",
)
@pytest.mark.parametrize("tutorial", TUTORIALS, ids=names(TUTORIALS))
def test_the_tutorial_runs(tutorial, data_folder, tmp_path):
    environment = {**os.environ, "MPLBACKEND": "Agg", "TMPDIR": str(tmp_path)}
    environment.pop("DTPSCORE_DATA_DIR", None)
    if data_folder is not None:
        environment["DTPSCORE_DATA_DIR"] = str(data_folder)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(tutorial)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert done.stdout


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=names(TUTORIALS))
def test_the_tutorial_is_a_notebook_that_starts_with_its_question(tutorial):
    jupytext = pytest.importorskip("jupytext")
    notebook = jupytext.read(tutorial)
    first = notebook.cells[0]
    assert first.cell_type == "markdown"
    assert re.match(rf"# {int(tutorial.stem[:2])}\. \w", first.source)
    assert "**Question: " in first.source
    kinds = [cell.cell_type for cell in notebook.cells]
    assert kinds.count("code") >= 5
    assert kinds.count("markdown") >= 5


def test_the_list_of_tutorials_names_each_file():
    listed = re.findall(
        r"\(([0-9]\w+\.py)\)", (FOLDER / "README.md").read_text(encoding="utf-8")
    )
    assert listed == [path.name for path in TUTORIALS]
