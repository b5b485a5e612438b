"""What can be answered with an experiment, and how sure the answer can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from dtpscore._scoring.advice import recommended

if TYPE_CHECKING:
    from dtpscore._check.matrices import Matrix
    from dtpscore._design import Design

# A batch with fewer reference cells is not called, unless an option says otherwise.
_FEWEST_REFERENCE = 50
# The index that calls use, and the share of its genes from which it is trusted.
INDEX = "dtp_consensus_no_cycle"
_ENOUGH = 0.5


@dataclass(frozen=True)
class Answer:
    """Whether one question can be answered.

    Attributes
    ----------
    question
        ``"score"``, ``"call"``, ``"order"`` or ``"reversal"``.
    possible
        ``"yes"``, ``"in part"`` or ``"no"``.
    reason
        How, or why not.
    """

    question: str
    possible: Literal["yes", "in part", "no"]
    reason: str


@dataclass(frozen=True)
class Coverage:
    """How many of the genes of the signatures are in the data.

    Attributes
    ----------
    n_enough, n_all
        Signatures with at least half of their genes, and all that are scored.
    index
        Share of the genes of the index that are in the data.
    """

    n_enough: int
    n_all: int
    index: float


def score_answer(matrix: Matrix | None, covered: Coverage, *, known: int) -> Answer:
    """Whether cells can be scored.

    Parameters
    ----------
    matrix
        The matrix to use; None where all hold scaled values.
    covered
        How many genes of the signatures are in the data.
    known
        Number of gene names that are known.
    """
    if matrix is None:
        return Answer("score", "no", "Every matrix holds scaled values.")
    n, n_all = covered.n_enough, covered.n_all
    found = f"{n} of {n_all} signatures have at least half of their genes."
    if n == 0:
        why = "too few genes were measured" if known else "no gene name is known"
        return Answer("score", "no", f"{found} The reason is that {why}.")
    reason = f"{found} {recommended(matrix.judged).sentence}"
    return Answer("score", "yes" if n > n_all / 2 else "in part", reason)


def smallest_shares(design: Design, alpha: float) -> dict[str, float]:
    """Smallest share of each group that a call could find, by group.

    Where a batch has its own reference, the batch with the fewest reference cells
    counts.
    """
    from dtpscore._calling.conformal import smallest_share

    found = {}
    usable = design.malignant & design.named
    for name in design.groups:
        own = usable & (design.group == name)
        if name == design.keys.reference or not own.any():
            continue
        n_reference = [
            int((design.reference & usable & (design.batch == batch)).sum())
            for batch in np.unique(design.batch[own])
        ]
        found[name] = smallest_share(min(n_reference), alpha)
    return found


def n_reference_samples(design: Design) -> int:
    """Return the number of reference samples in the batch that has the fewest."""
    own = design.reference & design.named
    counts = [
        len(np.unique(design.library[own & (design.batch == batch)]))
        for batch in np.unique(design.batch[design.named])
    ]
    return min(counts, default=0)


def evidence_level(design: Design | None) -> tuple[str, str]:
    """Highest level that calls can reach without and with more knowledge."""
    if design is None or design.keys.reference is None:
        return "E0", "No reference group: cells are ranked and none is called."
    if n_reference_samples(design) < 2:
        return "E1", "One reference sample: a treatment cannot be told from a library."
    if design.keys.holiday:
        return "E4", (
            "With --survival in words, and only if the holiday cells are found to have "
            "returned; E2 otherwise."
        )
    return "E2", "With --survival in words it is E3. A drug holiday would allow E4."


def call_answer(
    design: Design | None, matrix: Matrix | None, covered: Coverage, *, alpha: float
) -> Answer:
    """Whether cells can be called, and which share of a group would be seen."""
    if design is None or matrix is None:
        return Answer("call", "no", "No column with groups of cells was found.")
    if design.keys.reference is None:
        return Answer("call", "in part", evidence_level(design)[1])
    shares = smallest_shares(design, alpha)
    own = design.reference & design.named
    n_reference = min(
        int((own & (design.batch == one)).sum())
        for one in np.unique(design.batch[design.named])
    )
    if n_reference < _FEWEST_REFERENCE:
        reason = f"A batch has {n_reference} reference cells; 50 are needed."
        return Answer("call", "no", reason)
    impossible = [name for name, share in shares.items() if share > 1]
    seen = ", ".join(f"{n} {s:.1%}" for n, s in shares.items() if s <= 1)
    reason = f"Smallest share that could be called: {seen or 'none'}."
    if impossible:
        reason += f" No call is possible in {', '.join(impossible)}."
    part = bool(impossible) or n_reference_samples(design) < 2
    if covered.index < _ENOUGH:
        part = True
        reason += f" Only {covered.index:.0%} of the genes of the index are there."
    if not matrix.judged.are_counts:
        reason += " Depth cannot be matched, because the values are no counts."
    return Answer("call", "in part" if part else "yes", reason)


def order_answer(design: Design | None, matrix: Matrix | None) -> Answer:
    """Whether cells can be ordered, and by which method."""
    if design is None or matrix is None:
        return Answer("order", "no", "No column with groups of cells was found.")
    if design.keys.reference is None:
        return Answer("order", "no", "An order starts in a reference group.")
    if design.time is None or len(design.time.names) < 2:
        return Answer("order", "in part", "Without times: by diffusion (dpt) alone.")
    n_series = len(design.series_names)
    if n_series < 2:
        reason = (
            f"{len(design.time.names)} times but no two replicate series "
            "(--replicate-key): the order cannot be checked on cells it did not see."
        )
        return Answer("order", "in part", reason)
    reason = f"{len(design.time.names)} times in {n_series} replicate series: ordinal."
    return Answer("order", "yes", reason)


def reversal_answer(design: Design | None) -> Answer:
    """Whether it can be seen that cells return to the reference state."""
    if design is None or design.keys.reference is None:
        return Answer("reversal", "no", "It needs a reference group.")
    if not design.keys.holiday:
        return Answer("reversal", "no", "No group after a drug holiday (--holiday).")
    if not design.treated:
        return Answer("reversal", "no", "It needs a group on the drug to compare with.")
    n = [
        len(np.unique(design.library[design.named & (design.group == name)]))
        for name in design.keys.holiday
    ]
    names = ", ".join(design.keys.holiday)
    if min(n) < 2:
        return Answer("reversal", "in part", f"{names}: one sample, so no interval.")
    return Answer("reversal", "yes", f"{names}, {min(n)} samples.")
