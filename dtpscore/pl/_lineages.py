"""Clones before and after the drug, and what foretells their fate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore import get
from dtpscore._results.elements import available
from dtpscore.errors import DataError
from dtpscore.get._axes import axis_titles
from dtpscore.get._records import lineage_record
from dtpscore.pl._docs import shared_doc
from dtpscore.pl._style import (
    DOWN,
    QUIET,
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

    import pandas as pd
    from anndata import AnnData
    from matplotlib.axes import Axes

ALPHA = 0.05
# Axes that the right panel shows.
_MOST = 12


def _sizes(ax: Axes, rows: pd.DataFrame, colors: tuple[Any, ...]) -> None:
    """Share of each clone before and after; clones not seen on a side lie on a rim."""
    values = rows[["share_before", "share_after"]].to_numpy(dtype=np.float64)
    rim = values[values > 0].min() / 2
    before, after = np.maximum(values, rim).T
    sure = (rows["qvalue"] <= ALPHA).to_numpy()
    grown = (rows["log2_change"] > 0).to_numpy()
    parts = (
        (~sure, QUIET, "no change seen"),
        (sure & grown, colors[0], "grown"),
        (sure & ~grown, colors[1], "shrunken"),
    )
    for mask, color, text in parts:
        if mask.any():
            ax.scatter(
                before[mask],
                after[mask],
                s=14,
                color=color,
                alpha=0.75,
                linewidth=0,
                label=f"{text} ({mask.sum()})",
            )
    ends = np.array([rim, values.max()])
    ax.plot(ends, ends, color=QUIET, linewidth=0.8, zorder=0)
    ax.set(xscale="log", yscale="log")
    label_axes(ax, x="Share of a clone before the drug", y="Share on the drug")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.08), ncols=2, handletextpad=0.2)


def _states(ax: Axes, rows: pd.DataFrame | None, colors: tuple[Any, ...]) -> None:
    if rows is None or rows.empty:
        ax.set_axis_off()
        text = "No state before the drug was tested."
        ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes)
        return
    kept = rows.head(_MOST)
    places = np.arange(len(kept))
    rho = kept["rho"].to_numpy()
    sure = (kept["qvalue"] <= ALPHA).to_numpy()
    side = [colors[0] if one > 0 else colors[1] for one in rho]
    ax.axvline(0, color=QUIET, linewidth=0.8)
    ax.hlines(places, 0, rho, color=side, linewidth=1.4)
    face = [color if one else "white" for color, one in zip(side, sure, strict=True)]
    ax.scatter(rho, places, s=30, color=face, edgecolor=side, linewidth=1.2, zorder=3)
    names = [str(one) for one in kept["axis"]]
    titles = axis_titles(names)
    name_ticks(ax.yaxis, places, [titles[name] for name in names])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(kept) - 0.4, -0.6)
    label_axes(ax, x="State before the drug against change of the clone (rho)")
    n = int(kept["n_clones"].iloc[0])
    set_title(ax, f"{n} clones; filled: q at or below {ALPHA:g}", fontweight="normal")


@shared_doc
def lineages(
    adata: AnnData,
    *,
    group: str | None = None,
    time: str | None = None,
    batch: str | None = None,
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
    """Draw the share of each clone before and on the drug, and what foretells it.

    Clones on the diagonal kept their share. A clone that was not seen on a side is
    drawn on the rim. The right panel shows which axes of the untreated cells of a clone
    go with its change; with ``ax`` the left panel is drawn alone.

    Parameters
    ----------
    adata
        Data with the result of `dtpscore.tl.lineages`.
    group, time, batch
        The arm to draw. By default the last one of the result.
    {run_key}
    order
        Axes of the right panel, in this order. By default the surest come first.
    palette
        Two colors: of clones that grow and axes that go with it, and of the others.
    {look}

    {returns_panels}

    Raises
    ------
    DataError
        There is no such result, arm or axis.
    OptionError
        The palette does not fit.

    See Also
    --------
    dtpscore.get.lineages : The numbers.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(
    ...     n_cells=900, n_genes=900, days=(14,), holiday_day=None, lineages=60
    ... )
    >>> dtp.tl.lineages(
    ...     adata, lineage_key="lineage", groupby="condition", reference="parental",
    ...     sample_key="sample", n_permutations=99,
    ... )
    >>> panels = dtp.pl.lineages(adata, show=False)
    """
    record = lineage_record(adata, key)
    colors = pair_of(palette, (UP, DOWN), "growing, shrinking")
    arm = _arm(record.arms, {"group": group, "time": time, "batch": batch})
    rows = _of(get.lineages(adata, key=key), arm)
    states = None if record.states is None else _of(record.states, arm)
    if order is not None:
        states = _ordered(states, order)
    with style():
        drawn = canvas(ax, figsize, (8.4, 3.6), panels=(1, 2))
        _sizes(drawn.ax, rows, colors)
        if len(drawn.axes) > 1:
            _states(drawn.axes[1], states, colors)
        if title is None:
            when = f", {arm['time']}" if str(arm["time"]) else ""
            title = f"Clones in {arm['group']}{when}"
        return finish(
            drawn,
            name="lineages",
            title=title,
            return_fig=return_fig,
            show=show,
            save=save,
        )


def _arm(arms: pd.DataFrame, wanted: dict[str, str | None]) -> pd.Series:
    kept = arms
    for name, value in wanted.items():
        if value is not None:
            kept = kept[(kept[name].astype(str) == str(value)).to_numpy()]
    if kept.empty:
        there = [
            f"{g}, {t}" if t else str(g) for g, t in arms[["group", "time"]].to_numpy()
        ]
        msg = f"No such arm. Arms with clones are {available(there)}."
        raise DataError(msg)
    last: pd.Series = kept.iloc[-1]
    return last


def _of(frame: pd.DataFrame, arm: pd.Series) -> pd.DataFrame:
    same = (frame[["batch", "group", "time"]] == arm[["batch", "group", "time"]]).all(
        axis=1
    )
    return frame[same.to_numpy()]


def _ordered(states: pd.DataFrame | None, order: Sequence[str]) -> pd.DataFrame:
    there = [] if states is None else [str(one) for one in states["axis"]]
    missing = [one for one in order if one not in there]
    if states is None or missing:
        msg = f"No axis {available(missing)}. Tested axes are {available(there)}."
        raise DataError(msg)
    return states.set_index("axis").loc[list(order)].reset_index()
