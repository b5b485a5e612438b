"""Collect what a report shows from an AnnData with results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dtpscore import signatures
from dtpscore._report import calls
from dtpscore._report.cells import cells_section
from dtpscore._report.compare import compare_section
from dtpscore._report.context import Context, context
from dtpscore._report.engagement import engagement_section
from dtpscore._report.enrichment import enrichment_section
from dtpscore._report.first import first_screen
from dtpscore._report.format import count, listed
from dtpscore._report.lineages import lineage_section
from dtpscore._report.model import ReportData, Section
from dtpscore._report.path import path_section, trends_section
from dtpscore._report.planning import planning_section
from dtpscore._report.programs import programs_section
from dtpscore._report.resistance import resistance_section
from dtpscore._report.reversal import reversal_section
from dtpscore._report.scores import (
    axes_section,
    axis_table,
    checks_section,
    leading_axes,
)
from dtpscore._report.text import limits_section, methods_section
from dtpscore._report.vulnerabilities import tried_section
from dtpscore.get._records import call_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from anndata import AnnData

_SIMULATED = "dtpscore_simulation"
_THINNED = "dtpscore_thinned"


def _banners(found: Context, provenance: dict[str, Any]) -> tuple[str, ...]:
    lines = []
    if _SIMULATED in found.adata.uns:
        lines.append(
            "These data are simulated. They show how dtpscore works and nothing about "
            "real cells."
        )
    thinned = found.adata.uns.get(_THINNED)
    if thinned is not None:
        lines.append(str(thinned["note"]))
    lines += [
        f"Step {step['name']} has no result. {step['reason']}"
        for step in provenance.get("steps", ())
        # Why there are no calls is said by the first screen.
        if step["status"] != "done" and step["name"] != "call"
    ]
    return tuple(lines)


def _reason(provenance: dict[str, Any]) -> str:
    """Why a run made no calls; empty where it did, or where there was no run."""
    calls_step = [s for s in provenance.get("steps", ()) if s["name"] == "call"]
    return str(calls_step[0]["reason"]) if calls_step else ""


def _subtitle(found: Context) -> str:
    parts = [f"{count(found.adata.n_obs)} cells", f"{count(found.adata.n_vars)} genes"]
    if found.sample_key is not None:
        parts.append(f"{found.n_samples} samples")
    parts.append(f"groups of {found.groupby}: {listed(found.names)}")
    if found.reference is not None:
        parts.append(f"reference {found.reference}")
    return " \u00b7 ".join(parts)


def _plain(record: Any) -> Any:
    """Values as JSON holds them; frames and arrays are left to the tables."""
    if isinstance(record, dict):
        kept = {str(key): _plain(value) for key, value in record.items()}
        return {key: value for key, value in kept.items() if value is not None}
    return record if isinstance(record, str | int | float | bool) else None


def _records(adata: AnnData) -> dict[str, Any]:
    """Parameters of every result, where no run recorded them."""
    return {
        key: _plain(entry["params"])
        for key, entry in adata.uns.items()
        if key.startswith("dtp_") and isinstance(entry, dict) and "params" in entry
    }


def _vulnerabilities(found: Context, table: pd.DataFrame | None) -> pd.DataFrame | None:
    """List published vulnerabilities of axes that carry calls, or else differ most."""
    if found.has_calls:
        frame: pd.DataFrame | None = call_record(found.adata).vulnerabilities
        return frame
    if table is None:
        return None
    published = signatures.vulnerabilities()
    return published[published["axis"].isin(leading_axes(table, found.queries))]


def collect(
    adata: AnnData,
    *,
    groupby: str | None = None,
    reference: str | None = None,
    sample_key: str | None = None,
    time_key: str | None = None,
    title: str = "Drug-tolerant persister states",
    provenance: dict[str, Any] | None = None,
    setting: Sequence[str] = (),
) -> ReportData:
    """Collect text, tables and figures of a report from the results there are.

    Parameters
    ----------
    adata
        Data with scores, calls, an order or an enrichment.
    groupby, reference, sample_key, time_key
        Columns and reference group. By default those of the calls and of the order.
    title
        Heading.
    provenance
        Record of the run, if there was one.
    setting
        Tumor type and drug class of the experiment.

    Raises
    ------
    DataError
        There are no results, or the columns or the group do not exist.
    SignatureError
        No contrast is about the setting.
    """
    found = context(
        adata,
        groupby=groupby,
        reference=reference,
        sample_key=sample_key,
        time_key=time_key,
        setting=setting,
    )
    table = None if found.scores_key is None else axis_table(found)
    made: list[Section | None] = [
        calls.calls_section(found),
        calls.why_section(found),
        None if table is None else axes_section(found, table),
        cells_section(found),
        reversal_section(found),
        path_section(found),
        trends_section(found),
        enrichment_section(found),
        compare_section(found),
        programs_section(found),
        engagement_section(found),
        resistance_section(found),
        lineage_section(found),
        None if table is None else checks_section(found),
        tried_section(found, _vulnerabilities(found, table)),
        planning_section(found),
        methods_section(found),
        limits_section(found),
    ]
    return ReportData(
        title=title,
        subtitle=_subtitle(found),
        banners=_banners(found, provenance or {}),
        first=first_screen(found, table, reason=_reason(provenance or {})),
        sections=tuple(section for section in made if section is not None),
        provenance=provenance or {"parameters": _records(adata)},
    )
