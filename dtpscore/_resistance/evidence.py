"""What each observation says of persister or resistant: functions on numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._statistics.samples import claim_group

if TYPE_CHECKING:
    from numpy.typing import NDArray

PERSISTER, RESISTANT, NEITHER = "persister", "resistant", "neither"
# An interval within this many standard deviations of untreated cells counts as alike.
ALIKE = 0.5
# Share of cells off the drug that are parental-like again, above which they returned.
RETURNED = 0.5

# What would decide each question, in the order of the table.
DECIDES = {
    "divides under the drug": "dye dilution or EdU under the drug, and cell counts "
    "over two weeks",
    "divides more than early survivors": "counts of viable cells from early to late on "
    "the drug",
    "keeps the persister programme": "a late sample beside one of day 7 to 14 of the "
    "same cells",
    "returns off the drug": "a holiday of one to three weeks, and the drug again: "
    "persisters are sensitive once more",
    "resembles resistant lines": "sequencing of the target and of known resistance "
    "genes",
    "the same clones each time": "barcodes from before the drug, in replicates",
    "survives higher doses": "dose response of cells that were off the drug for a "
    "week: a shifted curve is resistance",
}
QUESTIONS = tuple(DECIDES)


@dataclass(frozen=True)
class Evidence:
    """One row of the table.

    Attributes
    ----------
    question
        One of `QUESTIONS`.
    speaks_for
        ``persister``, ``resistant`` or ``neither``.
    reading
        What was found, in words.
    difference, low, high, pvalue
        The numbers behind it; NaN where there are none.
    """

    question: str
    speaks_for: str
    reading: str
    difference: float = math.nan
    low: float = math.nan
    high: float = math.nan
    pvalue: float = math.nan

    def row(self) -> dict[str, Any]:
        """Return the row, with what would decide the question."""
        return {**vars(self), "would_decide": DECIDES[self.question]}


@dataclass(frozen=True)
class Arms:
    """Sample means of one quantity in two arms.

    Attributes
    ----------
    late, other
        float64 (samples,) of each arm.
    late_pair, other_pair
        Patient of each sample; None without pairs.
    """

    late: NDArray[np.float64]
    other: NDArray[np.float64]
    late_pair: NDArray[np.int64] | None = None
    other_pair: NDArray[np.int64] | None = None


def _claim(arms: Arms) -> dict[str, float]:
    pair = None
    if arms.late_pair is not None and arms.other_pair is not None:
        pair = np.concatenate([arms.other_pair, arms.late_pair])
    claim = claim_group(
        np.concatenate([arms.other, arms.late]),
        np.repeat([False, True], [len(arms.other), len(arms.late)]),
        pair=pair,
    )
    names = ("difference", "low", "high", "pvalue")
    return {name: float(getattr(claim, name)) for name in names}


def divides(arms: Arms, alpha: float) -> Evidence:
    """Whether late cells divide under the drug, by the slow-cycling axis.

    Slow cycling above untreated cells speaks for persisters. Cells that divide like
    untreated ones (the interval lies within half a standard deviation) or more speak
    for resistance. An interval that is wide says nothing.
    """
    question, found = QUESTIONS[0], _claim(arms)
    if math.isnan(found["pvalue"]):
        return Evidence(question, NEITHER, "too few samples for a test", **found)
    if found["pvalue"] <= alpha and found["difference"] > 0:
        text = "late cells cycle less than untreated ones"
        return Evidence(question, PERSISTER, text, **found)
    if found["pvalue"] <= alpha or max(abs(found["low"]), abs(found["high"])) < ALIKE:
        text = "late cells cycle as untreated ones do, or more"
        return Evidence(question, RESISTANT, text, **found)
    text = "a difference in cycling from untreated cells is neither shown nor excluded"
    return Evidence(question, NEITHER, text, **found)


def divides_more(arms: Arms | None, alpha: float) -> Evidence:
    """Whether late cells cycle more than those early on the drug."""
    question = QUESTIONS[1]
    if arms is None:
        return Evidence(question, NEITHER, "no earlier sample on the drug")
    found = _claim(arms)
    if found["pvalue"] <= alpha and found["difference"] < 0:
        text = "late cells cycle more than early survivors: they grow out"
        return Evidence(question, RESISTANT, text, **found)
    text = "growth out of the early survivors is not shown"
    return Evidence(question, NEITHER, text, **found)


def programme(arms: Arms, alpha: float) -> Evidence:
    """Whether the consensus of persister lists is up in late cells."""
    question, found = QUESTIONS[2], _claim(arms)
    if found["pvalue"] <= alpha and found["difference"] > 0:
        text = "the persister consensus is up in late cells"
        return Evidence(question, PERSISTER, text, **found)
    text = "the persister consensus is not shown to be up in late cells"
    return Evidence(question, NEITHER, text, **found)


def returns(share: float, low: float, high: float) -> Evidence:
    """Whether cells returned off the drug, from the calls; NaN without a holiday."""
    question = QUESTIONS[3]
    if math.isnan(share):
        return Evidence(question, NEITHER, "no sample off the drug was called")
    numbers = {"difference": share, "low": low, "high": high}
    if low > RETURNED:
        text = "most cells off the drug are parental-like again"
        return Evidence(question, PERSISTER, text, **numbers)
    if high < RETURNED:
        text = "most cells off the drug are not parental-like again"
        return Evidence(question, RESISTANT, text, **numbers)
    text = "whether most cells off the drug returned is not decided"
    return Evidence(question, NEITHER, text, **numbers)


def resembles(found: dict[str, Arms], alpha: float) -> Evidence:
    """Whether published lists of resistant lines are up, Bonferroni over the lists."""
    question = QUESTIONS[4]
    if not found:
        text = "lists of resistant lines are not scored"
        return Evidence(question, NEITHER, text)
    claims = {name: _claim(arms) for name, arms in found.items()}
    best = min(claims, key=lambda name: (claims[name]["pvalue"], name))
    numbers = claims[best]
    up = numbers["pvalue"] * len(claims) <= alpha and numbers["difference"] > 0
    if up:
        return Evidence(question, RESISTANT, f"{best} is up in late cells", **numbers)
    text = f"none of {len(claims)} lists of resistant lines is shown to be up"
    return Evidence(question, NEITHER, text, **numbers)


def clones(low: float) -> Evidence:
    """Whether replicates picked the same clones; NaN where no clones were followed."""
    question = QUESTIONS[5]
    if math.isnan(low):
        text = "no clones were followed into replicates of this group"
        return Evidence(question, NEITHER, text)
    if low > 0:
        text = "replicates picked the same clones, which were there before the drug"
        return Evidence(question, RESISTANT, text, low=low)
    text = "that replicates pick the same clones was not shown"
    return Evidence(question, NEITHER, text, low=low)


def dose() -> Evidence:
    """Say what RNA cannot tell at all."""
    return Evidence(QUESTIONS[6], NEITHER, "RNA at one dose cannot tell")
