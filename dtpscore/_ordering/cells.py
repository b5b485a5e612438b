"""The cells of an experiment as an order needs them: path, times, samples, series."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._design import label, labels, read_design
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._design import Design, DesignKeys
    from dtpscore._times import Times

    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]

# Code of a cell without a label.
NONE = -1


@dataclass(frozen=True)
class Cells:
    """The cells of an order; every array has one entry per cell.

    Attributes
    ----------
    names
        Names of the cells.
    root, holiday
        Whether a cell is in the reference group, or in a holiday group.
    moved
        Whether a cell is in a group that is neither.
    time
        Place of the cell's time among ``times``; -1 without one or in a holiday.
    times
        The times that cells have, in ascending order, as the column writes them.
    sample, samples
        Code of the cell's sample, -1 without one, and the names of the samples. Without
        a column of samples, the cells of one group, time and series are a sample.
    series, series_names
        Code of the replicate series, -1 without one, and the names of the series.
    cell_type
        Type of the cell, empty without a column of types.
    samples_are_known
        Whether ``obs`` tells the samples apart. Otherwise they are guessed from group
        and time alone.
    """

    names: pd.Index
    root: BoolArray
    holiday: BoolArray
    moved: BoolArray
    time: IntArray
    times: tuple[str, ...]
    sample: IntArray
    samples: tuple[str, ...]
    series: IntArray
    series_names: tuple[str, ...]
    cell_type: NDArray[np.str_]
    samples_are_known: bool

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return self.root.size

    @property
    def fitted(self) -> BoolArray:
        """Cells with a time that are not from a holiday."""
        return self.time >= 0

    @property
    def are_replicated(self) -> bool:
        """Whether two or more series have cells of two or more times."""
        return len(self.series_with_times) >= 2

    @property
    def series_with_times(self) -> tuple[str, ...]:
        """Names of the series with cells of two or more times."""
        return tuple(
            name
            for code, name in enumerate(self.series_names)
            if np.unique(self.time[(self.series == code) & self.fitted]).size >= 2
        )

    def only(self, rows: BoolArray) -> Cells:
        """Only these cells, given as a mask."""
        parts: dict[str, Any] = {
            one.name: getattr(self, one.name)[rows]
            for one in fields(self)
            if not isinstance(getattr(self, one.name), tuple | bool)
        }
        return replace(self, **parts)


@dataclass(frozen=True)
class Experiment:
    """What ``obs`` says of the cells that take part.

    Attributes
    ----------
    cells
        The cells that take part.
    malignant
        Mask of these among all cells.
    time
        How times were read; None without a column of times.
    """

    cells: Cells
    malignant: BoolArray
    time: Times | None


def _joined(columns: Sequence[NDArray[np.str_]]) -> NDArray[np.str_]:
    """One name per cell for its combination of labels."""
    rows = zip(*columns, strict=True)
    return np.asarray([" ".join(part for part in row if part) for row in rows], str)


def _named_samples(design: Design) -> NDArray[np.str_]:
    """Name of the library of each cell.

    A sample that two groups share, such as a patient before and after treatment, is
    two libraries, and its group is added to its name.
    """
    names = design.sample.astype(object)
    for name in np.unique(design.sample):
        rows = (design.sample == name) & (design.group != "")
        if name and np.unique(design.library[rows]).size > 1:
            names[rows] = [f"{name} {group}" for group in design.group[rows]]
    return names.astype(str)


def _samples(
    obs: pd.DataFrame, design: Design
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    if design.keys.sample_key is not None:
        text = _named_samples(design)
    else:
        known = [design.group]
        for key, what in (
            (design.keys.time_key, "times or doses"),
            (design.keys.replicate_key, "replicates"),
        ):
            if key is not None:
                known.append(labels(obs, key, what).text)
        text = _joined(known)
    names = np.unique(text[text != ""])
    codes = np.where(text == "", NONE, np.searchsorted(names, text))
    return codes.astype(np.int64), tuple(str(name) for name in names)


def _check(design: Design) -> None:
    reference = design.keys.reference
    if not design.reference.any():
        msg = (
            f"No malignant cell is in the reference group {reference!r}, and the path "
            "starts there."
        )
        raise DataError(msg)
    if not (design.malignant & np.isin(design.group, design.treated)).any():
        there = ", ".join(map(repr, design.groups))
        msg = (
            f"obs[{design.keys.groupby!r}] has only the groups {there}: a path from "
            f"{label(reference)!r} needs cells of another group, such as treated ones."
        )
        raise DataError(msg)


def _cell_types(obs: pd.DataFrame, keys: DesignKeys) -> NDArray[np.str_]:
    if keys.cell_type_key is None:
        return np.full(len(obs), "")
    return labels(obs, keys.cell_type_key, "cell types").text


def read_cells(obs: pd.DataFrame, keys: DesignKeys) -> Experiment:
    """Read from ``obs`` what an order needs to know of the cells.

    Raises
    ------
    DataError
        A column or a group does not exist, times cannot be read, cell names repeat, or
        there is no group beside the reference and the holiday.
    """
    design = read_design(obs, keys)
    _check(design)
    sample, samples = _samples(obs, design)
    time = design.time
    cells = Cells(
        names=design.cells,
        root=design.reference,
        holiday=design.holiday,
        moved=np.isin(design.group, design.treated),
        time=np.full(len(obs), NONE) if time is None else time.codes,
        times=() if time is None else time.names,
        sample=sample,
        samples=samples,
        series=design.series,
        series_names=design.series_names,
        cell_type=_cell_types(obs, keys),
        samples_are_known=keys.sample_key is not None or keys.replicate_key is not None,
    )
    return Experiment(cells.only(design.malignant), design.malignant, time)
