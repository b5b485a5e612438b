"""Which program is the nearest one, and whether it is one of persisters."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dtpscore._programs.known import BY_LIST, PERSISTER

NEARER, NOT_NEARER = "persisters are nearer", "persisters are not nearer"
NONE_NEAR, NOT_TESTED = "no persister program is near", "not tested"
# With fewer kinds of other programs, such as the lines alone that are left when a study
# is left out, being nearer than each of them says little.
FEWEST_KINDS = 3


@dataclass(frozen=True)
class Likeness:
    """How alike an arm and one program are.

    Attributes
    ----------
    name, title, kind
        The program.
    correlation, low, high
        Likeness and its interval over samples; the limits are NaN without one.
    qvalue
        False discovery rate against random genes of like expression.
    """

    name: str
    title: str
    kind: str
    correlation: float
    low: float
    high: float
    qvalue: float

    @property
    def in_words(self) -> str:
        """Such as ``hypoxia (stress, correlation 0.42, 95% 0.31 to 0.53)``.

        The kind of a program of persisters goes without saying.
        """
        limits = ""
        if not math.isnan(self.low):
            limits = f", 95% {self.low:.2f} to {self.high:.2f}"
        kind = "" if self.kind == PERSISTER else f"{self.kind}, "
        return f"{self.title} ({kind}correlation {self.correlation:.2f}{limits})"


@dataclass(frozen=True)
class Gap:
    """Difference of two likenesses, with its interval over samples.

    Attributes
    ----------
    difference, low, high
        The difference and its interval; the limits are NaN without one.
    n_kinds
        Kinds of other programs that take part.
    """

    difference: float
    low: float
    high: float
    n_kinds: int


def is_near(one: Likeness, alpha: float) -> bool:
    """Whether an arm is nearer to a program than to random genes.

    The false discovery rate is at most ``alpha``, and the interval over samples, where
    there is one, lies above 0.
    """
    above = math.isnan(one.low) or one.low > 0
    return one.correlation > 0 and one.qvalue <= alpha and above


def verdict(persister: Likeness, gap: Gap | None, alpha: float) -> str:
    """Say whether the nearest program is one of persisters.

    Parameters
    ----------
    persister
        The nearest program of persisters.
    gap
        Its likeness less that of the nearest program of what is no persistence; None
        where there is no such program. Fewer than three kinds of those say little.
    alpha
        Largest false discovery rate.
    """
    if not is_near(persister, alpha):
        return NONE_NEAR
    if gap is None or math.isnan(gap.low) or gap.n_kinds < FEWEST_KINDS:
        return NOT_TESTED
    return NEARER if gap.low > 0 else NOT_NEARER


def sentence(
    found: str, by: str, arm: str, *, persister: Likeness, other: Likeness | None
) -> str:
    """Say what was decided for an arm."""
    what = "gene lists" if by == BY_LIST else "measured contrasts"
    start = f"{arm}, by {what}: "
    if found == NONE_NEAR:
        last = "" if other is None else f" The nearest other one is {other.in_words}."
        return (
            f"{start}no published program of persisters is shown to be near. The "
            f"nearest of them is {persister.in_words}.{last}"
        )
    text = f"{start}the nearest program of persisters is {persister.in_words}"
    if other is None:
        return f"{text}. No other kind of program is left to hold it against."
    if found == NEARER:
        return f"{text}. It is nearer than any other kind; next is {other.in_words}."
    if found == NOT_NEARER:
        return f"{text}; it is not nearer than {other.in_words}."
    why = "two samples of each arm are needed for an interval"
    if not math.isnan(persister.low):
        why = f"fewer than {FEWEST_KINDS} other kinds of program are left"
    return (
        f"{text}, and of other kinds {other.in_words}. Which of the two is nearer "
        f"cannot be said, because {why}."
    )
