"""Frames and plots of the order, of trends along it, and of the way back."""

from __future__ import annotations

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import PathCollection

import dtpscore as dtp
from dtpscore import pl
from dtpscore._errors import DataError
from dtpscore._frames import path, trends

KW = {"groupby": "condition", "reference": "parental"}


@pytest.fixture(scope="module")
def adata():
    made = dtp.datasets.simulate(
        n_cells=720, n_genes=2500, seed=7, difficulty="easy", days=(3, 9)
    )
    dtp.tl.pseudotime(
        made,
        groupby="condition",
        root="parental",
        holiday="holiday",
        time_key="day",
        sample_key="sample",
        replicate_key="replicate",
        n_subsamples=2,
    )
    dtp.tl.trends(made, n_permutations=199, n_bootstrap=50)
    return made


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


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
    boxes = sorted((t.get_window_extent() for t in ax.texts), key=lambda box: box.y0)
    assert len(boxes) > 2
    for low, high in pairwise(boxes):
        assert high.y0 >= low.y1 - 1.5


def test_leading_features_are_sure_ones_in_order_of_onset(adata):
    frame = trends.features(adata)
    sure = frame[frame["q"] <= 0.05]
    assert len(sure) > 3
    names = trends.leading(adata, 3)
    biggest = sure["change"].abs().sort_values(ascending=False).index[:3]
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
