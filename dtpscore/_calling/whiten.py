"""Cells in units of the spread within reference samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Principal components, and weight of the identity in the covariance.
_N_COMPONENTS = 20
_SHRINKAGE = 0.1


@dataclass(frozen=True)
class Whitened:
    """Cells in units of the spread of reference cells within a sample.

    Attributes
    ----------
    residuals
        Reference cells around the mean of their sample.
    mixed
        Other cells around the mean of the reference samples.
    scale
        Features x components, from features to these units.
    """

    residuals: NDArray[np.float64]
    mixed: NDArray[np.float64]
    scale: NDArray[np.float64]


def _sample_means(
    values: NDArray[np.float64], sample: NDArray[np.int64]
) -> NDArray[np.float64]:
    return np.array([values[sample == one].mean(axis=0) for one in np.unique(sample)])


def whiten(
    null: NDArray[np.float64],
    null_sample: NDArray[np.int64],
    mixed: NDArray[np.float64],
) -> Whitened:
    """Scale the leading components of all cells by the spread within null samples.

    Parameters
    ----------
    null, null_sample
        Reference cells x features, and the sample of each.
    mixed
        The other cells x the same features.

    Returns
    -------
    Null residuals and mixed cells in at most 20 dimensions.
    """
    means = _sample_means(null, null_sample)
    _, place = np.unique(null_sample, return_inverse=True)
    residuals = null - means[place]
    everything = np.vstack([null, mixed])
    everything = everything - everything.mean(axis=0)
    _, vectors = np.linalg.eigh(everything.T @ everything)
    basis = vectors[:, ::-1][:, :_N_COMPONENTS]
    spread = np.atleast_2d(np.cov((residuals @ basis).T))
    size = np.trace(spread) / len(spread)
    spread = (1 - _SHRINKAGE) * spread + _SHRINKAGE * size * np.eye(len(spread))
    values, rotation = np.linalg.eigh(spread)
    scale = basis @ rotation / np.sqrt(np.maximum(values, 1e-12))
    return Whitened(residuals @ scale, (mixed - means.mean(axis=0)) @ scale, scale)
