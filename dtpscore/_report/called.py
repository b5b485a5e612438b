"""The first screen where cells were called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dtpscore import _keys
from dtpscore._frames import states
from dtpscore._frames.reversal import parental_shares
from dtpscore._frames.scores import axis_titles
from dtpscore._report.format import count, number, pvalue, share
from dtpscore._report.model import Answer
from dtpscore._report.reversal import measures

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from dtpscore._report.context import Context

_N_AXES = 4
# What raises the evidence from each level to the next.
_NEXT = {
    "E0": "Reference cells: untreated cells of the same experiment.",
    "E1": "A second untreated sample, better six: with one, drug and library "
    "cannot be told apart.",
    "E2": "Survival: days on drug with viability or cell counts, so that cells about "
    "to die are not taken for persisters.",
    "E3": "A drug holiday: the same cells after the drug was taken away. Persisters "
    "return, resistant cells do not.",
}
_LEVELS = ("E0", "E1", "E2", "E3", "E4")


def _query(context: Context, found: dict[str, Any]) -> pd.DataFrame:
    """Cells of each state outside the reference, by group and batch."""
    batch_key = found["params"]["batch_key"]
    frame = states.counts(
        context.adata,
        groupby=context.groupby,
        reference=context.reference,
        sample_key=batch_key,
    )
    frame["batch"] = "all" if batch_key is None else frame["sample"]
    frame["dtp"] = frame["DTP-like"] + frame["DTP-like cycling"]
    query = frame[(frame["group"] != context.reference).to_numpy()]
    return query.reset_index(drop=True)


def _name(group: str, batch: str) -> str:
    return group if batch == "all" else f"{group}, {batch}"


def _main_reason(adata: AnnData) -> str:
    """Most frequent reason of uncertain cells."""
    uncertain = (adata.obs[_keys.CALL] == "uncertain").to_numpy()
    reasons = adata.obs.loc[uncertain, _keys.REASON].astype(str)
    return str(reasons.value_counts().idxmax()) if len(reasons) else ""


def _how_many(context: Context, found: dict[str, Any], query: pd.DataFrame) -> Answer:
    question = "How many DTP-like cells?"
    if not found["calibrated"]:
        return Answer(
            question,
            "Cannot be said",
            (
                "There are no usable reference cells, so the index ranks cells and no "
                "cell is called.",
            ),
        )
    total, dtp = int(query["n_cells"].sum()), int(query["dtp"].sum())
    cycling = int(query["DTP-like cycling"].sum())
    uncertain = int(query["uncertain"].sum())
    details = [
        f"{share(dtp / total) if total else 'n/a'} of the cells outside the reference; "
        f"{count(cycling)} of them cycling.",
    ]
    if uncertain:
        reason = _main_reason(context.adata)
        details.append(f"{count(uncertain)} are uncertain, most for: {reason}.")
    low = int(query["low quality"].sum())
    if low:
        details.append(f"{count(low)} cells are of low quality.")
    return Answer(question, f"{count(dtp)} of {count(total)}", tuple(details))


def _limit(found: dict[str, Any], group: str, batch: str) -> str:
    """Say which share of a group could not have been called."""
    if not found["calibrated"]:
        return ""
    frame = found["calibration"]
    own = frame[((frame["group"] == group) & (frame["batch"] == batch)).to_numpy()]
    if own.empty:
        return "; not called"
    smallest = float(own["smallest_share"].iloc[0])
    if smallest > 1:
        return "; too few reference cells for any call"
    return f"; a share under {share(smallest)} could not be called"


def _where(found: dict[str, Any], query: pd.DataFrame) -> Answer:
    details = [
        f"{_name(str(row['group']), str(row['batch']))}: {count(row['dtp'])} of "
        f"{count(row['n_cells'])} ({share(row['dtp'] / row['n_cells'])})"
        f"{_limit(found, str(row['group']), str(row['batch']))}."
        for row in query.to_dict("records")
    ]
    with_calls = query[(query["dtp"] > 0).to_numpy()].to_dict("records")
    names = [_name(str(row["group"]), str(row["batch"])) for row in with_calls]
    return Answer("In which groups?", "; ".join(names) or "In none", tuple(details))


def _sample_test(row: dict[str, Any]) -> str:
    """Say whether samples of a group have more cells beyond the reference range."""
    samples = f"{row['n_samples']} against {row['n_reference_samples']} samples"
    what = f"{row['group']}, share of cells beyond the reference range, {samples}"
    if row["pvalue"] != row["pvalue"]:
        return f"{what}: no test. {str(row['note']).capitalize()}."
    text = pvalue(row["pvalue"])
    text = text if text.startswith("<") else f"= {text}"
    return f"{what}: p {text} ({row['method']})."


def _how_sure(found: dict[str, Any], query: pd.DataFrame) -> Answer:
    level = str(found["evidence_level"])
    details = [f"{str(found['evidence']).capitalize()}."]
    if found["calibrated"]:
        alpha = float(found["params"]["alpha"])
        details.append(
            f"Among called cells at most {share(alpha)} are expected to be wrong, if "
            "another untreated sample would differ as the reference samples do."
        )
    tests = found.get("sample_tests")
    called = set(query.loc[(query["dtp"] > 0).to_numpy(), "group"].astype(str))
    rows = [] if tests is None else tests.to_dict("records")
    details.extend(
        _sample_test(row)
        for row in rows
        if row["measure"] == "fraction" and str(row["group"]) in called
    )
    return Answer("How sure?", f"Evidence level {level} of E0 to E4", tuple(details))


def _why(context: Context, query: pd.DataFrame) -> Answer:
    question = "By which mechanisms?"
    frame = states.reasons(context.adata)
    if frame.empty:
        return Answer(question, "No call to explain", ())
    main = query.loc[query["dtp"].idxmax()]
    group, batch = str(main["group"]), str(main["batch"])
    own = frame[((frame["batch"] == batch) & (frame["group"] == group)).to_numpy()]
    if not main["dtp"] or own.empty:
        return Answer(question, "No DTP-like cell to explain", ())
    beyond = own[~own["reading"].str.startswith("not beyond").to_numpy()]
    top = beyond.head(_N_AXES)
    titles = axis_titles([str(axis) for axis in top["axis"]])
    details = [
        f"{titles[str(row['axis'])]}: {number(row['difference'], 1, sign=True)}, "
        f"{_reading(str(row['reading']))}."
        for row in top.to_dict("records")
    ]
    details.append(f"Called cells of {_name(group, batch)}; unit: standard deviations.")
    names = [titles[str(axis)] for axis in top["axis"].head(2)]
    return Answer(
        question, "; ".join(names) or "None beyond random gene sets", tuple(details)
    )


def _reading(text: str) -> str:
    if text == "agrees":
        return "as published"
    if text == "opposite":
        return "against the published direction"
    return text.split("; ")[-1]


def _proof(context: Context, found: dict[str, Any]) -> Answer:
    level = str(found["evidence_level"])
    missing = [_NEXT[one] for one in _LEVELS[_LEVELS.index(level) : -1]]
    shares = parental_shares(context.adata)
    if level == "E2" and len(shares):
        missing[-1] = (
            f"The drug holiday is there: parental-like are {measures(shares)}. It "
            "counts once survival is known."
        )
    if not missing:
        return Answer(
            "What would prove it?",
            "Lineage barcodes",
            (
                "Reference, replicates, survival and reversal are there. That the same "
                "cells persist and revert takes lineage barcodes.",
            ),
        )
    return Answer("What would prove it?", missing[0].split(":")[0], tuple(missing))


def called_answers(context: Context) -> tuple[Answer, ...]:
    """Answers where cells were called."""
    found = states.record(context.adata)
    query = _query(context, found)
    return (
        _how_many(context, found, query),
        _where(found, query),
        _how_sure(found, query),
        _why(context, query),
        _proof(context, found),
    )
