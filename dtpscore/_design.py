"""The experiment as the columns of ``obs`` describe it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import natsort
import numpy as np
import pandas as pd

from dtpscore._times import NONE, Times, read_times
from dtpscore.errors import DataError, OptionError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Texts = NDArray[np.str_]
    BoolArray = NDArray[np.bool_]
    IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class DesignKeys:
    """Which columns of ``obs`` describe the experiment, and the groups in them.

    Attributes
    ----------
    groupby
        Column with the groups, such as the treatment.
    reference
        The untreated group; None without one.
    sample_key
        Column with the sample (library) of each cell.
    batch_key
        Column with the tumor, line or batch; each has its own reference cells.
    pair_key
        Column with the patient that links samples before and after treatment.
    replicate_key
        Column with the replicate series.
    time_key
        Column with the time on drug, or the dose.
    cell_type_key, malignant
        Column with cell types, and those that are malignant cells.
    quality_key
        Column that is true for cells that failed quality control.
    holiday
        Groups that were treated first and sampled after the drug was withdrawn.
    """

    groupby: str
    reference: str | None = None
    sample_key: str | None = None
    batch_key: str | None = None
    pair_key: str | None = None
    replicate_key: str | None = None
    time_key: str | None = None
    cell_type_key: str | None = None
    malignant: tuple[str, ...] = ()
    quality_key: str | None = None
    holiday: tuple[str, ...] = ()

    @classmethod
    def of(cls, options: object) -> DesignKeys:
        """Take the columns and groups that the options of a step name.

        Parameters
        ----------
        options
            Options whose fields have the names of the attributes; those it lacks stay
            at their defaults.
        """
        given = [name for name in cls.__dataclass_fields__ if hasattr(options, name)]
        return cls(**{name: getattr(options, name) for name in given})


@dataclass(frozen=True)
class Labels:
    """The labels of a column.

    Attributes
    ----------
    text
        Label per cell; ``""`` where the cell has none.
    names
        The labels that cells have, in order: that of the categories where the column is
        categorical, else the natural one, in which d3 comes before d14.
    """

    text: Texts
    names: tuple[str, ...]

    @property
    def codes(self) -> IntArray:
        """Place of each label among the names; -1 where a cell has none."""
        place = {name: code for code, name in enumerate(self.names)}
        return np.array([place.get(str(one), NONE) for one in self.text], np.int64)


@dataclass(frozen=True)
class Design:
    """The experiment; every array has one entry per cell.

    Attributes
    ----------
    cells
        Names of the cells.
    keys
        The columns that were read.
    group, batch, sample, pair
        Labels as text, ``""`` where a cell has none. Without a column of batches or
        samples all cells have the label ``"all"``. Without a column of pairs the batch
        is the pair; a cell without a pair is paired by its sample alone.
    groups
        Groups that have cells, in order, the reference first.
    library
        int64 code of the sample within its batch and group, so that a sample column
        that two groups share (a patient before and after) gives two libraries.
    reference, holiday
        Malignant cells of the reference group; cells of a holiday group.
    malignant
        Cells that take part. All of them without a column of cell types.
    named
        Cells that have a group, a batch and a sample.
    failed
        Cells that failed the user's own quality control.
    time
        Times or doses; None without such a column.
    series, series_names
        int64 code of the replicate series, -1 without one, and the names of the series.
    """

    cells: pd.Index
    keys: DesignKeys
    group: Texts
    groups: tuple[str, ...]
    batch: Texts
    sample: Texts
    pair: Texts
    library: IntArray
    reference: BoolArray
    holiday: BoolArray
    malignant: BoolArray
    named: BoolArray
    failed: BoolArray
    time: Times | None
    series: IntArray
    series_names: tuple[str, ...]

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return self.group.size

    @property
    def days(self) -> NDArray[np.float64]:
        """Days on drug per cell; NaN where they are not known."""
        return np.full(self.n_cells, np.nan) if self.time is None else self.time.days

    @property
    def treated(self) -> tuple[str, ...]:
        """Groups that are neither the reference nor a holiday, in order."""
        others = {self.keys.reference, *self.keys.holiday}
        return tuple(name for name in self.groups if name not in others)

    def only(self, cells: BoolArray) -> Design:
        """Only these cells, given as a mask; names of groups stay as they are."""
        parts: dict[str, Any] = {
            one.name: getattr(self, one.name)[cells]
            for one in fields(self)
            if isinstance(getattr(self, one.name), np.ndarray | pd.Index)
        }
        if self.time is not None:
            time = self.time
            parts["time"] = replace(
                time, numbers=time.numbers[cells], codes=time.codes[cells]
            )
        return replace(self, **parts)


def label(value: object) -> str:
    """Write a value as the label that `labels` gives it; numbers without ``.0``."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def names(given: Any) -> tuple[str, ...]:
    """One name, several, or None for none, as labels."""
    if given is None:
        return ()
    one = isinstance(given, str | bytes) or not hasattr(given, "__iter__")
    return (label(given),) if one else tuple(map(label, given))


def listed(found: Iterable[object], *, most: int = 12) -> str:
    """Text for an error: what there is to choose from."""
    texts = [repr(str(name)) for name in found]
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return (", ".join(texts[:most]) or "none") + more


def column(obs: pd.DataFrame, key: str, what: str) -> pd.Series:
    """Take one column of ``obs``.

    Raises
    ------
    DataError
        It does not exist, or several columns have its name.
    """
    if key not in obs.columns:
        msg = (
            f"obs has no column {key!r} for the {what}. "
            f"Columns there are: {listed(obs.columns)}."
        )
        raise DataError(msg)
    found = obs[key]
    if isinstance(found, pd.DataFrame):
        msg = f"obs has {found.shape[1]} columns {key!r}. Give each a name of its own."
        raise DataError(msg)
    return found


def labels(obs: pd.DataFrame, key: str, what: str) -> Labels:
    """Labels of the cells, by one rule for numbers, texts, categories and mixtures.

    Parameters
    ----------
    obs
        Annotation of the cells.
    key
        Column with the labels.
    what
        What they are, in the plural, for messages.

    Raises
    ------
    DataError
        The column does not exist.
    """
    values = column(obs, key, what)
    categorical = isinstance(values.dtype, pd.CategoricalDtype)
    plain = values.astype(object)
    missing = plain.isna().to_numpy()
    text = np.array(
        ["" if no else label(one) for one, no in zip(plain, missing, strict=True)],
        dtype=np.str_,
    )
    present = set(text.tolist()) - {""}
    if categorical:
        order = [label(one) for one in values.cat.categories]
        found = [name for name in dict.fromkeys(order) if name in present]
    else:
        found = natsort.natsorted(present)
    return Labels(text, tuple(found))


def read_design(obs: pd.DataFrame, keys: DesignKeys) -> Design:
    """Read the experiment from ``obs``.

    Raises
    ------
    DataError
        A column or a group does not exist, cell names repeat, or values do not fit.
    OptionError
        Choices do not fit each other.
    """
    if not obs.index.is_unique:
        msg = "Cell names repeat. Run adata.obs_names_make_unique() first."
        raise DataError(msg)
    group = labels(obs, keys.groupby, "groups")
    _check_groups(group.names, keys)
    batch = _labels_or_all(obs, keys.batch_key, "batches")
    sample = _labels_or_all(obs, keys.sample_key, "samples")
    malignant = _malignant(obs, keys)
    holiday = np.isin(group.text, keys.holiday)
    pair_key = keys.pair_key or keys.batch_key
    pair = _labels_or_all(obs, pair_key, "pairs")
    rows = zip(batch, group.text, sample, strict=True)
    library = np.unique(["\0".join(row) for row in rows], return_inverse=True)[1]
    time = None
    if keys.time_key is not None:
        times = column(obs, keys.time_key, "times or doses")
        time = read_times(times, keys.time_key, use=~holiday)
    series = Labels(np.full(len(obs), ""), ())
    if keys.replicate_key is not None:
        series = labels(obs, keys.replicate_key, "replicates")
    others = [name for name in group.names if name != keys.reference]
    first = [] if keys.reference is None else [keys.reference]
    return Design(
        cells=obs.index,
        keys=keys,
        group=group.text,
        groups=(*first, *others),
        batch=batch,
        sample=sample,
        pair=np.where(pair == "", np.char.add("sample ", sample), pair),
        library=library.astype(np.int64),
        reference=(group.text == keys.reference) & malignant
        if keys.reference is not None
        else np.zeros(len(obs), bool),
        holiday=holiday,
        malignant=malignant,
        named=(group.text != "") & (batch != "") & (sample != ""),
        failed=_failed(obs, keys.quality_key),
        time=time,
        series=series.codes,
        series_names=series.names,
    )


def _labels_or_all(obs: pd.DataFrame, key: str | None, what: str) -> Texts:
    return np.full(len(obs), "all") if key is None else labels(obs, key, what).text


def _failed(obs: pd.DataFrame, key: str | None) -> BoolArray:
    if key is None:
        return np.zeros(len(obs), bool)
    values = column(obs, key, "failed quality control")
    # As texts, because files and pandas hold truth as bool, boolean or categories.
    texts = values.astype(str)
    if not texts.isin(["True", "False"]).all():
        msg = (
            f"obs[{key!r}] must be true or false (true: the cell failed quality "
            f"control); found {listed(texts.unique())}."
        )
        raise DataError(msg)
    return (texts == "True").to_numpy(dtype=bool)


def _malignant(obs: pd.DataFrame, keys: DesignKeys) -> BoolArray:
    if keys.cell_type_key is None:
        if keys.malignant:
            msg = "malignant needs cell_type_key, the column with the cell types."
            raise OptionError(msg)
        return np.ones(len(obs), bool)
    kinds = labels(obs, keys.cell_type_key, "cell types")
    missing = [kind for kind in keys.malignant if kind not in kinds.names]
    if missing or not keys.malignant:
        problem = f"No cells are {listed(missing)}" if missing else "None is given"
        msg = (
            f"Name the cell types that are malignant cells as malignant. {problem}; "
            f"the cell types in obs[{keys.cell_type_key!r}] are {listed(kinds.names)}."
        )
        raise DataError(msg) if missing else OptionError(msg)
    return np.isin(kinds.text, keys.malignant)


def _check_groups(there: tuple[str, ...], keys: DesignKeys) -> None:
    if keys.holiday and keys.reference is None:
        msg = (
            "holiday needs a reference: reversal is measured between untreated and "
            "treated cells."
        )
        raise OptionError(msg)
    if keys.reference in keys.holiday:
        msg = (
            f"reference and holiday are both {keys.reference!r}. The holiday group "
            "was treated first and sampled after the drug was withdrawn."
        )
        raise OptionError(msg)
    if not there:
        msg = f"obs[{keys.groupby!r}] names no group: every value is missing."
        raise DataError(msg)
    wanted = [("holiday", name) for name in keys.holiday]
    if keys.reference is not None:
        wanted.insert(0, ("reference", keys.reference))
    for what, name in wanted:
        if name not in there:
            msg = (
                f"The {what} group {name!r} is not in obs[{keys.groupby!r}]. "
                f"Groups there are: {listed(there)}."
            )
            raise DataError(msg)
    if keys.reference is not None and len(there) < 2:
        msg = (
            f"obs[{keys.groupby!r}] holds the reference group {keys.reference!r} "
            "alone: there is nothing to compare it with."
        )
        raise DataError(msg)
