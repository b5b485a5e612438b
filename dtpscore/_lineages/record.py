"""What an analysis of clones leaves in ``uns``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from dtpscore._records import Record

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class LineageRecord(Record):
    """Clones, what became of them, and what foretells it.

    Attributes
    ----------
    params
        Every option that is not None.
    samples
        One row per sample: cells with and without a clone, and how diverse it is.
    clones
        One row per clone and arm: cells before and after, and the change.
    arms
        One row per arm: how many clones were found again, and how alike replicates are.
    states
        One row per arm and feature: whether it foretells the fate. None where no state
        is known or too few clones are in the untreated samples.
    cycling
        One row per arm: cycling and resting persisters within and between clones. None
        where it is not known which persisters cycle.
    """

    made_by: ClassVar[str] = "dtpscore.tl.lineages"

    params: dict[str, Any]
    samples: pd.DataFrame
    clones: pd.DataFrame
    arms: pd.DataFrame
    states: pd.DataFrame | None = None
    cycling: pd.DataFrame | None = None
