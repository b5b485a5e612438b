"""Copy a large file in several threads, within the system."""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING

from dtpscore._threads import in_order, n_threads

if TYPE_CHECKING:
    from pathlib import Path

# Bytes that a thread copies at a time; a multiple of every block size, so that file
# systems that can let both files share their blocks.
_STEP = 2**26
# What a system answers that cannot copy between these two files by itself.
_CANNOT = frozenset(
    {errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}
)


def copy_file(source: Path, target: Path, *, step: int = _STEP) -> None:
    """Copy the contents of a file, not its permissions: an input may be read-only.

    Parameters
    ----------
    source
        What to copy.
    target
        Where to; a file there is replaced.
    step
        Bytes that a thread copies at a time.

    Raises
    ------
    OSError
        A file cannot be read or written, or the disk is full.
    """
    if not (hasattr(os, "copy_file_range") and _copied(source, target, step)):
        shutil.copyfile(source, target)


def _copied(source: Path, target: Path, step: int) -> bool:
    """Copy in threads; False where the system cannot."""
    with source.open("rb") as old, target.open("wb") as new:
        size = os.fstat(old.fileno()).st_size
        new.truncate(size)

        def copy(start: int) -> bool:
            end = min(start + step, size)
            while start < end:
                n = os.copy_file_range(
                    old.fileno(), new.fileno(), end - start, start, start
                )
                if n == 0:
                    # Some file systems say so for files that they make up as read.
                    return False
                start += n
            return True

        try:
            return all(in_order(copy, range(0, size, step), n_workers=n_threads(None)))
        except OSError as error:
            if error.errno in _CANNOT:
                return False
            raise
