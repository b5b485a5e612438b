"""Add results to a copy of a file of cells."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from dtpscore._matrix.columns import FileColumn
from dtpscore._results.elements import Element, FileFrame
from dtpscore._store._copy import copy_file
from dtpscore._store._open import open_root, read_table
from dtpscore._store._place import beside, check_output

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# What takes nearly all the room of a file of cells.
_MATRICES = ("X", "raw", "layers")
# Encodings of names that are text.
_TEXT = frozenset({"string-array", "nullable-string-array"})
# Room in bytes for the records of the results.
_ROOM_EACH = 2**20
# What a file system answers that cannot take room ahead.
_NO_RESERVE = frozenset({errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS})


def _put_column(table: Any, element: Element) -> None:
    """Write or take away one column of a table, with its entry in the order."""
    from anndata.io import write_elem

    columns = [str(name) for name in table.attrs["column-order"]]
    if element.value is None:
        if element.key in columns:
            del table[element.key]
            columns.remove(element.key)
    else:
        values = getattr(element.value, "array", element.value)
        if isinstance(values, FileColumn):
            values = values.read()
        write_elem(table, element.key, values)
        if element.key not in columns:
            columns.append(element.key)
    if isinstance(table, h5py.Group):
        table.attrs.create("column-order", columns, dtype=h5py.string_dtype())
    else:
        table.attrs["column-order"] = columns


def _put_frame(root: Any, group: Any, key: str, frame: FileFrame) -> None:
    """Write a table one column after another; it may be larger than memory."""
    import pandas as pd
    from anndata.io import write_elem

    write_elem(group, key, pd.DataFrame(index=pd.Index([], dtype=str)))
    _put_names(root["obs"], group[key])
    for number, name in enumerate(frame.names):
        column = FileColumn(frame.columns, number)
        _put_column(group[key], Element("obs", name, column))


def _put_names(obs: Any, table: Any) -> None:
    """Name the rows of a table as the cells; text is copied as it is stored."""
    from anndata.io import write_elem

    names, place = obs[obs.attrs["_index"]], str(table.attrs["_index"])
    del table[place]
    if names.attrs.get("encoding-type") not in _TEXT:
        write_elem(table, place, read_table(obs, "obs").index.to_numpy(object))
    elif isinstance(obs, h5py.Group):
        obs.copy(names, table, place)
    else:
        store = Path(obs.store.root)
        shutil.copytree(store / names.path, store / table.path / place)


def _put(root: Any, element: Element) -> None:
    from anndata.io import write_elem

    if element.slot not in root:
        write_elem(root, element.slot, {})
    group = root[element.slot]
    if element.slot == "obs":
        _put_column(group, element)
    elif isinstance(element.value, FileFrame):
        _put_frame(root, group, element.key, element.value)
    elif element.value is not None:
        write_elem(group, element.key, element.value)
    elif element.key in group:
        del group[element.key]


def _copy(path_in: Path, part: Path) -> None:
    if path_in.is_dir():
        shutil.copytree(path_in, part)
    else:
        copy_file(path_in, part)


def _copy_without_matrices(path_in: Path, part: Path) -> None:
    if path_in.is_dir():
        top = str(path_in)
        shutil.copytree(
            path_in, part, ignore=lambda at, _: _MATRICES if at == top else ()
        )
        return
    with h5py.File(path_in) as source, h5py.File(part, "x") as copy:
        for name, value in source.attrs.items():
            copy.attrs[name] = value
        for name in source:
            if name not in _MATRICES:
                source.copy(name, copy)


def _reserve(part: Path, elements: Sequence[Element]) -> None:
    """Take the room for the results now: HDF5 cannot recover from a full disk.

    HDF5 gives back at the end what it did not use.
    """
    if part.is_dir() or not hasattr(os, "posix_fallocate"):
        return
    size = _ROOM_EACH + sum(_n_bytes(element.value) for element in elements)
    with part.open("rb+") as file:
        try:
            os.posix_fallocate(file.fileno(), part.stat().st_size, 2 * size)
        except OSError as error:
            if error.errno not in _NO_RESERVE:
                raise


def _n_bytes(value: Any) -> int:
    if isinstance(value, dict):
        return sum(_n_bytes(entry) for entry in value.values())
    if hasattr(value, "memory_usage"):
        return int(np.sum(value.memory_usage(deep=True)))
    return int(getattr(value, "nbytes", 0))


def _finish(path: Path, *, consolidated: bool) -> None:
    """Bring a written file to disk; a zarr store gets its summary again."""
    if consolidated:
        import zarr

        zarr.consolidate_metadata(str(path))
    if path.is_file():
        with path.open("rb+") as file:
            os.fsync(file.fileno())


def _is_consolidated(path: Path) -> bool:
    described = path / "zarr.json"
    return (path / ".zmetadata").is_file() or (
        described.is_file() and "consolidated_metadata" in described.read_text("utf-8")
    )


def write_with(
    path_in: Path,
    path_out: Path,
    elements: Iterable[Element],
    *,
    overwrite: bool = False,
    matrices: bool = True,
) -> None:
    """Write a copy of a file of cells with results added.

    The input is copied byte by byte and the results are put into the copy, so that
    everything else in the file stays as it was. The copy has a temporary name beside
    the output until it is complete.

    Parameters
    ----------
    path_in
        An h5ad file or the folder of a zarr store.
    path_out
        The output, of the same format.
    elements
        Results and their places; one without a value is taken away.
    overwrite
        Replace an output that exists.
    matrices
        Copy ``X``, ``raw`` and ``layers`` as well.

    Raises
    ------
    DataError
        The output is the input, exists already or cannot be written. Nothing is
        left behind.
    """
    elements = list(elements)
    check_output(path_in, path_out, overwrite=overwrite, matrices=matrices)
    with beside(path_out) as part:
        (_copy if matrices else _copy_without_matrices)(path_in, part)
        _reserve(part, elements)
        with open_root(part, "r+") as root:
            for element in elements:
                _put(root, element)
        _finish(part, consolidated=_is_consolidated(part))
