"""Read arrays of HDF5 files from several threads at the same time.

The HDF5 library lets one thread of a process in at a time, and decompresses there. But
it also says where the pieces of an array lie in the file: from there the system reads
them, and zlib decompresses them, in as many threads as ask.
"""

from __future__ import annotations

import os
import weakref
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import h5py
import numpy as np

from dtpscore.errors import DamagedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Filters whose bytes are turned into values here: none, gzip, gzip after shuffling.
_DEFLATE, _SHUFFLE = h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE
_FILTERS: tuple[tuple[int, ...], ...] = ((), (_DEFLATE,), (_SHUFFLE, _DEFLATE))
# Bytes of a compressed piece beyond which too much would be decompressed again for each
# block of rows that ends within it.
_LARGE = 2**20


@dataclass(frozen=True)
class Layout:
    """Where the pieces of an array lie in a file.

    Attributes
    ----------
    offsets, sizes
        int64, first byte and number of bytes of each piece.
    rows
        Rows of a piece; the last one may be filled up with rows beyond the array.
    filters
        What the bytes went through, an entry of ``_FILTERS``.
    """

    offsets: NDArray[np.int64]
    sizes: NDArray[np.int64]
    rows: int
    filters: tuple[int, ...] = ()


class Pieces:
    """An array in a file whose rows any number of threads may read at once.

    Parameters
    ----------
    dataset
        The array.
    layout
        Where it lies.
    descriptor
        The file, open for reading; closed with the array.
    """

    def __init__(self, dataset: h5py.Dataset, layout: Layout, descriptor: int) -> None:
        self.shape, self.dtype, self.chunks = (
            dataset.shape,
            dataset.dtype,
            dataset.chunks,
        )
        self._name = dataset.file.filename
        self._layout = layout
        self._descriptor = descriptor
        weakref.finalize(self, os.close, descriptor)

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        """Read consecutive rows.

        Raises
        ------
        DamagedError
            The file ends too early, or its bytes cannot be decompressed.
        """
        start, stop, _ = rows.indices(self.shape[0])
        found = np.empty((max(stop - start, 0), *self.shape[1:]), self.dtype)
        if found.size:
            read = self._unpacked if self._layout.filters else self._plain
            read(found, start, stop)
        return found

    def _plain(self, found: NDArray[Any], start: int, stop: int) -> None:
        """Read bytes that are values; pieces that lie one after another at once."""
        size = self._layout.rows
        row = found.nbytes // found.shape[0]
        first = start // size
        offsets = self._layout.offsets[first : (stop - 1) // size + 1]
        breaks = np.flatnonzero(np.diff(offsets) != size * row) + 1
        into = memoryview(found.data).cast("B")
        for a, b in zip([0, *breaks], [*breaks, offsets.size], strict=True):
            low = max((first + int(a)) * size, start)
            high = min((first + int(b)) * size, stop)
            within = low - (first + int(a)) * size
            self._fill(
                into[(low - start) * row : (high - start) * row],
                int(offsets[a]) + within * row,
            )

    def _unpacked(self, found: NDArray[Any], start: int, stop: int) -> None:
        """Read and decompress the pieces that rows lie in."""
        size = self._layout.rows
        for number in range(start // size, (stop - 1) // size + 1):
            low, high = max(number * size, start), min((number + 1) * size, stop)
            piece = self._piece(number, found.dtype).reshape(size, *found.shape[1:])
            found[low - start : high - start] = piece[
                low - number * size : high - number * size
            ]

    def _piece(self, number: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        packed = bytearray(int(self._layout.sizes[number]))
        self._fill(memoryview(packed), int(self._layout.offsets[number]))
        expected = self._layout.rows * int(np.prod(self.shape[1:])) * dtype.itemsize
        try:
            # Never more than expected: a few bytes can stand for very many.
            values = zlib.decompressobj().decompress(packed, expected + 1)
        except zlib.error as error:
            self._refuse(str(error))
        if len(values) != expected:
            self._refuse("a piece has more values than it should, or fewer")
        if _SHUFFLE not in self._layout.filters:
            return np.frombuffer(values, dtype)
        # First bytes of all values, then second bytes of all values, and so on.
        by_byte = np.frombuffer(values, np.uint8).reshape(dtype.itemsize, -1)
        return np.ascontiguousarray(by_byte.T).view(dtype).ravel()

    def _fill(self, into: memoryview, offset: int) -> None:
        while into:
            n_read = os.preadv(self._descriptor, [into], offset)
            if n_read == 0:
                self._refuse("it ends before its values do")
            into, offset = into[n_read:], offset + n_read

    def _refuse(self, why: str) -> NoReturn:
        msg = (
            f"{self._name} could not be read to its end: {why}. The file is damaged. "
            "Get the file again."
        )
        raise DamagedError(msg)


def pieces(dataset: Any) -> Pieces | None:
    """Open an array for several threads, where its bytes can be read without HDF5.

    Parameters
    ----------
    dataset
        An array of an HDF5 file or anything else.

    Returns
    -------
    The array, or None for what HDF5 has to read: a file that is open for writing or is
    no plain file, numbers in another byte order, other compression than gzip, large
    compressed pieces, pieces of rows, pieces that were never written.
    """
    if not isinstance(dataset, h5py.Dataset) or not hasattr(os, "preadv"):
        return None
    if not (_is_plain_file(dataset.file) and _is_native(dataset)):
        return None
    layout = _layout(dataset)
    descriptor = None if layout is None else _opened(dataset.file)
    if layout is None or descriptor is None:
        return None
    return Pieces(dataset, layout, descriptor)


def _opened(file: h5py.File) -> int | None:
    """Open the file again; None if another one has its name now.

    A duplicate of HDF5's own descriptor would keep the file locked after it is closed.
    """
    try:
        descriptor = os.open(file.filename, os.O_RDONLY)
    except OSError:
        return None
    if os.path.samestat(os.fstat(descriptor), os.fstat(file.id.get_vfd_handle())):
        return descriptor
    os.close(descriptor)
    return None


def _is_plain_file(file: h5py.File) -> bool:
    still = file.mode == "r" and not file.swmr_mode
    return bool(still and file.driver == "sec2" and file.userblock_size == 0)


def _is_native(dataset: h5py.Dataset) -> bool:
    """Whether the bytes in the file are numbers as numpy holds them."""
    kind = dataset.dtype
    if kind.kind not in "fiu" or not kind.isnative:
        return False
    return bool(dataset.id.get_type() == h5py.h5t.py_create(kind))


def _layout(dataset: h5py.Dataset) -> Layout | None:
    creation = dataset.id.get_create_plist()
    filters = tuple(creation.get_filter(n)[0] for n in range(creation.get_nfilters()))
    if dataset.size == 0 or filters not in _FILTERS or creation.get_external_count():
        return None
    kind = creation.get_layout()
    if kind == h5py.h5d.CONTIGUOUS:
        offset = dataset.id.get_offset()
        if offset is None:
            return None
        return Layout(np.array([offset]), np.array([dataset.nbytes]), dataset.shape[0])
    if kind != h5py.h5d.CHUNKED or dataset.chunks[1:] != dataset.shape[1:]:
        return None
    return _chunks(dataset, filters)


def _chunks(dataset: h5py.Dataset, filters: tuple[int, ...]) -> Layout | None:
    """Ask where each chunk lies; None if one does not, or was stored differently."""
    if not hasattr(dataset.id, "chunk_iter"):
        return None
    rows = dataset.chunks[0]
    if filters and rows * (dataset.nbytes // dataset.shape[0]) > _LARGE:
        return None
    places = np.full((-(-dataset.shape[0] // rows), 2), -1, np.int64)
    masks = set()

    def note(chunk: Any) -> None:
        places[chunk.chunk_offset[0] // rows] = chunk.byte_offset, chunk.size
        masks.add(chunk.filter_mask)

    dataset.id.chunk_iter(note)
    if masks != {0} or (places < 0).any():
        return None
    offsets, sizes = np.ascontiguousarray(places.T)
    return Layout(offsets, sizes, rows, filters)
