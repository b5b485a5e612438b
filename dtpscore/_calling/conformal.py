"""Conformal p-values and local false discovery rates."""

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


def smallest_share(n_reference: int, alpha: float) -> float:
    """Smallest share of the query that the Benjamini-Hochberg procedure could call.

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
    from scipy.optimize import isotonic_regression

    values, counts = np.unique(pvalues, return_counts=True)
    ends = values if values[-1] == 1 else np.r_[values, 1.0]
    widths = np.diff(ends, prepend=0.0)
    shares = np.r_[counts, np.zeros(len(ends) - len(values))] / len(pvalues)
    # Slopes of the concave majorant: the density of each step, made to decrease.
    density = isotonic_regression(shares / widths, weights=widths, increasing=False).x
    own = density[np.searchsorted(ends, pvalues)]
    result: NDArray[np.float64] = np.clip(1 / np.maximum(own, 1e-9), 0.0, 1.0)
    return result
