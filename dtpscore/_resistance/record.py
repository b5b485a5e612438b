"""What the question persister or resistant leaves in ``uns``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from dtpscore._records import Record

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class ResistanceRecord(Record):
    """Evidence for each side, one row per late group and question.

    Attributes
    ----------
    params
        Every option that is not None.
    table
        One row per late group and question.
    """

    made_by: ClassVar[str] = "dtpscore.tl.resistance"

    params: dict[str, Any]
    table: pd.DataFrame
