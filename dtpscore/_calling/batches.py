"""Call every group of every batch against the reference cells of its batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._calling.cells import (
    Cells,
    alike_in_size,
    chosen_for_fit,
    every_other,
    largest_fit,
    reference_units,
    robust_center_and_spread,
    standardized,
    weighed_like,
)
from dtpscore._calling.edge import METHOD as LEFT_OUT
from dtpscore._calling.edge import edge_of, leave_out, parts_of
from dtpscore._calling.group import (
    SHIFT_BASIS,
    GroupCall,
    call_group,
    leave_one_out,
)
from dtpscore._calling.group_move import group_move
from dtpscore._calling.naming import NOT_MOVED, Agreement, agreement
from dtpscore._calling.outcome import Outcome, where
from dtpscore._calling.reasons import explain
from dtpscore._calling.selection import NONE_CALLED, before_treatment
from dtpscore._calling.states import (
    EARLY_DAYS,
    LOW_QUALITY,
    LOW_QUALITY_STATE,
    NOT_CALIBRATED,
    NOT_DECIDED,
    Grounds,
    limits,
    states,
)
from dtpscore._calling.words import call_in_words
from dtpscore._threads import n_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

from dtpscore._calling.outcome import Experiment

# A shift of which the signatures explain less than this gets a message.
_LITTLE = 0.5


@dataclass(frozen=True)
class _Batch:
    """One batch: its name and its rows, sorted by cell name."""

    name: str
    rows: NDArray[np.int64]
    reference: NDArray[np.bool_]


def _place_index(experiment: Experiment, outcome: Outcome, batch: _Batch) -> None:
    """Index, proliferation and axes in units of the batch's reference cells.

    Without reference cells the whole population sets the unit.
    """
    found, rows = experiment.features, batch.rows
    unit = batch.reference if batch.reference.any() else np.ones(len(rows), bool)
    for target, values in (
        (outcome.index, found.index[rows]),
        (outcome.proliferation, found.proliferation[rows]),
        (outcome.axis_z, found.axes[rows]),
    ):
        target[rows] = reference_units(values, unit)
    center, spread = robust_center_and_spread(found.index[rows][unit])
    low_index, dividing = limits(
        outcome.index[rows][unit], outcome.proliferation[rows][unit]
    )
    outcome.thresholds.append(
        {
            "batch": batch.name,
            "index_median": float(center),
            "index_spread": float(spread),
            "low_index": low_index,
            "proliferation": dividing,
        }
    )


def _cells(experiment: Experiment, outcome: Outcome, rows: NDArray[np.int64]) -> Cells:
    sample, keys = experiment.design.library[rows], experiment.keys[rows]
    features = standardized(experiment.features.values[rows])
    largest = largest_fit(len(np.unique(sample)))
    alike = min(largest, alike_in_size(sample))
    return Cells(
        features=features,
        sample=sample,
        reference=experiment.design.reference[rows],
        evidence=outcome.index[rows],
        fit=chosen_for_fit(sample, keys, largest),
        fit_mixed=chosen_for_fit(sample, keys, alike),
        components=weighed_like(experiment.components[rows], features.shape[1]),
        half=every_other(sample, keys),
    )


def _check_samples(
    experiment: Experiment,
    outcome: Outcome,
    batch: _Batch,
    *,
    alpha: float,
    check: bool,
    n_workers: int,
) -> bool:
    """Call every reference sample against the others; is the error rate exceeded?"""
    rows = batch.rows[batch.reference]
    cells = _cells(experiment, outcome, rows)
    found = {}
    if check:
        found = leave_one_out(
            cells, alpha=alpha, prior=experiment.prior, n_workers=n_workers
        )
    n_called = 0.0
    for library in np.unique(cells.sample):
        own = rows[cells.sample == library]
        share = found.get(int(library), float("nan"))
        n_called += 0 if np.isnan(share) else share * len(own)
        outcome.references.append(
            {
                "batch": batch.name,
                "sample": str(experiment.design.sample[own[0]]),
                "n_cells": len(own),
                "called_share": share,
            }
        )
    unstable = n_called > alpha * len(rows)
    if unstable:
        outcome.messages.append(
            f"{where(batch.name)}{n_called / len(rows):.0%} of the reference cells are "
            "called against the other reference samples, more than "
            f"{100 * alpha:g}%. The reference samples differ too much, so every call "
            "becomes uncertain."
        )
    return unstable


def _add_limits(
    outcome: Outcome, batch: _Batch, group: str, facts: dict[str, Any]
) -> None:
    """Add what the calls of a group cannot show."""
    share = facts["smallest_share"]
    n = facts["n_reference_cells"]
    if share > 1:
        text = f"no call is possible with {n:,} reference cells; use more"
    else:
        text = (
            f"no call is possible below {share:.1%} of the cells ({n:,} reference "
            "cells)"
        )
    outcome.limits.add(batch.name, group, f"{text}.")
    if facts["basis"] != SHIFT_BASIS:
        outcome.limits.add(
            batch.name,
            group,
            "one untreated library: treatment and library cannot be told apart, so "
            "only a second population inside samples can be called. A move of a whole "
            "sample is not seen, and a clone that grew out can pass for a state. The "
            "library shift ranks the cells and calls none. Add a second untreated "
            "sample.",
        )
    if facts["n_called"] and facts["explained_by_signatures"] < _LITTLE:
        share = facts["explained_by_signatures"]
        outcome.messages.append(
            f"{where(batch.name, group)}the signatures explain {share:.0%} of the "
            "shift; no axis stands for the rest."
        )


def _decide(
    experiment: Experiment,
    outcome: Outcome,
    rows: NDArray[np.int64],
    *,
    found: GroupCall,
    alpha: float,
    unstable: bool,
) -> Agreement:
    """States of one group; returns how published contrasts see its called cells."""
    design, features = experiment.design, experiment.features
    reference = design.reference[rows]
    called = found.qvalue <= alpha
    agreed = NOT_MOVED
    if features.published is not None:
        agreed = agreement(
            features.published.of(rows),
            features.index[rows],
            features.random[rows],
            called=called,
            reference=reference,
            sample=design.library[rows],
        )
    facts = found.calibration
    state, reason = states(
        Grounds(
            reference=reference,
            called=called,
            index=outcome.index[rows],
            proliferation=outcome.proliferation[rows],
            named=agreed.named,
            early=design.days[rows] < EARLY_DAYS,
            unstable=unstable,
            one_library=facts["basis"] != SHIFT_BASIS,
            too_few=facts["smallest_share"] > 1,
        )
    )
    outcome.state[rows], outcome.reason[rows] = state, reason
    return agreed


def _call_one(
    experiment: Experiment,
    outcome: Outcome,
    batch: _Batch,
    group: str,
    *,
    alpha: float,
    unstable: bool,
    n_workers: int,
) -> None:
    """Call the cells of one group and store what was found."""
    rows = batch.rows[batch.reference | (experiment.design.group[batch.rows] == group)]
    cells = _cells(experiment, outcome, rows)
    found = call_group(cells, alpha=alpha, prior=experiment.prior, n_workers=n_workers)
    query = rows[~cells.reference]
    for name in ("pvalue", "qvalue"):
        getattr(outcome, name)[query] = getattr(found, name)[~cells.reference]
    for name in ("shift", "library_shift", "tail"):
        target = getattr(outcome, name)
        # A reference cell keeps what it got beside the first group.
        open_rows = ~cells.reference | np.isnan(target[rows])
        target[rows[open_rows]] = getattr(found, name)[open_rows]
    called = found.qvalue <= alpha
    agreed = _decide(
        experiment, outcome, rows, found=found, alpha=alpha, unstable=unstable
    )
    explained = explain(
        experiment,
        outcome,
        rows,
        cells=cells,
        coefficients=found.coefficients,
        called=called,
        label=(batch.name, group),
    )
    moved = group_move(
        experiment.features.values[rows],
        cells.sample,
        cells.reference,
        experiment.design.pair[rows],
        exclude_studies=experiment.features.excluded,
    )
    edge = edge_of(found.qvalue[~cells.reference], alpha)
    before = before_treatment(found.shift, called & ~cells.reference, cells.reference)
    outcome.groups.append(
        {
            "batch": batch.name,
            "group": group,
            **found.calibration,
            **edge.row(),
            **(NONE_CALLED if before is None else before.row()),
            "n_studies": agreed.n_studies,
            "n_studies_agree": agreed.n_agree,
            "index_rise": agreed.index,
            "reference_unstable": unstable,
            "explained_by_signatures": explained,
            **moved.row(),
        }
    )
    _add_limits(outcome, batch, group, outcome.groups[-1])
    outcome.limits.add(batch.name, group, moved.sentence(alpha))
    if before is not None:
        outcome.limits.add(batch.name, group, before.sentence())
    said = edge.sentence(alpha)
    if said is not None:
        outcome.limits.add(batch.name, group, said)


def call_batches(
    experiment: Experiment,
    *,
    alpha: float,
    check_reference: bool,
    check_stability: bool = False,
    n_jobs: int | None = None,
) -> Outcome:
    """Call every group of every batch against the reference cells of its batch.

    Parameters
    ----------
    experiment
        All cells with their features.
    alpha
        False discovery rate, kept within each group of each batch.
    check_reference
        Also call the reference samples against each other.
    check_stability
        Also call each group without each quarter of its cells.
    n_jobs
        Threads; None for as many as numba uses. Results do not depend on it.

    Returns
    -------
    Results of all cells.
    """
    design, n_workers = experiment.design, n_threads(n_jobs)
    outcome = Outcome.empty(len(experiment.used), experiment.features.axis_names)
    sorted_rows = experiment.order[experiment.used[experiment.order]]
    for name in np.unique(design.batch[sorted_rows]):
        rows = sorted_rows[design.batch[sorted_rows] == name]
        batch = _Batch(str(name), rows, design.reference[rows])
        _place_index(experiment, outcome, batch)
        if not batch.reference.any():
            continue
        unstable = _check_samples(
            experiment,
            outcome,
            batch,
            alpha=alpha,
            check=check_reference,
            n_workers=n_workers,
        )
        # In an order that does not depend on that of categories, because a reference
        # cell keeps the shift that it got beside the first group.
        for group in np.unique(design.group[rows[~batch.reference]]):
            _call_one(
                experiment,
                outcome,
                batch,
                str(group),
                alpha=alpha,
                unstable=unstable,
                n_workers=n_workers,
            )
    rest = design.malignant & design.named & ~experiment.low & (outcome.state == "")
    outcome.state[rest], outcome.reason[rest] = NOT_DECIDED, NOT_CALIBRATED
    outcome.state[experiment.low] = LOW_QUALITY_STATE
    outcome.reason[experiment.low] = LOW_QUALITY
    _in_order_of_groups(outcome, design.groups)
    if check_stability:
        for row in outcome.groups:
            _leave_out(experiment, outcome, row, alpha=alpha, n_workers=n_workers)
    outcome.methods += call_in_words(experiment, outcome, alpha)
    if check_stability and outcome.groups:
        outcome.methods.append(LEFT_OUT)
    return outcome


def _leave_out(
    experiment: Experiment,
    outcome: Outcome,
    row: dict[str, Any],
    *,
    alpha: float,
    n_workers: int,
) -> None:
    """Call a group again without parts of its cells, and say what changes."""
    design, order = experiment.design, experiment.order
    own = (design.batch == row["batch"]) & experiment.used
    own &= design.reference | (design.group == row["group"])
    rows = order[own[order]]

    def call(kept: NDArray[np.bool_]) -> float:
        cells = _cells(experiment, outcome, rows[kept])
        found = call_group(
            cells, alpha=alpha, prior=experiment.prior, n_workers=n_workers
        )
        return float((found.qvalue[~cells.reference] <= alpha).mean())

    part = parts_of(design.library[rows], experiment.keys[rows])
    found = leave_out(part, row["called_share"], call)
    row |= found.row()
    outcome.limits.add(row["batch"], row["group"], found.sentence())


def _in_order_of_groups(outcome: Outcome, groups: Sequence[str]) -> None:
    """Sort the rows of each batch as groups are sorted everywhere."""
    place = {name: number for number, name in enumerate(groups)}
    outcome.groups.sort(key=lambda row: (row["batch"], place[row["group"]]))
    outcome.reasons.sort(
        key=lambda table: (table["batch"].iloc[0], place[table["group"].iloc[0]])
    )
