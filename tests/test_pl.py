"""Plots show the numbers of their frames, and follow scanpy's habits."""

from __future__ import annotations

import inspect
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.text import Text

import dtpscore as dtp
from dtpscore import pl
from dtpscore.errors import DataError
from dtpscore.get import _axes as scores
from dtpscore.get import _checks as checks
from dtpscore.get import _enrichment as enrichment
from dtpscore.pl._palette import group_colors
from dtpscore.pl._style import STATE_COLORS

KW = {"groupby": "condition", "reference": "parental"}


@pytest.fixture(scope="module")
def adata():
    made = dtp.datasets.simulate(n_cells=300, n_genes=1200, seed=2)
    dtp.tl.score(made)
    dtp.tl.enrich(
        made,
        ["hallmark_e2f_targets", "hallmark_mtorc1_signaling"],
        sample_key="sample",
        n_permutations=20,
        **KW,
    )
    return made


CALLS = {
    "axis_scores": KW,
    "axis_heatmap": KW,
    "confounders": {"groupby": "condition"},
    "coverage": {},
    "enrichment": {"group": "treated"},
    "running_score": {"term": "hallmark_e2f_targets_UP", "group": "treated"},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CALLS))
def test_draws_on_the_given_axes_saves_and_returns_it(adata, name, tmp_path):
    _, ax = plt.subplots()
    file = tmp_path / "plot.png"
    found = getattr(pl, name)(adata, ax=ax, save=file, show=False, **CALLS[name])
    assert found is ax
    assert file.stat().st_size > 1000


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CALLS))
def test_figure_size_title_and_figure(adata, name):
    figure = getattr(pl, name)(
        adata, figsize=(5, 4), title="$5_x$", return_fig=True, show=False, **CALLS[name]
    )
    assert tuple(figure.get_size_inches()) == (5, 4)
    heads = [ax.get_title(loc="left") for ax in figure.axes]
    assert "$5_x$" in [*heads, figure.get_suptitle()]
    figure.draw_without_rendering()


@pytest.mark.parametrize("name", sorted(CALLS))
def test_no_text_is_smaller_than_seven_points(adata, name):
    figure = getattr(pl, name)(adata, return_fig=True, show=False, **CALLS[name])
    sizes = {t.get_fontsize() for t in figure.findobj(Text) if t.get_text()}
    assert min(sizes) >= 7


@pytest.mark.slow
def test_save_true_writes_where_scanpy_would(adata, tmp_path, monkeypatch):
    import scanpy as sc

    monkeypatch.chdir(tmp_path)
    folder, kind = sc.settings.figdir, sc.settings.file_format_figs
    sc.settings.figdir, sc.settings.file_format_figs = tmp_path / "pictures", "svg"
    pl.coverage(adata, save=True, show=False)
    assert (tmp_path / "pictures" / "coverage.svg").stat().st_size > 1000
    pl.coverage(adata, save=".png", show=False)
    assert (tmp_path / "pictures" / "coverage.png").stat().st_size > 1000
    sc.settings.figdir, sc.settings.file_format_figs = folder, kind
    monkeypatch.delitem(sys.modules, "scanpy")
    pl.coverage(adata, save=True, show=False)
    assert (tmp_path / "figures" / "coverage.pdf").stat().st_size > 1000


def test_groups_are_drawn_in_the_order_that_is_asked_for(adata):
    order = ["holiday", "treated"]
    ax = pl.axis_heatmap(adata, order=order, show=False, **KW)
    assert [t.get_text() for t in ax.get_xticklabels()] == order
    panels = pl.axis_scores(
        adata, axes=["emt", "oxphos"], order=order, show=False, **KW
    )
    assert [t.get_text() for t in panels[0].get_yticklabels()] == order
    rows = ["emt", "oxphos"]
    ax = pl.confounders(adata, groupby="condition", order=rows, show=False)
    assert len(ax.get_yticklabels()) == 2
    with pytest.raises(DataError, match="No result 'wings'"):
        pl.confounders(adata, groupby="condition", order=["wings"], show=False)
    with pytest.raises(DataError, match="no group 'dmso'"):
        pl.axis_heatmap(adata, order=["dmso"], show=False, **KW)


@pytest.mark.parametrize("name", sorted(CALLS))
def test_settings_of_the_session_stay(adata, name):
    before = mpl.rcParams.copy()
    getattr(pl, name)(adata, show=False, **CALLS[name])
    assert mpl.rcParams == before


@pytest.mark.parametrize("name", pl.__all__)
def test_arguments_follow_scanpy(name):
    parameters = inspect.signature(getattr(pl, name)).parameters
    assert next(iter(parameters)) == "adata"
    look = {"figsize", "palette", "order", "title", "ax", "return_fig", "show", "save"}
    # One gene set, or one plane of all cells, has nothing to put in order.
    if name in {"running_score", "index_proliferation"}:
        look.remove("order")
    assert look <= set(parameters)
    for key in look:
        assert parameters[key].default is (False if key == "return_fig" else None)
        assert parameters[key].kind is inspect.Parameter.KEYWORD_ONLY


@pytest.mark.parametrize("name", pl.__all__)
def test_help_describes_every_parameter(name):
    plot = getattr(pl, name)
    text = inspect.getdoc(plot)
    assert "{" not in text
    sections = ("Parameters", "Returns", "Raises")
    places = [text.index(f"\n{one}\n{'-' * len(one)}\n") for one in sections]
    assert places == sorted(places)
    lines = text[places[0] : places[1]].splitlines()
    described = {name for line in lines for name in line.split(", ")}
    assert set(inspect.signature(plot).parameters) <= described


def texts(ax):
    return [text.get_text().replace("\u2212", "-") for text in ax.texts]


def test_heatmap_prints_the_frame(adata):
    ax = pl.axis_heatmap(adata, sample_key="sample", show=False, **KW)
    table = scores.axis_by_group(adata, sample_key="sample", **KW)
    drawn = np.ma.filled(ax.images[0].get_array(), np.nan)
    empty = np.isnan(drawn).all(axis=1)
    assert empty.sum() == 1
    np.testing.assert_array_equal(drawn[~empty], table.to_numpy())
    shown = [float(text) for text in texts(ax)]
    np.testing.assert_allclose(shown, table.to_numpy().ravel(), atol=0.05 + 1e-9)
    assert [t.get_text() for t in ax.get_xticklabels()] == list(table.columns)


def test_a_small_map_has_room_for_its_color_bar_and_long_names(adata):
    def drawn(made, n_axes):
        names = list(dtp.get.axes(made))[:n_axes]
        ax = pl.axis_heatmap(made, **KW, axes=names, show=False)
        ax.figure.canvas.draw()
        return ax, ax.figure.get_size_inches()[1]

    heights = [drawn(adata, n)[1] for n in (1, 2, 4, 6)]
    assert heights[0] == heights[1] == heights[2]
    assert heights[3] == pytest.approx(heights[2] + 2 * 0.21)
    odd = adata.copy()
    long = {"treated": "a drug with a name as long as this one is"}
    odd.obs["condition"] = odd.obs["condition"].cat.rename_categories(long)
    ax, height = drawn(odd, 2)
    assert height > heights[0] + 1
    # The map itself is as high as without the names, or nearly so.
    rows = ax.get_window_extent().height / ax.figure.dpi
    assert rows > 0.4


def test_nuisance_axes_stand_apart_from_the_others(adata):
    ax = pl.axis_heatmap(adata, show=False, **KW)
    labels = [t.get_text().strip(" *\u2191\u2193") for t in ax.get_yticklabels()]
    gap = labels.index("")
    known = dtp.signatures.axes().values()
    apart = ("nuisance", "ambiguous")
    nuisance = {axis.title for axis in known if axis.kind in apart}
    assert set(labels[gap + 1 :]) <= nuisance
    assert not set(labels[:gap]) & nuisance
    assert len(labels) - gap > 3


def test_one_extreme_does_not_bleach_the_map(adata):
    far = adata.copy()
    far.obs["dtp_emt"] = far.obs["dtp_emt"].where(
        far.obs["condition"] != "treated",
        far.obs["dtp_emt"] - 60 * far.obs["dtp_emt"].std(),
    )
    table = scores.axis_by_group(far, **KW)
    low, high = pl.axis_heatmap(far, show=False, **KW).images[0].get_clim()
    assert high == -low == pytest.approx(np.quantile(np.abs(table), 0.98))
    assert high < 0.2 * np.abs(table.to_numpy()).max()
    given = pl.axis_heatmap(far, vmin=-3, vmax=1, show=False, **KW)
    assert given.images[0].get_clim() == (-3, 1)
    with pytest.raises(ValueError, match="vmin must be below vmax"):
        pl.axis_heatmap(far, vmin=2, vmax=1, show=False, **KW)


def test_each_axis_has_a_panel_on_a_figure_of_its_own(adata):
    panels = pl.axis_scores(adata, axes=["emt", "oxphos"], show=False, **KW)
    titles = [panel.get_title(loc="left").replace("\n", " ") for panel in panels]
    assert titles == list(scores.axis_titles(["emt", "oxphos"]).values())
    names = [t.get_text() for t in panels[0].get_yticklabels()]
    assert names == ["parental", "treated", "holiday"]


def test_scores_show_as_many_axes_and_samples_as_there_are(adata):
    _, ax = plt.subplots()
    pl.axis_scores(
        adata, axes=["emt", "oxphos"], sample_key="sample", ax=ax, show=False, **KW
    )
    labels = [t.get_text() for t in ax.get_yticklabels()]
    assert labels == list(scores.axis_titles(["emt", "oxphos"]).values())
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
    panels = pl.axis_scores(flat, axes=["emt", "oxphos"], show=False, **KW)
    assert len(panels) == 2


@pytest.mark.slow
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
    table = enrichment.enrichment(adata, group="treated")
    np.testing.assert_allclose(sorted(drawn), sorted(table["nes"]))


def test_running_score_is_that_of_the_test(adata):
    term = "hallmark_e2f_targets_UP"
    ax = pl.running_score(adata, term, group="treated", show=False)
    line = max(ax.lines, key=lambda one: len(one.get_xdata()))
    assert len(ax.collections[0].get_segments()) == len(enrichment.members(adata, term))
    assert ax.get_title(loc="left") == "hallmark e2f targets \u2191"
    row = enrichment.enrichment(adata, group="treated").set_index("term").loc[term]
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
