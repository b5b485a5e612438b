"""Weighted sums over the values of chosen rows."""

from __future__ import annotations

from dtpscore._threads import kernel


@kernel
def weighted_rows(data, indices, indptr, weights, rows, out):
    """Multiply rows of a CSR matrix with weights: float64, from left to right.

    The sums equal those of scipy to the bit.

    Parameters
    ----------
    data, indices, indptr
        The matrix (n, m).
    weights
        (m, k), float64.
    rows
        Rows to multiply.
    out
        (n, k), float64, takes the sums of these rows.
    """
    for row in rows:
        out[row, :] = 0.0
        for place in range(indptr[row], indptr[row + 1]):
            value, column = data[place], indices[place]
            for k in range(weights.shape[1]):
                out[row, k] += value * weights[column, k]
