"""Does a value follow the order within samples?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dtpscore._ordering.checks import within

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.random import Generator
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

# The test looks at bends with few degrees of freedom.
_TEST_KNOTS = 3
_LEAST_CELLS = 10
_MOST_OF_SAMPLE = 500


def _rank_basis(order: FloatArray) -> FloatArray:
    """Orthonormal spline basis of the ranks, without the constant."""
    from scipy.stats import rankdata
    from sklearn.preprocessing import SplineTransformer

    ranks = rankdata(order)[:, None]
    raw = SplineTransformer(n_knots=_TEST_KNOTS, degree=2).fit_transform(ranks)
    return np.linalg.qr(raw[:, :-1] - raw[:, :-1].mean(axis=0))[0]


def _explained(basis: FloatArray, values: FloatArray) -> FloatArray:
    """Share of the variation of each column that the basis explains."""
    centered = values - values.mean(axis=0)
    total = (centered**2).sum(axis=0)
    found = ((basis.T @ centered) ** 2).sum(axis=0)
    share: FloatArray = np.divide(
        found, total, where=total > 0, out=np.zeros_like(found)
    )
    return share


def _subset(samples: IntArray, rng: Generator) -> list[IntArray]:
    """Rows of every sample that has enough cells, at most 500 of one."""
    parts = []
    for code in np.unique(samples[samples >= 0]):
        rows = np.flatnonzero(samples == code)
        if rows.size >= _LEAST_CELLS:
            size = min(rows.size, _MOST_OF_SAMPLE)
            parts.append(np.sort(rng.choice(rows, size, replace=False)))
    return parts


def permutation_p(
    values: FloatArray,
    order: FloatArray,
    samples: IntArray,
    *,
    n_permutations: int,
    rng: Generator,
) -> tuple[float, float]:
    """Test whether a value follows the order within samples.

    The statistic is the mean over samples of the share of variation that a quadratic
    spline of the cell's rank in its sample explains. A sample counts by the variance
    of its positions: where all cells are at one place there is nothing to follow.
    Values are shuffled within samples, so that a difference between them adds nothing.

    Returns
    -------
    p = (1 + number of shuffles at least as large) / (shuffles + 1), and the statistic.
    """
    parts = _subset(samples, rng)
    total = sum(float(np.var(order[rows])) for rows in parts)
    if total == 0:
        return float("nan"), float("nan")
    observed, shuffled = 0.0, np.zeros(n_permutations)
    for rows in parts:
        basis, own = _rank_basis(order[rows]), values[rows]
        weight = float(np.var(order[rows])) / total
        observed += weight * float(_explained(basis, own[:, None])[0])
        many = rng.permuted(np.tile(own[:, None], n_permutations), axis=0)
        shuffled += weight * _explained(basis, many)
    # Equal statistics must not fall on either side by rounding.
    hits = int(np.sum(shuffled >= observed * (1 - 1e-12)))
    return (1 + hits) / (n_permutations + 1), observed


def tested(
    values: pd.DataFrame,
    orders: Mapping[str, FloatArray | None],
    samples: IntArray,
    *,
    n_permutations: int,
    random_state: int,
) -> pd.DataFrame:
    """Test every column along an order that was made without its own genes.

    Parameters
    ----------
    values
        (cells, features).
    orders
        For every feature the positions without its genes, or None where these could
        not be had; such a feature gets no p-value.
    samples
        Sample of each cell, -1 without one.
    n_permutations
        Shuffles within samples.
    random_state
        Seed of the shuffles.

    Returns
    -------
    One row a feature: ``rho`` (median over samples of Spearman's rho within the
    sample), ``n_samples``, ``n_agree`` (samples with the sign of ``rho``),
    ``explained``, ``p`` and ``q`` (Benjamini-Hochberg over the features with a p).
    """
    from scipy.stats import false_discovery_control

    rng = np.random.default_rng(random_state)
    rows = {}
    for name in values:
        own, order = values[name].to_numpy(dtype=np.float64), orders[name]
        if order is None:
            rows[name] = (np.nan, 0, 0, np.nan, np.nan)
            continue
        placed = ~np.isnan(order)
        kept = own[placed], order[placed], samples[placed]
        each = within(*kept)
        rho = float(np.median(each)) if each.size else np.nan
        p, explained = permutation_p(*kept, n_permutations=n_permutations, rng=rng)
        agree = int((np.sign(each) == np.sign(rho)).sum())
        rows[name] = (rho, each.size, agree, explained, p)
    frame = pd.DataFrame.from_dict(
        rows, orient="index", columns=["rho", "n_samples", "n_agree", "explained", "p"]
    )
    frame["q"] = np.nan
    known = frame["p"].notna()
    if known.any():
        frame.loc[known, "q"] = false_discovery_control(frame.loc[known, "p"])
    return frame.rename_axis("feature")
