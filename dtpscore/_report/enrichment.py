"""Section on the enrichment of gene sets."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dtpscore import _keys, pl
from dtpscore._frames import enrichment as frames
from dtpscore._report.format import listed
from dtpscore._report.model import Column, Section, Table
from dtpscore._report.picture import picture

if TYPE_CHECKING:
    from anndata import AnnData

    from dtpscore._report.context import Context
    from dtpscore._report.model import Picture

_DESIGNS = {
    "paired": "by differences within samples ({n} samples on both sides)",
    "unpaired": "by samples ({n} against {m})",
    "difference": "by the difference alone, for want of samples",
    "cells": "with the cell as the unit, which overstates what is known",
}


def _pictures(adata: AnnData, groups: list[str]) -> tuple[Picture, ...]:
    """Draw the strongest sets of each group, and the running score of the first."""
    made = []
    for group in groups:
        top = str(frames.table(adata, group=group)["term"].iloc[0])
        made += [
            picture(
                partial(pl.enrichment, adata, group=group, show=False),
                alt=f"Strongest gene sets of {group}; the table below has the numbers.",
                caption=f"Strongest gene sets in {group}. Size: number of genes.",
            ),
            picture(
                partial(pl.running_score, adata, top, group=group, show=False),
                alt=f"Running enrichment score of {top} in {group}.",
                caption=f"Running score of {top}, drawn by GSEApy.",
            ),
        ]
    return tuple(made)


def enrichment_section(context: Context) -> Section | None:
    """Gene sets by group, or None where they were not tested."""
    found = context.record(_keys.ENRICHMENT)
    if found is None:
        return None
    table = frames.table(context.adata)
    designs = [
        f"{row['group']}: "
        + _DESIGNS[str(row["design"])].format(
            n=row["n_samples"], m=row["n_samples_reference"]
        )
        for row in found["designs"].to_dict("records")
    ]
    params = found["params"]
    floor = max(1 / params["n_permutations"], 0.001)
    skipped = [str(term) for term in found["skipped"]["term"]]
    notes = [
        f"The p-values come from {params['n_permutations']:,} random gene sets. They "
        "do not account for genes that move together, and a p-value of 0 means below "
        f"1 in {params['n_permutations']:,}. Samples are not the unit of this test."
    ]
    if skipped:
        notes.append(
            f"Not tested, with fewer than {params['min_size']} or more than "
            f"{params['max_size']:,} ranked genes: {listed(skipped)}."
        )
    return Section(
        name="enrichment",
        title="Enrichment of gene sets",
        paragraphs=(
            f"Genes were ranked against {params['reference']} and each signature "
            f"tested along the ranking with GSEApy. Ranked {'; '.join(designs)}.",
        ),
        notes=tuple(notes),
        pictures=_pictures(context.adata, [str(g) for g in found["groups"]]),
        tables=(
            Table(
                name="enrichment",
                caption="Gene sets tested, up and down genes apart",
                frame=table,
                columns=(
                    Column("group", "Group"),
                    Column("term", "Gene set"),
                    Column("n_genes", "Genes", "count"),
                    Column("nes", "Normalized score", "signed"),
                    Column("pvalue", "p", "pvalue", floor),
                    Column("fdr", "FDR", "pvalue", floor),
                ),
            ),
        ),
    )
