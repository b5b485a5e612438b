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

from dtpscore._ordering import diffusion
from dtpscore._ordering.neighbors import Neighborhood
from dtpscore._statistics.shuffles import explained_by_chance

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import scipy.sparse as sp
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
        found: FloatArray = self.values @ self.weights
        return found

    @cached_property
    def _by_gene(self) -> sp.csc_array:
        return self.values.tocsc()

    def without(self, genes: IntArray) -> FloatArray:
        """Add up (cells, k) without these genes.

        Cells that have none of these genes keep their sums, to the bit.
        """
        taken: FloatArray = self._by_gene[:, genes] @ self.weights[genes]
        return self._all - taken


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


def _share_by_chance(
    values: FloatArray, order: FloatArray, shuffles: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Shares of variation in one sample, columns by columns; see `explained_by_chance`.

    Where no two cells of a column have the same position, the basis is that of the
    ranks 1 to n, and is shared by all such columns.
    """
    places = np.argsort(order, axis=0, kind="stable")
    ordered = np.take_along_axis(order, places, axis=0)
    tied = (ordered[1:] == ordered[:-1]).any(axis=0)
    same, drawn = np.empty(len(tied)), np.empty((len(shuffles), len(tied)))
    ranked = np.take_along_axis(values, places, axis=0)[:, ~tied]
    basis = _rank_basis(np.arange(1.0, len(order) + 1))
    same[~tied], drawn[:, ~tied] = explained_by_chance(ranked, basis, shuffles)
    for column in np.flatnonzero(tied):
        basis = _rank_basis(order[:, column])
        own = values[:, [column]]
        same[[column]], drawn[:, [column]] = explained_by_chance(own, basis, shuffles)
    return same, drawn


def permutation_p(
    values: FloatArray,
    order: FloatArray,
    samples: IntArray,
    *,
    n_permutations: int,
    seed: int,
) -> tuple[FloatArray, FloatArray]:
    """Test whether values follow an order within samples.

    The statistic is the mean over samples of the share of variation that a quadratic
    spline of the cell's rank in its sample explains. A sample counts by the variance
    of its positions: where all cells are at one place there is nothing to follow.
    Values are shuffled within samples, so that a difference between them adds nothing.
    All columns see the same shuffles, so that a p-value does not depend on what else
    is tested.

    Parameters
    ----------
    values, order
        (cells, columns): each column is tested along its own order.
    samples
        Sample of each cell, -1 without one.
    n_permutations
        Shuffles within samples.
    seed
        Seed of the shuffles, and of the at most 500 cells that are taken of a sample.

    Returns
    -------
    p = (1 + number of shuffles at least as large) / (shuffles + 1), and the statistic;
    both NaN where no sample has 10 cells or positions do not vary.
    """
    n_columns = values.shape[1]
    observed, total = np.zeros(n_columns), np.zeros(n_columns)
    shuffled = np.zeros((n_permutations, n_columns))
    for code, rows in _rows_of_samples(samples):
        rng = np.random.default_rng([seed, code])
        size = min(rows.size, _MOST_OF_SAMPLE)
        chosen = np.sort(rng.choice(rows, size, replace=False))
        straight = np.tile(np.arange(size), (n_permutations, 1))
        shuffles = rng.permuted(straight, axis=1)
        same, drawn = _share_by_chance(values[chosen], order[chosen], shuffles)
        weight = np.var(order[chosen], axis=0)
        total += weight
        observed += weight * same
        shuffled += weight * drawn
    # Equal statistics must not fall on either side by rounding.
    hits = np.sum(shuffled >= observed * (1 - 1e-12), axis=0)
    vary = total > 0
    p = np.where(vary, (1 + hits) / (n_permutations + 1), np.nan)
    explained = np.divide(observed, total, where=vary, out=np.full(n_columns, np.nan))
    return p, explained


def _rows_of_samples(samples: IntArray) -> Iterator[tuple[int, IntArray]]:
    """Yield each sample that has enough cells, and its rows."""
    for code in np.unique(samples[samples >= 0]):
        rows = np.flatnonzero(samples == code)
        if rows.size >= _LEAST_CELLS:
            yield int(code), rows


def _rhos(values: FloatArray, order: FloatArray, samples: IntArray) -> FloatArray:
    """Spearman's rho (samples, columns) within samples, NaN for constants."""
    from scipy.stats import rankdata

    found = []
    for _, rows in _rows_of_samples(samples):
        sides = [rankdata(side[rows], axis=0) for side in (values, order)]
        a, b = (side - side.mean(axis=0) for side in sides)
        length = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
        empty = np.full(len(length), np.nan)
        above = (a * b).sum(axis=0)
        found.append(np.divide(above, length, where=length > 0, out=empty))
    return np.asarray(found).reshape(-1, values.shape[1])


def _alike(orders: Mapping[str, FloatArray]) -> list[list[str]]:
    """Group the features whose orders place the same cells."""
    groups: dict[bytes, list[str]] = {}
    for name, order in orders.items():
        groups.setdefault(np.isnan(order).tobytes(), []).append(name)
    return list(groups.values())


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

    columns = ["rho", "n_samples", "n_agree", "explained", "p"]
    frame = pd.DataFrame(np.nan, values.columns, columns)
    counted = ["n_samples", "n_agree"]
    frame[counted] = 0
    made = {name: one for name, one in orders.items() if one is not None}
    for names in _alike({name: made[name] for name in values if name in made}):
        order = np.column_stack([made[name] for name in names])
        placed = ~np.isnan(order[:, 0])
        kept = (
            values[names].to_numpy(dtype=np.float64)[placed],
            order[placed],
            samples[placed],
        )
        each = _rhos(*kept)
        middle = pd.DataFrame(each).median().to_numpy()
        p, explained = permutation_p(*kept, n_permutations=n_permutations, seed=seed)
        agree = (np.sign(each) == np.sign(middle)).sum(axis=0)
        n_known = (~np.isnan(each)).sum(axis=0)
        found = (middle, n_known, agree, explained, p)
        frame.loc[names, columns] = np.column_stack(found)
    frame[counted] = frame[counted].astype(np.int64)
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
