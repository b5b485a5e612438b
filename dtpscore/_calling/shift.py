"""How far cells have left the reference samples, learned sample by sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dtpscore._calling.conformal import n_at_least
from dtpscore._calling.folds import (
    Cells,
    hold_out,
    oriented,
    whole_reading,
    within_reading,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._calling.folds import Fold

# Two ways to read a shift; each has half of the error rate.
READINGS = ("within", "whole")


@dataclass(frozen=True)
class Shift:
    """Learned shift of every cell.

    Attributes
    ----------
    score
        float64; the sum of the two readings, each in standard deviations of held-out
        reference cells. A reference cell is scored by the model that held its sample
        out, a query cell by the mean over the models.
    pvalue
        float64 for query cells, NaN for reference cells: twice the smaller of the two
        readings' p-values.
    readings
        p-values of each reading, and of each reference cell against the reference
        cells of the other samples (one column a reading, cells x 2).
    margin
        What the whole-sample reading had to exceed, in standard deviations.
    coefficients
        One a feature: the part of the score that is linear in it, mean of the models.
    sample_centers
        Median whole-sample reading of each held-out reference sample.
    """

    score: NDArray[np.float64]
    pvalue: NDArray[np.float64]
    readings: NDArray[np.float64]
    margin: float
    coefficients: NDArray[np.float64]
    sample_centers: NDArray[np.float64]


def tolerance(centers: NDArray[np.float64], alpha: float) -> float:
    """Margin that one further library exceeds with probability ``alpha``.

    The one-sided prediction bound of a normal sample: t quantile with n - 1 degrees
    of freedom times the standard deviation times sqrt(1 + 1 / n). It is wide for two
    libraries and narrows with every further one.
    """
    from scipy import stats

    n = len(centers)
    quantile = float(stats.t.ppf(1 - alpha, n - 1))
    return quantile * float(np.std(centers, ddof=1)) * float(np.sqrt(1 + 1 / n))


def _pooled(
    folds: list[Fold], values: list[NDArray[np.float64]], margin: float
) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
    """p-values of the query, and of the reference cells against other samples."""
    held = [one[fold.held] for one, fold in zip(values, folds, strict=True)]
    n_reference = sum(map(len, held))
    counts = np.zeros(int((~folds[0].held).sum()))
    for one, fold, own in zip(values, folds, held, strict=True):
        counts += n_at_least(own + margin, one[~fold.held])
    reference = []
    for place, own in enumerate(held):
        others = np.concatenate(held[:place] + held[place + 1 :])
        reference.append((1 + n_at_least(others + margin, own)) / (len(others) + 1))
    return (1 + counts) / (n_reference + 1), reference


def held_out_shift(cells: Cells, *, alpha: float) -> Shift:
    """Learn the shift with every reference sample held out in turn.

    For each reference sample, models are fitted on the other reference samples and on
    the held-out sample and the query together, treated alike; p-values compare query
    and held-out cells under that model and are pooled over samples. Holding out whole
    samples is what makes the null that of a further library and not of further cells
    of a known one. Pooling is cross-conformal: exact control would need a factor of 2
    (Vovk 2015, doi:10.1007/s10472-013-9368-4), which in practice it does not take.

    Two readings are combined. ``within`` looks for a second population inside samples
    and is blind to whatever moves a whole sample. ``whole`` compares samples with the
    reference; there a library can be mistaken for a treatment, so a query cell must
    exceed held-out cells by what one further library may differ (`tolerance`).

    Parameters
    ----------
    cells
        Cells with two or more reference samples.
    alpha
        Error rate of the calls; sets the tolerance.

    Returns
    -------
    Scores, p-values and what they rest on.
    """
    from threadpoolctl import threadpool_limits

    # One thread: the fits are small, and sums must not depend on the machine.
    with threadpool_limits(1):
        samples = np.unique(cells.sample[cells.reference])
        folds = oriented(cells, [hold_out(cells, int(one)) for one in samples])
    inside = [within_reading(cells, fold) for fold in folds]
    centers = np.array([float(np.median(fold.whole[fold.held])) for fold in folds])
    whole = [
        np.where(fold.held, fold.whole - center, fold.whole - centers.mean())
        for fold, center in zip(folds, centers, strict=True)
    ]
    margin = tolerance(centers, alpha / len(READINGS))
    n = len(cells.sample)
    readings, score, pvalue = np.empty((n, 2)), np.zeros(n), np.full(n, np.nan)
    parts = ([one for one, _ in inside], 0.0), (whole, margin)
    for column, (values, extra) in enumerate(parts):
        of_query, of_reference = _pooled(folds, values, extra)
        readings[~cells.reference, column] = of_query
        for fold, own in zip(folds, of_reference, strict=True):
            readings[fold.rows[fold.held], column] = own
        for fold, one in zip(folds, values, strict=True):
            score[fold.rows] += one / np.where(fold.held, 1, len(folds))
    query = ~cells.reference
    pvalue[query] = combined(readings[query])
    weights = [
        part + fold.whole_coefficients
        for (_, part), fold in zip(inside, folds, strict=True)
    ]
    return Shift(score, pvalue, readings, margin, np.mean(weights, axis=0), centers)


def combined(readings: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bonferroni over the readings: smallest p-value times their number."""
    result: NDArray[np.float64] = np.minimum(
        readings.min(axis=1) * readings.shape[1], 1.0
    )
    return result


def library_shift(cells: Cells) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positive-unlabeled shift where there is one reference library.

    Treatment and library cannot be told apart then, so this is stored under its own
    name and makes no call. Reference cells are split in two halves; each is scored by
    the model fitted on the other.

    Parameters
    ----------
    cells
        Cells with one reference sample.

    Returns
    -------
    Scores of all cells in standard deviations of held-out reference cells, and their
    weights on the features.
    """
    reference = np.flatnonzero(cells.reference)
    score, weights = np.zeros(len(cells.sample)), []
    for part in (0, 1):
        held = np.zeros(len(cells.sample), bool)
        held[reference[part::2]] = True
        rows = np.flatnonzero(held | ~cells.reference)
        values, weight = whole_reading(cells, cells.reference & ~held, rows)
        center = float(np.median(values[held[rows]]))
        score[rows] += (values - center) / np.where(held[rows], 1, 2)
        weights.append(weight)
    return score, np.mean(weights, axis=0)
