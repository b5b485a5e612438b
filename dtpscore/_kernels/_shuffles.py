"""Shuffles of values against a basis, with the random numbers of numpy's PCG64."""

from __future__ import annotations

import numpy as np

from dtpscore._threads import helper, kernel

# The multiplier of PCG64 (O'Neill 2014), in two halves.
_MULTIPLIER_HIGH = np.uint64(2549297995355413924)
_MULTIPLIER_LOW = np.uint64(4865540595714422341)
_LOW_HALF = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)
_58 = np.uint64(58)
_63 = np.uint64(63)
_64 = np.uint64(64)
# Places in the state.
HIGH, LOW, ADD_HIGH, ADD_LOW, HAS_HALF, HALF = range(6)


@helper
def _high_product(a, b):
    """Upper 64 bits of a product of two numbers of 64 bits."""
    a_low, a_high = a & _LOW_HALF, a >> _32
    b_low, b_high = b & _LOW_HALF, b >> _32
    middle = a_high * b_low + ((a_low * b_low) >> _32)
    other = a_low * b_high + (middle & _LOW_HALF)
    return a_high * b_high + (middle >> _32) + (other >> _32)


@helper
def _places(state, bits, out):
    """Fill ``out`` with places to swap with, from the last place down to the second.

    A place is made of the lowest bits of a random number of 32 bits, and drawn again
    where it is too large. Each step of the generator gives two such numbers. Every one
    is written and kept only by moving on, because a branch would be guessed wrong at
    every third number.
    """
    high, low = state[HIGH], state[LOW]
    has_half, half = state[HAS_HALF], state[HALF]
    filled, n = 0, out.size
    while filled < n:
        if has_half:
            number = half
        else:
            high = (
                _high_product(low, _MULTIPLIER_LOW)
                + high * _MULTIPLIER_LOW
                + low * _MULTIPLIER_HIGH
                + state[ADD_HIGH]
            )
            low = low * _MULTIPLIER_LOW + state[ADD_LOW]
            if low < state[ADD_LOW]:
                high += np.uint64(1)
            mixed, turn = high ^ low, high >> _58
            word = (mixed >> turn) | (mixed << ((_64 - turn) & _63))
            number, half = word & _LOW_HALF, word >> _32
        has_half = np.uint64(1) - has_half
        place = np.int64(number & bits[filled])
        out[filled] = place
        filled += place <= n - filled
    state[HIGH], state[LOW] = high, low
    state[HAS_HALF], state[HALF] = has_half, half


@helper
def _share(values, basis, total):
    """Share of the variation of centered values that the rows of the basis explain."""
    if total == 0.0:
        return 0.0
    found = 0.0
    for column in range(basis.shape[0]):
        # Four sums at a time, so that an addition does not wait for the last.
        a, b, c, d = 0.0, 0.0, 0.0, 0.0
        whole = values.size - values.size % 4
        for row in range(0, whole, 4):
            a += basis[column, row] * values[row]
            b += basis[column, row + 1] * values[row + 1]
            c += basis[column, row + 2] * values[row + 2]
            d += basis[column, row + 3] * values[row + 3]
        for row in range(whole, values.size):
            a += basis[column, row] * values[row]
        one = (a + b) + (c + d)
        found += one * one
    return found / total


@kernel
def shuffled_shares(state, values, basis, out):
    """Share of variation that a basis explains, of values as they are and shuffled.

    Every shuffle is that of ``numpy.random.Generator.permuted`` along one row, with the
    same random numbers.

    Parameters
    ----------
    state
        (6,) uint64: upper and lower half of the state of PCG64, of its increment, and
        whether 32 bits are left over from the last step, and these. It moves on.
    values
        (n,), centered.
    basis
        (k, n), orthonormal rows.
    out
        (1 + shuffles,): takes the share of the values as they are, then those of the
        shuffles.
    """
    total = 0.0
    for row in range(values.size):
        total += values[row] * values[row]
    out[0] = _share(values, basis, total)
    moved = np.empty_like(values)
    last = values.size - 1
    places = np.empty(last, np.int64)
    # All bits up to the highest one of each place.
    bits = np.empty(last, np.uint64)
    for step in range(last):
        bits[step] = 1
        while bits[step] < np.uint64(last - step):
            bits[step] = (bits[step] << np.uint64(1)) | np.uint64(1)
    for number in range(1, out.size):
        moved[:] = values
        _places(state, bits, places)
        for step in range(last):
            one, other = last - step, places[step]
            moved[one], moved[other] = moved[other], moved[one]
        out[number] = _share(moved, basis, total)
