"""Blocks scored by single-sample GSEA, whose score is not a sum over genes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from dtpscore._kernels import _ranks, _ssgsea
from dtpscore._methods.linear import SetTable, signed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._matrix.blocks import Block

    FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class SsgseaScorer:
    """Score blocks by single-sample GSEA.

    Attributes
    ----------
    table
        The half-sets.
    powers
        Weight of a gene by twice its average rank.
    in_order
        Rank ties by column, the last first.
    w_neg
        Weight of the down genes.
    """

    table: SetTable
    powers: FloatArray
    in_order: bool
    w_neg: float
    _places: tuple[NDArray[np.int32], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        member = self.table.member
        genes = np.flatnonzero(member)
        after = np.searchsorted(genes, np.arange(member.size), side="right")
        owners = np.repeat(np.arange(genes.size), np.diff(self.table.ptr)[genes])
        places = tuple(one.astype(np.int32) for one in (genes, after, owners))
        object.__setattr__(self, "_places", places)

    def __call__(self, block: Block) -> tuple[FloatArray, None]:
        """Scores (cells, k) of a block; there is no control."""
        table = self.table
        out = np.empty((block.n_rows, table.sizes.size))
        _ssgsea.enrichment(
            _ranks.as_keys(block.data),
            block.indices,
            block.indptr,
            table.member,
            *self._places,
            table.ptr,
            table.sets,
            table.sizes,
            self.in_order,
            self.powers,
            out,
        )
        out[:, table.sizes == 0] = 0.0
        return signed(out, self.w_neg), None
