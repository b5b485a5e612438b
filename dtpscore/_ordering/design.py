"""What the annotation says about the cells: groups, times, samples, series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]

# Code of a cell without a label.
NONE = -1


@dataclass(frozen=True)
class Keys:
    """Columns of ``obs`` and the groups in them.

    Attributes
    ----------
    groupby
        Column with the groups.
    root
        Group that the path starts in.
    holiday
        Groups off the drug again; they are placed on the path, not used to find it.
    time, sample, replicate
        Columns with time or dose, library, and replicate series; None where the data
        have none.
    """

    groupby: str
    root: str
    holiday: tuple[str, ...] = ()
    time: str | None = None
    sample: str | None = None
    replicate: str | None = None


@dataclass(frozen=True)
class Design:
    """The same as arrays; every array has one entry a cell.

    Attributes
    ----------
    cells
        Names of the cells.
    root, holiday
        Whether a cell is in the root group, or in a holiday group.
    groups
        Group of each cell as text, "" where it has none.
    time
        Position of the cell's time in ``times``; -1 without time or in a holiday.
    times
        Times in ascending order, as text.
    sample, samples
        Code of the cell's sample and the names; -1 without one. Without a column of
        samples, cells of one group, time and series count as a sample.
    series
        Code of the replicate series; -1 without one.
    sample_is_given
        Whether samples are known, rather than guessed from group and time alone.
    """

    cells: pd.Index
    root: BoolArray
    holiday: BoolArray
    groups: NDArray[np.str_]
    time: IntArray
    times: tuple[str, ...]
    sample: IntArray
    samples: tuple[str, ...]
    series: IntArray
    sample_is_given: bool

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return self.root.size

    @property
    def fitted(self) -> BoolArray:
        """Cells with a time that are not from a holiday."""
        return self.time >= 0

    def series_with_times(self) -> IntArray:
        """Codes of the series with cells of two or more times."""
        found = [
            code
            for code in range(int(self.series.max(initial=NONE)) + 1)
            if np.unique(self.time[(self.series == code) & self.fitted]).size >= 2
        ]
        return np.asarray(found, np.int64)

    def only(self, cells: BoolArray) -> Design:
        """Only these cells, given as a mask."""
        return Design(
            cells=self.cells[cells],
            root=self.root[cells],
            holiday=self.holiday[cells],
            groups=self.groups[cells],
            time=self.time[cells],
            times=self.times,
            sample=self.sample[cells],
            samples=self.samples,
            series=self.series[cells],
            sample_is_given=self.sample_is_given,
        )


def _column(obs: pd.DataFrame, key: str, what: str) -> pd.Series[str]:
    if key not in obs.columns:
        msg = (
            f"obs has no column {key!r} for the {what}. "
            f"Columns there are: {', '.join(map(repr, obs.columns)) or 'none'}."
        )
        raise DataError(msg)
    column: pd.Series[str] = obs[key]
    return column


def _text(column: pd.Series[str]) -> NDArray[np.str_]:
    missing = column.isna()
    words = ["" if no else str(one) for one, no in zip(column, missing, strict=True)]
    return np.asarray(words, dtype=str)


def _check_groups(groups: NDArray[np.str_], keys: Keys) -> None:
    present = sorted({str(group) for group in groups} - {""})
    for group in (keys.root, *keys.holiday):
        if group not in present:
            msg = (
                f"No cell of the group {group!r} in obs[{keys.groupby!r}]. "
                f"Groups there are: {', '.join(map(repr, present)) or 'none'}."
            )
            raise DataError(msg)
    if keys.root in keys.holiday:
        msg = f"The group {keys.root!r} cannot be both the root and a holiday."
        raise DataError(msg)
    if set(present) <= {keys.root, *keys.holiday}:
        msg = (
            f"obs[{keys.groupby!r}] has only the groups {', '.join(present)}: a path "
            f"from {keys.root!r} needs cells of another group, such as treated ones."
        )
        raise DataError(msg)


def _times(column: pd.Series[str], key: str) -> tuple[IntArray, tuple[str, ...]]:
    """Rank of the time of each cell, and the times in order."""
    if isinstance(column.dtype, pd.CategoricalDtype) and column.dtype.ordered:
        used = column.cat.remove_unused_categories()
        names = tuple(str(name) for name in used.cat.categories)
        return used.cat.codes.to_numpy(dtype=np.int64), names
    plain = column.astype(object) if hasattr(column, "cat") else column
    values = pd.to_numeric(plain, errors="coerce").to_numpy(dtype=float)
    bad = np.isnan(values) & ~column.isna().to_numpy()
    if bad.any():
        first = column.to_numpy()[np.flatnonzero(bad)[0]]
        msg = (
            f"obs[{key!r}] must hold numbers or ordered categories, so that the order "
            f"of times is known; found {first!r}. Turn it into numbers first."
        )
        raise DataError(msg)
    known = np.unique(values[~np.isnan(values)])
    codes = np.where(np.isnan(values), NONE, np.searchsorted(known, values))
    return codes.astype(np.int64), tuple(f"{value:g}" for value in known)


def _codes(text: NDArray[np.str_]) -> tuple[IntArray, tuple[str, ...]]:
    names = np.unique(text[text != ""])
    codes = np.where(text == "", NONE, np.searchsorted(names, text))
    return codes.astype(np.int64), tuple(str(name) for name in names)


def _joined(columns: Sequence[NDArray[np.str_]]) -> NDArray[np.str_]:
    """One name a cell for its combination of labels."""
    rows = zip(*columns, strict=True)
    return np.asarray([" ".join(part for part in row if part) for row in rows], str)


def read_design(obs: pd.DataFrame, keys: Keys) -> Design:
    """Read the annotation of the cells.

    Raises
    ------
    DataError
        A column or a group does not exist, times have no order, cell names repeat,
        or there is no group beside root and holiday.
    """
    if not obs.index.is_unique:
        msg = "Cell names repeat, and the root is kept by name: make them unique."
        raise DataError(msg)
    groups = _text(_column(obs, keys.groupby, "groups"))
    _check_groups(groups, keys)
    holiday = np.isin(groups, keys.holiday)
    labels = [groups]
    time = np.full(len(obs), NONE)
    times: tuple[str, ...] = ()
    if keys.time is not None:
        column = _column(obs, keys.time, "times")
        labels.append(_text(column))
        used = column.mask(holiday)
        time, times = _times(used, keys.time)
    series = np.full(len(obs), NONE)
    if keys.replicate is not None:
        text = _text(_column(obs, keys.replicate, "replicates"))
        series, _ = _codes(text)
        labels.append(text)
    if keys.sample is not None:
        labels = [_text(_column(obs, keys.sample, "samples"))]
    sample, samples = _codes(_joined(labels))
    return Design(
        cells=obs.index,
        root=groups == keys.root,
        holiday=holiday,
        groups=groups,
        time=time,
        times=times,
        sample=sample,
        samples=samples,
        series=series,
        sample_is_given=keys.sample is not None or keys.replicate is not None,
    )
