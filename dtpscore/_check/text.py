"""The text of a look at data."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dtpscore._check.look import Check

_KINDS = {
    "counts": "counts",
    "fractional counts": "counts with decimals",
    "normalized": "normalized values without a logarithm",
    "log": "log values",
    "scaled": "scaled values",
    "unclear": "values of an unclear kind",
}


def _matrices(check: Check) -> Iterator[str]:
    for one in check.matrices:
        mark = "  (used)" if one is check.matrix else ""
        yield (
            f"  {one.where:<16} {_KINDS[one.judged.kind]}, {one.n_genes:,} genes. "
            f"{one.judged.reason}{mark}"
        )


def _genes(check: Check) -> str:
    known = ", ".join(f"{n:,} {name}" for name, n in check.known_genes.items() if n)
    return f"  read as {check.species}; names of one species alone: {known or 'none'}"


def _columns(check: Check) -> Iterator[str]:
    keys = check.columns.keys
    if keys is None:
        yield "  none found"
        return
    for name in keys.__dataclass_fields__:
        value = getattr(keys, name)
        if value in (None, ()):
            continue
        shown = ", ".join(value) if isinstance(value, tuple) else value
        found = "  (found by its name)" if name in check.columns.found else ""
        yield f"  {name:<16} {shown}{found}"
    if check.times:
        yield f"  {check.times}"


def _arms(check: Check) -> Iterator[str]:
    width = max((len(arm.group) for arm in check.arms), default=5)
    for arm in check.arms:
        depth = "" if arm.depth is None else f", median depth {arm.depth:,.0f}"
        share = arm.smallest_share
        called = "" if share is None else f", callable from {share:.1%}"
        if share is not None and share > 1:
            called = ", no call is possible: there are too few reference cells"
        cells = f"{arm.n_cells:,} cells in {arm.n_samples} samples"
        yield f"  {arm.group:<{width}}  {cells}{depth}{called}"


def as_text(check: Check) -> str:
    """Write a look at data as lines of text.

    Parameters
    ----------
    check
        What was found.
    """
    lines = [f"{check.n_cells:,} cells, {check.n_genes:,} genes", "", "Matrices"]
    lines += [*_matrices(check), "", "Gene names", _genes(check), "", "Experiment"]
    lines += _columns(check)
    if check.arms:
        lines += ["", "Groups", *_arms(check)]
    lines += ["", "What can be answered"]
    lines += [f"  {a.question:<9} {a.possible:<8} {a.reason}" for a in check.answers]
    level = (
        f"evidence  {check.evidence_level:<8} is the highest level that calls reach."
    )
    lines += [f"  {level} {check.evidence_note}"]
    if check.notes:
        lines += ["", "To know first", *(f"  {note}" for note in check.notes)]
    return "\n".join(lines)
