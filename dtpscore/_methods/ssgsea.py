"""Blocks scored by single-sample GSEA, whose score is not a sum over genes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._kernels import _ranks, _ssgsea
from dtpscore._methods.linear import SetTable, signed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._matrix.blocks import Block

    FloatArray = NDArray[np.float64]


def by_set(
    table: SetTable,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], FloatArray]:
    """``first_after``, ``places``, ``set_ptr`` and ``highest`` of the kernel."""
    genes = np.flatnonzero(table.member)
    after = np.searchsorted(genes, np.arange(table.member.size), side="right")
    owners = np.repeat(np.arange(genes.size), np.diff(table.ptr)[genes])
    n_sets = table.sizes.size
    places = owners[np.argsort(table.sets, kind="stable")]
    set_ptr = np.cumsum([0, *np.bincount(table.sets, minlength=n_sets)])
    highest = np.bincount(table.sets, genes[owners] + 1.0, n_sets)
    return (
        after.astype(np.int32),
        places.astype(np.int32),
        set_ptr.astype(np.int32),
        highest.astype(np.float64),
    )


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
    _by_set: tuple[NDArray[Any], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_set", by_set(self.table))

    def __call__(self, block: Block) -> tuple[FloatArray, None]:
        """Scores (cells, k) of a block; there is no control."""
        table = self.table
        out = np.empty((block.n_rows, table.sizes.size))
        _ssgsea.enrichment(
            _ranks.as_keys(block.data),
            block.indices,
            block.indptr,
            table.member,
            *self._by_set,
            table.ptr,
            table.sets,
            table.sizes,
            self.in_order,
            self.powers,
            out,
        )
        out[:, table.sizes == 0] = 0.0
        return signed(out, self.w_neg), None
