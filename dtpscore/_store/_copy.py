"""Copy a file of cells, within the system where it can."""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING, Any

import h5py

from dtpscore._store._frames import attribute, column_names
from dtpscore._store._outside import outside_hdf5
from dtpscore._store._probe import probe
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from dtpscore._store._outside import Outside
    from dtpscore._store._probe import Access

# What takes nearly all the room of a file of cells.
_MATRICES = ("X", "raw", "layers")
# Values of an array that are copied together.
_VALUES = 4_000_000

# Bytes that are copied at a time; a multiple of every block size, so that file systems
# that can let both files share their blocks.
_STEP = 2**26
# What a system answers that cannot copy between these two files by itself.
_CANNOT = frozenset(
    {errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}
)


def _go_on() -> None:
    """Nothing asks the copy to stop."""


def copy_file(
    source: Path,
    target: Path,
    *,
    step: int = _STEP,
    go_on: Callable[[], None] = _go_on,
) -> None:
    """Copy the contents of a file, not its permissions: an input may be read-only.

    One thread copies. Two took as long, because they wait for the same file.

    Parameters
    ----------
    source
        What to copy.
    target
        Where to; a file there is replaced.
    step
        Bytes to copy at a time.
    go_on
        Called before each step; raises where the copy is not wanted any more.

    Raises
    ------
    OSError
        A file cannot be read or written, or the disk is full.
    """
    if not (hasattr(os, "copy_file_range") and _copied(source, target, step, go_on)):
        shutil.copyfile(source, target)


def _copied(source: Path, target: Path, step: int, go_on: Callable[[], None]) -> bool:
    """Copy within the system; False where it cannot."""
    with source.open("rb") as old, target.open("wb") as new:
        left = os.fstat(old.fileno()).st_size
        while left:
            go_on()
            try:
                n = os.copy_file_range(old.fileno(), new.fileno(), min(step, left))
            except OSError as error:
                if error.errno in _CANNOT:
                    return False
                raise
            if n == 0:
                # Some file systems say so for files that they make up as read.
                return False
            left -= n
        return True


def copy_cells(
    path_in: Path, part: Path, access: Access, go_on: Callable[[], None] = _go_on
) -> frozenset[str]:
    """Copy a file of cells; what lies in other files is brought into the copy.

    Parameters
    ----------
    path_in
        An h5ad file or the folder of a zarr store.
    part
        Where to.
    access
        What may be read, and what is left out.
    go_on
        Called again and again; raises where the copy is not wanted any more.

    Returns
    -------
    Places that are not in the copy as they are in the input.

    Raises
    ------
    DataError
        A part to leave out does not exist or is needed, or what the input brings in
        from another file lies elsewhere again.
    """
    outside = probe(path_in, access).outside
    if access.matrices:
        _copy_all(path_in, part, go_on)
    else:
        _copy_without_matrices(path_in, part)
    left = {*access.leave_out, *(() if access.matrices else _MATRICES)}
    if not path_in.is_dir():
        inside = [one for one in outside if one.name.split("/")[0] not in left]
        _bring_in(path_in, part, inside)
        left.update(one.name for one in outside)
    for place in access.leave_out:
        _leave_out(part, place, path_in)
    return frozenset(left)


def _copy_all(path_in: Path, part: Path, go_on: Callable[[], None]) -> None:
    if not path_in.is_dir():
        copy_file(path_in, part, go_on=go_on)
        return

    def one(source: str, target: str) -> None:
        go_on()
        shutil.copy2(source, target)

    shutil.copytree(path_in, part, copy_function=one)


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


def _bring_in(path_in: Path, part: Path, outside: Sequence[Outside]) -> None:
    """Replace what points to other files by what it points to.

    Their names may be relative to the folder of the input, and the copy is to hold
    everything itself.
    """
    if not outside:
        return
    with h5py.File(path_in) as source, h5py.File(part, "r+") as copy:
        for one in outside:
            del copy[one.name]
            if one.kind == "link":
                source.copy(
                    source[one.name],
                    copy,
                    one.name,
                    expand_external=True,
                    expand_soft=True,
                )
            else:
                _copy_values(source[one.name], copy, one.name)
        again = outside_hdf5(copy, lambda _: None)
    if again:
        msg = (
            f"{path_in} takes {again[0].name!r} from another file, which has it from "
            f"{again[0].files[0]!r} again. Read the file with anndata and write it "
            "anew."
        )
        raise DataError(msg)


def _copy_values(array: Any, copy: h5py.File, place: str) -> None:
    made = copy.create_dataset(place, array.shape, array.dtype)
    for name, value in array.attrs.items():
        made.attrs[name] = value
    if array.shape == ():
        made[()] = array[()]
        return
    row = max(array.size // max(array.shape[0], 1), 1)
    step = max(_VALUES // row, 1)
    for start in range(0, array.shape[0], step):
        made[start : start + step] = array[start : start + step]


def _leave_out(part: Path, place: str, path_in: Path) -> None:
    """Take a part away from the copy, and from the list of columns it may be in."""
    group, _, name = place.rpartition("/")
    try:
        if part.is_dir():
            import zarr

            root = zarr.open_group(str(part), mode="r+", use_consolidated=False)
            _forget(root[group] if group else root, name)
            shutil.rmtree(part / place)
        else:
            with h5py.File(part, "r+") as root:
                _forget(root[group] if group else root, name)
                del root[place]
    except (KeyError, OSError) as error:
        msg = f"{place!r} cannot be left out of {path_in}: there is no such part."
        raise DataError(msg) from error


def _forget(group: Any, name: str) -> None:
    if name == attribute(group, "_index") or name in {"obs", "var"}:
        msg = (
            f"The names of the rows ({name!r}) cannot be left out. Get the file again."
        )
        raise DataError(msg)
    if "column-order" in group.attrs:
        write_order(group, [one for one in column_names(group) if one != name])


def write_order(table: Any, columns: Sequence[str]) -> None:
    """Write the list of the columns of a stored table, in their order."""
    columns = [str(name) for name in columns]
    if isinstance(table, h5py.Group):
        table.attrs.create("column-order", columns, dtype=h5py.string_dtype())
    else:
        table.attrs["column-order"] = columns
