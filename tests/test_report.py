"""The report shows the numbers of the AnnData, and nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html import unescape
from urllib.parse import unquote

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from report_page import read_page

import dtpscore as dtp
from dtpscore import _report
from dtpscore._report import format as fmt
from dtpscore._report.model import Picture, Section, Table
from dtpscore._report.picture import picture
from dtpscore.errors import DataError
from dtpscore.get import _axes as scores
from dtpscore.get import _checks as checks
from dtpscore.get import _enrichment as enrichment

pytestmark = pytest.mark.slow

KW = {"groupby": "condition", "reference": "parental", "sample_key": "sample"}


@pytest.fixture(scope="module")
def adata():
    made = dtp.datasets.simulate(n_cells=300, n_genes=1500, seed=4)
    dtp.tl.score(made)
    dtp.tl.enrich(made, n_permutations=20, **KW)
    return made


@pytest.fixture(scope="module")
def made(adata):
    data = _report.collect(adata, **KW)
    html = _report.render(data)
    return data, html, read_page(html)


def column(page, table, place):
    return [row[place]["value"] for row in page.tables[table]["rows"]]


def test_every_axis_value_equals_the_data(adata, made):
    *_, page = made
    table = scores.axis_by_group(adata, **KW)
    head = list(page.tables["axes"]["head"])
    for group in ("parental", "treated", "holiday"):
        found = [float(v) for v in column(page, "axes", head.index(group))]
        np.testing.assert_array_equal(found, table[group])
    # The mean over samples of the column that a person would plot.
    obs = adata.obs
    emt = obs["dtp_emt"].astype(float)
    base = emt[(obs["condition"] == "parental").to_numpy()]
    unit = (emt - base.mean()) / base.std()
    treated = unit[(obs["condition"] == "treated").to_numpy()]
    by_hand = treated.groupby(obs["sample"].astype(str)).mean().mean()
    titles = column(page, "axes", 0)
    row = page.tables["axes"]["rows"][titles.index("EMT and plasticity")]
    assert float(row[head.index("treated")]["value"]) == pytest.approx(by_hand)


def test_enrichment_coverage_and_confounders_equal_the_data(adata, made):
    *_, page = made
    table = enrichment.enrichment(adata)
    assert column(page, "enrichment", 1) == table["term"].tolist()
    assert [float(v) for v in column(page, "enrichment", 3)] == table["nes"].tolist()
    coverage = checks.coverage(adata)
    found = [float(v) for v in column(page, "coverage", 3)]
    assert found == coverage["n_found"].tolist()
    confounders = checks.confounders(adata, groupby="condition")
    found = [float(v) for v in column(page, "confounders", 1)]
    np.testing.assert_array_equal(found, confounders.iloc[:, 0])


def test_shown_text_is_the_value_rounded(made):
    *_, page = made
    seen = 0
    for table in page.tables.values():
        for cell in (cell for row in table["rows"] for cell in row):
            text = cell["text"].replace("\u2212", "-").replace(",", "")
            if re.fullmatch(r"[+-]?\d+\.\d{2}", text):
                assert float(text) == pytest.approx(float(cell["value"]), abs=0.00501)
                seen += 1
            elif re.fullmatch(r"\d+\.\d%", text):
                value = 100 * float(cell["value"])
                assert float(text[:-1]) == pytest.approx(value, abs=0.0501)
                seen += 1
    assert seen > 200


def test_csv_files_are_the_frames(made, tmp_path):
    data, _, page = made
    written = _report.write_tables(data, tmp_path)
    assert {path.stem for path in written} == set(page.tables)
    back = pd.read_csv(tmp_path / "axes.csv", float_precision="round_trip")
    (table,) = [t for s in data.sections for t in s.tables if t.name == "axes"]
    np.testing.assert_array_equal(back["mean_treated"], table.frame["mean_treated"])


def test_parquet_tables_hold_the_same(adata, tmp_path):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    dtp.report(
        adata, tmp_path / "r.html", **KW, tables=tmp_path, table_format="parquet"
    )
    html = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert f"{tmp_path.name}/enrichment.parquet</span>" in html
    back = pd.read_parquet(tmp_path / "enrichment.parquet")
    table = dtp.get.enrichment(adata)
    np.testing.assert_array_equal(back["nes"], table["nes"])


def test_the_page_needs_nothing_from_elsewhere(made):
    _, html, page = made
    assert all(one == "inline" or one.startswith("data:") for one in page.loads)
    policy = unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1])
    assert "unsafe" not in policy
    for tag, source in (("style", "style-src"), ("script", "script-src")):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, flags=re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{source} 'sha256-{digest}'" in policy
    # A style or a handler on an element would be blocked by that policy.
    assert not re.search(r'<[^>]+ (style|on\w+)="', html)
    # A table is saved from the page itself, and no other file is.
    inside = [one for one in page.links if one.startswith(("#", "data:"))]
    carried = [one for one in inside if one.startswith("data:")]
    assert len(carried) == len(page.tables)
    assert all(one.startswith("data:text/csv;charset=utf-8,") for one in carried)
    outside = [one for one in page.links if one not in inside]
    assert all(one.startswith("https://doi.org/") for one in outside)
    assert policy.startswith("default-src 'none'; img-src data:; ")
    assert "base-uri 'none'; form-action 'none'" in policy
    assert "@import" not in html
    assert "url(" not in html


def test_a_screen_reader_finds_its_way(made):
    _, html, page = made
    assert len(page.ids) == len(set(page.ids))
    inside = [one[1:] for one in page.links if one.startswith("#")]
    assert set(inside) <= set(page.ids)
    assert page.alts
    assert all(len(alt) > 20 for alt in page.alts)
    assert '<html lang="en">' in html
    assert html.count("<h1>") == 1
    assert html.count("<main") == 1


def test_long_texts_are_folded_and_a_section_has_one_box_of_notes(made):
    data, html, page = made
    notes = tuple(f"Note {n}." for n in range(7))
    many = replace(data.sections[0], notes=notes, items=notes * 2)
    html = _report.render(replace(data, sections=(many, *data.sections[1:])))
    section = html[html.index(f'<section id="{many.name}"') :].split("</section>")[0]
    assert section.count('class="note"') == 1
    assert re.findall("<summary>([0-9].*)</summary>", section) == [
        "3 more notes",
        "6 more",
    ]
    before, after = section.split("<summary>3 more notes")
    assert "Note 3." in before
    assert "Note 4." not in before
    assert "Note 4." in after
    (methods,) = [one for one in data.sections if one.name == "methods"]
    assert f"<summary>{methods.closed}</summary>" in html
    assert all(" ".join(text.split()) in page.words for text in methods.paragraphs)


def test_text_and_folds_stand_where_there_is_room():
    table = Table("t", "What it shows: how it is read; and more", pd.DataFrame(), ())
    assert table.summary == "What it shows"
    narrow, wide = Picture("", "", ""), Picture("", "", "", wide=True)

    def layout(pictures, n):
        return Section("a", "A", pictures=pictures, tables=(table,) * n).layout

    assert layout((narrow,), 5) == "beside"
    assert layout((narrow,), 6) == layout((wide,), 1) == "below"
    assert layout((), 1) == layout((narrow, narrow), 1) == "alone"


@pytest.mark.parametrize(("inches", "wide"), [(6.6, False), (7.4, True)])
def test_a_wide_figure_has_the_whole_width(inches, wide):
    def draw():
        _, ax = plt.subplots(figsize=(inches, 2))
        ax.set_position((0, 0, 1, 1))
        ax.text(0.5, 0.5, "a  b   c <d  e>")
        return ax

    drawn = picture(draw, alt="", caption="")
    assert drawn.wide is wide
    # Browsers draw several spaces of a text as one.
    text = unquote(drawn.uri)
    assert "a\u00a0\u00a0b\u00a0\u00a0\u00a0c &lt;d\u00a0\u00a0e&gt;" in text


def test_the_first_screen_answers_what_scores_can(made):
    *_, page = made
    assert "No cell was called, so nothing is decided." in page.words
    assert [answer[0] for answer in page.answers] == [
        "How sure?",
        "By which mechanisms?",
        "What would prove it?",
    ]


def test_simulated_data_are_called_simulated(adata, made):
    *_, page = made
    assert "These data are simulated" in page.words
    real = adata.copy()
    del real.uns["dtpscore_simulation"]
    html = _report.render(_report.collect(real, **KW))
    assert "simulated" not in html


def test_scores_alone_are_enough(adata, tmp_path):
    alone = adata.copy()
    del alone.uns["dtp_enrichment"]
    dtp.report(alone, tmp_path / "r.html", groupby="condition")
    page = read_page((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert "enrichment" not in page.ids
    assert "No cell was called" in page.words
    assert "Samples are not known" in page.words


def test_same_data_same_bytes(adata, made):
    assert _report.render(_report.collect(adata, **KW)) == made[1]


def test_text_from_the_data_cannot_become_markup(adata):
    odd = adata.copy()
    odd.obs["condition"] = odd.obs["condition"].cat.rename_categories(
        {"treated": "<b>x</b>"}
    )
    del odd.uns["dtp_enrichment"]
    html = _report.render(_report.collect(odd, **KW, title="<script>alert(1)</script>"))
    assert "<b>x</b>" not in html
    assert "<script>alert" not in html
    read_page(html)


def test_groups_may_be_named_like_columns_of_a_table(adata, made):
    odd = adata.copy()
    names = {"parental": "axis", "treated": "sample", "holiday": "genes"}
    odd.obs["condition"] = odd.obs["condition"].cat.rename_categories(names)
    del odd.uns["dtp_enrichment"]
    dtp.tl.enrich(odd, n_permutations=20, **{**KW, "reference": "axis"})
    page = read_page(
        _report.render(_report.collect(odd, **{**KW, "reference": "axis"}))
    )
    plain = made[-1]
    for name, new in names.items():
        place = plain.tables["axes"]["head"].index(name)
        again = page.tables["axes"]["head"].index(new, 3)
        assert column(page, "axes", again) == column(plain, "axes", place)
    assert {row[0]["text"] for row in page.tables["enrichment"]["rows"]} == {
        "sample",
        "genes",
    }


def test_an_axis_may_be_named_like_a_column_of_a_table(adata, make_signature):
    odd = adata[:, :200].copy()
    genes = list(odd.var_names[:40])
    names = ["group", "sample", "title", "index"]
    dtp.tl.score(odd, [make_signature(f"own_{n}", genes, axis=n) for n in names])
    del odd.uns["dtp_enrichment"]
    page = read_page(_report.render(_report.collect(odd, **KW)))
    assert len(page.tables["axes"]["rows"]) == len(names)


def test_what_is_missing_is_said():
    bare = dtp.datasets.simulate(n_cells=60, n_genes=500, seed=0)
    with pytest.raises(DataError, match="no scores"):
        _report.collect(bare)


def test_a_page_or_table_never_replaces_a_folder(adata, made, tmp_path):
    with pytest.raises(DataError, match="is a folder"):
        dtp.report(adata, tmp_path, **KW)
    (tmp_path / "axes.csv").mkdir()
    with pytest.raises(DataError, match=r"axes\.csv is a folder"):
        _report.write_tables(made[0], tmp_path)


def test_no_file_is_replaced_unasked(adata, tmp_path):
    """The tables as well as the page: an own file may have the name of one."""
    own = tmp_path / "axes.csv"
    own.write_text("mine")
    page = tmp_path / "r.html"
    with pytest.raises(DataError, match=r"axes\.csv exists"):
        dtp.report(adata, page, **KW, tables=tmp_path, overwrite=False)
    assert own.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [own]
    page.write_text("mine too")
    with pytest.raises(DataError, match=r"r\.html exists"):
        dtp.report(adata, page, **KW, overwrite=False)
    dtp.report(adata, page, **KW, tables=tmp_path)
    assert own.read_text() != "mine"


def test_groups_must_be_given_without_calls(adata):
    with pytest.raises(DataError, match="--groupby"):
        _report.collect(adata)


@pytest.mark.parametrize(
    ("value", "how", "text"),
    [
        (-0.001, "number", "0.00"),
        (-1.234, "number", "\u22121.23"),
        (0.5, "signed", "+0.50"),
        (0.0, "signed", "0.00"),
        (12345, "count", "12,345"),
        (0.1234, "share", "12.3%"),
        (0.0004, "pvalue", "< 0.001"),
        (0.05, "pvalue", "0.050"),
        (float("nan"), "number", "n/a"),
        (float("nan"), "count", "n/a"),
        (None, "text", ""),
    ],
)
def test_numbers_as_text(value, how, text):
    assert fmt.shown(value, how) == text


def test_names_in_a_sentence():
    assert fmt.listed([]) == ""
    assert fmt.listed(["a"]) == "a"
    assert fmt.listed(["a", "b", "c"]) == "a, b and c"
    assert fmt.listed(["a and b", "c"]) == "a and b; and c"
    assert fmt.by_group({"x": 3, "y": 1}, "sets") == "3 sets in x and 1 in y"
    many = {str(n): n for n in range(fmt.MOST_NAMED + 1)}
    assert fmt.by_group(many, "sets") == "0 to 5 sets in each of 6 groups"
    assert fmt.by_group(dict.fromkeys("abcdef", 2), "sets").startswith("2 sets in")
    assert fmt.listed(["a", "b", "c, d"]) == "a; b; and c, d"
