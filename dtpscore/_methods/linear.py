"""Scores that are weighted sums of one value per gene and cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._kernels import _gains, _ranks, _sums, _zeros

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dtpscore._matrix.blocks import Block
    from dtpscore._methods.strata import Null
    from dtpscore._types import Net

    FloatArray = NDArray[np.float64]

# What stands for strata where no control is wanted.
_NO_STRATA = np.empty(0, np.int32)
_NO_MOMENTS = np.empty((0, 0, 2))


@dataclass(frozen=True)
class SetTable:
    """Gene sets stored by gene, as the kernels read them.

    Attributes
    ----------
    member
        uint8, 1 for genes in any set.
    ptr
        int32, length genes + 1: gene j is in ``sets[ptr[j]:ptr[j + 1]]``.
    sets, weights
        Set numbers (int32) and weights (float64).
    sizes
        Sum of the weights of each set over the ranked genes (float64).
    """

    member: NDArray[np.uint8]
    ptr: NDArray[np.int32]
    sets: NDArray[np.int32]
    weights: FloatArray
    sizes: FloatArray

    @property
    def by_gene(self) -> tuple[NDArray[np.int32], NDArray[np.int32], FloatArray]:
        """``ptr``, ``sets`` and ``weights``."""
        return self.ptr, self.sets, self.weights

    @classmethod
    def of(
        cls,
        genes: Sequence[NDArray[Any]],
        weights: Sequence[FloatArray],
        *,
        n_genes: int,
    ) -> SetTable:
        """Build the table from the columns and weights of each set."""
        all_genes = np.concatenate([np.empty(0, np.int64), *genes])
        all_weights = np.concatenate([np.empty(0), *weights])
        number = np.repeat(np.arange(len(genes)), [one.size for one in genes])
        order = np.argsort(all_genes, kind="stable")
        counts = np.bincount(all_genes, minlength=n_genes)
        return cls(
            member=(counts > 0).astype(np.uint8),
            ptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
            sets=number[order].astype(np.int32),
            weights=all_weights[order],
            sizes=np.bincount(number, all_weights, len(genes)).astype(np.float64),
        )


def half_sets(net: Net, *, weighted: bool) -> tuple[list[Any], list[FloatArray]]:
    """Columns and weights of every half-set."""
    cuts = net.offsets[1:-1]
    genes = np.split(net.genes, cuts)
    weights = net.weights if weighted else np.ones(net.genes.size)
    return genes, np.split(weights, cuts)


def values_sums(
    block: Block, table: SetTable, null: Null | None
) -> tuple[FloatArray, FloatArray | None]:
    """Sum the stored values of a block as they are.

    Parameters
    ----------
    block
        Rows.
    table
        Gene sets.
    null
        Strata of the control, if it is wanted.

    Returns
    -------
    Weighted sum over every set (rows, sets); with ``null``, sum and sum of squares
    over all genes of each stratum (rows, strata, 2).
    """
    rows = (block.data, block.indices, block.indptr)
    sums = np.zeros((block.n_rows, table.sizes.size))
    _sums.set_sums(*rows, table.member, *table.by_gene, sums)
    if null is None:
        return sums, None
    moments = null.no_moments(block.n_rows)
    _sums.stratum_moments(*rows, null.stratum, moments)
    return sums, moments


@dataclass(frozen=True)
class Gains:
    """Sums how far each gene's rank in its cell lies above a limit.

    Attributes
    ----------
    limit
        The gain of rank r is ``max(limit - r, 0)``; rank 1 is the largest value.
    rule
        A tie rule of ``dtpscore._kernels._gains``.
    ranked
        uint8, genes that take part where zeros are ranked after the stored values;
        None leaves the gain of zeros at 0.
    """

    limit: int
    rule: int
    ranked: NDArray[np.uint8] | None = None

    def __call__(
        self, block: Block, table: SetTable, null: Null | None
    ) -> tuple[FloatArray, FloatArray | None]:
        """As ``values_sums``, of gains; the block has no values below 0."""
        rows = (block.indices, block.indptr)
        sums = np.zeros((block.n_rows, table.sizes.size))
        moments = None if null is None else null.no_moments(block.n_rows)
        every = null is not None or self.rule == _gains.ORDER
        zero = self._zero_gains(block)
        _gains.gain_sums(
            _ranks.as_keys(block.data),
            *rows,
            np.ones_like(table.member) if every else table.member,
            *table.by_gene,
            self.limit,
            self.rule,
            zero,
            _NO_STRATA if null is None else null.stratum,
            sums,
            _NO_MOMENTS if moments is None else moments,
        )
        if self.ranked is not None and self.rule == _gains.EXPECTED:
            # The kernel took every gain relative to that of a zero.
            sums += zero[:, None] * table.sizes
            if moments is not None and null is not None:
                n_ranked = np.bincount(null.stratum, self.ranked, null.sizes.size)
                above = moments[:, :, 0].copy()
                moments[:, :, 0] += n_ranked * zero[:, None]
                moments[:, :, 1] += 2 * zero[:, None] * above
                moments[:, :, 1] += n_ranked * zero[:, None] ** 2
        elif self.ranked is not None:
            zeros = (*rows, self.ranked, self.limit)
            _zeros.ordered_zero_gains(*zeros, *table.by_gene, sums)
            if moments is not None and null is not None:
                _zeros.ordered_zero_moments(*zeros, null.stratum, moments)
        return sums, moments

    def _zero_gains(self, block: Block) -> FloatArray:
        """Compute the expected gain of a zero gene, for every row."""
        zero = np.zeros(block.n_rows)
        if self.ranked is not None and self.rule == _gains.EXPECTED:
            n_ranked = int(self.ranked.sum())
            _gains.zero_gains(np.diff(block.indptr), n_ranked, self.limit, zero)
        return zero


@dataclass(frozen=True)
class LinearScorer:
    """Score blocks by a method that is linear in per-gene values.

    Attributes
    ----------
    add_up
        Sums per-gene values of a block over the sets of a table, and over strata.
    table
        The 2k half-sets, and any further sets that ``finish`` reads.
    scale
        Length 2k: what the sum of a half-set is multiplied by.
    w_neg
        Weight of the down genes.
    finish
        Turns signed sums (cells, k) into scores; receives the block and the sums of
        the further sets. None leaves them as they are.
    null
        Strata for the control; None leaves it out.
    """

    add_up: Callable[
        [Block, SetTable, Null | None], tuple[FloatArray, FloatArray | None]
    ]
    table: SetTable
    scale: FloatArray
    w_neg: float
    finish: Callable[[FloatArray, Block, FloatArray], FloatArray] | None = None
    null: Null | None = None

    def __call__(self, block: Block) -> tuple[FloatArray, FloatArray | None]:
        """Scores and control z (cells, k) of a block."""
        sums, moments = self.add_up(block, self.table, self.null)
        n_halves = self.scale.size
        raw = signed(sums[:, :n_halves] * self.scale, self.w_neg)
        z = None
        if self.null is not None and moments is not None:
            z = self.null.z(raw, moments)
        if self.finish is not None:
            raw = self.finish(raw, block, sums[:, n_halves:])
        return raw, z


def signed(halves: FloatArray, w_neg: float) -> FloatArray:
    """Up minus ``w_neg`` times down, from columns that alternate up and down."""
    return halves[..., 0::2] - w_neg * halves[..., 1::2]


def null_weights(
    net: Net, scale: FloatArray, w_neg: float, *, weighted: bool
) -> list[tuple[NDArray[np.int32], FloatArray]]:
    """Columns and weights of each signature, as ``Null.of`` takes them."""
    genes, weights = half_sets(net, weighted=weighted)
    result = []
    for up in range(0, net.n_half_sets, 2):
        both = np.concatenate(genes[up : up + 2])
        weight = np.concatenate(
            [weights[up] * scale[up], -w_neg * weights[up + 1] * scale[up + 1]]
        )
        columns, place = np.unique(both, return_inverse=True)
        sums = np.bincount(place, weight, columns.size).astype(np.float64)
        result.append((columns, sums))
    return result
