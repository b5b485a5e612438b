"""Call every group of every batch and put the pieces together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._calling.axes import axis_means
from dtpscore._calling.batch import (
    LARGEST_FIT,
    SHIFT_BASIS,
    GroupCall,
    call_group,
    leave_one_out,
)
from dtpscore._calling.explain import explain
from dtpscore._calling.folds import Cells
from dtpscore._calling.index import (
    chosen_for_fit,
    every_other,
    reference_units,
    standardized,
    weighed_like,
)
from dtpscore._calling.outcome import Outcome
from dtpscore._calling.sentences import where
from dtpscore._calling.states import (
    LOW_QUALITY,
    NOT_CALIBRATED,
    Evidence,
    direction_supported,
    states,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._calling.outcome import Experiment

# Days on drug before which survivors cannot be told from cells that will die.
_EARLY_DAYS = 3.0
# A shift of which the signatures explain less than this is worth a word.
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
        (outcome.axis_z, axis_means(found, rows)),
    ):
        target[rows] = reference_units(values, unit)
    index = outcome.index[rows][unit]
    raw = found.index[rows][unit]
    outcome.thresholds.append(
        {
            "batch": batch.name,
            "index_median": float(np.median(raw)),
            "index_spread": float(1.4826 * np.median(np.abs(raw - np.median(raw)))),
            "low_index": float(np.quantile(index, 0.05)),
            "proliferation": float(np.median(outcome.proliferation[rows][unit])),
        }
    )


def _cells(experiment: Experiment, outcome: Outcome, rows: NDArray[np.int64]) -> Cells:
    sample, keys = experiment.design.library[rows], experiment.keys[rows]
    features = standardized(experiment.features.values[rows])
    return Cells(
        features=features,
        sample=sample,
        reference=experiment.design.reference[rows],
        evidence=outcome.index[rows],
        fit=chosen_for_fit(sample, keys, LARGEST_FIT),
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
) -> bool:
    """Call every reference sample against the others; is the error rate exceeded?"""
    rows = batch.rows[batch.reference]
    cells = _cells(experiment, outcome, rows)
    found = leave_one_out(cells, outcome.index[rows], alpha=alpha) if check else {}
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


def _say(outcome: Outcome, batch: _Batch, group: str, facts: dict[str, Any]) -> None:
    share = facts["smallest_share"]
    n = facts["n_reference_cells"]
    if share > 1:
        text = f"no call is possible with {n:,} reference cells; use more"
    else:
        text = f"no call is possible below {share:.1%} of the cells ({n:,} reference)"
    outcome.limits.add(batch.name, group, f"{text}.")
    if facts["basis"] != SHIFT_BASIS:
        outcome.limits.add(
            batch.name,
            group,
            "one reference library: treatment and library cannot be told apart, so the "
            "learned shift makes no call (dtp_library_shift) and calls rest on the "
            "published index alone. Add a second untreated sample.",
        )
    elif facts["n_called"] and facts["explained_by_signatures"] < _LITTLE:
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
) -> bool:
    """States of one group; returns whether the index supports the direction."""
    design = experiment.design
    reference = design.reference[rows]
    called = found.qvalue <= alpha
    supported = direction_supported(
        outcome.index[rows], called, reference, design.library[rows]
    )
    n = len(rows)
    state, reason = states(
        Evidence(
            reference=reference,
            low_quality=np.zeros(n, bool),
            calibrated=np.ones(n, bool),
            called=called,
            index=outcome.index[rows],
            proliferation=outcome.proliferation[rows],
            supported=np.full(n, supported),
            early=design.days[rows] < _EARLY_DAYS,
            unstable=unstable,
        )
    )
    outcome.state[rows], outcome.reason[rows] = state, reason
    return supported


def _call_one(
    experiment: Experiment,
    outcome: Outcome,
    batch: _Batch,
    group: str,
    *,
    alpha: float,
    unstable: bool,
) -> None:
    rows = batch.rows[batch.reference | (experiment.design.group[batch.rows] == group)]
    cells = _cells(experiment, outcome, rows)
    found = call_group(cells, outcome.index[rows], alpha=alpha)
    query = rows[~cells.reference]
    for name in ("pvalue", "qvalue"):
        getattr(outcome, name)[query] = getattr(found, name)[~cells.reference]
    for name in ("shift", "library_shift", "tail"):
        target = getattr(outcome, name)
        # A reference cell keeps what it got beside the first group.
        open_rows = ~cells.reference | np.isnan(target[rows])
        target[rows[open_rows]] = getattr(found, name)[open_rows]
    called = found.qvalue <= alpha
    supported = _decide(
        experiment, outcome, rows, found=found, alpha=alpha, unstable=unstable
    )
    label = (batch.name, group)
    explained = explain(
        experiment,
        outcome,
        rows,
        cells=cells,
        coefficients=found.coefficients,
        called=called,
        label=label,
    )
    outcome.groups.append(
        {"batch": batch.name, "group": group, **found.calibration}
        | {"index_supports": supported, "reference_unstable": unstable}
        | {"explained_by_signatures": explained}
    )
    _say(outcome, batch, group, outcome.groups[-1])


def call_batches(
    experiment: Experiment, *, alpha: float, check_reference: bool
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

    Returns
    -------
    Results of all cells.
    """
    design = experiment.design
    axes = list(dict.fromkeys(experiment.features.axis))
    outcome = Outcome.empty(len(experiment.used), axes)
    sorted_rows = experiment.order[experiment.used[experiment.order]]
    for name in np.unique(design.batch[sorted_rows]):
        rows = sorted_rows[design.batch[sorted_rows] == name]
        batch = _Batch(str(name), rows, design.reference[rows])
        _place_index(experiment, outcome, batch)
        if not batch.reference.any():
            continue
        unstable = _check_samples(
            experiment, outcome, batch, alpha=alpha, check=check_reference
        )
        for group in np.unique(design.group[rows[~batch.reference]]):
            _call_one(
                experiment, outcome, batch, str(group), alpha=alpha, unstable=unstable
            )
    rest = design.tumor & ~experiment.low & (outcome.state == "")
    outcome.state[rest], outcome.reason[rest] = "uncertain", NOT_CALIBRATED
    outcome.state[experiment.low] = "low quality"
    outcome.reason[experiment.low] = LOW_QUALITY
    return outcome
