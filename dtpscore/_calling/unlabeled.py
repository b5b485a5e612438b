"""Positive-unlabeled learning: reference cells against cells of unknown state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dtpscore._calling.conformal import conformal_pvalues, local_fdr

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Inverse penalty of the logistic regression on standardized features.
_C = 0.01
_LEAST_WEIGHT = 1e-3


def positive_unlabeled(
    null: NDArray[np.float64], mixed: NDArray[np.float64], *, rounds: int = 6
) -> tuple[NDArray[np.float64], float]:
    """Fit a ridge logistic regression of mixed against null cells, cells reweighted.

    Every round fits the regression, turns the scores of the mixed cells into
    conformal p-values against the null cells, and weights each mixed cell by one
    minus its local false discovery rate. All mixed cells are treated alike, whatever
    sample they are from, which is what keeps a held-out reference sample among them
    comparable with the query (AdaDetect, Marandon et al. 2024, Annals of Statistics,
    doi:10.1214/23-AOS2338).

    Parameters
    ----------
    null
        Reference cells, cells x features, standardized without regard to the label.
    mixed
        Cells to tell apart, a held-out reference sample and the query.
    rounds
        Number of fits.

    Returns
    -------
    Coefficients (float64, one a feature) and intercept; the score is linear.
    """
    from sklearn.linear_model import LogisticRegression

    features = np.vstack([null, mixed])
    labels = np.r_[np.zeros(len(null)), np.ones(len(mixed))]
    weights = np.ones(len(mixed))
    # Every round starts from the solution of the one before.
    model = LogisticRegression(C=_C, max_iter=200, warm_start=True)
    for _ in range(rounds):
        # Both classes count the same, however many mixed cells still do.
        balanced = weights * len(null) / max(weights.sum(), 1.0)
        model.fit(features, labels, sample_weight=np.r_[np.ones(len(null)), balanced])
        pvalues = conformal_pvalues(
            model.decision_function(null), model.decision_function(mixed)
        )
        weights = np.maximum(1 - local_fdr(pvalues), _LEAST_WEIGHT)
    return model.coef_[0], float(model.intercept_[0])
