"""Sections on the order from parental to persister, and on the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dtpscore import _keys, pl
from dtpscore._frames import path as frames
from dtpscore._frames import trends as trend_frames
from dtpscore._frames.scores import axis_titles
from dtpscore._report.format import count
from dtpscore._report.model import Column, Section, Table
from dtpscore._report.picture import picture

if TYPE_CHECKING:
    from anndata import AnnData

    from dtpscore._report.context import Context
    from dtpscore._report.model import Picture


def methods_text(context: Context) -> str:
    """How the cells were ordered, in sentences to paste."""
    found = frames.record(context.adata)
    return " ".join(str(sentence) for sentence in found["methods"])


def _position_table(context: Context) -> Table:
    cells = frames.positions(
        context.adata,
        groupby=context.groupby,
        reference=context.reference,
        sample_key=context.sample_key,
    )
    frame = frames.by_sample(cells)
    frame["group"] = frame["group"].astype(str)
    return Table(
        name="positions",
        caption="Position on the path by sample",
        frame=frame,
        columns=(
            Column("group", "Group"),
            Column("sample", "Sample"),
            Column("n_cells", "Cells", "count"),
            Column("low", "Lower quartile", "number"),
            Column("median", "Median", "number"),
            Column("high", "Upper quartile", "number"),
        ),
    )


def _check_tables(found: dict[str, Any]) -> list[Table]:
    direction = found["direction"].reset_index(names="with")
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
    branches = found.get("branches")
    if branches is not None and len(branches):
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


def path_section(context: Context) -> Section | None:
    """Show the order and its checks, or None where cells were not ordered."""
    if not context.has_path:
        return None
    found = frames.record(context.adata)
    groups: Any = {
        "groupby": context.groupby,
        "reference": context.reference,
        "sample_key": context.sample_key,
    }
    learned = (
        "It was checked on replicates that the fit did not see."
        if found["validated"]
        else "It was not checked on other replicates."
    )
    lost = int(found["n_unreachable"])
    if lost:
        learned += f" {count(lost)} cells could not be placed."
    return Section(
        name="path",
        title="From parental to persister",
        paragraphs=(methods_text(context), learned),
        notes=tuple(str(text) for text in found["messages"]),
        pictures=(
            picture(
                lambda: pl.pseudotime(context.adata, **groups, show=False),
                alt="Position of the cells of each group on the path from parental to "
                "persister; the table below has the numbers by sample.",
                caption="Position of each cell. The arrow is unbroken only where "
                "groups, index or time agree with the direction and none "
                "contradicts it.",
                wide=True,
            ),
        ),
        tables=(_position_table(context), *_check_tables(found)),
    )


def _trend_pictures(adata: AnnData) -> tuple[Picture, ...]:
    pictures = [
        picture(
            lambda: pl.trends(adata, show=False),
            alt="Curves of the six axes that change most along the path; the table "
            "below has tests and onsets of all.",
            caption="The axes that change most, with 95% intervals.",
        )
    ]
    if not trend_frames.onsets(adata).empty:
        pictures.append(
            picture(
                lambda: pl.onsets(adata, show=False),
                alt="Position at which each axis has gone half of its way, with "
                "intervals; the table below has the numbers.",
                caption="Which axis moves first. Overlapping intervals leave it open.",
            )
        )
    return tuple(pictures)


def trends_section(context: Context) -> Section | None:
    """Values along the path, or None where they were not followed."""
    found = context.record(_keys.TRENDS)
    if found is None:
        return None
    frame = trend_frames.features(context.adata).rename_axis("feature").reset_index()
    titles = axis_titles([str(name) for name in frame["feature"]])
    frame.insert(1, "title", [titles[str(name)] for name in frame["feature"]])
    permutations = found["params"]["n_permutations"]
    return Section(
        name="trends",
        title="Which mechanism moves when",
        paragraphs=(
            "Every axis was tested along the order of the other genes, by shuffling "
            "cells within samples. The onset is where its curve has gone half of its "
            "way.",
        ),
        notes=tuple(str(text) for text in found["messages"]),
        pictures=_trend_pictures(context.adata),
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
