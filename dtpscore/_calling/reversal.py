"""How far cells return in a drug holiday, with samples as the unit."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from dtpscore._calling.conformal import conformal_pvalues, n_at_least
from dtpscore._statistics.samples import sample_means

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd
    from numpy.random import Generator
    from numpy.typing import NDArray

# Cells of an arm that a tumor or patient needs to be compared within.
FEWEST = 20
_N_BOOTSTRAP = 1000
_INTERVAL = (0.025, 0.975)
# The difference between untreated and treated cells must exceed this many standard
# deviations of the reference for a ratio.
RESOLVED = 1.0
# Weight of the identity matrix in a covariance.
SHRINKAGE = 1 / 11
SHARES = ("parental-like", "DTP-like", "neither")


@dataclass(frozen=True)
class Arms:
    """The three arms of a reversal; arrays over the cells.

    Attributes
    ----------
    parental, persister, holiday
        bool (cells,): which cells belong to the arm.
    sample
        int64 (cells,): the library of each cell.
    stratum
        int64 (cells,): the tumor or patient of each cell.
    """

    parental: NDArray[np.bool_]
    persister: NDArray[np.bool_]
    holiday: NDArray[np.bool_]
    sample: NDArray[np.int64]
    stratum: NDArray[np.int64]

    @property
    def each(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
        """The masks of the three arms."""
        return self.parental, self.persister, self.holiday

    def strata(self) -> Iterator[tuple[NDArray[np.int64], Arms]]:
        """Rows and arms of each stratum that has cells of an arm."""
        member = self.parental | self.persister | self.holiday
        for name in np.unique(self.stratum[member]):
            rows = np.flatnonzero(member & (self.stratum == name))
            parts = {part.name: getattr(self, part.name)[rows] for part in fields(self)}
            yield rows, Arms(**parts)


def linked(arms: Arms) -> tuple[Arms, int, int]:
    """Keep the strata in which the arms can be compared with each other.

    A tumor or patient with cells of all three arms is its own control. Where there is
    none, nothing links the arms, and all cells are one stratum.

    Returns
    -------
    The arms, the number of strata that can be compared within, and that of all.
    """
    names = np.unique(arms.stratum[arms.parental | arms.persister | arms.holiday])
    complete = [
        name
        for name in names
        if all((arm & (arms.stratum == name)).sum() >= FEWEST for arm in arms.each)
    ]
    if not complete:
        alone = replace(arms, stratum=np.zeros_like(arms.stratum))
        return alone, 0, len(names)
    kept = np.isin(arms.stratum, complete)
    parental, persister, holiday = (arm & kept for arm in arms.each)
    within = Arms(parental, persister, holiday, arms.sample, arms.stratum)
    return within, len(complete), len(names)


def drawn(rng: Generator, n: int) -> NDArray[np.int64]:
    """Draw n of n places with replacement; a single place needs no draw."""
    return rng.integers(n, size=n) if n > 1 else np.zeros(1, np.int64)


def _contrasts(arms: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Subtract parental from persister, and persister from holiday sample means."""
    parental, persister, holiday = (part.mean(axis=0) for part in arms)
    return np.stack([persister - parental, holiday - persister])


def _draws(means: list[list[NDArray[np.float64]]], seed: int) -> NDArray[np.float64]:
    """Contrasts of bootstrap draws; NaN where an arm has one sample to draw."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(_N_BOOTSTRAP):
        again = [
            _contrasts([part[drawn(rng, len(part))] for part in means[place]])
            for place in drawn(rng, len(means))
        ]
        found.append(np.mean(again, axis=0))
    draws = np.array(found)
    if len(means) == 1:
        parental, persister, holiday = (len(part) > 1 for part in means[0])
        known = np.array([parental and persister, persister and holiday])
        draws[:, ~known] = np.nan
    return draws


def axis_reversal(axes: pd.DataFrame, arms: Arms, *, seed: int) -> pd.DataFrame:
    """Differences between the arms per axis, with a bootstrap over samples.

    Differences are taken within strata (tumors or patients) and averaged over them,
    so that pairs are used as pairs. A draw takes strata, then samples of each arm.

    Parameters
    ----------
    axes
        Cells x axes in standard deviations of the reference cells.
    arms
        The three arms, each with cells in every stratum.
    seed
        Seed of the bootstrap.

    Returns
    -------
    One row per axis: ``persister`` and ``holiday``, the differences from parental;
    ``returned``, holiday minus persister, with the 95% interval ``returned_low`` to
    ``returned_high``; and ``ratio``, the returned part of the way, only where the
    persister difference is above 1 and its interval does not hold 0. In one stratum an
    interval needs two samples in both arms that are compared.
    """
    import pandas as pd

    values = axes.to_numpy(dtype=np.float64)
    means = [
        [sample_means(values[rows][arm], own.sample[arm]) for arm in own.each]
        for rows, own in arms.strata()
    ]
    contrast, returned = np.mean([_contrasts(part) for part in means], axis=0)
    low, high = np.quantile(_draws(means, seed), _INTERVAL, axis=0)
    resolved = (np.abs(contrast) > RESOLVED) & (low[0] * high[0] > 0)
    ratio = np.where(resolved, -returned / np.where(contrast == 0, 1, contrast), np.nan)
    return pd.DataFrame(
        {
            "persister": contrast,
            "holiday": contrast + returned,
            "returned": returned,
            "returned_low": low[1],
            "returned_high": high[1],
            "ratio": ratio,
        },
        index=pd.Index(axes.columns, name="axis"),
    )


def _distance_from(
    values: NDArray[np.float64],
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Squared Mahalanobis distance from some cells, with a shrunken covariance."""
    from sklearn.covariance import shrunk_covariance

    center = values.mean(axis=0)
    spread = np.atleast_2d(np.cov(values.T))
    inverse = np.linalg.inv(shrunk_covariance(spread, SHRINKAGE))

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
    for name in names:
        held = sample == name
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
    One row per state: ``share`` of the cells, adding up to 1; ``low`` and ``high``,
    its 95% interval over draws of holiday samples (and of strata, where there are
    several), NaN with one holiday sample; and ``n_cells``. The anchors are taken as
    they were measured, and no draw leaves the range of the samples, so with two or
    three of them the interval is too narrow.
    """
    import pandas as pd

    values = axes.to_numpy(dtype=np.float64)
    counts = []
    for rows, own in arms.strata():
        label = _labels(values[rows], own, alpha)
        counts.append(by_sample(label, own.sample[own.holiday], len(SHARES)))
    total = sum(part.sum(axis=0) for part in counts)
    low, high = share_interval(counts, seed)
    return pd.DataFrame(
        {"share": total / total.sum(), "low": low, "high": high, "n_cells": total},
        index=pd.Index(SHARES, name="state"),
    )


def by_sample(
    label: NDArray[np.int64], sample: NDArray[np.int64], n_labels: int
) -> NDArray[np.int64]:
    """Count the cells of each label in each sample; (samples, labels)."""
    return np.array(
        [
            np.bincount(label[sample == name], minlength=n_labels)
            for name in np.unique(sample)
        ]
    )


def share_interval(
    counts: list[NDArray[np.int64]], seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95% interval of shares from draws of strata and of their samples.

    Parameters
    ----------
    counts
        Cells of each label in each sample, one array (samples, labels) per stratum.
    seed
        Seed of the draws.

    Returns
    -------
    Lower and upper end per label; NaN with a single sample.
    """
    n_labels = counts[0].shape[1]
    if len(counts) == 1 and len(counts[0]) == 1:
        unknown = np.full(n_labels, np.nan)
        return unknown, unknown
    rng = np.random.default_rng(seed)
    draws = np.empty((_N_BOOTSTRAP, n_labels))
    for row in draws:
        again = [
            counts[place][drawn(rng, len(counts[place]))].sum(axis=0)
            for place in drawn(rng, len(counts))
        ]
        found = np.sum(again, axis=0)
        row[:] = found / found.sum()
    low, high = np.quantile(draws, _INTERVAL, axis=0)
    return low, high
