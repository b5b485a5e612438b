"""Coverage of signatures and confounders of results."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Patch

from dtpscore._frames import checks
from dtpscore._frames.scores import axis_titles
from dtpscore.pl._docs import shared_doc
from dtpscore.pl._matrix import draw_matrix
from dtpscore.pl._style import axes_for, finish, style

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData
    from matplotlib.axes import Axes


@shared_doc
def coverage(
    adata: AnnData,
    *,
    key: str | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw the share of each signature's genes that the data have.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.score` has scored.
    {scores_key}
    {drawing}

    Raises
    ------
    DataError
        There are no scores.
    """
    frame = checks.coverage(adata, key=key)
    rows = np.arange(len(frame))
    low = frame["low"].to_numpy(dtype=bool)
    with style():
        own, ax = ax is None, axes_for(ax, (5.6, 0.8 + 0.155 * len(frame)))
        bars = ax.barh(rows, frame["fraction"], height=0.74, color="#56B4E9")
        for bar, is_low in zip(bars, low, strict=True):
            if is_low:
                bar.set(facecolor="#D55E00", hatch="////", edgecolor="white")
        for row, (found, listed) in enumerate(
            zip(frame["n_found"], frame["n_listed"], strict=True)
        ):
            ax.text(1.01, row, f"{found}/{listed}", va="center", fontsize=6)
        ax.set_yticks(rows, list(frame.index), fontsize=6.5)
        ax.tick_params(axis="y", length=0)
        ax.set(xlim=(0, 1), ylim=(len(frame) - 0.4, -0.6))
        ax.set_xlabel("Share of the listed genes found")
        ax.spines["left"].set_visible(False)
        if low.any():
            handles = [
                Patch(fc="#56B4E9", label="enough genes"),
                Patch(fc="#D55E00", hatch="////", ec="white", label="too few genes"),
            ]
            ax.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
        return finish(ax, own_figure=own, show=show, save=save)


@shared_doc
def confounders(
    adata: AnnData,
    *,
    groupby: str,
    key: str | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw how results follow depth, cell cycle and handling stress within groups.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.score` has scored.
    groupby
        Column of ``obs`` with the groups; correlations are taken within them.
    {scores_key}
    {drawing}

    Raises
    ------
    DataError
        There are no scores or no such column, or every group is too small.
    """
    table = checks.confounders(adata, groupby=groupby, key=key)
    with style():
        size = (3.2 + 0.55 * table.shape[1], 1.2 + 0.2 * len(table))
        own, ax = ax is None, axes_for(ax, size)
        titles = axis_titles([str(name) for name in table.index])
        draw_matrix(
            ax,
            table,
            limit=1.0,
            rows=[titles[str(name)] for name in table.index],
            label="Spearman, within groups",
        )
        return finish(ax, own_figure=own, show=show, save=save)
