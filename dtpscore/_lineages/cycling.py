"""Whether persisters that cycle are of other clones than those that do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_AT_ONCE = 200


@dataclass(frozen=True)
class Cycling:
    """Cycling and resting persisters within and between clones.

    Attributes
    ----------
    n_cells, n_clones
        Persisters with a clone, and clones with two or more of them.
    share
        Share of these cells that cycle.
    only_cycling, only_resting, both
        Clones whose persisters all cycle, all rest, or do either.
    expected_both
        Clones that would do either if cycling had nothing to do with the clone.
    likeness
        How much more two persisters of one clone are alike than two of different ones
        would be: 0 for no more, 1 if clones were all of one kind. Below 0 by chance.
    pvalue
        One-sided, by exchanging cells within samples.
    """

    n_cells: int
    n_clones: int
    share: float
    only_cycling: int
    only_resting: int
    both: int
    expected_both: float
    likeness: float
    pvalue: float


def _agreement(
    cycling: NDArray[np.float64], size: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Chance that two cells of a clone are alike, over clones: (draws,).

    Each clone weighs as many cells as it has beyond the first.
    """
    rest = size - cycling
    alike = (cycling * (cycling - 1) + rest * (rest - 1)) / (size * (size - 1))
    found: NDArray[np.float64] = alike @ (size - 1) / (size - 1).sum()
    return found


def within_clones(
    cycling: NDArray[np.bool_],
    clone: NDArray[np.int64],
    stratum: NDArray[np.int64],
    *,
    n_permutations: int = 999,
    seed: int = 0,
) -> Cycling | None:
    """Compare persisters of one clone with each other.

    Parameters
    ----------
    cycling
        (cells,), whether the persister cycles.
    clone
        (cells,), its clone.
    stratum
        (cells,), its sample, within which cells are exchanged.
    n_permutations
        Permutations.
    seed
        Seed of the permutations.

    Returns
    -------
    What was found; None where no clone has two persisters, or where all cells of
    each stratum are of one kind.
    """
    from scipy import sparse

    _, codes, sizes = np.unique(clone, return_inverse=True, return_counts=True)
    use = sizes[codes] > 1
    mixed = {
        int(one) for one in np.unique(stratum) if 0 < cycling[stratum == one].mean() < 1
    }
    if not use.any() or not mixed:
        return None
    # Cells are exchanged with all cells of their sample, also those of small clones.
    columns = np.flatnonzero(sizes > 1)
    place = np.full(len(sizes), -1)
    place[columns] = np.arange(len(columns))
    rows = np.flatnonzero(use)
    member = sparse.csr_matrix(
        (np.ones(len(rows)), (rows, place[codes[rows]])), (len(clone), len(columns))
    )
    size = sizes[columns].astype(np.float64)
    own = (member.T @ cycling.astype(np.float64))[None]
    seen = float(_agreement(own, size)[0])
    rng = np.random.default_rng(seed)
    strata = [np.flatnonzero(stratum == one) for one in np.unique(stratum)]
    agreed, both, left = [], [], n_permutations
    while left:
        n = min(left, _AT_ONCE)
        drawn = np.empty((n, len(clone)))
        for cells in strata:
            labels = np.tile(cycling[cells].astype(np.float64), (n, 1))
            drawn[:, cells] = rng.permuted(labels, axis=1)
        counted = (member.T @ drawn.T).T
        agreed.append(_agreement(counted, size))
        both.append(((counted > 0) & (counted < size)).sum(axis=1))
        left -= n
    chance = np.concatenate(agreed)
    hits = int((chance >= seen - 1e-12).sum())
    middle = float(chance.mean())
    return Cycling(
        n_cells=len(rows),
        n_clones=len(columns),
        share=float(cycling[rows].mean()),
        only_cycling=int((own[0] == size).sum()),
        only_resting=int((own[0] == 0).sum()),
        both=int(((own[0] > 0) & (own[0] < size)).sum()),
        expected_both=float(np.concatenate(both).mean()),
        likeness=(seen - middle) / (1 - middle) if middle < 1 else float("nan"),
        pvalue=(hits + 1) / (n_permutations + 1),
    )
