"""Reading rows: compressing dense blocks, checking them, normalizing counts."""

from __future__ import annotations

import math

import numpy as np

from dtpscore._threads import helper, kernel

# Entries that ``memberships`` writes for every gene.
SPARE = 4
# Columns of the table that ``check`` fills.
UNSORTED, ZERO, NEGATIVE, BAD, OUTSIDE = 0, 1, 2, 3, 4
# Counts below this are normalized through a table, one entry per count.
N_TABLE = 256


@helper
def longest_row(indptr):
    """Most values in any row, at least 1."""
    longest = 1
    for row in range(indptr.size - 1):
        longest = max(longest, indptr[row + 1] - indptr[row])
    return longest


@helper
def members(columns, member, hits):
    """List the positions of columns whose ``member`` is 1, without a branch each.

    ``hits`` has room for one more than the columns. Unsigned numbers, here and in
    other loops, spare the test for an index below 0 that numba makes.

    Returns
    -------
    The number of positions listed.
    """
    n_hits = np.uint32(0)
    for k in range(columns.size):
        hits[n_hits] = k
        n_hits += member[np.uint32(columns[k])]
    return n_hits


@helper
def memberships(columns, hits, places, ptr, entries):
    """List in which sets the genes of a row are, in column order.

    Gene j is in the sets at ``ptr[j]:ptr[j + 1]``. ``entries`` (int64) gets one entry
    for each: that position times 2^32, plus the place of the hit's value. Most genes
    are in few sets, and writing ``SPARE`` entries always costs less than a branch that
    is often mispredicted; ``entries`` has room for that many beyond the last.

    Returns
    -------
    The number of entries.
    """
    n = 0
    for h in range(hits.size):
        gene = np.uint32(columns[hits[h]])
        first = np.int64(ptr[gene])
        count = ptr[gene + np.uint32(1)] - first
        entry = (first << 32) + np.int64(places[h])
        for j in range(SPARE):
            entries[np.uint32(n + j)] = entry + (np.int64(j) << 32)
        for j in range(SPARE, count):
            entries[np.uint32(n + j)] = entry + (np.int64(j) << 32)
        n += count
    return n


@helper
def add_to_sets(entries, values, sets, weights, out):
    """Add weighted values, at the places in ``entries``, to the sets there."""
    for e in range(entries.size):
        slot = np.uint32(entries[e] >> 32)
        value = np.float64(values[np.uint32(entries[e])])
        out[np.uint32(sets[slot])] += weights[slot] * value


@kernel
def count_nonzero(dense, out):
    """Count the non-zero values (NaN included) of each row of a dense block."""
    for row in range(dense.shape[0]):
        n = 0
        for column in range(dense.shape[1]):
            n += dense[row, column] != 0
        out[row] = n


@kernel
def compress(dense, indptr, data, indices):
    """Copy the non-zero values of a dense block and their columns."""
    for row in range(dense.shape[0]):
        k = indptr[row]
        for column in range(dense.shape[1]):
            value = dense[row, column]
            if value != 0:
                data[k] = value
                indices[k] = column
                k += 1


@kernel
def check(data, indices, indptr, n_genes, out):
    """Mark rows that break a rule.

    ``out`` (rows, 5), int64: columns not strictly ascending, a stored zero, a
    negative value, the position in ``data`` of the first value that is NaN or
    infinite (-1 where there is none), and the first or last column outside the
    matrix.
    """
    for row in range(indptr.size - 1):
        lo = indptr[row]
        # Slices, narrow sums and conditions without branches run on vectors.
        values = data[lo : indptr[row + 1]]
        columns = indices[lo : indptr[row + 1]]
        n = values.size
        before = columns[: max(n - 1, 0)]
        after = columns[1:]
        descents = np.int32(0)
        for k in range(before.size):
            descents += np.int32(after[k] <= before[k])
        zeros = np.int32(0)
        negatives = np.int32(0)
        bad = np.int32(0)
        for k in range(n):
            value = values[k]
            zeros += np.int32(value == 0)
            negatives += np.int32(value < 0)
            bad += np.int32(not abs(value) < np.inf)
        out[row, UNSORTED] = descents
        out[row, ZERO] = zeros
        out[row, NEGATIVE] = negatives
        out[row, OUTSIDE] = n > 0 and (columns[0] < 0 or columns[n - 1] >= n_genes)
        out[row, BAD] = -1
        if bad:
            for k in range(n):
                if not abs(values[k]) < np.inf:
                    out[row, BAD] = lo + k
                    break


@kernel
def log_normalize(data, indptr, target, out):
    """``log1p(value * target / row sum)`` in float64."""
    table = np.empty(N_TABLE)
    for row in range(indptr.size - 1):
        values = data[indptr[row] : indptr[row + 1]]
        logs = out[indptr[row] : indptr[row + 1]]
        total = 0.0
        for k in range(values.size):
            total += np.float64(values[k])
        scale = target / total if total > 0 else 0.0
        table[:] = -1.0
        for k in range(values.size):
            value = np.float64(values[k])
            if value < N_TABLE and value == np.floor(value):
                count = np.int64(value)
                if table[count] < 0:
                    table[count] = math.log1p(value * scale)
                logs[k] = table[count]
            else:
                logs[k] = math.log1p(value * scale)
