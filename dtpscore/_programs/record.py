"""What the question for the nearest program leaves in ``uns``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from dtpscore._records import Record

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class ProgramsRecord(Record):
    """Likeness of every arm to published programs.

    Attributes
    ----------
    params
        Every option that is not None.
    table
        One row per arm and program.
    nearest
        One row per arm and kind of comparison: the nearest program of persisters, the
        nearest one of what is no persistence, and what can be said of the two.
    arms
        One row per arm: its samples, and what the intervals rest on.
    left_out
        Studies, signatures and contrasts that took no part.
    """

    made_by: ClassVar[str] = "dtpscore.tl.programs"

    params: dict[str, Any]
    table: pd.DataFrame
    nearest: pd.DataFrame
    arms: pd.DataFrame
    left_out: list[str]
