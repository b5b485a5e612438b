"""Axis scores by group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from dtpscore import signatures
from dtpscore._frames.groups import column, groups
from dtpscore._frames.scores import (
    axis_by_group,
    axis_titles,
    axis_values,
    by_group,
    persister_axes,
    sample_means,
    strongest,
    thin_axes,
)
from dtpscore.pl._docs import shared_doc
from dtpscore.pl._matrix import draw_matrix
from dtpscore.pl._style import (
    INK,
    axes_for,
    finish,
    group_colors,
    legend_right,
    style,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    from anndata import AnnData
    from matplotlib.axes import Axes

_N_SHOWN = 8
_ARROWS = {"up": " \u2191", "down": " \u2193"}


def _unit(reference: str | None) -> str:
    return "all cells" if reference is None else reference


def _violins(
    ax: Axes, values: pd.DataFrame, member: pd.Series, colors: dict[str, str]
) -> None:
    """Draw one violin per axis and group: axes downwards, groups within an axis."""
    names = list(colors)
    height = 0.82 / len(names)
    for place, name in enumerate(names):
        cells = values[(member == name).to_numpy()]
        offset = (place - (len(names) - 1) / 2) * height
        every = [cells[axis].dropna().to_numpy() for axis in values.columns]
        # Values that do not vary have no density.
        drawn = [row for row, one in enumerate(every) if one.size and np.ptp(one) > 0]
        if not drawn:
            continue
        data, rows = [every[row] for row in drawn], np.array(drawn) + offset
        parts = ax.violinplot(
            data,
            positions=rows,
            widths=height * 0.98,
            orientation="horizontal",
            showextrema=False,
            points=120,
        )
        bodies: Any = parts["bodies"]
        for body in bodies:
            body.set(facecolor=colors[name], edgecolor=INK, linewidth=0.4, alpha=1.0)
        low, middle, high = np.array([np.percentile(d, [25, 50, 75]) for d in data]).T
        ax.hlines(rows, low, high, color=INK, linewidth=1.6)
        ax.scatter(middle, rows, s=9, color="white", edgecolor=INK, zorder=3, lw=0.6)


def _sample_dots(ax: Axes, means: pd.DataFrame, names: Sequence[str]) -> None:
    height = 0.82 / len(names)
    for place, name in enumerate(names):
        offset = (place - (len(names) - 1) / 2) * height
        of_group = (means.index.get_level_values("group") == name).nonzero()[0]
        for sample in means.to_numpy()[of_group]:
            ax.scatter(
                sample,
                np.arange(means.shape[1]) + offset,
                marker="D",
                s=13,
                facecolor="#FFD23F",
                edgecolor=INK,
                linewidth=0.6,
                zorder=4,
            )


@shared_doc
def axis_scores(
    adata: AnnData,
    *,
    groupby: str,
    reference: str | None = None,
    sample_key: str | None = None,
    axes: Sequence[str] | None = None,
    key: str | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw axis scores of cells by group, as violins on one scale.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.score` has scored.
    {groupby}
    reference
        Reference group. The unit is the standard deviation of its cells, and 0 their
        mean; without one, of all cells.
    sample_key
        Column of ``obs`` with the samples; their means are drawn as diamonds, since
        samples and not cells are replicates.
    axes
        Axes to draw, in this order; by default the eight persister axes with enough
        genes whose groups differ most.
    {scores_key}
    {drawing}

    Raises
    ------
    DataError
        There are no scores, or no such axis, column or group.
    """
    values = axis_values(
        adata, groupby=groupby, reference=reference, axes=axes, key=key
    )
    member = groups(adata, groupby, reference)
    if axes is None:
        thin = thin_axes(adata, key=key)
        known = persister_axes(list(values.columns))
        # Where no axis has enough genes, those there are are drawn all the same.
        values = values[[axis for axis in known if axis not in thin] or known]
        values = values[strongest(by_group(values, member), _N_SHOWN)]
    names = [str(name) for name in member.cat.categories]
    colors = group_colors(names)
    shown = list(values.columns)
    with style():
        height = 0.9 + len(shown) * max(0.34, 0.17 * len(names))
        own, ax = ax is None, axes_for(ax, (6.4, height))
        ax.axvline(0, color=INK, linewidth=0.6, linestyle=(0, (4, 3)), zorder=0)
        _violins(ax, values, member, colors)
        handles: list[Any] = [
            Patch(fc=colors[n], ec=INK, lw=0.4, label=n) for n in names
        ]
        if sample_key is not None:
            means = sample_means(values, member, column(adata, sample_key))
            _sample_dots(ax, means, names)
            dot = Line2D([], [], marker="D", ls="", ms=4, mfc="#FFD23F", mec=INK)
            dot.set_label("mean of a sample")
            handles.append(dot)
        titles = axis_titles(shown)
        ax.set_yticks(range(len(shown)), [titles[axis] for axis in shown])
        ax.set_ylim(len(shown) - 0.5, -0.5)
        ax.tick_params(axis="y", length=0)
        ax.set_xlabel(f"Axis score (standard deviations of {_unit(reference)})")
        legend_right(ax, handles, groupby)
        return finish(ax, own_figure=own, show=show, save=save)


def _labels(axes: Sequence[str], thin: set[str]) -> list[str]:
    known, titles = signatures.axes(), axis_titles(axes)
    return [
        titles[axis]
        + (" *" if axis in thin else "")
        + _ARROWS.get(known[axis].direction if axis in known else "", "")
        for axis in axes
    ]


@shared_doc
def axis_heatmap(
    adata: AnnData,
    *,
    groupby: str,
    reference: str | None = None,
    sample_key: str | None = None,
    axes: Sequence[str] | None = None,
    key: str | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw the mean of each axis in each group, with the numbers.

    An arrow after a title is the direction that published contrasts agree on; a star
    marks an axis whose signatures have too few of their genes in the data.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.score` has scored.
    groupby
        Column of ``obs`` with the groups, one column of the map each.
    reference
        Reference group: its mean is 0 and the standard deviation of its cells 1.
    sample_key
        Column of ``obs`` with the samples: each sample then weighs the same.
    axes
        Axes to draw, in this order; all by default.
    {scores_key}
    {drawing}

    Raises
    ------
    DataError
        There are no scores, or no such axis, column or group.
    """
    table = axis_by_group(
        adata,
        groupby=groupby,
        reference=reference,
        sample_key=sample_key,
        axes=axes,
        key=key,
    )
    with style():
        size = (3.4 + 0.62 * table.shape[1], 0.8 + 0.21 * len(table))
        own, ax = ax is None, axes_for(ax, size)
        limit = max(float(np.nanmax(np.abs(table.to_numpy()))), 0.5)
        labels = _labels([str(axis) for axis in table.index], thin_axes(adata, key=key))
        draw_matrix(
            ax, table, limit=limit, rows=labels, label=f"SD of {_unit(reference)}"
        )
        return finish(ax, own_figure=own, show=show, save=save)
