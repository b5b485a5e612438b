"""Sums over gene sets of how far genes rank above a limit."""

from __future__ import annotations

import numpy as np

from dtpscore._kernels._ranks import N_BUCKETS, rank_row, span, workspace
from dtpscore._kernels._rows import (
    SPARE,
    add_to_sets,
    longest_row,
    members,
    memberships,
)
from dtpscore._kernels._sums import add_moments
from dtpscore._threads import helper, kernel

# How tied values share their ranks.
AVERAGE, MINIMUM, MAXIMUM, EXPECTED, ORDER = 0, 1, 2, 3, 4


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


@helper
def _bucket_gains(rule, limit, n_used, starts, out):
    """Gain of the value of each bucket that holds one, by bucket; 0 beyond."""
    out[:] = 0.0
    for b in range(n_used):
        if starts[b + 1] > starts[b]:
            out[b] = tie_gain(rule, limit, starts[b], starts[b + 1])


@helper
def _row_gains(keys, hits, limit, rule, work, by_bucket, out):
    """Write the gains of a row's values at the positions ``hits`` to ``out``."""
    largest, shift, n_used, any_mixed = rank_row(keys, limit, work)
    starts, mixed = work[:2]
    _bucket_gains(rule, limit, n_used, starts, by_bucket)
    for h in range(hits.size):
        distance = largest - keys[hits[h]]
        b = distance >> shift
        out[h] = by_bucket[b]
        if any_mixed and b < n_used and mixed[b]:
            left, right = span(distance, b, any_mixed, work)
            out[h] = tie_gain(rule, limit, left, right)


@helper
def _row_gains_in_order(keys, limit, work, seen, out):
    """As ``_row_gains`` for all of a row, tied values ranked by column."""
    largest, shift, n_used, any_mixed = rank_row(keys, limit, work)
    seen[: keys.size] = 0
    for k in range(keys.size):
        distance = largest - keys[k]
        b = distance >> shift
        out[k] = 0.0
        if b < n_used:
            left, _ = span(distance, b, any_mixed, work)
            out[k] = max(limit - left - seen[left] - 1, 0)
            seen[left] += 1


@kernel
def gain_sums(
    keys,
    indices,
    indptr,
    member,
    ptr,
    sets,
    weights,
    limit,
    rule,
    zero,
    stratum,
    out,
    moments,
):
    """Weighted sum over every gene set of the gains of stored values, for every row.

    The gain of rank r is ``max(limit - r, 0)``, rank 1 is the largest value of the
    row, and ``rule`` says how ties share ranks; ``zero`` (rows) is subtracted from
    every gain. ``member`` is 1 for genes to compute: those of the sets at least,
    and all for rule ORDER, where each value counts those before it. The sets are
    stored by gene as in ``_sums.set_sums``; ``out`` (rows, sets) is added to.

    Where ``stratum`` has the stratum of each gene (and ``member`` is 1 for all), sum
    and sum of squares over each stratum are added to ``moments`` (rows, strata, 2);
    where its length is 0, ``moments`` is not touched.
    """
    longest = longest_row(indptr)
    work = workspace(keys, longest)
    seen = np.empty(longest, np.int32)
    by_bucket = np.empty(N_BUCKETS)
    hits = np.empty(longest + 1, np.uint32)
    places = np.arange(longest)
    gains = np.empty(longest)
    entries = np.empty(sets.size + SPARE, np.int64)
    for row in range(indptr.size - 1):
        columns = indices[indptr[row] : indptr[row + 1]]
        here = hits[: members(columns, member, hits)]
        if here.size == 0:
            continue
        keys_here = keys[indptr[row] : indptr[row + 1]]
        if rule == ORDER:
            _row_gains_in_order(keys_here, limit, work, seen, gains)
        else:
            _row_gains(keys_here, here, limit, rule, work, by_bucket, gains)
        for h in range(here.size):
            gains[h] -= zero[row]
        n = memberships(columns, here, places, ptr, entries)
        add_to_sets(entries[:n], gains, sets, weights, out[row])
        if stratum.size:
            add_moments(columns, gains, stratum, moments[row])


@kernel
def zero_gains(n_stored, n_ranked, limit, out):
    """Mean gain of the zero genes of each row, which tie after its stored values."""
    for row in range(n_stored.size):
        left = n_stored[row]
        out[row] = tie_gain(EXPECTED, limit, left, n_ranked) if left < n_ranked else 0.0
