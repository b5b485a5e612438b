"""What a look at vulnerabilities leaves in ``uns``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from dtpscore._records import Record

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class VulnerabilityRecord(Record):
    """Published vulnerabilities, and what speaks for and against each here.

    Attributes
    ----------
    params
        Every option that is not None.
    table
        One row per arm and published vulnerability, the best supported first.
    axes
        One row per arm and axis: how far it moved.
    genes
        One row per arm and target gene: its expression.
    drugs
        One row per arm and drug signature of the user. None without any.
    """

    made_by: ClassVar[str] = "dtpscore.tl.vulnerabilities"

    params: dict[str, Any]
    table: pd.DataFrame
    axes: pd.DataFrame
    genes: pd.DataFrame
    drugs: pd.DataFrame | None = None
