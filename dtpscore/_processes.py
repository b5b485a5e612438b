"""Tell one process of a machine from another, after its number was used again too."""

from __future__ import annotations

import hashlib
import os
import socket
from contextlib import suppress
from functools import cache
from pathlib import Path


@cache
def machine() -> str:
    """Short name of this machine, or of the container: numbers of processes are its."""
    space = ""
    with suppress(OSError):
        space = str(Path("/proc/self/ns/pid").readlink())
    name = f"{socket.gethostname()} {space}"
    return hashlib.sha256(name.encode()).hexdigest()[:8]


def started(process: int) -> int:
    """When a process started, in ticks of the system; 0 where nobody says so.

    Raises
    ------
    ProcessLookupError
        There is no such process.
    """
    try:
        text = Path(f"/proc/{process}/stat").read_text("utf-8", errors="replace")
    except OSError:
        os.kill(process, 0)
        return 0
    # The name of the program stands in brackets and may hold anything.
    fields = text.rpartition(")")[2].split()
    if fields[0] in {"Z", "X"}:
        # It has ended, and its parent has not asked for its exit code yet.
        raise ProcessLookupError(process)
    return int(fields[19])


def is_dead(process: int, start: int) -> bool:
    """Whether the process of this machine that had this number has ended."""
    try:
        return started(process) != start
    except ProcessLookupError:
        return True
    except (OSError, OverflowError, ValueError):
        return False
