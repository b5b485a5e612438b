"""Models with one reference sample held out, and two ways to read them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from dtpscore._calling.line import fit_line
from dtpscore._calling.mixture import fit_two_populations, persister_vote, turned
from dtpscore._calling.unlabeled import positive_unlabeled
from dtpscore._calling.whiten import whiten

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._calling.mixture import Fit
    from dtpscore._calling.whiten import Whitened


@dataclass(frozen=True)
class Cells:
    """Cells of one batch, rows in an order that does not depend on the file.

    Attributes
    ----------
    features
        float64 (cells, features), standardized without regard to group.
    sample
        int64, library of each cell.
    reference
        Which cells are reference cells.
    evidence
        Published direction: the index, in any unit.
    fit
        Which cells may be used to fit; scores are given to all.
    components
        float64 (cells, components), main directions of expression with as much
        variance in all as the features; no column where there are none.
    half
        Half of the cells of each sample.
    """

    features: NDArray[np.float64]
    sample: NDArray[np.int64]
    reference: NDArray[np.bool_]
    evidence: NDArray[np.float64]
    fit: NDArray[np.bool_]
    components: NDArray[np.float64]
    half: NDArray[np.bool_]

    @property
    def joined(self) -> NDArray[np.float64]:
        """Features and components side by side."""
        return np.hstack([self.features, self.components])

    def only(self, rows: NDArray[np.bool_]) -> Cells:
        """Take some of the cells."""
        parts = {field.name: getattr(self, field.name)[rows] for field in fields(self)}
        return Cells(**parts)


@dataclass(frozen=True)
class HeldOut:
    """One reference sample held out; arrays over the held-out and query cells.

    Attributes
    ----------
    held
        Which rows are held-out reference cells.
    rows
        Rows of the batch.
    fit_rows
        Which rows the fits used.
    fit_null
        Rows of the other reference samples that the fits used.
    whole, whole_coefficients
        Whole-sample reading and its weights on the features.
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
        Two populations within samples.
    vote
        Vote for its upper population as the persisters.
    """

    white: Whitened
    null_sample: NDArray[np.int64]
    fit: Fit
    vote: float


def spread_within(values: NDArray[np.float64], sample: NDArray[np.int64]) -> float:
    """Mean over samples of the scaled median absolute deviation within a sample."""
    spreads = []
    for one in np.unique(sample):
        part = values[sample == one]
        spreads.append(np.median(np.abs(part - np.median(part))))
    return 1.4826 * float(np.mean(spreads)) + 1e-9


def whole_reading(
    cells: Cells, null: NDArray[np.bool_], rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positive-unlabeled score relative to the null cells, and its weights."""
    fit_rows = rows[cells.fit[rows]]
    weights, _ = positive_unlabeled(
        cells.features[null & cells.fit], cells.features[fit_rows]
    )
    raw = cells.features[rows] @ weights
    unit = spread_within(raw, cells.sample[rows])
    base = float(np.median(cells.features[null] @ weights))
    return (raw - base) / unit, weights / unit


def hold_out(cells: Cells, held_sample: int) -> HeldOut:
    """Hold one reference sample out and read the shift of whole samples.

    Parameters
    ----------
    cells
        Cells of a batch.
    held_sample
        Code of the reference sample that is treated like the query.
    """
    held = cells.reference & (cells.sample == held_sample)
    null = cells.reference & ~held
    rows = np.flatnonzero(held | ~cells.reference)
    whole, weights = whole_reading(cells, null, rows)
    return HeldOut(
        held=held[rows],
        rows=rows,
        fit_rows=cells.fit[rows],
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
    This is the only step in which folds see each other; it decides one sign.
    """
    query = [fold.white.mixed[~fold.held] @ fold.fit.direction for fold in folds]
    signs = [
        float(np.sign(np.dot(query[0] - query[0].mean(), one - one.mean())))
        for one in query
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
    result = np.empty(len(position))
    for one in np.unique(sample):
        rows = sample == one
        line = fit_line(position[rows & fold.fit_rows], fold.fit.distance)
        result[rows] = position[rows] - line.offset
    held = result[fold.held]
    unit = spread_within(held, np.zeros(len(held), np.int64))
    weights = fold.white.scale @ fold.fit.direction
    return (result - np.median(held)) / unit, weights / unit
