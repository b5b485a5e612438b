"""Section on the nearest published programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dtpscore import _keys, pl
from dtpscore._programs.decide import NEARER
from dtpscore._report.model import Column, Fold, Section, Table
from dtpscore._report.picture import picture
from dtpscore.get._records import programs_record

if TYPE_CHECKING:
    from dtpscore._programs.record import ProgramsRecord
    from dtpscore._report.context import Context
    from dtpscore._report.model import Picture

# Comparisons that have a picture.
_MOST_PICTURES = 4


def _tables(record: ProgramsRecord) -> tuple[Table, ...]:
    return (
        Table(
            name="programs",
            caption="Likeness of every arm to published programs",
            frame=record.table,
            columns=(
                Column("group", "Group"),
                Column("batch", "Batch"),
                Column("by", "Compared by"),
                Column("rank", "Rank", "count"),
                Column("kind", "Kind"),
                Column("title", "Program"),
                Column("program", "Name"),
                Column("n_shared", "Shared", "count"),
                Column("correlation", "Correlation", "signed"),
                Column("low", "95% from", "signed"),
                Column("high", "to", "signed"),
                Column("qvalue", "q", "pvalue"),
            ),
        ),
        Table(
            name="programs_nearest",
            caption="The nearest program of persisters and the nearest other one",
            frame=record.nearest,
            columns=(
                Column("group", "Group"),
                Column("batch", "Batch"),
                Column("by", "Compared by"),
                Column("nearest", "Nearest of persisters"),
                Column("other", "Nearest other"),
                Column("other_kind", "Kind"),
                Column("difference", "Difference", "signed"),
                Column("low", "95% from", "signed"),
                Column("high", "to", "signed"),
                Column("verdict", "Verdict"),
            ),
        ),
    )


def _picture(context: Context, row: dict[str, Any]) -> Picture:
    return picture(
        lambda: pl.programs(
            context.adata,
            group=row["group"],
            batch=row["batch"],
            by=row["by"],
            show=False,
        ),
        alt=f"Likeness of {row['group']} to published programs; the table below has "
        "the numbers.",
        caption=f"{row['group']}, by {row['by']}: the nearest programs, with 95% "
        "intervals over samples.",
    )


def programs_section(context: Context) -> Section | None:
    """Show which programs are nearest, or nothing where it was not asked."""
    if not context.has(_keys.PROGRAMS):
        return None
    record = programs_record(context.adata)
    nearest = record.nearest
    n = int((nearest["verdict"] == NEARER).sum())
    rows = [
        {str(name): value for name, value in row.items()}
        for row in nearest.to_dict("records")
    ]
    about = [str(row["sentence"]) for row in rows]
    pictures = [_picture(context, row) for row in rows[:_MOST_PICTURES]]
    others = Fold(
        "The other comparisons",
        paragraphs=tuple(about[1:]),
        pictures=tuple(pictures[1:]),
    )
    return Section(
        name="programs",
        title="Which published program is nearest",
        result=f"In {n} of {len(nearest)} comparisons a program of persisters is "
        "nearer than any other kind.",
        paragraphs=tuple(about[:1]),
        notes=tuple(record.messages[len(nearest) :]),
        pictures=tuple(pictures[:1]),
        folds=(others,) if about[1:] else (),
        tables=_tables(record),
    )
