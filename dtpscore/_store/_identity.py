"""Tell whether a file or a folder is still the one that was opened."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from dtpscore.errors import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def identity(path: Path) -> str:
    """Describe what stands at a path: place on the disk, size and time of change.

    Parameters
    ----------
    path
        A file, or a folder of which every file counts.

    Returns
    -------
    Text that differs once something else stands there.
    """
    found = hashlib.sha256()
    for name, state in _states(path):
        text = f"{name}\0{state.st_dev} {state.st_ino} {state.st_size}"
        found.update(f"{text} {state.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return found.hexdigest()


def check_same(path: Path, seen: str | None) -> None:
    """Check that a file is the one that was read.

    Raises
    ------
    DamagedError
        Another one has its name, or it was written to.
    """
    try:
        now = identity(path) if seen is not None else None
    except OSError:
        now = ""
    if now != seen:
        msg = (
            f"{path} changed while it was being read: another program wrote to it or "
            "replaced it. Nothing was written. Run the command again when the file is "
            "complete."
        )
        raise DamagedError(msg)


def _states(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    if not path.is_dir():
        yield "", path.stat()
        return
    folders = [str(path)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
        for entry in listed:
            # A link to a folder is not followed: it could lead in a circle.
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            else:
                yield entry.path, _state(entry)


def _state(entry: os.DirEntry[str]) -> os.stat_result:
    """State of a file, or of a link that leads nowhere."""
    with suppress(OSError):
        return entry.stat()
    return entry.stat(follow_symlinks=False)
