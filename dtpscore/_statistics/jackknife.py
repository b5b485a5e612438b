"""Errors of any statistic of two arms of samples, by leaving out one sample in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._statistics.samples import Units


def left_out(units: Units) -> list[NDArray[np.bool_]]:
    """Say which units each replicate of the jackknife keeps.

    With pairs a pair is left out with both of its samples. Without pairs every sample
    is left out once.

    Parameters
    ----------
    units
        What is counted once.

    Returns
    -------
    One mask per replicate; none where an arm has a single unit, because such an arm
    cannot say how much its samples vary.
    """
    n_treated = int(units.treated.sum())
    if min(n_treated, len(units.treated) - n_treated) < 2:
        return []
    if units.pair is not None:
        return [units.pair != one for one in np.unique(units.pair)]
    return [np.arange(len(units.treated)) != one for one in range(len(units.treated))]


def jackknife(
    replicates: NDArray[np.float64], units: Units
) -> tuple[NDArray[np.float64], float]:
    """Estimate standard errors of statistics of two arms (Efron and Stein 1981).

    The squared deviations of the replicates from the mean of their arm are added up in
    each arm, times (n - 1) / n. For the difference of two means this is the sum of the
    squared standard errors of the means.

    Parameters
    ----------
    replicates
        float64 (replicates, statistics), in the order of `left_out`.
    units
        The units that were left out in turn.

    Returns
    -------
    The standard errors, and their degrees of freedom: samples less two, or pairs less
    one.
    """
    strata = [np.ones(len(replicates), bool)]
    if units.pair is None:
        strata = [units.treated, ~units.treated]
    square = np.zeros(replicates.shape[1])
    for rows in strata:
        own = replicates[rows]
        n = len(own)
        square += (n - 1) / n * ((own - own.mean(axis=0)) ** 2).sum(axis=0)
    return np.sqrt(square), float(len(replicates) - len(strata))
