"""Values along the path, and which of them moves first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._text import short
from dtpscore.errors import DataError, OptionError
from dtpscore.get import _trends as frames
from dtpscore.get._axes import axis_titles
from dtpscore.get._records import trends_record
from dtpscore.pl._checks import rows_in_order
from dtpscore.pl._docs import shared_doc
from dtpscore.pl._style import (
    DOWN,
    INK,
    SMALL,
    UP,
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


def _lines(palette: Any, n: int) -> list[tuple[Any, Any]]:
    """Color and dashes of each line.

    Raises
    ------
    OptionError
        The palette has too few colors.
    """
    if palette is None:
        return list(_LINES[:n])
    colors = list(palette.values()) if isinstance(palette, dict) else list(palette)
    if isinstance(palette, str) or len(colors) < n:
        msg = f"palette must be a list of at least {n} colors, one per line."
        raise OptionError(msg)
    dashes = [line for _, line in _LINES]
    return list(zip(colors, dashes, strict=False))[:n]


@shared_doc
def trends(
    adata: AnnData,
    *,
    features: Sequence[str] | None = None,
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
    """Draw axes or genes along the path, with 95% intervals.

    Parameters
    ----------
    adata
        Data with the result of `dtpscore.tl.trends`.
    features
        Axes or genes to draw, at most six. By default those that change most.
    {run_key}
    order
        The same as ``features``: axes or genes in the order in which they get colors.
    palette
        Colors of the lines, in the order of the features.
    {look}

    {returns}

    Raises
    ------
    DataError
        There are no trends, or none of such a feature.
    OptionError
        More than six features are given, or the palette has too few colors.

    See Also
    --------
    onsets : Where each of them moves.
    dtpscore.get.trends : The numbers.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=600, n_genes=1500, difficulty="easy")
    >>> dtp.tl.pseudotime(
    ...     adata, groupby="condition", reference="parental", method="dpt"
    ... )
    >>> dtp.tl.trends(adata, n_permutations=99, n_bootstrap=20)
    >>> ax = dtp.pl.trends(adata, features=["emt", "oxphos"], show=False)
    """
    features = order if features is None else features
    names = (
        frames.leading(adata, _N_SHOWN, key=key) if features is None else list(features)
    )
    if len(names) > _N_SHOWN:
        msg = f"At most {_N_SHOWN} lines can be told apart; {len(names)} were given."
        raise OptionError(msg)
    table = frames.curves(adata, names, key=key)
    record = trends_record(adata, key)
    titles = axis_titles(names)
    lines = _lines(palette, len(names))
    with style():
        drawn = canvas(ax, figsize, (6.6, 3.4))
        ax = drawn.ax
        ends = []
        for name, (color, line) in zip(names, lines, strict=False):
            one = table[(table["feature"] == name).to_numpy()]
            x = one["pseudotime"].to_numpy()
            ax.fill_between(x, one["low"], one["high"], color=color, alpha=0.16, lw=0)
            ax.plot(x, one["mean"], color=color, linestyle=line, linewidth=1.7)
            ends.append((x[-1], float(one["mean"].iloc[-1])))
        low, high = ax.get_ylim()
        where = np.array([y for _, y in ends])
        for name, (color, _), (x, y), place in zip(
            names, lines, ends, _apart(where, (high - low) * 0.062), strict=False
        ):
            ax.annotate(
                short(titles[name]),
                xy=(x, y),
                xytext=(ends[0][0] + 0.03, place),
                textcoords="data",
                va="center",
                fontsize=7.5,
                annotation_clip=False,
                arrowprops={
                    "arrowstyle": "-",
                    "color": color,
                    "linewidth": 1.0,
                    # From the left end of the name, so that it crosses no other.
                    "relpos": (0.0, 0.5),
                },
            )
        genes = (record.features.loc[names, "kind"] == "gene").any()
        more = "\nor log expression (genes)" if genes else ""
        label_axes(
            ax,
            x="Position from parental to persister",
            y=f"Control-matched z (axes){more}" if more else "Control-matched z",
        )
        unit = f"95% intervals from {record.interval_unit}"
        set_title(ax, unit, fontsize=SMALL, fontweight="normal")
        return finish(
            drawn,
            name="trends",
            title=title,
            return_fig=return_fig,
            show=show,
            save=save,
        )


@shared_doc
def onsets(
    adata: AnnData,
    *,
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
    """Draw where on the path each axis or gene has gone half of its way.

    Parameters
    ----------
    adata
        Data with the result of `dtpscore.tl.trends`.
    {run_key}
    order
        Axes or genes to draw, in this order. By default the first to move comes first.
    palette
        Two colors: of those that rise, and of those that fall.
    {look}

    {returns}

    Raises
    ------
    DataError
        There are no trends, nothing moves with a q-value at or below 0.05, or a
        feature of ``order`` does not.
    OptionError
        The palette does not fit.

    See Also
    --------
    trends : The curves.
    dtpscore.get.trends : The numbers.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=600, n_genes=1500, difficulty="easy")
    >>> dtp.tl.pseudotime(
    ...     adata, groupby="condition", reference="parental", method="dpt"
    ... )
    >>> dtp.tl.trends(adata, n_permutations=99, n_bootstrap=20)
    >>> ax = dtp.pl.onsets(adata, show=False)
    """
    frame = frames.onsets(adata, key=key)
    rising, falling = pair_of(palette, (UP, DOWN), "rising, falling")
    if frame.empty:
        msg = "Nothing moves along this path with a q-value at or below 0.05."
        raise DataError(msg)
    frame = rows_in_order(frame.set_index("feature"), order, "moving axis or gene")
    frame = frame.reset_index()
    rows = np.arange(len(frame))
    names = [str(name) for name in frame["feature"]]
    titles = axis_titles(names)
    with style():
        drawn = canvas(ax, figsize, (5.4, 0.9 + 0.2 * len(frame)))
        ax = drawn.ax
        up = (frame["change"] > 0).to_numpy()
        colors = [rising if one else falling for one in up]
        ax.hlines(rows, frame["onset_low"], frame["onset_high"], color=colors, lw=1.4)
        for mask, marker, text in ((up, "^", "rises"), (~up, "v", "falls")):
            if mask.any():
                ax.scatter(
                    frame["onset"][mask],
                    rows[mask],
                    marker=marker,
                    s=30,
                    color=rising if marker == "^" else falling,
                    edgecolor="white",
                    linewidth=0.5,
                    zorder=3,
                    label=text,
                )
        for row in rows[frame["onset"].isna().to_numpy()]:
            ax.text(0.01, row, "not determined", va="center", fontsize=SMALL)
        name_ticks(ax.yaxis, rows, [titles[name] for name in names])
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="y", color="#ECECEC", linewidth=0.6)
        ax.set_axisbelow(True)
        ax.set(xlim=(0, 1), ylim=(len(frame) - 0.4, -0.6))
        label_axes(ax, x="Position at which half of the way is gone")
        legend = ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2)
        for words in legend.get_texts():
            words.set_color(INK)
        return finish(
            drawn,
            name="onsets",
            title=title,
            return_fig=return_fig,
            show=show,
            save=save,
        )
