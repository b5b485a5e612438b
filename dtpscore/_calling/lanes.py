"""Samples that are parts of one library count as one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._calling.cells import chosen_for_fit
from dtpscore._calling.components import gathered
from dtpscore._matrix import blocks
from dtpscore._statistics.replicates import (
    LEAST,
    ONE_LIBRARY,
    Library,
    compare_libraries,
    independent_libraries,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dtpscore._design import Design

# Most cells of a library that are looked at: enough to tell real replicates apart.
_MOST_CELLS = 500
METHOD = (
    "The samples of each arm were compared by the mean squared Welch t over genes. "
    "Those that have enough cells to tell replicates, and a variance between libraries "
    f"below {LEAST / 2:g} of that between cells, counted as parts of one library."
)


@dataclass(frozen=True)
class Libraries:
    """The design with parts of one library joined.

    Attributes
    ----------
    design
        The design, in which such samples have one code of a library.
    messages, methods
        Sentences for the user, and for a methods section.
    """

    design: Design
    messages: list[str]
    methods: list[str]


def _arms(
    design: Design, used: NDArray[np.bool_]
) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Each arm of a batch with the codes of its libraries, where it has two or more."""
    for batch in np.unique(design.batch[used]):
        for group in design.groups:
            own = used & (design.batch == batch) & (design.group == group)
            codes = np.unique(design.library[own])
            if len(codes) > 1:
                yield group, codes


def join_lanes(
    matrix: Any, design: Design, used: NDArray[np.bool_], keys: NDArray[np.uint64]
) -> Libraries:
    """Give samples of one arm that are parts of one library the same code.

    Parameters
    ----------
    matrix
        Counts, cells x genes, of any kind that ``dtpscore._matrix.blocks`` reads.
    design
        The experiment.
    used
        bool (cells,): cells that take part.
    keys
        uint64 (cells,): a number made from the name of each cell, by which the cells
        that are looked at are chosen.

    Returns
    -------
    The design, the same where nothing was joined, and what was found.
    """
    arms = list(_arms(design, used))
    if not arms:
        return Libraries(design, [], [])
    compared = used & np.isin(design.library, np.concatenate([own for _, own in arms]))
    rows = np.flatnonzero(compared)
    rows = rows[chosen_for_fit(design.library[rows], keys[rows], _MOST_CELLS)]
    counts = gathered(blocks.source(matrix), None, rows)
    code = design.library[rows]
    library, messages = design.library.copy(), []
    for group, codes in arms:
        seen = [Library.of(counts[np.flatnonzero(code == one)]) for one in codes]
        same = np.eye(len(codes), dtype=bool)
        for one, other in combinations(range(len(codes)), 2):
            verdict = compare_libraries(seen[one], seen[other]).verdict
            same[one, other] = same[other, one] = verdict == ONE_LIBRARY
        label = independent_libraries(same)
        for parts in (codes[label == one] for one in np.unique(label)):
            if len(parts) > 1:
                inside = np.isin(design.library, parts)
                library[inside] = parts[0]
                messages.append(_said(group, sorted(set(design.sample[inside]))))
    return Libraries(replace(design, library=library), messages, [METHOD])


def _said(group: str, names: list[str]) -> str:
    listed = ", ".join(repr(str(name)) for name in names)
    return (
        f"The samples {listed} of group {group!r} count as one: their cells differ no "
        "more than cells of one library do, as those of lanes or technical repeats. "
        "Where they were prepared apart, pass check_replicates=False "
        "(--no-check-replicates)."
    )
