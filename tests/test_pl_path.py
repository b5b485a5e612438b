"""Order, trends and the way back: frames, plots, and how the report tells them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from matplotlib.text import Text
from report_page import read_page
from small_records import call_uns

import dtpscore as dtp
from dtpscore import _report, pl
from dtpscore._report.context import context
from dtpscore._report.path import _result as direction_in_words
from dtpscore._report.path import path_section
from dtpscore._report.reversal import reversal_section
from dtpscore.errors import DataError
from dtpscore.get import _order as path
from dtpscore.get import _trends as trends

pytestmark = pytest.mark.slow

KW = {"groupby": "condition", "reference": "parental"}


@pytest.fixture(scope="module")
def adata():
    made = dtp.datasets.simulate(
        n_cells=720, n_genes=2500, seed=7, difficulty="easy", days=(3, 9)
    )
    dtp.tl.pseudotime(
        made,
        groupby="condition",
        reference="parental",
        holiday="holiday",
        time_key="day",
        sample_key="sample",
        replicate_key="replicate",
        n_subsamples=2,
    )
    dtp.tl.trends(made, n_permutations=199, n_bootstrap=50)
    dtp.tl.score(made)
    return made


@pytest.fixture(scope="module")
def page(adata):
    html = _report.render(_report.collect(adata, sample_key="sample", **KW))
    return read_page(html)


def values(page, table, title, *, text=False):
    """One column of a table of the page, as it is stored in it."""
    place = page.tables[table]["head"].index(title)
    found = [row[place]["value"] for row in page.tables[table]["rows"]]
    return found if text else [float(value) if value else np.nan for value in found]


def diamonds(ax):
    """Markers that stand for one sample each."""
    return [
        c
        for c in ax.collections
        if isinstance(c, PathCollection) and c.get_sizes()[0] == 20
    ]


def test_positions_are_the_column_by_group(adata):
    frame = path.positions(adata, sample_key="sample", **KW)
    assert len(frame) == adata.obs["dtp_pseudotime"].notna().sum()
    samples = path.by_sample(frame)
    for row in samples.to_dict("records"):
        own = adata.obs[(adata.obs["sample"].astype(str) == row["sample"]).to_numpy()]
        values = own["dtp_pseudotime"].astype(float).dropna()
        assert row["median"] == pytest.approx(np.median(values))
        assert row["low"] == pytest.approx(np.quantile(values, 0.25))
        assert row["n_cells"] == len(values)
    assert samples["group"].astype(str).tolist()[0] == "parental"


def test_pseudotime_draws_each_sample_once(adata):
    ax = pl.pseudotime(adata, sample_key="sample", show=False, **KW)
    drawn = np.concatenate([c.get_offsets()[:, 0] for c in diamonds(ax)])
    frame = path.by_sample(path.positions(adata, sample_key="sample", **KW))
    np.testing.assert_allclose(sorted(drawn), sorted(frame["median"]))


def test_a_contradicted_direction_is_said_and_drawn_broken(adata):
    turned = adata.copy()
    direction = turned.uns["dtp_pseudotime"]["direction"].copy()
    direction.loc["index", "verdict"] = "contradicts"
    turned.uns["dtp_pseudotime"] = {
        **turned.uns["dtp_pseudotime"],
        "direction": direction,
    }
    said = [t.get_text() for t in pl.pseudotime(turned, show=False, **KW).texts]
    assert any("index: contradicts" in text for text in said)
    said = [t.get_text() for t in pl.pseudotime(adata, show=False, **KW).texts]
    assert not any("contradicts" in text for text in said)


def test_holiday_bars_are_the_shares(adata):
    ax = pl.holiday(adata, show=False)
    frame = path.reversal(adata)
    names = ["parental-like", "neither", "persister-like"]
    widths = np.array([bar.get_width() for bar in ax.patches]).reshape(3, -1)
    np.testing.assert_allclose(widths.T, frame[names])
    place = adata.obs["dtp_pseudotime_place"]
    one = (adata.obs["sample"].astype(str) == frame["sample"][0]).to_numpy()
    by_hand = (place[one] == "persister-like").mean()
    assert frame["persister-like"][0] == pytest.approx(by_hand)


def test_without_a_holiday_there_is_nothing_to_draw(adata):
    part = adata.copy()
    record = dict(part.uns["dtp_pseudotime"])
    record.pop("reversal")
    part.uns["dtp_pseudotime"] = record
    with pytest.raises(DataError, match="Pass holiday"):
        pl.holiday(part, show=False)


def test_trend_lines_are_the_curves(adata):
    names = ["slow_cycling", "emt"]
    ax = pl.trends(adata, features=names, show=False)
    table = adata.uns["dtp_trends"]["curves"]
    for line, name in zip(ax.lines, names, strict=True):
        own = table[(table["feature"] == name).to_numpy()]
        np.testing.assert_array_equal(line.get_ydata(), own["mean"])
    assert [t.get_text() for t in ax.texts] == [
        "Slow cycling and arrest",
        "EMT and plasticity",
    ]


def test_labels_do_not_cover_each_other(adata):
    ax = pl.trends(adata, show=False)
    ax.figure.draw_without_rendering()
    # The words alone, without the line that leads to them.
    boxes = sorted(map(Text.get_window_extent, ax.texts), key=lambda box: box.y0)
    assert len(boxes) > 2
    for low, high in pairwise(boxes):
        assert high.y0 >= low.y1 - 1.5


def test_leading_features_are_sure_ones_in_order_of_onset(adata):
    frame = trends.trends(adata)
    sure = frame[frame["q"] <= 0.05]
    assert len(sure) > 2
    names = trends.leading(adata, 2)
    biggest = sure["change"].abs().sort_values(ascending=False).index[:2]
    assert set(names) == set(biggest)
    assert frame.loc[names, "onset"].is_monotonic_increasing


def test_onsets_are_drawn_with_their_intervals(adata):
    ax = pl.onsets(adata, show=False)
    frame = trends.onsets(adata)
    drawn = [c.get_offsets() for c in ax.collections if isinstance(c, PathCollection)]
    points = np.concatenate(drawn)
    order = np.argsort(points[:, 1])
    np.testing.assert_allclose(points[order, 0], frame["onset"])
    segments = np.array(ax.collections[0].get_segments())
    np.testing.assert_allclose(segments[:, 0, 0], frame["onset_low"])
    np.testing.assert_allclose(segments[:, 1, 0], frame["onset_high"])


def test_no_line_to_a_name_crosses_another_name(adata):
    ax = pl.trends(adata, show=False)
    ax.figure.canvas.draw()
    assert len(ax.texts) > 1
    for text in ax.texts:
        line = text.arrow_patch.get_path().get_extents(text.arrow_patch.get_transform())
        assert line.x1 <= Text.get_window_extent(text).x0


def test_a_feature_that_moves_without_a_known_onset_says_so(adata):
    made = adata.copy()
    features = made.uns["dtp_trends"]["features"].copy()
    name = str(trends.onsets(made)["feature"].iloc[0])
    features.loc[name, ["onset", "onset_low", "onset_high"]] = np.nan
    made.uns["dtp_trends"] = {**made.uns["dtp_trends"], "features": features}
    ax = pl.onsets(made, show=False)
    (text,) = [one for one in ax.texts if one.get_text() == "not determined"]
    frame = trends.onsets(made)
    assert frame["feature"].tolist()[int(text.get_position()[1])] == name


def test_the_direction_of_the_path_is_said_in_a_sentence():
    verdicts = [("groups", "agrees"), ("index", "unresolved"), ("time", "agrees")]
    assert direction_in_words(verdicts) == (
        "The direction of the path agrees with groups and time and is not shown to "
        "agree with index."
    )
    assert direction_in_words([("time", "contradicts")]) == (
        "The direction of the path contradicts time."
    )


def test_what_is_missing_is_said(adata):
    bare = dtp.datasets.simulate(n_cells=60, n_genes=500, seed=0)
    with pytest.raises(DataError, match=r"tl\.pseudotime first"):
        pl.pseudotime(bare, groupby="condition", show=False)
    with pytest.raises(DataError, match=r"tl\.trends first"):
        pl.trends(bare, show=False)
    with pytest.raises(DataError, match="No trend of 'NOPE1'"):
        pl.trends(adata, features=["NOPE1"], show=False)
    with pytest.raises(ValueError, match="At most 6"):
        pl.trends(adata, features=list("abcdefg"), show=False)


def test_every_trend_on_the_page_equals_the_data(adata, page):
    record = adata.uns["dtp_trends"]["features"]
    known = dtp.signatures.axes()
    titles = [known[name].title if name in known else name for name in record.index]
    assert values(page, "trends", "Axis", text=True) == titles
    for title, column in (
        ("rho within samples", "rho"),
        ("Samples that agree", "n_agree"),
        ("of", "n_samples"),
        ("q", "q"),
        ("Change", "change"),
        ("Onset", "onset"),
        ("95% from", "onset_low"),
        ("to", "onset_high"),
    ):
        np.testing.assert_array_equal(values(page, "trends", title), record[column])


def test_every_position_on_the_page_equals_the_data(adata, page):
    obs = adata.obs
    samples = values(page, "positions", "Sample", text=True)
    assert sorted(samples) == sorted(obs["sample"].astype(str).unique())
    for place, sample in enumerate(samples):
        own = obs[(obs["sample"].astype(str) == sample).to_numpy()]
        first = own.iloc[0]
        row = f"{first['condition']} \u00b7 {first['day']}"
        assert values(page, "positions", "Group", text=True)[place] == row
        order = own["dtp_pseudotime"].astype(float).dropna()
        assert values(page, "positions", "Cells")[place] == len(order)
        for title, level in (
            ("Lower quartile", 0.25),
            ("Median", 0.5),
            ("Upper quartile", 0.75),
        ):
            found = values(page, "positions", title)[place]
            assert found == pytest.approx(np.quantile(order, level))


def test_reversal_and_direction_on_the_page_equal_the_data(adata, page):
    record = adata.uns["dtp_pseudotime"]
    frame = record["reversal"]
    assert values(page, "holiday_samples", "Sample", text=True) == list(frame.index)
    for title, column in (
        ("Cells", "n_cells"),
        ("Position", "position"),
        ("95% from", "low"),
        ("to", "high"),
        ("Parental-like", "parental-like"),
        ("Persister-like", "persister-like"),
        ("Neither", "neither"),
        ("Share of the way back", "returned"),
    ):
        found = values(page, "holiday_samples", title)
        np.testing.assert_array_equal(found, frame[column])
    found = values(page, "direction", "Rank correlation")
    np.testing.assert_array_equal(found, record["direction"]["rho"])
    verdicts = values(page, "direction", "Verdict", text=True)
    assert verdicts == record["direction"]["verdict"].tolist()


def with_calls(adata, *, returned, by_axes, holiday=("holiday",)):
    """The data with made-up calls of the cells off the drug, to set two shares."""
    made = adata.copy()
    made.obs["dtp_call"] = np.full(made.n_obs, "parental-like", dtype=object)
    shares = {
        "group": [holiday[0]] * 2,
        "share": [by_axes, 1 - by_axes],
        "low": [by_axes - 0.1, 0.0],
        "high": [by_axes + 0.1, 1.0],
        "n_cells": [1000 * by_axes, 1000 * (1 - by_axes)],
    }
    primary = {
        "group": [holiday[0]],
        "n_samples": [3],
        "n_cells": [180],
        "share": [returned],
        "low": [returned - 0.05],
        "high": [returned + 0.05],
        "treated_share": [0.4],
    }
    made.uns["dtp_call"] = call_uns(
        params={
            "groupby": "condition",
            "reference": "parental",
            "sample_key": "sample",
            "holiday": list(holiday),
            "alpha": 0.05,
            "index": "x",
        },
        returned=pd.DataFrame(primary),
        reversal_shares=pd.DataFrame(shares, index=["parental-like", "DTP-like"]),
    )
    return made


def test_the_answer_is_by_the_calls_and_the_rest_is_a_supplement(adata):
    made = with_calls(adata, returned=0.75, by_axes=0.5)
    assert dtp.get.reversal(made)["share"][0] == 0.75
    extra = dtp.get.reversal(made, kind="supplement").set_index("measure")
    assert extra.loc["distances over all axes", "share"] == 0.5
    obs = made.obs[(made.obs["condition"] == "holiday").to_numpy()]
    by_path = extra.loc["neighbors on the path", "share"]
    assert by_path == pytest.approx(
        (obs["dtp_pseudotime_place"] == "parental-like").mean()
    )
    assert (extra["reason"].str.len() > 40).all()


def test_the_supplement_is_folded_with_its_reason(adata):
    made = with_calls(adata, returned=0.75, by_axes=0.5)
    section = reversal_section(context_of(made))
    assert "75.0% of the cells are parental-like" in section.result
    assert "95% interval over samples 70.0% to 80.0%" in section.result
    assert "on the drug, 40.0% are" in section.result
    (fold,) = section.folds
    assert "why they are not the answer" in fold.title
    assert len(fold.paragraphs) == 3
    assert "50.0% (95% interval 40.0% to 60.0%)" in fold.paragraphs[0]
    # What the path says of the same question is told here, and nowhere else.
    told = fold.paragraphs[2]
    assert told.startswith("Off the drug: ")
    assert told in adata.uns["dtp_pseudotime"]["messages"]
    assert told not in path_section(context_of(made)).notes
    assert told in path_section(context_of(adata)).notes


def context_of(adata):
    return context(
        adata, groupby="condition", reference="parental", sample_key="sample"
    )


def test_a_path_with_other_groups_off_the_drug_is_not_compared(adata):
    made = with_calls(adata, returned=0.7, by_axes=0.5, holiday=("treated",))
    extra = dtp.get.reversal(made, kind="supplement")
    assert list(extra["measure"]) == ["distances over all axes"]
