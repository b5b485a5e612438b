"""Frames and plots of the calls, and how the report tells them."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from report_page import read_page

import dtpscore as dtp
from dtpscore import _report, pl
from dtpscore._frames import states
from dtpscore._report.context import context
from dtpscore._report.format import share
from dtpscore._report.reversal import axes_section
from dtpscore.errors import DataError

KW = {"groupby": "condition", "reference": "parental"}


@pytest.fixture(scope="module")
def adata():
    made = dtp.datasets.simulate(
        n_cells=720, n_genes=4600, seed=8, difficulty="easy", days=(9,)
    )
    dtp.tl.score(made)
    dtp.tl.call(made, sample_key="sample", holiday="holiday", quiet=True, **KW)
    rng = np.random.default_rng(0)
    made.obsm["X_umap"] = rng.normal(size=(made.n_obs, 2))
    return made


@pytest.fixture(scope="module")
def page(adata):
    html = _report.render(_report.collect(adata, sample_key="sample"))
    return read_page(html)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_the_data_have_calls_of_both_kinds(adata):
    n = adata.obs["dtp_call"].value_counts()
    assert n["DTP-like"] > 20
    assert n["parental-like"] > 20


def test_counts_are_the_column_counted(adata):
    frame = states.counts(adata, sample_key="sample", **KW)
    assert frame["n_cells"].sum() == adata.obs["dtp_call"].notna().sum()
    for row in frame.to_dict("records"):
        own = adata.obs[(adata.obs["sample"].astype(str) == row["sample"]).to_numpy()]
        for state in states.STATES:
            assert row[state] == (own["dtp_call"] == state).sum()
    assert frame["group"].tolist()[0] == "parental"
    shares = states.composition(adata, sample_key="sample", **KW)
    np.testing.assert_allclose(shares[list(states.STATES)].sum(axis=1), 1)


def test_cells_without_a_call_do_not_count(adata):
    part = adata.copy()
    part.obs["dtp_call"] = part.obs["dtp_call"].where(np.arange(part.n_obs) >= 50)
    frame = states.counts(part, **KW)
    assert frame["n_cells"].sum() == part.n_obs - 50


def test_samples_are_sorted_as_people_count(adata):
    made = adata.copy()
    made.obs["sample"] = pd.Categorical(
        np.resize(["d14", "d3", "d7"], made.n_obs), categories=["d14", "d3", "d7"]
    )
    frame = states.counts(made, sample_key="sample", **KW)
    assert frame["sample"].tolist()[:3] == ["d3", "d7", "d14"]


def test_bars_are_the_shares(adata):
    ax = pl.composition(adata, sample_key="sample", show=False, **KW)
    frame = states.composition(adata, sample_key="sample", **KW)
    widths = np.array([bar.get_width() for bar in ax.patches])
    drawn = widths.reshape(len(states.STATES), len(frame)).T
    np.testing.assert_allclose(drawn, frame[list(states.STATES)])


def test_plane_has_every_cell_and_the_limits(adata):
    ax = pl.index_proliferation(adata, show=False)
    dots = [c for c in ax.collections if isinstance(c, PathCollection)]
    assert sum(len(c.get_offsets()) for c in dots) == adata.n_obs
    limits = adata.uns["dtp_call"]["thresholds"]
    drawn = [line.get_xdata()[0] for line in ax.lines[:1]]
    assert drawn == pytest.approx(limits["low_index"].tolist())
    assert ax.lines[1].get_ydata()[0] == pytest.approx(limits["proliferation"][0])


def test_reasons_draw_the_strongest_axes_first(adata):
    ax = pl.reasons(adata, group="treated", n_axes=5, show=False)
    table = adata.uns["dtp_call"]["axes"]
    own = table[(table["group"] == "treated").to_numpy()].head(5)
    widths = [bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(widths, own["contribution"])
    arrows = [t.get_text()[-1] for t in ax.get_yticklabels()]
    assert arrows == ["\u2191" if d > 0 else "\u2193" for d in own["difference"]]


def test_reversal_draws_both_arms(adata):
    ax = pl.reversal(adata, show=False)
    dots = [c.get_offsets() for c in ax.collections if isinstance(c, PathCollection)]
    table = adata.uns["dtp_call"]["reversal"]
    np.testing.assert_allclose(sorted(dots[0][:, 0]), sorted(table["persister"]))
    np.testing.assert_allclose(sorted(dots[1][:, 0]), sorted(table["holiday"]))


def test_every_holiday_group_has_its_own_figure_and_shares(adata):
    made = adata.copy()
    record = dict(made.uns["dtp_call"])
    for name in ("reversal", "reversal_shares"):
        relapse = record[name].assign(group="relapse")
        record[name] = pd.concat([record[name], relapse])
    relapse = (record["reversal"]["group"] == "relapse").to_numpy()
    record["reversal"].loc[relapse, "holiday"] += 5
    made.uns["dtp_call"] = record
    with pytest.raises(DataError, match=r"Pass group: .* are 'holiday', 'relapse'"):
        pl.reversal(made, show=False)
    with pytest.raises(DataError, match="There is no 'rest': "):
        pl.reversal(made, group="rest", show=False)
    ax = pl.reversal(made, group="relapse", show=False)
    dots = [c.get_offsets() for c in ax.collections if isinstance(c, PathCollection)]
    wanted = record["reversal"].loc[relapse, "holiday"]
    np.testing.assert_allclose(sorted(dots[1][:, 0]), sorted(wanted))
    section = axes_section(context(made, sample_key="sample", **KW))
    assert len(section.pictures) == 2
    assert section.tables[0].columns[1].title == "Group"
    row = record["reversal_shares"].iloc[0]
    numbers = f"{share(row['share'])} ({share(row['low'])} to {share(row['high'])})"
    assert (
        f"Of the cells of relapse, over all axes at once, {numbers}"
        in (section.paragraphs[2])
    )


def test_embedding_leaves_the_data_as_they_are(adata):
    before = set(adata.uns)
    ax = pl.embedding(adata, show=False)
    assert set(adata.uns) == before
    assert len(ax.collections[0].get_offsets()) == adata.n_obs
    number = pl.embedding(adata, color="dtp_index", show=False)
    low, high = number.collections[0].get_clim()
    assert low == pytest.approx(-high)


def test_scanpy_draws_our_columns_with_no_extra_step(adata):
    import scanpy as sc

    made = adata.copy()
    axes = sc.pl.umap(made, color=["dtp_call", "dtp_index", "dtp_emt"], show=False)
    assert len(axes) == 3
    sc.pl.violin(made, ["dtp_emt", "dtp_index"], groupby="dtp_call", show=False)


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda a: pl.composition(a, groupby="condition"), "tl.call first"),
        (lambda a: pl.embedding(a, color="condition"), "obsm has no 'X_umap'"),
    ],
)
def test_what_is_missing_is_said(draw, said):
    bare = dtp.datasets.simulate(n_cells=60, n_genes=500, seed=0)
    with pytest.raises(DataError, match=said):
        draw(bare)


def test_no_call_no_reason_and_no_holiday_no_reversal(adata):
    with pytest.raises(DataError, match="No cell of the group 'parental'"):
        pl.reasons(adata, group="parental", show=False)
    part = adata.copy()
    record = {k: v for k, v in part.uns["dtp_call"].items() if k != "reversal"}
    part.uns["dtp_call"] = record
    with pytest.raises(DataError, match="Pass holiday"):
        pl.reversal(part, show=False)


def test_first_screen_counts_equal_the_data(adata, page):
    obs = adata.obs[(adata.obs["condition"] != "parental").to_numpy()]
    dtp_like = obs["dtp_call"].isin(["DTP-like", "DTP-like cycling"])
    answers = {answer[0]: answer[1:] for answer in page.answers}
    headline, *details = answers["How many DTP-like cells?"]
    assert headline == f"{dtp_like.sum():,} of {len(obs):,}"
    assert share(dtp_like.mean()) in details[0]
    treated = dtp_like[(obs["condition"] == "treated").to_numpy()]
    line = next(t for t in answers["In which groups?"] if t.startswith("treated: "))
    assert f"{treated.sum():,} of {len(treated):,}" in line
    level = adata.uns["dtp_call"]["evidence_level"]
    assert f"Evidence level {level}" in answers["How sure?"][0]


def test_call_tables_equal_the_data(adata, page):
    table = page.tables["calls"]
    place = table["head"].index("DTP-like")
    found = [int(float(row[place]["value"])) for row in table["rows"]]
    frame = states.counts(adata, sample_key="sample", **KW)
    assert found == frame["DTP-like"].tolist()
    record = adata.uns["dtp_call"]
    for name, key, title in (
        ("reasons", "axes", "Contribution"),
        ("sample_tests", "sample_tests", "Difference"),
        ("reversal", "reversal", "On drug"),
    ):
        column = {"Contribution": "contribution", "On drug": "persister"}
        place = page.tables[name]["head"].index(title)
        values = [float(row[place]["value"]) for row in page.tables[name]["rows"]]
        expected = record[key][column.get(title, title.lower())]
        np.testing.assert_array_equal(values, expected)


def test_vulnerabilities_on_the_page_are_those_of_the_calls(adata, page):
    record = adata.uns["dtp_call"]["vulnerabilities"]
    assert len(record)
    table = page.tables["vulnerabilities"]
    shown = ["target", "agent", "paper", "doi", "context", "evidence", "caveat"]
    found = [[cell["text"] for cell in row[1:]] for row in table["rows"]]
    expected = [
        ["" if value is None else " ".join(str(value).split()) for value in row]
        for row in record[shown].to_numpy()
    ]
    assert [[" ".join(text.split()) for text in row] for row in found] == expected


def test_the_report_takes_groups_from_the_calls_and_shows_the_umap(page):
    assert "reference parental" in page.words
    assert "calls" in page.ids
    assert any("UMAP" in alt for alt in page.alts)


def test_messages_of_the_calls_are_limits(adata, page):
    for text in adata.uns["dtp_call"]["messages"]:
        assert " ".join(str(text).split()) in page.words


def test_without_a_reference_the_first_screen_says_so(adata):
    made = adata.copy()
    dtp.tl.call(made, groupby="condition", reference=None, quiet=True)
    html = _report.render(_report.collect(made, groupby="condition"))
    page = read_page(html)
    answers = {answer[0]: answer[1:] for answer in page.answers}
    assert answers["How many DTP-like cells?"][0] == "Cannot be said"
    assert "Evidence level E0" in answers["How sure?"][0]
    assert "not calibrated" in page.words
    assert "samples:" not in " ".join(answers["How sure?"])
