"""Find the record that a step has left in ``uns``, and read it as what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dtpscore import _keys
from dtpscore._calling.record import CallRecord
from dtpscore._compare.record import CompareRecord
from dtpscore._engagement.record import EngagementRecord
from dtpscore._enrichment.record import EnrichRecord
from dtpscore._lineages.record import LineageRecord
from dtpscore._ordering.record import OrderRecord, TrendsRecord
from dtpscore._programs.record import ProgramsRecord
from dtpscore._resistance.record import ResistanceRecord
from dtpscore._results.elements import check_anndata
from dtpscore._results.scores import full_record_of
from dtpscore._scoring.record import ScoreRecord
from dtpscore._vulnerabilities.record import VulnerabilityRecord
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anndata import AnnData


def _find(
    adata: AnnData, key: str, *, what: str, step: str, holds: str | None = None
) -> Mapping[str, Any]:
    """Entry of ``uns`` that a step has left.

    Parameters
    ----------
    adata
        Data with the result.
    key
        Key of the entry.
    what, step
        The result in words, and the function of ``dtpscore.tl`` that makes it.
    holds
        Field by which the entry is known. Without it, a column of ``obs`` with the
        name of the entry must exist.

    Raises
    ------
    DataError
        There is no such result.
    """
    check_anndata(adata)
    found = adata.uns.get(key)
    if isinstance(found, dict) and (holds in found if holds else key in adata.obs):
        return found
    msg = f"No {what} under {key!r}. Run dtpscore.tl.{step} first."
    raise DataError(msg)


def score_record(adata: AnnData, key: str | None = None) -> ScoreRecord:
    """Record of `dtpscore.tl.score`; a DataError where nothing was scored."""
    return ScoreRecord.from_uns(full_record_of(adata, key or _keys.SCORES))


def call_record(adata: AnnData, key: str | None = None) -> CallRecord:
    """Record of `dtpscore.tl.call`; a DataError where the cells were not called."""
    found = _find(adata, key or _keys.CALL, what="calls", step="call")
    return CallRecord.from_uns(found)


def order_record(adata: AnnData, key: str | None = None) -> OrderRecord:
    """Record of `dtpscore.tl.pseudotime`; a DataError where there is no order."""
    found = _find(adata, key or _keys.PSEUDOTIME, what="order", step="pseudotime")
    return OrderRecord.from_uns(found)


def trends_record(adata: AnnData, key: str | None = None) -> TrendsRecord:
    """Record of `dtpscore.tl.trends`; a DataError where there are no trends."""
    key = key or _keys.TRENDS
    found = _find(adata, key, what="trends", step="trends", holds="curves")
    return TrendsRecord.from_uns(found)


def enrich_record(adata: AnnData, key: str | None = None) -> EnrichRecord:
    """Record of `dtpscore.tl.enrich`; a DataError where nothing was tested."""
    key = key or _keys.ENRICHMENT
    found = _find(adata, key, what="enrichment", step="enrich", holds="members")
    return EnrichRecord.from_uns(found)


def lineage_record(adata: AnnData, key: str | None = None) -> LineageRecord:
    """Record of `dtpscore.tl.lineages`; a DataError where no clone was followed."""
    key = key or _keys.LINEAGES
    found = _find(adata, key, what="clones", step="lineages", holds="clones")
    return LineageRecord.from_uns(found)


def vulnerability_record(adata: AnnData, key: str | None = None) -> VulnerabilityRecord:
    """Record of `dtpscore.tl.vulnerabilities`; a DataError where there is none."""
    found = _find(
        adata,
        key or _keys.VULNERABILITIES,
        what="vulnerabilities",
        step="vulnerabilities",
        holds="table",
    )
    return VulnerabilityRecord.from_uns(found)


def engagement_record(adata: AnnData, key: str | None = None) -> EngagementRecord:
    """Record of `dtpscore.tl.engagement`; a DataError where it was not asked."""
    key = key or _keys.ENGAGEMENT
    found = _find(adata, key, what="engagement", step="engagement", holds="arms")
    return EngagementRecord.from_uns(found)


def resistance_record(adata: AnnData, key: str | None = None) -> ResistanceRecord:
    """Record of `dtpscore.tl.resistance`; a DataError where it was not asked."""
    found = _find(
        adata,
        key or _keys.RESISTANCE,
        what="evidence on resistance",
        step="resistance",
        holds="table",
    )
    return ResistanceRecord.from_uns(found)


def compare_record(adata: AnnData, key: str | None = None) -> CompareRecord:
    """Record of `dtpscore.tl.compare`; a DataError where arms were not compared."""
    found = _find(
        adata,
        key or _keys.COMPARE,
        what="comparison of arms",
        step="compare",
        holds="axes",
    )
    return CompareRecord.from_uns(found)


def programs_record(adata: AnnData, key: str | None = None) -> ProgramsRecord:
    """Record of `dtpscore.tl.programs`; a DataError where it was not asked."""
    key = key or _keys.PROGRAMS
    found = _find(adata, key, what="programs", step="programs", holds="nearest")
    return ProgramsRecord.from_uns(found)


def has_calls(adata: AnnData, key: str | None = None) -> bool:
    """Whether the cells were called."""
    key = key or _keys.CALL
    return key in adata.obs and isinstance(adata.uns.get(key), dict)


def has_order(adata: AnnData, key: str | None = None) -> bool:
    """Whether the cells were ordered."""
    key = key or _keys.PSEUDOTIME
    return key in adata.obs and isinstance(adata.uns.get(key), dict)
