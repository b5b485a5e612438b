"""Ranks of genes that are zero in a cell, broken by column order."""

from __future__ import annotations

import numpy as np

from dtpscore._threads import kernel


@kernel
def ordered_zero_gains(indices, indptr, ranked, limit, ptr, sets, weights, out):
    """Add to set sums the gain of zero genes that reach into the first ranks.

    Zero genes follow the stored values in column order, rank ``stored + 1``
    onwards; ``ranked`` is 1 for genes that take part. ``out`` (rows, sets).
    """
    for row in range(indptr.size - 1):
        k = indptr[row]
        stop = indptr[row + 1]
        rank = stop - k
        for gene in range(ranked.size):
            if rank + 1 >= limit:
                break
            if k < stop and indices[k] == gene:
                k += 1
            elif ranked[gene]:
                rank += 1
                for m in range(ptr[gene], ptr[gene + 1]):
                    out[row, sets[m]] += weights[m] * (limit - rank)


@kernel
def ordered_zero_moments(indices, indptr, ranked, limit, stratum, out):
    """As ``ordered_zero_gains``, for moments of strata of genes (rows, strata, 2)."""
    for row in range(indptr.size - 1):
        k = indptr[row]
        stop = indptr[row + 1]
        rank = stop - k
        for gene in range(ranked.size):
            if rank + 1 >= limit:
                break
            if k < stop and indices[k] == gene:
                k += 1
            elif ranked[gene]:
                rank += 1
                gain = np.float64(limit - rank)
                out[row, stratum[gene], 0] += gain
                out[row, stratum[gene], 1] += gain * gain
