"""How far each axis returns in a drug holiday."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dtpscore._calling.arms import drawn

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._calling.arms import Arms

_N_BOOTSTRAP = 1000
# The parental-DTP contrast must exceed this many reference SD for a ratio.
_RESOLVED = 1.0


def _sample_means(
    values: NDArray[np.float64], sample: NDArray[np.int64], rows: NDArray[np.bool_]
) -> NDArray[np.float64]:
    return np.array(
        [values[rows & (sample == one)].mean(axis=0) for one in np.unique(sample[rows])]
    )


def _contrasts(arms: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Subtract parental from persister, and persister from holiday sample means."""
    parental, persister, holiday = (part.mean(axis=0) for part in arms)
    return np.stack([persister - parental, holiday - persister])


def _draws(means: list[list[NDArray[np.float64]]], seed: int) -> NDArray[np.float64]:
    """Contrasts of bootstrap draws; NaN where an arm has but one sample to draw."""
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
    One row an axis: ``persister`` and ``holiday``, the differences from parental;
    ``returned``, holiday minus persister, with the 95% interval ``returned_low`` to
    ``returned_high``; and ``ratio``, the returned part of the way, only where the
    persister difference is above 1 and its interval does not hold 0. In one stratum an
    interval needs two samples in both arms that are compared.
    """
    import pandas as pd

    values = axes.to_numpy(dtype=np.float64)
    means = [
        [_sample_means(values[rows], own.sample, arm) for arm in own.each]
        for rows, own in arms.strata()
    ]
    contrast, returned = np.mean([_contrasts(one) for one in means], axis=0)
    low, high = np.quantile(_draws(means, seed), [0.025, 0.975], axis=0)
    resolved = (np.abs(contrast) > _RESOLVED) & (low[0] * high[0] > 0)
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
