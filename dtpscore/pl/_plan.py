"""Power of the claims of an experiment, by its size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dtpscore.pl._style import (
    QUIET,
    canvas,
    finish,
    label_axes,
    legend_right,
    set_title,
    spread_colors,
    style,
)

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes

_PANELS = (
    ("group_power", "Group claim: treated samples differ"),
    ("cell_power", "Cell claim: a quarter of persisters called"),
)
_TARGET = 0.8
_LINES = ("-", "--", ":", "-.")


def draw(
    table: pd.DataFrame,
    *,
    figsize: tuple[float, float] | None,
    title: str | None,
    ax: Axes | None,
    return_fig: bool,
    show: bool | None,
    save: str | Path | bool | None,
) -> Any:
    """Draw a plan: one panel per claim, one line per number of cells and depth."""
    cells = sorted(set(table["n_cells"]))
    depths = sorted(set(table["depth"]))
    colors = dict(zip(cells, spread_colors(len(cells) + 1), strict=False))
    with style():
        drawn = canvas(ax, figsize, (8.4, 3.4), panels=(1, 2), sharey=True)
        for one, (claim, text) in zip(drawn.axes, _PANELS, strict=False):
            one.axhline(_TARGET, color=QUIET, linewidth=0.8, linestyle=(0, (2, 2)))
            for (n, depth), rows in table.groupby(["n_cells", "depth"], sort=True):
                many = f", {depth:,.0f} counts" if len(depths) > 1 else ""
                one.plot(
                    rows["n_samples"],
                    rows[claim],
                    marker="o",
                    markersize=4,
                    color=colors[n],
                    linestyle=_LINES[depths.index(depth) % len(_LINES)],
                    label=f"{n:,} cells{many}",
                )
            set_title(one, text, fontweight="normal")
            one.set(ylim=(-0.03, 1.03), xticks=sorted(set(table["n_samples"])))
            label_axes(one, x="Samples in each arm")
        label_axes(drawn.ax, y="Power")
        handles, _ = drawn.ax.get_legend_handles_labels()
        legend_right(drawn.axes[-1], handles, "In each sample")
        return finish(
            drawn,
            name="plan",
            title=title,
            return_fig=return_fig,
            show=show,
            save=save,
        )
