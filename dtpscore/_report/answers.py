"""The first screen where cells were scored but not called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtpscore._frames.scores import axis_titles, persister_axes
from dtpscore._report.format import count, number
from dtpscore._report.model import Answer
from dtpscore._report.scores import mean_column

if TYPE_CHECKING:
    import pandas as pd

    from dtpscore._report.context import Context

_N_NAMED = 4


def leading_axes(table: pd.DataFrame, queries: list[str]) -> list[str]:
    """Find persister axes with enough genes that differ most from the reference.

    Parameters
    ----------
    table
        What ``axis_table`` gives.
    queries
        Groups other than the reference.

    Returns
    -------
    At most four axes, strongest first.
    """
    if not queries:
        return []
    known = persister_axes(list(table["axis"]))
    kept = table[table["axis"].isin(known) & (table["genes"] == "")]
    columns = [mean_column(name) for name in queries]
    size = kept.set_index("axis")[columns].abs().max(axis=1)
    order = size.sort_values(ascending=False, kind="stable")
    return [str(axis) for axis in order.index[:_N_NAMED]]


def mechanism_answer(table: pd.DataFrame, context: Context) -> Answer:
    """Which axes differ most from the reference."""
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
        details.append(
            f"{titles[name]}: {value} in {group} (expected in persisters: {expected})."
        )
    if details:
        details.append(f"Unit: standard deviations of {unit}.")
    nothing = "Too few genes to say" if context.queries else "No group to compare"
    return Answer(
        "By which mechanisms?",
        "; ".join(titles[name] for name in names[:2]) or nothing,
        tuple(details),
    )


def uncalled_answers(
    context: Context, table: pd.DataFrame, *, reason: str = ""
) -> tuple[Answer, ...]:
    """Answers where there are scores and no calls.

    Parameters
    ----------
    context, table
        The data, and what ``axis_table`` gives.
    reason
        Why a run made no calls, if one did not.
    """
    no_calls = reason or (
        "These cells were scored but not called. A call needs reference cells of the "
        "same experiment: dtpscore call."
    )
    sizes = context.member.value_counts().reindex(context.names)
    return (
        Answer(
            "How many DTP-like cells?",
            "Not called",
            (no_calls,),
        ),
        Answer(
            "In which groups?",
            f"{count(context.adata.n_obs)} cells in {len(context.names)} groups",
            tuple(f"{name}: {count(n)} cells." for name, n in sizes.items()),
        ),
        Answer(
            "How sure?",
            "No error rate",
            ("A score alone has no error rate; compare groups by their samples.",),
        ),
        mechanism_answer(table, context),
        Answer(
            "What would prove it?",
            "Calls against a reference, then survival and reversal",
            (
                "Untreated samples of the same experiment, two or more; survival under "
                "the drug; and a drug holiday after which the cells revert.",
            ),
        ),
    )
