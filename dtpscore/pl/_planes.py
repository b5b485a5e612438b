"""Cells on the planes that the calls are read on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from scipy.stats import gaussian_kde

from dtpscore import _keys
from dtpscore.errors import DataError
from dtpscore.get import _calls as calls
from dtpscore.get._groups import columns, groups
from dtpscore.pl._docs import shared_doc
from dtpscore.pl._palette import state_colors
from dtpscore.pl._style import (
    INK,
    Canvas,
    canvas,
    finish,
    label_axes,
    legend_right,
    set_title,
    style,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    from anndata import AnnData
    from matplotlib.axes import Axes

_MARKERS = {
    "low quality": ".",
    "parental-like": "o",
    "not decided": "p",
    "uncertain": "s",
    "shifted": "v",
    "DTP-like cycling": "^",
    "DTP-like": "D",
}
# Reference cells that a density needs, and those it is made of at most.
_FEWEST, _MOST = 10, 3000
_DASHED, _DOTTED = (0, (4, 2)), (0, (1, 1.5))


def _scatter(
    ax: Axes, cells: pd.DataFrame, x: str, y: str, *, colors: dict[str, Any]
) -> None:
    """Draw cells by call, those of the persisters above the others."""
    for state in ("low quality", *calls.STATES[:-1]):
        own = cells[(cells["call"] == state).to_numpy()]
        if own.empty:
            continue
        dark = state.startswith("DTP")
        ax.scatter(
            own[x],
            own[y],
            s=11 if dark else 7,
            marker=_MARKERS[state],
            color=colors[state],
            edgecolor="white" if dark else "none",
            linewidth=0.25,
            rasterized=True,
        )


def _density(ax: Axes, cells: pd.DataFrame, x: str, y: str) -> None:
    """Draw where the reference cells are, as gray levels of their density."""
    known = cells[[x, y]].dropna().to_numpy()[:_MOST].T
    if known.shape[1] < _FEWEST or np.ptp(known, axis=1).min() <= 0:
        return
    low, high = known.min(axis=1), known.max(axis=1)
    room = 0.15 * (high - low)
    first, second = (
        np.linspace(start, end, 60)
        for start, end in zip(low - room, high + room, strict=True)
    )
    grid = np.array(np.meshgrid(first, second))
    density = gaussian_kde(known)(grid.reshape(2, -1)).reshape(grid.shape[1:])
    top = density.max()
    levels = [0.08 * top, 0.3 * top, 0.6 * top, top]
    grays = ["#EEEEEE", "#DDDDDD", "#CBCBCB"]
    ax.contourf(first, second, density, levels=levels, colors=grays, zorder=0)


def _state_handles(frame: pd.DataFrame, colors: dict[str, Any]) -> list[Line2D]:
    sizes = frame["call"].value_counts()
    return [
        Line2D(
            [],
            [],
            ls="",
            marker=_MARKERS[state],
            ms=5,
            mfc=colors[state],
            mec="white" if state.startswith("DTP") else colors[state],
            label=f"{state} ({sizes[state]:,})",
        )
        for state in reversed(calls.STATES)
        if sizes.get(state, 0)
    ]


@shared_doc
def index_proliferation(
    adata: AnnData,
    *,
    key: str | None = None,
    palette: Any = None,
    figsize: tuple[float, float] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
    return_fig: bool = False,
    show: bool | None = None,
    save: str | Path | bool | None = None,
) -> Any:
    """Draw cells on the plane of index and proliferation, with the thresholds.

    The plane tells cycling from resting persisters. It does not show the shift, which
    decides whether a cell is called; `decision` does.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.call` has called.
    {calls_key}
    {state_palette}
    {look}

    {returns}

    Raises
    ------
    DataError
        The cells were not called.
    OptionError
        The palette does not fit.

    See Also
    --------
    decision : The plane that the calls are decided on.

    Examples
    --------
    {called}
    >>> ax = dtp.pl.index_proliferation(adata, show=False)
    """
    frame = calls.plane(adata, key=key)
    limits = calls.thresholds(adata, key=key)
    colors = state_colors(adata, key or _keys.CALL, palette)
    with style():
        drawn = canvas(ax, figsize, (7.4, 3.8))
        ax = drawn.ax
        _scatter(ax, frame, "index", "proliferation", colors=colors)
        handles = _state_handles(frame, colors)
        for value in limits["index"].unique():
            ax.axvline(value, color=INK, linewidth=0.8, linestyle=_DASHED)
        for value in limits["proliferation"].unique():
            ax.axhline(value, color=INK, linewidth=0.8, linestyle=_DOTTED)
        lines = (
            ("index under which a cell is not named", _DASHED),
            ("proliferation from which a call is cycling", _DOTTED),
        )
        for text, dashes in lines if len(limits) else ():
            handles.append(
                Line2D([], [], color=INK, linewidth=0.8, linestyle=dashes, label=text)
            )
        label_axes(
            ax,
            x="Index (standard deviations of the reference)",
            y="Proliferation (standard deviations\nof the reference)",
        )
        legend_right(ax, handles, "call (cells)")
        return finish(
            drawn,
            name="index_proliferation",
            title=title,
            return_fig=return_fig,
            show=show,
            save=save,
        )


def _limits(ax: Axes, cells: pd.DataFrame, lows: Sequence[float]) -> None:
    """Draw the smallest shift that was called, and the index that a call needs."""
    called = cells.loc[cells["called"].to_numpy(), "shift"]
    if len(called):
        ax.axvline(float(called.min()), color=INK, linewidth=0.8, linestyle=_DASHED)
    for value in lows:
        ax.axhline(value, color=INK, linewidth=0.8, linestyle=_DOTTED)


@shared_doc
def decision(
    adata: AnnData,
    *,
    groupby: str | None = None,
    reference: str | None = None,
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
    """Draw the plane that the calls are decided on, with one panel per group.

    A cell is called where its shift is large; it is DTP-like where its index is not
    low as well. Gray is the density of the reference cells. The shift is learned for
    each group apart, so only cells of one panel can be compared.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.call` has called against a reference.
    groupby, reference
        Column of ``obs`` with the groups, and the reference group. By default those of
        the calls.
    {calls_key}
    {group_order}
    {state_palette}
    {look}

    {returns_panels}

    Raises
    ------
    DataError
        The cells were not called, or not against a reference.
    OptionError
        The palette does not fit.

    See Also
    --------
    index_proliferation : Cycling and resting cells.

    Examples
    --------
    {called}
    >>> axes = dtp.pl.decision(adata, show=False)
    """
    frame = calls.plane(adata, key=key)
    if frame["shift"].isna().all():
        msg = (
            "These cells have no shift: they were not called against a reference. "
            "Draw dtpscore.pl.index_proliferation instead."
        )
        raise DataError(msg)
    design = columns(adata, groupby=groupby, reference=reference)
    frame["group"] = groups(adata, design.groupby, design.reference, order=order)
    colors = state_colors(adata, key or _keys.CALL, palette)
    names = [n for n in frame["group"].cat.categories if n != design.reference]
    names = [n for n in names if (frame["group"] == n).any()]
    base = frame[(frame["group"] == design.reference).to_numpy()]
    lows = calls.thresholds(adata, key=key)["index"].unique()
    with style():
        across = min(3, len(names))
        down = -(-len(names) // across)
        drawn = canvas(
            ax,
            figsize,
            (2.2 + 2.5 * across, 2.6 * down + 0.3),
            panels=(down, across),
            sharey=True,
        )
        if drawn.own:
            for extra in drawn.axes[len(names) :]:
                extra.remove()
            drawn = Canvas(drawn.axes[: len(names)], own=True)
        else:
            names = [", ".join(names)] if len(names) == 1 else [""]
        for panel, name in zip(drawn.axes, names, strict=True):
            inside = (frame["group"] == name).to_numpy()
            shown = frame[inside] if inside.any() else frame.drop(base.index)
            _density(panel, base, "shift", "index")
            _scatter(panel, shown, "shift", "index", colors=colors)
            _limits(panel, shown, lows)
            if name:
                set_title(panel, name, fontsize=8)
        _name(drawn, frame, colors)
        return finish(
            drawn,
            name="decision",
            title=title,
            return_fig=return_fig,
            show=show,
            save=save,
        )


def _name(drawn: Canvas, frame: pd.DataFrame, colors: dict[str, Any]) -> None:
    """Names of the axes, and the legend."""
    x, y = "Shift (standard deviations)", "Index (standard deviations)"
    handles = _state_handles(frame, colors)
    for text, dashes in (
        ("smallest shift that was called", _DASHED),
        ("index under which a cell is not named", _DOTTED),
    ):
        handles.append(
            Line2D([], [], color=INK, linewidth=0.8, linestyle=dashes, label=text)
        )
    if len(drawn.axes) == 1:
        label_axes(drawn.ax, x=x, y=y)
        legend_right(drawn.ax, handles, "call (cells)")
        return
    drawn.figure.supxlabel(x, fontsize=8)
    drawn.figure.supylabel(y, fontsize=8)
    drawn.figure.legend(
        handles=handles,
        loc="outside right upper",
        title="call (cells)",
        alignment="left",
    )
