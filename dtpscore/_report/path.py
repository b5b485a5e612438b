"""Sections on the order from parental to persister, and on what moves along it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtpscore import _keys, pl
from dtpscore._ordering.checks import AGREES, CONTRADICTS, UNRESOLVED
from dtpscore._ordering.messages import about_reversal
from dtpscore._report.format import count, listed
from dtpscore._report.model import Column, Section, Table
from dtpscore._report.picture import picture
from dtpscore.get import _order as order
from dtpscore.get import _trends as trends
from dtpscore.get._axes import axis_titles
from dtpscore.get._records import order_record, trends_record
from dtpscore.get._reversal import by_calls

if TYPE_CHECKING:
    from dtpscore._ordering.record import OrderRecord
    from dtpscore._report.context import Context
    from dtpscore._report.model import Picture

_N_FIRST = 3


def _position_table(context: Context) -> Table:
    cells = order.positions(
        context.adata, **context.columns, time_key=context.design.time_key
    )
    frame = order.by_sample(cells)
    frame["group"] = frame["group"].astype(str)
    return Table(
        name="positions",
        caption="Position on the path by sample",
        frame=frame,
        columns=(
            Column("row", "Group"),
            Column("sample", "Sample"),
            Column("n_cells", "Cells", "count"),
            Column("low", "Lower quartile", "number"),
            Column("median", "Median", "number"),
            Column("high", "Upper quartile", "number"),
        ),
    )


def _check_tables(record: OrderRecord) -> list[Table]:
    direction = record.direction.reset_index(names="with")
    tables = [
        Table(
            name="direction",
            caption="Is the direction that of groups, index and time?",
            frame=direction,
            columns=(
                Column("with", "Compared with"),
                Column("rho", "Rank correlation", "signed"),
                Column("n_positive", "Positive in", "count"),
                Column("n_samples", "of", "count"),
                Column("verdict", "Verdict"),
            ),
        )
    ]
    branches = record.branches
    if len(branches):
        frame = branches.reset_index(names="end")
        frame["exists"] = frame["exists"].map({True: "yes", False: "no"})
        tables.append(
            Table(
                name="branches",
                caption="Ends of the path (30 late cells in two samples or more)",
                frame=frame,
                columns=(
                    Column("end", "End"),
                    Column("n_cells", "Cells", "count"),
                    Column("n_samples", "Samples", "count"),
                    Column("share", "Share of late cells", "share"),
                    Column("exists", "Counted as an end"),
                ),
            )
        )
    return tables


def _result(verdicts: list[tuple[str, str]]) -> str:
    """Say what agrees with the direction of the path, and what does not."""
    if not verdicts:
        return "Nothing in these data says which way the path runs."
    by_verdict: dict[str, list[str]] = {}
    for name, verdict in verdicts:
        by_verdict.setdefault(verdict, []).append(name)
    said = {
        AGREES: "agrees with {}",
        CONTRADICTS: "contradicts {}",
        UNRESOLVED: "is not shown to agree with {}",
    }
    parts = [
        said[verdict].format(listed(names)) for verdict, names in by_verdict.items()
    ]
    return f"The direction of the path {' and '.join(parts)}."


def _notes(context: Context, record: OrderRecord) -> list[str]:
    """Messages of the order.

    Where the calls say what returned off the drug, the answer of the path to the same
    question stands in the supplement of that section alone.
    """
    answered = context.has_calls and by_calls(context.adata) is not None
    apart = about_reversal(record) if answered else []
    return [text for text in record.messages if text not in apart]


def path_section(context: Context) -> Section | None:
    """Show the order and its checks, or None where cells were not ordered."""
    if not context.has_order:
        return None
    record = order_record(context.adata)
    learned = (
        "The order was checked on replicates that the fit did not see. What comes "
        "with time in all of them, such as depth, is not ruled out by that."
        if record.validated
        else "The order was not checked on other replicates."
    )
    lost = record.n_unreachable
    if lost:
        learned += f" {count(lost)} cells could not be placed."
    return Section(
        name="path",
        title="From parental to persister",
        result=_result(order.direction(context.adata)),
        paragraphs=(learned,),
        notes=tuple(_notes(context, record)),
        pictures=(
            picture(
                lambda: pl.pseudotime(
                    context.adata,
                    **context.columns,
                    time_key=context.design.time_key,
                    show=False,
                ),
                alt="Position of the cells of each group on the path from parental to "
                "persister; the table below has the numbers by sample.",
                caption="Density of the positions of the cells of each group. The "
                "arrow is unbroken only where groups, index or time agree with the "
                "direction and none contradicts it.",
            ),
        ),
        tables=(_position_table(context), *_check_tables(record)),
    )


def _trend_pictures(context: Context) -> tuple[Picture, ...]:
    adata = context.adata
    pictures = [
        picture(
            lambda: pl.trends(adata, show=False),
            alt="Curves of the six axes that change most along the path; the table "
            "below has tests and onsets of all.",
            caption="The axes that change most, with 95% intervals.",
        )
    ]
    if not trends.onsets(adata).empty:
        pictures.append(
            picture(
                lambda: pl.onsets(adata, show=False),
                alt="Position at which each axis has gone half of its way, with "
                "intervals; the table below has the numbers.",
                caption="Which axis moves first. Overlapping intervals leave it open.",
            )
        )
    return tuple(pictures)


def _first_movers(context: Context, messages: list[str]) -> str:
    """Say how many axes or genes move, and which are the first; or that none does."""
    frame = trends.onsets(context.adata)
    if frame.empty:
        return messages[0]
    n = len(frame)
    moving = "1 axis or gene moves" if n == 1 else f"{n} axes or genes move"
    names = [str(name) for name in frame["feature"][frame["onset"].notna()]][:_N_FIRST]
    if not names:
        return f"{moving}; where on the path is not determined."
    titles = axis_titles(names)
    verb = "is" if len(names) == 1 else "are"
    first = listed([titles[name] for name in names])
    return f"{moving}; the first to be half way {verb} {first}."


def trends_section(context: Context) -> Section | None:
    """Values along the path, or None where they were not followed."""
    if not context.has(_keys.TRENDS):
        return None
    record = trends_record(context.adata)
    result = _first_movers(context, record.messages)
    frame = trends.trends(context.adata).rename_axis("feature").reset_index()
    titles = axis_titles([str(name) for name in frame["feature"]])
    frame.insert(1, "title", [titles[str(name)] for name in frame["feature"]])
    permutations = record.params["n_permutations"]
    return Section(
        name="trends",
        title="Which mechanism moves when",
        result=result,
        notes=tuple(text for text in record.messages if text != result),
        pictures=_trend_pictures(context),
        tables=(
            Table(
                name="trends",
                caption="Axes along the path",
                frame=frame,
                columns=(
                    Column("title", "Axis"),
                    Column("rho", "rho within samples", "signed"),
                    Column("n_agree", "Samples that agree", "count"),
                    Column("n_samples", "of", "count"),
                    Column("q", "q", "pvalue", 1 / (permutations + 1)),
                    Column("change", "Change", "signed"),
                    Column("onset", "Onset", "number"),
                    Column("onset_low", "95% from", "number"),
                    Column("onset_high", "to", "number"),
                ),
            ),
        ),
    )
