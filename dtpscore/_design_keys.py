"""Names of the columns and groups of an experiment, without numpy and pandas."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any


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


def label(value: object) -> str:
    """Write a value as the label that `labels` gives it; numbers without ``.0``."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    whole = isinstance(value, Real) and not isinstance(value, Integral)
    if whole and float(value).is_integer():  # type: ignore[arg-type]
        return str(int(value))  # type: ignore[call-overload]
    return str(value)


def names(given: Any) -> tuple[str, ...]:
    """One name, several, or None for none, as labels."""
    if given is None:
        return ()
    one = isinstance(given, str | bytes) or not hasattr(given, "__iter__")
    return (label(given),) if one else tuple(map(label, given))
