"""Read any cells x genes matrix as a stream of compressed-row blocks."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import scipy.sparse as sp

from dtpscore._matrix.compressed import as_rows
from dtpscore._matrix.hdf5 import pieces
from dtpscore._matrix.partitions import is_dask, whole_rows
from dtpscore._matrix.rows import Block, canonical, log_normalized
from dtpscore._matrix.stored import check_dense, check_group, guarded, name_of
from dtpscore._matrix.stretches import Stretches
from dtpscore._threads import in_order, n_threads, pool
from dtpscore.errors import DataError, InputWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

__all__ = ["Block", "Part", "Source", "iter_blocks", "n_rows_cols", "source"]

Normalize: TypeAlias = Literal["log1p"] | None

# Stored values a block aims at: few enough for the processor's cache, and for the
# system to hand out the same memory again and again when reading from a file.
_VALUES = 500_000


@dataclass(frozen=True)
class Part:
    """Rows ``start:stop`` of a matrix as they were read, not checked yet.

    ``raw`` is None where whoever works on the rows reads them.
    """

    start: int
    stop: int
    raw: Any = None

    def moved(self, n_rows: int) -> Part:
        """Return the same rows of a matrix that has more rows before them."""
        return replace(self, start=self.start + n_rows, stop=self.stop + n_rows)


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
    multiple
        A block has a multiple of so many rows (a chunk of a file).
    lazy
        The dask array with whole rows in a chunk, if the matrix is one.
    shared
        Any number of threads may read at once, so each reads what it works on.
    """

    n_rows: int
    n_genes: int
    read: Callable[[int, int], Any]
    row_values: float
    ahead: bool = False
    edges: tuple[int, ...] = ()
    multiple: int = 1
    lazy: Any = None
    shared: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, as of a matrix."""
        return self.n_rows, self.n_genes

    def only(self, columns: NDArray[np.integer[Any]]) -> Source:
        """Leave out all other columns; they are read, checked and dropped.

        Parameters
        ----------
        columns
            Places of the columns to keep, in ascending order.
        """
        if self.lazy is not None:
            return source(self.lazy[:, columns])

        def read(start: int, stop: int) -> tuple[Any, Any, Any]:
            block = self.block(Part(start, stop), None).only(columns)
            return block.data, block.indices, block.indptr

        return replace(self, n_genes=len(columns), read=read)

    def bounds(self, chunk_size: int | None) -> Iterator[tuple[int, int]]:
        """First and last row (exclusive) of each block."""
        if chunk_size is None:
            chunk_size = int(_VALUES / max(self.row_values, 1.0))
            chunk_size = max(chunk_size // self.multiple, 1) * self.multiple
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
        work = partial(self.block, normalize=normalize)
        parts = self.parts(chunk_size)
        if self.shared:
            yield from in_order(work, parts, n_workers=n_threads(None))
        else:
            yield from map(work, parts)

    def block(self, part: Part, normalize: Normalize) -> Block:
        """Bring rows of ``parts`` into canonical form."""
        raw = self.read(part.start, part.stop) if part.raw is None else part.raw
        block = canonical(raw, part.start, part.stop, self.n_genes)
        return log_normalized(block) if normalize else block

    def parts(self, chunk_size: int | None) -> Iterator[Part]:
        """Yield the rows of each block as the source holds them."""
        if self.shared:
            yield from (Part(start, stop) for start, stop in self.bounds(chunk_size))
            return
        if not self.ahead:
            for start, stop in self.bounds(chunk_size):
                yield Part(start, stop, self.read(start, stop))
            return
        with pool(1) as reader:
            pending = None
            for bounds in self.bounds(chunk_size):
                following = (*bounds, reader.submit(self.read, *bounds))
                if pending is not None:
                    yield Part(pending[0], pending[1], pending[2].result())
                pending = following
            if pending is not None:
                yield Part(pending[0], pending[1], pending[2].result())


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
    DamagedError
        A sparse matrix is not valid, or the file cannot be read to its end.

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
        rows = as_rows(matrix)
        per_row = rows.nnz / max(n_rows, 1)
        return Source(n_rows, n_genes, _csr_reader(rows), per_row)
    if isinstance(matrix, np.ndarray):
        return Source(n_rows, n_genes, lambda a, b: matrix[a:b], n_genes / 4)
    if is_dask(matrix):
        return _dask_source(matrix)
    layout = getattr(matrix, "format", None)
    if layout == "csc" and hasattr(matrix, "to_memory"):
        msg = (
            "The matrix on disk is stored by columns (CSC), so it is read into memory "
            "as a whole. Write it by rows (CSR) to score it piece by piece."
        )
        warnings.warn(msg, InputWarning, stacklevel=3)
        check_group(matrix.group, matrix.shape, by_rows=False)
        everything = guarded(lambda *_: matrix.to_memory(), name_of(matrix.group))
        return source(everything(0, n_rows))
    if layout == "csr":
        return _csr_on_disk(matrix)
    if type(matrix).__module__.split(".")[0] in {"h5py", "zarr"}:
        direct = pieces(matrix)
        rows = matrix if direct is None else direct
        check_dense(matrix)
        return Source(
            n_rows,
            n_genes,
            guarded(lambda a, b: rows[a:b], name_of(matrix)),
            n_genes / 4,
            ahead=True,
            shared=direct is not None,
            multiple=(matrix.chunks or (1,))[0],
        )
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


def _partition_reader(found: Any) -> Callable[[int, int], Any]:
    # A slice that scipy takes leaves out columns that lie outside, without a word.
    if sp.issparse(found):
        return _csr_reader(as_rows(found))
    return lambda start, stop: found[start:stop]


def _csr_on_disk(matrix: Any) -> Source:
    """Read the rows of a backed sparse dataset straight from its arrays.

    Slices of the dataset itself build a scipy matrix each, which takes longer than
    the reading.
    """
    n_rows, n_genes = matrix.shape
    check_group(matrix.group, matrix.shape, by_rows=True)
    stored = [matrix.group[name] for name in ("data", "indices")]
    direct = [one for values in stored if (one := pieces(values)) is not None]
    shared = len(direct) == len(stored)
    data, indices = direct if shared else map(Stretches, stored)
    indptr = Stretches(matrix.group["indptr"])

    def read(start: int, stop: int) -> tuple[Any, Any, Any]:
        here = indptr[start : stop + 1].astype(np.int64)
        inside = slice(int(here[0]), int(here[-1]))
        return data[inside], indices[inside], here - here[0]

    per_row = stored[0].shape[0] / max(n_rows, 1)
    return Source(
        n_rows,
        n_genes,
        guarded(read, name_of(matrix.group)),
        per_row,
        ahead=True,
        shared=shared,
    )


def _dask_source(matrix: Any) -> Source:
    rows = whole_rows(matrix)
    edges = np.cumsum(rows.chunks[0])
    starts = [0, *edges.tolist()]
    kept: dict[int, Any] = {}
    partitions = cache(lambda: rows.to_delayed().ravel())

    def read(start: int, stop: int) -> Any:
        chunk = int(np.searchsorted(edges, start, side="right"))
        if chunk not in kept:
            kept.clear()
            # The partition as it is: an array that dask puts together from it is a
            # copy, for which scipy may correct a damaged matrix without a word.
            found = partitions()[chunk].compute()
            kept[chunk] = _partition_reader(found)
        partition = kept[chunk]
        first = starts[chunk]
        if stop == starts[chunk + 1]:
            kept.clear()
        return partition(start - first, stop - first)

    n_rows, n_genes = matrix.shape
    return Source(
        n_rows,
        n_genes,
        read,
        n_genes / 4,
        ahead=True,
        edges=tuple(edges.tolist()),
        lazy=rows,
    )
