"""Models with one reference sample held out, and the two readings they give."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dtpscore._calling.cells import Cells, Whitened, robust_center_and_spread, whiten
from dtpscore._calling.conformal import conformal_pvalues, local_fdr
from dtpscore._calling.populations import (
    Samples,
    fit_lines,
    fit_two_populations,
    persister_vote,
    turned,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._calling.populations import Fit

# Inverse penalty of the logistic regression on standardized features.
_C = 0.01
# Weight that a mixed cell keeps even where it looks like a reference cell.
_LEAST_WEIGHT = 1e-3


def positive_unlabeled(
    null: NDArray[np.float64],
    mixed: NDArray[np.float64],
    *,
    worth: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
    rounds: int = 6,
) -> tuple[NDArray[np.float64], float]:
    """Fit a ridge logistic regression of mixed against null cells, cells reweighted.

    Every round fits the regression, turns the scores of the mixed cells into
    conformal p-values against the null cells, and weights each mixed cell by one
    minus its local false discovery rate. All mixed cells are treated alike, whatever
    sample they are from. This keeps a held-out reference sample among them comparable
    with the query (AdaDetect, Marandon et al. 2024, Annals of Statistics,
    doi:10.1214/23-AOS2338).

    Parameters
    ----------
    null
        Reference cells x features, standardized without regard to the label.
    mixed
        Cells to tell apart: a held-out reference sample and the query.
    worth
        Weight of each null cell and of each mixed cell; None where all count the same.
    rounds
        Number of fits.

    Returns
    -------
    Coefficients (float64, one per feature) and intercept. The score is linear.
    """
    from sklearn.linear_model import LogisticRegression

    features = np.vstack([null, mixed])
    labels = np.r_[np.zeros(len(null)), np.ones(len(mixed))]
    if worth is None:
        worth = np.ones(len(null)), np.ones(len(mixed))
    of_null = worth[0] / worth[0].mean()
    weights = worth[1]
    # Every round starts from the solution of the one before.
    model = LogisticRegression(C=_C, max_iter=200, warm_start=True)
    for _ in range(rounds):
        # Both classes count the same, however many mixed cells still do.
        balanced = weights * len(null) / max(weights.sum(), 1.0)
        model.fit(features, labels, sample_weight=np.r_[of_null, balanced])
        pvalues = conformal_pvalues(
            model.decision_function(null), model.decision_function(mixed)
        )
        weights = worth[1] * np.maximum(1 - local_fdr(pvalues), _LEAST_WEIGHT)
    return model.coef_[0], float(model.intercept_[0])


@dataclass(frozen=True)
class HeldOut:
    """Reference samples held out; arrays over the held-out and the query cells.

    Attributes
    ----------
    held
        bool: which of the rows are held-out reference cells.
    rows
        int64: rows of the batch.
    fit_rows
        bool: which of the rows the fits used.
    fit_null
        int64: rows of the other reference samples that the fits used.
    whole, whole_coefficients
        The whole-sample reading of each row, and its weights on the features.
    """

    held: NDArray[np.bool_]
    rows: NDArray[np.int64]
    fit_rows: NDArray[np.bool_]
    fit_null: NDArray[np.int64]
    whole: NDArray[np.float64]
    whole_coefficients: NDArray[np.float64]


@dataclass(frozen=True)
class Fold(HeldOut):
    """The same with two populations fitted within samples.

    Attributes
    ----------
    white
        Cells in units of the spread within the other reference samples.
    null_sample
        Library of the reference cells that were fitted.
    fit
        The two populations within samples.
    vote
        Vote for the upper population as the persisters.
    """

    white: Whitened
    null_sample: NDArray[np.int64]
    fit: Fit
    vote: float


def spread_within(values: NDArray[np.float64], sample: NDArray[np.int64]) -> float:
    """Mean over samples of the scaled median absolute deviation within a sample."""
    spreads = [
        robust_center_and_spread(values[sample == name])[1]
        for name in np.unique(sample)
    ]
    return float(np.mean(spreads)) + 1e-9


def _each_the_same(sample: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weight of each cell that makes every sample count the same."""
    _, place, sizes = np.unique(sample, return_inverse=True, return_counts=True)
    result: NDArray[np.float64] = (sizes.mean() / sizes)[place]
    return result


def whole_reading(
    cells: Cells,
    null: NDArray[np.bool_],
    rows: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positive-unlabeled score relative to the null cells, and its weights.

    Parameters
    ----------
    cells
        Cells of a batch.
    null
        bool (cells,): reference cells that are not held out.
    rows
        Rows of the held-out and the query cells.
    """
    fit, of_null = cells.fit_mixed[rows], null & cells.fit
    weights, _ = positive_unlabeled(
        cells.features[of_null],
        cells.features[rows[fit]],
        worth=(
            _each_the_same(cells.sample[of_null]),
            _each_the_same(cells.sample[rows[fit]]),
        ),
    )
    raw = cells.features[rows] @ weights
    unit = spread_within(raw, cells.sample[rows])
    along, sample = cells.features[null] @ weights, cells.sample[null]
    base = np.mean([np.median(along[sample == name]) for name in np.unique(sample)])
    return (raw - float(base)) / unit, weights / unit


def hold_out(cells: Cells, held_samples: NDArray[np.int64]) -> HeldOut:
    """Hold reference samples out and read the shift of whole samples.

    Parameters
    ----------
    cells
        Cells of a batch.
    held_samples
        Codes of the reference samples that are treated like the query.
    """
    held = cells.reference & np.isin(cells.sample, held_samples)
    null = cells.reference & ~held
    rows = np.flatnonzero(held | ~cells.reference)
    whole, weights = whole_reading(cells, null, rows)
    return HeldOut(
        held=held[rows],
        rows=rows,
        fit_rows=cells.fit_mixed[rows],
        fit_null=np.flatnonzero(null & cells.fit),
        whole=whole,
        whole_coefficients=weights,
    )


def whitened(cells: Cells, part: HeldOut, values: NDArray[np.float64]) -> Whitened:
    """Put cells in units of the spread within the reference samples that are left.

    Parameters
    ----------
    cells
        Cells of a batch.
    part
        Which reference sample is held out.
    values
        Their features, with components of expression or without.
    """
    null = part.fit_null
    return whiten(values[null], cells.sample[null], values[part.rows])


def fit_within(cells: Cells, part: HeldOut, white: Whitened) -> Fold:
    """Fit two populations within the samples of a fold."""
    use = part.fit_rows
    fitted = replace(white, mixed=white.mixed[use])
    sample = cells.sample[part.rows][use]
    null_sample = cells.sample[part.fit_null]
    fit = fit_two_populations(fitted, null_sample, sample, guess=part.whole[use])
    evidence = cells.evidence[part.rows][use]
    return Fold(
        **vars(part),
        white=white,
        null_sample=null_sample,
        fit=fit,
        vote=persister_vote(fit, fitted.mixed, sample, evidence),
    )


def oriented(cells: Cells, folds: list[Fold]) -> list[Fold]:
    """Turn all folds the same way, by the sum of their votes.

    The folds look at the same query, so their directions are aligned on it first.
    This is the only step in which folds see each other, and it decides one sign.
    """
    query = [fold.white.mixed[~fold.held] @ fold.fit.direction for fold in folds]
    signs = [
        float(np.sign(np.dot(query[0] - query[0].mean(), along - along.mean())))
        for along in query
    ]
    vote = sum(sign * fold.vote for sign, fold in zip(signs, folds, strict=True))
    result = []
    for sign, fold in zip(signs, folds, strict=True):
        if sign * vote < 0:
            part = replace(fold.white, mixed=fold.white.mixed[fold.fit_rows])
            sample = cells.sample[fold.rows][fold.fit_rows]
            fit = turned(fold.fit, part, fold.null_sample, sample)
            result.append(replace(fold, fit=fit))
        else:
            result.append(fold)
    return result


def within_reading(
    cells: Cells, fold: Fold
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance from the parental population of the cell's own sample, and weights."""
    position = fold.white.mixed @ fold.fit.direction
    sample = cells.sample[fold.rows]
    used = fold.fit_rows
    names, code = np.unique(sample, return_inverse=True)
    of_sample = Samples.of(code[used])
    lines = fit_lines(position[used], of_sample, fold.fit.distance)
    assert len(lines.offset) == len(names), "every sample has cells that are fitted"
    result = position - lines.offset[code]
    held = result[fold.held]
    unit = spread_within(held, np.zeros(len(held), np.int64))
    weights = fold.white.scale @ fold.fit.direction
    return (result - np.median(held)) / unit, weights / unit
