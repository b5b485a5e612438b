"""Results of many cells that are kept in a file, one column after another."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import DTypeLike, NDArray


# Numbers that are gathered before they are written: few calls to the system.
_GATHERED = 500_000


class FileColumns:
    """A table over cells in a file: filled by rows, read by columns.

    Only what is being written or read is in memory, unlike the pages of a mapped file.
    One thread at a time may use it.

    Parameters
    ----------
    path
        The file; made here. It can be taken away when the table is not needed any more.
    shape
        Cells and columns.
    dtype
        Type of the numbers.

    Raises
    ------
    DataError
        The disk has no room for it.
    """

    def __init__(self, path: Path, shape: tuple[int, int], dtype: DTypeLike) -> None:
        self.path, self.shape, self.dtype = path, shape, np.dtype(dtype)
        # Consecutive rows that are not in the file yet, and the row after them.
        self._waiting: list[NDArray[Any]] = []
        self._next = 0
        try:
            with path.open("wb") as file:
                if self.nbytes and hasattr(os, "posix_fallocate"):
                    # Take the room now, and not fail at the end of a long run.
                    os.posix_fallocate(file.fileno(), 0, self.nbytes)
                file.truncate(self.nbytes)
        except OSError as error:
            msg = (
                f"The folder of the output has no room for {self.nbytes / 1e6:,.0f} MB "
                f"of results ({error.strerror}). Choose another place with -o."
            )
            raise DataError(msg) from error

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return self.shape[0] * self.shape[1] * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __setitem__(self, rows: slice, values: NDArray[Any]) -> None:
        """Write consecutive rows."""
        if rows.start != self._next:
            self._write()
        self._waiting.append(np.array(values, self.dtype))
        self._next = rows.start + len(values)
        if sum(part.size for part in self._waiting) >= _GATHERED:
            self._write()

    def _write(self) -> None:
        """Bring the rows that wait to the file."""
        if not self._waiting:
            return
        values = np.concatenate(self._waiting)
        self._waiting.clear()
        first = self._next - len(values)
        with self.path.open("rb+", buffering=0) as file:
            for number, column in enumerate(np.ascontiguousarray(values.T)):
                file.seek((number * self.shape[0] + first) * self.dtype.itemsize)
                file.write(column.data)

    def __getitem__(self, place: tuple[slice, int]) -> NDArray[Any]:
        """Read a column, ``table[:, number]``."""
        self._write()
        start = place[1] * self.shape[0] * self.dtype.itemsize
        return np.fromfile(self.path, self.dtype, self.shape[0], offset=start)[place[0]]

    def read(self) -> NDArray[Any]:
        """Read all of it."""
        self._write()
        return np.fromfile(self.path, self.dtype).reshape(self.shape[::-1]).T


@dataclass(frozen=True)
class FileColumn:
    """One column of a table in a file, read when it is needed.

    Attributes
    ----------
    table
        The table.
    number
        Which column.
    """

    table: FileColumns
    number: int

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return len(self.table) * self.table.dtype.itemsize

    def read(self) -> NDArray[Any]:
        """Read the column."""
        return self.table[:, self.number]
