"""Enrichment of gene sets, drawn by GSEApy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._enrichment.prerank import running_sum
from dtpscore._frames import enrichment as frames
from dtpscore.pl._docs import shared_doc
from dtpscore.pl._style import INK, axes_for, finish, style

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData
    from matplotlib.axes import Axes

_UP, _DOWN = "#B2182B", "#2166AC"


@shared_doc
def running_score(
    adata: AnnData,
    term: str,
    *,
    group: str,
    key: str | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw the running enrichment score of one gene set, with GSEApy's own figure.

    A p-value or FDR of 0 means that no random gene set came near; it is shown as one
    in the number of random sets, which is as small as they can tell.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.enrich` has tested.
    term
        Gene set, as in the table of the enrichment: ``NAME_UP`` or ``NAME_DN``.
    group
        Group that was compared with the reference.
    {run_key}
    show
        Show the figure now. None shows a new figure in an interactive session.
    save
        File to write; its ending names the format.

    Returns
    -------
    The Axes of the running score; the figure has three more.

    Raises
    ------
    DataError
        There is no such result, group or gene set.
    """
    import gseapy

    found = frames.record(adata, key)
    ranking = frames.ranking(adata, group=group, key=key)
    genes = set(frames.members(adata, term, key=key))
    table = frames.table(adata, group=group, key=key).set_index("term")
    row: Any = table.loc[term]
    floor = 1 / found["params"]["n_permutations"]
    member = np.array([gene in genes for gene in ranking.index])
    axes = gseapy.gseaplot(
        term=term,
        hits=list(np.flatnonzero(member)),
        nes=row["nes"],
        pval=max(row["pvalue"], floor),
        fdr=max(row["fdr"], floor),
        RES=running_sum(ranking.to_numpy(), member, found["params"]["weight"]),
        rank_metric=ranking,
        pheno_pos=group,
        pheno_neg=str(found["params"]["reference"]),
        color="#0072B2",
        cmap="RdBu_r",
    )
    return finish(axes[-1], own_figure=True, show=show, save=save)


@shared_doc
def enrichment(
    adata: AnnData,
    *,
    group: str,
    n_terms: int = 20,
    key: str | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw the strongest gene sets of one group.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.enrich` has tested.
    group
        Group that was compared with the reference.
    n_terms
        Gene sets to draw.
    {run_key}
    {drawing}

    Raises
    ------
    DataError
        There is no such result or group.
    """
    reference = frames.record(adata, key)["params"]["reference"]
    frame = frames.table(adata, group=group, key=key).head(n_terms)
    frame = frame.sort_values("nes", kind="stable").reset_index(drop=True)
    rows = np.arange(len(frame))
    with style():
        own, ax = ax is None, axes_for(ax, (5.8, 0.9 + 0.2 * len(frame)))
        colors = [_UP if nes > 0 else _DOWN for nes in frame["nes"]]
        ax.hlines(rows, 0, frame["nes"], color=colors, linewidth=1.2)
        sure = (frame["fdr"] <= 0.05).to_numpy()
        for kept, face in ((sure, None), (~sure, "white")):
            if kept.any():
                edge = [c for c, k in zip(colors, kept, strict=True) if k]
                ax.scatter(
                    frame["nes"][kept],
                    rows[kept],
                    s=12 + 0.35 * frame["n_genes"][kept].clip(upper=300),
                    facecolor=face or edge,
                    edgecolor=edge,
                    linewidth=1.0,
                    zorder=3,
                )
        ax.axvline(0, color=INK, linewidth=0.7)
        ax.set_yticks(rows, list(frame["term"]), fontsize=7)
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(-0.7, len(frame) - 0.3)
        ax.set_xlabel(
            f"Normalized enrichment score\n\u2190 higher in {reference}"
            f"      higher in {group} \u2192"
        )
        ax.set_title(f"{group} against {reference}")
        ax.text(
            1.0,
            1.01,
            "filled: FDR \u2264 0.05",
            transform=ax.transAxes,
            ha="right",
            va="bottom",
            fontsize=7,
        )
        return finish(ax, own_figure=own, show=show, save=save)
