"""Ranks within a row, only as far down as a method looks.

Positive floats sort like their bit patterns read as unsigned integers, so ranks
are found from ``keys = data.view(uint)``. A row is spread over buckets by its
leading bits, largest first; buckets beyond the last rank of interest are never
sorted. Rows with few distinct values, such as counts, fall into buckets that hold
one value each and need no sorting at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import prange

from dtpscore._kernels._rows import GROUP
from dtpscore._threads import helper, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_BUCKETS = 2048
# How tied values share their ranks.
AVERAGE, MINIMUM, MAXIMUM, EXPECTED, ORDER = 0, 1, 2, 3, 4


def as_keys(data: NDArray[np.floating[Any]]) -> NDArray[np.unsignedinteger[Any]]:
    """View positive floats as unsigned integers that sort alike."""
    return data.view(np.uint32 if data.dtype == np.float32 else np.uint64)


@helper
def _sort(top, start, stop):
    """Sort ``top[start:stop]``, which is often short or all one value."""
    if stop - start > 24:
        first = top[start]
        differ = 0
        for k in range(start + 1, stop):
            differ += top[k] != first
        if differ:
            top[start:stop].sort()
        return
    for k in range(start + 1, stop):
        value = top[k]
        j = k
        while j > start and top[j - 1] > value:
            top[j] = top[j - 1]
            j -= 1
        top[j] = value


@helper
def _spread(keys, lo, hi, limit, starts, fill, top):
    """Order the ``limit`` largest keys of a row, and those tied with them.

    ``top`` receives ``largest - key``, ascending, so that the first entry belongs
    to the largest value; bucket b holds ``top[starts[b]:starts[b + 1]]``.

    Returns the largest key, the bits a key is shifted by to give its bucket, and
    the number of buckets in use.
    """
    largest = keys[lo]
    smallest = keys[lo]
    for k in range(lo, hi):
        largest = max(largest, keys[k])
        smallest = min(smallest, keys[k])
    shift = 0
    while ((largest - smallest) >> shift) >= N_BUCKETS:
        shift += 1
    n_all = np.int64((largest - smallest) >> shift) + 1
    fill[:n_all] = 0
    for k in range(lo, hi):
        fill[(largest - keys[k]) >> shift] += 1
    total = 0
    n_used = 0
    while n_used < n_all and total < limit:
        starts[n_used] = total
        total += fill[n_used]
        fill[n_used] = starts[n_used]
        n_used += 1
    starts[n_used] = total
    for k in range(lo, hi):
        distance = largest - keys[k]
        b = distance >> shift
        if b < n_used:
            top[fill[b]] = distance
            fill[b] += 1
    for b in range(n_used):
        if starts[b + 1] - starts[b] > 1:
            _sort(top, starts[b], starts[b + 1])
    return largest, shift, n_used


@helper
def _run(top, start, stop, value):
    """Where a value begins and ends within a sorted bucket that holds it."""
    if top[start] == top[stop - 1]:
        return start, stop
    left = start
    right = stop
    while left < right:
        middle = (left + right) >> 1
        if top[middle] < value:
            left = middle + 1
        else:
            right = middle
    right = left + 1
    while right < stop and top[right] == value:
        right += 1
    return left, right


@helper
def tie_gain(rule, limit, left, right):
    """How far above ``limit`` values with ranks ``left + 1 .. right`` stand.

    The gain of rank r is ``max(limit - r, 0)``. AVERAGE, MINIMUM and MAXIMUM give
    the tied values one rank; EXPECTED is the mean gain over all orders of them.
    """
    if rule == EXPECTED:
        last = min(right, limit)
        if last <= left:
            return 0.0
        n = last - left
        return (n * limit - (last * (last + 1) - left * (left + 1)) / 2) / (
            right - left
        )
    if rule == MINIMUM:
        rank = left + 1.0
    elif rule == MAXIMUM:
        rank = np.float64(right)
    else:
        rank = (left + 1 + right) / 2
    return max(limit - rank, 0.0)


@kernel
def gains(keys, indices, indptr, wanted, limit, rule, out):
    """Gain of the rank of every wanted value: ``max(limit - rank, 0)``.

    Rank 1 is the largest value of the row; only stored values are ranked.
    ``wanted`` is 1 for genes to compute, ``out`` (as long as ``keys``) is float64;
    entries of other genes are left as they are.
    """
    n_rows = indptr.size - 1
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
        for row in range(first, last):
            lo = indptr[row]
            hi = indptr[row + 1]
            if lo == hi:
                continue
            largest, shift, n_used = _spread(keys, lo, hi, limit, starts, fill, top)
            if rule == ORDER:
                seen[: starts[n_used]] = 0
            for k in range(lo, hi):
                if not wanted[indices[k]] and rule != ORDER:
                    continue
                distance = largest - keys[k]
                b = distance >> shift
                if b >= n_used:
                    out[k] = 0.0
                    continue
                left, right = _run(top, starts[b], starts[b + 1], distance)
                if rule == ORDER:
                    out[k] = max(limit - left - seen[left] - 1, 0)
                    seen[left] += 1
                else:
                    out[k] = tie_gain(rule, limit, left, right)


@kernel
def zero_gains(n_stored, n_ranked, limit, out):
    """Mean gain of the zero genes of each row, which tie after its stored values."""
    for row in prange(n_stored.size):
        left = n_stored[row]
        out[row] = tie_gain(EXPECTED, limit, left, n_ranked) if left < n_ranked else 0.0
