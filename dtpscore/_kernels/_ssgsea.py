"""Single-sample GSEA, summed over set genes instead of walking the ranked list."""

from __future__ import annotations

import numpy as np

from dtpscore._kernels._ranks import N_BUCKETS, rank_row, span, workspace
from dtpscore._kernels._rows import SPARE, longest_row, members, memberships
from dtpscore._threads import helper, kernel


@helper
def _positions(keys, ranked, work, seen, out):
    """Position from the top of each value of a row; of ties the last column leads."""
    largest, shift, _, any_mixed = ranked
    starts, mixed = work[:2]
    seen[: keys.size] = 0
    for k in range(keys.size - 1, -1, -1):
        distance = largest - keys[k]
        b = distance >> shift
        left = starts[b]
        if any_mixed and mixed[b]:
            left, _ = span(distance, b, any_mixed, work)
        out[k] = left + seen[left]
        seen[left] += 1


@helper
def _zero_heights(columns, first_after, places, ptr, before, out):
    """Sum over each set of the heights its genes would have as zeros, in column order.

    The gene in column j is as high as the columns up to it are many, those with a
    stored value left out. ``out`` comes as the sum of all columns up to the genes,
    and ``before`` becomes the number of stored columns before each gene. Whole numbers
    can be added in any order, so the loop over a set runs on vectors.
    """
    before[:] = 0
    for k in range(columns.size):
        before[first_after[np.uint32(columns[k])]] += 1
    for g in range(1, before.size):
        before[g] += before[g - 1]
    for s in range(ptr.size - 1):
        total = np.int64(0)
        for m in range(ptr[s], ptr[s + 1]):
            total += before[np.uint32(places[m])]
        out[s] -= total


@helper
def _corrections(
    keys, columns, hits, ranked, work, in_order, positions, powers, by_bucket, out
):
    """Find what each stored set gene changes in sums that took it for a zero.

    ``out`` (hits, 4): change of weight times height, of weight, and of height; the
    fourth number is 0 and makes room for one addition of four numbers at once.
    """
    largest, shift, n_used, any_mixed = ranked
    starts, mixed = work[:2]
    n_genes = powers.size // 2 - 1
    n_zero = n_genes - columns.size
    power_zero = powers[n_zero + 1]
    for b in range(n_used):
        by_bucket[b] = powers[2 * n_genes - starts[b] - starts[b + 1] + 1]
    for h in range(hits.size):
        k = hits[h]
        distance = largest - keys[k]
        b = distance >> shift
        left, right = starts[b], starts[b + 1]
        power = by_bucket[b]
        if any_mixed and mixed[b]:
            left, right = span(distance, b, any_mixed, work)
            power = powers[2 * n_genes - left - right + 1]
        rank = n_genes - (left + right - 1) / 2
        height = np.float64(n_genes - positions[k]) if in_order else rank
        # k stored values precede this gene.
        at_zero = np.uint32(columns[k]) + 1.0 - k if in_order else (n_zero + 1) / 2
        out[h, 0] = power * height - power_zero * at_zero
        out[h, 1] = power - power_zero
        out[h, 2] = height - at_zero


@helper
def _add_corrections(entries, corrections, sets, out):
    """Add the corrections, at the places in ``entries``, to the sets there."""
    for e in range(entries.size):
        s = np.uint32(sets[np.uint32(entries[e] >> 32)])
        h = np.uint32(entries[e])
        # All four are read before any is written, so that they run as one.
        a, b, c, d = corrections[h, 0], corrections[h, 1], corrections[h, 2], 0.0
        a, b, c, d = out[s, 0] + a, out[s, 1] + b, out[s, 2] + c, out[s, 3] + d
        out[s, 0], out[s, 1], out[s, 2], out[s, 3] = a, b, c, d


@helper
def _differences(n_genes, sizes, zeros, power_zero, changes, out):
    """Weighted mean height of the genes in each set, less the mean height of others.

    ``zeros`` are the heights of a set summed as if all its genes were zero, each of
    weight ``power_zero``; ``changes`` is what stored values change in the sums of
    weight times height, of weight, and of height.
    """
    total = n_genes * (n_genes + 1) / 2
    for s in range(sizes.size):
        inside = (power_zero * zeros[s] + changes[s, 0]) / (
            power_zero * sizes[s] + changes[s, 1]
        )
        outside = n_genes - sizes[s]
        out[s] = np.nan
        if outside:
            out[s] = inside - (total - zeros[s] - changes[s, 2]) / outside


@kernel
def enrichment(
    keys,
    indices,
    indptr,
    member,
    first_after,
    places,
    set_ptr,
    highest,
    ptr,
    sets,
    sizes,
    order,
    powers,
    out,
):
    """Enrichment of every set in every row; NaN where a set holds all genes.

    With the genes of any set numbered by column, ``first_after`` has for every column
    the number of the first of them beyond it, and ``places[set_ptr[s]:set_ptr[s + 1]]``
    are the numbers of the genes of set s; ``highest`` is the sum of their columns,
    counted from 1; ``sizes`` genes a set; ``powers[i]`` is ``(i / 2) ** weight``,
    looked up because average ranks are multiples of one half. ``order`` 1: ties, zeros
    among them, are ranked by column, the last first; 0: a tied gene takes the mean
    position of its ties.
    """
    n_genes = member.size
    longest = longest_row(indptr)
    work = workspace(keys, longest)
    seen = np.empty(longest, np.int32)
    positions = np.empty(longest, np.int32)
    hits = np.empty(longest + 1, np.uint32)
    number = np.arange(longest)
    entries = np.empty(sets.size + SPARE, np.int64)
    corrections = np.zeros((longest, 4))
    by_bucket = np.empty(N_BUCKETS)
    before = np.empty(first_after[-1] + 1, np.int32)
    changes = np.empty((sizes.size, 4))
    zeros = np.empty(sizes.size)
    for row in range(indptr.size - 1):
        columns = indices[indptr[row] : indptr[row + 1]]
        keys_here = keys[indptr[row] : indptr[row + 1]]
        n_zero = n_genes - columns.size
        changes[:] = 0.0
        # First as if every gene of a set were zero.
        if order:
            zeros[:] = highest
            _zero_heights(columns, first_after, places, set_ptr, before, zeros)
        else:
            for s in range(sizes.size):
                zeros[s] = sizes[s] * (n_zero + 1) / 2
        if columns.size:
            ranked = rank_row(keys_here, columns.size, work)
            if order:
                _positions(keys_here, ranked, work, seen, positions)
            here = hits[: members(columns, member, hits)]
            _corrections(
                keys_here,
                columns,
                here,
                ranked,
                work,
                order,
                positions,
                powers,
                by_bucket,
                corrections,
            )
            n = memberships(columns, here, number, ptr, entries)
            _add_corrections(entries[:n], corrections, sets, changes)
        power_zero = powers[n_zero + 1]
        _differences(n_genes, sizes, zeros, power_zero, changes, out[row])
