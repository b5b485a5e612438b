"""Untreated, treated and holiday cells, and the tumors or patients that link them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator
    from numpy.typing import NDArray

# Cells of an arm that a tumor or patient needs to be compared within.
FEWEST = 20


@dataclass(frozen=True)
class Arms:
    """The three arms of a reversal; arrays over the cells.

    Attributes
    ----------
    parental, persister, holiday
        Which cells belong to the arm.
    sample
        int64, library of each cell.
    stratum
        int64, tumor or patient of each cell.
    """

    parental: NDArray[np.bool_]
    persister: NDArray[np.bool_]
    holiday: NDArray[np.bool_]
    sample: NDArray[np.int64]
    stratum: NDArray[np.int64]

    @property
    def each(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
        """The masks of the three arms."""
        return self.parental, self.persister, self.holiday

    def strata(self) -> Iterator[tuple[NDArray[np.int64], Arms]]:
        """Rows and arms of each stratum that has cells of an arm."""
        member = self.parental | self.persister | self.holiday
        for one in np.unique(self.stratum[member]):
            rows = np.flatnonzero(member & (self.stratum == one))
            parts = {f.name: getattr(self, f.name)[rows] for f in fields(self)}
            yield rows, Arms(**parts)


def linked(arms: Arms) -> tuple[Arms, int, int]:
    """Keep the strata in which the arms can be compared with each other.

    A tumor or patient with cells of all three arms is its own control. Where there is
    none, nothing links the arms, and all cells are one stratum.

    Returns
    -------
    The arms, the number of strata that can be compared within, and that of all.
    """
    names = np.unique(arms.stratum[arms.parental | arms.persister | arms.holiday])
    complete = [
        one
        for one in names
        if all((arm & (arms.stratum == one)).sum() >= FEWEST for arm in arms.each)
    ]
    if not complete:
        alone = replace(arms, stratum=np.zeros_like(arms.stratum))
        return alone, 0, len(names)
    kept = np.isin(arms.stratum, complete)
    parental, persister, holiday = (arm & kept for arm in arms.each)
    within = Arms(parental, persister, holiday, arms.sample, arms.stratum)
    return within, len(complete), len(names)


def drawn(rng: Generator, n: int) -> NDArray[np.int64]:
    """Draw n of n places with replacement; one place is always itself."""
    return rng.integers(n, size=n) if n > 1 else np.zeros(1, np.int64)
