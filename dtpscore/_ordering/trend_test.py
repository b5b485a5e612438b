"""Test whether a value follows the order of the other genes within samples.

A value along an order that its own genes helped to make follows that order even where
nothing else does. So each axis and gene is tested along the order of the other genes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dtpscore._kernels._weighted import weighted_rows
from dtpscore._ordering import diffusion
from dtpscore._ordering.checks import within
from dtpscore._ordering.neighbors import Neighborhood
from dtpscore._statistics.shuffles import explained_by_chance

if TYPE_CHECKING:
    from collections.abc import Mapping

    import scipy.sparse as sp
    from numpy.random import Generator
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

# Cells that diffusion pseudotime is computed again on, at most.
_MOST_AGAIN = 3000
# The test looks at bends with few degrees of freedom.
_TEST_KNOTS = 3
_LEAST_CELLS = 10
_MOST_OF_SAMPLE = 500


@dataclass(frozen=True, eq=False)
class _Sums:
    """Sums of weighted genes in each cell, which can leave some genes out.

    Attributes
    ----------
    values
        (cells, genes).
    weights
        (genes, k).
    """

    values: sp.csr_array
    weights: FloatArray

    @cached_property
    def _all(self) -> FloatArray:
        return self._of(np.arange(self.values.shape[0]), self.weights)

    @cached_property
    def _by_gene(self) -> sp.csc_array:
        return self.values.tocsc()

    def _of(
        self, rows: IntArray, weights: FloatArray, out: FloatArray | None = None
    ) -> FloatArray:
        if out is None:
            out = np.empty((self.values.shape[0], weights.shape[1]))
        values = self.values
        weighted_rows(values.data, values.indices, values.indptr, weights, rows, out)
        return out

    def without(self, genes: IntArray) -> FloatArray:
        """Add up (cells, k) without these genes.

        Cells that have none of these genes keep their sums.
        """
        if not genes.size:
            return self._all
        starts = self._by_gene.indptr
        holders = np.concatenate(
            [self._by_gene.indices[starts[one] : starts[one + 1]] for one in genes]
        )
        weights = self.weights.copy()
        weights[genes] = 0
        return self._of(np.unique(holders), weights, out=self._all.copy())


@dataclass(frozen=True)
class GeneModel:
    """The genes that an order was made of, to make it again without some of them.

    Attributes
    ----------
    time
        The order itself.
    values
        (cells, genes), log expression of the genes in it.
    columns
        Columns of the matrix that these genes are.
    loadings
        (genes, k).
    weights
        (genes, folds): weight of each gene in the position of a cell of a fold; None
        for diffusion pseudotime.
    fold
        Fold of each cell.
    root
        Row of the root cell.
    n_neighbors, n_dcs, seed
        Options of the run.
    """

    time: FloatArray
    values: sp.csr_array
    columns: IntArray
    loadings: FloatArray
    weights: FloatArray | None
    fold: IntArray
    root: int
    n_neighbors: int
    n_dcs: int
    seed: int

    def without(self, columns: IntArray) -> FloatArray:
        """Positions made without the genes in these columns of the matrix.

        The direction learned from times is kept and these genes are taken out of the
        sum; diffusion pseudotime is computed again on components that lack them, for
        at most 3,000 cells, NaN for the others.
        """
        genes = np.flatnonzero(np.isin(self.columns, columns))
        if not genes.size:
            return self.time
        if self.weights is not None:
            sums = self._sums.without(genes)
            return sums[np.arange(len(self.fold)), self.fold]
        return self._diffused(genes)

    @cached_property
    def _again(self) -> IntArray:
        """Rows that diffusion pseudotime is computed again on."""
        reached = np.flatnonzero(~np.isnan(self.time))
        rng = np.random.default_rng(self.seed)
        if reached.size > _MOST_AGAIN:
            reached = rng.choice(reached, _MOST_AGAIN, replace=False)
        return np.union1d(reached, [self.root])

    @cached_property
    def _sums(self) -> _Sums:
        if self.weights is not None:
            return _Sums(self.values, self.weights)
        return _Sums(self.values[self._again], self.loadings)

    @cached_property
    def _near(self) -> Neighborhood:
        return Neighborhood.of(self._sums.without(np.empty(0, int)), self.n_neighbors)

    def _diffused(self, genes: IntArray) -> FloatArray:
        rows = self._again
        near = self._near.nearest(self._sums.without(genes), self.n_neighbors)
        found = diffusion.diffusion_time(
            diffusion.graph_of(*near),
            np.searchsorted(rows, [self.root]),
            features=None,
            n_neighbors=self.n_neighbors,
            n_dcs=self.n_dcs,
            seed=self.seed,
        )
        time = np.full(len(self.time), np.nan)
        time[rows] = found.time
        return time


@lru_cache(maxsize=256)
def _at_half_ranks(first: float, last: float) -> FloatArray:
    """Spline basis at every whole and half rank from the first to the last."""
    from sklearn.preprocessing import SplineTransformer

    ranks = np.arange(2 * first, 2 * last + 1)[:, None] / 2
    spline = SplineTransformer(n_knots=_TEST_KNOTS, degree=2)
    made: FloatArray = spline.fit_transform(ranks)
    return made


def _rank_basis(order: FloatArray) -> FloatArray:
    """Orthonormal spline basis of the ranks, without the constant."""
    from scipy.stats import rankdata

    ranks = rankdata(order)
    first = ranks.min()
    raw = _at_half_ranks(first, ranks.max())[(2 * (ranks - first)).astype(np.int64)]
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
    observed, compared, shuffled = 0.0, 0.0, np.zeros(n_permutations)
    for rows in parts:
        basis, own = _rank_basis(order[rows]), values[rows]
        weight = float(np.var(order[rows])) / total
        observed += weight * float(_explained(basis, own[:, None])[0])
        same, drawn = explained_by_chance(own, basis, n_permutations, rng)
        compared += weight * same
        shuffled += weight * drawn
    # Equal statistics must not fall on either side by rounding.
    hits = int(np.sum(shuffled >= compared * (1 - 1e-12)))
    return (1 + hits) / (n_permutations + 1), observed


def tested(
    values: pd.DataFrame,
    orders: Mapping[str, FloatArray | None],
    samples: IntArray,
    *,
    n_permutations: int,
    seed: int,
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
    seed
        Seed of the shuffles.

    Returns
    -------
    One row per feature: ``rho`` (median over samples of Spearman's rho within the
    sample), ``n_samples``, ``n_agree`` (samples with the sign of ``rho``),
    ``explained``, ``p`` and ``q`` (Benjamini-Hochberg over the features with a p).
    """
    from scipy.stats import false_discovery_control

    rng = np.random.default_rng(seed)
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


def how_tested(method: str, n_permutations: int) -> list[str]:
    """Say how features were tested along the order, in sentences."""
    again = "their part was taken out of the sum over genes that gives the position"
    if method == "dpt":
        again = "diffusion pseudotime was computed again without them"
    return [
        "Every feature was tested along the order of the other genes: for its own "
        f"genes {again}.",
        "The statistic is the share of the variation within samples that a quadratic "
        "spline of the position explains, and the p-value comes from "
        f"{n_permutations:,} shuffles of the cells within their samples; q-values are "
        "by Benjamini and Hochberg.",
    ]
