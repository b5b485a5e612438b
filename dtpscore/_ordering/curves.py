"""Values along the path: curves, intervals and onsets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

_N_KNOTS = 8
_DEGREE = 3
_N_GRID = 51
_RIDGES = 10.0 ** np.arange(-4, 4)
# An onset is where a curve has gone this share of its way.
_ONSET = 0.5
_FEWEST_SAMPLES = 4


@dataclass(frozen=True)
class Curves:
    """Smooth curves with intervals.

    Attributes
    ----------
    grid
        Positions on the path (g,).
    mean, low, high
        (g, features): fit, and its 95% bootstrap interval, point by point.
    onset
        One row per feature: ``change`` (last minus first value of the curve); for
        features that move also ``onset`` (position where the curve has gone half of
        its way to its farthest point), ``onset_low``, ``onset_high``, and ``rank``,
        ``rank_low``, ``rank_high`` among these features, 1 for the first to move.
    unit
        What the bootstrap drew: ``"samples"``, or ``"cells"`` where there are fewer
        than four samples.
    """

    grid: FloatArray
    mean: FloatArray
    low: FloatArray
    high: FloatArray
    onset: pd.DataFrame
    unit: str


def _basis(positions: FloatArray, grid: FloatArray) -> tuple[FloatArray, FloatArray]:
    from sklearn.preprocessing import SplineTransformer

    knots = np.linspace(grid[0], grid[-1], _N_KNOTS)[:, None]
    spline = SplineTransformer(
        degree=_DEGREE, knots=knots, extrapolation="constant", include_bias=True
    ).fit(grid[:, None])
    return spline.transform(positions[:, None]), spline.transform(grid[:, None])


def _roughness(n: int) -> FloatArray:
    """Squared second differences of neighboring coefficients (P-spline penalty)."""
    second = np.diff(np.eye(n), n=2, axis=0)
    return second.T @ second


def _unit_sums(
    basis: FloatArray, values: FloatArray, weights: FloatArray, units: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Sum up every unit for the normal equations, times the number of units."""
    left, right = [], []
    n_units = int(units.max()) + 1
    for unit in range(n_units):
        rows = units == unit
        weighted = n_units * weights[rows, None] * basis[rows]
        left.append(basis[rows].T @ weighted)
        right.append(weighted.T @ values[rows])
    return np.asarray(left), np.asarray(right)


def _ridge(
    basis: FloatArray, values: FloatArray, weights: FloatArray, penalty: FloatArray
) -> float:
    """Smoothing that generalized cross-validation likes best, over all features."""
    weighted = basis * weights[:, None]
    left, right = basis.T @ weighted, weighted.T @ values
    best, chosen = np.inf, _RIDGES[0]
    for ridge in _RIDGES:
        hat = np.linalg.solve(left + ridge * penalty, left)
        fit = basis @ np.linalg.solve(left + ridge * penalty, right)
        scale = (1 - np.trace(hat) / len(basis)) ** 2
        spread = values.std(axis=0).clip(1e-12) ** 2
        score = float((weights @ (values - fit) ** 2 / spread).sum() / scale)
        if score < best:
            best, chosen = score, ridge
    return float(chosen)


def _onsets(curves: FloatArray, grid: FloatArray) -> FloatArray:
    """Where each curve has gone half of its way; (draws, g, features) -> (draws, f)."""
    moved = np.abs(curves - curves[:, :1])
    reached = moved >= _ONSET * moved.max(axis=1, keepdims=True)
    onsets: FloatArray = grid[np.argmax(reached, axis=1)]
    return onsets


def _resolved(mean: FloatArray, draws: FloatArray) -> NDArray[np.bool_]:
    """Whether the farthest point is off the start, and one way, in 95% of draws."""
    farthest = np.abs(mean - mean[0]).argmax(axis=0)
    features = np.arange(mean.shape[1])
    moved = mean[farthest, features] - mean[0]
    drawn = draws[:, farthest, features] - draws[:, 0]
    resolved: NDArray[np.bool_] = (np.sign(drawn) == np.sign(moved)).mean(axis=0) > 0.95
    return resolved


def _onset_frame(
    mean: FloatArray, draws: FloatArray, grid: FloatArray, moving: NDArray[np.bool_]
) -> pd.DataFrame:
    from scipy.stats import rankdata

    frame = pd.DataFrame({"change": mean[-1] - mean[0]})
    columns = ["onset", "onset_low", "onset_high", "rank", "rank_low", "rank_high"]
    frame[columns] = np.nan
    moving = moving & _resolved(mean, draws)
    if moving.any():
        onset = _onsets(mean[None], grid)[0, moving]
        drawn = _onsets(draws[:, :, moving], grid)
        ranks = np.quantile(rankdata(drawn, axis=1), [0.025, 0.975], axis=0)
        limits = np.quantile(drawn, [0.025, 0.975], axis=0)
        found = [onset, *limits, rankdata(onset), *ranks]
        frame.loc[moving, columns] = np.column_stack(found)
    return frame


def curves(
    values: pd.DataFrame,
    order: FloatArray,
    samples: IntArray,
    *,
    moving: NDArray[np.bool_],
    n_bootstrap: int = 500,
    seed: int = 0,
) -> Curves:
    """Fit a penalized spline to every column along the path.

    Cubic B-splines with a penalty on second differences (Eilers & Marx 1996,
    10.1214/ss/1038425655), the strength by generalized cross-validation; every sample
    has the same weight. Intervals are pointwise, from a bootstrap that draws whole
    samples; with fewer than four samples it draws cells, and the intervals then hold
    nothing of the spread between samples.

    Parameters
    ----------
    values
        (cells, features) without NaN.
    order
        (cells,) positions without NaN.
    samples
        Sample of each cell.
    moving
        Features that move along the path, the only ones to have an onset.
    n_bootstrap
        Draws.
    seed
        Seed of the draws.
    """
    rng = np.random.default_rng(seed)
    grid = np.linspace(np.quantile(order, 0.01), np.quantile(order, 0.99), _N_GRID)
    basis, on_grid = _basis(order, grid)
    names, codes, sizes = np.unique(samples, return_inverse=True, return_counts=True)
    table = values.to_numpy(dtype=np.float64)
    penalty = _roughness(basis.shape[1])
    weights = 1 / sizes[codes] / names.size
    ridge = _ridge(basis, table, weights, penalty)
    unit = "samples" if names.size >= _FEWEST_SAMPLES else "cells"
    # Cells are drawn in 200 blocks, which keeps the sums small.
    units = codes if unit == "samples" else rng.permutation(np.arange(len(basis)) % 200)
    left, right = _unit_sums(basis, table, weights, units)
    n_units = len(left)

    def solved(times: FloatArray) -> FloatArray:
        share = times / n_units
        gram = np.tensordot(share, left, axes=1) + ridge * penalty
        gram += 1e-9 * np.eye(len(gram))
        fitted: FloatArray = on_grid @ np.linalg.solve(
            gram, np.tensordot(share, right, axes=1)
        )
        return fitted

    mean = solved(np.ones(n_units))
    times = rng.multinomial(n_units, np.full(n_units, 1 / n_units), n_bootstrap)
    draws = np.asarray([solved(one) for one in times])
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    onset = _onset_frame(mean, draws, grid, moving).set_index(values.columns)
    return Curves(grid, mean, low, high, onset, unit)


def how_fitted(unit: str, n_bootstrap: int) -> str:
    """Say how curves and intervals were made; ``unit`` is what the bootstrap drew."""
    return (
        "Curves are cubic penalized splines (Eilers & Marx 1996, "
        "doi:10.1214/ss/1038425655) in which every sample has the same weight; 95% "
        f"intervals come from {n_bootstrap:,} bootstrap draws of {unit}. The onset is "
        f"the position at which a curve has gone {_ONSET:.0%} of its way."
    )
