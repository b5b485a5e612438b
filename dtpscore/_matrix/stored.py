"""Matrices on disk: what can be said of them before their values are read."""

from __future__ import annotations

import math
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._matrix.compressed import check_pointers, check_sizes, refuse
from dtpscore.errors import DamagedError, DataError, InputWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Pointers that are looked at together.
_POINTERS = 2_000_000


def name_of(stored: Any) -> str:
    """Name a group or array of a file for a message, with the file."""
    file = getattr(stored, "file", None)
    place = file.filename if file is not None else getattr(stored, "store", "")
    return f"{stored.name.lstrip('/')} of {str(place).removeprefix('file://')}"


def guarded(read: Callable[[int, int], Any], name: str) -> Callable[[int, int], Any]:
    """Turn whatever goes wrong while rows are read into one kind of error."""

    def safely(start: int, stop: int) -> Any:
        try:
            return read(start, stop)
        except (DataError, MemoryError):
            raise
        except Exception as error:
            # The libraries below raise errors of many classes for damaged bytes.
            msg = (
                f"{name} could not be read to its end: {error}. The file is damaged, "
                "or its compression is not installed here. Get the file again."
            )
            raise DamagedError(msg) from error

    return safely


def check_group(group: Any, shape: tuple[int, int], *, by_rows: bool) -> None:
    """Check the pointers of a compressed matrix on disk, a piece at a time.

    Parameters
    ----------
    group
        Group with ``data``, ``indices`` and ``indptr``.
    shape
        Cells and genes.
    by_rows
        The matrix is stored by rows.

    Raises
    ------
    DamagedError
        The arrays do not fit each other or the shape, a pointer goes back, or a piece
        of a zarr store is missing.
    """
    name = name_of(group)
    data, indices, indptr = (group[part] for part in ("data", "indices", "indptr"))
    for array in (data, indices):
        if len(array.shape) != 1:
            refuse(name, f"its {array.name} has {len(array.shape)} dimensions")
    n_values = int(data.shape[0])
    check_sizes(
        indptr, shape[0 if by_rows else 1], (n_values, int(indices.shape[0])), name
    )
    check_pointers(_read(indptr), n_values, name)
    if missing := missing_pieces(data):
        _refuse_missing(name, "data", missing)
    if missing := missing_pieces(indices):
        _check_zeros(name, indices, np.concatenate([*_read(indptr)]), missing)


def _read(array: Any) -> Iterator[Any]:
    for start in range(0, array.shape[0], _POINTERS):
        yield np.asarray(array[start : start + _POINTERS])


def _refuse_missing(name: str, part: str, missing: list[tuple[int, ...]]) -> None:
    first = "/".join(map(str, missing[0]))
    msg = (
        f"{name} is incomplete: {len(missing)} or more pieces of its {part} are "
        f"missing, the first one is {first}. The copy of the folder did not finish, or "
        "a file in it was removed. Get the folder again."
    )
    raise DamagedError(msg)


def _check_zeros(
    name: str, indices: Any, indptr: Any, missing: list[tuple[int, ...]]
) -> None:
    """Refuse missing pieces of indices unless all of their indices can be 0.

    zarr leaves out pieces that hold nothing but 0. Of indices, that is so only where no
    line has two values in the piece.
    """
    size = (indices.shards or indices.chunks)[0]
    for (number,) in missing:
        inside = np.clip(indptr, number * size, (number + 1) * size)
        if np.diff(inside).max() > 1:
            _refuse_missing(name, "indices", missing)


def check_dense(array: Any) -> None:
    """Check that the pieces of a dense matrix in a zarr store are there.

    zarr leaves out pieces that hold only 0, so that a missing piece may be right. Where
    all pieces of some cells are missing, these cells would have no value at all, and
    the matrix is refused.

    Raises
    ------
    DamagedError
        Cells have no values.

    Warns
    -----
    InputWarning
        Other pieces are missing.
    """
    missing = missing_pieces(array)
    if not missing:
        return
    grid = array.shards or array.chunks
    across = -(-array.shape[1] // grid[1])
    rows = [number for number, _ in missing]
    if max(rows.count(number) for number in set(rows)) == across:
        _refuse_missing(name_of(array), "values", missing)
    msg = (
        f"{len(missing)} pieces of {name_of(array)} are not there and are read as 0. "
        "zarr leaves out pieces that hold nothing but 0, so this can be right. If the "
        "folder was copied, check that the copy is complete."
    )
    warnings.warn(msg, InputWarning, stacklevel=4)


def missing_pieces(array: Any) -> list[tuple[int, ...]]:
    """List pieces of an array that a zarr store on this disk does not hold.

    Parameters
    ----------
    array
        An array; anything but one of a zarr store in a folder has no missing pieces.

    Returns
    -------
    Places of the pieces in the grid of pieces. Where very many are missing, only the
    first ones.
    """
    root = getattr(getattr(array, "store", None), "root", None)
    encode = getattr(getattr(array, "metadata", None), "encode_chunk_key", None)
    if root is None or encode is None or not array.shape:
        return []
    folder = Path(root) / array.path
    present = {
        str(Path(at, file).relative_to(folder))
        for at, _, files in os.walk(folder)
        for file in files
    }
    grid = [
        -(-length // size)
        for length, size in zip(array.shape, array.shards or array.chunks, strict=True)
    ]
    # A damaged shape may name more pieces than anyone can count.
    n_expected = min(math.prod(grid), 2 * len(present) + 1_000)
    expected = (_place(number, grid) for number in range(n_expected))
    return [place for place in expected if encode(place) not in present]


def _place(number: int, grid: list[int]) -> tuple[int, ...]:
    """Place of a piece in the grid, in the order in which the last axis is fastest."""
    found = []
    for size in reversed(grid):
        number, at = divmod(number, size)
        found.append(at)
    return tuple(reversed(found))
