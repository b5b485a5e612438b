"""Why cells were called, and what returns when the drug is taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from dtpscore._results.elements import available
from dtpscore._text import short
from dtpscore.errors import DataError, OptionError
from dtpscore.get import _calls as frames
from dtpscore.get._axes import axis_titles
from dtpscore.get._reversal import by_axis
from dtpscore.pl._checks import rows_in_order
from dtpscore.pl._docs import shared_doc
from dtpscore.pl._style import (
    INK,
    QUIET,
    canvas,
    finish,
    label_axes,
    name_ticks,
    pair_of,
    set_title,
    style,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    from anndata import AnnData
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

_READINGS = {
    "agrees": ("#332288", None, "as published"),
    "opposite": ("#D55E00", "////", "against the published direction"),
    "disagree": ("#88CCEE", None, "published contrasts disagree"),
    "not": ("#DDDDDD", None, "not beyond random gene sets"),
}
_FIRST = ("index", "proliferation")
_ON, _OFF = "#5B1248", "#009E73"


def _looks(palette: Any) -> dict[str, tuple[Any, str | None, str]]:
    """Color, hatching and text of each reading.

    Raises
    ------
    OptionError
        The palette has another number of colors, or names another reading.
    """
    if isinstance(palette, dict):
        unknown = [name for name in palette if name not in _READINGS]
        if unknown:
            msg = (
                f"palette has no reading {available(unknown)}. Readings are: "
                f"{available(_READINGS)}."
            )
            raise OptionError(msg)
        colors = {name: palette.get(name, look[0]) for name, look in _READINGS.items()}
    else:
        default = tuple(look[0] for look in _READINGS.values())
        chosen = pair_of(palette, default, "one per reading")
        colors = dict(zip(_READINGS, chosen, strict=True))
    return {name: (colors[name], *look[1:]) for name, look in _READINGS.items()}


def _kind(reading: str) -> str:
    if reading in _READINGS:
        return reading
    return "disagree" if "disagree" in reading else "not"


@shared_doc
def reasons(
    adata: AnnData,
    *,
    group: str,
    n_axes: int = 12,
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
    """Draw the axes that carry the calls of one group.

    A bar is the mean contribution of an axis to the shift of the called cells, in
    which a gene of several axes counts for the strongest of them alone; an arrow says
    whether the axis is up or down in them. With several batches the means
    over batches are drawn.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.call` has called.
    group
        Group of the called cells.
    n_axes
        Number of axes to draw: the strongest ones.
    {calls_key}
    order
        Axes to draw, in this order, in place of the strongest.
    palette
        Colors by reading: a dict with the keys ``"agrees"``, ``"opposite"``,
        ``"disagree"`` and ``"not"``, or four colors in this order.
    {look}

    {returns}

    Raises
    ------
    DataError
        The cells were not called, or none of this group was.
    OptionError
        The palette does not fit.

    See Also
    --------
    dtpscore.get.calls : The strongest axes of each cell.

    Examples
    --------
    {called}
    >>> ax = dtp.pl.reasons(adata, group="treated", show=False)
    """
    frame = frames.reasons(adata, group=group, key=key)
    several = len(set(frame["batch"])) > 1
    numbers = frames.over_batches(frame)
    if order is None:
        order = [str(name) for name in numbers.index[:n_axes]]
    numbers = rows_in_order(numbers, order, "axis")
    names = [str(name) for name in numbers.index]
    looks = _looks(palette)
    titles, rows = axis_titles(names), np.arange(len(names), dtype=np.float64)
    kinds = [_kind(str(text)) for text in numbers["reading"]]
    with style():
        drawn = canvas(ax, figsize, (6.2, 1.0 + 0.23 * len(names)))
        ax = drawn.ax
        for row, kind, value in zip(rows, kinds, numbers["counted_once"], strict=True):
            color, hatch, _ = looks[kind]
            ax.barh(
                row, value, height=0.72, color=color, hatch=hatch, edgecolor="white"
            )
        ax.axvline(0, color=INK, linewidth=0.7)
        arrows = np.where(numbers["difference"] > 0, "\u2191", "\u2193")
        labels = [f"{titles[n]} {a}" for n, a in zip(names, arrows, strict=True)]
        name_ticks(ax.yaxis, rows, labels)
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(len(names) - 0.4, -0.6)
        unit = ", mean over batches" if several else ""
        label_axes(ax, x=f"Contribution to the shift of called cells{unit}")
        set_title(ax, group)
        handles = [
            Patch(fc=color, hatch=hatch, ec="white", label=text)
            for kind, (color, hatch, text) in looks.items()
            if kind in kinds
        ]
        ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.0))
        return finish(
            drawn,
            name="reasons",
            title=title,
            return_fig=return_fig,
            show=show,
            save=save,
        )


def _draw_arms(
    ax: Axes, frame: pd.DataFrame, rows: NDArray[np.float64], *, on: Any, off: Any
) -> None:
    """Draw the difference on the drug, off it, and the interval of the way between."""
    ax.axvline(0, color=INK, linewidth=0.7, linestyle=(0, (4, 3)))
    ax.hlines(rows, frame["persister"], frame["holiday"], color=QUIET, lw=1.0)
    ax.hlines(
        rows,
        frame["persister"] + frame["returned_low"],
        frame["persister"] + frame["returned_high"],
        color=off,
        lw=2.6,
        alpha=0.45,
    )
    ax.scatter(frame["persister"], rows, s=26, marker="D", color=on, zorder=3)
    ax.scatter(
        frame["holiday"],
        rows,
        s=24,
        marker="o",
        facecolor="white",
        edgecolor=off,
        linewidth=1.3,
        zorder=3,
    )


def _off_drug(frame: pd.DataFrame | None, group: str | None) -> pd.DataFrame:
    """Rows of one holiday group."""
    if frame is None:
        msg = (
            "There are no cells off the drug among these calls. Pass holiday to "
            "dtpscore.tl.call where there is such a group."
        )
        raise DataError(msg)
    names = list(dict.fromkeys(frame["group"].astype(str)))
    if group is None and len(names) == 1:
        group = names[0]
    if group not in names:
        given = "Pass group" if group is None else f"There is no {group!r}"
        msg = f"{given}: the holiday groups of these calls are {available(names)}."
        raise DataError(msg)
    return frame[(frame["group"] == group).to_numpy()].reset_index(drop=True)


@shared_doc
def reversal(
    adata: AnnData,
    *,
    group: str | None = None,
    n_axes: int | None = None,
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
    """Draw how far each axis is from the untreated cells, on and off the drug.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.call` has called, with a holiday group.
    group
        The holiday group, where there are several.
    n_axes
        Number of rows to draw: those that come first. By default all are drawn.
    {calls_key}
    order
        Axes to draw, in this order. By default those with the largest difference on
        the drug come first, below the index and proliferation.
    palette
        Two colors: on the drug, and off it.
    {look}

    {returns}

    Raises
    ------
    DataError
        The cells were not called, there was no holiday group, or none of this name.
    OptionError
        The palette does not fit.

    See Also
    --------
    dtpscore.get.reversal : The numbers, and the share of cells that returned.

    Examples
    --------
    {called}
    >>> ax = dtp.pl.reversal(adata, show=False)
    """
    frames.states(adata, key)
    frame = _off_drug(by_axis(adata, key=key), group)
    on, off = pair_of(palette, (_ON, _OFF), "on the drug, off the drug")
    first = frame["axis"].isin(_FIRST)
    size = frame["persister"].abs().where(~first, np.inf)
    frame = frame.iloc[np.argsort(-size.to_numpy(), kind="stable")]
    if order is None:
        frame = frame.head(n_axes or len(frame))
    frame = rows_in_order(frame.set_index("axis"), order, "axis").reset_index()
    rows = np.arange(len(frame), dtype=np.float64)
    names = [str(name) for name in frame["axis"]]
    titles = axis_titles(names)
    with style():
        drawn = canvas(ax, figsize, (6.2, 1.1 + 0.21 * len(frame)))
        ax = drawn.ax
        _draw_arms(ax, frame, rows, on=on, off=off)
        name_ticks(ax.yaxis, rows, [titles[name] for name in names])
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(len(frame) - 0.4, -0.6)
        label_axes(ax, x="Difference from untreated cells (standard deviations)")
        handles = [
            Line2D([], [], ls="", marker="D", ms=5, color=on, label="on the drug"),
            Line2D(
                [],
                [],
                ls="-",
                lw=2.6,
                marker="o",
                ms=5,
                color=off,
                mfc="white",
                mec=off,
                label=f"{short(frame['group'].iloc[0])}, 95% interval",
            ),
        ]
        ax.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2)
        return finish(
            drawn,
            name="reversal",
            title=title,
            return_fig=return_fig,
            show=show,
            save=save,
        )
