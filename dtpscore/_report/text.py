"""Sections in words: vulnerabilities, what RNA cannot show, methods, limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore import _keys, signatures
from dtpscore._frames import checks, states
from dtpscore._frames.scores import titled
from dtpscore._report.format import listed, number
from dtpscore._report.model import Column, Section, Table

if TYPE_CHECKING:
    import pandas as pd

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
        notes=(
            "A dependency is not expression. That an axis is high or low here does not "
            "say that its row applies to these cells. Each is an experiment to do, not "
            "a treatment.",
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


def _scoring_text(record: dict[str, Any]) -> str:
    params, made = record["params"], record["provenance"]
    n = len(made["signatures"])
    source = (
        "raw"
        if params["use_raw"]
        else f"layer {params['layer']}"
        if params.get("layer")
        else "X"
    )
    species = "" if params["species"] == "human" else " (mouse data, by ortholog)"
    return (
        f"Cells were scored on {n} gene signatures{species} with dtpscore "
        f"{made['dtpscore']}, method {params['method']} ({made['citation']}), on "
        f"{source}; up genes count positive, down genes negative, and scores are not "
        "clipped. Signatures were averaged into axes, each turned so that high means "
        f"more of it; signatures with under {100 * params['min_coverage']:.0f}% of "
        "their genes were left out where the axis had others."
    )


def _enrichment_text(record: dict[str, Any]) -> str:
    params = record["params"]
    how = (
        "counts were summed per sample, brought to log2 counts per million, and genes "
        "ranked by the difference of means over its standard error plus the median "
        "standard error (Tusher et al. 2001, doi:10.1073/pnas.091062498)"
        if params.get("sample_key")
        else "genes were ranked with the cell as the unit"
    )
    return (
        f"For gene set enrichment against {params['reference']}, {how}; sets of "
        f"{params['min_size']} to {params['max_size']:,} genes were tested with "
        "GSEApy's prerank (Fang et al. 2023, doi:10.1093/bioinformatics/btac757; "
        "Subramanian et al. 2005, doi:10.1073/pnas.0506580102) with "
        f"{params['n_permutations']:,} permutations and seed {params['seed']}."
    )


def calling_text(context: Context) -> str:
    """How the cells were called, as sentences to paste."""
    found = states.record(context.adata)
    params = found["params"]
    if not found["calibrated"]:
        return (
            f"Cells were ranked by the index ({params['index']}) without reference "
            "cells, so there is no error rate and no cell was called."
        )
    depth = (
        "Counts were thinned so that all libraries of a batch have one distribution of "
        "depth. "
        if params["match_depth"]
        else ""
    )
    joined = (
        "and of 20 principal components of expression, in groups where cells kept "
        "apart showed a second population (split likelihood ratio; Wasserman et al. "
        "2020, PNAS), "
        if found["calibration"]["components_used"].any()
        else ""
    )
    return (
        f"{depth}Cells were called against the reference {params['reference']} of the "
        "same experiment. The index is the control-matched z-score of "
        f"{params['index']} in robust standard deviations of the reference. The shift "
        "was learned from control-matched z-scores of all signatures "
        f"{joined}and calibrated by holding out each reference sample in turn "
        "(conformal p-values; Bates et al. 2023, Annals of Statistics); "
        "Benjamini-Hochberg at "
        f"{100 * params['alpha']:g}% within each group and batch. Evidence "
        f"level {found['evidence_level']}: {found['evidence']}."
    )


def methods_section(context: Context, more: tuple[str, ...]) -> Section:
    """Methods to paste, with the papers of the signatures.

    Parameters
    ----------
    context
        The data.
    more
        Paragraphs on the calls and the order.
    """
    scores = context.record(_keys.SCORES)
    paragraphs = [] if scores is None else [_scoring_text(scores)]
    paragraphs += more
    enriched = context.record(_keys.ENRICHMENT)
    if enriched is not None:
        paragraphs.append(_enrichment_text(enriched))
    cited = [] if scores is None else scores["provenance"]["signatures"]["citation"]
    return Section(
        name="methods",
        title="Methods and sources, ready to paste",
        paragraphs=(*paragraphs, "Sources of the signatures:"),
        items=tuple(sorted({str(text) for text in cited})),
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
        f"{medians.idxmax()}. Scores move with depth; part of a difference may be that."
    )


def _sample_limit(context: Context) -> str:
    if context.sample_key is None:
        return (
            "Samples are not known to this report, so nothing here says how much of a "
            "difference lies between samples of one group. Cells are not replicates."
        )
    sample = context.adata.obs[context.sample_key]
    per_group = sample.groupby(context.member, observed=True).nunique()
    single = [str(name) for name in per_group.index[per_group < 2]]
    if single:
        return (
            f"One sample only in {listed(single)}: treatment and sample cannot be told "
            "apart there. Cells are not replicates."
        )
    return (
        "Samples are the replicates: "
        + ", ".join(f"{int(n)} in {name}" for name, n in per_group.items())
        + "."
    )


def limits_section(context: Context, more: tuple[str, ...]) -> Section:
    """List what these results cannot say.

    Parameters
    ----------
    context
        The data.
    more
        Limits of the calls and the order.
    """
    items = [*more, _sample_limit(context)]
    depth = _depth_limit(context)
    if depth is not None:
        items.append(depth)
    coverage = checks.coverage(context.adata)
    low = int(np.count_nonzero(coverage["low"]))
    if low:
        items.append(
            f"{low} of {len(coverage)} signatures have too few genes in these data."
        )
    proxies = [axis.title for axis in signatures.axes().values() if axis.proxy]
    items += [
        f"{listed(proxies)} are proxies: protein activity and dependencies are not "
        "expression.",
        "RNA alone names no resistant cell. Whether cells survive and revert takes "
        "survival data and a drug holiday.",
    ]
    table = signatures.not_scorable()
    return Section(
        name="limits",
        title="Limits",
        items=tuple(items),
        tables=(
            Table(
                name="not_scorable",
                caption="Mechanisms of persistence that RNA cannot show",
                frame=table,
                columns=(
                    Column("mechanism", "Mechanism"),
                    Column("reason", "Why not"),
                    Column("instead", "What to look at"),
                    Column("paper", "Paper"),
                ),
            ),
        ),
    )
