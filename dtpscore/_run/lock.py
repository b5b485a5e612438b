"""A lock says that a run is at work in a folder; one of a dead process is void."""

from __future__ import annotations

import json
import os
import socket
import stat
from contextlib import contextmanager, suppress
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from dtpscore._processes import is_dead, machine, started
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = ".dtpscore.lock"


def _me() -> dict[str, Any]:
    pid = os.getpid()
    return {
        "machine": machine(),
        "host": socket.gethostname(),
        "pid": pid,
        "started": started(pid),
        "token": token_hex(8),
    }


def _read(path: Path) -> dict[str, Any] | None:
    """Content of a lock file; None where it is empty, damaged or no file."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return None
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    numbers = (found.get("pid"), found.get("started", 0))
    return found if all(isinstance(one, int) for one in numbers) else None


def at_work(owner: dict[str, Any]) -> bool:
    """Whether the process that wrote a lock is still alive.

    A process of another machine cannot be seen from here, so it counts as alive.
    """
    if owner.get("machine") != machine():
        return True
    return not is_dead(owner["pid"], owner.get("started", 0))


def _refusal(folder: Path, owner: dict[str, Any]) -> DataError:
    here = owner.get("machine") == machine()
    where = "" if here else f" on {owner.get('host')}"
    advice = (
        "Wait until it has ended, or choose another folder with -o."
        if here
        else "Wait until it has ended, or choose another folder with -o. If you know "
        f"that it has ended, remove the file {folder / NAME}."
    )
    return DataError(
        f"Another run is at work in {folder} (process {owner['pid']}{where}). {advice}"
    )


def _claim(folder: Path, mine: dict[str, Any]) -> None:
    """Write the lock file, unless a living process holds it."""
    path = folder / NAME
    if path.exists() or path.is_symlink():
        owner = _read(path)
        if owner is not None and at_work(owner):
            raise _refusal(folder, owner)
        path.unlink(missing_ok=True)
    with path.open("x", encoding="utf-8") as file:
        file.write(json.dumps(mine) + "\n")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder.

    Parameters
    ----------
    folder
        The folder; it exists.

    Raises
    ------
    DataError
        Another process holds the lock, or the folder cannot be written to.
    """
    mine = _me()
    path = folder / NAME
    try:
        with _one_at_a_time(folder):
            _claim(folder, mine)
    except OSError as error:
        msg = (
            f"The folder {folder} cannot be written to: {error.strerror}. Choose "
            "another folder with -o."
        )
        raise DataError(msg) from error
    try:
        yield
    finally:
        if (_read(path) or {}).get("token") == mine["token"]:
            path.unlink(missing_ok=True)


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Let one process at a time look at the lock file and write it.

    Two processes that find the lock of the same dead process would otherwise both
    take it over.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        # On a file system without such locks a window of a few microseconds is left.
        with suppress(OSError):
            fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)
