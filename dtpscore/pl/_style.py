"""Colors, fonts, and how every plot begins and ends.

Colors can be told apart in gray: the states get darker towards the persister, and the
first groups differ in lightness by at least 14 of 100 (CIE L*).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from dtpscore._calling.states import STATE_COLORS
from dtpscore._text import short
from dtpscore.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

STATE_HATCHES = {
    "low quality": "..",
    "not decided": "||",
    "uncertain": "////",
    "shifted": "\\\\",
    "DTP-like cycling": "xx",
}
DIVERGING = "RdBu_r"
SEQUENTIAL = "cividis"
UP, DOWN = "#B2182B", "#2166AC"
INK = "#222222"
QUIET = "#6E6E6E"
SAMPLE = "#FFD23F"
# No text of any plot is smaller than this, in points.
SMALL = 7.0
__all__ = ["STATE_COLORS", "STATE_HATCHES"]

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
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "hatch.linewidth": 0.5,
    # Names of groups and samples are drawn as they are, a dollar sign included.
    "text.parse_math": False,
    "text.usetex": False,
}


def style() -> Any:
    """Context in which a plot is drawn; settings of the session stay as they are."""
    return mpl.rc_context(_RC)


@dataclass(frozen=True)
class Canvas:
    """Where a plot is drawn.

    Attributes
    ----------
    axes
        The Axes, one or several.
    own
        Whether the figure was made for this plot.
    """

    axes: tuple[Axes, ...]
    own: bool

    @property
    def ax(self) -> Axes:
        """The first Axes."""
        return self.axes[0]

    @property
    def figure(self) -> Figure:
        """The figure that holds the Axes."""
        return figure_of(self.ax)


def canvas(
    ax: Axes | None,
    figsize: tuple[float, float] | None,
    size: tuple[float, float],
    *,
    panels: tuple[int, int] = (1, 1),
    **shared: Any,
) -> Canvas:
    """Use the given Axes, or make some on a new figure.

    Parameters
    ----------
    ax
        Axes to draw on; None for a new figure.
    figsize
        Size of a new figure in inches that the user asked for.
    size
        Its size where the user asked for none.
    panels
        Rows and columns of Axes on a new figure.
    shared
        Further arguments of `matplotlib.pyplot.subplots`.
    """
    if ax is not None:
        return Canvas((ax,), own=False)
    rows, columns = panels
    _, made = plt.subplots(
        rows,
        columns,
        figsize=figsize or size,
        layout="constrained",
        squeeze=False,
        **shared,
    )
    return Canvas(tuple(made.ravel()), own=True)


def figure_of(ax: Axes) -> Figure:
    """Return the figure that holds an Axes."""
    figure = ax.get_figure(root=True)
    if figure is None:
        msg = "The Axes was taken off its figure. Give another ax."
        raise ValueError(msg)
    return figure


def _file(name: str, save: str | Path | bool) -> Path:  # noqa: FBT001
    """File to save a plot to.

    True gives ``figures/NAME.pdf``, and an ending alone, such as ``".png"``, another
    format there. Where scanpy is loaded, its folder and format are used.
    """
    if save is not True and not (isinstance(save, str) and save.startswith(".")):
        return Path(str(save)).expanduser()
    settings = getattr(sys.modules.get("scanpy"), "settings", None)
    folder = Path(getattr(settings, "figdir", "figures"))
    ending = f".{getattr(settings, 'file_format_figs', 'pdf')}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}{ending if save is True else save}"


def finish(
    drawn: Canvas,
    *,
    name: str,
    title: str | None,
    return_fig: bool,
    show: bool | None,
    save: str | Path | bool | None,
) -> Any:
    """Give a finished plot its title, save and show it as asked, and return it.

    Parameters
    ----------
    drawn
        What was drawn on.
    name
        Name of the file where ``save`` is True.
    title
        Text above the plot; None leaves what is there.
    return_fig
        Return the figure instead of the Axes.
    show
        Show it now; None shows a figure of its own in an interactive session.
    save
        File to write, or True.

    Returns
    -------
    The Axes, a list of Axes where there are several, or the figure.
    """
    if title is not None:
        if len(drawn.axes) > 1:
            figure = drawn.figure
            figure.suptitle(short(title, 90), x=0.01, ha="left", fontweight="bold")
        else:
            set_title(drawn.ax, title)
    if save:
        drawn.figure.savefig(_file(name, save), dpi=200, bbox_inches="tight")
    alone = drawn.own and not save and not return_fig
    if show or (show is None and alone and mpl.is_interactive()):
        plt.show()
    if return_fig:
        return drawn.figure
    return drawn.ax if len(drawn.axes) == 1 else list(drawn.axes)


def set_title(ax: Axes, text: object, **more: Any) -> None:
    """Put a text above an Axes; it is drawn as it is."""
    ax.set_title(short(text, 90), parse_math=False, **more)


def name_ticks(axis: Axis, places: Any, names: Iterable[object], **more: Any) -> None:
    """Put names from the data beside or under a plot, as they are.

    Parameters
    ----------
    axis
        ``ax.xaxis`` or ``ax.yaxis``.
    places
        Where the names go.
    names
        The names. Long ones lose their middle.
    more
        Further properties of the texts.
    """
    axis.set_ticks(places, [short(name) for name in names], parse_math=False, **more)


def label_axes(ax: Axes, *, x: str | None = None, y: str | None = None) -> None:
    """Name the axes of a plot; the texts are drawn as they are."""
    if x is not None:
        ax.set_xlabel(x, parse_math=False)
    if y is not None:
        ax.set_ylabel(y, parse_math=False)


def legend_right(ax: Axes, handles: Sequence[Any], title: str | None = None) -> None:
    """Put a legend to the right of the Axes, where it hides no data."""
    legend = ax.legend(
        handles=list(handles),
        title=None if title is None else short(title),
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        borderaxespad=0.0,
        alignment="left",
    )
    legend.get_title().set_fontsize(7.5)
    # The group of a legend may be called "$x$" or "_none": both are names.
    for text in legend.get_texts():
        text.set_parse_math(False)


def legend_name(name: object) -> str:
    """Name of an entry of a legend; matplotlib hides entries that begin with ``_``."""
    text = short(name)
    return f"\u200b{text}" if text.startswith("_") else text


def pair_of(palette: Any, default: tuple[str, ...], what: str) -> tuple[Any, ...]:
    """Colors of a plot with a fixed number of them.

    Parameters
    ----------
    palette
        What the user gave: a list of colors, or None.
    default
        Colors where nothing is given.
    what
        What the colors are for, in words.

    Raises
    ------
    OptionError
        The palette has another number of colors.
    """
    if palette is None:
        return default
    given = tuple(palette.values()) if isinstance(palette, dict) else tuple(palette)
    if isinstance(palette, str) or len(given) != len(default):
        msg = f"palette must be a list of {len(default)} colors ({what})."
        raise OptionError(msg)
    return given


def colormap(palette: Any, default: str) -> Any:
    """Color map of a plot of numbers: the one that is given, or the default."""
    if palette is None:
        return default
    if isinstance(palette, str) and palette not in mpl.colormaps:
        msg = (
            f"palette must be the name of a color map of matplotlib, such as 'RdBu_r', "
            f"not {palette!r}."
        )
        raise OptionError(msg)
    return palette


def spread_colors(n: int) -> list[Any]:
    """Colors for many names, from dark to light."""
    return list(plt.get_cmap(SEQUENTIAL)(np.linspace(0, 1, n)))
