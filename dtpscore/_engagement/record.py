"""What a look at engagement leaves in ``uns``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from dtpscore._records import Record

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class EngagementRecord(Record):
    """Output of a pathway in every arm and sample.

    Attributes
    ----------
    params
        Every option that is not None.
    arms
        One row per arm.
    samples
        One row per sample, untreated ones too.
    """

    made_by: ClassVar[str] = "dtpscore.tl.engagement"

    params: dict[str, Any]
    arms: pd.DataFrame
    samples: pd.DataFrame
