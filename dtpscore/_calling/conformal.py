"""Conformal p-values, Benjamini-Hochberg and local false discovery rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def n_at_least(
    reference: NDArray[np.float64], query: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Count the reference scores that are as large as each query score or larger."""
    ordered = np.sort(reference)
    return len(ordered) - np.searchsorted(ordered, query, side="left")


def conformal_pvalues(
    reference: NDArray[np.float64], query: NDArray[np.float64]
) -> NDArray[np.float64]:
    """One-sided conformal p-values, large scores being extreme.

    p = (1 + number of reference scores >= the score) / (1 + number of references).
    Valid in finite samples where the query cell and the reference cells are
    exchangeable (Bates et al. 2023, Annals of Statistics, doi:10.1214/22-AOS2244).

    Parameters
    ----------
    reference
        Scores of reference cells that were not used to fit the score.
    query
        Scores to test.

    Returns
    -------
    float64, one p-value per query score, never below 1 / (1 + len(reference)).
    """
    return (1 + n_at_least(reference, query)) / (len(reference) + 1)


def benjamini_hochberg(pvalues: NDArray[np.float64]) -> NDArray[np.float64]:
    """Plain Benjamini-Hochberg q-values (1995), without an estimate of the null share.

    The adaptive form is left out on purpose: it is unsafe where libraries differ.

    Parameters
    ----------
    pvalues
        One family of p-values.

    Returns
    -------
    float64 q-values in the order of the input.
    """
    n = len(pvalues)
    order = np.argsort(pvalues, kind="stable")[::-1]
    scaled = pvalues[order] * n / np.arange(n, 0, -1)
    result = np.empty(n)
    result[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    return result


def smallest_share(n_reference: int, alpha: float) -> float:
    """Smallest share of the query that Benjamini-Hochberg could call.

    No p-value is below ``1 / (n_reference + 1)``, so at least
    ``1 / (alpha (n_reference + 1))`` of the cells must reach it together.
    A value above 1 means that no call is possible at all.
    """
    return 1 / (alpha * (n_reference + 1))


def local_fdr(pvalues: NDArray[np.float64]) -> NDArray[np.float64]:
    """Local false discovery rate with the null share set to 1.

    The density of the p-values is the Grenander estimate, the slope of the least
    concave majorant of their distribution function; under the null it is 1.

    Parameters
    ----------
    pvalues
        p-values of a mixture of null and other cells.

    Returns
    -------
    float64 in (0, 1], in the order of the input.
    """
    values, counts = np.unique(pvalues, return_counts=True)
    x = np.r_[0.0, values]
    y = np.r_[0.0, np.cumsum(counts) / len(pvalues)]
    if x[-1] < 1:
        x, y = np.r_[x, 1.0], np.r_[y, 1.0]
    hull = [0]
    for new in range(1, len(x)):
        hull.append(new)
        while len(hull) > 2:
            a, b, c = hull[-3:]
            if (y[b] - y[a]) * (x[c] - x[b]) > (y[c] - y[b]) * (x[b] - x[a]):
                break
            hull.pop(-2)
    slopes = np.diff(y[hull]) / np.diff(x[hull])
    place = np.searchsorted(x[hull], pvalues, side="left") - 1
    density = slopes[np.clip(place, 0, len(slopes) - 1)]
    result: NDArray[np.float64] = np.clip(1 / np.maximum(density, 1e-9), 0.0, 1.0)
    return result
