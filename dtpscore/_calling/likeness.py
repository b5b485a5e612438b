"""What holiday cells are like: parental cells, treated cells, or neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dtpscore._calling.arms import drawn
from dtpscore._calling.conformal import conformal_pvalues, n_at_least

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._calling.arms import Arms

_N_BOOTSTRAP = 1000
_RIDGE = 0.1
SHARES = ("parental-like", "DTP-like", "neither")


def _distance_from(
    values: NDArray[np.float64],
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Squared Mahalanobis distance from some cells, their covariance shrunken."""
    center = values.mean(axis=0)
    spread = np.atleast_2d(np.cov(values.T))
    spread = spread + _RIDGE * np.eye(len(spread)) * np.trace(spread) / len(spread)
    inverse = np.linalg.inv(spread)

    def distance(cells: NDArray[np.float64]) -> NDArray[np.float64]:
        away = cells - center
        return np.einsum("ij,jk,ik->i", away, inverse, away)

    return distance


def _nearness(
    anchor: NDArray[np.float64], query: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Conformal p-values of the distance from half of an anchor."""
    distance = _distance_from(anchor[::2])
    return conformal_pvalues(distance(anchor[1::2]), distance(query))


def _belonging(
    anchor: NDArray[np.float64],
    sample: NDArray[np.int64],
    query: NDArray[np.float64],
) -> NDArray[np.float64]:
    """p-values of being a cell of a further sample of the anchor.

    Each sample of the anchor is held out in turn, because a holiday sample is another
    library too. With one sample only further cells of that library can stand in.
    """
    names = np.unique(sample)
    if len(names) == 1:
        return _nearness(anchor, query)
    counts = np.zeros(len(query))
    for one in names:
        held = sample == one
        distance = _distance_from(anchor[~held])
        counts += n_at_least(distance(anchor[held]), distance(query))
    return (1 + counts) / (len(anchor) + 1)


def _labels(values: NDArray[np.float64], arms: Arms, alpha: float) -> NDArray[np.int64]:
    """Place of each holiday cell in `SHARES`."""
    query = values[arms.holiday]
    anchors = [
        (values[arm], arms.sample[arm]) for arm in (arms.parental, arms.persister)
    ]
    parental, persister = (_nearness(cells, query) for cells, _ in anchors)
    belongs = [_belonging(cells, sample, query) for cells, sample in anchors]
    outside = np.maximum(*belongs) <= alpha
    return np.where(outside, 2, np.where(parental >= persister, 0, 1))


def three_shares(
    axes: pd.DataFrame, arms: Arms, *, alpha: float, seed: int
) -> pd.DataFrame:
    """Share of holiday cells that look parental, persister-like, or like neither.

    A cell is compared with both anchors of its stratum (tumor or patient) by its
    distance over all axes. Where it lies outside both, nearest-neighbor labels would
    still give it to one of them; here it is counted as neither.

    Parameters
    ----------
    axes
        Cells x axes.
    arms
        The three arms; at least 4 cells in each anchor of every stratum.
    alpha
        A cell with a p-value at or below this is outside an anchor.
    seed
        Seed of the bootstrap.

    Returns
    -------
    One row a state: ``share`` of the cells, adding up to 1; ``low`` and ``high``, its
    95% interval over draws of holiday samples (and of strata, where there are
    several), NaN with one holiday sample; and ``n_cells``. The anchors are taken as
    they were measured, and no draw leaves the range of the samples, so with two or
    three of them the interval is too narrow.
    """
    import pandas as pd

    values = axes.to_numpy(dtype=np.float64)
    counts = []
    for rows, own in arms.strata():
        label = _labels(values[rows], own, alpha)
        sample = own.sample[own.holiday]
        counts.append(
            np.array(
                [
                    np.bincount(label[sample == one], minlength=len(SHARES))
                    for one in np.unique(sample)
                ]
            )
        )
    total = sum(part.sum(axis=0) for part in counts)
    low, high = _interval(counts, seed)
    return pd.DataFrame(
        {"share": total / total.sum(), "low": low, "high": high, "n_cells": total},
        index=pd.Index(SHARES, name="state"),
    )


def _interval(
    counts: list[NDArray[np.int64]], seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95% interval of shares from draws of strata and of their samples."""
    if len(counts) == 1 and len(counts[0]) == 1:
        unknown = np.full(len(SHARES), np.nan)
        return unknown, unknown
    rng = np.random.default_rng(seed)
    draws = np.empty((_N_BOOTSTRAP, len(SHARES)))
    for row in draws:
        again = [
            counts[place][drawn(rng, len(counts[place]))].sum(axis=0)
            for place in drawn(rng, len(counts))
        ]
        found = np.sum(again, axis=0)
        row[:] = found / found.sum()
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    return low, high
