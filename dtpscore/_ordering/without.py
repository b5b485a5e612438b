"""The order again, made without some genes.

A value along an order that its own genes helped to make follows that order even where
nothing else does. So each axis and gene is tested along the order of the other genes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._ordering import diffusion, ordinal

if TYPE_CHECKING:
    import scipy.sparse as sp
    from numpy.typing import NDArray

    from dtpscore._ordering.design import Design

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

_MOST_CELLS = 3000


@dataclass(frozen=True)
class OrderModel:
    """What an order was made of.

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
    params
        Parameters of the run.
    """

    time: FloatArray
    values: sp.csr_array
    columns: IntArray
    loadings: FloatArray
    weights: FloatArray | None
    fold: IntArray
    root: int
    params: dict[str, Any]

    def without(self, columns: IntArray) -> FloatArray:
        """Positions made without the genes in these columns of the matrix.

        The direction learned from times is kept and these genes are taken out of the
        sum; diffusion pseudotime is computed again on components that lack them, for
        at most 3,000 cells, NaN for the others.
        """
        kept = ~np.isin(self.columns, columns)
        if kept.all():
            return self.time
        if self.weights is not None:
            return self._weighted(kept)
        return self._diffused(kept)

    def _weighted(self, kept: NDArray[np.bool_]) -> FloatArray:
        if self.weights is None:
            msg = "Only an order learned from times has weights."
            raise RuntimeError(msg)
        sums = self.values @ (self.weights * kept[:, None])
        return sums[np.arange(len(self.fold)), self.fold]

    def _diffused(self, kept: NDArray[np.bool_]) -> FloatArray:
        reached = np.flatnonzero(~np.isnan(self.time))
        rng = np.random.default_rng(self.params["random_state"])
        if reached.size > _MOST_CELLS:
            reached = rng.choice(reached, _MOST_CELLS, replace=False)
        rows = np.union1d(reached, [self.root])
        features = self.values[rows] @ (self.loadings * kept[:, None])
        n_neighbors = self.params["n_neighbors"]
        found = diffusion.diffusion_time(
            diffusion.graph(features, n_neighbors),
            np.searchsorted(rows, [self.root]),
            features=None,
            n_neighbors=n_neighbors,
            n_dcs=self.params["n_dcs"],
            random_state=self.params["random_state"],
        )
        time = np.full(len(self.time), np.nan)
        time[rows] = found.time
        return time


def gene_weights(
    loadings: FloatArray, coefficients: FloatArray | None
) -> FloatArray | None:
    """Weight of each gene in the position of the cells of each fold."""
    return None if coefficients is None else loadings @ coefficients.T


def model_folds(design: Design, params: dict[str, Any]) -> IntArray:
    """Fold of each cell as it was when the order was made."""
    return ordinal.folds(design, params["random_state"])
