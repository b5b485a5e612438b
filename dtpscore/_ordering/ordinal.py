"""An order learned from times, by ordinal regression that never sees its own cells.

All thresholds share one direction b: for K ordered times and a cell x, the log-odds of
being later than time k are x b - theta_k. Fitting the K - 1 binary problems at once,
with the threshold as a further feature, turns this into one logistic regression
(Li & Lin 2007, Ordinal regression by extended binary classification; the all-threshold
loss of Rennie & Srebro 2005), which scikit-learn fits. Psupertime (Macnair et al. 2022,
10.1093/bioinformatics/btac227) orders single cells by an ordinal model of this kind
with an L1 penalty on genes; here a ridge works on principal components in their own
units, so that a component with little variation gets little weight. Diffusion
components of the same cells, which know no label either, follow a path that bends.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit
from scipy.stats import rankdata, spearmanr

from dtpscore._ordering.neighbors import nearest

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from dtpscore._ordering.cells import Cells

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

# Size of the threshold features. It is so large that the penalty hardly affects them.
_THRESHOLD = 30.0
# Ridge against the mean log-loss of a cell; values from 0.03 to 0.3 change little.
_RIDGE = 0.1
# Share of the cells of a sample that one fit uses, and the most cells of a sample.
_SHARE = 0.8
_MOST_OF_SAMPLE = 1000
# Parts that the cells are split into where there are no series to hold out.
_FOLDS = 5
# Cells around a cell, and the weight of their mean in its position: counts of a single
# cell are noisy, and its neighbors are at nearly the same place of the path.
_N_NEIGHBORS = 30
_NEIGHBORS_WEIGHT = 0.7
# Weight of the position along the course, next to that along the fitted direction.
_COURSE_WEIGHT = 0.5
# Places on the course, width of the kernel between them as a share of all cells, and
# how many components count.
_N_PLACES = 40
_PLACE_WIDTH = 0.07
_COURSE_COMPONENTS = 10


@dataclass(frozen=True)
class OrdinalFit:
    """One fitted direction.

    Attributes
    ----------
    coefficients
        b, one per feature.
    thresholds
        theta, one fewer than there are times.
    """

    coefficients: FloatArray
    thresholds: FloatArray

    def expected(self, features: FloatArray) -> FloatArray:
        """Return the expected position among the times in 0-1, which rises with x b."""
        logits = (features @ self.coefficients)[:, None] - self.thresholds
        mean: FloatArray = expit(logits).mean(axis=1)
        return mean


@dataclass(frozen=True)
class OrdinalOrder:
    """Positions of all cells, each from fits that did not see its series.

    Attributes
    ----------
    time
        Expected position in 0-1.
    sd
        Standard deviation over fits on 80% of the cells.
    coefficients
        (folds, k), mean coefficients of the fits that a fold's cells were placed by.
    subsample_rho
        Spearman's rho between orders of single fits and the mean order.
    fold_rho
        Spearman's rho between the orders that the coefficients of two folds give all
        cells, one value per pair. It shows what other replicates would have taught.
    """

    time: FloatArray
    sd: FloatArray
    coefficients: FloatArray
    subsample_rho: FloatArray
    fold_rho: FloatArray


def fit(
    features: FloatArray,
    classes: IntArray,
    weights: FloatArray | None = None,
    *,
    ridge: float = _RIDGE,
) -> OrdinalFit:
    """Fit one direction to ordered classes.

    Parameters
    ----------
    features
        (cells, k). The penalty treats their units alike.
    classes
        Class of each cell, 0 to K - 1, two or more of them present.
    weights
        Weight of each cell; equal by default.
    ridge
        Penalty: half of it times the squared length of b, against the mean loss.
    """
    from sklearn.linear_model import LogisticRegression

    levels = np.unique(classes)[1:]
    n, n_cuts = len(features), levels.size
    weights = np.ones(n) if weights is None else weights
    cuts = np.repeat(_THRESHOLD * np.eye(n_cuts), n, axis=0)
    stacked = np.hstack([np.tile(features, (n_cuts, 1)), cuts])
    later = (classes[None, :] >= levels[:, None]).ravel()
    model = LogisticRegression(
        C=1 / (ridge * n), fit_intercept=False, max_iter=1000, tol=1e-5
    )
    model.fit(stacked, later, np.tile(weights / weights.mean(), n_cuts) / n_cuts)
    found = model.coef_[0].astype(np.float64)
    k = features.shape[1]
    return OrdinalFit(found[:k], -_THRESHOLD * found[k:])


def centered(features: FloatArray, cells: Cells) -> FloatArray:
    """Put the root cells of every series at the origin.

    A series without root cells, and cells without a series, are moved by the mean
    of all root cells.
    """
    moved = features - features[cells.root].mean(axis=0)
    for code in np.unique(cells.series[cells.series >= 0]):
        inside = cells.series == code
        if (inside & cells.root).any():
            moved[inside] -= moved[inside & cells.root].mean(axis=0)
    return moved


def _unit(features: FloatArray) -> FloatArray:
    """Scale so that the column that varies most has a standard deviation of 1."""
    scaled: FloatArray = features / np.nanstd(features, axis=0).max()
    return scaled


def _joined(features: FloatArray, diffused: FloatArray, cells: Cells) -> FloatArray:
    """Principal and diffusion components, on one scale."""
    moved = diffused - np.nanmean(diffused[cells.root], axis=0)
    return np.hstack([features, _unit(moved)])


def _fit(features: FloatArray, cells: Cells, rows: IntArray) -> OrdinalFit:
    weights = _equal_samples(cells.sample[rows])
    return fit(features[rows], cells.time[rows], weights)


def _taught(
    features: FloatArray,
    both: FloatArray | None,
    cells: Cells,
    draws: list[IntArray],
) -> tuple[FloatArray, FloatArray]:
    """Positions of all cells by one fit per draw, and the mean coefficients.

    The coefficients are of fits on ``features`` alone, which are sums over genes.
    """
    orders = np.zeros((cells.n_cells, len(draws)))
    coefficients = np.zeros(features.shape[1])
    for number, drawn in enumerate(draws):
        model = _fit(features, cells, drawn)
        coefficients += model.coefficients / len(draws)
        orders[:, number] = model.expected(features)
        if both is not None:
            known = ~np.isnan(both[:, -1])
            model = _fit(both, cells, drawn[known[drawn]])
            orders[known, number] = model.expected(both[known])
    return orders, coefficients


def _draw(sample: IntArray, rows: IntArray, rng: Generator) -> IntArray:
    """80% of the rows of every sample, at most 1,000 of one."""
    parts = []
    for code in np.unique(sample[rows]):
        own = rows[sample[rows] == code]
        size = min(max(1, round(_SHARE * own.size)), _MOST_OF_SAMPLE)
        parts.append(rng.choice(own, size, replace=False))
    return np.sort(np.concatenate(parts))


def _equal_samples(sample: IntArray) -> FloatArray:
    """Weights that give every sample the same say."""
    _, place, sizes = np.unique(sample, return_inverse=True, return_counts=True)
    return 1.0 / sizes[place]


def folds(cells: Cells, seed: int) -> IntArray:
    """Fold of every cell: its series where two have times, else a random fifth."""
    fold = cells.series
    if not cells.are_replicated:
        rng = np.random.default_rng(seed)
        fold = rng.permutation(np.arange(cells.n_cells) % _FOLDS)
    codes: IntArray = np.unique(fold, return_inverse=True)[1]
    return codes


def _with_neighbors(placed: FloatArray, features: FloatArray) -> FloatArray:
    """Positions averaged with those of the nearest cells among the same cells."""
    if len(features) < 2:
        return placed
    near = nearest(features, None, _N_NEIGHBORS)[1]
    own = (1 - _NEIGHBORS_WEIGHT) * placed
    averaged: FloatArray = own + _NEIGHBORS_WEIGHT * placed[near].mean(axis=1)
    return averaged


def cross_fit(
    features: FloatArray,
    cells: Cells,
    *,
    diffused: FloatArray | None = None,
    n_subsamples: int = 10,
    seed: int = 0,
) -> OrdinalOrder:
    """Place every cell by fits on the other series.

    Cells without a series are placed by fits on all series. The position of a cell is
    the mean of two positions, and no label of its own series has a part in either. The
    first is the position along the fitted direction: it is 0.3 of the cell's own and
    0.7 of the mean of its 30 nearest cells in its series. The second is the position
    on the course that the cells of the other series take along that direction (see
    `along_course`).

    Parameters
    ----------
    features
        (cells, k), principal components.
    cells
        Times, series and samples of the cells.
    diffused
        (cells, m), diffusion components of the graph on ``features``, to find the
        direction in as well; cells with NaN are placed by ``features`` alone.
    n_subsamples
        Fits per fold, each on 80% of the cells of every sample.
    seed
        Seed of the subsamples.
    """
    rng = np.random.default_rng(seed)
    fold = folds(cells, seed)
    features = _unit(centered(features, cells))
    n_folds = int(fold.max()) + 1
    fits = max(n_subsamples, 1)
    placed = np.zeros((cells.n_cells, fits))
    coefficients = np.zeros((n_folds, features.shape[1]))
    both = None if diffused is None else _joined(features, diffused, cells)
    for place in range(n_folds):
        inside = fold == place
        rows = np.flatnonzero(~inside & cells.fitted)
        draws = [_draw(cells.sample, rows, rng) for _ in range(fits)]
        orders, coefficients[place] = _taught(features, both, cells, draws)
        # The first draw stands for all cells of the other series.
        course = _with_neighbors(orders[draws[0]], features[draws[0]])
        along = [
            along_course(features[draws[0]], one, features[inside]) for one in course.T
        ]
        own = _with_neighbors(orders[inside], features[inside])
        placed[inside] = (1 - _COURSE_WEIGHT) * own
        placed[inside] += _COURSE_WEIGHT * np.column_stack(along)
    time = placed.mean(axis=1)
    spread = placed.std(axis=1, ddof=1) if fits > 1 else np.full(len(time), np.nan)
    return OrdinalOrder(
        time=time,
        sd=spread,
        coefficients=coefficients,
        subsample_rho=np.asarray([spearmanr(one, time)[0] for one in placed.T]),
        fold_rho=_between_folds(features @ coefficients.T),
    )


def along_course(
    features: FloatArray, order: FloatArray, others: FloatArray
) -> FloatArray:
    """Expect a position for each cell from where its features are most likely.

    A straight direction, as regression finds it, cannot follow a path that bends: genes
    that change early say nothing late. So the mean features of the cells of one set are
    taken at 40 places of their order (Gaussian kernel over ranks), with one covariance
    around these means. A cell of the other set then has a probability at every place,
    by a normal distribution and equal ones beforehand, and the mean of the places
    under it is its position.

    Parameters
    ----------
    features
        (cells, k) of the cells that make the course; the first ten columns are used.
    order
        Position of each of them.
    others
        (other cells, k), the cells to place.

    Returns
    -------
    (other cells,), in the units of ``order``.
    """
    features, others = features[:, :_COURSE_COMPONENTS], others[:, :_COURSE_COMPONENTS]
    rank = rankdata(order) / order.size
    places = np.linspace(0, 1, _N_PLACES + 2)[1:-1]
    weights = np.exp(-0.5 * ((places[:, None] - rank) / _PLACE_WIDTH) ** 2)
    means = weights @ features / weights.sum(axis=1, keepdims=True)
    around = np.column_stack([np.interp(rank, places, one) for one in means.T])
    covariance = np.cov(features - around, rowvar=False).reshape(2 * means.shape[1:])
    floor = 1e-6 * max(np.trace(covariance), 1e-12)
    root = np.linalg.cholesky(
        np.linalg.inv(covariance + floor * np.eye(len(covariance)))
    )
    squared = _squared_distances(others @ root, means @ root)
    likely = np.exp(-0.5 * (squared - squared.min(axis=1, keepdims=True)))
    position: FloatArray = likely @ np.quantile(order, places) / likely.sum(axis=1)
    return position


def _squared_distances(a: FloatArray, b: FloatArray) -> FloatArray:
    squared: FloatArray = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return squared


def _between_folds(placed: FloatArray) -> FloatArray:
    pairs = combinations(placed.T, 2)
    return np.asarray([spearmanr(first, second)[0] for first, second in pairs])


def how_learned(cells: Cells, *, features: str) -> list[str]:
    """Say how the order was learned and whether other replicates taught it.

    Parameters
    ----------
    cells
        Times and series of the cells.
    features
        What the direction was found in, in words.
    """
    said = [
        f"The order was learned from the times {', '.join(cells.times)} by ordinal "
        "regression with all thresholds and a ridge penalty (after Macnair et al. "
        f"2022, doi:10.1093/bioinformatics/btac227) on {features}."
    ]
    if not cells.are_replicated:
        return [
            *said,
            f"The cells were split into {_FOLDS} random parts, and every cell was "
            "placed by fits on the other parts. This does not hold out a replicate.",
        ]
    said.append(
        "Every cell was placed by fits on the cells of the other replicate series "
        f"(series are {', '.join(cells.series_names)})."
    )
    if (cells.series < 0).any():
        said.append("Cells without a series were placed by fits on all series.")
    return said
