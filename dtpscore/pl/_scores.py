"""Axis scores by group."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from dtpscore._text import short
from dtpscore.errors import DataError
from dtpscore.get._axes import (
    axis_titles,
    axis_values,
    by_group,
    persister_axes,
    sample_means,
    strongest,
    thin_axes,
)
from dtpscore.get._groups import groups, texts
from dtpscore.pl._docs import shared_doc
from dtpscore.pl._palette import column_colors
from dtpscore.pl._style import (
    INK,
    SAMPLE,
    canvas,
    finish,
    label_axes,
    legend_name,
    legend_right,
    name_ticks,
    style,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    from anndata import AnnData
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

_N_SHOWN = 8
# Letters on a line of the title of a panel.
_WIDTH = 25


def unit_name(reference: str | None) -> str:
    """Name the cells whose standard deviation is the unit of axis scores."""
    return "all cells" if reference is None else reference


def _violins(
    ax: Axes,
    data: Sequence[NDArray[np.float64]],
    rows: NDArray[np.float64],
    *,
    color: Any,
    height: float,
) -> None:
    """Draw violins of one color with median and quartiles, each at its row."""
    # Values that do not vary have no density.
    kept = [n for n, one in enumerate(data) if one.size and np.ptp(one) > 0]
    if not kept:
        return
    data, rows = [data[n] for n in kept], rows[kept]
    parts = ax.violinplot(
        data,
        positions=rows,
        widths=height * 0.98,
        orientation="horizontal",
        showextrema=False,
        points=60,
    )
    bodies: Any = parts["bodies"]
    for body in bodies:
        body.set(facecolor=color, edgecolor=INK, linewidth=0.4, alpha=1.0)
    low, middle, high = np.array([np.percentile(d, [25, 50, 75]) for d in data]).T
    ax.hlines(rows, low, high, color=INK, linewidth=1.6)
    ax.scatter(middle, rows, s=9, color="white", edgecolor=INK, zorder=3, lw=0.6)


def _diamonds(ax: Axes, x: Any, y: Any) -> None:
    """Draw the mean of each sample."""
    ax.scatter(
        x, y, marker="D", s=13, facecolor=SAMPLE, edgecolor=INK, linewidth=0.6, zorder=4
    )


def _cells(values: pd.DataFrame, member: pd.Series, name: str) -> pd.DataFrame:
    return values[(member == name).to_numpy()]


def _on_one(
    ax: Axes,
    values: pd.DataFrame,
    member: pd.Series,
    colors: dict[str, Any],
    *,
    means: pd.DataFrame | None,
) -> None:
    """Draw all axes on one Axes: axes downwards, and groups within an axis."""
    height = 0.82 / len(colors)
    places = np.arange(values.shape[1], dtype=np.float64)
    for n, (name, color) in enumerate(colors.items()):
        rows = places + (n - (len(colors) - 1) / 2) * height
        cells = _cells(values, member, name)
        data = [cells[axis].dropna().to_numpy() for axis in values.columns]
        _violins(ax, data, rows, color=color, height=height)
        if means is not None:
            own = means.index.get_level_values("group") == name
            for sample in means.to_numpy()[own]:
                _diamonds(ax, sample, rows)
    titles = axis_titles(list(values.columns))
    name_ticks(ax.yaxis, places, titles.values())
    ax.set_ylim(len(places) - 0.5, -0.5)


def _on_panel(
    ax: Axes,
    values: pd.Series,
    member: pd.Series,
    colors: dict[str, Any],
    *,
    means: pd.DataFrame | None,
) -> None:
    """Draw one axis on an Axes of its own, groups downwards."""
    for row, (name, color) in enumerate(colors.items()):
        cells = values[(member == name).to_numpy()].dropna().to_numpy()
        _violins(ax, [cells], np.array([float(row)]), color=color, height=0.9)
        if means is not None:
            own = means.index.get_level_values("group") == name
            for sample in means.loc[own, [values.name]].to_numpy():
                _diamonds(ax, sample, [float(row)])
    name_ticks(ax.yaxis, range(len(colors)), colors)
    ax.set_ylim(len(colors) - 0.5, -0.5)
    title = short(axis_titles([str(values.name)])[str(values.name)])
    lines = "\n".join(textwrap.wrap(title, _WIDTH)) or title
    ax.set_title(lines, fontsize=8, parse_math=False)


def _shown(
    adata: AnnData,
    values: pd.DataFrame,
    member: pd.Series,
    key: str | None,
) -> pd.DataFrame:
    """Choose persister axes with enough genes whose groups differ most."""
    thin = thin_axes(adata, key=key)
    known = persister_axes(list(values.columns))
    # Where no axis has enough genes, those that there are are drawn all the same.
    kept = [axis for axis in known if axis not in thin] or known
    kept = kept or list(values.columns)
    return values[strongest(by_group(values[kept], member), _N_SHOWN)]


@shared_doc
def axis_scores(
    adata: AnnData,
    *,
    groupby: str,
    reference: str | None = None,
    sample_key: str | None = None,
    axes: Sequence[str] | None = None,
    key: str | None = None,
    order: Sequence[str] | None = None,
    palette: Any = None,
    figsize: tuple[float, float] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
    return_fig: bool = False,
    show: bool | None = None,
    save: str | Path | bool | None = None,
) -> Any:
    """Draw axis scores of cells by group as violins, with one panel per axis.

    On an Axes that is given, all axes are drawn on it and on one scale.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.score` has scored.
    {groupby}
    reference
        Reference group. The unit is the standard deviation of its cells, and 0 is
        their mean. Without a reference, both are those of all cells.
    sample_key
        Column of ``obs`` with the samples. Their means are drawn as diamonds, since
        samples and not cells are replicates.
    axes
        Axes (or own signatures) to draw, in this order. By default the eight persister
        axes with enough genes are drawn whose groups differ most.
    {scores_key}
    {group_order}
    {group_palette}
    {look}

    {returns_panels}

    Raises
    ------
    DataError
        There are no scores, or no such axis, column or group.
    OptionError
        The palette does not fit.

    See Also
    --------
    axis_heatmap : Means of all axes.
    dtpscore.get.axes : The scores.

    Examples
    --------
    {scored}
    >>> ax = dtp.pl.axis_scores(adata, groupby="condition", axes=["emt"], show=False)
    """
    values = axis_values(
        adata, groupby=groupby, reference=reference, axes=axes, key=key
    )
    member = groups(adata, groupby, reference, order=order)
    if axes is None:
        values = _shown(adata, values, member, key)
    if values.empty:
        msg = "No axis has a value: none of the scored genes is in these data."
        raise DataError(msg)
    names = [str(name) for name in member.cat.categories]
    colors = column_colors(adata, groupby, names, palette)
    means = None
    if sample_key is not None:
        means = sample_means(values, member, texts(adata, sample_key, "samples")[0])
    n = values.shape[1]
    columns = min(n, 4 if n > 6 else 3)
    with style():
        rows = -(-n // columns)
        height = rows * (0.75 + max(0.22 * len(names), 0.5)) + 0.4
        drawn = canvas(
            ax, figsize, (1.6 + 1.9 * columns, height), panels=(rows, columns)
        )
        for extra in drawn.axes[n:] if drawn.own else ():
            extra.remove()
        if drawn.own:
            drawn = type(drawn)(drawn.axes[:n], own=True)
        for panel in drawn.axes:
            panel.axvline(0, color=INK, linewidth=0.6, linestyle=(0, (4, 3)), zorder=0)
            panel.tick_params(axis="y", length=0)
        if not drawn.own or n == 1:
            _on_one(drawn.ax, values, member, colors, means=means)
        else:
            for place, (panel, name) in enumerate(
                zip(drawn.axes, values.columns, strict=True)
            ):
                _on_panel(panel, values[name], member, colors, means=means)
                if place % columns:
                    panel.tick_params(axis="y", labelleft=False)
        _name_scale(drawn, reference)
        _legend(drawn, colors, groupby, samples=sample_key is not None)
        return finish(
            drawn,
            name="axis_scores",
            title=title,
            return_fig=return_fig,
            show=show,
            save=save,
        )


def _name_scale(drawn: Any, reference: str | None) -> None:
    text = f"Axis score (standard deviations of {short(unit_name(reference))})"
    if len(drawn.axes) > 1:
        drawn.figure.supxlabel(text, fontsize=8)
    else:
        label_axes(drawn.ax, x=text)


def _legend(drawn: Any, colors: dict[str, Any], title: str, *, samples: bool) -> None:
    """Legend of groups and samples; panels name their groups beside them."""
    handles: list[Any] = []
    if len(drawn.axes) == 1:
        handles = [
            Patch(fc=color, ec=INK, lw=0.4, label=legend_name(name))
            for name, color in colors.items()
        ]
    if samples:
        dot = Line2D([], [], marker="D", ls="", ms=4, mfc=SAMPLE, mec=INK)
        dot.set_label("mean of a sample")
        handles.append(dot)
    if handles and len(drawn.axes) == 1:
        legend_right(drawn.ax, handles, title)
    elif handles:
        drawn.figure.legend(handles=handles, loc="outside upper right")
