"""Sections on the calls: who, how sure, why, and what returns."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from dtpscore import pl
from dtpscore._frames import states
from dtpscore._frames.scores import titled
from dtpscore._report.model import Column, Section, Table
from dtpscore._report.picture import picture
from dtpscore._report.text import calling_text

if TYPE_CHECKING:
    import pandas as pd

    from dtpscore._report.context import Context

_UMAP = "X_umap"
_MOST_BARS = 40


def counts(context: Context, *, by_sample: bool = False) -> pd.DataFrame:
    """Cells of each state by group, or by sample of each group."""
    return states.counts(
        context.adata,
        groupby=context.groupby,
        reference=context.reference,
        sample_key=context.sample_key if by_sample else None,
    )


def _count_table(context: Context) -> Table:
    frame = counts(context, by_sample=True)
    dtp = frame["DTP-like"] + frame["DTP-like cycling"]
    frame["share"] = dtp / frame["n_cells"]
    return Table(
        name="calls",
        caption="Calls by sample" if context.sample_key else "Calls by group",
        frame=frame,
        columns=(
            Column("group", "Group"),
            *((Column("sample", "Sample"),) if context.sample_key else ()),
            Column("n_cells", "Cells", "count"),
            *(
                Column(state, state.capitalize(), "count")
                for state in states.STATES[:2]
            ),
            Column("DTP-like cycling", "DTP-like cycling", "count"),
            Column("DTP-like", "DTP-like", "count"),
            Column("low quality", "Low quality", "count"),
            Column("share", "DTP-like of both kinds", "share"),
        ),
    )


_CALIBRATION = (
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
            Column("n_called", "Called beyond it", "count"),
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
        "Groups against the reference, samples as the unit; this makes no call",
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
        "reference_samples",
        "Each reference sample against the others: should be under the error rate",
        (
            Column("batch", "Batch"),
            Column("sample", "Sample"),
            Column("n_cells", "Cells", "count"),
            Column("called_share", "Called", "share"),
        ),
    ),
)


_MEASURES = {
    "fraction": "log odds of the share of cells beyond the reference range",
    "index": "mean index",
}


def _calibration_tables(found: dict[str, Any]) -> list[Table]:
    """Tables of the record of the calls that hold anything, named as they are there."""
    tables = []
    for name, caption, columns in _CALIBRATION:
        if not len(found.get(name, ())):
            continue
        frame = found[name]
        if "measure" in frame:
            named = frame["measure"].astype(str).replace(_MEASURES)
            frame = frame.assign(measure=named)
        kept = tuple(one for one in columns if one.key in frame)
        tables.append(Table(name=name, caption=caption, frame=frame, columns=kept))
    return tables


def _pictures(context: Context) -> tuple[Any, ...]:
    adata = context.adata
    made = [
        picture(
            lambda: pl.composition(
                adata,
                groupby=context.groupby,
                reference=context.reference,
                # With many samples the bars get too thin; the table has them all.
                sample_key=context.sample_key
                if context.n_samples <= _MOST_BARS
                else None,
                show=False,
            ),
            alt="Share of each call in each sample or group; the table below has the "
            "numbers.",
            caption="Calls. Reference cells are parental-like by definition.",
        ),
        picture(
            lambda: pl.index_proliferation(adata, show=False),
            alt="Cells on the plane of index and proliferation, colored by call, with "
            "the limits that the calls use.",
            caption="Index and proliferation of each cell. Whether a cell is called is "
            "decided by the shift, which this plane does not show.",
        ),
    ]
    if _UMAP in adata.obsm:
        made += [
            picture(
                partial(pl.embedding, adata, color=color, show=False),
                alt=f"UMAP of the data, colored by {color}.",
                caption=f"UMAP that came with the data, colored by {color}.",
            )
            for color in ("dtp_call", "dtp_index")
        ]
    return tuple(made)


def calls_section(context: Context) -> Section | None:
    """Show calls and what they rest on, or None where there are none."""
    if not context.has_calls:
        return None
    found = states.record(context.adata)
    return Section(
        name="calls",
        title="Calls and the evidence for them",
        paragraphs=(str(found["note"]), calling_text(context)),
        notes=tuple(str(text) for text in found["messages"]),
        pictures=_pictures(context),
        tables=(_count_table(context), *_calibration_tables(found)),
    )


def why_section(context: Context) -> Section | None:
    """Axes that carry the calls, or None where nothing was called."""
    if not context.has_calls:
        return None
    frame = states.reasons(context.adata)
    if frame.empty:
        return None
    return Section(
        name="why",
        title="Which mechanisms carry the calls",
        paragraphs=(
            "The difference is that of the called cells from the reference cells; the "
            "contribution is the part of the shift that an axis carries. Each "
            "direction is read against the published one, and random gene sets.",
        ),
        pictures=tuple(
            picture(
                partial(pl.reasons, context.adata, group=group, show=False),
                alt=f"Axes that carry the calls in {group}; the table below has the "
                "numbers.",
                caption=f"Axes that carry the calls in {group}. The arrow is the "
                "direction found.",
            )
            for group in dict.fromkeys(str(name) for name in frame["group"])
        ),
        tables=(
            Table(
                name="reasons",
                caption="Axes that carry the calls",
                frame=titled(frame),
                columns=(
                    Column("group", "Group"),
                    Column("batch", "Batch"),
                    Column("title", "Axis"),
                    Column("contribution", "Contribution", "signed"),
                    Column("difference", "Difference", "signed"),
                    Column("published", "Published"),
                    Column("reading", "Reading"),
                ),
            ),
        ),
    )
