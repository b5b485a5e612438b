"""Tables and figures of the report in a real browser: found, sorted, saved, printed."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from browser_page import opened

import dtpscore as dtp
from dtpscore import _report, pl
from dtpscore._report.format import data_uri
from dtpscore._report.picture import slim

pytestmark = pytest.mark.slow

KW = {"groupby": "condition", "reference": "parental", "sample_key": "sample"}
SCRIPT = "<script>window.ran = 1</script>"
OWN = {
    name: slice(40 * n, 40 * n + 40)
    for n, name in enumerate(
        ["mine", "=1+1", "other", "four", "five", "six", "seven", "eight", "nine"]
    )
}
ROWS = """[...document.querySelectorAll("#table-axes tbody tr")]"""
# Everything that is folded is opened, so that keys and clicks find it.
UNFOLD = "for (const one of document.querySelectorAll('details')) one.open = true;"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("profile")) as made:
        yield made


@pytest.fixture(scope="module")
def adata():
    made = dtp.datasets.simulate(n_cells=150, n_genes=800, seed=5)
    genes = list(made.var_names)
    dtp.tl.score(made, {name: genes[place] for name, place in OWN.items()})
    made.obs["condition"] = made.obs["condition"].cat.rename_categories(
        {"treated": SCRIPT}
    )
    return made


@pytest.fixture(scope="module")
def data(adata):
    return _report.collect(adata, **KW)


@pytest.fixture(scope="module")
def path(data, tmp_path_factory):
    made = tmp_path_factory.mktemp("report") / "report.html"
    made.write_text(_report.render(data), encoding="utf-8")
    return made


@pytest.fixture
def page(browser, path):
    browser.open(path)
    browser.run(UNFOLD)
    return browser


def axes_frame(data):
    return next(one for one in data.tables() if one.name == "axes").frame


def seen(page):
    """Names in the rows that are seen, from above."""
    return page.run(
        f"{ROWS}.filter((row) => row.offsetHeight).map((row) => row.cells[0].innerText)"
    )


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_the_page_is_quiet_fits_and_asks_for_nothing(browser, path, width, height):
    browser.open(path, width, height)
    browser.run(UNFOLD)
    assert browser.complaints() == []
    assert browser.outside() == []
    assert browser.run("document.documentElement.scrollWidth <= window.innerWidth")
    assert browser.run("[...document.images].every((one) => one.naturalWidth > 0)")


def test_names_that_look_like_a_script_are_text(page):
    assert page.run("window.ran") is None
    assert page.run("document.body.innerText").count(SCRIPT) > 2
    assert page.run("document.querySelectorAll('script:not([type])').length") == 1


def test_numbers_that_are_shown_are_those_of_the_data(page, adata):
    table = dtp.get._axes.axis_by_group(adata, **KW)
    shown = page.run(f"{ROWS}.map((row) => [...row.cells].map((one) => one.innerText))")
    assert [row[0] for row in shown] == list(table.index)
    for row, (_, values) in zip(shown, table.iterrows(), strict=True):
        texts = [text.replace("\u2212", "-") for text in row[-len(values) :]]
        np.testing.assert_allclose(np.array(texts, float), values, atol=0.00501)


def test_a_filter_leaves_rows_with_every_word(page):
    box = "document.querySelector('input[aria-controls=table-axes]')"
    told = f"{box}.closest('.tools').querySelector('output').textContent"
    everything = seen(page)
    assert len(everything) == len(OWN)
    page.run(f"{box}.focus()")
    page.type("MI own")
    assert seen(page) == ["mine"]
    assert page.run(told) == "1 of 9 rows"
    page.type(" nothing")
    assert seen(page) == []
    page.run(f"{box}.value = ''; {box}.dispatchEvent(new Event('input'))")
    assert seen(page) == everything
    assert page.run(told) == "9 rows"


def test_a_short_table_has_no_filter(browser, tmp_path):
    few = dtp.datasets.simulate(n_cells=150, n_genes=800, seed=5)
    dtp.tl.score(few, {"mine": list(few.var_names[:40])})
    made = tmp_path / "short.html"
    dtp.report(few, made, **KW)
    browser.open(made)
    box = "document.querySelectorAll('[aria-controls=table-{}]').length"
    assert browser.run(box.format("axes")) == 0
    assert browser.run("document.querySelectorAll('a[download=\"axes.csv\"]').length")


def test_a_table_is_sorted_with_the_keyboard_alone(page, data):
    heads = "document.querySelectorAll('#table-axes th')"
    frame = axes_frame(data)
    page.run("document.querySelector('input[aria-controls=table-axes]').focus()")
    # The link to the CSV file and the region that scrolls lie between.
    page.press("Tab", 3)
    assert page.run("document.activeElement.textContent") == "Axis"
    page.press("Enter")
    assert page.run(f"{heads}[0].ariaSort") == "ascending"
    assert seen(page) == sorted(frame["title"], key=lambda one: one.strip("="))
    page.press("Tab", 4)
    assert page.run("document.activeElement.textContent") == SCRIPT
    page.press(" ")
    page.press(" ")
    assert page.run(f"{heads}[4].ariaSort") == "descending"
    assert page.run(f"{heads}[0].ariaSort") is None
    column = f"mean_{SCRIPT}"
    wanted = frame.sort_values(column, ascending=False)["title"]
    assert seen(page) == list(wanted)


def test_a_table_is_saved_as_the_csv_file_of_the_folder(page, data, tmp_path):
    link = "document.querySelector('a[download=\"axes.csv\"]')"
    found = page.saved(tmp_path, f"{link}.click()", "axes.csv")
    folder = tmp_path / "tables"
    _report.write_tables(data, folder)
    assert found == (folder / "axes.csv").read_bytes()
    assert "'=1+1" in pd.read_csv(io.BytesIO(found))["title"].tolist()


def test_a_figure_is_saved_as_drawing_and_as_pixels(page, tmp_path):
    links = "document.querySelectorAll('#axes figure .tools a')"
    drawing = page.saved(tmp_path, f"{links}[0].click()", "axes-1.svg")
    assert ET.fromstring(drawing).tag == "{http://www.w3.org/2000/svg}svg"
    pixels = page.saved(tmp_path, f"{links}[1].click()", "axes-1.png")
    image = plt.imread(io.BytesIO(pixels), format="png")
    assert image.shape[1] >= 2400
    assert image[..., :3].std() > 0.01
    # Nothing of the page lies behind transparent pixels.
    assert image.shape[2] == 3 or image[..., 3].min() == 1.0


def test_a_slim_drawing_looks_as_it_did(browser, path, adata):
    axes = list(OWN)[:3]
    figure = pl.axis_scores(adata, **KW, axes=axes, show=False, return_fig=True)
    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg")
    plt.close(figure)
    drawn = buffer.getvalue()
    short = slim(drawn)
    assert len(short) < 0.75 * len(drawn)
    browser.open(path)
    script = """(async (texts) => {
      const pixels = [];
      for (const text of texts) {
        const image = new Image();
        image.src = text;
        await image.decode();
        const canvas = document.createElement("canvas");
        canvas.width = 2 * image.naturalWidth;
        canvas.height = 2 * image.naturalHeight;
        const pen = canvas.getContext("2d");
        pen.drawImage(image, 0, 0, canvas.width, canvas.height);
        pixels.push(pen.getImageData(0, 0, canvas.width, canvas.height).data);
      }
      const [a, b] = pixels;
      let [sum, marks] = [0, 0];
      for (let n = 0; n < a.length; n += 1) {
        sum += Math.abs(a[n] - b[n]);
        marks += a[n] < 255 ? 1 : 0;
      }
      return [a.length === b.length, marks / a.length, sum / a.length];
    })"""
    texts = [data_uri("image/svg+xml", one) for one in (drawn, short)]
    same_size, marks, difference = browser.run(f"{script}({texts!r})")
    assert same_size
    assert marks > 0.02
    # In steps of color, of 255; the edges of letters move by less than a pixel.
    assert difference < 0.5


def test_an_open_fold_has_the_whole_width_and_stays_where_it_is(browser, path):
    browser.open(path)
    fold = "document.querySelector('#axes .folds details')"
    section = "document.querySelector('#axes .body')"
    left, wide = (f"{one}.getBoundingClientRect()" for one in (fold, section))
    assert browser.run(f"{left}.width") < 0.5 * browser.run(f"{wide}.width")
    figure = "document.querySelector('#axes .figures').getBoundingClientRect()"
    assert browser.run(f"{figure}.left") > browser.run(f"{left}.right")
    browser.run(f"{fold}.open = true")
    assert browser.run(f"{left}.width") == browser.run(f"{wide}.width")
    assert browser.run(f"{figure}.top") >= browser.run(f"{left}.bottom")
    assert browser.run(f"{left}.top - {wide}.top") < 300


def test_paper_shows_everything_and_no_controls(browser, path):
    browser.open(path)
    browser.run("document.querySelector('#table-axes tbody tr').hidden = true")
    closed = browser.run("document.querySelectorAll('details:not([open])').length")
    assert closed > 2
    browser.ask("Emulation.setEmulatedMedia", media="print")
    try:
        browser.run("dispatchEvent(new Event('beforeprint'))")
        assert (
            browser.run("document.querySelectorAll('details:not([open])').length") == 0
        )
        lost = (
            "[...document.querySelectorAll('main tr, main img, main pre')]"
            ".filter((one) => !one.offsetHeight).length"
        )
        assert browser.run(lost) == 0
        controls = (
            "[...document.querySelectorAll('nav, .tools, .skip, input, select')]"
            ".filter((one) => one.offsetHeight).length"
        )
        assert browser.run(controls) == 0
        browser.run("dispatchEvent(new Event('afterprint'))")
        left = browser.run("document.querySelectorAll('details:not([open])').length")
        assert left == closed
    finally:
        browser.ask("Emulation.setEmulatedMedia", media="")


def test_a_phone_enlarges_a_figure(browser, path):
    browser.open(path, 390, 844)
    button = "document.querySelector('#axes figure button')"
    width = "document.querySelector('#axes figure img').offsetWidth"
    small = browser.run(width)
    assert small < 390
    browser.run(f"{button}.click()")
    assert browser.run(width) > 2 * small
    assert browser.run(f"{button}.ariaPressed") == "true"
    assert browser.run("document.documentElement.scrollWidth <= window.innerWidth")
