"""Whether stress, dying cells or foreign RNA can explain the calls of a group.

A cell leaves the range of the reference cells for other reasons than a state of its
own, too. Each of them is measured in the called cells, in untreated cells and in the
other treated cells of the same samples. It can explain calls where called cells have
more of it than untreated samples have, with the sample as the unit. That qualifies a
call and takes none back: a treatment can cause these things as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._calling.cause_parts import LEVEL, Counted, Parts, by_sample
from dtpscore._calling.features import MIN_COVERAGE
from dtpscore._calling.panel import NUISANCE
from dtpscore._calling.soup import OWN_SOUP
from dtpscore._statistics.intervals import difference_interval, mean_interval
from dtpscore._statistics.samples import claim_group

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._calling.outcome import Experiment, Outcome
    from dtpscore._calling.quality import Quality
    from dtpscore._statistics.samples import GroupClaim

    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]

STRESS = "dissociation_broad2019"
METHOD = (
    "The shares of called cells with more handling stress, a larger mitochondrial "
    "share or fewer counts than 95% of untreated cells were compared with those of "
    "held-out untreated samples, with the sample as the unit (t test at "
    f"{100 * LEVEL:g}% over all measures, Bonferroni). Where the profile of foreign "
    "RNA was known, so was the part of the difference of called and of other treated "
    "cells from untreated ones that it makes, beyond that of the same profile with "
    "genes of like expression exchanged. "
    "These measures qualify calls and change none."
)

NOT_MEASURED = (
    "it was not measured whether stress, dying cells or foreign RNA can explain the "
    "calls: that needs two untreated samples and a treated one with ten called cells."
)


@dataclass(frozen=True)
class Cause:
    """One thing that can pass for a state.

    Attributes
    ----------
    name
        What is measured.
    has
        What called cells have, for a sentence.
    says
        What a difference can come from, in words.
    sign
        1 where cells with more of it can be called for it, -1 where those with less.
    only_within
        Whether called cells must also differ from the other cells of their samples,
        because samples differ in it for technical reasons.
    of_sample
        Whether all cells of a sample have it, so that the other treated cells are
        witnesses, too. They show it best, because no state moves them.
    """

    name: str
    has: str
    says: str
    sign: int = 1
    only_within: bool = False
    of_sample: bool = False


CAUSES = {
    "stress": Cause(
        "handling stress",
        "more handling stress than 95% of untreated cells",
        "stress of handling looks like this",
    ),
    "mitochondrial": Cause(
        "mitochondrial counts",
        "a larger mitochondrial share than 95% of untreated cells",
        "dying cells look like this",
    ),
    "depth": Cause(
        "low depth",
        "fewer counts than 95% of untreated cells",
        "dying cells look like this, and so do cells that make less RNA",
        sign=-1,
        only_within=True,
    ),
    "other_types": Cause(
        "RNA of other cell types",
        "RNA of the other cell types",
        "soup and doublets do this",
        of_sample=True,
    ),
    "ambient": Cause("ambient RNA", "ambient RNA", "soup does this", of_sample=True),
}


def _within(parts: Parts) -> tuple[float, float, float]:
    """Compare called with other cells of the same samples, with a 95% interval."""
    gaps = (parts.called - parts.others)[np.isfinite(parts.others)]
    if not len(gaps):
        return (np.nan, np.nan, np.nan)
    found = mean_interval(gaps)
    if len(gaps) == 1 and parts.cells is not None:
        found = difference_interval(parts.cells[1], parts.cells[0])
    return found.estimate, found.low, found.high


def _raised(reference: FloatArray, treated: FloatArray) -> GroupClaim:
    values = np.r_[reference, treated]
    return claim_group(values, np.arange(len(values)) >= len(reference))


def compare(parts: Parts, cause: Cause, level: float) -> dict[str, Any]:
    """Compare called cells with untreated ones, and with their own samples.

    Parameters
    ----------
    parts, cause
        The measure by sample, and what it is.
    level
        p-value at or below which called cells differ from untreated ones.

    Returns
    -------
    Columns of the table. NaN where the design gives no answer.
    """
    known = parts.others[np.isfinite(parts.others)]
    claim, witness = _raised(parts.reference, parts.called), (np.nan, np.nan)
    within, low, high = _within(parts)
    explains = claim.pvalue <= level and claim.difference > 0
    if cause.only_within:
        explains = explains and low > 0
    if cause.of_sample and len(known):
        found = _raised(parts.reference, known)
        witness = (found.pvalue, found.difference)
        # Two looks at one cause share its level.
        sure = [claim.pvalue, claim.difference], witness
        explains = any(2 * p <= level and more > 0 for p, more in sure)
    if parts.soup > OWN_SOUP:
        explains = False
    return {
        "measure": cause.name,
        "n_reference_samples": len(parts.reference),
        "n_samples": len(parts.called),
        "reference": float(parts.reference.mean()),
        "called": float(parts.called.mean()),
        "other_treated": float(known.mean()) if len(known) else np.nan,
        "difference": claim.difference,
        "low": claim.low,
        "high": claim.high,
        "pvalue": claim.pvalue,
        "other_pvalue": witness[0],
        "within": within,
        "within_low": low,
        "within_high": high,
        "soup": parts.soup,
        "can_explain": bool(explains),
    }


def sentence(row: dict[str, Any], cause: Cause) -> str:
    """Say that a cause can explain calls, and what other treated cells have of it."""
    untreated = f"{max(row['reference'], 0):.1%} untreated"
    if cause.of_sample:
        whose, part, pvalue = "called", row["called"], row["pvalue"]
        if row["other_pvalue"] < pvalue and row["other_treated"] > row["reference"]:
            whose, part = "the other treated", row["other_treated"]
            pvalue = row["other_pvalue"]
        text = (
            f"{cause.has} makes {part:.1%} of the difference of {whose} from untreated "
            f"cells ({untreated}, p = {pvalue:.2g} over samples), and "
            f"{max(row['soup'], 0):.1%} of the counts of called cells"
        )
    else:
        text = (
            f"{row['called']:.1%} of the called cells have {cause.has} ({untreated}, "
            f"p = {row['pvalue']:.2g} over samples"
        )
        if np.isfinite(row["other_treated"]):
            text += f"; {row['other_treated']:.1%} of the other treated cells"
        text += ")"
    return f"{text}. This can explain a part of the calls: {cause.says}."


def _of_cells(
    experiment: Experiment, quality: Quality, *, counts: bool
) -> dict[str, FloatArray]:
    """Measures that every cell has."""
    found = {"mitochondrial": quality.mitochondrial}
    published, coverage = experiment.features.published, experiment.features.coverage
    known = STRESS in coverage.index and (
        coverage.loc[STRESS, "fraction"] >= MIN_COVERAGE
    )
    if published is not None and known:
        found["stress"] = published.nuisance[:, NUISANCE.index(STRESS)]
    if counts:
        found["depth"] = quality.counts
    return found


def add_other_causes(
    experiment: Experiment,
    outcome: Outcome,
    matrix: Any,
    quality: Quality,
    *,
    alpha: float,
    counts: bool,
    ambient: FloatArray | None = None,
) -> pd.DataFrame | None:
    """Compare called cells of every group with untreated ones; say what explains them.

    Parameters
    ----------
    experiment, outcome
        The run. Sentences are added to ``outcome``.
    matrix
        The matrix as it was given, not thinned.
    quality
        What was counted in every cell.
    alpha
        False discovery rate of the calls.
    counts
        Whether the values are counts; else depth and foreign RNA are not measured.
    ambient
        float64 (genes,): profile of empty droplets, where it is known.

    Returns
    -------
    One row per group and measure; None where no sample has ten called cells.
    """
    import pandas as pd

    design, used = experiment.design, experiment.used
    every = used & ~design.reference & (outcome.qvalue <= alpha)
    if not every.any():
        return None
    cells = _of_cells(experiment, quality, counts=counts)
    counted = None
    if counts and (ambient is not None or not design.malignant.all()):
        counted = Counted.of(matrix, experiment, every)
    rows = []
    for group in outcome.groups:
        own = used & (design.batch == group["batch"])
        treated = own & ~design.reference & (design.group == group["group"])
        masks = {
            "called": treated & every,
            "treated": treated,
            "reference": own & design.reference,
        }
        parts = {
            name: by_sample(CAUSES[name].sign * values, design.library, **masks)
            for name, values in cells.items()
        }
        if counted is not None:
            parts |= counted.parts(design.library, group["batch"], masks, ambient)
        measured = {name: part for name, part in parts.items() if part is not None}
        if not measured and masks["called"].any():
            outcome.limits.add(group["batch"], group["group"], NOT_MEASURED)
        for name in [one for one in CAUSES if one in measured]:
            row = compare(measured[name], CAUSES[name], LEVEL / len(measured))
            rows.append({"batch": group["batch"], "group": group["group"], **row})
            if row["can_explain"]:
                outcome.limits.add(
                    group["batch"], group["group"], sentence(row, CAUSES[name])
                )
    if not rows:
        return None
    outcome.methods.append(METHOD)
    return pd.DataFrame(rows)
