"""Section on the enrichment of gene sets."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dtpscore import _keys, pl
from dtpscore._report.format import by_group, listed
from dtpscore._report.model import Column, Fold, Section, Table
from dtpscore._report.picture import ROWS, picture
from dtpscore.get._enrichment import enrichment
from dtpscore.get._records import enrich_record

if TYPE_CHECKING:
    import pandas as pd

    from dtpscore._enrichment.record import EnrichRecord
    from dtpscore._report.context import Context
    from dtpscore._report.model import Picture

_ALPHA = 0.05


def _strongest(context: Context, group: str) -> Picture:
    """Draw the strongest sets of a group."""
    return picture(
        partial(pl.enrichment, context.adata, group=group, n_terms=ROWS, show=False),
        alt=f"Strongest gene sets of {group}; the table below has the numbers.",
        caption=f"Strongest gene sets in {group}.",
    )


def _running(context: Context, group: str) -> Picture:
    """Draw the running score of the strongest set of a group."""
    adata = context.adata
    top = str(enrichment(adata, group=group)["term"].iloc[0])
    return picture(
        partial(pl.running_score, adata, top, group=group, show=False),
        alt=f"Running enrichment score of {top} in {group}.",
        caption=f"Running score of {top}, the strongest set of {group}.",
    )


def _result(table: pd.DataFrame, groups: list[str]) -> str:
    sure = table["group"].astype(str)[(table["fdr"] <= _ALPHA).to_numpy()]
    counts = {group: int((sure == group).sum()) for group in groups}
    n_sets = table["term"].nunique()
    said = by_group(counts, f"of {n_sets} gene sets")
    return f"The FDR is {_ALPHA:g} or less for {said}."


def _notes(record: EnrichRecord) -> tuple[str, ...]:
    n = record.params["n_permutations"]
    notes = [
        f"The p-values come from {n:,} random gene sets. They do not "
        "account for genes that move together, and samples are not the unit of this "
        f"test. A p-value of 0 means below 1 in {n:,}."
    ]
    return (*notes, *record.messages)


def _skipped(record: EnrichRecord) -> tuple[Fold, ...]:
    """Name the sets that were not tested, if there are any."""
    params, skipped = record.params, [str(term) for term in record.skipped["term"]]
    if not skipped:
        return ()
    text = (
        f"These sets have fewer than {params['min_size']} or more than "
        f"{params['max_size']:,} ranked genes: {listed(skipped)}."
    )
    return (Fold("Gene sets that were not tested", paragraphs=(text,)),)


def enrichment_section(context: Context) -> Section | None:
    """Gene sets by group, or None where they were not tested."""
    if not context.has(_keys.ENRICHMENT):
        return None
    record = enrich_record(context.adata)
    table = context.ordered(enrichment(context.adata))
    groups = list(dict.fromkeys(table["group"].astype(str)))
    floor = max(1 / record.params["n_permutations"], 0.001)
    first, *others = [_strongest(context, group) for group in groups]
    running = tuple(_running(context, group) for group in groups)
    folds = [Fold("Running score of the strongest set", pictures=running)]
    if others:
        folds.insert(0, Fold("The other groups", pictures=tuple(others)))
    return Section(
        name="enrichment",
        title="Enrichment of gene sets",
        result=_result(table, groups),
        notes=_notes(record),
        pictures=(first,),
        folds=(*folds, *_skipped(record)),
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
