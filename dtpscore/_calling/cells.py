"""The cells of one batch as arrays, and how they are scaled and chosen for fits."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from dtpscore._statistics.samples import sample_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Principal components that are whitened, and the weight of the identity matrix in
# their covariance.
N_WHITENED = 20
SHRINKAGE = 0.1
# Most cells that the models are fitted on, of one sample and in all, and the number
# to which samples are not cut down. All cells are scored.
_MOST_OF_SAMPLE, _MOST_IN_ALL, _FEWEST_ALIKE = 1000, 6000, 100


@dataclass(frozen=True)
class Cells:
    """Cells of one batch; their order does not depend on the file.

    Attributes
    ----------
    features
        float64 (cells, features), standardized without regard to group.
    sample
        int64 (cells,): the library of each cell.
    reference
        bool (cells,): which cells are reference cells.
    evidence
        float64 (cells,): the published direction, which is the index in any unit.
    fit
        bool (cells,): which cells may be used to fit. Scores are given to all.
    fit_mixed
        bool (cells,): which cells may be used to fit beside a held-out sample. No
        sample has many more of them than another, so that none leads the fit.
    components
        float64 (cells, components): the main directions of expression, together with
        as much variance as the features. There is no column where none are used.
    half
        bool (cells,): one half of the cells of each sample.
    """

    features: NDArray[np.float64]
    sample: NDArray[np.int64]
    reference: NDArray[np.bool_]
    evidence: NDArray[np.float64]
    fit: NDArray[np.bool_]
    fit_mixed: NDArray[np.bool_]
    components: NDArray[np.float64]
    half: NDArray[np.bool_]

    @property
    def joined(self) -> NDArray[np.float64]:
        """Features and components side by side."""
        return np.hstack([self.features, self.components])

    def only(self, rows: NDArray[np.bool_]) -> Cells:
        """Take some of the cells."""
        parts = {field.name: getattr(self, field.name)[rows] for field in fields(self)}
        return Cells(**parts)


def robust_center_and_spread(
    values: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Median and scaled median absolute deviation of each column."""
    from scipy.stats import median_abs_deviation

    spread = median_abs_deviation(values, axis=0, scale="normal")
    return np.median(values, axis=0), np.asarray(spread)


def reference_units(
    values: NDArray[np.float64], reference: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Center and scale by the median and the scaled MAD of the reference cells.

    This is for display and for the index only. Features that a model learns from must
    not be scaled by the reference, because the scale alone would tell the groups apart.

    Parameters
    ----------
    values
        float64 (cells,) or (cells, k).
    reference
        bool (cells,): which cells are reference cells.

    Returns
    -------
    float64 of the shape of ``values``. A column without spread in the reference is
    divided by its standard deviation there, or by 1e-9.
    """
    part = values[reference]
    center, spread = robust_center_and_spread(part)
    spread = np.where(spread > 0, spread, np.std(part, axis=0))
    result: NDArray[np.float64] = (values - center) / np.maximum(spread, 1e-9)
    return result


def standardized(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Center and scale each column over all cells, without regard to group."""
    spread = values.std(axis=0)
    result: NDArray[np.float64] = (values - values.mean(axis=0)) / np.where(
        spread > 0, spread, 1.0
    )
    return result


def weighed_like(
    components: NDArray[np.float64], n_features: int
) -> NDArray[np.float64]:
    """Center components, and give them the variance of as many standardized features.

    The components keep their proportions. Group plays no part.

    Parameters
    ----------
    components
        float64 (cells, components); there may be no column.
    n_features
        Number of features, each of variance 1.

    Returns
    -------
    float64 (cells, components).
    """
    centered: NDArray[np.float64] = components - components.mean(axis=0)
    size = float((centered**2).sum(axis=1).mean())
    return centered * np.sqrt(n_features / size) if size > 0 else centered


def chosen_for_fit(
    sample: NDArray[np.int64], keys: NDArray[np.uint64], largest: int
) -> NDArray[np.bool_]:
    """Take at most ``largest`` cells of each sample, by the order of their keys."""
    result = np.zeros(len(sample), bool)
    for name in np.unique(sample):
        rows = np.flatnonzero(sample == name)
        order = np.argsort(keys[rows], kind="stable")
        result[rows[order[:largest]]] = True
    return result


def alike_in_size(sample: NDArray[np.int64]) -> int:
    """Most cells that a sample may lend to a fit of samples that are treated alike.

    A sample of few cells does not decide this: it would leave nothing to fit.
    """
    _, sizes = np.unique(sample, return_counts=True)
    return max(int(sizes.min()), _FEWEST_ALIKE)


def largest_fit(n_samples: int) -> int:
    """Most cells of a sample that fits may use, so that many samples cost no more."""
    return max(_FEWEST_ALIKE, min(_MOST_OF_SAMPLE, _MOST_IN_ALL // n_samples))


def every_other(
    sample: NDArray[np.int64], keys: NDArray[np.uint64]
) -> NDArray[np.bool_]:
    """Take half of the cells of each sample, by the order of their keys."""
    result = np.zeros(len(sample), bool)
    for name in np.unique(sample):
        rows = np.flatnonzero(sample == name)
        result[rows[np.argsort(keys[rows], kind="stable")[::2]]] = True
    return result


@dataclass(frozen=True)
class Whitened:
    """Cells in units of the spread of reference cells within a sample.

    Attributes
    ----------
    residuals
        float64 (null cells, components): reference cells around the mean of their
        sample.
    mixed
        float64 (mixed cells, components): the other cells around the mean of the
        reference samples.
    scale
        float64 (features, components): the map from features to these units.
    """

    residuals: NDArray[np.float64]
    mixed: NDArray[np.float64]
    scale: NDArray[np.float64]


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
    from sklearn.covariance import shrunk_covariance

    means = sample_means(null, null_sample)
    _, place = np.unique(null_sample, return_inverse=True)
    residuals = null - means[place]
    everything = np.vstack([null, mixed])
    everything = everything - everything.mean(axis=0)
    _, vectors = np.linalg.eigh(everything.T @ everything)
    basis = vectors[:, ::-1][:, :N_WHITENED]
    spread = np.atleast_2d(np.cov((residuals @ basis).T))
    values, rotation = np.linalg.eigh(shrunk_covariance(spread, SHRINKAGE))
    scale = basis @ rotation / np.sqrt(np.maximum(values, 1e-12))
    return Whitened(residuals @ scale, (mixed - means.mean(axis=0)) @ scale, scale)
