"""How far cells return in a drug holiday, with samples as the unit."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from dtpscore._calling.conformal import conformal_pvalues, n_at_least
from dtpscore._statistics.intervals import return_interval, share_interval
from dtpscore._statistics.samples import sample_means

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd
    from numpy.typing import NDArray

# Cells of an arm that a tumor or patient needs to be compared within.
FEWEST = 20
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


def _units(
    values: NDArray[np.float64], arms: Arms
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Mean of each sample of each arm in each stratum, its arm, and its stratum."""
    means, arm, stratum = [], [], []
    for place, (rows, own) in enumerate(arms.strata()):
        for number, member in enumerate(own.each):
            found = sample_means(values[rows][member], own.sample[member])
            means.append(found)
            arm += [number] * len(found)
            stratum += [place] * len(found)
    return np.concatenate(means), np.array(arm), np.array(stratum)


def axis_reversal(axes: pd.DataFrame, arms: Arms) -> pd.DataFrame:
    """Differences between the arms per axis, with the sample as the unit.

    Differences are taken within strata (tumors or patients) and averaged over them,
    so that pairs are used as pairs. The intervals are those of `return_interval`:
    Student's t over strata where there are several, else over samples, which covers
    what it says with as few as two samples; draws of so few samples do not.

    Parameters
    ----------
    axes
        Cells x axes in standard deviations of the reference cells.
    arms
        The three arms, each with cells in every stratum.

    Returns
    -------
    One row per axis: ``persister`` and ``holiday``, the differences from parental;
    ``returned``, holiday minus persister, with the 95% interval ``returned_low`` to
    ``returned_high``; and ``ratio``, the returned part of the way, only where the
    persister difference is above 1 and its interval does not hold 0. In one stratum an
    interval needs two samples in both arms that are compared.
    """
    import pandas as pd

    means, arm, stratum = _units(axes.to_numpy(dtype=np.float64), arms)
    rows = []
    for column in means.T:
        way, back = (
            return_interval(
                column[arm != left],
                arm[arm != left] == later,
                stratum=stratum[arm != left],
            )
            for left, later in ((2, 1), (0, 2))
        )
        resolved = abs(way.estimate) > RESOLVED and way.low * way.high > 0
        rows.append(
            {
                "persister": way.estimate,
                "holiday": way.estimate + back.estimate,
                "returned": back.estimate,
                "returned_low": back.low,
                "returned_high": back.high,
                "ratio": -back.estimate / way.estimate if resolved else np.nan,
            }
        )
    return pd.DataFrame(rows, index=pd.Index(axes.columns, name="axis"))


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


def three_shares(axes: pd.DataFrame, arms: Arms, *, alpha: float) -> pd.DataFrame:
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

    Returns
    -------
    One row per state: ``share`` of the cells, ``low`` and ``high`` (see
    `shares_of_units`), and ``n_cells``. The shares add up to 1. The anchors are taken
    as they were measured, and their error is not in the interval.
    """
    import pandas as pd

    values = axes.to_numpy(dtype=np.float64)
    label = np.full(len(values), -1)
    for rows, own in arms.strata():
        label[rows[own.holiday]] = _labels(values[rows], own, alpha)
    off = arms.holiday
    counts = counts_of_units(label[off], arms.sample[off], arms.stratum[off], 3)
    share, low, high = shares_of_units(counts)
    return pd.DataFrame(
        {"share": share, "low": low, "high": high, "n_cells": counts.sum(axis=0)},
        index=pd.Index(SHARES, name="state"),
    )


def counts_of_units(
    label: NDArray[np.int64],
    sample: NDArray[np.int64],
    stratum: NDArray[np.int64],
    n_labels: int,
) -> NDArray[np.int64]:
    """Count the cells of each label in each unit; (units, labels).

    A unit is a stratum (tumor or patient), because samples of one patient are no
    replicates; where there is one stratum it is a sample.
    """
    unit = stratum if len(np.unique(stratum)) > 1 else sample
    return np.array(
        [
            np.bincount(label[unit == name], minlength=n_labels)
            for name in np.unique(unit)
        ]
    )


def shares_of_units(
    counts: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Share of each label, each unit counting once, with its 95% interval.

    The interval is that of the share in a typical unit (`share_interval`), which covers
    what it says with as few as two units. It is widened to hold the mean share where
    no cell, or every cell, has a label.

    Parameters
    ----------
    counts
        Cells of each label in each unit, (units, labels).

    Returns
    -------
    Mean over units of the share, and lower and upper end; NaN with a single unit.
    """
    total = counts.sum(axis=1)
    share = (counts / total[:, None]).mean(axis=0)
    found = [share_interval(column, total) for column in counts.T]
    low = np.minimum([one.low for one in found], share)
    high = np.maximum([one.high for one in found], share)
    return share, low, high
