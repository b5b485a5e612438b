"""Section on persister or resistant."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dtpscore import _keys, pl
from dtpscore._report.model import Column, Section, Table
from dtpscore._report.picture import picture
from dtpscore._resistance.evidence import PERSISTER, RESISTANT
from dtpscore.get._records import resistance_record

if TYPE_CHECKING:
    from dtpscore._report.context import Context


def resistance_section(context: Context) -> Section | None:
    """Show the evidence for each side, or nothing where it was not asked."""
    if not context.has(_keys.RESISTANCE):
        return None
    record = resistance_record(context.adata)
    table = record.table
    groups = list(dict.fromkeys(table["group"].astype(str)))
    parts = []
    for group in groups:
        own = table.loc[(table["group"].astype(str) == group).to_numpy(), "speaks_for"]
        counted = own.value_counts()
        parts.append(
            f"in {group}, {counted.get(PERSISTER, 0)} of {len(own)} observations speak "
            f"for persister and {counted.get(RESISTANT, 0)} for resistant"
        )
    text = "; ".join(parts)
    return Section(
        name="resistance",
        title="Persister or resistant",
        result=f"{text[0].upper()}{text[1:]}. They are not added up.",
        notes=tuple(record.messages),
        pictures=tuple(
            picture(
                partial(pl.resistance, context.adata, group=group, show=False),
                alt=f"Which side each observation in {group} speaks for; the table "
                "below has the same.",
                caption=f"Evidence for each side in {group}.",
            )
            for group in groups
        ),
        tables=(
            Table(
                name="resistance",
                caption="Evidence for each side, and what would decide",
                frame=table,
                columns=(
                    Column("group", "Group"),
                    Column("question", "Question"),
                    Column("speaks_for", "Speaks for"),
                    Column("reading", "Found"),
                    Column("difference", "Difference or share", "signed"),
                    Column("low", "95% from", "signed"),
                    Column("high", "to", "signed"),
                    Column("pvalue", "p", "pvalue"),
                    Column("would_decide", "What would decide"),
                ),
            ),
        ),
    )
