"""The report says which way axes go in persisters, by tumor type."""

from __future__ import annotations

import pytest
from report_page import read_page

import dtpscore as dtp
from dtpscore import _report, signatures
from dtpscore._report.directions import kind_texts, sentence, studies_of
from dtpscore.errors import SignatureError

KW = {"groupby": "condition", "reference": "parental"}
LISTS = ["emt_foroutan2017", "mapk_mpas_wagle2018", "hallmark_hypoxia"]


@pytest.fixture(scope="module")
def adata():
    made = dtp.datasets.simulate(n_cells=60, n_genes=900, seed=4)
    dtp.tl.score(made, LISTS, min_coverage=0.0)
    return made


def fold(data):
    section = next(one for one in data.sections if one.name == "axes")
    return next(one for one in section.folds if one.title.startswith("Directions"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::dtpscore.errors.CoverageWarning")
def test_directions_of_the_tumor_type_are_on_the_page(adata):
    data = _report.collect(adata, **KW, setting=("melanoma",))
    emt = signatures.direction("emt", "melanoma").sentence
    shown = fold(data).tables[0].frame.set_index("axis")["direction"]
    assert shown["emt"].startswith(emt)
    assert "no direction assumed for melanoma, because they disagree" in shown["emt"]
    assert "All contrasts: up in" in shown["emt"]
    axes = next(one for one in data.sections if one.name == "axes").tables[0].frame
    expected = axes.set_index("axis")["expected"]
    assert signatures.direction("emt").direction == "up"
    assert expected["emt"] == "no fixed direction"
    page = read_page(_report.render(data))
    assert emt in next(row[1]["value"] for row in page.tables["directions"]["rows"])


@pytest.mark.slow
def test_without_a_tumor_type_all_contrasts_count_and_the_page_says_so(adata):
    found = fold(_report.collect(adata, **KW))
    shown = found.tables[0].frame.set_index("axis")["direction"]
    assert shown["emt"] == signatures.direction("emt").sentence
    assert "was not given" in found.paragraphs[-1]


@pytest.mark.slow
def test_engagement_ambiguous_and_rival_axes_are_explained(adata):
    text = " ".join(fold(_report.collect(adata, **KW)).paragraphs)
    assert "MAPK and EGFR output: the output of a pathway that drugs hit" in text
    assert "Hypoxia: claimed as mechanisms" in text
    states = [name for name in signatures.axes() if name.startswith("melanoma_")]
    (rivals,) = kind_texts(states)
    assert rivals.count("Melanoma: ") == 5
    assert "no score averages them" in rivals
    assert kind_texts(["emt", "melanoma_smc"]) == []


def test_the_study_of_the_data_has_no_vote(adata):
    own = adata.copy()
    assert studies_of(own) == []
    full = sentence("mapk_output", ["melanoma"], [])
    without = sentence("mapk_output", ["melanoma"], ["stauffer2024"])
    assert full.startswith("Down in 7 of 7 melanoma contrasts")
    assert without.startswith("Down in 3 of 3 melanoma contrasts")
    assert sentence("mine", ["melanoma"], []).startswith("An own signature")


def test_a_tumor_type_that_no_contrast_is_about_is_refused(adata, tmp_path):
    path = tmp_path / "page.html"
    with pytest.raises(SignatureError, match="No contrast is about 'kidney'"):
        dtp.report(adata, path, **KW, context="kidney")
    assert not path.exists()
