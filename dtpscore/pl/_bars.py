"""Stacked bars of shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dtpscore.pl._style import INK, SMALL, name_ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

# A segment narrower than this has no room for its number.
_ROOM = 0.08


@dataclass(frozen=True)
class Part:
    """One segment of every bar.

    Attributes
    ----------
    name
        Column of the frame, and text of the legend.
    color, hatch
        How it looks.
    numbered
        Whether its share is written into it.
    dark
        Whether text on it is white.
    """

    name: str
    color: str
    hatch: str | None = None
    numbered: bool = False
    dark: bool = False


def stacked_shares(
    ax: Axes,
    frame: pd.DataFrame,
    rows: NDArray[np.float64],
    *,
    parts: Sequence[Part],
    labels: Sequence[str],
    legend: bool = True,
) -> None:
    """Draw one horizontal bar per row, from 0 to 1, with a legend above.

    Parameters
    ----------
    ax
        Where to draw.
    frame
        Shares, one column per part.
    rows
        Position of each bar.
    parts
        Segments, from left to right; those that are nowhere get no entry of the legend.
    labels
        Text beside the bars.
    legend
        Whether to draw a legend.
    """
    left = np.zeros(len(frame))
    for part in parts:
        share = frame[part.name].to_numpy(dtype=np.float64)
        if not share.any():
            continue
        ax.barh(
            rows,
            share,
            left=left,
            height=0.78,
            color=part.color,
            hatch=part.hatch,
            edgecolor="white",
            linewidth=0.5,
            label=part.name,
        )
        for row, begin, value in zip(rows, left, share, strict=True):
            if part.numbered and value > _ROOM:
                ax.text(
                    begin + value / 2,
                    row,
                    f"{100 * value:.0f}%",
                    ha="center",
                    va="center",
                    color="white" if part.dark else INK,
                    fontsize=SMALL,
                )
        left += share
    name_ticks(ax.yaxis, rows, labels)
    ax.tick_params(axis="y", length=0)
    ax.set(xlim=(0, 1), ylim=(rows.max() + 0.6, -0.6))
    ax.spines["left"].set_visible(False)
    if legend:
        ax.legend(
            loc="lower left",
            bbox_to_anchor=(0, 1.0),
            ncols=3,
            columnspacing=1.0,
            handlelength=1.2,
        )
