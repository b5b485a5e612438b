"""Signatures of the user have rows in every frame, plot and table, as axes have."""

from __future__ import annotations

import numpy as np
import pytest
from report_page import read_page

import dtpscore as dtp
from dtpscore import pl
from dtpscore.get import _axes, _checks

KW = {"groupby": "condition", "reference": "parental"}


def plain():
    return dtp.datasets.simulate(n_cells=150, n_genes=700, seed=3)


@pytest.fixture(scope="module")
def own():
    """Cells scored on two lists of their own, and on nothing else."""
    made = plain()
    genes = list(made.var_names)
    dtp.tl.score(made, {"mine": genes[:30], "emt": genes[30:60]})
    made.obsm["X_umap"] = np.random.default_rng(0).normal(size=(made.n_obs, 2))
    return made


def test_own_signatures_are_axes_with_their_scores(own):
    axes = dtp.get.axes(own)
    scores = dtp.get.scores(own)
    assert list(axes) == ["mine", "own_emt"]
    np.testing.assert_array_equal(axes["mine"], scores["mine"])
    np.testing.assert_array_equal(axes["own_emt"], scores["emt"])
    assert dtp.get.signatures(own)["axis"].tolist() == ["user", "user"]
    table = dtp.get.anndata(own, kind="axes")
    assert table.var["title"].tolist() == ["mine", "own_emt"]
    assert _axes.genes_found(own)["n_listed"].tolist() == [30, 30]
    assert set(_checks.confounders(own, groupby="condition").index) == {
        "mine",
        "own_emt",
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("axis_heatmap", KW),
        ("axis_scores", KW),
        ("confounders", {"groupby": "condition"}),
        ("coverage", {}),
        ("embedding", {"color": ["mine", "own_emt"]}),
    ],
)
def test_every_plot_shows_them(own, name, more):
    figure = getattr(pl, name)(own, return_fig=True, show=False, **more)
    figure.draw_without_rendering()
    texts = [
        text.get_text()
        for ax in figure.axes
        for text in (*ax.get_yticklabels(), ax.title, ax._left_title)
    ]
    assert any("mine" in text for text in texts)


@pytest.mark.slow
def test_the_report_shows_them(own, tmp_path):
    dtp.report(own, tmp_path / "r.html", **KW)
    page = read_page((tmp_path / "r.html").read_text(encoding="utf-8"))
    rows = {row[0]["text"]: row for row in page.tables["axes"]["rows"]}
    assert set(rows) == {"mine", "own_emt"}
    assert rows["mine"][1]["text"] == "own signature"
    assert rows["mine"][2]["text"] == "30 of 30"
    # Nothing is explained that belongs to published axes alone.
    for text in ("An arrow", "Nuisance axes", "(expected in", "Directions in"):
        assert text not in page.words


def test_very_many_own_signatures_have_rows_as_well():
    made = plain()
    genes = list(made.var_names)
    sets = {f"s{n}": genes[n * 10 : n * 10 + 10] for n in range(60)}
    dtp.tl.score(made, sets)
    assert list(dtp.get.axes(made)) == list(sets)
    ax = pl.axis_heatmap(made, show=False, **KW)
    assert len(ax.get_yticklabels()) == 60


def test_a_list_without_genes_in_the_data_is_one_clear_error():
    made = plain()
    genes = list(made.var_names)
    dtp.tl.score(made, {"mine": genes[:30], "none": ["NOGENE1", "NOGENE2"]})
    table = _axes.axis_by_group(made, **KW)
    assert list(table.index) == ["mine"]
