"""Single-sample GSEA, summed over set genes instead of walking the ranked list."""

from __future__ import annotations

import numpy as np
from numba import prange

from dtpscore._kernels._ranks import rank_row, span, workspace
from dtpscore._kernels._rows import GROUP, longest_row
from dtpscore._threads import helper, kernel


@helper
def _add_hits(
    keys, columns, ranked, work, seen, in_order, tables, weight, heights, powers, base
):
    """Add the stored genes of one row; take them out of the sums for zero genes."""
    largest, shift, _, any_mixed = ranked
    member, ptr, sets = tables
    n_genes = member.size
    n_zero = n_genes - columns.size
    # From the last column to the first: among ties the later column leads.
    for k in range(columns.size - 1, -1, -1):
        gene = columns[k]
        if not in_order and not member[gene]:
            continue
        distance = largest - keys[k]
        left, right = span(distance, distance >> shift, any_mixed, work)
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
            # This gene was counted among the zeros; k stored values precede it.
            base[s] -= (gene + 1 - k) if in_order else (n_zero + 1) / 2


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
        longest = longest_row(indptr, first, last)
        work = workspace(keys, longest)
        seen = np.empty(longest, np.int32)
        weight = np.empty((n_sets, 3))
        heights = np.empty(n_sets)
        zeros = np.empty(n_sets)
        for row in range(first, last):
            columns = indices[indptr[row] : indptr[row + 1]]
            keys_here = keys[indptr[row] : indptr[row + 1]]
            n_stored = columns.size
            n_zero = n_genes - n_stored
            weight[:] = 0.0
            heights[:] = 0.0
            zeros[:] = 0.0
            # Heights of the set genes as if all were zero in this row.
            k = 0
            for g in range(genes.size):
                gene = genes[g]
                while k < n_stored and columns[k] < gene:
                    k += 1
                height = gene + 1.0 - k if order else (n_zero + 1) / 2
                for m in range(ptr[gene], ptr[gene + 1]):
                    zeros[sets[m]] += height
            if n_stored:
                seen[:n_stored] = 0
                _add_hits(
                    keys_here,
                    columns,
                    rank_row(keys_here, n_stored, work),
                    work,
                    seen,
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
