"""Calls by sample against time or dose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D

from dtpscore.errors import DataError
from dtpscore.get._arms import UNDECIDED, arms
from dtpscore.get._groups import Columns, columns
from dtpscore.get._samples import counts
from dtpscore.pl._docs import shared_doc
from dtpscore.pl._palette import column_colors
from dtpscore.pl._style import (
    INK,
    QUIET,
    SMALL,
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

# Times or doses that span more than this are drawn at equal distances.
_WIDEST = 30.0
# Names of ticks are turned where they have more letters together.
_LETTERS_IN_LINE = 40
# Width of a letter, inches.
_LETTER = 0.07


def _positions(table: pd.DataFrame) -> dict[float, float]:
    """Place of each time: its number, or its rank where the numbers span too much."""
    known = sorted(set(table["time_value"].dropna()))
    positive = [value for value in known if value > 0]
    wide = bool(positive) and positive[-1] / positive[0] > _WIDEST
    return {value: float(n) if wide else float(value) for n, value in enumerate(known)}


def _places(
    table: pd.DataFrame, holiday: Sequence[str]
) -> tuple[pd.Series, list[tuple[float, str]], float | None]:
    """Place of each sample along x, names of places, and where the holiday begins."""
    timed = "time_value" in table and table["time_value"].notna().any()
    off = table["group"].isin(holiday).to_numpy()
    if not timed:
        names = list(dict.fromkeys(table["group"]))
        place = {name: float(n) for n, name in enumerate(names)}
        return table["group"].map(place), [(n, name) for name, n in place.items()], None
    on = table[~off]
    place_of = _positions(on)
    x = table["time_value"].map(place_of).astype(np.float64)
    text = dict(zip(on["time_value"], on["time"], strict=True))
    ticks = [(n, str(text[value])) for value, n in place_of.items()]
    if not off.any():
        return x, ticks, None
    last = max(place_of.values())
    gap = max(last - min(place_of.values()), 1.0) * 0.16
    names = list(dict.fromkeys(table.loc[off, "group"]))
    beyond = {name: last + gap * (n + 1.2) for n, name in enumerate(names)}
    x = x.where(~off, table["group"].map(beyond))
    return x, [*ticks, *((n, name) for name, n in beyond.items())], last + 0.6 * gap


def _draw_arm(
    ax: Axes, own: pd.DataFrame, x: pd.Series, color: Any, *, line: bool, open_: bool
) -> None:
    """Draw a dot per sample, and the mean over samples of each time."""
    means = own.groupby(x, sort=True)["dtp_like"].mean()
    if line and len(means) > 1:
        ax.plot(means.index, means, color=color, linewidth=1.6, zorder=2)
    width = 0.012 * max(np.ptp(ax.get_xlim()), 1.0)
    ax.hlines(means, means.index - width, means.index + width, color=INK, lw=1.6)
    ax.scatter(
        x,
        own["dtp_like"],
        s=24,
        facecolor="white" if open_ else color,
        edgecolor=QUIET if open_ else INK,
        linewidth=1.1 if open_ else 0.6,
        hatch="////" if open_ else None,
        zorder=3,
    )


def _undecided(adata: AnnData, design: Columns, key: str | None) -> set[str]:
    """Find the groups of which nothing is decided at any time."""
    frame = arms(adata, design, key=key)
    if frame.empty:
        return set()
    open_ = frame.groupby("group")["verdict"].agg(lambda v: (v == UNDECIDED).all())
    return {str(name) for name in open_.index[open_.to_numpy()]}


def _written(
    ticks: Sequence[tuple[float, str]], inches: float, *, turned: bool
) -> list[str]:
    """Names of ticks, empty where one would touch the last that is written.

    Parameters
    ----------
    ticks
        Place and name of each tick, in the order of the places.
    inches
        Width of the axes.
    turned
        Whether the names are turned, so that only their height counts.
    """
    places = [place for place, _ in ticks]
    per_letter = _LETTER * max(max(places) - min(places), 1e-9) / inches
    written, end = [], -float("inf")
    for place, name in ticks:
        half = per_letter * (1 if turned else len(name) / 2)
        fits = place - half >= end
        written.append(name if fits else "")
        if fits:
            end = place + half + per_letter
    return written


@shared_doc
def shares(
    adata: AnnData,
    *,
    groupby: str | None = None,
    reference: str | None = None,
    sample_key: str | None = None,
    time_key: str | None = None,
    holiday: str | Sequence[str] | None = None,
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
    """Draw the share of DTP-like cells against time or dose, with a dot per sample.

    A short line is the mean over samples. Groups off the drug stand apart on the
    right. A group of which nothing was decided has open gray dots, so that it does not
    look like a group without DTP-like cells.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.call` has called.
    groupby, reference, sample_key
        Columns of ``obs`` with the groups and samples, and the reference group. By
        default those of the calls.
    time_key
        Column of ``obs`` with times or doses. By default that of the calls or of the
        order. Without one the groups stand side by side.
    holiday
        Group or groups off the drug. By default those of the calls.
    {calls_key}
    {group_order}
    {group_palette}
    {look}

    {returns}

    Raises
    ------
    DataError
        The cells were not called, a column or group does not exist, or no time can be
        read.
    OptionError
        The palette does not fit.

    See Also
    --------
    composition : Shares of all calls.
    dtpscore.get.samples : The numbers.

    Examples
    --------
    {called}
    >>> ax = dtp.pl.shares(adata, time_key="day", show=False)
    """
    design = columns(
        adata,
        groupby=groupby,
        reference=reference,
        sample_key=sample_key,
        time_key=time_key,
        holiday=holiday,
    )
    table = counts(
        adata,
        groupby=design.groupby,
        reference=design.reference,
        sample_key=design.sample_key,
        time_key=design.time_key,
        holiday=design.holiday,
        order=order,
        key=key,
    )
    table = table[table["dtp_like"].notna().to_numpy()].reset_index(drop=True)
    if table.empty:
        msg = "No cell of these groups has a call."
        raise DataError(msg)
    x, ticks, border = _places(table, design.holiday)
    names = list(dict.fromkeys(table["group"]))
    colors = column_colors(adata, design.groupby, names, palette)
    open_ = _undecided(adata, design, key)
    with style():
        drawn = canvas(ax, figsize, (max(4.6, 1.6 + 0.5 * len(ticks)), 3.2))
        ax = drawn.ax
        ends = [place for place, _ in ticks]
        room = 0.06 * max(max(ends) - min(ends), 1.0)
        ax.set_xlim(min(ends) - room, max(ends) + room)
        for name in names:
            own = (table["group"] == name).to_numpy()
            _draw_arm(
                ax,
                table[own],
                x[own],
                colors[name],
                line="time_value" in table and name not in design.holiday,
                open_=name in open_,
            )
        if border is not None:
            ax.axvline(border, color=QUIET, linewidth=0.8, linestyle=(0, (3, 2)))
            ax.annotate(
                "off the drug",
                (border, 1.0),
                (-2, -2),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                rotation=90,
                ha="right",
                va="top",
                fontsize=SMALL,
                color=QUIET,
            )
        turned = sum(len(name) for _, name in ticks) > _LETTERS_IN_LINE
        inches = ax.get_position().width * drawn.figure.get_figwidth()
        name_ticks(ax.xaxis, ends, _written(ticks, inches, turned=turned))
        if turned:
            for text in ax.get_xticklabels():
                text.set(rotation=40, ha="right", rotation_mode="anchor")
        top = min(max(0.1, 1.15 * float(table["dtp_like"].max())), 1.03)
        ax.set_ylim(-0.02 * top, top)
        ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")
        label_axes(ax, x=_x_name(design), y="DTP-like cells of a sample")
        legend_right(ax, _handles(names, colors, open_), design.groupby)
        return finish(
            drawn,
            name="shares",
            title=title,
            return_fig=return_fig,
            show=show,
            save=save,
        )


def _x_name(design: Columns) -> str | None:
    return design.time_key if design.time_key is not None else None


def _handles(names: list[str], colors: dict[str, Any], open_: set[str]) -> list[Line2D]:
    return [
        Line2D(
            [],
            [],
            ls="",
            marker="o",
            ms=5,
            mfc="white" if name in open_ else colors[name],
            mec=QUIET if name in open_ else INK,
            mew=1.1 if name in open_ else 0.6,
            label=legend_name(name) + (" (not decided)" if name in open_ else ""),
        )
        for name in names
    ]
