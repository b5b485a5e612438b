"""Why cells were called, and what returns when the drug is taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from dtpscore._frames import states as frames
from dtpscore._frames.scores import axis_titles
from dtpscore._results.elements import available
from dtpscore.errors import DataError
from dtpscore.pl._docs import shared_doc
from dtpscore.pl._style import INK, QUIET, axes_for, finish, style

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from anndata import AnnData
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

_READINGS = {
    "agrees": ("#332288", None, "as published"),
    "opposite": ("#D55E00", "////", "against the published direction"),
    "disagree": ("#88CCEE", None, "published contrasts disagree"),
    "not": ("#DDDDDD", "....", "not beyond random gene sets"),
}
_FIRST = ("index", "proliferation")


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
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw the axes that carry the calls of one group.

    A bar is the mean contribution of an axis to the shift of the called cells; an
    arrow says whether the axis is up or down in them. With several batches the means
    over batches are drawn.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.call` has called.
    group
        Group of the called cells.
    n_axes
        Axes to draw, the strongest.
    {calls_key}
    {drawing}

    Raises
    ------
    DataError
        The cells were not called, or none of this group was.
    """
    frame = frames.reasons(adata, group=group, key=key)
    several = len(set(frame["batch"])) > 1
    numbers = frame.groupby("axis", sort=False)[["difference", "contribution"]].mean()
    reading = frame.groupby("axis", sort=False)["reading"].first()
    order = numbers["contribution"].abs().sort_values(ascending=False, kind="stable")
    names = [str(name) for name in order.index[:n_axes]]
    numbers, reading = numbers.loc[names], reading.loc[names]
    titles, rows = axis_titles(names), np.arange(len(names), dtype=np.float64)
    kinds = [_kind(str(text)) for text in reading]
    with style():
        own, ax = ax is None, axes_for(ax, (6.2, 1.0 + 0.23 * len(names)))
        for row, kind, value in zip(rows, kinds, numbers["contribution"], strict=True):
            color, hatch, _ = _READINGS[kind]
            ax.barh(
                row, value, height=0.72, color=color, hatch=hatch, edgecolor="white"
            )
        ax.axvline(0, color=INK, linewidth=0.7)
        arrows = np.where(numbers["difference"] > 0, "\u2191", "\u2193")
        labels = [f"{titles[n]} {a}" for n, a in zip(names, arrows, strict=True)]
        ax.set_yticks(rows, labels)
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(len(names) - 0.4, -0.6)
        unit = ", mean over batches" if several else ""
        ax.set_xlabel(f"Contribution to the shift of called cells{unit}")
        ax.set_title(group)
        handles = [
            Patch(fc=color, hatch=hatch, ec="white", label=text)
            for kind, (color, hatch, text) in _READINGS.items()
            if kind in kinds
        ]
        ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.0))
        return finish(ax, own_figure=own, show=show, save=save)


def _draw_arms(ax: Axes, frame: pd.DataFrame, rows: NDArray[np.float64]) -> None:
    """Draw the difference on the drug, off it, and the interval of the way between."""
    ax.axvline(0, color=INK, linewidth=0.7, linestyle=(0, (4, 3)))
    ax.hlines(rows, frame["persister"], frame["holiday"], color=QUIET, lw=1.0)
    ax.hlines(
        rows,
        frame["persister"] + frame["returned_low"],
        frame["persister"] + frame["returned_high"],
        color="#009E73",
        lw=2.6,
        alpha=0.45,
    )
    ax.scatter(frame["persister"], rows, s=26, marker="D", color="#5B1248", zorder=3)
    ax.scatter(
        frame["holiday"],
        rows,
        s=24,
        marker="o",
        facecolor="white",
        edgecolor="#009E73",
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
    key: str | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw how far each axis is from the untreated cells, on and off the drug.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.call` has called, with a holiday group.
    group
        The holiday group, where there are several.
    {calls_key}
    {drawing}

    Raises
    ------
    DataError
        The cells were not called, there was no holiday group, or none of this name.
    """
    frame = _off_drug(frames.reversal(adata, key=key), group)
    first = frame["axis"].isin(_FIRST)
    size = frame["persister"].abs().where(~first, np.inf)
    frame = frame.iloc[np.argsort(-size.to_numpy(), kind="stable")]
    rows = np.arange(len(frame), dtype=np.float64)
    names = [str(name) for name in frame["axis"]]
    titles = axis_titles(names)
    with style():
        own, ax = ax is None, axes_for(ax, (6.2, 1.1 + 0.21 * len(frame)))
        _draw_arms(ax, frame, rows)
        ax.set_yticks(rows, [titles[name] for name in names])
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(len(frame) - 0.4, -0.6)
        ax.set_xlabel("Difference from untreated cells (standard deviations)")
        handles = [
            Line2D([], [], ls="", marker="D", ms=5, color="#5B1248", label="on drug"),
            Line2D(
                [],
                [],
                ls="-",
                lw=2.6,
                marker="o",
                ms=5,
                color="#8FCDB6",
                mfc="white",
                mec="#009E73",
                label="off drug, 95% interval",
            ),
        ]
        ax.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2)
        return finish(ax, own_figure=own, show=show, save=save)
