"""Coverage of signatures and confounders of results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import Patch

from dtpscore._results.elements import available
from dtpscore.errors import DataError
from dtpscore.get import _checks as checks
from dtpscore.get._axes import axis_titles
from dtpscore.pl._docs import shared_doc
from dtpscore.pl._matrix import draw_matrix, matrix_height
from dtpscore.pl._style import (
    SMALL,
    canvas,
    finish,
    label_axes,
    name_ticks,
    pair_of,
    style,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    from anndata import AnnData
    from matplotlib.axes import Axes

_ENOUGH, _FEW = "#56B4E9", "#D55E00"


def rows_in_order(
    frame: pd.DataFrame, order: Sequence[str] | None, what: str
) -> pd.DataFrame:
    """Rows of a frame that the user asked for, by their names and in their order.

    Raises
    ------
    DataError
        There is no such row.
    """
    if order is None:
        return frame
    names = [str(name) for name in order]
    known = [str(name) for name in frame.index]
    missing = [name for name in names if name not in known]
    if missing:
        msg = f"No {what} {available(missing)}. There are: {available(known)}."
        raise DataError(msg)
    return frame.iloc[[known.index(name) for name in names]]


@shared_doc
def coverage(
    adata: AnnData,
    *,
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
    """Draw the share of each signature's genes that the data have.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.score` has scored.
    {scores_key}
    order
        Signatures to draw, in this order. By default all are drawn by axis, those with
        the fewest genes first.
    palette
        Two colors: of signatures with enough and with too few genes.
    {look}

    {returns}

    Raises
    ------
    DataError
        There are no scores, or no such signature.
    OptionError
        The palette does not fit.

    See Also
    --------
    dtpscore.get.coverage : The numbers.

    Examples
    --------
    {scored}
    >>> ax = dtp.pl.coverage(adata, show=False)
    """
    frame = rows_in_order(checks.coverage(adata, key=key), order, "signature")
    rows = np.arange(len(frame))
    low = frame["low"].to_numpy(dtype=bool)
    enough, few = pair_of(palette, (_ENOUGH, _FEW), "enough genes, too few genes")
    with style():
        drawn = canvas(ax, figsize, (5.6, 0.8 + 0.165 * len(frame)))
        ax = drawn.ax
        bars = ax.barh(rows, frame["fraction"], height=0.74, color=enough)
        for bar, is_low in zip(bars, low, strict=True):
            if is_low:
                bar.set(facecolor=few, hatch="////", edgecolor="white")
        counted = zip(frame["n_found"], frame["n_listed"], strict=True)
        for row, (found, listed) in enumerate(counted):
            ax.text(1.01, row, f"{found}/{listed}", va="center", fontsize=SMALL)
        name_ticks(ax.yaxis, rows, frame.index, fontsize=SMALL)
        ax.tick_params(axis="y", length=0)
        ax.set(xlim=(0, 1), ylim=(len(frame) - 0.4, -0.6))
        label_axes(ax, x="Share of the listed genes found")
        ax.spines["left"].set_visible(False)
        if low.any():
            handles = [
                Patch(fc=enough, label="enough genes"),
                Patch(fc=few, hatch="////", ec="white", label="too few genes"),
            ]
            ax.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
        return finish(
            drawn,
            name="coverage",
            title=title,
            return_fig=return_fig,
            show=show,
            save=save,
        )


@shared_doc
def confounders(
    adata: AnnData,
    *,
    groupby: str,
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
    """Draw how results follow depth, cell cycle and handling stress within groups.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.score` has scored.
    groupby
        Column of ``obs`` with the groups. Correlations are taken within them.
    {scores_key}
    order
        Results (axes, ``"index"``, ``"shift"``, ``"pseudotime"``) to draw, in this
        order.
    palette
        Name of a color map.
    {look}

    {returns}

    Raises
    ------
    DataError
        There are no scores or no such column or result, or every group is too small.
    OptionError
        There is no such color map.

    See Also
    --------
    coverage : Genes found.

    Examples
    --------
    {scored}
    >>> ax = dtp.pl.confounders(adata, groupby="condition", show=False)
    """
    table = checks.confounders(adata, groupby=groupby, key=key)
    table = rows_in_order(table, order, "result")
    with style():
        size = (3.2 + 0.55 * table.shape[1], 0.4 + matrix_height(table, 0.2))
        drawn = canvas(ax, figsize, size)
        titles = axis_titles([str(name) for name in table.index])
        draw_matrix(
            drawn.ax,
            table,
            limits=(-1.0, 1.0),
            rows=[titles[str(name)] for name in table.index],
            label="Spearman, within groups",
            palette=palette,
        )
        return finish(
            drawn,
            name="confounders",
            title=title,
            return_fig=return_fig,
            show=show,
            save=save,
        )
