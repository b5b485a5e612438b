"""Sparse matrices are valid before anything follows their pointers.

scipy and compiled loops trust the pointers and indices of a matrix. Where these are
wrong, they read and write outside their arrays. What scipy's own full check of the
format refuses is therefore refused here first, whatever the matrix comes from. Columns
of a matrix by rows are checked block by block (see ``rows.canonical``), so that they
are read once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from dtpscore.errors import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

_IN_MEMORY = "The sparse matrix"


def refuse(name: str, why: str) -> NoReturn:
    """Say what is wrong with a sparse matrix.

    Raises
    ------
    DamagedError
        Always.
    """
    msg = f"{name} is damaged: {why}. Write the matrix again from its source."
    raise DamagedError(msg)


def as_rows(matrix: Any, name: str = _IN_MEMORY) -> Any:
    """Check a scipy sparse matrix and return it by rows.

    Parameters
    ----------
    matrix
        Any scipy sparse matrix or array.
    name
        What an error calls it.

    Returns
    -------
    The matrix itself if it is stored by rows, otherwise converted. Column indices are
    checked here only where the conversion needs it.

    Raises
    ------
    DamagedError
        Pointers or indices do not fit the arrays or the shape.
    """
    layout = matrix.format
    if layout in {"csr", "csc", "bsr"}:
        _check_compressed(matrix, name)
    elif layout == "coo":
        _check_pairs(matrix, name)
    elif layout == "lil":
        _check_lists(matrix, name)
    return matrix if layout == "csr" else matrix.tocsr()


def check_sizes(
    indptr: Any, n_lines: int, sizes: tuple[int, int], name: str = _IN_MEMORY
) -> None:
    """Check that the arrays of a compressed matrix fit each other and the shape.

    Parameters
    ----------
    indptr
        The pointers, in memory or on disk; only their shape and type are looked at.
    n_lines
        Number of rows, or of columns if the matrix is stored by columns.
    sizes
        Number of values and number of indices.
    name
        What an error calls the matrix.

    Raises
    ------
    DamagedError
        They do not fit.
    """
    if indptr.dtype.kind not in "iu" or len(indptr.shape) != 1:
        refuse(name, f"its pointers are no list of whole numbers ({indptr.dtype})")
    if indptr.shape[0] != n_lines + 1:
        refuse(
            name,
            f"{n_lines + 1:,} pointers are expected and {indptr.shape[0]:,} are there",
        )
    if sizes[0] != sizes[1]:
        refuse(name, f"it has {sizes[0]:,} values but {sizes[1]:,} indices")


def check_pointers(
    pieces: Iterable[NDArray[Any]], n_values: int, name: str = _IN_MEMORY
) -> None:
    """Check that pointers start at 0, never go back and end with the last value.

    Parameters
    ----------
    pieces
        The pointers, in consecutive pieces.
    n_values
        Number of values.
    name
        What an error calls the matrix.

    Raises
    ------
    DamagedError
        They do not.
    """
    last, n_seen = 0, 0
    for piece in pieces:
        if not piece.size:
            continue
        if n_seen == 0 and piece[0] != 0:
            refuse(name, f"its pointers start at {piece[0]:,} and not at 0")
        back = np.flatnonzero(piece[1:] < piece[:-1]) + 1
        if piece[0] < last or back.size:
            at = 0 if piece[0] < last else int(back[0])
            refuse(name, f"its pointers go back at position {n_seen + at:,}")
        last, n_seen = int(piece[-1]), n_seen + piece.size
    if last != n_values:
        refuse(
            name, f"its pointers end at {last:,}, but {n_values:,} values are stored"
        )


def check_indices(indices: NDArray[Any], n_across: int, name: str = _IN_MEMORY) -> None:
    """Check that indices lie in the matrix.

    Parameters
    ----------
    indices
        Indices of values.
    n_across
        Number of columns, or of rows if the matrix is stored by columns.
    name
        What an error calls the matrix.

    Raises
    ------
    DamagedError
        One lies outside, or they are no whole numbers.
    """
    if indices.dtype.kind not in "iu":
        refuse(name, f"its indices are no whole numbers ({indices.dtype})")
    if indices.size and not (indices.min() >= 0 and indices.max() < n_across):
        refuse(name, f"a value is stored outside of its {n_across:,} rows or columns")


def _check_compressed(matrix: Any, name: str) -> None:
    data, indices, indptr = matrix.data, matrix.indices, matrix.indptr
    n_lines, n_across = matrix.shape
    if matrix.format == "csc":
        n_lines, n_across = n_across, n_lines
    if matrix.format == "bsr":
        n_lines, n_across = (
            n // size for n, size in zip(matrix.shape, matrix.blocksize, strict=True)
        )
    elif data.ndim != 1:
        refuse(name, f"its values have {data.ndim} dimensions")
    if indices.ndim != 1:
        refuse(name, f"its indices have {indices.ndim} dimensions")
    check_sizes(indptr, n_lines, (data.shape[0], indices.shape[0]), name)
    check_pointers((indptr,), data.shape[0], name)
    if matrix.format != "csr":
        check_indices(indices, n_across, name)


def _check_pairs(matrix: Any, name: str) -> None:
    sizes = {matrix.data.size, *(axis.size for axis in matrix.coords)}
    if len(sizes) != 1:
        refuse(name, "its values, rows and columns differ in number")
    for axis, n_across in zip(matrix.coords, matrix.shape, strict=True):
        check_indices(axis, n_across, name)


def _check_lists(matrix: Any, name: str) -> None:
    if len(matrix.rows) != matrix.shape[0] or len(matrix.data) != matrix.shape[0]:
        refuse(name, f"it does not hold {matrix.shape[0]:,} rows")
    if any(len(a) != len(b) for a, b in zip(matrix.rows, matrix.data, strict=True)):
        refuse(name, "a row has more values than columns, or fewer")
