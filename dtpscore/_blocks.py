"""Read any cells x genes matrix as a stream of compressed-row blocks."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numba
import numpy as np
import scipy.sparse as sp

from dtpscore._errors import DataError, InputWarning
from dtpscore._kernels import _rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

Normalize: TypeAlias = Literal["log1p"] | None

# Stored values a block aims at: in memory few enough to stay in the processor's
# cache (for each thread), from a file enough to make reading efficient.
_IN_MEMORY = 250_000
_FROM_FILE = 4_000_000
# Depth that normalize="log1p" scales every cell to.
TARGET_SUM = 10_000.0
# Whole numbers up to here are exact in float32.
_EXACT_FLOAT32 = 2**24


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


@dataclass(frozen=True)
class Source:
    """A matrix of any kind with the way to read its rows.

    Attributes
    ----------
    n_rows, n_genes
        Shape of the matrix.
    read
        Returns rows a to b as a compressed-row matrix or a dense array.
    row_values
        Values to expect in a row, to choose how many rows to read at once.
    ahead
        Read the next block in a thread while the present one is worked on.
    edges
        Rows at which a block must end (chunks of a dask array), or empty.
    """

    n_rows: int
    n_genes: int
    read: Callable[[int, int], Any]
    row_values: float
    ahead: bool = False
    edges: tuple[int, ...] = ()

    def bounds(self, chunk_size: int | None) -> Iterator[tuple[int, int]]:
        """First and last row (exclusive) of each block."""
        if chunk_size is None:
            aim = _FROM_FILE if self.ahead else _IN_MEMORY * numba.get_num_threads()
            chunk_size = int(aim / max(self.row_values, 1.0))
        size = max(1, chunk_size)
        start = 0
        for edge in self.edges or (self.n_rows,):
            for first in range(start, edge, size):
                yield first, min(first + size, edge)
            start = edge

    def blocks(
        self, *, chunk_size: int | None = None, normalize: Normalize = None
    ) -> Iterator[Block]:
        """Yield the matrix block by block; see ``iter_blocks``."""
        for start, stop, raw in self._parts(chunk_size):
            block = _canonical(raw, start, stop, self.n_genes)
            yield _normalized(block) if normalize else block

    def _parts(self, chunk_size: int | None) -> Iterator[tuple[int, int, Any]]:
        if not self.ahead:
            for start, stop in self.bounds(chunk_size):
                yield start, stop, self.read(start, stop)
            return
        with ThreadPoolExecutor(1) as reader:
            pending = None
            for bounds in self.bounds(chunk_size):
                following = (*bounds, reader.submit(self.read, *bounds))
                if pending is not None:
                    yield pending[0], pending[1], pending[2].result()
                pending = following
            if pending is not None:
                yield pending[0], pending[1], pending[2].result()


def n_rows_cols(matrix: Any) -> tuple[int, int]:
    """Shape of a matrix of any kind that ``iter_blocks`` reads."""
    if isinstance(matrix, Source):
        return matrix.n_rows, matrix.n_genes
    shape = getattr(matrix, "shape", None)
    if shape is None or len(shape) != 2:
        msg = (
            "Expected a matrix with cells as rows and genes as columns, found "
            f"{_kind(matrix)}{'' if shape is None else f' of shape {tuple(shape)}'}."
        )
        raise DataError(msg)
    if np.isnan(shape).any():
        msg = (
            "The dask array has chunks of unknown size. Call compute_chunk_sizes() on "
            "it first."
        )
        raise DataError(msg)
    return int(shape[0]), int(shape[1])


def iter_blocks(
    matrix: Any, *, chunk_size: int | None = None, normalize: Normalize = None
) -> Iterator[Block]:
    """Yield a matrix as canonical compressed-row blocks, in row order.

    Parameters
    ----------
    matrix
        Cells x genes: a numpy array, any scipy sparse matrix or array, a sparse
        dataset of a backed AnnData (h5ad or zarr), a dense h5py or zarr array, or a
        dask array of dense or sparse chunks. A column-compressed matrix is
        converted once; for one on disk this means reading it into memory. A
        ``Source`` made from any of these is read without converting again.
    chunk_size
        Rows in a block; None chooses by the number of values. Chunks of a dask
        array are computed one at a time and never joined.
    normalize
        "log1p": ``log(1 + counts per 10,000)``, each cell scaled to its own sum,
        in float64.

    Yields
    ------
    Blocks that cover all rows once.

    Raises
    ------
    DataError
        The matrix is not of a kind listed above, is not numeric, or has NaN or
        infinite values, or counts to normalize below 0.

    Warns
    -----
    InputWarning
        A column-compressed matrix on disk is read into memory.
    """
    yield from source(matrix).blocks(chunk_size=chunk_size, normalize=normalize)


def source(matrix: Any) -> Source:
    """Wrap a matrix so that it can be read by blocks, more than once."""
    if isinstance(matrix, Source):
        return matrix
    n_rows, n_genes = n_rows_cols(matrix)
    if sp.issparse(matrix):
        # Row slices of other formats are slow, so they are converted once.
        rows = matrix if matrix.format == "csr" else matrix.tocsr()
        per_row = rows.nnz / max(n_rows, 1)
        return Source(n_rows, n_genes, _csr_reader(rows), per_row)
    if isinstance(matrix, np.ndarray):
        return Source(n_rows, n_genes, lambda a, b: matrix[a:b], n_genes / 4)
    if hasattr(matrix, "dask") and hasattr(matrix, "chunks"):
        return _dask_source(matrix)
    layout = getattr(matrix, "format", None)
    if layout == "csc" and hasattr(matrix, "to_memory"):
        msg = (
            "The matrix on disk is stored by columns (CSC), so it is read into memory "
            "as a whole. Write it by rows (CSR) to score it piece by piece."
        )
        warnings.warn(msg, InputWarning, stacklevel=3)
        return source(matrix.to_memory())
    if layout == "csr" or type(matrix).__module__.split(".")[0] in {"h5py", "zarr"}:
        per_row = float(n_genes) / 4
        return Source(n_rows, n_genes, lambda a, b: matrix[a:b], per_row, ahead=True)
    msg = (
        f"Cannot read a matrix of type {_kind(matrix)}. Expected a numpy array, a "
        "scipy sparse matrix, a backed AnnData matrix, an h5py or zarr array, or a "
        "dask array."
    )
    raise DataError(msg)


def _kind(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _csr_reader(rows: Any) -> Callable[[int, int], Any]:
    def read(start: int, stop: int) -> tuple[Any, Any, Any]:
        indptr = rows.indptr[start : stop + 1].astype(np.int64)
        inside = slice(indptr[0], indptr[-1])
        return rows.data[inside], rows.indices[inside], indptr - indptr[0]

    return read


def _dask_source(matrix: Any) -> Source:
    edges = np.cumsum(matrix.chunks[0])
    whole_rows = matrix.rechunk({1: -1}) if len(matrix.chunks[1]) > 1 else matrix
    starts = [0, *edges.tolist()]
    kept: dict[int, Any] = {}

    def read(start: int, stop: int) -> Any:
        chunk = int(np.searchsorted(edges, start, side="right"))
        if chunk not in kept:
            kept.clear()
            kept[chunk] = whole_rows.blocks[chunk, 0].compute()
        rows = kept[chunk]
        first = starts[chunk]
        if stop == starts[chunk + 1]:
            kept.clear()
        return rows[start - first : stop - first]

    n_rows, n_genes = matrix.shape
    return Source(
        n_rows, n_genes, read, n_genes / 4, ahead=True, edges=tuple(edges.tolist())
    )


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


def _canonical(raw: Any, start: int, stop: int, n_genes: int) -> Block:
    """Turn what a source read into a block that keeps every rule."""
    if sp.issparse(raw):
        rows = raw.tocsr()
        raw = (rows.data, rows.indices, rows.indptr)
    if isinstance(raw, tuple):
        data, indices, indptr = _as_float(raw[0]), raw[1], raw[2]
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
        return _canonical(rows, start, stop, n_genes)
    negative = np.flatnonzero(found[:, _rows.NEGATIVE])
    first_negative = start + int(negative[0]) if negative.size else -1
    return Block(start, stop, data, indices, indptr, n_genes, first_negative)


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


def _normalized(block: Block) -> Block:
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
