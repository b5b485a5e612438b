"""What returns in a drug holiday, axis by axis and cell by cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dtpscore._calling.conformal import conformal_pvalues

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_N_BOOTSTRAP = 1000
# The parental-DTP contrast must exceed this many reference SD for a ratio.
_RESOLVED = 1.0
_RIDGE = 0.1
SHARES = ("parental-like", "DTP-like", "neither")


@dataclass(frozen=True)
class Arms:
    """Rows of the three arms; each is one mask over the cells.

    Attributes
    ----------
    parental, persister, holiday
        Which cells belong to the arm.
    """

    parental: NDArray[np.bool_]
    persister: NDArray[np.bool_]
    holiday: NDArray[np.bool_]


def _sample_means(
    values: NDArray[np.float64], sample: NDArray[np.int64], rows: NDArray[np.bool_]
) -> NDArray[np.float64]:
    return np.array(
        [values[rows & (sample == one)].mean(axis=0) for one in np.unique(sample[rows])]
    )


def axis_reversal(
    axes: pd.DataFrame, sample: NDArray[np.int64], arms: Arms, *, seed: int
) -> pd.DataFrame:
    """Differences between the arms per axis, with a bootstrap over samples.

    Parameters
    ----------
    axes
        Cells x axes in standard deviations of the reference cells.
    sample
        Library of each cell.
    arms
        The three arms.
    seed
        Seed of the bootstrap.

    Returns
    -------
    One row an axis: ``persister`` and ``holiday``, the differences from parental;
    ``returned``, holiday minus persister, with the 95 % interval ``returned_low`` to
    ``returned_high`` (NaN where an arm has one sample); and ``ratio``, the returned
    part of the way, only where the persister difference is above 1 and its interval
    does not hold 0.
    """
    import pandas as pd

    values = axes.to_numpy(dtype=np.float64)
    means = [
        _sample_means(values, sample, rows)
        for rows in (arms.parental, arms.persister, arms.holiday)
    ]
    parental, persister, holiday = (part.mean(axis=0) for part in means)
    rng = np.random.default_rng(seed)
    draws = np.empty((2, _N_BOOTSTRAP, values.shape[1]))
    for draw in range(_N_BOOTSTRAP):
        again = [
            part[rng.integers(len(part), size=len(part))].mean(axis=0) for part in means
        ]
        draws[:, draw] = again[1] - again[0], again[2] - again[1]
    if min(map(len, means)) < 2:
        draws[:] = np.nan
    low, high = np.quantile(draws, [0.025, 0.975], axis=1)
    contrast, returned = persister - parental, holiday - persister
    resolved = (np.abs(contrast) > _RESOLVED) & (low[0] * high[0] > 0)
    ratio = np.where(resolved, -returned / np.where(contrast == 0, 1, contrast), np.nan)
    return pd.DataFrame(
        {
            "persister": contrast,
            "holiday": holiday - parental,
            "returned": returned,
            "returned_low": low[1],
            "returned_high": high[1],
            "ratio": ratio,
        },
        index=pd.Index(axes.columns, name="axis"),
    )


def _distance_pvalues(
    values: NDArray[np.float64],
    anchor: NDArray[np.int64],
    query: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Conformal p-values of the Mahalanobis distance from half of an anchor."""
    fitted, held = anchor[::2], anchor[1::2]
    center = values[fitted].mean(axis=0)
    spread = np.atleast_2d(np.cov(values[fitted].T))
    spread = spread + _RIDGE * np.eye(len(spread)) * np.trace(spread) / len(spread)
    inverse = np.linalg.inv(spread)

    def distance(rows: NDArray[np.int64]) -> NDArray[np.float64]:
        away = values[rows] - center
        return np.einsum("ij,jk,ik->i", away, inverse, away)

    return conformal_pvalues(distance(held), distance(query))


def three_shares(axes: pd.DataFrame, arms: Arms, *, alpha: float) -> pd.Series:
    """Share of holiday cells that look parental, persister-like, or like neither.

    A cell is compared with both anchors by its distance over all axes. Where it lies
    outside both, nearest-neighbor labels would still give it to one of them; here it
    is counted as neither.

    Parameters
    ----------
    axes
        Cells x axes.
    arms
        The three arms; at least 4 cells in each anchor.
    alpha
        A cell with a p-value at or below this is outside an anchor.

    Returns
    -------
    Three shares that add up to 1.
    """
    import pandas as pd

    values = axes.to_numpy(dtype=np.float64)
    query = np.flatnonzero(arms.holiday)
    parental, persister = (
        _distance_pvalues(values, np.flatnonzero(rows), query)
        for rows in (arms.parental, arms.persister)
    )
    neither = np.maximum(parental, persister) <= alpha
    back = ~neither & (parental >= persister)
    counts = [back.sum(), (~neither & ~back).sum(), neither.sum()]
    return pd.Series(np.array(counts) / len(query), index=SHARES, name="share")
