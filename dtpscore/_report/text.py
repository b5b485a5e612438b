"""Sections in words: vulnerabilities, methods, and what the results cannot say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dtpscore import _keys, signatures
from dtpscore._report.format import listed, number
from dtpscore._report.model import Column, Section, Table
from dtpscore.get import _checks as checks
from dtpscore.get._axes import titled
from dtpscore.get._groups import texts
from dtpscore.get._records import (
    call_record,
    compare_record,
    engagement_record,
    enrich_record,
    lineage_record,
    order_record,
    programs_record,
    resistance_record,
    score_record,
    trends_record,
    vulnerability_record,
)
from dtpscore.get._scores import signatures as scored_signatures

if TYPE_CHECKING:
    import pandas as pd

    from dtpscore._records import Record
    from dtpscore._report.context import Context

# A ratio of median totals between groups above which depth is named as a limit.
_DEPTH_RATIO = 1.3


def vulnerability_section(table: pd.DataFrame | None) -> Section | None:
    """List published vulnerabilities of the axes that stand out, if there are any.

    Parameters
    ----------
    table
        Rows of `dtpscore.signatures.vulnerabilities`.
    """
    if table is None or not len(table):
        return None
    return Section(
        name="vulnerabilities",
        title="Published vulnerabilities of these mechanisms",
        result=f"{len(table)} published experiments name a vulnerability of the axes "
        "that stand out here.",
        notes=(
            "RNA expression is not dependency: that an axis is high or low here does "
            "not say that its row applies to these cells. Each row is an experiment to "
            "do, not a treatment.",
        ),
        tables=(
            Table(
                name="vulnerabilities",
                caption="What killed or disrupted persisters in published experiments",
                frame=titled(table),
                columns=(
                    Column("title", "Axis"),
                    Column("target", "Target"),
                    Column("agent", "Agent"),
                    Column("paper", "Paper"),
                    Column("doi", "DOI", "doi"),
                    Column("context", "Context"),
                    Column("evidence", "Evidence"),
                    Column("caveat", "Caveat"),
                ),
            ),
        ),
    )


def _records(context: Context) -> list[Record]:
    """Give the records of the steps that were run, in the order of the analysis."""
    adata = context.adata
    found: list[Record] = []
    if context.scores_key is not None:
        found.append(score_record(adata, context.scores_key))
    if context.has_calls:
        found.append(call_record(adata))
    if context.has_order:
        found.append(order_record(adata))
    if context.has(_keys.TRENDS):
        found.append(trends_record(adata))
    if context.has(_keys.ENRICHMENT):
        found.append(enrich_record(adata))
    if context.has(_keys.COMPARE):
        found.append(compare_record(adata))
    if context.has(_keys.PROGRAMS):
        found.append(programs_record(adata))
    if context.has(_keys.ENGAGEMENT):
        found.append(engagement_record(adata))
    if context.has(_keys.RESISTANCE):
        found.append(resistance_record(adata))
    if context.has(_keys.LINEAGES):
        found.append(lineage_record(adata))
    if context.has(_keys.VULNERABILITIES):
        found.append(vulnerability_record(adata))
    return [record for record in found if record.methods]


def methods_section(context: Context) -> Section:
    """Methods to paste, as each step wrote them, and the papers of the signatures."""
    paragraphs = [" ".join(record.methods) for record in _records(context)]
    cited: set[str] = set()
    if context.scores_key is not None:
        frame = scored_signatures(context.adata, key=context.scores_key)
        cited = {str(text) for text in frame["citation"]} - {""}
    sources = ("Sources of the signatures:",) if cited else ()
    return Section(
        name="methods",
        title="Methods and sources, ready to paste",
        paragraphs=(*paragraphs, *sources),
        items=tuple(sorted(cited)),
        closed="Text and references",
    )


def _depth_limit(context: Context) -> str | None:
    quality = checks.quality(context.adata)
    if "total counts" not in quality:
        return None
    medians = quality["total counts"].groupby(context.member, observed=True).median()
    low, high = float(medians.min()), float(medians.max())
    if low <= 0 or high / low < _DEPTH_RATIO:
        return None
    return (
        f"Depth differs between groups: the median total of a cell is "
        f"{number(low, 0)} in {medians.idxmin()} and {number(high, 0)} in "
        f"{medians.idxmax()}. Scores move with depth, so part of a difference may be "
        "that."
    )


def _sample_limit(context: Context) -> str:
    if context.sample_key is None:
        return (
            "Samples are not known to this report, so nothing here says how much of a "
            "difference lies between samples of one group. Cells are not replicates."
        )
    sample = texts(context.adata, context.sample_key, "samples")[0]
    per_group = sample.groupby(context.member, observed=True).nunique()
    single = [str(name) for name in per_group.index[per_group < 2]]
    if single:
        return (
            f"There is one sample only in {listed(single)}, so treatment and sample "
            "cannot be told apart there. Cells are not replicates."
        )
    counted = [f"{int(n)} in {name}" for name, n in per_group.items()]
    return f"Samples are the replicates: {listed(counted)}."


def _uncalibrated(context: Context) -> list[str]:
    if not context.has_calls or call_record(context.adata).calibrated:
        return []
    return [
        "The index is not calibrated: there are no usable reference cells, so nothing "
        "here has an error rate."
    ]


def _coverage_limit(context: Context) -> list[str]:
    if context.scores_key is None:
        return []
    coverage = checks.coverage(context.adata, key=context.scores_key)
    low = int(np.count_nonzero(coverage["low"]))
    if not low:
        return []
    return [f"{low} of {len(coverage)} signatures have too few genes in these data."]


def limits_section(context: Context) -> Section:
    """List what these results cannot say."""
    depth = _depth_limit(context)
    proxies = [axis.title for axis in signatures.axes().values() if axis.proxy]
    items = [
        *_uncalibrated(context),
        _sample_limit(context),
        *([] if depth is None else [depth]),
        *_coverage_limit(context),
        f"{listed(proxies)} are proxies: RNA expression is neither protein activity "
        "nor dependency.",
        "RNA alone names no resistant cell. Whether cells survive and revert takes "
        "survival data and a drug holiday.",
    ]
    return Section(
        name="limits",
        title="Limits",
        items=tuple(items),
        tables=(
            Table(
                name="not_scorable",
                caption="Mechanisms of persistence that RNA cannot show",
                frame=signatures.not_scorable(),
                columns=(
                    Column("mechanism", "Mechanism"),
                    Column("reason", "Why not"),
                    Column("instead", "What to look at"),
                    Column("paper", "Paper"),
                ),
            ),
        ),
    )
