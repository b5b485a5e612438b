"""Enrichment of gene sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D

from dtpscore._enrichment.prerank import running_sum
from dtpscore._text import short
from dtpscore.get import _enrichment as frames
from dtpscore.get._records import enrich_record
from dtpscore.pl._checks import rows_in_order
from dtpscore.pl._docs import shared_doc
from dtpscore.pl._style import (
    DOWN,
    INK,
    QUIET,
    SMALL,
    UP,
    canvas,
    finish,
    label_axes,
    legend_right,
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

_ALPHA = 0.05
_HALVES = {"UP": "\u2191", "DN": "\u2193"}
_SIZES = (20, 100, 300)


def set_title_of(term: str) -> str:
    """Name of a gene set as a person reads it.

    ``"hallmark_e2f_targets_UP"`` becomes ``"hallmark e2f targets ↑"``: the arrow tells
    the genes that are up in the published contrast from those that are down.
    """
    name, _, half = term.rpartition("_")
    if half not in _HALVES:
        return term.replace("_", " ")
    return f"{name.replace('_', ' ')} {_HALVES[half]}"


def _size(n_genes: Any) -> Any:
    """Area of the dot of a set with this many genes."""
    return 12 + 0.35 * np.minimum(n_genes, max(_SIZES))


def _draw_running(
    ax: Axes,
    running: NDArray[np.float64],
    member: NDArray[np.bool_],
    statistic: NDArray[np.float64],
    *,
    color: Any,
) -> None:
    """Draw the running sum, the genes of the set, and the change of sign."""
    places = np.arange(running.size)
    ax.plot(places, running, color=color, linewidth=1.6)
    ax.axhline(0, color=INK, linewidth=0.7)
    peak = int(np.argmax(np.abs(running)))
    ax.plot(peak, running[peak], "o", ms=4, color=color, mec="white", mew=0.6)
    low, high = min(running.min(), 0.0), max(running.max(), 0.0)
    span = max(high - low, 1e-9)
    base = low - 0.22 * span
    hits = np.flatnonzero(member)
    ax.vlines(hits, base, base + 0.14 * span, color=INK, linewidth=0.5)
    zero = int(np.searchsorted(-statistic, 0.0))
    ax.axvline(zero, color=QUIET, linewidth=0.8, linestyle=(0, (3, 2)))
    ax.set(xlim=(0, running.size - 1), ylim=(base - 0.04 * span, high + 0.1 * span))


@shared_doc
def running_score(
    adata: AnnData,
    term: str,
    *,
    group: str,
    key: str | None = None,
    palette: Any = None,
    figsize: tuple[float, float] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
    return_fig: bool = False,
    show: bool | None = None,
    save: str | Path | bool | None = None,
) -> Any:
    """Draw the running enrichment score of one gene set along the ranked genes.

    A stroke below the curve is a gene of the set. The broken line is where the ranking
    changes its sign. A p-value of 0 means that no random gene set came near, and is
    shown as below one in the number of random sets.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.enrich` has tested.
    term
        Gene set, as in the table of the enrichment: ``NAME_UP`` or ``NAME_DN``.
    group
        Group that was compared with the reference.
    {run_key}
    palette
        Two colors: of a set that is higher in the group, and of one that is lower.
    {look}

    {returns}

    Raises
    ------
    DataError
        There is no such result, group or gene set.
    OptionError
        The palette does not fit.

    See Also
    --------
    enrichment : The strongest gene sets.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=90, n_genes=3000, seed=0)
    >>> dtp.tl.enrich(
    ...     adata, ["tirosh2016_s_phase"], groupby="condition", reference="parental",
    ...     sample_key="sample", n_permutations=20,
    ... )
    >>> ax = dtp.pl.running_score(
    ...     adata, "tirosh2016_s_phase_UP", group="treated", show=False
    ... )
    """
    found = enrich_record(adata, key)
    ranking = frames.ranking(adata, group=group, key=key)
    genes = set(frames.members(adata, term, key=key))
    table = frames.enrichment(adata, group=group, key=key).set_index("term")
    row: Any = table.loc[term]
    member = np.array([gene in genes for gene in ranking.index])
    running = running_sum(ranking.to_numpy(), member, found.params["weight"])
    up, down = pair_of(palette, (UP, DOWN), "higher in the group, lower in it")
    with style():
        drawn = canvas(ax, figsize, (5.2, 3.0))
        ax = drawn.ax
        color = up if row["nes"] > 0 else down
        _draw_running(ax, running, member, ranking.to_numpy(), color=color)
        reference = short(found.params["reference"], 30)
        label_axes(
            ax,
            x=f"\u2190 higher in {short(group, 30)}    rank of genes    "
            f"higher in {reference} \u2192",
            y="Running enrichment score",
        )
        set_title(ax, set_title_of(term))
        floor = 1 / found.params["n_permutations"]
        text = f"NES {row['nes']:+.2f}, FDR {_above(row['fdr'], floor)}"
        ax.text(
            0.99, 0.97, text, transform=ax.transAxes, ha="right", va="top", fontsize=7.5
        )
        return finish(
            drawn,
            name="running_score",
            title=title,
            return_fig=return_fig,
            show=show,
            save=save,
        )


def _above(value: float, floor: float) -> str:
    return f"< {floor:g}" if value < floor else f"{value:.3f}"


def _dots(
    ax: Axes, frame: pd.DataFrame, rows: NDArray[np.int64], colors: list[Any]
) -> None:
    """Draw one dot per set, filled where its FDR is small."""
    ax.hlines(rows, 0, frame["nes"], color=colors, linewidth=1.2)
    sure = (frame["fdr"] <= _ALPHA).to_numpy()
    for kept, face in ((sure, None), (~sure, "white")):
        if kept.any():
            edge = [c for c, k in zip(colors, kept, strict=True) if k]
            ax.scatter(
                frame["nes"][kept],
                rows[kept],
                s=_size(frame["n_genes"][kept]),
                facecolor=face or edge,
                edgecolor=edge,
                linewidth=1.0,
                zorder=3,
            )


def _legend() -> list[Line2D]:
    dot: Any = {"ls": "", "marker": "o", "mec": INK}
    sizes = [
        Line2D([], [], mfc="white", ms=_size(n) ** 0.5, label=f"{n} genes", **dot)
        for n in _SIZES
    ]
    return [
        *sizes,
        Line2D([], [], mfc=INK, ms=5, label=f"FDR \u2264 {_ALPHA:g}", **dot),
        Line2D([], [], mfc="white", ms=5, label=f"FDR > {_ALPHA:g}", **dot),
    ]


@shared_doc
def enrichment(
    adata: AnnData,
    *,
    group: str,
    n_terms: int = 20,
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
    """Draw the strongest gene sets of one group, with one signed dot per set.

    The arrow after a name says which half of a signature the set is: the genes that
    are up in its published contrast, or those that are down.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.enrich` has tested.
    group
        Group that was compared with the reference.
    n_terms
        Number of gene sets to draw.
    {run_key}
    order
        Gene sets to draw, from top to bottom, in place of the strongest.
    palette
        Two colors: of sets that are higher in the group, and of those that are lower.
    {look}

    {returns}

    Raises
    ------
    DataError
        There is no such result, group or gene set.
    OptionError
        The palette does not fit.

    See Also
    --------
    running_score : One gene set along the ranking.
    dtpscore.get.enrichment : The numbers.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=90, n_genes=3000, seed=0)
    >>> dtp.tl.enrich(
    ...     adata, ["tirosh2016_s_phase"], groupby="condition", reference="parental",
    ...     sample_key="sample", n_permutations=20,
    ... )
    >>> ax = dtp.pl.enrichment(adata, group="treated", show=False)
    """
    reference = short(enrich_record(adata, key).params["reference"], 30)
    frame = frames.enrichment(adata, group=group, key=key).set_index("term")
    if order is None:
        frame = frame.head(n_terms).sort_values("nes", kind="stable")
    else:
        frame = rows_in_order(frame, order, "gene set").iloc[::-1]
    up, down = pair_of(palette, (UP, DOWN), "higher in the group, lower in it")
    rows = np.arange(len(frame))
    with style():
        drawn = canvas(ax, figsize, (6.6, 1.0 + 0.2 * len(frame)))
        ax = drawn.ax
        _dots(ax, frame, rows, [up if nes > 0 else down for nes in frame["nes"]])
        ax.axvline(0, color=INK, linewidth=0.7)
        titles = [set_title_of(str(term)) for term in frame.index]
        name_ticks(ax.yaxis, rows, titles, fontsize=SMALL)
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(-0.7, len(frame) - 0.3)
        label_axes(
            ax,
            x=f"Normalized enrichment score\n\u2190 higher in {reference}"
            f"      higher in {short(group, 30)} \u2192",
        )
        set_title(ax, f"{short(group, 30)} against {reference}")
        legend_right(ax, _legend())
        return finish(
            drawn,
            name="enrichment",
            title=title,
            return_fig=return_fig,
            show=show,
            save=save,
        )
