"""Temporary names beside an output: whose they are, and what a dead process left.

A process that is killed cannot clean up. Its temporary files carry its number, so that
the next command in their folder sees that nobody works on them any more and removes
them. A file of another machine, which may share the folder, is left alone.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import shutil
from contextlib import contextmanager, suppress
from functools import cache
from secrets import token_hex
from typing import TYPE_CHECKING

from dtpscore._processes import is_dead, machine, started
from dtpscore._store._ending import cleaning_up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# ".NAME.MACHINE-PROCESS-START-RANDOM.part", and ".old" for what is being replaced.
_NAME = re.compile(
    r"\..*\.(?P<machine>[0-9a-f]{8})-(?P<process>\d+)-(?P<start>\d+)-[0-9a-f]{8}"
    r"\.(part|old)"
)
# renameat2(2): swap two names in one step, relative to the working folder.
_EXCHANGE, _HERE = 2, -100


def temporary(path: Path, ending: str = "part") -> Path:
    """Name in the same folder that no other process uses, with the owner in it."""
    owner = f"{machine()}-{os.getpid()}-{started(os.getpid())}-{token_hex(4)}"
    # An old version has the whole name, so that it finds its place again.
    name = path.name[:40] if ending == "part" else path.name
    return path.with_name(f".{name}.{owner}.{ending}")


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """Make a folder for work files and remove it at the end.

    Parameters
    ----------
    folder
        Where to make it.

    Yields
    ------
    The new folder.
    """
    made = temporary(folder / "dtpscore")
    with cleaning_up():
        try:
            made.mkdir()
            yield made
        finally:
            remove(made)


def remove(path: Path) -> None:
    """Remove a temporary file or folder that may not be there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        with suppress(NotADirectoryError):
            path.unlink(missing_ok=True)


def remove_stale(folder: Path) -> None:
    """Remove what processes of this machine that are no more left in a folder.

    An old version of a zarr store whose replacement was interrupted gets its name back
    if nothing stands there.
    """
    try:
        paths = list(folder.iterdir())
    except OSError:
        return
    for path in paths:
        found = _NAME.fullmatch(path.name)
        if found is None or not _is_dead(found):
            continue
        # Another command may be removing it as well, or the folder be read-only.
        with suppress(OSError):
            if path.suffix == ".old":
                _give_back(path)
            remove(path)


def recover(path: Path) -> None:
    """Give an output its old version back where its replacement was interrupted.

    Only looks when nothing stands at the path.
    """
    target = path.resolve()
    if target.exists() or not target.parent.is_dir():
        return
    start = f".{target.name}."
    with suppress(OSError):
        for path in target.parent.glob("*.old"):
            found = _NAME.fullmatch(path.name)
            if found and path.name.startswith(start) and _is_dead(found):
                _give_back(path)


def _give_back(old: Path) -> None:
    name = old.name[1:].rsplit(".", 2)[0]
    target = old.with_name(name)
    if not target.exists():
        old.replace(target)


def put_in_place(part: Path, target: Path) -> None:
    """Give a complete output its name.

    A folder cannot be renamed to one that holds something. Where the system can swap
    two names in one step, one whole version stands there at any time; elsewhere the
    old one is put aside under a name from which `recover` brings it back.
    """
    if not (part.is_dir() and target.is_dir()):
        part.replace(target)
        return
    if exchange(part, target):
        remove(part)
        return
    old = temporary(target, "old")
    target.replace(old)
    try:
        part.replace(target)
    except OSError:
        old.replace(target)
        raise
    remove(old)


def exchange(one: Path, other: Path) -> bool:
    """Swap two names in one step; False where the system cannot."""
    swap = getattr(_library(), "renameat2", None)
    if swap is None:
        return False
    names = os.fsencode(one.absolute()), os.fsencode(other.absolute())
    if swap(_HERE, names[0], _HERE, names[1], _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}:
        return False
    raise OSError(number, os.strerror(number), str(other))


@cache
def _library() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(None, use_errno=True)
    except (OSError, TypeError):  # no such thing on Windows
        return None


def _is_dead(found: re.Match[str]) -> bool:
    if found["machine"] != machine():
        return False
    return is_dead(int(found["process"]), int(found["start"]))
