"""Add results to a copy of a file of cells."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from dtpscore._matrix.columns import FileColumn
from dtpscore._results.elements import Element, FileFrame
from dtpscore._store._compare import check_copy, check_written
from dtpscore._store._copy import copy_cells, write_order
from dtpscore._store._frames import attribute, column_names, names_key
from dtpscore._store._identity import check_same, identity
from dtpscore._store._open import open_root, read_table
from dtpscore._store._place import beside, check_output
from dtpscore._store._probe import Access
from dtpscore._threads import meanwhile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

# Encodings of names that are text.
_TEXT = frozenset({"string-array", "nullable-string-array"})
# Room in bytes for the records of the results.
_ROOM_EACH = 2**20
# Names of so many columns fit into an attribute of any group (16 bytes for each).
_MANY_COLUMNS = 3_000
# What a file system answers that cannot take room ahead.
_NO_RESERVE = frozenset({errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS})


def _put_column(table: Any, element: Element) -> None:
    """Write or take away one column of a table, with its entry in the order."""
    from anndata.io import write_elem

    columns = column_names(table)
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
    write_order(table, columns)


def _put_frame(root: Any, group: Any, key: str, frame: FileFrame) -> None:
    """Write a table one column after another; it may be larger than memory."""
    from anndata.io import write_elem

    table = _new_table(group, key, len(frame.names))
    _put_names(root["obs"], table)
    for number, name in enumerate(frame.names):
        write_elem(table, name, FileColumn(frame.columns, number).read())
    write_order(table, frame.names)


def _new_table(group: Any, key: str, n_columns: int) -> Any:
    """Make an empty table in the place of what is there."""
    import pandas as pd
    from anndata.io import write_elem

    write_elem(group, key, pd.DataFrame(index=pd.Index([], dtype=str)))
    if n_columns <= _MANY_COLUMNS or not isinstance(group, h5py.Group):
        return group[key]
    # HDF5 keeps an attribute above 64 kB, here the names of the columns, in groups that
    # keep the order of their entries alone.
    attributes = dict(group[key].attrs)
    del group[key]
    table = group.create_group(key, track_order=True)
    table.attrs.update(attributes)
    write_elem(table, names_key(table), np.array([], dtype=object))
    return table


def _put_names(obs: Any, table: Any) -> None:
    """Name the rows of a table as the cells; text is copied as it is stored."""
    from anndata.io import write_elem

    names, place = obs[names_key(obs)], names_key(table)
    del table[place]
    if attribute(names, "encoding-type") not in _TEXT:
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


class Writing:
    """A copy of a file of cells on its way to become an output.

    Parameters
    ----------
    path_in, part
        What is copied, and the temporary name of the copy.
    seen
        The `identity` of the input when it was read.
    copied
        Waits for the copy; returns places that are not in it as they are in the input.
    """

    def __init__(
        self, path_in: Path, part: Path, seen: str, copied: Callable[[], frozenset[str]]
    ) -> None:
        self._path_in, self._part, self._seen = path_in, part, seen
        self._copied = copied

    def put(self, elements: Iterable[Element]) -> None:
        """Put results into the copy, and check all of it.

        Parameters
        ----------
        elements
            Results and their places; one without a value is taken away.

        Raises
        ------
        DataError
            The copy is not right, or a result cannot be read back from it.
        DamagedError
            The input is damaged, or another one than the results were made from.
        """
        elements, part = list(elements), self._part
        apart = self._copied()
        check_same(self._path_in, self._seen)
        _reserve(part, elements)
        with open_root(part, "r+") as root:
            for element in elements:
                _put(root, element)
        _finish(part, consolidated=_is_consolidated(part))
        changed = frozenset(f"{one.slot}/{one.key}" for one in elements)
        check_copy(self._path_in, part, apart, changed)
        check_same(self._path_in, self._seen)
        with open_root(part) as root:
            check_written(root, elements)


@contextmanager
def writing(
    path_in: Path,
    path_out: Path,
    *,
    overwrite: bool = False,
    access: Access | None = None,
    seen: str | None = None,
) -> Iterator[Writing]:
    """Copy a file of cells in a thread, while the results for the copy are made.

    The input is copied byte by byte and the results are put into the copy, so that
    everything else in the file stays as it was. The copy has a temporary name beside
    the output until it is complete, was compared with the input, the results were
    read back from it, and the block ended well.

    Parameters
    ----------
    path_in
        An h5ad file or the folder of a zarr store.
    path_out
        The output, of the same format.
    overwrite
        Replace an output that exists.
    access
        What may be read, what is left out, and whether ``X``, ``raw`` and ``layers``
        are copied as well.
    seen
        The `identity` of the input when the results were made from it.

    Yields
    ------
    What takes the results; it has to be given them before the block ends.

    Raises
    ------
    DataError
        The output is the input, exists already or cannot be written, or the copy is
        not right. Nothing is left behind.
    DamagedError
        The input is damaged, or another one than the results were made from.
    """
    access = access or Access()
    check_output(path_in, path_out, overwrite=overwrite, matrices=access.matrices)
    seen = seen or identity(path_in)
    with (
        beside(path_out) as part,
        meanwhile(partial(copy_cells, path_in, part, access)) as copied,
    ):
        yield Writing(path_in, part, seen, copied)


def write_with(
    path_in: Path, path_out: Path, elements: Iterable[Element], **options: Any
) -> None:
    """Write a copy of a file of cells with results added, as `writing` does.

    Parameters
    ----------
    path_in, path_out
        The input, and the output of the same format.
    elements
        Results and their places; one without a value is taken away.
    options
        Keyword arguments of `writing`.
    """
    with writing(path_in, path_out, **options) as output:
        output.put(elements)
