"""Compare an output with the input that it is a copy of, before it gets its name."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from dtpscore._matrix.columns import FileColumn
from dtpscore._results.elements import FileFrame
from dtpscore._threads import in_order, n_threads
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from dtpscore._results.elements import Element

# Bytes that a thread compares at a time: few, so that the same memory is used again.
_STEP = 2**20
# Values that are compared at a time where bytes cannot be.
_VALUES = 2_000_000
# Files of a zarr store that say what a folder holds: they change with its members.
_LISTS = frozenset({".zattrs", ".zgroup", ".zmetadata", "zarr.json"})


class Difference(Exception):  # noqa: N818 - named for what it tells
    """A place where a copy is not what it was copied from."""


def check_copy(
    source: Path, copy: Path, left: frozenset[str], changed: frozenset[str]
) -> None:
    """Check that everything of the input stands in the output as it was.

    Parameters
    ----------
    source, copy
        Input and output, h5ad files or folders of zarr stores.
    left
        Places that were left out.
    changed
        Places that were written or taken away.

    Raises
    ------
    DataError
        Something is missing or differs.
    """
    try:
        if source.is_dir():
            _compare_folders(source, copy, left | changed)
        else:
            with h5py.File(source) as one, h5py.File(copy) as other:
                _Files(source, copy, left | changed, changed).groups(one, other)
    except Difference as place:
        msg = (
            f"The copy of {source} is not right: {place} differs. The input may be "
            "damaged, or the disk. Nothing was written."
        )
        raise DataError(msg) from place


def _compare_folders(source: Path, copy: Path, apart: frozenset[str]) -> None:
    def compare(name: str) -> None:
        one, other = source / name, copy / name
        if not other.is_file():
            raise Difference(name)
        if os.path.basename(name) in _LISTS and not _is_array(one):  # noqa: PTH119
            return
        if one.stat().st_size != other.stat().st_size:
            raise Difference(name)
        with one.open("rb") as first, other.open("rb") as second:
            while piece := first.read(_STEP):
                if piece != second.read(len(piece)):
                    raise Difference(name)

    for _ in in_order(compare, _files(source, apart), n_workers=n_threads(None)):
        pass


def _is_array(described: Path) -> bool:
    if described.name != "zarr.json":
        return False
    return bool(json.loads(described.read_bytes()).get("node_type") == "array")


def _files(folder: Path, apart: frozenset[str]) -> Iterator[str]:
    waiting = [""]
    while waiting:
        at = waiting.pop()
        with os.scandir(folder / at) as entries:
            listed = list(entries)
        for entry in listed:
            name = f"{at}/{entry.name}".lstrip("/")
            if name in apart:
                continue
            if entry.is_dir():
                waiting.append(name)
            else:
                yield name


class _Files:
    """Two HDF5 files that are compared."""

    def __init__(
        self, source: Path, copy: Path, apart: frozenset[str], changed: frozenset[str]
    ) -> None:
        self.source, self.copy, self.apart = source, copy, apart
        self.tables = {place.rpartition("/")[0] for place in changed}

    def groups(self, one: Any, other: Any) -> None:
        """Compare the members of two groups, and those of groups in them."""
        waiting = [(one, other)]
        while waiting:
            group, copied = waiting.pop()
            place = group.name.strip("/")
            self._attributes(group, copied, place)
            for name in group:
                inside = f"{place}/{name}".lstrip("/")
                if inside in self.apart:
                    continue
                if name not in copied:
                    raise Difference(inside)
                first, second = group[name], copied[name]
                if isinstance(first, h5py.Group):
                    if not isinstance(second, h5py.Group):
                        raise Difference(inside)
                    waiting.append((first, second))
                elif isinstance(first, h5py.Dataset):
                    self._attributes(first, second, inside)
                    self._arrays(first, second, inside)

    def _attributes(self, one: Any, other: Any, place: str) -> None:
        for name, value in one.attrs.items():
            if name == "column-order" and place in self.tables:
                continue
            if name not in other.attrs or not _alike(value, other.attrs[name]):
                raise Difference(place or "the file")

    def _arrays(self, one: Any, other: Any, place: str) -> None:
        if (one.shape, one.dtype) != (other.shape, other.dtype):
            raise Difference(place)
        first, second = _spans(one), _spans(other)
        if first is None or second is None or not np.array_equal(first, second):
            _compare_values(one, other, place)
        elif not self._same_bytes(first):
            raise Difference(place)

    def _same_bytes(self, spans: NDArray[np.int64]) -> bool:
        with self.source.open("rb") as one, self.copy.open("rb") as other:

            def same(span: tuple[int, int]) -> bool:
                offset, size = span
                first = os.pread(one.fileno(), size, offset)
                return first == os.pread(other.fileno(), size, offset)

            return all(in_order(same, _steps(spans), n_workers=n_threads(None)))


def _steps(spans: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Join stretches that follow each other, and cut them into even pieces."""
    ends = spans[:, 0] + spans[:, 1]
    breaks = np.flatnonzero(spans[1:, 0] != ends[:-1]) + 1
    for first, last in zip([0, *breaks], [*breaks, len(spans)], strict=True):
        for offset in range(int(spans[first, 0]), int(ends[last - 1]), _STEP):
            yield offset, min(_STEP, int(ends[last - 1]) - offset)


def _spans(dataset: Any) -> NDArray[np.int64] | None:
    """Where the bytes of an array lie, in order; None if they alone do not tell.

    Text lies elsewhere in the file, and the array has addresses only.
    """
    if dataset.dtype.hasobject or dataset.is_virtual or dataset.external:
        return None
    layout = dataset.id.get_create_plist().get_layout()
    if layout == h5py.h5d.CONTIGUOUS:
        offset = dataset.id.get_offset()
        return None if offset is None else np.array([[offset, dataset.nbytes]])
    if layout != h5py.h5d.CHUNKED or not hasattr(dataset.id, "chunk_iter"):
        return None
    found: list[tuple[int, int]] = []
    dataset.id.chunk_iter(lambda chunk: found.append((chunk.byte_offset, chunk.size)))
    return np.array(sorted(found), np.int64).reshape(-1, 2) if found else None


def _compare_values(one: Any, other: Any, place: str) -> None:
    if one.shape == () or one.shape is None:
        if not _alike(one[()], other[()]):
            raise Difference(place)
        return
    row = max(int(np.prod(one.shape[1:])), 1)
    step = max(_VALUES // row, 1)
    for start in range(0, one.shape[0], step):
        rows = slice(start, start + step)
        if not _alike(one[rows], other[rows]):
            raise Difference(place)


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, h5py.Reference | h5py.Empty):
        # Numbers of objects, which another order of writing changes.
        return type(one) is type(other)
    first, second = np.asarray(one), np.asarray(other)
    if first.shape != second.shape or first.dtype != second.dtype:
        return False
    if first.dtype.hasobject or first.dtype.kind in "USb":
        return bool(np.all(first == second))
    return first.tobytes() == second.tobytes()


def check_written(root: Any, elements: Iterable[Element]) -> None:
    """Check that results can be read back from an output, as they were given.

    Parameters
    ----------
    root
        The output, open.
    elements
        Results and their places.

    Raises
    ------
    DataError
        A result is missing, cannot be read or differs.
    """
    last = {(element.slot, element.key): element for element in elements}
    for element in last.values():
        place = f"{element.slot}/{element.key}"
        try:
            same = _is_there(root, place, element.value)
        except Exception as error:
            # Libraries raise errors of many classes for what they cannot read.
            msg = f"The result {place!r} cannot be read back: {error}."
            raise DataError(msg) from error
        if not same:
            msg = (
                f"The result {place!r} was not written as it should be. Nothing was "
                "written; the disk or the input may be damaged."
            )
            raise DataError(msg)


def _is_there(root: Any, place: str, value: Any) -> bool:
    from anndata.io import read_elem

    if value is None:
        return place not in root
    if isinstance(value, FileFrame):
        columns = (root[f"{place}/{name}"] for name in value.names)
        return all(
            np.array_equal(stored[:], value.columns[:, number], equal_nan=True)
            for number, stored in enumerate(columns)
        )
    found = read_elem(root[place])
    if isinstance(value, FileColumn):
        value = value.read()
    if hasattr(value, "shape") and found.shape != value.shape:
        return False
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        return bool(np.array_equal(found, value, equal_nan=value.dtype.kind == "f"))
    return True
