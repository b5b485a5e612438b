"""Reading rows: compressing dense blocks, checking them, normalizing counts."""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from dtpscore._threads import kernel

# Rows that one thread takes at a time.
GROUP = 16
# Columns of the table that ``check`` fills.
UNSORTED, ZERO, NEGATIVE, BAD, OUTSIDE = 0, 1, 2, 3, 4
# Counts below this are normalized through a table, one entry a count.
N_TABLE = 256


@kernel
def count_nonzero(dense, out):
    """Count the non-zero values (NaN included) of each row of a dense block."""
    for row in prange(dense.shape[0]):
        n = 0
        for column in range(dense.shape[1]):
            n += dense[row, column] != 0
        out[row] = n


@kernel
def compress(dense, indptr, data, indices):
    """Copy the non-zero values of a dense block and their columns."""
    for row in prange(dense.shape[0]):
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
    for row in prange(indptr.size - 1):
        lo = indptr[row]
        hi = indptr[row + 1]
        # Sums of conditions, not branches, so that the loops run on vectors.
        descents = 0
        for k in range(lo + 1, hi):
            descents += indices[k] <= indices[k - 1]
        zeros = 0
        negatives = 0
        bad = 0
        for k in range(lo, hi):
            value = data[k]
            zeros += value == 0
            negatives += value < 0
            bad += not abs(value) < np.inf
        out[row, UNSORTED] = descents
        out[row, ZERO] = zeros
        out[row, NEGATIVE] = negatives
        out[row, OUTSIDE] = hi > lo and (indices[lo] < 0 or indices[hi - 1] >= n_genes)
        out[row, BAD] = -1
        if bad:
            for k in range(lo, hi):
                if not abs(data[k]) < np.inf:
                    out[row, BAD] = k
                    break


@kernel
def log_normalize(data, indptr, target, out):
    """``log1p(value * target / row sum)`` in float64."""
    n_rows = indptr.size - 1
    for group in prange((n_rows + GROUP - 1) // GROUP):
        table = np.empty(N_TABLE)
        for row in range(group * GROUP, min(n_rows, (group + 1) * GROUP)):
            total = 0.0
            for k in range(indptr[row], indptr[row + 1]):
                total += np.float64(data[k])
            scale = target / total if total > 0 else 0.0
            table[:] = -1.0
            for k in range(indptr[row], indptr[row + 1]):
                value = np.float64(data[k])
                if value < N_TABLE and value == np.floor(value):
                    count = np.int64(value)
                    if table[count] < 0:
                        table[count] = math.log1p(value * scale)
                    out[k] = table[count]
                else:
                    out[k] = math.log1p(value * scale)
