"""Heat maps of the report in a real browser: the cell that is pointed at is read."""

from __future__ import annotations

import base64
import io
import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from browser_page import opened

import dtpscore as dtp
from dtpscore import pl
from dtpscore._report.picture import picture
from dtpscore.get import _checks as checks
from dtpscore.get._axes import axis_by_group, axis_titles
from dtpscore.pl._matrix import robust_limit
from dtpscore.pl._style import DIVERGING

pytestmark = pytest.mark.slow

SCRIPT = "<script>window.ran = 3</script>"
KW = {"groupby": "condition", "reference": "parental", "sample_key": "sample"}
UNFOLD = "for (const one of document.querySelectorAll('details')) one.open = true;"
UNITS = {"axes": "SD of parental", "checks": "Spearman, within groups"}
# What stands behind the name of an axis: too few genes, and published directions.
_MARKS = re.compile("( \\*)?( \u2020)?( [\u2191\u2193])?$")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("profile")) as made:
        yield made


@pytest.fixture(scope="module")
def adata():
    made = dtp.datasets.simulate(n_cells=240, n_genes=1200, seed=5)
    made.obs["condition"] = made.obs["condition"].cat.rename_categories(
        {"treated": SCRIPT}
    )
    dtp.tl.score(made)
    return made


@pytest.fixture(scope="module")
def tables(adata):
    """Numbers of the heat map of each section, from the data."""
    return {
        "axes": axis_by_group(adata, **KW),
        "checks": checks.confounders(adata, groupby="condition"),
    }


@pytest.fixture(scope="module")
def path(adata, tmp_path_factory):
    made = tmp_path_factory.mktemp("report") / "report.html"
    dtp.report(adata, made, **KW)
    return made


class HeatMap:
    """The heat map of a section, in a window that is high enough to see all of it."""

    def __init__(self, browser, path, section, width=1280):
        self.page = browser
        self.over = f"document.querySelector('#{section} .grid')"
        browser.open(path, width, 3000)
        browser.run(UNFOLD)
        self.settle()

    def settle(self):
        # The cells follow the picture before the next frame is drawn.
        frames = "requestAnimationFrame(() => requestAnimationFrame(() => done(1)))"
        self.page.run(f"new Promise((done) => {frames})")
        self.page.wait(f"{self.over}.clientWidth > 40")
        middle = "{block: 'center', inline: 'center', behavior: 'instant'}"
        self.page.run(f"{self.over}.scrollIntoView({middle})")
        script = (
            f"(() => {{ const one = {self.over}.getBoundingClientRect();"
            "return [one.x, one.y, one.width, one.height]; })()"
        )
        self.box = self.page.run(script)

    def place(self, row, column, shape, across=0.5):
        x, y, width, height = self.box
        return (
            x + (column + across) * width / shape[1],
            y + (row + 0.5) * height / shape[0],
        )

    def told(self):
        if self.page.run(
            f"getComputedStyle({self.over}.lastChild).visibility === 'hidden'"
        ):
            return None
        return self.page.run(f"{self.over}.lastChild.textContent")

    def at(self, *place):
        self.page.move(*place)
        return self.told()

    def screen(self):
        """Colors of the window as it is seen."""
        self.page.move(1, 1)
        shot = self.page.ask("Page.captureScreenshot", format="png")["data"]
        return plt.imread(io.BytesIO(base64.b64decode(shot)), format="png")


def shape_of(heat):
    data = f"{heat.over}.parentElement.querySelector('script').textContent"
    return heat.page.run(
        f"(() => {{ const one = JSON.parse({data});"
        "return [one.rows.length, one.columns.length]; })()"
    )


def read_of(text, table):
    """Axis and column of the table that a text names, its number and its unit."""
    titles = {title: axis for axis, title in axis_titles(list(table.index)).items()}
    column = next(one for one in table.columns if f", {one}: " in text)
    row, rest = text.split(f", {column}: ")
    value, unit = re.fullmatch(r"(\S+) \((.*)\)", rest).groups()
    return titles[_MARKS.sub("", row)], column, value.replace("\u2212", "-"), unit


@pytest.mark.parametrize("section", ["axes", "checks"])
@pytest.mark.parametrize("window", ["screen", "phone", "larger", "phone, larger"])
def test_every_cell_tells_its_number_where_its_color_is(
    browser, path, tables, section, window
):
    table = tables[section]
    heat = HeatMap(browser, path, section, 390 if "phone" in window else 1280)
    if "larger" in window:
        button = f"{heat.over}.parentElement.querySelector('button')"
        browser.run(f"{button}.click()")
        heat.settle()
    shape, screen = shape_of(heat), heat.screen()
    limit = robust_limit(table.to_numpy()) if section == "axes" else 1.0
    colors = mpl.colormaps[DIVERGING]
    found = set()
    for row, column in np.ndindex(*shape):
        # Every cell once; elsewhere a cell of each row and of each column.
        if window != "screen" and column != row % shape[1]:
            continue
        x, y = heat.place(row, column, shape, across=0.15)
        # A cell of a picture that is scrolled is not in sight.
        if not 20 < x < screen.shape[1] - 20 or (text := heat.at(x, y)) is None:
            continue
        axis, name, value, unit = read_of(text, table)
        assert unit == UNITS[section]
        exact = table.loc[axis, name]
        assert float(value) == pytest.approx(exact, abs=0.00501)
        found.add((axis, name))
        seen = screen[int(y), int(x), :3]
        wanted = colors(0.5 + exact / (2 * limit))[:3]
        np.testing.assert_allclose(seen, wanted, atol=0.06)
    least = 5 if window == "phone, larger" else len(table)
    assert len(found) >= (table.notna().sum().sum() if window == "screen" else least)


def test_the_words_stay_within_the_figure_and_go_with_the_pointer(browser, path):
    heat = HeatMap(browser, path, "axes", 390)
    rows, columns = shape = shape_of(heat)
    for row in (0, rows - 1):
        for column in range(columns):
            assert heat.at(*heat.place(row, column, shape))
            assert browser.run(
                f"(() => {{ const over = {heat.over};"
                "const words = over.lastChild.getBoundingClientRect();"
                "const own = over.parentElement.getBoundingClientRect();"
                "return words.left > own.left - 1 && words.right < own.right + 1 "
                "&& words.top > own.top - 1 && words.bottom < own.bottom + 1; })()"
            )
    assert heat.at(1, 1) is None
    assert browser.run("document.documentElement.scrollWidth <= window.innerWidth")
    assert browser.run("window.ran") is None
    assert browser.complaints() == []


def test_the_keyboard_goes_from_cell_to_cell_and_skips_empty_ones(browser, path):
    heat = HeatMap(browser, path, "axes")
    browser.run(f"{heat.over}.focus()")
    first = heat.told()
    assert ", parental: " in first
    browser.press("ArrowRight")
    assert f", {SCRIPT}: " in heat.told()
    browser.press("ArrowLeft", 2)
    assert heat.told() == first
    seen = [first]
    for _ in range(shape_of(heat)[0] - 1):
        browser.press("ArrowDown")
        seen.append(heat.told())
    # One row is empty: it parts the nuisance axes, and the last arrow finds no cell.
    assert len(set(seen)) == len(seen) - 1
    assert seen[-1] == seen[-2]
    browser.press("Escape")
    assert heat.told() is None
    browser.press("ArrowUp")
    assert heat.told() == seen[-3]
    browser.run(f"{heat.over}.blur()")
    assert heat.told() is None


def test_a_finger_reads_a_cell_that_stays_when_it_is_lifted(browser, path):
    heat = HeatMap(browser, path, "axes", 390)
    x, y = heat.place(3, 1, shape_of(heat))
    browser.ask("Emulation.setTouchEmulationEnabled", enabled=True)
    try:
        touch = [{"x": x, "y": y}]
        browser.ask("Input.dispatchTouchEvent", type="touchStart", touchPoints=touch)
        browser.ask("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        assert f", {SCRIPT}: " in browser.wait(f"{heat.over}.lastChild.textContent")
        assert f", {SCRIPT}: " in heat.told()
    finally:
        browser.ask("Emulation.setTouchEmulationEnabled", enabled=False)


def test_without_its_script_the_page_promises_no_numbers(browser, path):
    browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(path)
        words = browser.run("document.querySelector('#axes figcaption').textContent")
        assert "Point at a cell" not in words
        assert browser.run("document.querySelectorAll('.grid').length") == 0
    finally:
        browser.ask("Emulation.setScriptExecutionDisabled", value=False)


def test_a_heat_map_is_drawn_from_above_whatever_the_session_says(adata):
    with mpl.rc_context({"image.origin": "lower"}):
        made = picture(
            lambda: pl.axis_heatmap(adata, **KW, show=False), alt="", caption=""
        )
    (grid,) = made.grids
    assert grid.rows[0].startswith("NRF2")
    assert 0 < grid.top < grid.top + grid.height < 1
    assert 0 < grid.left < grid.left + grid.width < 1
    assert len(grid.values) == len(grid.rows)
