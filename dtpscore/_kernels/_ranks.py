"""Ranks within a row, only as far down as a method looks.

Positive floats sort like their bit patterns read as unsigned integers, so ranks
are found from ``keys = data.view(uint)``. One pass counts a row's keys into buckets
by their leading bits, largest first. A bucket that turns out to hold one value,
as nearly all do for counts and for log-normalized counts, gives the rank of that
value at once; the keys of the other buckets, down to the last rank of interest,
are gathered and sorted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._threads import helper

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_BUCKETS = 2048


def as_keys(data: NDArray[np.floating[Any]]) -> NDArray[np.unsignedinteger[Any]]:
    """View positive floats as unsigned integers that sort alike."""
    return data.view(np.uint32 if data.dtype == np.float32 else np.uint64)


@helper
def workspace(keys, longest):
    """Arrays that ``rank_row`` fills, for rows of up to ``longest`` values.

    Returns
    -------
    starts
        Values in the buckets before each one.
    mixed
        1 where a bucket holds several values; read only in rows that have such.
    top
        ``largest - key`` of the entries of mixed buckets, ascending, bucket b at
        ``starts[b]:starts[b + 1]``.
    counts, latest
        Scratch: entries of each bucket (in two rows, so that an addition need not
        wait for the one before it), and one entry of it.
    """
    return (
        np.empty(N_BUCKETS + 1, np.int32),
        np.empty(N_BUCKETS, np.uint8),
        np.empty(longest, keys.dtype),
        np.empty((2, N_BUCKETS), np.int32),
        np.empty(N_BUCKETS, keys.dtype),
    )


@helper
def _sort(top, start, stop):
    """Sort ``top[start:stop]``, which is often short, as Shell (1959) does.

    Each step is 4 / 9 of the one before (Tokuda 1992). numba's own sort takes seconds
    to compile.
    """
    step = 1
    while 9 * step < 4 * (stop - start):
        step = (9 * step + 4) // 4
    while step > 0:
        for k in range(start + step, stop):
            value = top[k]
            j = k
            while j >= start + step and top[j - step] > value:
                top[j] = top[j - step]
                j -= step
            top[j] = value
        step = 4 * step // 9


@helper
def _count(keys, largest, shift, n_all, work):
    """Count the keys of each bucket; tell whether any bucket holds several values."""
    counts, latest = work[3:]
    counts[:, :n_all] = 0
    for k in range(keys.size):
        distance = largest - keys[k]
        b = distance >> shift
        counts[k & 1, b] += 1
        latest[b] = distance
    n_others = 0
    for k in range(keys.size):
        distance = largest - keys[k]
        n_others += latest[distance >> shift] != distance
    return n_others > 0


@helper
def _sort_mixed(keys, largest, shift, n_used, work):
    """Mark the buckets that hold several values, and sort their entries."""
    starts, mixed, top, counts, latest = work
    mixed[:] = 0
    for k in range(keys.size):
        distance = largest - keys[k]
        b = distance >> shift
        mixed[b] |= latest[b] != distance
    fill = counts[0]
    for b in range(n_used):
        fill[b] = starts[b]
    for k in range(keys.size):
        distance = largest - keys[k]
        b = distance >> shift
        if b < n_used and mixed[b]:
            top[fill[b]] = distance
            fill[b] += 1
    for b in range(n_used):
        if mixed[b]:
            _sort(top, starts[b], starts[b + 1])


@helper
def rank_row(keys, limit, work):
    """Rank the ``limit`` largest keys of a row, and those tied with them.

    Returns
    -------
    The largest key, the bits a key is shifted by to give its bucket, the number of
    buckets ranked, and whether any bucket is mixed; ``span`` reads the rest from
    ``work``.
    """
    starts, counts = work[0], work[3]
    largest = keys[0]
    smallest = keys[0]
    for k in range(keys.size):
        largest = max(largest, keys[k])
        smallest = min(smallest, keys[k])
    shift = np.uint64(0)
    while ((largest - smallest) >> shift) >= N_BUCKETS:
        shift += np.uint64(1)
    n_all = np.int64((largest - smallest) >> shift) + 1
    any_mixed = _count(keys, largest, shift, n_all, work)
    total = 0
    n_used = 0
    while n_used < n_all and total < limit:
        starts[n_used] = total
        total += counts[0, n_used] + counts[1, n_used]
        n_used += 1
    starts[n_used] = total
    if any_mixed:
        _sort_mixed(keys, largest, shift, n_used, work)
    return largest, shift, n_used, any_mixed


@helper
def span(distance, b, any_mixed, work):
    """Ranks ``left + 1 .. right`` that the entries with this value share.

    ``distance`` is the largest key minus that of the value, ``b`` its bucket.
    """
    starts, mixed, top = work[:3]
    left = starts[b]
    right = starts[b + 1]
    if not (any_mixed and mixed[b]):
        return left, right
    stop = right
    while left < right:
        middle = (left + right) >> 1
        if top[middle] < distance:
            left = middle + 1
        else:
            right = middle
    right = left + 1
    while right < stop and top[right] == distance:
        right += 1
    return left, right
