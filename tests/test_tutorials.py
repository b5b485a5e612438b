"""Every tutorial runs from start to end."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "tutorials"
TUTORIALS = sorted(FOLDER.glob("[0-9]*.py"))
# Seconds; the machine of a test may be busy.
LIMIT = 600
# Bytes of a notebook with its pictures.
MOST_BYTES = 400_000
# Places on the machine where a notebook was run.
PLACE = re.compile(r"(?<![\w.:/])/(tmp|home|root|work|Users|var)/|site-packages/")


@pytest.fixture(scope="module")
def render():
    """The script that makes the notebooks."""
    spec = importlib.util.spec_from_file_location("render", FOLDER / "render.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def notebook(tutorial):
    """The notebook beside a tutorial, as plain values."""
    path = tutorial.with_suffix(".ipynb")
    return json.loads(path.read_text(encoding="utf-8"))


def outputs(tutorial):
    for cell in notebook(tutorial)["cells"]:
        yield from cell.get("outputs", [])


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


@pytest.mark.slow
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
def test_the_tutorial_is_a_notebook_that_starts_with_its_question(tutorial, render):
    cells = render.cells_of(tutorial.read_text(encoding="utf-8"))
    kind, source = cells[0]
    assert kind == "markdown"
    assert re.match(rf"# {int(tutorial.stem[:2])}\. \w", source)
    assert "**Question: " in source
    kinds = [kind for kind, _ in cells]
    assert kinds.count("code") >= 5
    assert kinds.count("markdown") >= 5


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=names(TUTORIALS))
def test_the_notebook_has_the_cells_of_the_tutorial(tutorial, render):
    number = int(tutorial.stem[:2])
    cells = [
        (cell["cell_type"], "".join(cell["source"]))
        for cell in notebook(tutorial)["cells"]
    ]
    expected = render.cells_of(tutorial.read_text(encoding="utf-8"))
    assert cells == expected, f"run: python tutorials/render.py {number}"


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=names(TUTORIALS))
def test_the_notebook_was_run_from_start_to_end(tutorial):
    counts = [
        cell["execution_count"]
        for cell in notebook(tutorial)["cells"]
        if cell["cell_type"] == "code"
    ]
    assert counts == list(range(1, len(counts) + 1))
    kinds = [one["output_type"] for one in outputs(tutorial)]
    assert "stream" in kinds
    assert "error" not in kinds


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=names(TUTORIALS))
def test_the_notebook_is_small_and_names_no_place_of_the_machine(tutorial):
    assert tutorial.with_suffix(".ipynb").stat().st_size < MOST_BYTES
    for output in outputs(tutorial):
        assert not PLACE.search("".join(output.get("text", [])))
        assert set(output.get("data", {})) <= {"image/png"}


def test_notebooks_are_those_of_the_tutorials():
    made = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
    assert made == names(TUTORIALS)


def test_cells_are_read_as_jupytext_reads_them(render):
    jupytext = pytest.importorskip("jupytext")
    for tutorial in TUTORIALS:
        read = jupytext.read(tutorial).cells
        # It keeps the empty lines that the formatter puts above a function.
        theirs = [(cell.cell_type, cell.source.strip("\n")) for cell in read]
        assert render.cells_of(tutorial.read_text(encoding="utf-8")) == theirs


def test_a_cell_keeps_its_code_and_a_text_loses_its_marks(render):
    text = (
        "# ---\n# a: b\n# ---\n\n# %% [markdown]\n# # T\n#\n# x\n\n# %%\na = 1  # %%\n"
    )
    assert render.cells_of(text) == [("markdown", "# T\n\nx"), ("code", "a = 1  # %%")]


def test_a_picture_is_made_small_and_stays_a_picture(render):
    from io import BytesIO

    import numpy as np
    from PIL import Image

    wave = np.add.outer(np.arange(200), np.arange(200)) % 256
    file = BytesIO()
    noise = np.random.default_rng(0).integers(0, 9, (200, 200, 3))
    Image.fromarray((wave[..., None] + noise).clip(0, 255).astype("uint8")).save(
        file, format="png"
    )
    before = base64.b64encode(file.getvalue()).decode()
    after = render.small(before)
    image = Image.open(BytesIO(base64.b64decode(after)))
    assert len(after) < 0.75 * len(before)
    assert (image.mode, image.size) == ("P", (200, 200))


def test_the_list_of_tutorials_names_each_file():
    listed = re.findall(
        r"\(([0-9]\w+\.py)\)", (FOLDER / "README.md").read_text(encoding="utf-8")
    )
    assert listed == [path.name for path in TUTORIALS]


def test_the_pipeline_uses_flags_that_the_command_has():
    from typer.testing import CliRunner

    from dtpscore._cli import app

    shown = CliRunner().invoke(app, ["run", "--help"]).output
    for name in ("Snakefile", "main.nf", "Containerfile"):
        text = (FOLDER / "pipeline" / name).read_text(encoding="utf-8")
        calls = re.findall(r"dtpscore run (?:.*\\\n)*.*", text)
        flags = {flag for call in calls for flag in re.findall(r"\s(--?[a-z-]+)", call)}
        assert {"-o", "--reference"} <= flags, name
        for flag in flags:
            assert re.search(rf"{flag}\b", shown), (name, flag)
