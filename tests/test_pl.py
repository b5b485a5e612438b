"""Plots show the numbers of their frames, and follow scanpy's habits."""

from __future__ import annotations

import inspect

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import PathCollection

import dtpscore as dtp
from dtpscore import pl
from dtpscore._frames import checks, enrichment, scores
from dtpscore.pl._style import STATE_COLORS, group_colors

KW = {"groupby": "condition", "reference": "parental"}


@pytest.fixture(scope="module")
def adata():
    made = dtp.datasets.simulate(n_cells=300, n_genes=1200, seed=2)
    dtp.tl.score(made)
    dtp.tl.enrich(
        made,
        ["hallmark_e2f_targets", "hallmark_mtorc1_signaling"],
        sample_key="sample",
        permutations=20,
        **KW,
    )
    return made


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


CALLS = {
    "axis_scores": KW,
    "axis_heatmap": KW,
    "confounders": {"groupby": "condition"},
    "coverage": {},
    "enrichment": {"group": "treated"},
}


@pytest.mark.parametrize("name", sorted(CALLS))
def test_draws_on_the_given_axes_saves_and_returns_it(adata, name, tmp_path):
    _, ax = plt.subplots()
    file = tmp_path / "plot.png"
    found = getattr(pl, name)(adata, ax=ax, save=file, show=False, **CALLS[name])
    assert found is ax
    assert file.stat().st_size > 1000


@pytest.mark.parametrize("name", sorted(CALLS))
def test_settings_of_the_session_stay(adata, name):
    before = mpl.rcParams.copy()
    getattr(pl, name)(adata, show=False, **CALLS[name])
    assert mpl.rcParams == before


@pytest.mark.parametrize("name", pl.__all__)
def test_arguments_follow_scanpy(name):
    parameters = inspect.signature(getattr(pl, name)).parameters
    assert next(iter(parameters)) == "adata"
    assert {"show", "save"} <= set(parameters)
    for key in ("show", "save"):
        assert parameters[key].default is None
        assert parameters[key].kind is inspect.Parameter.KEYWORD_ONLY


@pytest.mark.parametrize("name", pl.__all__)
def test_help_describes_every_parameter(name):
    plot = getattr(pl, name)
    text = inspect.getdoc(plot)
    assert "{" not in text
    sections = ("Parameters", "Returns", "Raises")
    places = [text.index(f"\n{one}\n{'-' * len(one)}\n") for one in sections]
    assert places == sorted(places)
    described = text[places[0] : places[1]].splitlines()
    for parameter in inspect.signature(plot).parameters:
        assert parameter in described, parameter


def texts(ax):
    return [text.get_text().replace("\u2212", "-") for text in ax.texts]


def test_heatmap_prints_the_frame(adata):
    ax = pl.axis_heatmap(adata, sample_key="sample", show=False, **KW)
    table = scores.axis_by_group(adata, sample_key="sample", **KW)
    np.testing.assert_array_equal(ax.images[0].get_array(), table.to_numpy())
    shown = [float(text) for text in texts(ax)]
    np.testing.assert_allclose(shown, table.to_numpy().ravel(), atol=0.05 + 1e-9)
    assert [t.get_text() for t in ax.get_xticklabels()] == list(table.columns)


def test_scores_show_as_many_axes_and_samples_as_there_are(adata):
    ax = pl.axis_scores(adata, axes=["emt", "oxphos"], sample_key="sample", **KW)
    labels = [t.get_text() for t in ax.get_yticklabels()]
    assert labels == ["EMT and plasticity", "Oxidative phosphorylation"]
    diamonds = [
        c
        for c in ax.collections
        if isinstance(c, PathCollection) and c.get_sizes()[0] == 13
    ]
    assert len(diamonds) == adata.obs["sample"].nunique()
    means = scores.sample_means(
        scores.axis_values(adata, axes=["emt", "oxphos"], **KW),
        scores.groups(adata, "condition", "parental"),
        adata.obs["sample"],
    )
    drawn = sorted(float(d.get_offsets()[0, 0]) for d in diamonds)
    np.testing.assert_allclose(drawn, sorted(means["emt"]))


def test_values_that_do_not_vary_are_no_error(adata):
    flat = adata.copy()
    flat.obs["dtp_emt"] = np.where(flat.obs["condition"] == "treated", 0.1, 0.2)
    flat.obs.loc[flat.obs_names[:5], "dtp_emt"] = 0.3
    ax = pl.axis_scores(flat, axes=["emt", "oxphos"], show=False, **KW)
    assert len(ax.get_yticklabels()) == 2


def test_coverage_bars_are_the_fractions(adata):
    ax = pl.coverage(adata, show=False)
    frame = checks.coverage(adata)
    widths = [bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(widths, frame["fraction"])
    assert frame["low"].any()
    hatched = [bar.get_hatch() is not None for bar in ax.patches]
    assert hatched == frame["low"].tolist()


def test_confounders_print_the_frame(adata):
    ax = pl.confounders(adata, groupby="condition", show=False)
    table = checks.confounders(adata, groupby="condition")
    np.testing.assert_array_equal(ax.images[0].get_array(), table.to_numpy())


def test_enrichment_dots_are_the_scores(adata):
    ax = pl.enrichment(adata, group="treated", show=False)
    drawn = np.concatenate([c.get_offsets()[:, 0] for c in ax.collections[1:]])
    table = enrichment.table(adata, group="treated")
    np.testing.assert_allclose(sorted(drawn), sorted(table["nes"]))


def test_running_score_is_the_figure_of_gseapy(adata):
    term = "hallmark_e2f_targets_UP"
    ax = pl.running_score(adata, term, group="treated", show=False)
    line = max(ax.lines, key=lambda one: len(one.get_xdata()))
    row = enrichment.table(adata, group="treated").set_index("term").loc[term]
    values = np.asarray(line.get_ydata(), dtype=float)
    assert values[np.abs(values).argmax()] == pytest.approx(row["es"])


def lightness(color):
    """CIE L* of a color."""
    rgb = np.array(mpl.colors.to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    y = linear @ [0.2126, 0.7152, 0.0722]
    return 116 * np.cbrt(y) - 16


def test_states_and_first_groups_tell_apart_in_gray():
    states = [lightness(color) for color in STATE_COLORS.values()]
    assert (np.diff(states) < -7).all()
    groups = [lightness(color) for color in group_colors(list("abcd")).values()]
    assert (np.diff(groups) < -13).all()
