"""Section on whether the target was hit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dtpscore import _keys, pl
from dtpscore._report.format import number, share
from dtpscore._report.lineages import arm_name
from dtpscore._report.model import Column, Section, Table
from dtpscore._report.picture import picture
from dtpscore.get._records import engagement_record

if TYPE_CHECKING:
    from dtpscore._engagement.record import EngagementRecord
    from dtpscore._report.context import Context


def _about(row: dict[str, Any]) -> str:
    text = (
        f"{arm_name(row)}: {row['verdict']} (difference "
        f"{number(float(row['difference']), sign=True)} SD); at least "
        f"{share(float(row['share_hit']))} of the cells have low output."
    )
    low, high = (
        float(row.get("called_low", "nan")),
        float(row.get("called_high", "nan")),
    )
    if low != low:
        return text
    limits = f"95% interval {number(low, sign=True)} to {number(high, sign=True)}"
    if low > 0:
        return f"{text} Called cells have more output than the others ({limits})."
    if high < 0:
        return f"{text} Called cells have less output than the others ({limits})."
    return f"{text} Called cells are not shown to differ from the others ({limits})."


def _tables(record: EngagementRecord) -> tuple[Table, ...]:
    counts = (
        ("n_hit_called", "Hit and called"),
        ("n_hit_not_called", "Hit, not called"),
        ("n_called_not_hit", "Called, not shown to be hit"),
        ("n_neither", "Neither"),
    )
    crossed = tuple(
        Column(key, title, "count") for key, title in counts if key in record.arms
    )
    return (
        Table(
            name="engagement",
            caption="Output of the pathway by arm",
            frame=record.arms,
            columns=(
                Column("group", "Group"),
                Column("time", "Time"),
                Column("n_samples", "Samples", "count"),
                Column("n_cells", "Cells", "count"),
                Column("difference", "Difference", "signed"),
                Column("low", "95% from", "signed"),
                Column("high", "to", "signed"),
                Column("pvalue", "p", "pvalue"),
                Column("verdict", "Verdict"),
                Column("share_hit", "Hit, at least", "share"),
                *crossed,
            ),
        ),
        Table(
            name="engagement_samples",
            caption="Output of the pathway by sample",
            frame=record.samples,
            columns=(
                Column("group", "Group"),
                Column("sample", "Sample"),
                Column("n_cells", "Cells", "count"),
                Column("output", "Output", "signed"),
                Column("share_low", "Cells with low output", "share"),
            ),
        ),
    )


def engagement_section(context: Context) -> Section | None:
    """Show whether the target was hit, or nothing where it was not asked."""
    if not context.has(_keys.ENGAGEMENT):
        return None
    record = engagement_record(context.adata)
    rows = [
        {str(name): value for name, value in row.items()}
        for row in record.arms.to_dict("records")
    ]
    fell = sum(row["verdict"] == "output fell" for row in rows)
    return Section(
        name="engagement",
        title="Was the target hit",
        result=f"The output of {record.params['pathway']} fell in {fell} of "
        f"{len(rows)} arms, with samples as the unit.",
        paragraphs=tuple(_about(row) for row in rows),
        notes=tuple(record.messages),
        pictures=(
            picture(
                lambda: pl.engagement(context.adata, show=False),
                alt="Output of the pathway in each sample; the table below has the "
                "numbers.",
                caption="Output of the pathway in each sample. Larger points: more "
                "cells with low output.",
            ),
        ),
        tables=_tables(record),
    )
