"""Rows as every kernel expects them: canonical, checked, normalized if asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from dtpscore._kernels import _rows
from dtpscore._matrix.compressed import as_rows, check_pointers, check_sizes, refuse
from dtpscore.errors import DamagedError, DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Depth that normalize="log1p" scales every cell to.
TARGET_SUM = 10_000.0
# Whole numbers up to here are exact in float32.
_EXACT_FLOAT32 = 2**24
_LAST_INT32 = 2**31 - 1
# From here on, float64 does not tell neighboring whole numbers apart.
_TOO_LARGE = 2.0**53


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

    def only(self, columns: NDArray[np.integer[Any]]) -> Block:
        """Keep some columns, given in ascending order."""
        place = np.full(self.n_genes, -1, np.int32)
        place[columns] = np.arange(columns.size, dtype=np.int32)
        moved = place[self.indices]
        kept = moved >= 0
        before = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
        raw = self.data[kept], moved[kept], before[self.indptr]
        return canonical(raw, self.start, self.stop, columns.size)


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
        Values are not numbers, NaN or infinite.
    DamagedError
        Values lie outside the matrix or twice in one place, or parts do not fit.
    """
    if sp.issparse(raw):
        rows = as_rows(raw)
        raw = (rows.data, rows.indices, rows.indptr)
    if isinstance(raw, tuple):
        data, indices, indptr = _as_float(raw[0]), raw[1], raw[2]
        _check_parts(data, indices, indptr, stop - start)
        indices = np.ascontiguousarray(indices, dtype=np.int32)
        indptr = np.ascontiguousarray(indptr, dtype=np.int64)
    else:
        data, indices, indptr = _compressed(_as_float(np.asarray(raw)))
        _check_parts(data, indices, indptr, stop - start)
    found = np.empty((stop - start, 5), np.int64)
    _rows.check(data, indices, indptr, n_genes, found)
    _check_values(found, (data, indices), start)
    if found[:, _rows.OUTSIDE].any():
        refuse(
            "The sparse matrix",
            f"it has {n_genes} columns, but a value is stored outside them",
        )
    if found[:, [_rows.UNSORTED, _rows.ZERO]].any():
        # On copies: the input matrix stays as it was.
        rows = sp.csr_array(
            (data.copy(), indices.copy(), indptr.copy()), (stop - start, n_genes)
        )
        _sort(rows, start)
        rows.eliminate_zeros()
        return canonical(rows, start, stop, n_genes)
    negative = np.flatnonzero(found[:, _rows.NEGATIVE])
    first_negative = start + int(negative[0]) if negative.size else -1
    return Block(start, stop, data, indices, indptr, n_genes, first_negative)


def _check_values(
    found: NDArray[np.int64],
    values: tuple[NDArray[np.floating[Any]], NDArray[np.int32]],
    start: int,
) -> None:
    """Refuse values that are NaN or infinite."""
    bad_rows = np.flatnonzero(found[:, _rows.BAD] >= 0)
    if bad_rows.size:
        row = int(bad_rows[0])
        position = found[row, _rows.BAD]
        msg = (
            f"The matrix holds {values[0][position]} in row {start + row}, column "
            f"{values[1][position]} (counted from 0). Every value must be a finite "
            "number: set missing values to 0 or leave those cells out."
        )
        raise DataError(msg)


def _sort(rows: sp.csr_array, start: int) -> None:
    """Bring the columns of each row into order, which must then all differ.

    Raises
    ------
    DamagedError
        A row has two values in one column. scipy would add them up, but in a file they
        are a sign of damaged indices, and nobody can tell which value is right.
    """
    rows.sort_indices()
    same = np.flatnonzero(rows.indices[1:] == rows.indices[:-1])
    row_of = np.searchsorted(rows.indptr, same, side="right")
    within = np.flatnonzero(row_of == np.searchsorted(rows.indptr, same + 1, "right"))
    if within.size:
        place = within[0]
        msg = (
            "The sparse matrix is damaged: it holds two values in row "
            f"{start + int(row_of[place]) - 1}, column {rows.indices[same[place]]} "
            "(counted from 0). Write it again from its source, or call "
            "sum_duplicates() on it if the values are to be added up."
        )
        raise DamagedError(msg)


def _check_parts(data: Any, indices: Any, indptr: Any, n_rows: int) -> None:
    """Check what a kernel would follow out of its arrays.

    Raises
    ------
    DamagedError
        Rows overlap or end outside the values, or a column does not fit 32 bits.
    """
    check_sizes(indptr, n_rows, (data.size, indices.size))
    check_pointers((indptr,), data.size)
    if indices.dtype.kind not in "iu":
        refuse("The sparse matrix", f"its columns are {indices.dtype}")
    wide = indices.dtype.itemsize > 4 and indices.size > 0
    if wide and (indices.max() > _LAST_INT32 or indices.min() < 0):
        refuse("The sparse matrix", "its values point outside its columns")


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
        A value is below 0, or too large for a count.
    """
    if block.negative_row >= 0:
        msg = (
            f"Row {block.negative_row} (counted from 0) has a value below 0, so it "
            "does not hold counts and cannot be normalized. Pass the layer with the "
            "counts, or leave normalize out."
        )
        raise DataError(msg)
    if block.data.size and block.data.max() >= _TOO_LARGE:
        msg = (
            f"A value is {block.data.max():.3g}, which cannot be a count. The matrix "
            "is damaged, or holds something else: pass the layer with the counts."
        )
        raise DataError(msg)
    data = np.empty(block.data.size)
    _rows.log_normalize(block.data, block.indptr, TARGET_SUM, data)
    return Block(
        block.start, block.stop, data, block.indices, block.indptr, block.n_genes
    )
