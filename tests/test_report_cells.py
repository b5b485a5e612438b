"""The map of cells: which cells it draws, their colors, and what it says."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from urllib.parse import unquote

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from report_page import read_page

import dtpscore as dtp
from dtpscore import _report
from dtpscore._report import cells
from dtpscore._report.context import context
from dtpscore._report.format import data_uri
from dtpscore._report.model import CellMap
from dtpscore._report.picture import picture
from dtpscore._report.render import embedded

KW = {"groupby": "condition", "reference": "parental", "sample_key": "sample"}


@pytest.fixture(scope="module")
def adata():
    made = dtp.datasets.simulate(n_cells=150, n_genes=700, seed=3)
    dtp.tl.score(made, {"mine": list(made.var_names[:40])})
    rng = np.random.default_rng(0)
    made.obsm["X_pca"] = rng.normal(size=(made.n_obs, 5))
    made.obsm["X_diffmap"] = rng.normal(size=(made.n_obs, 4))
    made.obsm["X_tsne"] = rng.normal(size=(made.n_obs, 2))
    made.obsm["X_umap"] = rng.normal(size=(made.n_obs, 2))
    return made


def section(adata, **more):
    return cells.cells_section(context(adata, **{**KW, **more}))


def filled(sizes, most):
    """One cell after another to the arm that has the fewest, as long as it can."""
    taken = [0] * len(sizes)
    for _ in range(most):
        open_arms = [n for n, size in enumerate(sizes) if taken[n] < size]
        if not open_arms:
            break
        taken[min(open_arms, key=taken.__getitem__)] += 1
    return taken


@pytest.mark.parametrize(
    ("sizes", "most"),
    [([5, 5], 4), ([100, 3, 50], 60), ([1, 2, 3], 100), ([], 5), ([7], 3), ([0, 9], 4)],
)
def test_arms_give_as_many_cells_as_each_other(sizes, most):
    found = cells.balanced(sizes, most)
    assert found == filled(sizes, most)


def test_arms_of_one_size_differ_by_one_cell_at_most():
    found = cells.balanced([50, 50, 50], 100)
    assert sum(found) == 100
    assert max(found) - min(found) <= 1


def test_the_choice_is_the_same_for_the_same_cells_and_mixes_arms():
    arm = pd.Series(pd.Categorical(["a"] * 900 + ["b"] * 100 + [None] * 50))
    usable = np.arange(1050) % 10 > 0
    found = cells.drawn_cells(arm, usable, most=300)
    np.testing.assert_array_equal(found, cells.drawn_cells(arm, usable, most=300))
    assert len(found) == len(set(found)) == 300
    assert usable[found].all()
    names = arm.iloc[found].to_numpy()
    assert (names == "b").sum() == 90
    assert (names == "a").sum() == 210
    # Drawn in random order: either half has cells of the small arm.
    assert 20 < (names[:150] == "b").sum() < 70


@pytest.mark.parametrize(
    ("lost", "name"),
    [
        ([], "UMAP"),
        (["X_umap"], "t-SNE"),
        (["X_umap", "X_tsne"], "Diffusion map"),
        (["X_umap", "X_tsne", "X_diffmap"], "Principal components"),
    ],
)
def test_the_first_embedding_that_exists_is_drawn(adata, lost, name):
    made = adata.copy()
    for key in lost:
        del made.obsm[key]
    found = section(made).cells
    assert found.axes[0] == f"{name} 1"
    key = next(one[0] for one in cells._BASES if one[1] == name)
    # The first component of a diffusion map says nothing.
    first = 1 if name == "Diffusion map" else 0
    values = pd.Series(made.obsm[key][:, first], made.obs_names)[list(found.names)]
    assert np.corrcoef(values, found.x)[0, 1] > 0.999
    assert (min(found.x), max(found.x)) == (0, 1000)


def test_without_an_embedding_the_section_says_what_makes_one(adata):
    made = adata.copy()
    for key in list(made.obsm):
        if key.startswith("X_"):
            del made.obsm[key]
    found = section(made)
    assert found.cells is None
    assert "the data hold no embedding" in found.result
    assert "Run scanpy.pp.neighbors and scanpy.tl.umap" in found.paragraphs[0]
    made.obsm["X_umap"] = np.full((made.n_obs, 2), np.nan)
    assert section(made).cells is None


def test_values_are_those_of_the_data(adata):
    found = section(adata, time_key="day").cells
    names = list(found.names)
    assert sorted(names) == sorted(adata.obs_names)
    by_title = {one.title: one for one in found.colorings}
    assert list(by_title) == ["Arm (condition)", "Sample", "Time (day)", "mine"]
    for key, title in (
        ("condition", "Arm (condition)"),
        ("sample", "Sample"),
        ("day", "Time (day)"),
    ):
        one = by_title[title]
        shown = [one.labels[value] for value in one.of_cells]
        assert shown == adata.obs.loc[names, key].astype(str).tolist()
        assert len(one.colors) == len(one.labels)
    mine = dtp.get.axes(adata)["mine"][names]
    one = by_title["mine"]
    # Three digits of the largest number, which is 0.553.
    np.testing.assert_allclose(np.array(one.of_cells), mine, atol=0.00051)
    assert not np.allclose(np.array(one.of_cells), mine, atol=0.0003)
    assert (one.low, one.high) == (round(mine.min(), 3), round(mine.max(), 3))


def test_numbers_of_both_signs_are_centered_on_0(adata):
    made = adata.copy()
    # As of a method with scores around 0.
    values = made.obs["dtp_mine"] = made.obs["dtp_mine"] - 0.4
    one = section(made).cells.colorings[-1]
    limit = max(-values.quantile(0.01), values.quantile(0.99))
    assert one.low == -one.high
    assert one.high == pytest.approx(limit, abs=0.0006)


def test_times_that_are_numbers_are_shown_on_a_scale(adata):
    made = adata.copy()
    made.obs["day"] = made.obs["day"].astype(float)
    found = section(made, time_key="day").cells
    one = next(one for one in found.colorings if one.name == "day")
    assert (one.labels, one.low, one.high) == ((), 0, 24)
    np.testing.assert_array_equal(one.of_cells, made.obs["day"][list(found.names)])


def test_what_is_missing_has_no_value(adata):
    made = adata.copy()
    made.obs["sample"] = made.obs["sample"].astype(object)
    lost = made.obs_names[:5]
    made.obs.loc[lost, "sample"] = None
    made.obsm["X_umap"][7] = np.nan
    found = section(made)
    one = next(one for one in found.cells.colorings if one.title == "Sample")
    empty = {
        n for n, v in zip(found.cells.names, one.of_cells, strict=True) if v is None
    }
    assert empty == set(lost)
    assert made.obs_names[7] not in found.cells.names
    assert "1 cell has no coordinates." in found.paragraphs[0]


def test_a_large_experiment_is_thinned_and_the_page_says_how(adata, monkeypatch):
    monkeypatch.setattr(cells, "MOST_CELLS", 60)
    found = section(adata)
    assert len(found.cells.names) == 60
    assert found.paragraphs[0].startswith(
        "60 of 150 cells are drawn: the same number from each arm, or all where it has "
        "fewer, chosen at random (seed 0), in random order."
    )
    assert section(adata).cells == found.cells


def test_the_largest_number_of_cells_is_documented():
    n = 2100
    arm = pd.Series(pd.Categorical(np.arange(n) % 3))
    found = cells.drawn_cells(arm, np.ones(n, dtype=bool), cells.MOST_CELLS)
    assert len(found) == 2000
    assert "up to 2,000 cells" in " ".join(dtp.report.__doc__.split())


def test_the_page_holds_the_map_and_nothing_is_stored(adata):
    made = adata.copy()
    before = set(made.uns)
    html = _report.render(_report.collect(made, **KW))
    section = html[html.index('<section id="cells"') :].split("</section>")[0]
    (text,) = re.findall(
        r'<script type="application/json">(.*?)</script>', section, flags=re.DOTALL
    )
    assert "<" not in text
    assert len(json.loads(text)["names"]) == 150
    assert "cells" in read_page(html).ids
    # Plots keep colors of the groups there, as scanpy does; the map keeps none.
    assert set(made.uns) - before <= {"condition_colors"}


def test_no_name_ends_the_element_of_the_map():
    odd = "</script><script>alert(1)</script>&amp;\u2028"
    made = CellMap("t", ("x", "y"), (odd,), (0,), (0,), ())
    text = str(embedded(made))
    assert not set("<>&") & set(text)
    assert json.loads(text)["names"] == [odd]


@pytest.mark.parametrize(
    ("low", "high", "digits"),
    [(-2, 2, 2), (0, 14, 1), (0, 0.3, 3), (0, 999, 0), (0, 0, 0)],
)
def test_decimals_of_a_scale(low, high, digits):
    assert cells.decimals(low, high) == digits


@pytest.mark.filterwarnings("ignore:Glyph 27:UserWarning")
def test_texts_of_a_figure_stay_as_they_are():
    name = '5" it\'s 1.23456 </text><script>a</script> <g id="x" \x1b rotate(-0 1)'

    def draw():
        _, ax = plt.subplots()
        ax.text(0.2, 0.51239, name, parse_math=False)
        return ax

    made = picture(draw, alt="A name.", caption="")
    assert not set('"<>&\n') & set(made.uri)
    drawing = unquote(made.uri.removeprefix("data:image/svg+xml;charset=utf-8,"))
    tree = ET.fromstring(drawing)
    texts = [one.text for one in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert name.replace("\x1b", "\\x1b") in texts
    assert not re.findall(r"='[^']*\d\.\d{5,}", drawing)
    assert "script" not in {one.tag.split("}")[1] for one in tree.iter()}
    assert plt.get_fignums() == []


def test_a_file_that_the_page_carries_ends_no_attribute():
    text = "a\"b'<c>&amp;%23\n,\u00e9 url(x)"
    uri = data_uri("text/plain", text)
    assert not set('"<>&\n') & set(uri)
    assert "url(" not in uri
    assert unquote(uri.removeprefix("data:text/plain;charset=utf-8,")) == text
