"""From the output of a pathway in cells to the record of engagement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore._engagement.hits import (
    CALLED_ONLY,
    HIT_CALLED,
    HIT_ONLY,
    NEITHER,
    limit,
    share_below,
    states,
    verdict,
    within_samples,
)
from dtpscore._engagement.record import EngagementRecord
from dtpscore._statistics.samples import claim_group
from dtpscore.errors import ResultError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._design import Design
    from dtpscore._options.engagement import EngagementOptions

    BoolArray = NDArray[np.bool_]

_COUNTS = {
    HIT_CALLED: "n_hit_called",
    HIT_ONLY: "n_hit_not_called",
    CALLED_ONLY: "n_called_not_hit",
    NEITHER: "n_neither",
}


@dataclass(frozen=True)
class Engaged:
    """Output and state of every cell, and the record.

    Attributes
    ----------
    output
        float64 (cells,): output in standard deviations of the untreated cells of the
        batch; NaN for cells that take no part.
    state
        Text (cells,): empty for untreated cells and for those that take no part.
    record
        The tables.
    """

    output: NDArray[np.float64]
    state: NDArray[np.str_]
    record: EngagementRecord


def _times(design: Design) -> NDArray[np.str_]:
    if design.time is None:
        return np.full(design.n_cells, "", dtype="<U1")
    return np.array([*design.time.names, ""], dtype=str)[design.time.codes]


@dataclass(frozen=True)
class _Batch:
    """One batch: its untreated cells, its output, and the limit in it."""

    name: str
    inside: BoolArray
    own: BoolArray
    output: NDArray[np.float64]
    limit: float


def _batches(design: Design, values: NDArray[np.float64], alpha: float) -> list[_Batch]:
    used, found = design.named & design.malignant & np.isfinite(values), []
    for name in sorted(set(design.batch[used].tolist())):
        inside = used & (design.batch == name)
        own = inside & design.reference
        spread = float(values[own].std(ddof=1)) if own.sum() > 1 else 0.0
        if spread == 0 or not (inside & ~design.reference).any():
            continue
        output = (values - values[own].mean()) / spread
        level = limit(output[own], design.library[own], alpha)
        found.append(_Batch(name, inside, own, output, level))
    return found


def _samples(
    design: Design, batch: _Batch, hit: BoolArray, called: BoolArray | None
) -> pd.DataFrame:
    time, rows = _times(design), []
    frame = pd.DataFrame(
        {"group": design.group, "time": time, "sample": design.sample}
    )[batch.inside]
    for key, cells in frame.groupby(
        ["group", "time", "sample"], sort=True
    ).groups.items():
        at = np.asarray(cells, np.int64)
        row: dict[str, Any] = dict(zip(("group", "time", "sample"), key, strict=True))
        rows.append(
            {
                "batch": batch.name,
                **row,
                "n_cells": len(at),
                "output": float(batch.output[at].mean()),
                "share_low": float(hit[at].mean()),
                "share_called": float("nan")
                if called is None
                else float(called[at].mean()),
            }
        )
    return pd.DataFrame(rows)


def _arm_row(
    design: Design,
    batch: _Batch,
    arm: BoolArray,
    *,
    called: BoolArray | None,
    means: tuple[pd.DataFrame, pd.DataFrame],
    alpha: float,
) -> dict[str, Any]:
    values = np.concatenate([one["output"].to_numpy() for one in means])
    treated = np.repeat([False, True], [len(one) for one in means])
    claim = claim_group(values, treated)
    row: dict[str, Any] = {
        "n_samples": len(means[1]),
        "n_cells": int(arm.sum()),
        "difference": claim.difference,
        "low": claim.low,
        "high": claim.high,
        "pvalue": claim.pvalue,
        "verdict": verdict(claim.difference, claim.pvalue, alpha),
        "share_hit": share_below(batch.output[arm], batch.limit, alpha),
        "limit": batch.limit,
    }
    if called is None:
        return row
    kinds = states(batch.output[arm] <= batch.limit, called[arm])
    row |= {name: int((kinds == kind).sum()) for kind, name in _COUNTS.items()}
    gap = within_samples(batch.output[arm], called[arm], design.library[arm])
    return row | {
        "called_difference": gap.estimate,
        "called_low": gap.low,
        "called_high": gap.high,
        "n_samples_both": gap.n,
    }


def engage(
    design: Design,
    values: NDArray[np.float64],
    called: BoolArray | None,
    options: EngagementOptions,
) -> Engaged:
    """Look at the output of a pathway in every arm.

    Parameters
    ----------
    design
        The experiment.
    values
        float64 (cells,): score of the pathway.
    called
        bool (cells,): DTP-like cells; None where the cells were not called.
    options
        Options.

    Raises
    ------
    ResultError
        No batch has both untreated cells whose output varies and treated cells.
    """
    output = np.full(design.n_cells, np.nan)
    state = np.full(design.n_cells, "", dtype="<U40")
    time, samples, arms = _times(design), [], []
    for batch in _batches(design, values, options.alpha):
        output[batch.inside] = batch.output[batch.inside]
        hit = batch.output <= batch.limit
        on_drug = batch.inside & ~design.reference
        known = np.zeros(design.n_cells, bool) if called is None else called
        state[on_drug] = states(hit[on_drug], known[on_drug])
        table = _samples(design, batch, hit, called)
        samples.append(table)
        own = table[(table["group"] == options.reference).to_numpy()]
        for (group, when), part in table.groupby(["group", "time"], sort=False):
            if group == options.reference:
                continue
            arm = on_drug & (design.group == group) & (time == when)
            row = _arm_row(
                design,
                batch,
                arm,
                called=called,
                means=(own, part),
                alpha=options.alpha,
            )
            arms.append({"batch": batch.name, "group": group, "time": when, **row})
    if not arms:
        msg = (
            f"The output of {options.pathway} cannot be compared: no batch has both "
            "treated cells and untreated cells in which it varies."
        )
        raise ResultError(msg)
    all_samples = pd.concat(samples, ignore_index=True)
    frame = pd.DataFrame(arms)
    record = EngagementRecord(
        params=options.model_dump(exclude_none=True, exclude={"key_added"}),
        arms=frame,
        samples=all_samples,
        methods=_methods(options, called=called is not None),
        messages=_messages(frame, all_samples, options, known=called is not None),
    )
    return Engaged(output, state, record)


def _messages(
    arms: pd.DataFrame,
    samples: pd.DataFrame,
    options: EngagementOptions,
    *,
    known: bool,
) -> list[str]:
    told = [
        "A cell whose output lies in the range of untreated cells was not shown to be "
        "hit. That is no proof that it was never hit: few genes are read in one cell, "
        "and a pathway can rebound within days.",
    ]
    own = samples[(samples["group"] == options.reference).to_numpy()]
    single = own.groupby("batch").size()
    if (single == 1).any():
        told.append(
            "There is one untreated sample, so how much libraries differ in this "
            "output is not known, and the cells that count as hit may be those of "
            "another library."
        )
    if not known:
        told.append("The cells are not called, so hit and called cannot be crossed.")
    if (arms["verdict"] != "output fell").all():
        told.append(
            f"The output of {options.pathway} is not shown to fall in any arm. A cell "
            "that the drug did not reach is no persister: a blot of the target, a "
            "higher dose or an early time point would tell."
        )
    return told


def _methods(options: EngagementOptions, *, called: bool) -> list[str]:
    told = [
        f"Output of the pathway is the axis {options.pathway} in standard deviations "
        "of the untreated cells. Arms were compared by the t test over samples. A cell "
        f"counts as hit where its output is below that of {1 - options.alpha:.0%} of "
        "untreated cells around the centers of their samples, lowered by what one "
        "further library may differ.",
    ]
    if called:
        told.append(
            "Called and other cells were compared within samples, each sample counting "
            "once."
        )
    return told
