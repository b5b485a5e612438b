"""Section on what returns off the drug: one measure, and the others folded away."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

from dtpscore import pl
from dtpscore._ordering.messages import about_reversal
from dtpscore._report.format import share
from dtpscore._report.model import Column, Fold, Section, Table
from dtpscore._report.picture import ROWS, picture
from dtpscore.get._axes import titled
from dtpscore.get._order import reversal as by_path
from dtpscore.get._records import call_record, order_record
from dtpscore.get._reversal import REASONS, by_axis, by_calls, supplement

if TYPE_CHECKING:
    import pandas as pd

    from dtpscore._report.context import Context
    from dtpscore._report.model import Picture


def returned_share(row: Any) -> str:
    """Say the share of one holiday group, with its interval where there is one."""
    low, high = float(row["low"]), float(row["high"])
    interval = (
        "one sample, so no interval"
        if math.isnan(low)
        else f"95% interval over samples {share(low)} to {share(high)}"
    )
    return f"{share(row['share'])} of the cells are parental-like ({interval})"


def result(frame: pd.DataFrame) -> str:
    """Sentence on the share of parental-like cells off the drug, by the calls."""
    parts = [
        f"In {row['group']}, {returned_share(row)}" for row in frame.to_dict("records")
    ]
    on_drug = share(frame["treated_share"].iloc[0])
    return f"{'; '.join(parts)}. Of the cells on the drug, {on_drug} are parental-like."


def _share_table(frame: pd.DataFrame) -> Table:
    return Table(
        name="returned",
        caption="Parental-like cells off the drug, by the calls",
        frame=frame,
        columns=(
            Column("group", "Group"),
            Column("n_samples", "Samples", "count"),
            Column("n_cells", "Cells", "count"),
            Column("share", "Parental-like", "share"),
            Column("low", "95% from", "share"),
            Column("high", "to", "share"),
            Column("treated_share", "On the drug", "share"),
        ),
    )


def _axis_table(frame: pd.DataFrame) -> Table:
    return Table(
        name="reversal",
        caption="Reversal by axis",
        frame=titled(frame),
        columns=(
            Column("title", "Axis"),
            Column("group", "Group"),
            Column("persister", "On drug", "signed"),
            Column("holiday", "Off drug", "signed"),
            Column("returned", "Off minus on", "signed"),
            Column("returned_low", "95% from", "signed"),
            Column("returned_high", "to", "signed"),
            Column("ratio", "Share returned", "share"),
        ),
    )


def _axis_pictures(context: Context, frame: pd.DataFrame) -> tuple[Picture, ...]:
    return tuple(
        picture(
            partial(pl.reversal, context.adata, group=group, n_axes=ROWS, show=False),
            alt="Difference of each axis from untreated cells on the drug and in "
            f"{group}; the table below has the numbers.",
            caption="Axes that differ most on the drug: their difference from "
            f"untreated cells there and in {group}. Intervals hold how much samples "
            "differ.",
        )
        for group in dict.fromkeys(frame["group"].astype(str))
    )


def _sample_table(frame: pd.DataFrame) -> Table:
    return Table(
        name="holiday_samples",
        caption="Cells off the drug: position on the path, and which end they are like",
        frame=frame,
        columns=(
            Column("sample", "Sample"),
            Column("n_cells", "Cells", "count"),
            Column("position", "Position", "number"),
            Column("low", "95% from", "number"),
            Column("high", "to", "number"),
            Column("parental-like", "Parental-like", "share"),
            Column("persister-like", "Persister-like", "share"),
            Column("neither", "Neither", "share"),
            Column("returned", "Share of the way back", "share"),
        ),
    )


def _distance_table(context: Context) -> Table | None:
    """Shares over all axes at once, as the record of the calls has them."""
    frame = call_record(context.adata).reversal_shares if context.has_calls else None
    if frame is None or not len(frame):
        return None
    return Table(
        name="holiday_distances",
        caption="Cells off the drug by distances over all axes",
        frame=frame.rename_axis("state").reset_index(),
        columns=(
            Column("group", "Group"),
            Column("state", "Like"),
            Column("share", "Share", "share"),
            Column("low", "95% from", "share"),
            Column("high", "to", "share"),
            Column("n_cells", "Cells", "count"),
        ),
    )


def _measure(row: dict[str, object]) -> str:
    """Say what one further measure gives, and why it is no answer of its own."""
    low, high = float(str(row["low"])), float(str(row["high"]))
    interval = "" if low != low else f" (95% interval {share(low)} to {share(high)})"
    value = share(float(str(row["share"])))
    return f"{row['group']}, {row['measure']}: {value}{interval}. {row['reason']}"


def _supplement(context: Context) -> Fold | None:
    """Further measures of the same share, with the reason why they are apart."""
    frame = supplement(context.adata) if context.has_calls else None
    path = by_path(context.adata) if context.has_order else None
    distances = _distance_table(context)
    if (frame is None or frame.empty) and path is None and distances is None:
        return None
    texts = [] if frame is None else [_measure(row) for row in frame.to_dict("records")]
    if not texts and path is not None:
        texts = [REASONS["neighbors on the path"]]
    if path is not None:
        texts += about_reversal(order_record(context.adata))
    pictures: tuple[Picture, ...] = ()
    tables = [] if distances is None else [distances]
    if path is not None:
        tables.append(_sample_table(path))
        pictures = (
            picture(
                lambda: pl.holiday(context.adata, show=False),
                alt="Share of the cells off the drug that are like either end of the "
                "path or like neither; the table below has the numbers.",
                caption="Which end of the path cells off the drug are like. The "
                "interval of a sample comes from its cells and does not hold the "
                "spread between samples; that of all samples does.",
            ),
        )
    return Fold(
        "Other measures of the same share, and why they are not the answer",
        paragraphs=tuple(texts),
        pictures=pictures,
        tables=tuple(tables),
    )


def reversal_section(context: Context) -> Section | None:
    """Show what returns off the drug, or None where nothing was measured."""
    shares = by_calls(context.adata) if context.has_calls else None
    axes = by_axis(context.adata) if context.has_calls else None
    fold = _supplement(context)
    if shares is None and axes is None and fold is None:
        return None
    tables = [] if shares is None else [_share_table(shares)]
    pictures: tuple[Picture, ...] = ()
    if axes is not None:
        tables.append(_axis_table(context.ordered(axes)))
        pictures = _axis_pictures(context, axes)
    return Section(
        name="reversal",
        title="What returns off the drug",
        result="These cells were not called, so the share that returned is not known."
        if shares is None
        else result(shares),
        paragraphs=(
            "The measure is the share of the cells off the drug that the calls leave "
            "parental-like, the mean over samples. Its interval holds how much samples "
            "differ.",
        ),
        notes=(
            "A cell that is parental-like by the calls has not left the range of the "
            "untreated cells as far as could be seen. That is no proof that it had "
            "been a persister before.",
        ),
        pictures=pictures,
        tables=tuple(tables),
        folds=() if fold is None else (fold,),
    )
