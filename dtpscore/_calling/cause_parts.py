"""Measure by sample what can pass for a state: cell by cell, and in sums of cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._calling.quality import FEWEST_OF_SAMPLE
from dtpscore._calling.soup import mixtures, sums_by_code

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._calling.outcome import Experiment

    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]

# Level of the tests of all causes of a group together, and share of untreated cells
# that are beyond their own range.
LEVEL = 0.05


@dataclass(frozen=True)
class Parts:
    """One measure by sample.

    Attributes
    ----------
    reference
        float64 (untreated samples,).
    called, others
        float64 (treated samples,): in the called cells of each, and in its other
        cells; NaN where it has too few of these.
    cells
        Values of called and of other cells where there is one treated sample, whose
        cells are then the units of the comparison within it.
    soup
        Of a mixture, the share of the counts of called cells that is soup.
    """

    reference: FloatArray
    called: FloatArray
    others: FloatArray
    cells: tuple[FloatArray, FloatArray] | None = None
    soup: float = float("nan")


def _libraries(library: NDArray[np.int64], cells: BoolArray) -> NDArray[np.int64]:
    names, sizes = np.unique(library[cells], return_counts=True)
    return names[sizes >= FEWEST_OF_SAMPLE]


def _beyond(values: FloatArray, rest: FloatArray) -> FloatArray:
    """Say which values are above those of 95% of the rest."""
    return (values > np.quantile(rest, 1 - LEVEL)).astype(np.float64)


def by_sample(
    values: FloatArray,
    library: NDArray[np.int64],
    *,
    called: BoolArray,
    treated: BoolArray,
    reference: BoolArray,
) -> Parts | None:
    """Share of the cells of each sample that are beyond the range of untreated cells.

    Each untreated sample is held out in turn; it and the treated cells are held
    against the others, treated cells against all in turn.

    Parameters
    ----------
    values, library
        The value of each cell, high where it can make calls, and its library.
    called, treated, reference
        Called cells of a group, all its cells, and untreated cells.

    Returns
    -------
    The shares. None with fewer than two untreated samples or without a treated one
    that have ten cells, or where a value is not known.
    """
    before, after = _libraries(library, reference), _libraries(library, called)
    if len(before) < 2 or not len(after) or np.isnan(values[treated | reference]).any():
        return None
    rest = set(_libraries(library, treated & ~called).tolist())
    own, beyond = [], []
    for one in before:
        others = values[reference & (library != one)]
        own.append(_beyond(values[reference & (library == one)], others).mean())
        beyond.append(_beyond(values, others))
    share = np.mean(beyond, axis=0)

    def mean(cells: BoolArray, one: int) -> float:
        return float(share[cells & (library == one)].mean())

    other = treated & ~called
    pair = None
    if len(after) == 1 and after[0] in rest:
        here = library == after[0]
        pair = (share[called & here], share[other & here])
    return Parts(
        np.array(own),
        np.array([mean(called, one) for one in after]),
        np.array([mean(other, one) if one in rest else np.nan for one in after]),
        pair,
    )


@dataclass(frozen=True)
class Counted:
    """Counts of genes, summed over the called and the other cells of each library.

    Attributes
    ----------
    sums
        float64 (codes, genes): of the other cells of library ``l`` at ``2 l``, of its
        called cells at ``2 l + 1``, and of the other cell types of each batch after
        these.
    batches
        Names of the batches.
    """

    sums: FloatArray
    batches: tuple[str, ...]

    @classmethod
    def of(cls, matrix: Any, experiment: Experiment, called: BoolArray) -> Counted:
        """Count in one pass over the matrix."""
        design = experiment.design
        batches = tuple(np.unique(design.batch[design.named]).tolist())
        n = int(design.library.max()) + 1
        code = np.where(experiment.used, 2 * design.library + called, -1)
        for number, batch in enumerate(batches):
            rows = (design.batch == batch) & design.named & ~design.malignant
            code[rows] = 2 * n + number
        sums = sums_by_code(matrix, code.astype(np.int64), 2 * n + len(batches))
        return cls(sums, batches)

    def parts(
        self,
        library: NDArray[np.int64],
        batch: str,
        masks: dict[str, BoolArray],
        ambient: FloatArray | None,
    ) -> dict[str, Parts]:
        """Measures of foreign RNA; none with fewer than two untreated samples."""
        before = _libraries(library, masks["reference"])
        after = _libraries(library, masks["called"])
        if len(before) < 2 or not len(after):
            return {}
        rest = _libraries(library, masks["treated"] & ~masks["called"])
        beside = np.isin(after, rest)
        samples = self.sums[np.r_[2 * after + 1, 2 * after[beside]]]
        types = self.sums[len(self.sums) - len(self.batches) :]
        soups = {"other_types": types[self.batches.index(batch)], "ambient": ambient}
        result = {}
        for name, soup in soups.items():
            if soup is None or not soup.any():
                continue
            own, found = mixtures(self.sums[2 * before], soup, samples)
            others = np.full(len(after), np.nan)
            others[beside] = found.explained[len(after) :]
            result[name] = Parts(
                own.explained,
                found.explained[: len(after)],
                others,
                soup=float(found.share[: len(after)].mean()),
            )
        return result
