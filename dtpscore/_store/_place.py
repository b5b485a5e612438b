"""Where outputs go: checked before any work, and complete or not there at all."""

from __future__ import annotations

import shutil
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dtpscore._store._ending import cleaning_up
from dtpscore._store._kinds import is_zarr
from dtpscore._store._temporary import (
    put_in_place,
    recover,
    remove,
    remove_stale,
    temporary,
)
from dtpscore._text import short
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Room in bytes that must be free beside the copy of the input before any work.
_ROOM = 16 * 2**20


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(p.stat().st_size for p in path.rglob("*") if p.is_file())


def stands(path: Path) -> bool:
    """Whether something has the name of an output: a file, a folder or a link.

    A link to nothing counts, because whoever put it there, say in a folder that many
    share, would choose where the output goes.

    Raises
    ------
    DataError
        It is a device or a pipe, which no file can replace, or the name cannot be used.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return path.is_symlink()
    except OSError as error:
        msg = (
            f"{short(path, 200)} cannot be written to: {error.strerror}. Choose "
            "another place."
        )
        raise DataError(msg) from error
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        msg = f"{path} is a device or a pipe and no file. Choose another place."
        raise DataError(msg)
    return True


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Write to a temporary name and rename it when the block ends well.

    Parameters
    ----------
    path
        The output. What stands there stays until the new one is complete. Where it
        is a link, the link stays and what it points to is replaced. A file never
        replaces a folder.

    Yields
    ------
    The name to write to, in the same folder.

    Raises
    ------
    DataError
        The folder cannot be written to, or the disk is full. Nothing is left behind.
    """
    stands(path)
    target = path.resolve()
    remove_stale(target.parent)
    part = temporary(target)
    try:
        with cleaning_up():
            try:
                yield part
                put_in_place(part, target)
            finally:
                remove(part)
    except OSError as error:
        msg = (
            f"{path} could not be written: {error.strerror or error}. Choose another "
            "place with -o, or make room there. Nothing was written."
        )
        raise DataError(msg) from error


def make_folder(folder: Path) -> None:
    """Make a folder for results, and those above it.

    Raises
    ------
    DataError
        It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = (
            f"The folder {folder} cannot be made: {error.strerror}. Choose another "
            "place."
        )
        raise DataError(msg) from error


def check_file(path: Path, *, overwrite: bool) -> None:
    """Check before any work that a file can stand at a path; makes its folder.

    Raises
    ------
    DataError
        A folder stands there, or a file that may not be replaced; or the folder of
        the file cannot be made.
    """
    taken = stands(path)
    if path.is_dir():
        msg = f"{path} is a folder. Give the name of a file."
        raise DataError(msg)
    if taken and not overwrite:
        msg = f"{path} exists. Add --overwrite to replace it."
        raise DataError(msg)
    make_folder(path.parent)


def check_output(
    path_in: Path, path_out: Path, *, overwrite: bool, matrices: bool = True
) -> None:
    """Check before any work that an output can be written; makes its folder.

    Parameters
    ----------
    path_in, path_out
        The input, and the output that starts as a copy of it.
    overwrite
        An output that exists may be replaced.
    matrices
        The matrices are copied as well, so that there must be room for them.

    Raises
    ------
    DataError
        The output is the input or within it, exists already, has another format than
        the input, or its folder cannot be written to or is too full.
    """
    stands(path_out)
    _check_apart(path_in, path_out)
    recover(path_out)
    if stands(path_out) and not overwrite:
        msg = (
            f"{path_out} exists. Add --overwrite to replace it, or give another name "
            "with -o."
        )
        raise DataError(msg)
    _check_form(path_in, path_out)
    target = path_out.resolve()
    check_folder(target.parent)
    free = shutil.disk_usage(target.parent).free
    needed = _ROOM + (_size(path_in) if matrices else 0)
    if free < needed:
        msg = (
            f"The folder {path_out.parent} is too full: the output needs "
            f"{needed / 1e6:,.0f} MB and {free / 1e6:,.0f} MB are free. Choose "
            "another place with -o, or make room there."
        )
        raise DataError(msg)


def _check_apart(path_in: Path, path_out: Path) -> None:
    """Check that writing the output cannot touch the input."""
    if not path_in.exists():
        return
    source, target = path_in.resolve(), path_out.resolve()
    same = path_out.exists() and path_out.samefile(path_in)
    if same or source in target.parents or target in source.parents:
        where = "is" if same else "lies within" if source in target.parents else "holds"
        msg = (
            f"The output {path_out} {where} the input. The input is never changed: "
            "give another name with -o."
        )
        raise DataError(msg)


def _check_form(path_in: Path, path_out: Path) -> None:
    """Check that the output has the format of the input and replaces no other one."""
    ending, form = (".zarr", "folder") if path_in.is_dir() else (".h5ad", "file")
    taken = path_out.is_file() if form == "folder" else path_out.is_dir()
    if path_out.suffix != ending or taken:
        msg = (
            f"The output of {path_in.name} must be a {ending} {form}, not {path_out}. "
            f"Give a name that ends in {ending}, or a folder that exists."
        )
        raise DataError(msg)
    if path_out.is_dir() and not is_zarr(path_out) and any(path_out.iterdir()):
        msg = (
            f"The folder {path_out} is no zarr store and holds other files, so it is "
            "not replaced. Give another name with -o."
        )
        raise DataError(msg)


def check_folder(folder: Path) -> None:
    """Check before any work that a file can be made in a folder; makes the folder.

    Raises
    ------
    DataError
        The folder cannot be made or written to.
    """
    probe = temporary(folder / "probe")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        msg = (
            f"The folder {folder} cannot be written to: {error.strerror}. "
            "Choose another place."
        )
        raise DataError(msg) from error
    remove_stale(folder)
