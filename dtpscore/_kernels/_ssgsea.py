"""Single-sample GSEA, summed over set genes instead of walking the ranked list."""

from __future__ import annotations

import numpy as np

from dtpscore._kernels._ranks import rank_row, span, workspace
from dtpscore._kernels._rows import longest_row, members
from dtpscore._threads import helper, kernel


@helper
def _positions(keys, ranked, work, seen, out):
    """Position from the top of each value of a row; of ties the last column leads."""
    largest, shift, _, any_mixed = ranked
    seen[: keys.size] = 0
    for k in range(keys.size - 1, -1, -1):
        distance = largest - keys[k]
        left, _ = span(distance, distance >> shift, any_mixed, work)
        out[k] = left + seen[left]
        seen[left] += 1


@helper
def _zero_heights(columns, genes, first_after, before, out):
    """Heights of the set genes as if each were zero; zeros are in column order.

    ``before`` becomes the number of stored columns before each gene.
    """
    before[:] = 0
    for k in range(columns.size):
        before[first_after[np.uint32(columns[k])]] += 1
    n_before = 0
    for g in range(genes.size):
        n_before += before[g]
        out[g] = genes[g] + 1.0 - n_before


@helper
def _add_hits(keys, columns, hits, ranked, work, in_order, positions, tables, sums):
    """Add the stored set genes of a row; take them out of the sums for zero genes.

    ``sums`` are, by set: weights times heights, weights and number of the stored
    genes; their heights; heights of the zero genes.
    """
    largest, shift, _, any_mixed = ranked
    n_genes, ptr, sets, powers = tables
    weight, heights, zeros = sums
    n_zero = n_genes - columns.size
    for h in range(hits.size):
        k = hits[h]
        gene = np.uint32(columns[k])
        distance = largest - keys[k]
        left, right = span(distance, distance >> shift, any_mixed, work)
        rank = n_genes - (left + right - 1) / 2
        height = np.float64(n_genes - positions[k]) if in_order else rank
        # This gene was counted among the zeros; k stored values precede it.
        at_zero = gene + 1.0 - k if in_order else (n_zero + 1) / 2
        power = powers[np.int64(2 * rank)]
        for m in range(ptr[gene], ptr[gene + np.uint32(1)]):
            s = sets[m]
            weight[s, 0] += power * height
            weight[s, 1] += power
            weight[s, 2] += 1
            heights[s] += height
            zeros[s] -= at_zero


@kernel
def enrichment(
    keys,
    indices,
    indptr,
    member,
    genes,
    first_after,
    owners,
    ptr,
    sets,
    sizes,
    order,
    powers,
    out,
):
    """Enrichment of every set in every row; NaN where a set holds all genes.

    ``genes`` are the columns in any set, ascending; ``first_after`` has, for every
    column, the number of the first of them beyond it, and ``owners``, for every
    entry of ``sets``, the number of its gene; ``sizes`` genes a set; ``powers[i]``
    is ``(i / 2) ** weight``, looked up because average ranks are multiples of one
    half. ``order`` 1: ties, zeros among them, are ranked by column, the last first;
    0: a tied gene takes the mean position of its ties.
    """
    n_genes = member.size
    total = n_genes * (n_genes + 1) / 2
    longest = longest_row(indptr)
    work = workspace(keys, longest)
    seen = np.empty(longest, np.int32)
    positions = np.empty(longest, np.int32)
    hits = np.empty(longest + 1, np.uint32)
    before = np.empty(genes.size + 1, np.int32)
    zero_heights = np.empty(genes.size)
    weight = np.empty((sizes.size, 3))
    heights = np.empty(sizes.size)
    zeros = np.empty(sizes.size)
    for row in range(indptr.size - 1):
        columns = indices[indptr[row] : indptr[row + 1]]
        keys_here = keys[indptr[row] : indptr[row + 1]]
        n_zero = n_genes - columns.size
        weight[:] = 0.0
        heights[:] = 0.0
        if order:
            zeros[:] = 0.0
            _zero_heights(columns, genes, first_after, before, zero_heights)
            for m in range(sets.size):
                zeros[sets[m]] += zero_heights[owners[m]]
        else:
            zeros[:] = sizes * (n_zero + 1) / 2
        if columns.size:
            ranked = rank_row(keys_here, columns.size, work)
            if order:
                _positions(keys_here, ranked, work, seen, positions)
            _add_hits(
                keys_here,
                columns,
                hits[: members(columns, member, hits)],
                ranked,
                work,
                order,
                positions,
                (n_genes, ptr, sets, powers),
                (weight, heights, zeros),
            )
        power_zero = powers[n_zero + 1]
        for s in range(sizes.size):
            n_at_zero = sizes[s] - weight[s, 2]
            inside = (weight[s, 0] + power_zero * zeros[s]) / (
                weight[s, 1] + power_zero * n_at_zero
            )
            outside = n_genes - sizes[s]
            out[row, s] = np.nan
            if outside:
                out[row, s] = inside - (total - heights[s] - zeros[s]) / outside
