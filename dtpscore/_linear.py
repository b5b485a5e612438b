"""Scores that are weighted sums of one value per gene and cell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._kernels import _ranks, _sums, _zeros

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dtpscore._blocks import Block
    from dtpscore._strata import Null
    from dtpscore._types import Net

    FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class SetTable:
    """Gene sets stored by gene, as the kernels read them.

    Attributes
    ----------
    member
        uint8, 1 for genes in any set.
    ptr
        int64, length genes + 1: gene j is in ``sets[ptr[j]:ptr[j + 1]]``.
    sets, weights
        Set numbers (int32) and weights (float64).
    sizes
        Sum of the weights of each set over the ranked genes (float64).
    """

    member: NDArray[np.uint8]
    ptr: NDArray[np.int64]
    sets: NDArray[np.int32]
    weights: FloatArray
    sizes: FloatArray

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
            ptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
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


@dataclass(frozen=True)
class Values:
    """The stored values of a block as they are."""

    block: Block

    def set_sums(self, table: SetTable) -> FloatArray:
        """Weighted sum over every set (rows, sets)."""
        return _set_sums(self.block, self.block.data, table)

    def stratum_sums(self, null: Null) -> tuple[FloatArray, FloatArray]:
        """Sum and sum of squares over all genes of each stratum (rows, strata)."""
        return _stratum_sums(self.block, self.block.data, null)


@dataclass(frozen=True)
class Gains:
    """How far each gene's rank in its cell lies above a limit, else 0.

    Attributes
    ----------
    block
        Rows, without negative values.
    limit
        The gain of rank r is ``max(limit - r, 0)``; rank 1 is the largest value.
    rule
        A tie rule of ``dtpscore._kernels._ranks``.
    wanted
        uint8, genes to compute.
    ranked
        uint8, genes that take part where zeros are ranked after the stored values;
        None leaves the gain of zeros at 0.
    """

    block: Block
    limit: int
    rule: int
    wanted: NDArray[np.uint8]
    ranked: NDArray[np.uint8] | None = None
    stored: FloatArray = field(init=False)
    zero: FloatArray | None = field(init=False)

    def __post_init__(self) -> None:
        stored = np.zeros(self.block.data.size)
        _ranks.gains(
            _ranks.as_keys(self.block.data),
            self.block.indices,
            self.block.indptr,
            self.wanted,
            self.limit,
            self.rule,
            stored,
        )
        zero = None
        if self.ranked is not None and self.rule == _ranks.EXPECTED:
            n_stored = np.diff(self.block.indptr)
            zero = np.empty(n_stored.size)
            _ranks.zero_gains(n_stored, int(self.ranked.sum()), self.limit, zero)
            stored -= np.repeat(zero, n_stored)
        object.__setattr__(self, "stored", stored)
        object.__setattr__(self, "zero", zero)

    def set_sums(self, table: SetTable) -> FloatArray:
        """Weighted sum of gains over every set (rows, sets)."""
        block = self.block
        sums = _set_sums(block, self.stored, table)
        if self.zero is not None:
            sums += self.zero[:, None] * table.sizes
        elif self.ranked is not None:
            _zeros.ordered_zero_gains(
                block.indices,
                block.indptr,
                self.ranked,
                self.limit,
                table.ptr,
                table.sets,
                table.weights,
                sums,
            )
        return sums

    def stratum_sums(self, null: Null) -> tuple[FloatArray, FloatArray]:
        """Sum and sum of squares of gains over all genes of each stratum."""
        block = self.block
        if self.zero is None:
            sums, squares = _stratum_sums(block, self.stored, null)
            if self.ranked is not None:
                _zeros.ordered_zero_strata(
                    block.indices,
                    block.indptr,
                    self.ranked,
                    self.limit,
                    null.stratum,
                    sums,
                    squares,
                )
            return sums, squares
        # Stored values are kept relative to the gain of a zero.
        above, squares = _stratum_sums(block, self.stored, null)
        zero = self.zero[:, None]
        n_ranked = np.bincount(null.stratum, self.ranked, null.sizes.size)
        squares += 2 * zero * above + n_ranked * zero**2
        return above + n_ranked * zero, squares


@dataclass(frozen=True)
class LinearScorer:
    """Score blocks by a method that is linear in per-gene values.

    Attributes
    ----------
    values
        Turns a block into per-gene values.
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

    values: Callable[[Block], Values | Gains]
    table: SetTable
    scale: FloatArray
    w_neg: float
    finish: Callable[[FloatArray, Block, FloatArray], FloatArray] | None = None
    null: Null | None = None

    def __call__(self, block: Block) -> tuple[FloatArray, FloatArray | None]:
        """Scores and control z (cells, k) of a block."""
        values = self.values(block)
        sums = values.set_sums(self.table)
        n_halves = self.scale.size
        raw = signed(sums[:, :n_halves] * self.scale, self.w_neg)
        z = None
        if self.null is not None:
            z = self.null.z(raw, *values.stratum_sums(self.null))
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


def _set_sums(block: Block, values: NDArray[Any], table: SetTable) -> FloatArray:
    out = np.zeros((block.n_rows, table.sizes.size))
    _sums.set_sums(
        values,
        block.indices,
        block.indptr,
        table.member,
        table.ptr,
        table.sets,
        table.weights,
        out,
    )
    return out


def _stratum_sums(
    block: Block, values: NDArray[Any], null: Null
) -> tuple[FloatArray, FloatArray]:
    sums = np.zeros((block.n_rows, null.sizes.size))
    squares = np.zeros_like(sums)
    _sums.stratum_sums(values, block.indices, block.indptr, null.stratum, sums, squares)
    return sums, squares
