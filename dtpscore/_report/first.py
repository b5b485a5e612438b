"""The first screen: what was found in each arm, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dtpscore import pl
from dtpscore._calling.naming import rate_in_words
from dtpscore._calling.states import LEVELS
from dtpscore._report.format import MOST_NAMED, count, listed, number, share
from dtpscore._report.model import Answer, Column, FirstScreen, Fold, Level, Table
from dtpscore._report.picture import picture
from dtpscore._report.reversal import returned_share
from dtpscore._report.scores import OWN, leading_axes, mean_column
from dtpscore.get import _calls as calls
from dtpscore.get._arms import CALLED, NONE_FOUND, SHIFTED, UNDECIDED, arms
from dtpscore.get._axes import axis_titles
from dtpscore.get._records import call_record
from dtpscore.get._reversal import by_calls

if TYPE_CHECKING:
    import pandas as pd

    from dtpscore._calling.record import CallRecord
    from dtpscore._report.context import Context

_N_AXES = 4
# Width and height of the picture of the first screen, in inches.
_SIZE = (5.2, 3.0)
# What raises the evidence from each level to the next.
_NEXT = {
    "E0": "Reference cells: untreated cells of the same experiment.",
    "E1": "More untreated samples: with one, drug and library cannot be told apart. "
    "Two are the least, and six are better.",
    "E2": "Survival: the days on the drug with viability or cell counts, so that cells "
    "about to die are not taken for persisters.",
    "E3": "A drug holiday: the same cells after the drug was taken away. Persisters "
    "return, and resistant cells do not.",
    "E4": "Lineage barcodes: only they show that the same cells persist and revert.",
}


def _place(row: Any, time_key: str | None) -> str:
    """Name of an arm, with its time where times are known."""
    time = str(row.get("time", ""))
    return f"{row['group']} at {time_key} {time}" if time else str(row["group"])


def headline(frame: pd.DataFrame, time_key: str | None = None) -> str:
    """Say in one sentence in which arms cells were called, in none, or not decided."""
    parts = []
    for name, words in (
        (CALLED, "DTP-like cells were called in"),
        (SHIFTED, "cells moved, but not as published persisters do, in"),
        (NONE_FOUND, "none were found in"),
        (UNDECIDED, "nothing is decided in"),
    ):
        own = frame[(frame["verdict"] == name).to_numpy()]
        if len(own):
            places = [_place(row, time_key) for row in own.to_dict("records")]
            what = "arms and times" if "time" in frame else "arms"
            many = f"{len(places)} of {len(frame)} {what}, listed below"
            named = listed(places) if len(places) <= MOST_NAMED else many
            parts.append(f"{words} {named}")
    if not parts:
        return "There is no arm beside the reference."
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def arm_table(frame: pd.DataFrame) -> Table:
    """One row per arm and time, with a verdict.

    An arm of which nothing is decided has no share: 0% would read as none found.
    """
    shares = ["dtp_like", "lowest", "highest"]
    decided = (frame["verdict"] != UNDECIDED).to_numpy()
    return Table(
        name="arms",
        caption="What was found in each arm",
        frame=frame.assign(**{one: frame[one].where(decided) for one in shares}),
        columns=(
            Column("group", "Arm"),
            *((Column("time", "Time"),) if "time" in frame else ()),
            Column("verdict", "Verdict", "verdict"),
            *((Column("reason", "Why"),) if (frame["reason"] != "").any() else ()),
            Column("n_samples", "Samples", "count"),
            Column("n_cells", "Cells", "count"),
            Column("dtp_like", "DTP-like, mean of samples", "share"),
            Column("lowest", "Lowest sample", "share"),
            Column("highest", "Highest sample", "share"),
            Column("n_shifted", "Shifted cells", "count"),
            Column("undecided", "Undecided cells", "share"),
            Column("pvalue", "p of the arm", "pvalue"),
        ),
    )


def ladder(reached: str) -> tuple[Level, ...]:
    """Give every level of evidence, with those that are reached marked."""
    names = list(LEVELS)
    last = names.index(reached) if reached in names else -1
    return tuple(Level(name, LEVELS[name], n <= last) for n, name in enumerate(names))


def _how_sure(record: CallRecord) -> Answer:
    level = record.evidence_level
    rate = rate_in_words()
    # Its first sentence is the line under which the numbers are folded.
    title, numbers = rate.split(". ", 1)
    details = [
        *(text for text in record.error_rate if text != rate),
        "p is a test with samples as the unit, of a whole arm against the reference; "
        "it makes no call.",
    ]
    return Answer(
        "How sure?",
        f"Evidence level {level} of E0 to E4",
        tuple(details),
        levels=ladder(level),
        folds=(Fold(f"{title}.", (numbers,)),) if rate in record.error_rate else (),
    )


def _reading(text: str) -> str:
    if text == "agrees":
        return "as published"
    if text == "opposite":
        return "against the published direction"
    return text.split("; ")[-1]


_UNLIKE = "not read the same in all batches"


def _why(context: Context) -> Answer:
    question = "By which mechanisms?"
    frame = context.ordered(calls.reasons(context.adata))
    if frame.empty:
        return Answer(question, "No call to explain", ())
    group = str(frame["group"].iloc[0])
    rows = calls.reasons(context.adata, group=group)
    own = calls.over_batches(rows)
    beyond = own[~own["reading"].str.startswith("not beyond").to_numpy()]
    top = beyond.head(_N_AXES).rename_axis("axis").reset_index()
    titles = axis_titles([str(axis) for axis in top["axis"]])
    details = [
        f"{titles[str(row['axis'])]}: {number(row['difference'], 1, sign=True)}, "
        f"{_reading(str(row['reading'])) if row['alike'] else _UNLIKE}."
        for row in top.to_dict("records")
    ]
    n_batches = rows["batch"].nunique()
    means = f", means over {n_batches} batches" if n_batches > 1 else ""
    details.append(
        f"These are the called cells of {group}, in standard deviations{means}."
    )
    names = [titles[str(axis)] for axis in top["axis"].head(2)]
    return Answer(
        question, "; ".join(names) or "None beyond random gene sets", tuple(details)
    )


def _returns(context: Context) -> Answer:
    question = "Do the cells return off the drug?"
    frame = by_calls(context.adata)
    if frame is None:
        return Answer(question, "Not measured", ("There is no drug holiday.",))
    details = [
        f"{row['group']}: {returned_share(row)}; on the drug, "
        f"{share(row['treated_share'])} are."
        for row in frame.to_dict("records")
    ]
    off = listed([share(value) for value in frame["share"]])
    return Answer(question, f"{off} are parental-like off the drug", tuple(details))


def _proof(context: Context, record: CallRecord) -> Answer:
    level = record.evidence_level
    names = list(LEVELS)
    left = names[names.index(level) :]
    measured = by_calls(context.adata) is not None and left[0] != "E3"
    missing = [
        "The drug holiday is there. It counts once the levels before it are reached."
        if name == "E3" and measured
        else _NEXT[name]
        for name in left
    ]
    return Answer("What would prove it?", missing[0].split(":")[0], tuple(missing))


def _called(context: Context) -> FirstScreen:
    record = call_record(context.adata)
    frame = arms(context.adata, context.design)
    alt = (
        "Share of DTP-like cells of each sample, by arm and time; the table beside it "
        "has the means."
    )
    caption = (
        "DTP-like cells of each sample. A short line is the mean over samples. An arm "
        "of which nothing was decided has open dots."
    )
    return FirstScreen(
        title="What was found",
        headline=headline(frame, context.design.time_key),
        table=arm_table(frame) if len(frame) else None,
        picture=picture(
            lambda: pl.shares(
                context.adata,
                **context.columns,
                time_key=context.design.time_key,
                figsize=_SIZE,
                show=False,
            ),
            alt=alt,
            caption=caption,
        ),
        answers=(
            _why(context),
            _returns(context),
            _how_sure(record),
            _proof(context, record),
        ),
    )


def mechanism_answer(table: pd.DataFrame, context: Context) -> Answer:
    """Say which axes differ most from the reference, where nothing was called."""
    names = leading_axes(table, context.queries)
    titles = axis_titles(names)
    unit = context.reference or "all cells"
    by_axis = table.set_index("axis")
    details = []
    for name in names:
        means = {q: float(by_axis.loc[name, mean_column(q)]) for q in context.queries}
        group = max(means, key=lambda query: abs(means[query]))
        value = number(means[group], 1, sign=True)
        expected = by_axis.loc[name, "expected"]
        known = "" if expected == OWN else f" (expected in persisters: {expected})"
        details.append(f"{titles[name]}: {value} in {group}{known}.")
    if details:
        details.append(f"The unit is the standard deviation of {unit}.")
    nothing = "Too few genes to say" if context.queries else "No group to compare"
    return Answer(
        "By which mechanisms?",
        "; ".join(titles[name] for name in names[:2]) or nothing,
        tuple(details),
    )


def _uncalled(
    context: Context, table: pd.DataFrame | None, *, reason: str
) -> FirstScreen:
    """First screen where no cell was called."""
    why = reason or (
        "A call needs reference cells of the same experiment: run dtpscore call."
    )
    sizes = context.member.value_counts().reindex(context.names)
    named = listed([f"{count(n)} of {name}" for name, n in sizes.items()])
    answers = [
        Answer(
            "How sure?",
            "No error rate",
            ("A score alone has no error rate. Compare groups by their samples.",),
        )
    ]
    if table is not None:
        answers.append(mechanism_answer(table, context))
    answers.append(
        Answer(
            "What would prove it?",
            "Calls against a reference, then survival and reversal",
            (
                "It takes two or more untreated samples of the same experiment, "
                "survival under the drug, and a drug holiday after which the cells "
                "revert.",
            ),
        )
    )
    return FirstScreen(
        title="What was found",
        headline=f"No cell was called, so nothing is decided. {why} There are "
        f"{count(sizes.sum())} cells: {named}.",
        answers=tuple(answers),
    )


def first_screen(
    context: Context, table: pd.DataFrame | None, *, reason: str = ""
) -> FirstScreen:
    """Make the first screen from the calls or, without calls, from the scores.

    Parameters
    ----------
    context
        The data.
    table
        What ``axis_table`` gives; None where nothing was scored.
    reason
        Why a run made no calls, if one did not.
    """
    if context.has_calls:
        return _called(context)
    return _uncalled(context, table, reason=reason)
