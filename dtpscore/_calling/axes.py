"""Axes as means of their signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._calling.features import Features


def axis_means(features: Features, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean of the features of each axis, in the order of first use.

    Features are turned first, so that high means more of the axis.
    """
    axis = np.asarray(features.axis)
    names = list(dict.fromkeys(features.axis))
    values = features.values[rows] * np.asarray(features.sign)
    return np.stack([values[:, axis == name].mean(axis=1) for name in names], axis=1)
