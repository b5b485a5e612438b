"""Index, proliferation and features from control-matched z-scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def reference_units(
    values: NDArray[np.float64], reference: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Center and scale by median and scaled MAD of the reference cells.

    For display and for the index only: features that a model learns from must not be
    scaled by the reference, because that alone tells the groups apart.

    Parameters
    ----------
    values
        (cells,) or (cells, k).
    reference
        Which cells are reference cells.
    """
    part = values[reference]
    center = np.median(part, axis=0)
    spread = 1.4826 * np.median(np.abs(part - center), axis=0)
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


def chosen_for_fit(
    sample: NDArray[np.int64], keys: NDArray[np.uint64], largest: int
) -> NDArray[np.bool_]:
    """Take at most ``largest`` cells of each sample, by the order of their keys."""
    result = np.zeros(len(sample), bool)
    for one in np.unique(sample):
        rows = np.flatnonzero(sample == one)
        order = np.argsort(keys[rows], kind="stable")
        result[rows[order[:largest]]] = True
    return result


def every_other(
    sample: NDArray[np.int64], keys: NDArray[np.uint64]
) -> NDArray[np.bool_]:
    """Take half of the cells of each sample, by the order of their keys."""
    result = np.zeros(len(sample), bool)
    for one in np.unique(sample):
        rows = np.flatnonzero(sample == one)
        result[rows[np.argsort(keys[rows], kind="stable")[::2]]] = True
    return result


def weighed_like(
    components: NDArray[np.float64], n_features: int
) -> NDArray[np.float64]:
    """Center components; give them together the variance of standardized features.

    The components keep their proportions. Group plays no part.

    Parameters
    ----------
    components
        Cells x components of expression; none of them is allowed too.
    n_features
        Number of features, of unit variance each.
    """
    centered: NDArray[np.float64] = components - components.mean(axis=0)
    size = float((centered**2).sum(axis=1).mean())
    return centered * np.sqrt(n_features / size) if size > 0 else centered
