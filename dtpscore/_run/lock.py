"""A lock says that a run is at work in a folder; one of a dead process is void."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = ".dtpscore.lock"
# Fields of /proc/PID/stat after the name of the command; the start time is the 22nd
# field of the line, and the first one after the name is the third.
_START_FIELD = 22 - 3


def process_start(pid: int) -> str | None:
    """When a process of this machine started, or None where there is no such process.

    The number of a process is used again after its end, so the number alone does not
    tell whether it is still the same one. The text has no meaning beyond that two
    processes of one number differ in it.
    """
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        rest = fields.rpartition(")")[2].split()
        # A zombie has ended; only its parent has not looked yet.
        return None if rest[0] in {"Z", "X"} else rest[_START_FIELD]
    found = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or None


def _me() -> dict[str, Any]:
    pid = os.getpid()
    return {
        "host": socket.gethostname(),
        "pid": pid,
        "started": process_start(pid),
        "token": token_hex(8),
    }


def _read(path: Path) -> dict[str, Any] | None:
    """Content of a lock file; None where it is empty or damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "pid" in found else None


def at_work(owner: dict[str, Any]) -> bool:
    """Whether the process that wrote a lock is still alive.

    A process of another machine cannot be seen from here, so it counts as alive.
    """
    if owner.get("host") != socket.gethostname():
        return True
    started = process_start(int(owner["pid"]))
    return started is not None and started == owner.get("started")


def _refusal(folder: Path, owner: dict[str, Any]) -> DataError:
    here = owner.get("host") == socket.gethostname()
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
    if path.exists():
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
