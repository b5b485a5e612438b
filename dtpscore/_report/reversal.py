"""Sections on what returns off the drug, by axis and by place on the path."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dtpscore import pl
from dtpscore._frames import path, states
from dtpscore._frames.reversal import AXES, CALLS, PATH, parental_shares
from dtpscore._frames.scores import titled
from dtpscore._report.format import listed, share
from dtpscore._report.model import Column, Section, Table
from dtpscore._report.picture import picture

if TYPE_CHECKING:
    import pandas as pd

    from dtpscore._report.context import Context

# Measures whose shares are farther apart than this are said to disagree.
_APART = 0.2
_ASKED = {
    CALLS: "all that have not surely left the untreated range",
    AXES: "those that fit untreated cells at least as well as treated ones over all "
    "mechanisms and proliferation, where treated cells that the drug did not move "
    "count as treated",
    PATH: "those nearer to the untreated than to the persister end of the order, which "
    "leaves cell-cycle genes out",
}


def measures(shares: pd.Series) -> str:
    """Shares of parental-like cells as part of a sentence."""
    return listed([f"{share(value)} by the {name}" for name, value in shares.items()])


def shares_text(frame: pd.DataFrame) -> str:
    """Shares of what cells off the drug are like, with intervals over samples."""
    known = frame["low"].notna().all()
    parts = []
    for state, row in frame.iterrows():
        interval = f" ({share(row['low'])} to {share(row['high'])})" if known else ""
        parts.append(f"{share(row['share'])}{interval} are {state}")
    unit = "95% intervals over samples" if known else "one sample, so no interval"
    return f"{listed(parts)} ({unit})"


def comparison(context: Context) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Say why the measures of reversal differ: paragraphs, and notes if by much.

    Nothing where there is one measure or none.
    """
    shares = parental_shares(context.adata)
    if len(shares) < 2:
        return (), ()
    parts = [
        f"{share(value)} by the {name} ({_ASKED[str(name)]})"
        for name, value in shares.items()
    ]
    text = (
        f"Of the cells off the drug, parental-like are {listed(parts)}: each measure "
        "asks another question, so the shares differ."
    )
    apart = float(shares.max() - shares.min())
    if apart <= _APART:
        return (text,), ()
    note = (
        f"The measures disagree by {100 * apart:.0f} percentage points. Say with a "
        "share which measure it is, and do not rest a claim of reversal on one alone."
    )
    return (text,), (note,)


def axes_section(context: Context) -> Section | None:
    """Show what returns off the drug, by axis, or None without a holiday group."""
    frame = states.reversal(context.adata) if context.has_calls else None
    if frame is None:
        return None
    groups = list(dict.fromkeys(frame["group"].astype(str)))
    texts = [
        f"Of the cells of {group}, over all axes at once, {shares_text(found)}."
        for group, found in states.record(context.adata)["reversal_shares"].groupby(
            "group", sort=False, observed=True
        )
    ]
    why, notes = comparison(context)
    return Section(
        name="reversal",
        title="What returns off the drug",
        paragraphs=(
            "Difference of each axis from the untreated cells, on the drug and off it, "
            "in their standard deviations. Intervals come from draws of whole samples. "
            "The ratio is given only where the difference on the drug is clear.",
            *texts,
            *why,
        ),
        notes=notes,
        pictures=tuple(
            picture(
                partial(pl.reversal, context.adata, group=group, show=False),
                alt="Difference of each axis from untreated cells on the drug and in "
                f"{group}; the table below has the numbers.",
                caption=f"Difference from untreated cells, on the drug and in {group}.",
            )
            for group in groups
        ),
        tables=(
            Table(
                name="reversal",
                caption="Reversal by axis",
                frame=titled(frame),
                columns=(
                    Column("title", "Axis"),
                    *((Column("group", "Group"),) if len(groups) > 1 else ()),
                    Column("persister", "On drug", "signed"),
                    Column("holiday", "Off drug", "signed"),
                    Column("returned", "Off minus on", "signed"),
                    Column("returned_low", "95% from", "signed"),
                    Column("returned_high", "to", "signed"),
                    Column("ratio", "Share returned", "share"),
                ),
            ),
        ),
    )


def _sample_table(frame: pd.DataFrame) -> Table:
    return Table(
        name="holiday_samples",
        caption="Cells off the drug: position on the path, and what they are like",
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


def path_section(context: Context) -> Section | None:
    """Show where cells off the drug are on the path, or None without any."""
    frame = path.reversal(context.adata) if context.has_path else None
    if frame is None:
        return None
    why, notes = comparison(context)
    return Section(
        name="holiday",
        title="Off the drug: place on the path",
        paragraphs=(
            "A persister state reverts when the drug is taken away; a resistant one "
            "does not. Each cell off the drug was compared with untreated cells and "
            "with the persisters at the end of the path. Where it is farther from both "
            "than 95% of their own cells are, it is like neither.",
            *why,
        ),
        notes=(
            *notes,
            "The interval of a sample comes from its cells and does not hold the "
            "spread between samples; that of all samples does.",
        ),
        pictures=(
            picture(
                lambda: pl.holiday(context.adata, show=False),
                alt="Share of the cells off the drug that are parental-like, "
                "persister-like or neither; the table below has the numbers.",
                caption="What cells off the drug are like, by sample.",
            ),
        ),
        tables=(_sample_table(frame),),
    )
