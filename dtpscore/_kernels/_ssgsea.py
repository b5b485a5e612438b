"""Single-sample GSEA, summed over set genes instead of walking the ranked list."""

from __future__ import annotations

import numpy as np
from numba import prange

from dtpscore._kernels._ranks import N_BUCKETS, _run, _spread
from dtpscore._kernels._rows import GROUP
from dtpscore._threads import helper, kernel


@helper
def _add_hits(
    keys, indices, lo, hi, spread, work, in_order, tables, weight, heights, powers, base
):
    """Add the stored genes of one row; take them out of the sums for zero genes."""
    largest, shift = spread
    starts, top, seen = work
    member, ptr, sets = tables
    n_genes = member.size
    n_zero = n_genes - (hi - lo)
    for back in range(hi - lo):
        # From the last column to the first: among ties the later column leads.
        k = hi - 1 - back
        gene = indices[k]
        if not in_order and not member[gene]:
            continue
        distance = largest - keys[k]
        b = distance >> shift
        left, right = _run(top, starts[b], starts[b + 1], distance)
        rank = n_genes - (left + right - 1) / 2
        height = rank
        if in_order:
            height = np.float64(n_genes - left - seen[left])
            seen[left] += 1
        for m in range(ptr[gene], ptr[gene + 1]):
            s = sets[m]
            weight[s, 0] += powers[np.int64(2 * rank)] * height
            weight[s, 1] += powers[np.int64(2 * rank)]
            weight[s, 2] += 1
            heights[s] += height
            # This gene was counted among the zeros; `k - lo` values precede it.
            base[s] -= (gene + 1 - (k - lo)) if in_order else (n_zero + 1) / 2


@kernel
def enrichment(
    keys, indices, indptr, member, genes, ptr, sets, sizes, order, powers, out
):
    """Enrichment of every set in every row; NaN where a set holds all genes.

    ``genes`` are the columns in any set, ascending; ``sizes`` genes a set;
    ``powers[i]`` is ``(i / 2) ** weight``, looked up because average ranks are
    multiples of one half. ``order`` 1: ties, zeros among them, are ranked by column,
    the last first; 0: a tied gene takes the mean position of its ties.
    """
    n_rows = indptr.size - 1
    n_genes = member.size
    n_sets = sizes.size
    total = n_genes * (n_genes + 1) / 2
    for group in prange((n_rows + GROUP - 1) // GROUP):
        first = group * GROUP
        last = min(n_rows, first + GROUP)
        longest = 1
        for row in range(first, last):
            longest = max(longest, indptr[row + 1] - indptr[row])
        starts = np.empty(N_BUCKETS + 1, np.int32)
        fill = np.empty(N_BUCKETS + 1, np.int32)
        top = np.empty(longest, keys.dtype)
        seen = np.empty(longest, np.int32)
        weight = np.empty((n_sets, 3))
        heights = np.empty(n_sets)
        zeros = np.empty(n_sets)
        for row in range(first, last):
            lo = indptr[row]
            hi = indptr[row + 1]
            n_zero = n_genes - (hi - lo)
            weight[:] = 0.0
            heights[:] = 0.0
            zeros[:] = 0.0
            # Heights of the set genes as if all were zero in this row.
            k = lo
            for g in range(genes.size):
                gene = genes[g]
                while k < hi and indices[k] < gene:
                    k += 1
                height = gene + 1.0 - (k - lo) if order else (n_zero + 1) / 2
                for m in range(ptr[gene], ptr[gene + 1]):
                    zeros[sets[m]] += height
            if hi > lo:
                largest, shift, _ = _spread(keys, lo, hi, hi - lo, starts, fill, top)
                seen[: hi - lo] = 0
                _add_hits(
                    keys,
                    indices,
                    lo,
                    hi,
                    (largest, shift),
                    (starts, top, seen),
                    order,
                    (member, ptr, sets),
                    weight,
                    heights,
                    powers,
                    zeros,
                )
            power_zero = powers[n_zero + 1]
            for s in range(n_sets):
                n_at_zero = sizes[s] - weight[s, 2]
                inside = (weight[s, 0] + power_zero * zeros[s]) / (
                    weight[s, 1] + power_zero * n_at_zero
                )
                outside = n_genes - sizes[s]
                out[row, s] = np.nan
                if outside:
                    out[row, s] = inside - (total - heights[s] - zeros[s]) / outside
