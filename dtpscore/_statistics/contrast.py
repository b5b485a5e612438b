"""Contrasts between arms of samples, within tumors or patients where there are any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Contrast:
    """A weighted sum of the means of arms, and what its error rests on.

    Attributes
    ----------
    effect
        float64 (features,): the contrast.
    variance
        float64 (features,): variance between samples of one arm, and one stratum if
        there are strata. NaN where there are no degrees of freedom.
    leverage
        The squared standard error is ``variance * leverage``.
    freedom
        Degrees of freedom of the variance; 0 where there is one sample per arm.
    """

    effect: NDArray[np.float64]
    variance: NDArray[np.float64]
    leverage: float
    freedom: int


def _dummies(codes: NDArray[np.int64]) -> NDArray[np.float64]:
    names = np.unique(codes)
    return (codes[:, None] == names).astype(np.float64)


def arm_contrast(
    values: ArrayLike,
    arm: ArrayLike,
    weights: Sequence[float],
    *,
    stratum: ArrayLike | None = None,
    covariates: ArrayLike | None = None,
) -> Contrast:
    """Estimate a contrast between arms by least squares, every sample counting once.

    The model has a mean for each arm, and with strata a mean for each stratum. With two
    arms and one stratum this is the equal-variance t test, with one sample of each arm
    in each stratum the paired t test.

    Parameters
    ----------
    values
        (samples,) or (samples, features).
    arm
        Whole number for each sample: 0 for the first weight, 1 for the second, etc.
    weights
        Weight of the mean of each arm; they add up to 0.
    stratum
        Tumor or patient of each sample. Where the arms have no stratum in common, the
        contrast cannot be estimated within strata.
    covariates
        (samples, covariates), numbers that the means of samples may follow.

    Returns
    -------
    The contrast.

    Raises
    ------
    ValueError
        An arm has no sample, or the contrast cannot be estimated within the strata or
        beside the covariates.
    """
    target = np.asarray(values, dtype=np.float64)
    target = target[:, None] if target.ndim == 1 else target
    arms = np.asarray(arm, dtype=np.int64)
    wanted = np.asarray(weights, dtype=np.float64)
    missing = sorted(set(range(len(wanted))) - set(arms.tolist()))
    if missing:
        msg = f"Every arm needs a sample; arm {missing[0]} has none."
        raise ValueError(msg)
    design = (arms[:, None] == np.arange(len(wanted))).astype(np.float64)
    if stratum is not None:
        strata = _dummies(np.asarray(stratum, dtype=np.int64))
        # The first stratum is part of the means of the arms.
        design = np.hstack([design, strata[:, 1:]])
    n_without = design.shape[1]
    if covariates is not None:
        own = np.asarray(covariates, dtype=np.float64)
        # Centered and scaled, so that the rank does not depend on the unit.
        own = own - own.mean(axis=0)
        spread = own.std(axis=0)
        design = np.hstack([design, own / np.where(spread > 0, spread, 1.0)])
    full = np.zeros(design.shape[1])
    full[: len(wanted)] = wanted
    inverse = np.linalg.pinv(design)
    rank = int(np.linalg.matrix_rank(design))
    if not np.allclose(full @ inverse @ design, full, atol=1e-8):
        msg = "No stratum links the arms, so they cannot be compared within strata."
        if design.shape[1] > n_without:
            msg = "The covariates change with the arm, so neither can be told apart."
        raise ValueError(msg)
    coefficients = inverse @ target
    residual = target - design @ coefficients
    freedom = len(target) - rank
    variance = np.full(target.shape[1], np.nan)
    if freedom > 0:
        variance = (residual**2).sum(axis=0) / freedom
    row = full @ inverse
    return Contrast(full @ coefficients, variance, float(row @ row), freedom)
