"""Look through a file of cells in a process of its own, before it is used.

Damaged metadata can make the library that reads them loop for ever or end the process.
That must happen to nobody, so a child process opens every object first. It is ended
where it makes no progress, and its end is a clear error here.
"""

from __future__ import annotations

import os
import pickle
import signal
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import h5py

from dtpscore._store._filters import load_plugins
from dtpscore._store._identity import identity
from dtpscore._store._kinds import check_layout, unreadable
from dtpscore._store._outside import (
    Outside,
    outside_hdf5,
    outside_zarr,
    refuse_outside,
)
from dtpscore._store._parts import Trouble, unreadable_parts
from dtpscore.errors import DamagedError, DataError, DtpscoreError, InputWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Seconds of computing after which a step of the child is given up; waiting for a slow
# disk does not count. A step reads one object or one piece, and has more time for a
# large one: so many bytes a second are few.
_PATIENCE = 10.0
_SPEED = 5e6


@dataclass(frozen=True)
class Access:
    """What a command may read of its input, and what it does not need.

    Attributes
    ----------
    external
        Values may lie in other files, which the input names.
    leave_out
        Parts that are damaged and shall not go to the output.
    matrices
        ``X``, ``raw`` and the layers go to the output, so that they must be readable.
    """

    external: bool = False
    leave_out: tuple[str, ...] = ()
    matrices: bool = True


@dataclass(frozen=True)
class Found:
    """What the child found.

    Attributes
    ----------
    outside
        What lies in other files.
    trouble
        Parts that cannot be read.
    """

    outside: list[Outside]
    trouble: list[Trouble]


# What was looked through already: paths with what stood there, and the answer.
_known: dict[tuple[Any, ...], Found] = {}


def probe(
    path: Path, access: Access, *, parts: bool = False, skip: str | None = None
) -> Found:
    """Look through a file of cells, and refuse what must not or cannot be read.

    Parameters
    ----------
    path
        An h5ad file or the folder of a zarr store.
    access
        What may be read.
    parts
        Also read every part of it, except the values of the matrix at ``skip``.
    skip
        A matrix that is going to be read anyway.

    Returns
    -------
    What was found.

    Raises
    ------
    DataError
        It reads other files and may not, or its metadata could run a program.
    DamagedError
        It cannot be opened, or a part that is not left out cannot be read.
    """
    key = (path.resolve(), identity(path), access.external)
    deep = (*key, access.matrices)
    found = _known.get(deep) if parts else _known.get(key)
    if found is None:
        load_plugins()
        look = _Look(path, access, parts, skip)
        found = _in_child(look, path) if hasattr(os, "fork") else look(_nothing)
        _known[key] = found
        if parts:
            _known[deep] = found
    for part, reason, unknown, needs, foreign in found.trouble:
        if part in access.leave_out or (
            _is_matrix(part) and part != skip and not access.matrices
        ):
            continue
        if needs:
            msg = (
                f"{path} has a part {part!r} that is compressed with {needs!r}, which "
                "HDF5 cannot read by itself. Install the package that can, with 'pip "
                "install hdf5plugin', or write the file again with compression='gzip'."
            )
            raise DataError(msg)
        if foreign:
            msg = (
                f"{path} has a part {part!r} that anndata cannot read: {reason}. Write "
                f"the file anew, or leave the part out with --leave-out {part!r}."
            )
            raise DataError(msg)
        if unknown:
            msg = (
                f"{path} has a part {part!r} of a kind that this anndata does not know "
                "and cannot read. It is copied as it is. Leave it out with --leave-out "
                f"{part!r}, or update anndata."
            )
            warnings.warn(msg, InputWarning, stacklevel=2)
        else:
            msg = (
                f"{path} is damaged: its part {part!r} cannot be read ({reason}). Get "
                "the file again"
            )
            if part != skip:
                msg += f", or leave the part out with --leave-out {part!r}"
            raise DamagedError(msg + ".")
    return found


def _nothing(_: int) -> None:
    """Show progress to nobody."""


def _is_matrix(part: str) -> bool:
    return part.split("/")[0] in {"X", "raw", "layers"}


@dataclass(frozen=True)
class _Look:
    """The work of the child."""

    path: Path
    access: Access
    parts: bool
    skip: str | None

    def __call__(self, step: Callable[[int], None]) -> Found:
        if self.path.is_dir():
            outside = outside_zarr(self.path, step)
        else:
            with self._file() as file:
                outside = outside_hdf5(file, step)
        if not self.access.external:
            refuse_outside(self.path, outside)
        trouble: list[Trouble] = []
        if self.parts:
            with self._file() as root:
                if "obs" in root and "var" in root:
                    check_layout(root, self.path)
                    trouble.extend(
                        unreadable_parts(
                            root,
                            step,
                            matrices=self.access.matrices,
                            skip=self.skip,
                        )
                    )
        return Found(outside, trouble)

    @contextmanager
    def _file(self) -> Iterator[Any]:
        if self.path.is_dir():
            import zarr

            yield zarr.open_group(str(self.path), mode="r", use_consolidated=False)
            return
        try:
            file = h5py.File(self.path, "r")
        except OSError as error:
            raise unreadable(self.path, error) from error
        with file:
            yield file


def _in_child(look: _Look, path: Path) -> Found:
    # Loaded here, once for both processes.
    import anndata.io  # noqa: F401

    if path.is_dir():
        import zarr  # noqa: F401
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # Python warns of threads: the child uses none of them, nor what they hold.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(reading)
        _child(look, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code != 0:
        what = f"the process that read it ended with {code}"
        if code == -signal.SIGPROF:
            what = f"it takes over {_PATIENCE:.0f} seconds and makes no progress"
        msg = f"{path} is damaged: it cannot be read ({what}). Get the file again."
        raise DamagedError(msg)
    result = pickle.loads(answer)
    if isinstance(result, DtpscoreError):
        raise result
    found: Found = result
    return found


def _child(look: _Look, writing: int) -> NoReturn:
    """Look, answer and end, without the handlers of the process this is a copy of."""
    try:
        for one in (signal.SIGTERM, signal.SIGINT, signal.SIGPROF):
            signal.signal(one, signal.SIG_DFL)
        _allow(0)
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(_answer(look), pipe)
        os._exit(0)
    finally:
        os._exit(1)


def _answer(look: _Look) -> Found | DtpscoreError:
    try:
        return look(_allow)
    except DtpscoreError as error:
        return error
    except MemoryError:
        return DataError(f"{look.path} needs more memory than there is.")
    except Exception as error:  # noqa: BLE001 - libraries raise all kinds
        return DamagedError(
            f"{look.path} is damaged: {str(error).rstrip('.')}. Get the file again."
        )


def _allow(n_bytes: int) -> None:
    """Give the next step its time; the system ends a process that takes longer."""
    signal.setitimer(signal.ITIMER_PROF, _PATIENCE + n_bytes / _SPEED)
