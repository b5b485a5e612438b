"""Call the cells of one group of one batch against the reference of that batch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._calling.conformal import smallest_share
from dtpscore._calling.second_population import THRESHOLD
from dtpscore._calling.shift import FOLDS, held_out_shift, library_shift, shift_inside
from dtpscore._statistics.moderated import NOTHING_KNOWN
from dtpscore._threads import in_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._calling.cells import Cells
    from dtpscore._statistics.moderated import Prior

# What the calls of a group rest on.
SHIFT_BASIS, INSIDE_BASIS = "shift", "inside samples"
# Fewest reference samples of which each can be called against the others: with two,
# the others would be a single library.
_FEWEST_TO_CHECK = 3
# Most folds of the check of a reference sample.
_FOLDS_OF_CHECK = 3


@dataclass(frozen=True)
class GroupCall:
    """Calls of one query group; arrays over the cells that were passed.

    Attributes
    ----------
    shift, library_shift
        float64; NaN where that kind of shift does not exist.
    pvalue, qvalue
        float64, NaN for reference cells.
    tail
        float64, all cells: the p-value of query cells, and of reference cells against
        the reference cells of the other samples (of the other half with one library).
    coefficients
        float64: the weight of each feature and component in the shift.
    calibration
        Plain values: basis, numbers of cells, smallest share that could be called,
        tolerance between libraries, threshold, evidence for a second population.
    """

    shift: NDArray[np.float64]
    library_shift: NDArray[np.float64]
    pvalue: NDArray[np.float64]
    qvalue: NDArray[np.float64]
    tail: NDArray[np.float64]
    coefficients: NDArray[np.float64]
    calibration: dict[str, Any]


def _threshold(
    pvalue: NDArray[np.float64], qvalue: NDArray[np.float64], alpha: float
) -> float:
    """Largest p-value that was called, NaN without a call."""
    called = qvalue <= alpha
    return float(pvalue[called].max()) if called.any() else float("nan")


def call_group(
    cells: Cells,
    *,
    alpha: float,
    folds: int = FOLDS,
    prior: Prior = NOTHING_KNOWN,
    n_workers: int = 1,
) -> GroupCall:
    """Call one group.

    With two or more reference samples the learned shift makes the calls. With one,
    treatment and library cannot be told apart: the calls rest on what is seen inside
    samples, and the shift between libraries is kept as a ranking.

    Parameters
    ----------
    cells
        Reference and query cells of a batch.
    alpha
        False discovery rate.
    folds
        Most models that are fitted.
    prior
        How much libraries differ along a learned direction, from other experiments.
    n_workers
        Models that are fitted at the same time.

    Returns
    -------
    Scores, p- and q-values and their calibration.
    """
    from scipy.stats import false_discovery_control

    n, query = len(cells.sample), ~cells.reference
    nan = np.full(n, np.nan)
    n_samples = len(np.unique(cells.sample[cells.reference]))
    n_reference = int(cells.reference.sum())
    common = {
        "n_reference_cells": n_reference,
        "n_reference_samples": n_samples,
        "n_query_cells": int(query.sum()),
        "smallest_pvalue": 1 / (n_reference + 1),
        "smallest_share": smallest_share(n_reference, alpha),
    }
    pvalue = nan.copy()
    library = nan
    if n_samples > 1:
        found = held_out_shift(
            cells, alpha=alpha, folds=folds, prior=prior, n_workers=n_workers
        )
        basis = SHIFT_BASIS
    else:
        library, _ = library_shift(cells)
        found = shift_inside(cells, alpha=alpha, folds=folds, n_workers=n_workers)
        basis = INSIDE_BASIS
    pvalue[query] = found.pvalue[query]
    second = found.second
    own = {
        "basis": basis,
        "library_sd": found.library_sd,
        "tolerance": found.margin,
        "prior_freedom": prior.freedom if n_samples > 1 else np.nan,
    }
    own |= {
        "components_used": second.found,
        "second_population": second.log_ratio,
        "second_population_threshold": THRESHOLD,
    }
    qvalue = nan.copy()
    # Plain Benjamini-Hochberg (1995). The form that estimates the share of null cells
    # is left out on purpose: it is unsafe where libraries differ.
    qvalue[query] = false_discovery_control(pvalue[query])
    own["threshold_pvalue"] = _threshold(pvalue[query], qvalue[query], alpha)
    own["n_called"] = int((qvalue[query] <= alpha).sum())
    return GroupCall(
        shift=found.score,
        library_shift=library,
        pvalue=pvalue,
        qvalue=qvalue,
        tail=found.pvalue,
        coefficients=found.coefficients,
        calibration=common | own,
    )


def leave_one_out(
    cells: Cells, *, alpha: float, prior: Prior = NOTHING_KNOWN, n_workers: int = 1
) -> dict[int, float]:
    """Share of each reference sample that is called against the other ones.

    Parameters
    ----------
    cells
        Cells of a batch, of which the reference cells are used.
    alpha, prior
        As in `call_group`.
    n_workers
        Samples that are called at the same time.

    Returns
    -------
    Share for each sample code; empty with fewer than three reference samples, where
    the others would be a single library.
    """
    from threadpoolctl import threadpool_limits

    own = cells.reference
    samples = np.unique(cells.sample[own])
    if len(samples) < _FEWEST_TO_CHECK:
        return {}
    part = cells.only(own)

    def share(sample: int) -> float:
        trial = replace(part, reference=part.sample != sample)
        found = call_group(trial, alpha=alpha, folds=_FOLDS_OF_CHECK, prior=prior)
        return float((found.qvalue[~trial.reference] <= alpha).mean())

    # Each call limits the threads of all calls, and gives back what it found.
    with threadpool_limits(1):
        shares = list(in_order(share, samples, n_workers=n_workers))
    return dict(zip(samples.tolist(), shares, strict=True))
