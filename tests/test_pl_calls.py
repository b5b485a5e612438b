"""Frames and plots of the calls, and how the report tells them."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from report_page import read_page

import dtpscore as dtp
from dtpscore import _report, pl
from dtpscore._calling import states as rules
from dtpscore._calling.states import STATE_COLORS
from dtpscore._report.context import context
from dtpscore._report.first import arm_table, headline
from dtpscore._report.format import share
from dtpscore._report.reversal import reversal_section
from dtpscore.errors import DataError, OptionError
from dtpscore.get import _arms
from dtpscore.get import _calls as states
from dtpscore.get import _samples as samples
from dtpscore.get._arms import arms, verdict
from dtpscore.get._groups import columns
from dtpscore.pl import _shares

pytestmark = pytest.mark.slow

KW = {"groupby": "condition", "reference": "parental"}


@pytest.fixture(scope="module")
def adata():
    made = dtp.datasets.simulate(
        n_cells=720, n_genes=4600, seed=8, difficulty="easy", days=(9,)
    )
    dtp.tl.score(made)
    dtp.tl.call(made, sample_key="sample", holiday="holiday", **KW)
    rng = np.random.default_rng(0)
    made.obsm["X_umap"] = rng.normal(size=(made.n_obs, 2))
    return made


@pytest.fixture(scope="module")
def page(adata):
    html = _report.render(_report.collect(adata, sample_key="sample"))
    return read_page(html)


def test_the_data_have_calls_of_both_kinds(adata):
    n = adata.obs["dtp_call"].value_counts()
    assert n["DTP-like"] > 20
    assert n["parental-like"] > 20


def test_counts_are_the_column_counted(adata):
    frame = samples.counts(adata, sample_key="sample", **KW)
    assert frame["n_cells"].sum() == adata.obs["dtp_call"].notna().sum()
    for row in frame.to_dict("records"):
        own = adata.obs[(adata.obs["sample"].astype(str) == row["sample"]).to_numpy()]
        for state in states.STATES:
            assert row[state] == (own["dtp_call"] == state).sum()
    assert frame["group"].tolist()[0] == "parental"
    shares = samples.composition(adata, sample_key="sample", **KW)
    np.testing.assert_allclose(shares[list(states.STATES)].sum(axis=1), 1)


def test_cells_without_a_call_do_not_count(adata):
    part = adata.copy()
    part.obs["dtp_call"] = part.obs["dtp_call"].where(np.arange(part.n_obs) >= 50)
    frame = samples.counts(part, **KW)
    assert frame["n_cells"].sum() == part.n_obs - 50


def test_samples_are_sorted_as_people_count(adata):
    made = adata.copy()
    made.obs["sample"] = pd.Categorical(
        np.resize(["d14", "d3", "d7"], made.n_obs), categories=["d14", "d3", "d7"]
    )
    frame = samples.counts(made, sample_key="sample", **KW)
    assert frame["sample"].tolist()[:3] == ["d3", "d7", "d14"]


def test_bars_are_the_shares(adata):
    ax = pl.composition(adata, sample_key="sample", show=False, **KW)
    frame = samples.composition(adata, sample_key="sample", **KW)
    # A state that no sample has gets no bars.
    there = [state for state in states.STATES if frame[state].any()]
    widths = np.array([bar.get_width() for bar in ax.patches])
    drawn = widths.reshape(len(there), len(frame)).T
    np.testing.assert_allclose(drawn, frame[there])
    assert [t.get_text() for t in ax.get_legend().get_texts()] == there


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
    np.testing.assert_allclose(widths, own["counted_once"])
    arrows = [t.get_text()[-1] for t in ax.get_yticklabels()]
    assert arrows == ["\u2191" if d > 0 else "\u2193" for d in own["difference"]]


def test_reversal_draws_both_arms(adata):
    ax = pl.reversal(adata, show=False)
    dots = [c.get_offsets() for c in ax.collections if isinstance(c, PathCollection)]
    table = adata.uns["dtp_call"]["reversal"]
    np.testing.assert_allclose(sorted(dots[0][:, 0]), sorted(table["persister"]))
    np.testing.assert_allclose(sorted(dots[1][:, 0]), sorted(table["holiday"]))
    first = [text.get_text() for text in ax.get_yticklabels()][:4]
    few = pl.reversal(adata, n_axes=4, show=False)
    assert [text.get_text() for text in few.get_yticklabels()] == first


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
    section = reversal_section(
        context(made, groupby="condition", reference="parental", sample_key="sample")
    )
    assert len(section.pictures) == 2
    shown = next(table for table in section.tables if table.name == "reversal")
    assert shown.columns[1].title == "Group"


def test_embedding_centers_numbers_and_takes_a_list(adata):
    ax = pl.embedding(adata, show=False)
    assert len(ax.collections[0].get_offsets()) == adata.n_obs
    number = pl.embedding(adata, color="dtp_index", show=False)
    low, high = number.collections[0].get_clim()
    assert low == pytest.approx(-high)
    axes = pl.embedding(adata, color=["dtp_call", "emt", "condition"], show=False)
    assert len(axes) == 3
    with pytest.raises(OptionError, match="One Axes shows one color"):
        pl.embedding(adata, color=["dtp_call", "emt"], ax=ax, show=False)


def test_colors_are_stored_for_scanpy_and_read_from_it(adata):
    import scanpy as sc

    made = adata.copy()
    made.uns.pop("dtp_call_colors", None)
    before = set(made.uns)
    pl.composition(made, show=False, **KW)
    assert set(made.uns) - before == {"dtp_call_colors"}
    stored = dict(
        zip(
            made.obs["dtp_call"].cat.categories,
            made.uns["dtp_call_colors"],
            strict=True,
        )
    )
    assert stored["DTP-like"].lower() == STATE_COLORS["DTP-like"].lower()
    made.uns["dtp_call_colors"] = ["#010101"] * len(stored)
    ax = pl.composition(made, show=False, **KW)
    assert {to_hex(bar.get_facecolor()) for bar in ax.patches} == {"#010101"}
    made.uns["condition_colors"] = ["#ff0000", "#00ff00", "#0000ff"]
    ax = pl.shares(made, show=False)
    faces = [to_hex(dots.get_facecolor()[0]) for dots in ax.collections[1::2]]
    assert sorted(faces) == ["#0000ff", "#00ff00", "#ff0000"]
    # scanpy paints what we stored.
    axes = sc.pl.umap(made, color="condition", show=False)
    assert "#ff0000" in {to_hex(face) for face in axes.collections[0].get_facecolor()}


def test_a_palette_that_does_not_fit_is_refused(adata):
    with pytest.raises(OptionError, match="no color for 'holiday'"):
        pl.shares(adata, palette={"parental": "k", "treated": "r"}, show=False)
    with pytest.raises(OptionError, match="no color of matplotlib"):
        pl.shares(adata, palette=["k", "r", "no"], show=False)
    with pytest.raises(OptionError, match="color map"):
        pl.shares(adata, palette="no such map", show=False)


def test_shares_are_those_of_the_samples(adata):
    ax = pl.shares(adata, time_key="day", show=False)
    frame = dtp.get.samples(adata, time_key="day")
    drawn = np.concatenate(
        [c.get_offsets()[:, 1] for c in ax.collections if isinstance(c, PathCollection)]
    )
    np.testing.assert_allclose(sorted(drawn), sorted(frame["dtp_like"]))
    texts = [t.get_text() for t in ax.get_xticklabels()]
    assert texts == ["0", "9", "holiday"]
    assert "off the drug" in [t.get_text() for t in ax.texts]


def test_doses_that_span_much_stand_at_equal_distances(adata):
    made = adata.copy()
    dose = {"parental": "0 nM", "treated": "10 nM", "holiday": "none"}
    made.obs["dose"] = made.obs["condition"].astype(str).map(dose)
    half = (made.obs["condition"] == "treated").to_numpy() & (
        made.obs["replicate"].astype(str) == made.obs["replicate"].astype(str).iloc[-1]
    ).to_numpy()
    made.obs.loc[half, "dose"] = "10 uM"
    ax = pl.shares(made, time_key="dose", show=False)
    places = ax.get_xticks()
    assert [t.get_text() for t in ax.get_xticklabels()][:3] == [
        "0 nM",
        "10 nM",
        "10 uM",
    ]
    np.testing.assert_allclose(np.diff(places[:3]), 1.0)


def test_the_decision_plane_shows_what_was_called(adata):
    axes = pl.decision(adata, show=False)
    assert [ax.get_title(loc="left") for ax in axes] == ["treated", "holiday"]
    treated = adata.obs[(adata.obs["condition"] == "treated").to_numpy()]
    left = (treated["dtp_qvalue"] <= 0.05).to_numpy()
    assert axes[0].lines[0].get_xdata()[0] == treated["dtp_shift"][left].min()
    low = adata.uns["dtp_call"]["thresholds"]["low_index"][0]
    assert axes[0].lines[1].get_ydata()[0] == pytest.approx(low)


def test_many_samples_get_a_panel_per_group(adata):
    made = adata.copy()
    made.obs["library"] = [f"s{n % 16}" for n in range(made.n_obs)]
    axes = pl.composition(made, sample_key="library", show=False, **KW)
    assert [ax.get_title(loc="left").split(" (")[0] for ax in axes] == [
        "parental",
        "treated",
        "holiday",
    ]
    assert len(axes[0].get_yticklabels()) == 16
    _, ax = plt.subplots()
    assert pl.composition(made, sample_key="library", ax=ax, show=False, **KW) is ax


def test_an_undecided_arm_looks_different_from_one_without_calls(adata):
    made = adata.copy()
    off = (made.obs["condition"] == "holiday").to_numpy()
    made.obs["dtp_call"] = made.obs["dtp_call"].astype(object)
    made.obs.loc[off, "dtp_call"] = "parental-like"
    frame = arms(made, columns(made)).set_index("group")
    assert frame.loc["holiday", "verdict"] == "none found"
    share = made.uns["dtp_call"]["calibration"].set_index("group")["smallest_share"]
    assert f"{100 * share['holiday']:.1f}% or more" in frame.loc["holiday", "reason"]
    ax = pl.shares(made, show=False)
    labels = [t.get_text() for t in ax.get_legend().get_texts()]
    assert labels == ["parental", "treated", "holiday"]
    made.obs.loc[off, "dtp_call"] = "uncertain"
    reason = made.obs["dtp_reason"].astype(object)
    made.obs["dtp_reason"] = reason.where(~off, "left it, index not up")
    frame = arms(made, columns(made)).set_index("group")
    assert frame.loc["holiday", "verdict"] == "not decided"
    assert "index not up" in frame.loc["holiday", "reason"]
    ax = pl.shares(made, show=False)
    labels = [t.get_text() for t in ax.get_legend().get_texts()]
    assert labels[2] == "holiday (not decided)"


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({"n_called": 1, "smallest_share": 2.0}, "called"),
        ({"n_called": 0}, "none found"),
        ({"n_called": 0, "n_undecided": 3}, "not decided"),
        ({"n_called": 0, "smallest_share": 1.01}, "not decided"),
        ({"n_called": 0, "smallest_share": None}, "not decided"),
        ({"n_called": 0, "calibrated": False}, "not decided"),
    ],
)
def test_verdicts_tell_undecided_from_none(facts, name):
    given = {
        "n_undecided": 0,
        "main_reason": "x",
        "smallest_share": 0.1,
        "calibrated": True,
        **facts,
    }
    assert verdict(**given).name == name


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


def test_first_screen_numbers_equal_the_data(adata, page):
    table = page.tables["arms"]
    head = table["head"]
    rows = {row[0]["text"]: row for row in table["rows"]}
    assert list(rows) == ["treated", "holiday"]
    for group, row in rows.items():
        obs = adata.obs[(adata.obs["condition"] == group).to_numpy()]
        dtp_like = obs["dtp_call"].isin(["DTP-like", "DTP-like cycling"])
        means = dtp_like.groupby(obs["sample"].astype(str)).mean()
        shown = row[head.index("DTP-like, mean of samples")]
        assert float(shown["value"]) == pytest.approx(means.mean())
        assert shown["text"] == share(means.mean())
        lowest = row[head.index("Lowest sample")]["value"]
        assert float(lowest) == pytest.approx(means.min())
        assert row[head.index("Verdict")]["text"] == "called"
    assert "DTP-like cells were called in treated" in page.words
    level = adata.uns["dtp_call"]["evidence_level"]
    answers = {answer[0]: answer[1:] for answer in page.answers}
    assert f"Evidence level {level}" in answers["How sure?"][0]


def test_one_quantity_has_one_measure(adata, page):
    answers = {answer[0]: answer[1:] for answer in page.answers}
    frame = dtp.get.reversal(adata)
    obs = adata.obs[(adata.obs["condition"] == "holiday").to_numpy()]
    by_hand = (obs["dtp_call"] == "parental-like").mean()
    assert frame["share"][0] == pytest.approx(by_hand)
    assert share(by_hand) in answers["Do the cells return off the drug?"][0]
    # The other measure stands in a fold, and nowhere on the first screen.
    other = adata.uns["dtp_call"]["reversal_shares"].loc["parental-like", "share"]
    assert share(other) != share(by_hand)
    first = " ".join(" ".join(answer) for answer in page.answers)
    assert share(other) not in first
    extra = dtp.get.reversal(adata, kind="supplement")
    assert extra["share"][0] == pytest.approx(other)
    assert "Treated cells that the drug did not move" in extra["reason"][0]


def test_call_tables_equal_the_data(adata, page):
    table = page.tables["calls"]
    place = table["head"].index("DTP-like")
    found = [int(float(row[place]["value"])) for row in table["rows"]]
    frame = samples.counts(adata, sample_key="sample", **KW)
    assert found == frame["DTP-like"].tolist()
    record = dict(adata.uns["dtp_call"])
    # One order of arms: that of the design, in every table.
    place = ["parental", "treated", "holiday"].index
    for key in ("axes", "sample_tests"):
        order = record[key]["group"].map(place).argsort(kind="stable")
        record[key] = record[key].iloc[order].reset_index(drop=True)
    for name, key, title in (
        ("reasons", "axes", "Contribution"),
        ("sample_tests", "sample_tests", "Difference"),
        ("reversal", "reversal", "On drug"),
    ):
        column = {"Contribution": "counted_once", "On drug": "persister"}
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


def test_the_words_of_a_call_are_explained_beside_it(page):
    assert "What axis, index, shift and share mean" in page.words
    assert "The index is the score of one signature" in page.words


def test_messages_of_the_calls_are_limits(adata, page):
    for text in adata.uns["dtp_call"]["messages"]:
        assert " ".join(str(text).split()) in page.words


def test_without_a_reference_the_first_screen_says_so(adata):
    made = adata.copy()
    dtp.tl.call(made, groupby="condition", reference=None)
    html = _report.render(_report.collect(made, groupby="condition"))
    page = read_page(html)
    answers = {answer[0]: answer[1:] for answer in page.answers}
    verdicts = [row[1]["text"] for row in page.tables["arms"]["rows"]]
    assert set(verdicts) == {"not decided"}
    assert "there are no usable reference cells" in page.words
    assert "Evidence level E0" in answers["How sure?"][0]
    assert "not calibrated" in page.words


def test_a_file_of_calls_alone_is_reported(adata, tmp_path):
    alone = adata.copy()
    del alone.obsm["dtp_scores"], alone.uns["dtp_scores"]
    dtp.report(alone, tmp_path / "r.html")
    page = read_page((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert "arms" in page.tables
    assert "axes" not in page.ids


def test_names_of_near_times_do_not_touch():
    """Days 35 and 37 of a long course share the place of one name."""
    days = [0, 18, 20, 29, 41, 113, 171]
    ticks = [(float(day), str(day)) for day in days]
    written = _shares._written(ticks, 4.0, turned=False)
    assert written == ["0", "18", "", "29", "41", "113", "171"]
    assert _shares._written(ticks, 40.0, turned=False) == [str(day) for day in days]
    near = [(0.0, "a long name"), (1.0, "another"), (2.0, "third")]
    assert _shares._written(near, 1.0, turned=False) == ["a long name", "", "third"]
    assert _shares._written(near, 1.0, turned=True) == [name for _, name in near]


def test_a_verdict_says_why_in_each_arm(adata):
    """Cells that moved decide the reason of their arm, and of no other."""
    found = adata.copy()
    other = (found.obs["condition"] == "holiday").to_numpy()
    treated = (found.obs["condition"] == "treated").to_numpy()
    state = np.where(other | treated, rules.NOT_DECIDED, rules.PARENTAL_LIKE)
    state = state.astype(object)
    reason = np.where(other, rules.TOO_FEW, rules.ONE_LIBRARY).astype(object)
    moved = np.flatnonzero(treated)[-3:]
    state[moved], reason[moved] = rules.SHIFTED, rules.NOT_NAMED
    found.obs["dtp_call"], found.obs["dtp_reason"] = state, reason
    design = columns(found, **KW)
    reasons = _arms._reasons(found, design, None)
    assert reasons == {
        ("treated",): rules.NOT_NAMED,
        ("holiday",): rules.TOO_FEW,
    }


def test_shares_of_samples_are_those_of_the_calls_and_leave_low_quality_out(adata):
    frame = dtp.get.samples(adata)
    own = adata.uns["dtp_call"]["samples"].set_index("sample")
    shares = (own["n_dtp_like"] / own["n_cells"]).reindex(frame["sample"])
    np.testing.assert_allclose(frame["dtp_like"], shares)
    made = adata.copy()
    made.obs["dtp_call"] = made.obs["dtp_call"].astype(object)
    sample = (made.obs["sample"].astype(str) == frame["sample"].iloc[-1]).to_numpy()
    made.obs.loc[made.obs_names[sample][:20], "dtp_call"] = "low quality"
    calls = made.obs["dtp_call"][sample]
    row = dtp.get.samples(made).iloc[-1]
    assert row["low quality"] == 20
    n_dtp = calls.isin(["DTP-like", "DTP-like cycling"]).sum()
    assert row["dtp_like"] == pytest.approx(n_dtp / (len(calls) - 20))
    assert row["n_cells"] == len(calls)


def test_calibration_is_a_copy_of_the_table(adata):
    frame = dtp.get.calibration(adata)
    pd.testing.assert_frame_equal(frame, adata.uns["dtp_call"]["calibration"])
    frame["n_called"] = -1
    assert (adata.uns["dtp_call"]["calibration"]["n_called"] >= 0).all()


def test_the_headline_names_few_arms_and_counts_many():
    few = pd.DataFrame({"group": ["a", "b"], "verdict": ["called", "none found"]})
    assert headline(few) == "DTP-like cells were called in a; none were found in b."
    timed = few.assign(time=["3", ""])
    assert "in a at day 3;" in headline(timed, "day")
    many = pd.DataFrame({"group": list("abcdefgh"), "verdict": ["not decided"] * 8})
    assert "in 8 of 8 arms, listed below" in headline(many)
    assert "in 8 of 8 arms and times, listed below" in headline(many.assign(time="3"))


def test_an_arm_of_which_nothing_is_decided_has_no_share():
    shares = {"dtp_like": [0.0, 0.0], "lowest": [0.0, 0.0], "highest": [0.0, 0.0]}
    verdicts = {"verdict": ["none found", "not decided"], "reason": ["", "few cells"]}
    frame = pd.DataFrame({**verdicts, **shares})
    table = arm_table(frame)
    assert "Why" in [column.title for column in table.columns]
    plain = arm_table(frame.assign(reason=""))
    assert "Why" not in [column.title for column in plain.columns]
    shown = table.frame[list(shares)]
    assert (shown.loc[0] == 0).all()
    assert shown.loc[1].isna().all()


def test_axes_of_several_batches_are_their_means():
    frame = pd.DataFrame(
        {
            "batch": ["P1", "P1", "P2", "P2"],
            "axis": ["emt", "nfkb", "emt", "nfkb"],
            "difference": [1.0, 0.5, 0.0, 0.7],
            "counted_once": [0.6, 0.5, 0.0, 0.7],
            "reading": ["agrees", "agrees", "opposite", "agrees"],
        }
    )
    found = states.over_batches(frame)
    assert list(found.index) == ["nfkb", "emt"]
    assert found["difference"].tolist() == pytest.approx([0.6, 0.5])
    assert found["alike"].tolist() == [True, False]
