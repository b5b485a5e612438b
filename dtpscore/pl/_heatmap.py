"""Mean of every axis in every group, as a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore import signatures
from dtpscore._text import short
from dtpscore.errors import DataError, OptionError
from dtpscore.get._axes import (
    axis_by_group,
    axis_titles,
    nuisance_axes,
    thin_axes,
)
from dtpscore.get._compare import differing_axes
from dtpscore.pl._docs import shared_doc
from dtpscore.pl._matrix import draw_matrix, matrix_height, robust_limit
from dtpscore.pl._scores import unit_name
from dtpscore.pl._style import (
    canvas,
    finish,
    style,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anndata import AnnData
    from matplotlib.axes import Axes

_DAGGER = " \u2020"
_ARROWS = {"up": " \u2191", "down": " \u2193"}


def _labels(axes: Sequence[str], thin: set[str], differ: set[str]) -> list[str]:
    known, titles = signatures.axes(), axis_titles(axes)
    return [
        titles[axis]
        + (" *" if axis in thin else "")
        + (_DAGGER if axis in differ else "")
        + _ARROWS.get(known[axis].direction if axis in known else "", "")
        for axis in axes
    ]


def _blocks(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Put nuisance axes below the others, with an empty row between."""
    names = [str(axis) for axis in table.index]
    last = nuisance_axes(names)
    first = [axis for axis in names if axis not in last]
    if not first or not last:
        return table, names
    empty = pd.DataFrame(np.nan, index=[""], columns=table.columns)
    return pd.concat([table.loc[first], empty, table.loc[last]]), [*first, "", *last]


def _limits(
    table: pd.DataFrame, vmin: float | None, vmax: float | None
) -> tuple[float, float]:
    """Choose the ends of the colors: those given, else robust and symmetric ones.

    Raises
    ------
    OptionError
        ``vmin`` is not below ``vmax``.
    """
    limit = robust_limit(table.to_numpy(dtype=np.float64))
    low = vmin if vmin is not None else -(vmax if vmax is not None else limit)
    high = vmax if vmax is not None else -low
    if not low < high:
        msg = f"vmin must be below vmax; they are {low:g} and {high:g}."
        raise OptionError(msg)
    return low, high


@shared_doc
def axis_heatmap(
    adata: AnnData,
    *,
    groupby: str,
    reference: str | None = None,
    sample_key: str | None = None,
    axes: Sequence[str] | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    compare_key: str | None = None,
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
    """Draw the mean of each axis in each group, with the numbers.

    An arrow after a title is the direction that published contrasts agree on. A star
    marks an axis whose signatures have too few of their genes in the data. Nuisance
    axes stand apart below the others.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.score` has scored.
    groupby
        Column of ``obs`` with the groups. Each is one column of the map.
    reference
        Reference group: its mean is 0 and the standard deviation of its cells is 1.
    sample_key
        Column of ``obs`` with the samples. With samples, each of them weighs the same.
    axes
        Axes (or own signatures) to draw, in this order. By default all are drawn.
    vmin, vmax
        Numbers of the first and the last color. By default the colors reach the 98th
        percentile of the sizes on both sides, so that one extreme bleaches nothing.
    compare_key
        Key of a result of `dtpscore.tl.compare`. Axes with a false discovery rate at or
        below 0.05 in a group of the map have a dagger.
    {scores_key}
    {group_order}
    palette
        Name of a color map.
    {look}

    {returns}

    Raises
    ------
    DataError
        There are no scores or no such comparison, axis, column or group.
    OptionError
        ``vmin`` is not below ``vmax``, or there is no such color map.

    See Also
    --------
    axis_scores : Scores of cells.
    compare : Differences between arms, with intervals.
    dtpscore.get.axes : The scores.

    Examples
    --------
    {scored}
    >>> ax = dtp.pl.axis_heatmap(adata, groupby="condition", show=False)
    """
    table = axis_by_group(
        adata,
        groupby=groupby,
        reference=reference,
        sample_key=sample_key,
        axes=axes,
        order=order,
        key=key,
    )
    if table.empty:
        msg = "No axis has a value: none of the scored genes is in these data."
        raise DataError(msg)
    names = [str(axis) for axis in table.index]
    if axes is None:
        table, names = _blocks(table)
    differ = set()
    if compare_key is not None:
        differ = differing_axes(
            adata, [str(name) for name in table.columns], key=compare_key
        )
    with style():
        size = (3.4 + 0.62 * table.shape[1], matrix_height(table, 0.21))
        drawn = canvas(ax, figsize, size)
        draw_matrix(
            drawn.ax,
            table,
            limits=_limits(table, vmin, vmax),
            rows=_labels(names, thin_axes(adata, key=key), differ),
            label=f"SD of {short(unit_name(reference))}",
            palette=palette,
        )
        return finish(
            drawn,
            name="axis_heatmap",
            title=title,
            return_fig=return_fig,
            show=show,
            save=save,
        )
