"""Values along the path, and which of them moves first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dtpscore._frames import trends as frames
from dtpscore._frames.scores import axis_titles
from dtpscore.errors import DataError, OptionError
from dtpscore.pl._docs import shared_doc
from dtpscore.pl._style import INK, axes_for, finish, style

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anndata import AnnData
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

_N_SHOWN = 6
_LINES = (
    ("#332288", "-"),
    ("#D55E00", (0, (6, 1.5))),
    ("#009E73", (0, (3, 1.2))),
    ("#56B4E9", "-"),
    ("#AA4499", (0, (6, 1.5, 1, 1.5))),
    ("#8A6D00", (0, (1.2, 1))),
)
_UP, _DOWN = "#B2182B", "#2166AC"


def _apart(places: NDArray[np.float64], least: float) -> NDArray[np.float64]:
    """Move labels apart so that none covers another, keeping their order."""
    order = np.argsort(places, kind="stable")
    spread = places[order].copy()
    for row in range(1, len(spread)):
        spread[row] = max(spread[row], spread[row - 1] + least)
    spread -= (spread - places[order]).mean()
    result = np.empty_like(spread)
    result[order] = spread
    return result


@shared_doc
def trends(
    adata: AnnData,
    *,
    features: Sequence[str] | None = None,
    key: str | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw axes or genes along the path, with 95% intervals.

    Parameters
    ----------
    adata
        Data with the result of `dtpscore.tl.trends`.
    features
        Axes or genes to draw, at most six; by default those that change most.
    {run_key}
    {drawing}

    Raises
    ------
    DataError
        There are no trends, or none of such a feature.
    OptionError
        More than six features are given.
    """
    names = (
        frames.leading(adata, _N_SHOWN, key=key) if features is None else list(features)
    )
    if len(names) > _N_SHOWN:
        msg = f"At most {_N_SHOWN} lines can be told apart; {len(names)} were given."
        raise OptionError(msg)
    table = frames.curves(adata, names, key=key)
    record = frames.record(adata, key)
    titles = axis_titles(names)
    with style():
        own, ax = ax is None, axes_for(ax, (6.6, 3.4))
        ends = []
        for name, (color, line) in zip(names, _LINES, strict=False):
            one = table[(table["feature"] == name).to_numpy()]
            x = one["pseudotime"].to_numpy()
            ax.fill_between(x, one["low"], one["high"], color=color, alpha=0.16, lw=0)
            ax.plot(x, one["mean"], color=color, linestyle=line, linewidth=1.7)
            ends.append((x[-1], float(one["mean"].iloc[-1])))
        low, high = ax.get_ylim()
        where = np.array([y for _, y in ends])
        for name, (color, _), (x, y), place in zip(
            names, _LINES, ends, _apart(where, (high - low) * 0.062), strict=False
        ):
            ax.annotate(
                titles[name],
                xy=(x, y),
                xytext=(ends[0][0] + 0.03, place),
                textcoords="data",
                va="center",
                fontsize=7.5,
                annotation_clip=False,
                arrowprops={"arrowstyle": "-", "color": color, "linewidth": 1.0},
            )
        ax.set_xlabel("Position from parental to persister")
        genes = (record["features"].loc[names, "kind"] == "gene").any()
        more = "\nor log expression (genes)" if genes else ""
        ax.set_ylabel(
            f"Control-matched z (axes){more}" if more else "Control-matched z"
        )
        ax.set_title(
            f"95% intervals from {record['interval_unit']}",
            fontsize=7,
            fontweight="normal",
        )
        return finish(ax, own_figure=own, show=show, save=save)


@shared_doc
def onsets(
    adata: AnnData,
    *,
    key: str | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw where on the path each axis or gene has gone half of its way.

    Parameters
    ----------
    adata
        Data with the result of `dtpscore.tl.trends`.
    {run_key}
    {drawing}

    Raises
    ------
    DataError
        There are no trends, or nothing moves with a q-value at or below 0.05.
    """
    frame = frames.onsets(adata, key=key)
    if frame.empty:
        msg = "Nothing moves along this path with a q-value at or below 0.05."
        raise DataError(msg)
    rows = np.arange(len(frame))
    names = [str(name) for name in frame["feature"]]
    titles = axis_titles(names)
    with style():
        own, ax = ax is None, axes_for(ax, (5.4, 0.9 + 0.2 * len(frame)))
        up = (frame["change"] > 0).to_numpy()
        colors = np.where(up, _UP, _DOWN)
        ax.hlines(rows, frame["onset_low"], frame["onset_high"], color=colors, lw=1.4)
        for mask, marker, text in ((up, "^", "rises"), (~up, "v", "falls")):
            if mask.any():
                ax.scatter(
                    frame["onset"][mask],
                    rows[mask],
                    marker=marker,
                    s=30,
                    color=_UP if marker == "^" else _DOWN,
                    edgecolor="white",
                    linewidth=0.5,
                    zorder=3,
                    label=text,
                )
        ax.set_yticks(rows, [titles[name] for name in names])
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="y", color="#ECECEC", linewidth=0.6)
        ax.set_axisbelow(True)
        ax.set(xlim=(0, 1), ylim=(len(frame) - 0.4, -0.6))
        ax.set_xlabel("Position at which half of the way is gone")
        legend = ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2)
        for words in legend.get_texts():
            words.set_color(INK)
        return finish(ax, own_figure=own, show=show, save=save)
