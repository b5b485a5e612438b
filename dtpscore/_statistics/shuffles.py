"""Shuffles of values and how much of each a basis explains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dtpscore._kernels import _shuffles

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]


def explained_by_chance(
    values: FloatArray, basis: FloatArray, n_shuffles: int, rng: Generator
) -> tuple[float, FloatArray]:
    """Share of variation that a basis explains, of values as they are and shuffled.

    The shuffles are those of ``rng.permuted`` for a table with a column per shuffle,
    and ``rng`` moves on as it does there, but nothing that large is made.

    Parameters
    ----------
    values
        (n,).
    basis
        (n, k), orthonormal columns.
    n_shuffles
        How often to shuffle.
    rng
        A generator on PCG64, as `numpy.random.default_rng` makes it.

    Returns
    -------
    The share of the values as they are, and (n_shuffles,) those of the shuffles. Both
    are added up in the same order, so that equal values give equal shares.
    """
    state = rng.bit_generator.state
    inner = state["state"]
    words = [
        *divmod(inner["state"], 2**64),
        *divmod(inner["inc"], 2**64),
        state["has_uint32"],
        state["uinteger"],
    ]
    packed = np.asarray(words, np.uint64)
    shares = np.empty(1 + n_shuffles)
    rows = np.ascontiguousarray(basis.T)
    _shuffles.shuffled_shares(packed, values - values.mean(), rows, shares)
    high, low, _, _, has_half, half = (int(word) for word in packed)
    rng.bit_generator.state = {
        **state,
        "state": {**inner, "state": high * 2**64 + low},
        "has_uint32": has_half,
        "uinteger": half,
    }
    return float(shares[0]), shares[1:]
