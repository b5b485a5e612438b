"""Collect the scores of all cells, in memory or in files, as they come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from dtpscore._axes import axis_values
from dtpscore._matrix.columns import FileColumn, FileColumns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import DTypeLike, NDArray

    from dtpscore._axes import AxisMean
    from dtpscore._methods.run import MethodResult

# What is kept for every cell: (cells, columns).
CellTable: TypeAlias = "NDArray[np.floating] | FileColumns"


@dataclass(frozen=True)
class Collected:
    """Scores of all cells, filled in by rows.

    Attributes
    ----------
    scores
        float32 (cells, k).
    z, pvalue
        float32 and float64 (cells, k), or None without control.
    axes
        float32 (cells, axes).
    means
        The axes.
    """

    scores: CellTable
    z: CellTable | None
    pvalue: CellTable | None
    axes: CellTable
    means: Sequence[AxisMean]

    @classmethod
    def empty(
        cls,
        n_cells: int,
        n_signatures: int,
        means: Sequence[AxisMean],
        *,
        control: bool,
        scratch: Path | None,
    ) -> Collected:
        """Room for the scores, in memory or in files of a folder.

        Raises
        ------
        DataError
            The disk has no room.
        """

        def room(name: str, n_columns: int, dtype: DTypeLike = np.float32) -> CellTable:
            shape = (n_cells, n_columns)
            if scratch is None:
                return np.empty(shape, dtype)
            return FileColumns(scratch / name, shape, dtype)

        return cls(
            room("scores", n_signatures),
            room("z", n_signatures) if control else None,
            room("pvalue", n_signatures, np.float64) if control else None,
            room("axes", len(means)),
            means,
        )

    def put(self, rows: slice, part: MethodResult) -> None:
        """Fill in the results of some rows, and average them into axes."""
        for name in ("scores", "z", "pvalue"):
            table, values = getattr(self, name), getattr(part, name)
            if values is not None:
                table[rows] = values
        if self.means:
            self.axes[rows] = axis_values(self.means, part.scores)

    @property
    def axis(self) -> dict[str, NDArray[np.float32] | FileColumn]:
        """One float32 vector (cells,) an axis."""
        table = self.axes
        return {
            one.axis: FileColumn(table, number)
            if isinstance(table, FileColumns)
            else np.ascontiguousarray(table[:, number])
            for number, one in enumerate(self.means)
        }
