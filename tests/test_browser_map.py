"""The map of cells in a real browser: its colors, its cells, and the keyboard."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET

import matplotlib.pyplot as plt
import numpy as np
import pytest
from browser_page import opened
from matplotlib.colors import to_hex, to_rgb
from small_calls import DESIGN, run, simulated

import dtpscore as dtp
from dtpscore import pl

pytestmark = pytest.mark.slow

SCRIPT = "<script>window.ran = 2</script>"
CANVAS = "document.querySelector('.map canvas')"
TOLD = "document.querySelector('.map .cell').textContent"
# Where the dots are, by the rule of the page; tests compare it with the data.
CELLS = "JSON.parse(document.querySelector('.map script').textContent)"
_EDGE = 16
# The one place of the grid without a cell: column 5 of row 10.
_HOLE = 5 + 24 * 10


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("profile")) as made:
        yield made


@pytest.fixture(scope="module")
def adata():
    """Called cells on a grid, so that no dot hides another one."""
    made = simulated()
    made.obs["cell_type"] = np.where(np.arange(made.n_obs) % 3 > 0, "tumor", SCRIPT)
    made.obs_names = [f"{SCRIPT}-{n}" for n in range(made.n_obs)]
    dtp.tl.score(made, {"mine": list(made.var_names[:40])})
    run(made)
    places = np.random.default_rng(3).permutation(made.n_obs)
    places[places >= _HOLE] += 1
    made.obsm["X_umap"] = np.column_stack([places % 24, places // 24]).astype(float)
    return made


@pytest.fixture(scope="module")
def path(adata, tmp_path_factory):
    made = tmp_path_factory.mktemp("report") / "report.html"
    dtp.report(adata, made, **DESIGN, time_key="day")
    return made


@pytest.fixture
def page(browser, path):
    browser.open(path)
    browser.run(f"{CANVAS}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
    browser.wait(f"{CANVAS}.width === 2 * {CANVAS}.clientWidth")
    return browser


def place(page, adata, name):
    """Where the dot of a cell is on the canvas, by its coordinates."""
    xy = adata.obsm["X_umap"]
    low, span = xy.min(axis=0), np.ptp(xy, axis=0)
    x, y = (xy[adata.obs_names.get_loc(name)] - low) / span
    width, height = page.run(f"[{CANVAS}.clientWidth, {CANVAS}.clientHeight]")
    return _EDGE + x * (width - 2 * _EDGE), height - _EDGE - y * (height - 2 * _EDGE)


def color_at(page, x, y):
    script = (
        f"[...{CANVAS}.getContext('2d').getImageData({round(2 * x)}, {round(2 * y)}, "
        "1, 1).data]"
    )
    return page.run(script)[:3]


def choose(page, title):
    page.run(
        "(() => { const box = document.querySelector('.map select');"
        "box.value = [...box.options].find((one) => one.text === "
        f"{title!r}).value; box.dispatchEvent(new Event('change')); }})()"
    )


def rgb(color):
    return [round(255 * one) for one in to_rgb(color)]


def test_the_map_is_quiet_and_asks_for_nothing(page):
    assert page.complaints() == []
    assert page.outside() == []
    assert page.run("window.ran") is None
    choose(page, "Cell type (cell_type)")
    assert SCRIPT in page.run("document.querySelector('.legend').innerText")
    assert page.run("window.ran") is None


def test_colors_can_be_switched_to_everything_there_is(page):
    titles = page.run(
        "[...document.querySelectorAll('.map option')].map((one) => one.text)"
    )
    assert titles == [
        "State",
        "Arm (condition)",
        "Sample",
        "Time (day)",
        "Cell type (cell_type)",
        "DTP score (index)",
        "Shift from the reference",
        "mine",
    ]


def test_states_and_arms_have_the_colors_of_the_plots(page, adata):
    for title, key in (("State", "dtp_call"), ("Arm (condition)", "condition")):
        choose(page, title)
        figure = pl.embedding(adata, color=key, show=False, return_fig=True)
        drawn = {
            text.get_text(): to_hex(handle.get_facecolor()[0])
            for handle, text in zip(
                figure.axes[0].get_legend().legend_handles,
                figure.axes[0].get_legend().get_texts(),
                strict=True,
            )
        }
        plt.close(figure)
        assert len(drawn) > 1
        for name, label in adata.obs[key].astype(str).items():
            found = color_at(page, *place(page, adata, name))
            np.testing.assert_allclose(found, rgb(drawn[label]), atol=1)


def test_numbers_have_the_colors_of_the_plots(page, adata):
    choose(page, "mine")
    figure = pl.embedding(adata, color="mine", show=False, return_fig=True)
    (dots,) = figure.axes[0].collections
    values = dtp.get.axes(adata)["mine"]
    scale = dots.cmap, dots.norm
    plt.close(figure)
    seen = set()
    for name, value in values.items():
        found = color_at(page, *place(page, adata, name))
        # Ten steps of the color map, with straight lines between them.
        wanted = rgb(scale[0](scale[1](value)))
        np.testing.assert_allclose(found, wanted, atol=14)
        seen.add(tuple(found))
    assert len(seen) > 20


def test_a_cell_under_the_pointer_is_read(page, adata):
    box = page.run(f"(({CANVAS}).getBoundingClientRect().toJSON())")
    for title, values in (
        ("State", adata.obs["dtp_call"].astype(str)),
        ("mine", dtp.get.axes(adata)["mine"]),
    ):
        choose(page, title)
        for name in adata.obs_names[:4]:
            x, y = place(page, adata, name)
            page.move(box["x"] + x + 2, box["y"] + y + 2)
            told = page.run(TOLD)
            assert told.startswith(f"{name}. {title}: ")
            assert f"Sample: {adata.obs['sample'][name]}" in told
            shown = told.removeprefix(f"{name}. {title}: ").split(";")[0]
            if title == "mine":
                shown = float(shown.replace("\u2212", "-"))
                assert shown == pytest.approx(values[name], abs=0.0051)
            else:
                assert shown == values[name]


def test_arrows_go_from_cell_to_cell(page, adata):
    places = map(tuple, adata.obsm["X_umap"])
    at = dict(zip(places, adata.obs_names, strict=True))
    page.run("document.querySelector('.map select').focus()")
    page.press("Tab", 3)
    assert page.run(f"document.activeElement === {CANVAS}")
    page.press("ArrowRight")
    name = page.run(TOLD).split(". State")[0]
    _, y = adata.obsm["X_umap"][adata.obs_names.get_loc(name)]
    page.press("ArrowRight", 24)
    assert page.run(TOLD).startswith(f"{at[23.0, y]}. ")
    assert "no cell further on this side" in page.run(TOLD)
    page.press("ArrowLeft")
    assert page.run(TOLD).startswith(f"{at[22.0, y]}. ")
    page.press("ArrowUp", 20)
    highest = max(row for column, row in at if column == 22)
    assert page.run(TOLD).startswith(f"{at[22.0, highest]}. ")
    page.press("ArrowDown")
    assert page.run(TOLD).startswith(f"{at[22.0, highest - 1]}. ")
    assert page.run("document.querySelector('.map .cell').ariaLive") == "polite"


def test_an_arrow_goes_up_past_a_hole_and_not_aside(page, adata):
    places = map(tuple, adata.obsm["X_umap"])
    at = dict(zip(places, adata.obs_names, strict=True))
    box = page.run(f"(({CANVAS}).getBoundingClientRect().toJSON())")
    x, y = place(page, adata, at[5.0, 9.0])
    page.move(box["x"] + x, box["y"] + y)
    assert page.run(TOLD).startswith(f"{at[5.0, 9.0]}. ")
    page.run(f"{CANVAS}.focus()")
    page.press("ArrowUp")
    assert page.run(TOLD).startswith(f"{at[5.0, 11.0]}. ")


def test_the_color_is_switched_with_the_keyboard_alone(page):
    page.run("document.querySelector('.map select').focus()")
    page.press("ArrowDown")
    assert page.run("document.querySelector('.map .by').textContent") == (
        "Arm (condition)"
    )


def test_a_label_of_the_legend_shows_its_cells_alone(page, adata):
    choose(page, "Arm (condition)")
    buttons = "document.querySelectorAll('.legend button')"
    labels = page.run(f"[...{buttons}].map((one) => one.innerText.trim())")
    sizes = adata.obs["condition"].value_counts()
    assert labels == [f"{name} ({sizes[name]})" for name in ("parental", "treated")]
    page.run(f"{buttons}[1].click()")
    assert page.run(f"{buttons}[1].ariaPressed") == "true"
    for name, label in adata.obs["condition"].astype(str).items():
        found = color_at(page, *place(page, adata, name))
        gray = found == rgb("#d3d3d3")
        assert gray == (label == "parental")
    page.run(f"{buttons}[1].click()")
    assert page.run(f"{buttons}[1].ariaPressed") == "false"


def test_the_map_is_saved_as_it_is_seen(page, adata, tmp_path):
    choose(page, "Cell type (cell_type)")
    links = "document.querySelectorAll('.map .saves a')"
    tree = ET.fromstring(page.saved(tmp_path, f"{links}[0].click()", "cells.svg"))
    dots = tree.findall("{http://www.w3.org/2000/svg}circle")
    assert len(dots) == adata.n_obs
    assert len({dot.get("fill") for dot in dots}) == 2
    pixels = page.saved(tmp_path, f"{links}[1].click()", "cells.png")
    image = plt.imread(io.BytesIO(pixels), format="png")
    assert image.shape[1] == page.run(f"{CANVAS}.width")
    assert image[..., :3].std() > 0.01


def test_without_its_script_the_page_says_what_is_missing(browser, path):
    browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(path)
        words = browser.run("document.querySelector('#cells').innerText")
        assert (
            "The map is drawn by the script of this page, which did not run." in words
        )
        controls = "[...document.querySelectorAll('input, select, button')]"
        seen = browser.run(f"{controls}.filter((one) => one.offsetHeight).length")
        heads = browser.run(
            "[...document.querySelectorAll('th button')]"
            ".filter((one) => one.offsetHeight).length"
        )
        # Only headings are left, which are buttons, and the links to the CSV files.
        assert seen == heads > 0
        assert browser.run("document.querySelector('a[download]').offsetHeight") > 0
    finally:
        browser.ask("Emulation.setScriptExecutionDisabled", value=False)


def test_the_map_fits_a_phone(browser, path):
    browser.open(path, 390, 844)
    width = f"{CANVAS}.getBoundingClientRect().right"
    assert browser.run(width) <= 390
    assert browser.run("document.documentElement.scrollWidth <= window.innerWidth")
