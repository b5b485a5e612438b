"""What a comparison of arms leaves in ``uns``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from dtpscore._records import Record

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class CompareRecord(Record):
    """Differences between every arm and the reference.

    Attributes
    ----------
    params
        Every option that is not None.
    axes
        One row per arm and axis.
    arms
        One row per arm: its samples, the test, and what it rests on.
    samples
        One row per sample of the reference and of an arm, and axis. Of genes, those
        that differ most.
    unit
        Unit of the differences, in words.
    contrast
        What is subtracted from what, in words that follow the name of an arm.
    """

    made_by: ClassVar[str] = "dtpscore.tl.compare"

    params: dict[str, Any]
    axes: pd.DataFrame
    arms: pd.DataFrame
    samples: pd.DataFrame
    unit: str = "SD of reference cells"
    contrast: str = ""
