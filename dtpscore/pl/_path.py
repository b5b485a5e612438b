"""The order from parental to persister, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from scipy.stats import gaussian_kde

from dtpscore.errors import DataError
from dtpscore.get import _order as frames
from dtpscore.pl._bars import Part, stacked_shares
from dtpscore.pl._checks import rows_in_order
from dtpscore.pl._docs import shared_doc
from dtpscore.pl._palette import column_colors
from dtpscore.pl._style import (
    INK,
    QUIET,
    SAMPLE,
    SMALL,
    UP,
    canvas,
    finish,
    label_axes,
    name_ticks,
    pair_of,
    style,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    from anndata import AnnData
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

_AGREES, _AGAINST = "agrees", "contradicts"
_COLORS = ("#A9CBE3", "#949494", "#5B1248")
_GRID = np.linspace(0.0, 1.0, 161)
# Cells that a density needs; fewer are drawn as ticks.
_FEWEST = 8


def _arrow(ax: Axes, verdicts: list[tuple[str, str]]) -> None:
    """Show the way of the path; broken where index or time contradict it."""
    against = [name for name, verdict in verdicts if verdict == _AGAINST]
    agreed = any(verdict == _AGREES for _, verdict in verdicts) and not against
    color = UP if against else INK if agreed else QUIET
    ax.annotate(
        "",
        xy=(1.0, 1.03),
        xytext=(0.0, 1.03),
        xycoords="axes fraction",
        arrowprops={
            "arrowstyle": "-|>",
            "color": color,
            "linestyle": "-" if agreed else (0, (3, 2)),
            "linewidth": 1.0,
        },
    )
    text = "; ".join(f"{name}: {verdict}" for name, verdict in verdicts)
    ax.annotate(
        f"direction \u2013 {text}" if text else "direction: nothing to check it with",
        (0.5, 1.03),
        (0, 4),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=SMALL,
        color=color,
    )


def _density(values: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Density of positions on a grid from 0 to 1; None where there are too few."""
    if values.size < _FEWEST or np.ptp(values) < 1e-6:
        return None
    # The path ends at 0 and 1, so cells are mirrored there.
    mirrored = np.concatenate([values, -values, 2 - values])
    width = max(1.06 * values.std() * values.size**-0.2, 0.015)
    density: NDArray[np.float64] = gaussian_kde(
        mirrored, bw_method=width / mirrored.std()
    )(_GRID)
    return density


def _ridges(
    ax: Axes, cells: pd.DataFrame, rows: pd.DataFrame, colors: dict[str, Any]
) -> None:
    """Draw a ridge of the density of cells per row."""
    for n, row in enumerate(rows.itertuples()):
        own = cells.loc[(cells["row"] == row.row).to_numpy(), "position"].to_numpy()
        density = _density(own)
        base = n + 0.36
        if density is None:
            ax.plot(own, np.full(own.size, base), "|", color=INK, ms=6)
            continue
        top = base - 0.8 * density / density.max()
        ax.fill_between(
            _GRID, top, base, color=colors[row.group], lw=0, zorder=1 + n * 1e-3
        )
        ax.plot(_GRID, top, color=INK, linewidth=0.6, zorder=1 + n * 1e-3)


def _marks(ax: Axes, samples: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Draw median and quartiles of each sample below its ridge."""
    for n, row in enumerate(rows.itertuples()):
        own = samples[(samples["row"] == row.row).to_numpy()]
        lanes = n + 0.24 + np.linspace(-0.12, 0.12, len(own)) * (len(own) > 1)
        ax.hlines(lanes, own["low"], own["high"], color=INK, linewidth=1.1, zorder=3)
        ax.scatter(
            own["median"],
            lanes,
            marker="D",
            s=20,
            facecolor=SAMPLE,
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
    time_key: str | None = None,
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
    """Draw where the cells of each group are on the path, and its direction.

    Each group, at each time, is one ridge: the density of its cells. The arrow runs
    from parental to persister. It is unbroken only where groups, index or time agree
    with the direction and none of them contradicts it.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.pseudotime` has ordered.
    {groupby}
    reference
        Group that comes first.
    sample_key
        Column of ``obs`` with the samples. A diamond is the median of one.
    time_key
        Column of ``obs`` with times or doses. Without it there is one ridge per group.
    {order_key}
    {group_order}
    {group_palette}
    {look}

    {returns}

    Raises
    ------
    DataError
        The cells were not ordered, or a column or group does not exist.
    OptionError
        The palette does not fit.

    See Also
    --------
    dtpscore.get.order : The positions.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=600, n_genes=1500, difficulty="easy")
    >>> dtp.tl.pseudotime(
    ...     adata, groupby="condition", reference="parental", method="dpt"
    ... )
    >>> ax = dtp.pl.pseudotime(adata, groupby="condition", show=False)
    """
    cells = frames.positions(
        adata,
        groupby=groupby,
        reference=reference,
        sample_key=sample_key,
        time_key=time_key,
        order=order,
        key=key,
    )
    samples = frames.by_sample(cells)
    rows = cells.drop_duplicates("row")[["row", "group"]].reset_index(drop=True)
    names = list(dict.fromkeys(str(name) for name in rows["group"]))
    colors = column_colors(adata, groupby, names, palette)
    with style():
        drawn = canvas(ax, figsize, (5.6, 1.2 + 0.6 * len(rows)))
        ax = drawn.ax
        _ridges(ax, cells, rows, colors)
        _marks(ax, samples, rows)
        what = "group" if sample_key is None else "sample"
        mark = Line2D([], [], marker="D", ls="-", lw=1.1, color=INK, ms=4.5)
        mark.set(markerfacecolor=SAMPLE, label=f"median and quartiles of a {what}")
        ax.legend(
            handles=[mark],
            loc="upper right",
            bbox_to_anchor=(1, -0.32 / (0.6 * len(rows))),
        )
        name_ticks(ax.yaxis, range(len(rows)), rows["row"])
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.set(xlim=(-0.02, 1.02), ylim=(len(rows) - 0.5, -0.6))
        label_axes(ax, x="Position from parental (0) to persister (1)")
        _arrow(ax, frames.direction(adata, key=key))
        return finish(
            drawn,
            name="pseudotime",
            title=title,
            return_fig=return_fig,
            show=show,
            save=save,
        )


@shared_doc
def holiday(
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
    """Draw which end of the path cells off the drug are like, by sample.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.pseudotime` has ordered, with holiday groups.
    {order_key}
    order
        Samples to draw, in this order.
    palette
        Three colors: of parental-like cells, of those like neither end, and of
        persister-like cells.
    {look}

    {returns}

    Raises
    ------
    DataError
        The cells were not ordered, there are none off the drug, or no such sample.
    OptionError
        The palette does not fit.

    See Also
    --------
    dtpscore.get.reversal : The share of cells that returned, by the calls.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=600, n_genes=1500, difficulty="easy")
    >>> dtp.tl.pseudotime(
    ...     adata, groupby="condition", reference="parental", holiday="holiday",
    ...     sample_key="sample", method="dpt",
    ... )
    >>> ax = dtp.pl.holiday(adata, show=False)
    """
    frame = frames.reversal(adata, key=key)
    if frame is None:
        msg = (
            "There are no cells off the drug on this path. Pass holiday to "
            "dtpscore.tl.pseudotime where there are such groups."
        )
        raise DataError(msg)
    frame = rows_in_order(frame.set_index("sample"), order, "sample").reset_index()
    like, neither, persister = pair_of(
        palette, _COLORS, "parental-like, neither, persister-like"
    )
    parts = (
        Part("parental-like", like, numbered=True),
        Part("neither", neither, "////"),
        Part("persister-like", persister, numbered=True, dark=True),
    )
    rows = np.arange(len(frame), dtype=np.float64)
    with style():
        drawn = canvas(ax, figsize, (5.8, 1.2 + 0.36 * len(frame)))
        ax = drawn.ax
        samples = [str(name) for name in frame["sample"]]
        stacked_shares(ax, frame, rows, parts=parts, labels=samples)
        for row, (_, line) in zip(rows, frame.iterrows(), strict=True):
            interval = f"{line['low']:.2f} to {line['high']:.2f}"
            ax.text(
                1.02,
                row,
                f"at {line['position']:.2f} ({interval})",
                va="center",
                fontsize=SMALL,
            )
        ax.text(
            1.02,
            -0.75,
            "position on the path",
            va="center",
            fontsize=SMALL,
            color=QUIET,
        )
        label_axes(ax, x="Share of cells off the drug")
        return finish(
            drawn,
            name="holiday",
            title=title,
            return_fig=return_fig,
            show=show,
            save=save,
        )
