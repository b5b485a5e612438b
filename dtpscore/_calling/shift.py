"""How far cells have left the reference samples, learned sample by sample."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dtpscore._calling.conformal import n_at_least
from dtpscore._calling.folds import (
    fit_within,
    hold_out,
    oriented,
    whitened,
    whole_reading,
    within_reading,
)
from dtpscore._calling.second_population import second_population
from dtpscore._statistics.moderated import NOTHING_KNOWN
from dtpscore._threads import in_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._calling.cells import Cells
    from dtpscore._calling.folds import Fold
    from dtpscore._calling.second_population import SecondPopulation
    from dtpscore._statistics.moderated import Prior

METHOD = (
    "A move of whole samples had to exceed what one further library may differ: a "
    "prediction bound from the variance between reference samples"
)
DRAWN = (
    ", which was drawn toward that of public replicate libraries (Smyth 2004, "
    "doi:10.2202/1544-6115.1027)"
)
# Part of the error rate that is left for libraries beyond the margin.
_OF_LIBRARIES = 0.5
# Most folds, so that the cost grows with the number of samples and not with its square.
# With more samples than folds, several samples are held out at a time.
FOLDS = 6


@dataclass(frozen=True)
class Shift:
    """Learned shift of every cell.

    Attributes
    ----------
    score
        float64 (cells,): the sum of the two readings, each in standard deviations of
        held-out reference cells. A reference cell is scored by the model that held
        its sample out, and a query cell by the mean over the models.
    pvalue
        float64 (cells,): a query cell is compared with all reference cells, and a
        reference cell with the reference cells of the other samples.
    readings
        float64 (cells, 2): the p-values by each reading alone, ``within`` and
        ``whole``. They show which of the two carries a call.
    margin
        What the whole-sample reading had to exceed, in standard deviations.
    library_sd
        Standard deviation between the held-out reference samples in that reading.
    coefficients
        float64, one per feature and one per component: the part of the score that is
        linear in it, mean over the models.
    second
        Whether the components of expression were used, and on what evidence.
    """

    score: NDArray[np.float64]
    pvalue: NDArray[np.float64]
    readings: NDArray[np.float64]
    margin: float
    library_sd: float
    coefficients: NDArray[np.float64]
    second: SecondPopulation


def tolerance(
    centers: NDArray[np.float64],
    alpha: float,
    *,
    replicates: NDArray[np.float64] | None = None,
    prior: Prior = NOTHING_KNOWN,
) -> float:
    """Margin that one further library exceeds with probability ``alpha``.

    This is the one-sided prediction bound of a normal sample: the t quantile times the
    standard deviation times sqrt(1 + 1 / n). It is wide for two libraries and narrows
    with every further one. The variance is drawn toward a prior and the degrees of
    freedom of both are added (Smyth 2004, doi:10.2202/1544-6115.1027).

    Replicates of the other arm say how much libraries differ, too. But they also differ
    where some of them respond more than others, which is no library effect, so they are
    used only where they narrow the margin.

    Parameters
    ----------
    centers
        float64: the center of each of the n libraries.
    alpha
        Probability.
    replicates
        float64 (models, samples): centers of the samples of the other arm.
    prior
        Variance between libraries, and the degrees of freedom that it is worth.
    """
    from scipy import stats

    n = len(centers)
    freedom = n - 1 + prior.freedom
    squares = (n - 1) * np.var(centers, ddof=1) + prior.freedom * prior.variance
    known = [(freedom, squares)]
    if replicates is not None and replicates.shape[1] > 1:
        more = replicates.shape[1] - 1
        own = replicates.var(axis=1, ddof=1).mean()
        known.append((freedom + more, squares + more * own))
    return min(
        float(stats.t.ppf(1 - alpha, degrees) * np.sqrt(total / degrees * (1 + 1 / n)))
        for degrees, total in known
    )


def _pooled(
    cells: Cells,
    folds: list[Fold],
    values: list[NDArray[np.float64]],
    tested: list[NDArray[np.float64]],
) -> NDArray[np.float64]:
    """p-values of the query, and of the reference cells against other samples.

    A cell that is tested scores as in ``tested``; the cells it is compared with score
    as in ``values``.
    """
    n_reference = int(cells.reference.sum())
    compared = np.empty(len(cells.sample))
    own = np.empty(len(cells.sample))
    counts = np.zeros(len(cells.sample) - n_reference)
    for fold, scores, of_tested in zip(folds, values, tested, strict=True):
        held = fold.rows[fold.held]
        compared[held], own[held] = scores[fold.held], of_tested[fold.held]
        counts += n_at_least(scores[fold.held], of_tested[~fold.held])
    result = np.empty(len(cells.sample))
    result[~cells.reference] = (1 + counts) / (n_reference + 1)
    for name in np.unique(cells.sample[cells.reference]):
        this = cells.reference & (cells.sample == name)
        others = compared[cells.reference & ~this]
        result[this] = (1 + n_at_least(others, own[this])) / (len(others) + 1)
    return result


def _larger(
    first: list[NDArray[np.float64]], second: list[NDArray[np.float64]]
) -> list[NDArray[np.float64]]:
    return [np.maximum(*both) for both in zip(first, second, strict=True)]


def _folds(
    cells: Cells, most: int, n_workers: int
) -> tuple[list[Fold], SecondPopulation]:
    """Models with every reference sample held out, and what they learned from."""
    samples = np.unique(cells.sample[cells.reference])
    n = min(len(samples), most)
    held = [samples[place::n] for place in range(n)]
    parts = list(in_order(partial(hold_out, cells), held, n_workers=n_workers))
    joined = cells.joined
    whites = [whitened(cells, part, joined) for part in parts]
    second = second_population(cells, parts, whites)
    # Without components these are the features already.
    if cells.components.shape[1] and not second.found:
        whites = [whitened(cells, part, cells.features) for part in parts]
    pairs = zip(parts, whites, strict=True)
    fits = in_order(lambda pair: fit_within(cells, *pair), pairs, n_workers=n_workers)
    return oriented(cells, list(fits)), second


def _centered(
    cells: Cells, folds: list[Fold]
) -> tuple[list[NDArray[np.float64]], NDArray[np.float64], NDArray[np.float64]]:
    """Whole-sample readings around the libraries, and the center of each library.

    A held-out cell is read around the center of its own sample, and a query cell
    around the mean center of all reference samples.

    Returns
    -------
    Readings, centers of the reference samples, and those of the query samples in each
    fold (folds, samples).
    """
    whole, centers = [], []
    code = cells.sample[~cells.reference]
    query = np.array([fold.whole[~fold.held] for fold in folds])
    replicates = np.transpose(
        [np.median(query[:, code == name], axis=1) for name in np.unique(code)]
    )
    for fold in folds:
        sample, scores = cells.sample[fold.rows], fold.whole.copy()
        own = []
        for name in np.unique(sample[fold.held]):
            this = fold.held & (sample == name)
            own.append(float(np.median(scores[this])))
            scores[this] -= own[-1]
        whole.append(scores)
        centers += own
    middle = np.array(centers)
    for fold, scores in zip(folds, whole, strict=True):
        scores[~fold.held] -= middle.mean()
    return whole, middle, replicates


def held_out_shift(
    cells: Cells,
    *,
    alpha: float,
    folds: int = FOLDS,
    whole_samples: bool = True,
    prior: Prior = NOTHING_KNOWN,
    n_workers: int = 1,
) -> Shift:
    """Learn the shift with every reference sample held out in turn.

    For each reference sample, a model is fitted on other reference samples and on the
    held-out sample and the query together, which are treated alike: every sample
    counts the same, whatever the number of its cells. The p-values
    compare query and held-out cells under that model and are pooled over samples.
    Because whole samples are held out, the null hypothesis is that of a further
    library and not that of further cells of a known library. Pooling is
    cross-conformal: exact control would need a factor of 2 (Vovk 2015,
    doi:10.1007/s10472-013-9368-4), which in practice it does not take.

    A cell scores the larger of two readings. ``within`` looks for a second population
    inside samples and is blind to whatever moves a whole sample. ``whole`` compares
    samples with the reference; there a library can be mistaken for a treatment, so the
    cell that is tested has it lowered by what one further library may differ
    (`tolerance`). Conformal p-values hold for any one score by which all cells are
    ranked once, so two readings need no correction, which would double the smallest
    share that can be called.

    ``within`` learns from components of expression as well where a second population
    is seen in cells that it was not fitted on (`second_population`). ``whole`` never
    does, because components tell libraries apart as well as they tell states apart.

    Parameters
    ----------
    cells
        Cells with two or more reference samples.
    alpha
        Error rate of the calls. It sets the tolerance.
    folds
        Most models that are fitted. With more reference samples, several of them are
        held out at a time.
    whole_samples
        Whether moves of whole samples are read. Where the reference samples are halves
        of one library they say nothing of how libraries differ.
    prior
        How much libraries differ along a learned direction, from other experiments.
    n_workers
        Models that are fitted at the same time.

    Returns
    -------
    Scores, p-values and what they rest on.
    """
    from threadpoolctl import threadpool_limits

    # One thread per fit: they are small, and sums must not depend on the machine.
    with threadpool_limits(1):
        models, second = _folds(cells, folds, n_workers)
    inside = [within_reading(cells, fold) for fold in models]
    whole, centers, replicates = _centered(cells, models)
    within = [scores for scores, _ in inside]
    margin = tolerance(
        centers, alpha * _OF_LIBRARIES, replicates=replicates, prior=prior
    )
    if not whole_samples:
        margin = np.inf
        whole = [np.full_like(scores, -np.inf) for scores in whole]
    lowered = [scores - margin for scores in whole]
    pvalue = _pooled(cells, models, _larger(within, whole), _larger(within, lowered))
    alone = (within, within), (whole, lowered)
    readings = np.stack([_pooled(cells, models, *both) for both in alone], axis=1)
    score = np.zeros(len(cells.sample))
    for fold, *both in zip(models, within, whole, strict=True):
        added = sum(both) if whole_samples else both[0]
        score[fold.rows] += added / np.where(fold.held, 1, len(models))
    weights = np.zeros(cells.features.shape[1] + cells.components.shape[1])
    for (_, of_within), fold in zip(inside, models, strict=True):
        parts = (of_within, fold.whole_coefficients) if whole_samples else (of_within,)
        for part in parts:
            weights[: len(part)] += part / len(models)
    spread = float(np.std(centers, ddof=1)) if whole_samples else np.nan
    return Shift(score, pvalue, readings, margin, spread, weights, second)


def shift_inside(
    cells: Cells, *, alpha: float, folds: int = FOLDS, n_workers: int = 1
) -> Shift:
    """Shift inside samples where there is one reference library.

    The two halves of the reference library are taken for samples, so that each is held
    out in turn. Only second populations inside samples are read: a move of a whole
    sample cannot be told from a library, and stays unseen.

    Parameters
    ----------
    cells
        Cells with one reference sample.
    alpha, folds, n_workers
        As in `held_out_shift`.
    """
    other = cells.sample.max() + 1
    sample = np.where(cells.reference & cells.half, other, cells.sample)
    half = cells.half.copy()
    for name in np.unique(sample[cells.reference]):
        half[sample == name] = np.arange((sample == name).sum()) % 2 == 0
    trial = replace(cells, sample=sample, half=half)
    return held_out_shift(
        trial, alpha=alpha, folds=folds, whole_samples=False, n_workers=n_workers
    )


def library_shift(cells: Cells) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positive-unlabeled shift where there is one reference library.

    Treatment and library cannot be told apart then, so this shift is stored under its
    own name and makes no call. Reference cells are split in two halves, and each half
    is scored by the model fitted on the other.

    Parameters
    ----------
    cells
        Cells with one reference sample.

    Returns
    -------
    Scores of all cells in standard deviations of held-out reference cells, and their
    weights on the features and, always 0, on the components.
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
    unused = np.zeros(cells.components.shape[1])
    return score, np.r_[np.mean(weights, axis=0), unused]
