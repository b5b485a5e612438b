"""Which genes vary most, from sums over cells that are added up block by block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import scipy.sparse as sp
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

# Genes found in a smaller share of the cells say nothing about an order.
_LEAST_SHARE = 0.01
# Bins of mean expression in which genes are compared for how variable they are.
_N_BINS = 20


@dataclass(frozen=True)
class GeneMoments:
    """What the choice of genes looks at, of every gene.

    Attributes
    ----------
    n_cells
        How many cells there are.
    expressing
        How many of them express the gene.
    mean, variance
        Mean and variance over cells of the expression, on the linear scale.
    """

    n_cells: int
    expressing: IntArray
    mean: FloatArray
    variance: FloatArray

    @classmethod
    def of(cls, parts: Iterable[sp.csr_array], n_genes: int) -> GeneMoments:
        """Add up blocks of log expression, which are never held together."""
        n_cells, expressing = 0, np.zeros(n_genes, np.int64)
        total, squares = np.zeros(n_genes), np.zeros(n_genes)
        for part in parts:
            linear = np.expm1(part.data, dtype=np.float64)
            # Added one by one in the order of the cells, so that the sums do not
            # depend on where a block ends.
            np.add.at(expressing, part.indices, (linear != 0).astype(np.int64))
            np.add.at(total, part.indices, linear)
            np.add.at(squares, part.indices, linear**2)
            n_cells += part.shape[0]
        mean = total / max(n_cells, 1)
        variance = (squares - n_cells * mean**2) / max(n_cells - 1, 1)
        return cls(n_cells, expressing, mean, variance)


def expressed(genes: GeneMoments) -> IntArray:
    """Genes that enough cells express.

    Raises
    ------
    DataError
        There are fewer than two.
    """
    least = max(3, _LEAST_SHARE * genes.n_cells)
    enough = np.flatnonzero(genes.expressing >= least)
    if enough.size < 2:
        msg = (
            f"An order needs 2 genes or more; {enough.size} are left that at least "
            f"{_LEAST_SHARE:.0%} of cells express and that are neither of the cell "
            "cycle nor of a nuisance signature. Pass a matrix with more genes, or a "
            "representation of the cells as use_rep."
        )
        raise DataError(msg)
    return enough


def most_variable(genes: GeneMoments, among: IntArray, n_top_genes: int) -> IntArray:
    """Choose the most variable of some genes, by the rule of Seurat.

    The genes are cut into 20 bins of equal width by the logarithm of their mean, and
    the log ratio of variance to mean is standardized within each bin (Satija et al.
    2015, doi:10.1038/nbt.3192). Equal to ``scanpy.pp.highly_variable_genes``, which
    needs all values in memory, twice.
    """
    if among.size <= n_top_genes:
        return among
    mean, variance = genes.mean[among], genes.variance[among]
    with np.errstate(divide="ignore", invalid="ignore"):
        dispersion = np.log(variance / mean)
    dispersion[~np.isfinite(dispersion)] = np.nan
    bins = pd.cut(np.log1p(mean), bins=_N_BINS, labels=False)
    by_bin = pd.Series(dispersion).groupby(bins)
    middle, spread = by_bin.transform("mean"), by_bin.transform("std")
    # A gene alone in its bin counts as one that lies one deviation above.
    alone = spread.isna() & ~np.isnan(dispersion)
    found = ((dispersion - middle) / spread).mask(alone, 1.0).fillna(-np.inf)
    limit = found.nlargest(n_top_genes).iloc[-1]
    return among[found >= limit]
