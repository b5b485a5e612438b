"""The order from parental to persister, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D

from dtpscore._frames import path as frames
from dtpscore.errors import DataError
from dtpscore.pl._bars import Part, stacked_shares
from dtpscore.pl._docs import shared_doc
from dtpscore.pl._style import INK, QUIET, axes_for, finish, group_colors, style

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from anndata import AnnData
    from matplotlib.axes import Axes

_AGREES, _AGAINST = "agrees", "contradicts"
_SHARES = (
    Part("parental-like", "#A9CBE3", numbered=True),
    Part("neither", "#949494", "////"),
    Part("persister-like", "#5B1248", numbered=True, dark=True),
)


def _arrow(ax: Axes, verdicts: list[tuple[str, str]]) -> None:
    """Show the way of the path; broken where index or time contradict it."""
    against = [name for name, verdict in verdicts if verdict == _AGAINST]
    agreed = any(verdict == _AGREES for _, verdict in verdicts) and not against
    color = "#B2182B" if against else INK if agreed else QUIET
    ax.annotate(
        "",
        xy=(1.0, 1.06),
        xytext=(0.0, 1.06),
        xycoords="axes fraction",
        arrowprops={
            "arrowstyle": "-|>",
            "color": color,
            "linestyle": "-" if agreed else (0, (3, 2)),
            "linewidth": 1.0,
        },
    )
    text = "; ".join(f"{name}: {verdict}" for name, verdict in verdicts)
    ax.text(
        0.5,
        1.08,
        f"direction \u2013 {text}" if text else "direction: nothing to check it with",
        transform=ax.transAxes,
        ha="center",
        va="bottom",
        fontsize=7,
        color=color,
    )


def _draw_positions(
    ax: Axes, cells: pd.DataFrame, samples: pd.DataFrame, colors: dict[str, str]
) -> None:
    rng = np.random.default_rng(0)
    for row, (name, color) in enumerate(colors.items()):
        inside = cells.loc[(cells["group"] == name).to_numpy(), "position"].to_numpy()
        jitter = row + rng.uniform(-0.3, 0.3, inside.size)
        ax.scatter(inside, jitter, s=2.5, color=color, lw=0, rasterized=True, zorder=1)
        own = samples[(samples["group"] == name).to_numpy()]
        lanes = row + np.linspace(-0.22, 0.22, len(own)) * (len(own) > 1)
        ax.hlines(lanes, own["low"], own["high"], color=INK, linewidth=1.1, zorder=3)
        ax.scatter(
            own["median"],
            lanes,
            marker="D",
            s=20,
            facecolor="#FFD23F",
            edgecolor=INK,
            linewidth=0.7,
            zorder=4,
        )


@shared_doc
def pseudotime(
    adata: AnnData,
    *,
    groupby: str,
    reference: str | None = None,
    sample_key: str | None = None,
    key: str | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw where the cells of each group are on the path, and its direction.

    The arrow runs from parental to persister. It is unbroken only where groups, index
    or time agree with the direction and none of them contradicts it.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.pseudotime` has ordered.
    {groupby}
    reference
        Group that comes first.
    sample_key
        Column of ``obs`` with the samples; a diamond is the median of one.
    {order_key}
    {drawing}

    Raises
    ------
    DataError
        The cells were not ordered, or a column or group does not exist.
    """
    cells = frames.positions(
        adata, groupby=groupby, reference=reference, sample_key=sample_key, key=key
    )
    samples = frames.by_sample(cells)
    names = [str(name) for name in cells["group"].cat.categories]
    with style():
        own, ax = ax is None, axes_for(ax, (5.6, 1.3 + 0.55 * len(names)))
        _draw_positions(ax, cells, samples, group_colors(names))
        what = "group" if sample_key is None else "sample"
        mark = Line2D([], [], marker="D", ls="-", lw=1.1, color=INK, ms=4.5)
        mark.set(markerfacecolor="#FFD23F", label=f"median and quartiles of a {what}")
        ax.legend(handles=[mark], loc="upper left", bbox_to_anchor=(0, -0.22))
        ax.set_yticks(range(len(names)), names)
        ax.tick_params(axis="y", length=0)
        ax.set(xlim=(-0.02, 1.02), ylim=(len(names) - 0.5, -0.5))
        ax.set_xlabel("Position from parental (0) to persister (1)")
        _arrow(ax, frames.direction(adata, key=key))
        return finish(ax, own_figure=own, show=show, save=save)


@shared_doc
def holiday(
    adata: AnnData,
    *,
    key: str | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw what cells off the drug are like, by sample: parental, persister or neither.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.pseudotime` has ordered, with holiday groups.
    {order_key}
    {drawing}

    Raises
    ------
    DataError
        The cells were not ordered, or there are none off the drug.
    """
    frame = frames.reversal(adata, key=key)
    if frame is None:
        msg = (
            "There are no cells off the drug on this path. Pass holiday to "
            "dtpscore.tl.pseudotime where there are such groups."
        )
        raise DataError(msg)
    rows = np.arange(len(frame), dtype=np.float64)
    with style():
        own, ax = ax is None, axes_for(ax, (5.8, 1.2 + 0.36 * len(frame)))
        samples = [str(name) for name in frame["sample"]]
        stacked_shares(ax, frame, rows, parts=_SHARES, labels=samples)
        for row, (_, line) in zip(rows, frame.iterrows(), strict=True):
            interval = f"{line['low']:.2f} to {line['high']:.2f}"
            ax.text(
                1.02,
                row,
                f"at {line['position']:.2f} ({interval})",
                va="center",
                fontsize=6.5,
            )
        ax.text(
            1.02,
            -0.75,
            "position on the path",
            va="center",
            fontsize=6.5,
            color=QUIET,
        )
        ax.set_xlabel("Share of cells off the drug")
        return finish(ax, own_figure=own, show=show, save=save)
