"""Control genes drawn at random, and their sums, taken once for all that share them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Controls:
    """Control genes of every gene set: drawn groups of genes without the set's own.

    Every set starts the draw from the same seed, so sets that reach into the same bins
    draw the same genes from them. Such a group is summed once for all these sets.

    Attributes
    ----------
    groups
        Columns of the different groups that were drawn.
    members
        (sets, groups): 1 where a set drew the group.
    own
        Columns of each set that are in one of its groups.
    sizes
        Number of control genes of each set (float64).
    """

    groups: list[NDArray[np.int64]]
    members: sp.csr_array
    own: list[NDArray[np.int64]]
    sizes: FloatArray

    def sums(self, further: FloatArray) -> FloatArray:
        """Sum of the control genes of every set.

        Parameters
        ----------
        further
            (cells, sets + groups): sums over ``own``, then over ``groups``.

        Returns
        -------
        (cells, sets).
        """
        n_sets = len(self.own)
        together: FloatArray = (self.members @ further[:, n_sets:].T).T
        return together - further[:, :n_sets]


def draw_controls(
    sets: Sequence[NDArray[Any]],
    bins: NDArray[np.int64],
    *,
    ctrl_size: int,
    ctrl_as_ref: bool,
    seed: int,
) -> Controls:
    """Draw the control genes that scanpy's ``score_genes`` draws for each set.

    Parameters
    ----------
    sets
        Columns of the genes of each set.
    bins
        Bin of each gene.
    ctrl_size
        Genes to draw from each bin that holds a gene of the set.
    ctrl_as_ref
        Draw among all genes of the bin and drop the set's own afterwards, or draw
        among the others only.
    seed
        Seed; the draw is that of ``numpy.random.RandomState``.

    Returns
    -------
    The control genes; a set whose bins hold no other gene has none.
    """
    by_bin = np.split(
        np.argsort(bins, kind="stable"), np.cumsum(np.bincount(bins))[:-1]
    )

    def draw(pools: list[NDArray[np.int64]]) -> list[NDArray[np.int64]]:
        rng = np.random.RandomState(seed)
        return [
            np.sort(pool[rng.choice(pool.size, size=ctrl_size, replace=False)])
            if ctrl_size < pool.size
            else pool
            for pool in pools
        ]

    @cache
    def draw_all(reached: tuple[int, ...]) -> list[NDArray[np.int64]]:
        return draw([by_bin[one] for one in reached])

    # Groups are told apart by their columns.
    numbers: dict[bytes, int] = {}
    own, members = [], []
    for genes in sets:
        reached = tuple(np.unique(bins[genes]).tolist())
        if ctrl_as_ref:
            drawn = draw_all(reached)
        else:
            drawn = draw([np.setdiff1d(by_bin[one], genes) for one in reached])
        own.append(np.intersect1d(genes, np.concatenate([genes[:0], *drawn])))
        members.append([numbers.setdefault(g.tobytes(), len(numbers)) for g in drawn])
    groups = [np.frombuffer(one, np.int64) for one in numbers]
    table = sp.csr_array(
        (
            np.ones(sum(map(len, members))),
            np.concatenate([np.empty(0, np.int64), *members]).astype(np.int64),
            np.cumsum([0, *map(len, members)]),
        ),
        shape=(len(sets), len(groups)),
    )
    sizes = table @ np.array([one.size for one in groups], np.float64)
    return Controls(groups, table, own, sizes - [one.size for one in own])
