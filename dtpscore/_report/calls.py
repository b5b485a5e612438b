"""Sections on the calls: who, on what grounds, and why."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from dtpscore import pl
from dtpscore._report.format import count, share
from dtpscore._report.model import Column, Fold, Section, Table
from dtpscore._report.picture import ROWS, picture
from dtpscore.get import _calls as calls
from dtpscore.get._axes import axis_titles, titled
from dtpscore.get._records import call_record
from dtpscore.get._samples import counts

if TYPE_CHECKING:
    from dtpscore._calling.record import CallRecord
    from dtpscore._report.context import Context
    from dtpscore._report.model import Picture

_MOST_BARS = 60
_WORDS = (
    "An axis is one mechanism of persistence, such as EMT. Its score is the mean of "
    "its signatures, turned so that high means more of it.",
    "The index is the score of one signature, by default the consensus of published "
    "contrasts of persisters without genes of the cell cycle. It says how far a cell "
    "looks like a published persister.",
    "The shift is how far a cell is from the reference cells along the direction that "
    "was learned for its group. It decides whether a cell left the reference range. "
    "Without reference cells there is none.",
    "The smallest share to be called comes from the number of reference cells. A group "
    "in which fewer cells moved has no call, which does not mean that no cell moved.",
)
_MEASURES = {
    "fraction": "log odds of the share of cells beyond the reference range",
    "index": "mean index",
}


def _count_table(context: Context) -> Table:
    frame = counts(
        context.adata,
        **context.columns,
        time_key=context.design.time_key,
        holiday=context.design.holiday,
    )
    timed = "time" in frame
    return Table(
        name="calls",
        caption="Calls by sample" if context.sample_key else "Calls by group",
        frame=frame,
        columns=(
            Column("group", "Group"),
            *((Column("sample", "Sample"),) if context.sample_key else ()),
            *((Column("time", "Time"),) if timed else ()),
            Column("n_cells", "Cells", "count"),
            Column("parental-like", "Parental-like", "count"),
            Column("not decided", "Not decided", "count"),
            Column("uncertain", "Uncertain", "count"),
            Column("shifted", "Shifted", "count"),
            Column("DTP-like cycling", "DTP-like cycling", "count"),
            Column("DTP-like", "DTP-like", "count"),
            Column("low quality", "Low quality", "count"),
            Column("dtp_like", "DTP-like of both kinds", "share"),
        ),
    )


_TABLES = (
    (
        "calibration",
        "What the calls of each group rest on",
        (
            Column("batch", "Batch"),
            Column("group", "Group"),
            Column("basis", "Basis"),
            Column("n_reference_samples", "Reference samples", "count"),
            Column("n_reference_cells", "Reference cells", "count"),
            Column("n_query_cells", "Cells", "count"),
            Column("smallest_share", "Smallest share to be called", "share"),
            Column("n_called", "Cells that left the reference range", "count"),
            Column("called_share", "Their share", "share"),
            Column("called_share_fifth_alpha", "At a fifth of the error rate", "share"),
            Column("called_share_double_alpha", "At twice the error rate", "share"),
            Column("left_out_lowest", "Without a quarter of the cells, from", "share"),
            Column("left_out_highest", "to", "share"),
            Column("evidence_level", "Evidence"),
        ),
    ),
    (
        "conditions",
        "Groups in numbers: means over samples, with the lowest and highest sample",
        (
            Column("group", "Group"),
            Column("n_samples", "Samples", "count"),
            Column("n_cells", "Cells", "count"),
            Column("dtp_like", "DTP-like of both kinds", "share"),
            Column("dtp_like_lowest", "Lowest sample", "share"),
            Column("dtp_like_highest", "Highest sample", "share"),
            Column("index", "Mean index", "signed"),
            Column("index_lowest", "Lowest index", "signed"),
            Column("index_highest", "Highest index", "signed"),
        ),
    ),
    (
        "sample_tests",
        "Groups against the reference with samples as the unit; this makes no call",
        (
            Column("group", "Group"),
            Column("measure", "Measure"),
            Column("n_samples", "Samples", "count"),
            Column("n_reference_samples", "Reference samples", "count"),
            Column("difference", "Difference", "signed"),
            Column("pvalue", "p", "pvalue"),
            Column("method", "Test"),
            Column("note", "Note"),
        ),
    ),
    (
        "other_causes",
        "What can pass for a state, in called cells against the others",
        (
            Column("batch", "Batch"),
            Column("group", "Group"),
            Column("measure", "Measure"),
            Column("reference", "Untreated", "share"),
            Column("called", "Called", "share"),
            Column("other_treated", "Other treated cells", "share"),
            Column("difference", "Called less untreated", "signed"),
            Column("low", "95% from", "signed"),
            Column("high", "to", "signed"),
            Column("pvalue", "p", "pvalue"),
            Column("soup", "Share of counts", "share"),
            Column("can_explain", "Can explain calls"),
        ),
    ),
    (
        "clones",
        "Clones of the called cells, and whether they were there before treatment",
        (
            Column("batch", "Batch"),
            Column("group", "Group"),
            Column("clone", "Clone"),
            Column("n_called", "Called cells", "count"),
            Column("called_share", "Of the called cells", "share"),
            Column("share_after", "Of all treated cells", "share"),
            Column("n_before", "Untreated cells", "count"),
            Column("share_before", "Of the untreated cells", "share"),
            Column("before_low", "95% from", "share"),
            Column("before_high", "to", "share"),
            Column("log2_change", "log2 change", "signed"),
            Column("qvalue", "q", "pvalue"),
        ),
    ),
    (
        "reference_samples",
        "Each reference sample against the others: the share should be below the "
        "error rate",
        (
            Column("batch", "Batch"),
            Column("sample", "Sample"),
            Column("n_cells", "Cells", "count"),
            Column("called_share", "Called", "share"),
        ),
    ),
)


def _record_tables(context: Context, record: CallRecord) -> list[Table]:
    """Tables of the record of the calls that hold anything, named as they are there."""
    tables = []
    for name, caption, columns in _TABLES:
        frame = getattr(record, name)
        if frame is None or not len(frame):
            continue
        if "measure" in frame:
            named = frame["measure"].astype(str).replace(_MEASURES)
            frame = frame.assign(measure=named)
        kept = tuple(one for one in columns if one.key in frame)
        tables.append(Table(name, caption, context.ordered(frame), kept))
    return tables


def _composition(context: Context) -> Picture:
    many = context.n_samples > _MOST_BARS
    columns = {**context.columns, **({"sample_key": None} if many else {})}
    return picture(
        lambda: pl.composition(context.adata, **columns, show=False),
        alt="Share of each call in each sample or group; the table below has the "
        "numbers.",
        caption="Calls. Reference cells are parental-like by definition."
        + (" The table has the samples." if many else ""),
    )


def _planes(context: Context) -> tuple[Picture, ...]:
    adata = context.adata
    made = []
    if not calls.plane(adata)["shift"].isna().all():
        columns = {k: v for k, v in context.columns.items() if k != "sample_key"}
        made.append(
            picture(
                lambda: pl.decision(adata, **columns, show=False),
                alt="Cells of each group on the plane of shift and index, colored by "
                "call, with the limits that the calls use.",
                caption="Shift and index of the cells of each group. The shift is "
                "learned for each group apart, so only cells of one panel compare.",
            )
        )
    made.append(
        picture(
            lambda: pl.index_proliferation(adata, show=False),
            alt="Cells on the plane of index and proliferation, colored by call, with "
            "the limits that the calls use.",
            caption="Index and proliferation of each cell. Whether a cell is called is "
            "decided by the shift, which this plane does not show.",
        )
    )
    return tuple(made)


def _are(n: float) -> str:
    return f"{count(n)} {'is' if n == 1 else 'are'}"


def _result(table: Table) -> str:
    """Sentence on the calls of the query groups together."""
    frame = table.frame
    dtp = frame[list(calls.DTP_STATES)].to_numpy().sum()
    n_open = frame[list(calls.OPEN_STATES)].to_numpy().sum()
    n_shifted, n_low = frame["shifted"].sum(), frame["low quality"].sum()
    total = frame["n_cells"].sum()
    return (
        f"Of {count(total)} cells with a call, {_are(dtp)} DTP-like, "
        f"{_are(n_shifted)} shifted without being named, "
        f"{_are(n_open)} uncertain or not decided "
        f"({share(n_open / max(total, 1))}) and {_are(n_low)} of low quality."
    )


def calls_section(context: Context) -> Section | None:
    """Show calls and what they rest on, or None where there are none."""
    if not context.has_calls:
        return None
    record = call_record(context.adata)
    table = _count_table(context)
    return Section(
        name="calls",
        title="Calls and the evidence for them",
        result=_result(table),
        paragraphs=(record.note,),
        notes=tuple(record.messages),
        pictures=(_composition(context),),
        tables=(table, *_record_tables(context, record)),
        folds=(
            Fold("What axis, index, shift and share mean", paragraphs=_WORDS),
            Fold("Cells on the planes of the calls", pictures=_planes(context)),
        ),
    )


def _reason_picture(context: Context, group: str) -> Picture:
    return picture(
        partial(pl.reasons, context.adata, group=group, n_axes=ROWS, show=False),
        alt=f"Axes that carry the calls in {group}; the table below has the numbers.",
        caption=f"Axes that carry the calls in {group}. The arrow is the direction "
        "that was found.",
    )


def why_section(context: Context) -> Section | None:
    """Axes that carry the calls, or None where nothing was called."""
    if not context.has_calls:
        return None
    frame = context.ordered(calls.reasons(context.adata))
    if frame.empty:
        return None
    table = titled(frame)
    groups = list(dict.fromkeys(str(name) for name in frame["group"]))
    rows = calls.over_batches(calls.reasons(context.adata, group=groups[0]))
    first = str(rows.index[0])
    title = axis_titles([first])[first]
    others: Any = [_reason_picture(context, group) for group in groups[1:]]
    return Section(
        name="why",
        title="Which mechanisms carry the calls",
        result=f"In {groups[0]}, {title} carries the largest part of the shift of the "
        "called cells.",
        paragraphs=(
            "The difference is that of the called cells from the reference cells. The "
            "contribution is the part of the shift that an axis carries. A gene that "
            "several axes share is counted for the strongest of them alone; the whole "
            "contribution stands beside it. Each direction is read against the "
            "published one and against random gene sets.",
        ),
        pictures=(_reason_picture(context, groups[0]),),
        folds=(Fold("The other groups", pictures=tuple(others)),) if others else (),
        tables=(
            Table(
                name="reasons",
                caption="Axes that carry the calls",
                frame=table,
                columns=(
                    Column("group", "Group"),
                    Column("batch", "Batch"),
                    Column("title", "Axis"),
                    Column("counted_once", "Contribution", "signed"),
                    Column("contribution", "With shared genes", "signed"),
                    Column("difference", "Difference", "signed"),
                    Column("published", "Published"),
                    Column("reading", "Reading"),
                ),
            ),
        ),
    )
