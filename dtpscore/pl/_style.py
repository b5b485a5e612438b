"""Colors, fonts and the habits that all plots share.

Colors tell apart in gray too: the states get darker towards the persister, and the
first groups differ in lightness by at least 14 of 100 (CIE L*).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.pyplot as plt

from dtpscore._calling.states import STATE_COLORS as STATE_COLORS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STATE_HATCHES = {"low quality": "....", "uncertain": "////", "DTP-like cycling": "xx"}
_GROUP_COLORS = (
    "#CFCFCF",
    "#56B4E9",
    "#D55E00",
    "#332288",
    "#E69F00",
    "#009E73",
    "#CC79A7",
)
DIVERGING = "RdBu_r"
SEQUENTIAL = "cividis"
INK = "#222222"
QUIET = "#8A8A8A"

_RC: Any = {
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.edgecolor": INK,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "hatch.linewidth": 0.5,
}


def style() -> Any:
    """Context in which a plot is drawn; settings of the session stay as they are."""
    return mpl.rc_context(_RC)


def group_colors(names: Sequence[str]) -> dict[str, Any]:
    """Color of each group; the first group, the reference, is light gray."""
    if len(names) <= len(_GROUP_COLORS):
        return dict(zip(names, _GROUP_COLORS, strict=False))
    scale = plt.get_cmap(SEQUENTIAL)
    rest = len(names) - 1
    shades = [scale(place / max(rest - 1, 1)) for place in range(rest)]
    return dict(zip(names, [_GROUP_COLORS[0], *shades], strict=True))


def axes_for(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """Return the given Axes, or one on a new figure of this size in inches."""
    if ax is not None:
        return ax
    _, ax = plt.subplots(figsize=size, layout="constrained")
    return ax


def figure_of(ax: Axes) -> Figure:
    """Return the figure that holds an Axes."""
    figure = ax.get_figure(root=True)
    if figure is None:
        msg = "The Axes was taken off its figure. Give another ax."
        raise ValueError(msg)
    return figure


def finish(
    ax: Axes, *, own_figure: bool, show: bool | None, save: str | Path | None
) -> Axes:
    """Save and show a finished plot as asked, and return its Axes.

    Parameters
    ----------
    ax
        The Axes.
    own_figure
        Whether the figure was made for this plot.
    show
        Show it now; None shows a figure of its own in an interactive session.
    save
        File to write, with the ending that names the format.
    """
    if save is not None:
        figure_of(ax).savefig(save, dpi=200, bbox_inches="tight")
    if show or (show is None and own_figure and save is None and mpl.is_interactive()):
        plt.show()
    return ax


def legend_right(ax: Axes, handles: Sequence[Any], title: str | None = None) -> None:
    """Put a legend to the right of the Axes, where it hides no data."""
    legend = ax.legend(
        handles=list(handles),
        title=title,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        borderaxespad=0.0,
        alignment="left",
    )
    legend.get_title().set_fontsize(7.5)
