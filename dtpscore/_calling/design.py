"""Groups, libraries and batches of an experiment, from the columns of ``obs``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dtpscore.errors import DataError, OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Columns:
    """Which columns of ``obs`` describe the experiment.

    Attributes
    ----------
    groupby, reference
        Column with the conditions, and the untreated one; None without a reference.
    sample_key
        Column with the library of each cell.
    batch_key
        Column with the tumor, line or batch; each has its own reference.
    pair_key
        Column with the patient that links samples before and after.
    cell_type_key, malignant
        Column with cell types, and those that are tumor cells.
    quality_key
        Column that is true for cells that failed quality control.
    days_key
        Column with the days on drug.
    holiday
        Groups sampled after the drug was withdrawn.
    """

    groupby: str
    reference: str | None = None
    sample_key: str | None = None
    batch_key: str | None = None
    pair_key: str | None = None
    cell_type_key: str | None = None
    malignant: tuple[str, ...] = ()
    quality_key: str | None = None
    days_key: str | None = None
    holiday: tuple[str, ...] = ()


@dataclass(frozen=True)
class Design:
    """The experiment, one entry a cell.

    Attributes
    ----------
    group, batch
        Names as strings; empty where the cell has none.
    library
        int64 code of sample within batch and group.
    sample, pair
        Names of sample and patient; pair is the batch where no column is given.
    reference, tumor
        Reference cells, and cells that may be called.
    n_unnamed
        Cells that may not be called because group, batch or sample is missing.
    failed
        Failed the user's own quality control.
    days
        float64, NaN where unknown.
    """

    group: NDArray[np.str_]
    batch: NDArray[np.str_]
    library: NDArray[np.int64]
    sample: NDArray[np.str_]
    pair: NDArray[np.str_]
    reference: NDArray[np.bool_]
    tumor: NDArray[np.bool_]
    failed: NDArray[np.bool_]
    days: NDArray[np.float64]
    n_unnamed: int

    @property
    def groups(self) -> list[str]:
        """Groups other than the reference, sorted."""
        found = np.unique(self.group[~self.reference & self.tumor])
        return [str(name) for name in found if name]


def _listed(names: Sequence[object]) -> str:
    texts = [repr(str(name)) for name in names]
    more = f" and {len(texts) - 12} more" if len(texts) > 12 else ""
    return (", ".join(texts[:12]) or "none") + more


def column(obs: pd.DataFrame, key: str, what: str) -> pd.Series:
    """Take one column of ``obs``.

    Raises
    ------
    DataError
        It does not exist.
    """
    if key not in obs:
        msg = (
            f"obs has no column {key!r} for the {what}. "
            f"Columns there are: {_listed(list(obs.columns))}."
        )
        raise DataError(msg)
    return obs[key]


def _text(obs: pd.DataFrame, key: str | None, what: str) -> NDArray[np.str_]:
    if key is None:
        return np.full(len(obs), "all")
    values = column(obs, key, what)
    texts = values.astype(str).to_numpy(dtype=np.str_)
    return np.where(values.isna().to_numpy(), "", texts)


def _number(obs: pd.DataFrame, key: str | None) -> NDArray[np.float64]:
    if key is None:
        return np.full(len(obs), np.nan)
    values = column(obs, key, "days on drug")
    known = values.notna().to_numpy()
    result = np.full(len(obs), np.nan)
    try:
        result[known] = values[known].astype(str).astype(np.float64)
    except ValueError as error:
        msg = (
            f"obs[{key!r}] must hold days on drug as numbers; "
            f"found {_listed(values.astype(str).unique())}."
        )
        raise DataError(msg) from error
    return result


def _failed(obs: pd.DataFrame, key: str | None) -> NDArray[np.bool_]:
    if key is None:
        return np.zeros(len(obs), bool)
    values = column(obs, key, "failed quality control")
    # As texts, because files and pandas hold truth as bool, boolean or categories.
    texts = values.astype(str)
    if not texts.isin(["True", "False"]).all():
        msg = (
            f"obs[{key!r}] must be true or false (true: the cell failed quality "
            f"control); found {_listed(texts.unique())}."
        )
        raise DataError(msg)
    return (texts == "True").to_numpy(dtype=bool)


def _tumor(obs: pd.DataFrame, columns: Columns) -> NDArray[np.bool_]:
    if columns.cell_type_key is None:
        if columns.malignant:
            msg = "malignant needs cell_type_key, the column with the cell types."
            raise OptionError(msg)
        return np.ones(len(obs), bool)
    kinds = _text(obs, columns.cell_type_key, "cell types")
    there = sorted(set(kinds.tolist()) - {""})
    missing = [kind for kind in columns.malignant if kind not in there]
    if missing or not columns.malignant:
        problem = f"No cells are {_listed(missing)}" if missing else "None is given"
        msg = (
            f"Name the cell types that are tumor cells as malignant. {problem}; the "
            f"cell types in obs[{columns.cell_type_key!r}] are {_listed(there)}."
        )
        raise DataError(msg) if missing else OptionError(msg)
    return np.isin(kinds, columns.malignant)


def _check_groups(group: NDArray[np.str_], columns: Columns) -> None:
    there = sorted(set(group.tolist()) - {""})
    if columns.holiday and columns.reference is None:
        msg = (
            "holiday needs a reference: reversal is measured between untreated and "
            "treated cells."
        )
        raise OptionError(msg)
    if columns.reference in columns.holiday:
        msg = (
            f"reference and holiday are both {columns.reference!r}. The holiday group "
            "was treated first and sampled after the drug was withdrawn."
        )
        raise OptionError(msg)
    named = [("holiday", name) for name in columns.holiday]
    if columns.reference is not None:
        named.insert(0, ("reference", columns.reference))
    for what, name in named:
        if name not in there:
            msg = (
                f"The {what} group {name!r} is not in obs[{columns.groupby!r}]. "
                f"Groups there are: {_listed(there)}."
            )
            raise DataError(msg)
    if columns.reference is not None and len(there) < 2:
        msg = (
            f"obs[{columns.groupby!r}] holds the reference group "
            f"{columns.reference!r} alone: there is nothing to call."
        )
        raise DataError(msg)


def read_design(obs: pd.DataFrame, columns: Columns) -> Design:
    """Read the experiment from ``obs``.

    A library is a sample within its group and batch, so that a sample column shared
    by two groups (a patient before and after) still gives two libraries.

    Raises
    ------
    DataError
        A column or group does not exist, cell names repeat, or values do not fit.
    OptionError
        Choices do not fit each other.
    """
    if not obs.index.is_unique:
        msg = "Cell names repeat. Run adata.obs_names_make_unique() first."
        raise DataError(msg)
    group = _text(obs, columns.groupby, "groups")
    _check_groups(group, columns)
    batch = _text(obs, columns.batch_key, "batches")
    sample = _text(obs, columns.sample_key, "samples")
    joined = np.array(
        ["\0".join(parts) for parts in zip(batch, group, sample, strict=True)]
    )
    pair_key = columns.pair_key or columns.batch_key
    named = (group != "") & (batch != "") & (sample != "")
    tumor = _tumor(obs, columns)
    pair = _text(obs, pair_key, "pairs")
    reference = np.zeros(len(obs), bool)
    if columns.reference is not None:
        reference = (group == columns.reference) & tumor & named
    return Design(
        group=group,
        batch=batch,
        library=np.unique(joined, return_inverse=True)[1].astype(np.int64),
        sample=sample,
        # A sample of no known patient is linked with no other one.
        pair=np.where(pair == "", np.char.add("sample ", sample), pair),
        reference=reference,
        tumor=tumor & named,
        n_unnamed=int((tumor & ~named).sum()),
        failed=_failed(obs, columns.quality_key),
        days=_number(obs, columns.days_key),
    )
