"""Section on the enrichment of gene sets."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dtpscore import _keys, pl
from dtpscore._report.format import listed
from dtpscore._report.model import Column, Fold, Section, Table
from dtpscore._report.picture import picture
from dtpscore.get._enrichment import enrichment
from dtpscore.get._records import enrich_record

if TYPE_CHECKING:
    import pandas as pd

    from dtpscore._enrichment.record import EnrichRecord
    from dtpscore._report.context import Context
    from dtpscore._report.model import Picture

_ALPHA = 0.05


def _pictures(context: Context, group: str) -> tuple[Picture, ...]:
    """Draw the strongest sets of a group, and the running score of the first."""
    adata = context.adata
    top = str(enrichment(adata, group=group)["term"].iloc[0])
    return (
        picture(
            partial(pl.enrichment, adata, group=group, show=False),
            alt=f"Strongest gene sets of {group}; the table below has the numbers.",
            caption=f"Strongest gene sets in {group}.",
        ),
        picture(
            partial(pl.running_score, adata, top, group=group, show=False),
            alt=f"Running enrichment score of {top} in {group}.",
            caption=f"Running score of {top}.",
        ),
    )


def _result(table: pd.DataFrame, groups: list[str]) -> str:
    parts = []
    for group in groups:
        own = table[(table["group"].astype(str) == group).to_numpy()]
        n = int((own["fdr"] <= _ALPHA).sum())
        parts.append(f"{n} of {len(own)} gene sets in {group}")
    return f"The FDR is {_ALPHA:g} or less for {listed(parts)}."


def _notes(record: EnrichRecord) -> tuple[str, ...]:
    params, n = record.params, record.params["n_permutations"]
    notes = [
        f"The p-values come from {n:,} random gene sets. They do not "
        "account for genes that move together, and samples are not the unit of this "
        f"test. A p-value of 0 means below 1 in {n:,}."
    ]
    skipped = [str(term) for term in record.skipped["term"]]
    if skipped:
        notes.append(
            f"These sets have fewer than {params['min_size']} or more than "
            f"{params['max_size']:,} ranked genes and were not tested: "
            f"{listed(skipped)}."
        )
    return (*notes, *record.messages)


def enrichment_section(context: Context) -> Section | None:
    """Gene sets by group, or None where they were not tested."""
    if not context.has(_keys.ENRICHMENT):
        return None
    record = enrich_record(context.adata)
    table = context.ordered(enrichment(context.adata))
    groups = list(dict.fromkeys(table["group"].astype(str)))
    floor = max(1 / record.params["n_permutations"], 0.001)
    first, *others = [_pictures(context, group) for group in groups]
    more = tuple(drawn for part in others for drawn in part)
    return Section(
        name="enrichment",
        title="Enrichment of gene sets",
        result=_result(table, groups),
        notes=_notes(record),
        pictures=first,
        folds=(Fold("The other groups", pictures=more),) if more else (),
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
