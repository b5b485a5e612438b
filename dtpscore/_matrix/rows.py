"""Rows as every kernel expects them: canonical, checked, normalized if asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from dtpscore._kernels import _rows
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Depth that normalize="log1p" scales every cell to.
TARGET_SUM = 10_000.0
# Whole numbers up to here are exact in float32.
_EXACT_FLOAT32 = 2**24
_LAST_INT32 = 2**31 - 1


@dataclass(frozen=True)
class Block:
    """Consecutive rows of a matrix in canonical compressed-row form.

    Attributes
    ----------
    start, stop
        Rows ``start:stop`` of the matrix.
    data
        float32 or float64, finite, without zeros.
    indices
        int32 columns, ascending and unique within a row.
    indptr
        int64, length ``stop - start + 1``, starting at 0.
    n_genes
        Number of columns.
    negative_row
        A row with a value below 0, counted from 0 in the matrix; -1 if none.
    """

    start: int
    stop: int
    data: NDArray[np.floating[Any]]
    indices: NDArray[np.int32]
    indptr: NDArray[np.int64]
    n_genes: int
    negative_row: int = -1

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.stop - self.start


def _as_float(values: Any) -> NDArray[np.floating[Any]]:
    """Return values as float32 where that is exact, else as float64."""
    kind = values.dtype.kind
    if values.dtype in (np.float32, np.float64):
        return np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
    if kind == "f":
        return values.astype(np.float32 if values.dtype.itemsize < 4 else np.float64)
    if kind in "bui":
        small = values.dtype.itemsize <= 2 or values.size == 0
        if not small:
            small = values.max() <= _EXACT_FLOAT32 and values.min() >= -_EXACT_FLOAT32
        return values.astype(np.float32 if small else np.float64)
    msg = f"The matrix must hold real numbers, but its values are {values.dtype}."
    raise DataError(msg)


def canonical(raw: Any, start: int, stop: int, n_genes: int) -> Block:
    """Turn what a source read into a block that keeps every rule.

    Parameters
    ----------
    raw
        Rows as a scipy sparse matrix, as data, indices and indptr, or dense.
    start, stop
        Rows of the matrix that these are.
    n_genes
        Number of columns.

    Raises
    ------
    DataError
        Values are not numbers, NaN or infinite, or lie outside the matrix.
    """
    if sp.issparse(raw):
        rows = raw.tocsr()
        raw = (rows.data, rows.indices, rows.indptr)
    if isinstance(raw, tuple):
        data, indices, indptr = _as_float(raw[0]), raw[1], raw[2]
        _check_pointers(data, indices, indptr)
        indices = np.ascontiguousarray(indices, dtype=np.int32)
        indptr = np.ascontiguousarray(indptr, dtype=np.int64)
    else:
        data, indices, indptr = _compressed(_as_float(np.asarray(raw)))
    found = np.empty((stop - start, 5), np.int64)
    _rows.check(data, indices, indptr, n_genes, found)
    bad_rows = np.flatnonzero(found[:, _rows.BAD] >= 0)
    if bad_rows.size:
        row = int(bad_rows[0])
        position = found[row, _rows.BAD]
        msg = (
            f"The matrix holds {data[position]} in row {start + row}, column "
            f"{indices[position]} (counted from 0). Every value must be a finite "
            "number: set missing values to 0 or leave those cells out."
        )
        raise DataError(msg)
    if found[:, _rows.OUTSIDE].any():
        msg = (
            f"The sparse matrix has {n_genes} columns, but a value is stored outside "
            "them. The matrix is damaged: write it again from its source."
        )
        raise DataError(msg)
    if found[:, [_rows.UNSORTED, _rows.ZERO]].any():
        # On copies: the input matrix stays as it was.
        rows = sp.csr_array(
            (data.copy(), indices.copy(), indptr.copy()), (stop - start, n_genes)
        )
        rows.sum_duplicates()
        rows.eliminate_zeros()
        return canonical(rows, start, stop, n_genes)
    negative = np.flatnonzero(found[:, _rows.NEGATIVE])
    first_negative = start + int(negative[0]) if negative.size else -1
    return Block(start, stop, data, indices, indptr, n_genes, first_negative)


def _check_pointers(data: Any, indices: Any, indptr: Any) -> None:
    """Check what a kernel would follow out of its arrays.

    Raises
    ------
    DataError
        Rows overlap or end outside the values, or a column does not fit 32 bits.
    """
    ends = indptr[0] != 0 or indptr[-1] > min(data.size, indices.size)
    wide = indices.dtype.itemsize > 4 and indices.size > 0
    if (
        ends
        or (np.diff(indptr.astype(np.int64)) < 0).any()
        or (wide and (indices.max() > _LAST_INT32 or indices.min() < 0))
    ):
        msg = (
            "The sparse matrix is damaged: its rows point outside its values. Write it "
            "again from its source."
        )
        raise DataError(msg)


def _compressed(
    dense: NDArray[np.floating[Any]],
) -> tuple[NDArray[np.floating[Any]], NDArray[np.int32], NDArray[np.int64]]:
    indptr = np.zeros(dense.shape[0] + 1, np.int64)
    _rows.count_nonzero(dense, indptr[1:])
    np.cumsum(indptr, out=indptr)
    data = np.empty(indptr[-1], dense.dtype)
    indices = np.empty(indptr[-1], np.int32)
    _rows.compress(dense, indptr, data, indices)
    return data, indices, indptr


def log_normalized(block: Block) -> Block:
    """Return ``log(1 + counts per 10,000)`` of a block, in float64.

    Raises
    ------
    DataError
        A value is below 0.
    """
    if block.negative_row >= 0:
        msg = (
            f"Row {block.negative_row} (counted from 0) has a value below 0, so it "
            "does not hold counts and cannot be normalized. Pass the layer with the "
            "counts, or leave normalize out."
        )
        raise DataError(msg)
    data = np.empty(block.data.size)
    _rows.log_normalize(block.data, block.indptr, TARGET_SUM, data)
    return Block(
        block.start, block.stop, data, block.indices, block.indptr, block.n_genes
    )
