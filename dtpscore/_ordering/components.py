"""Principal components of the cells, found without making the values dense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import scipy.sparse as sp
    from numpy.typing import NDArray
    from scipy.sparse.linalg import LinearOperator

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

# How much of a difference between samples steers the components; 1 is plain PCA. A
# difference between libraries is in part technical, one within a library is not.
# See benchmarks/pseudotime.md for how 0.3 and 1 compare.
BETWEEN = 0.5
# With more genes, their products with each other would take too much room and time.
_MOST_DENSE = 4000
_CELLS_AT_ONCE = 2000


def _parts(n_cells: int) -> Iterator[slice]:
    """Cells that are worked on at once, in float64, which all of them would fill."""
    for start in range(0, n_cells, _CELLS_AT_ONCE):
        yield slice(start, start + _CELLS_AT_ONCE)


@dataclass(frozen=True)
class _Pulled:
    """Values from which the pulled mean of each sample is to be taken.

    Attributes
    ----------
    values
        (cells, genes), sparse.
    centers
        (samples, genes), what is taken from the cells of a sample.
    codes
        Sample of each cell.
    """

    values: sp.csr_array
    centers: FloatArray
    codes: IntArray

    @classmethod
    def of(cls, values: sp.csr_array, samples: IntArray) -> tuple[_Pulled, FloatArray]:
        """Find the means of the samples, and those of all cells."""
        import scipy.sparse as sp

        _, codes, counts = np.unique(samples, return_inverse=True, return_counts=True)
        total = np.zeros((counts.size, values.shape[1]))
        for rows in _parts(len(codes)):
            own = codes[rows]
            entries = (np.ones(own.size), (own, np.arange(own.size)))
            members = sp.csr_array(entries, shape=(counts.size, own.size))
            total += (members @ values[rows].astype(np.float64)).toarray()
        mean = total.sum(axis=0) / len(codes)
        centers = mean + (1 - BETWEEN) * (total / counts[:, None] - mean)
        return cls(values, centers, codes), mean

    def products(self) -> FloatArray:
        """Add up the products of all pairs of genes, some cells at a time."""
        n_cells, n_genes = self.values.shape
        total = np.zeros((n_genes, n_genes))
        for rows in _parts(n_cells):
            dense = self.values[rows].toarray() - self.centers[self.codes[rows]]
            total += dense.T @ dense
        return total

    def operator(self) -> LinearOperator:
        """Give the same products as something that vectors are multiplied with."""
        from scipy.sparse.linalg import LinearOperator

        n_samples, n_genes = self.centers.shape
        # Every product would make a copy of values of another type.
        values = self.values.astype(np.float64)
        back = values.T

        def multiplied(vector: FloatArray) -> FloatArray:
            gene = vector.ravel()
            cell = values @ gene - (self.centers @ gene)[self.codes]
            by_sample = np.bincount(self.codes, cell, n_samples)
            found: FloatArray = back @ cell - self.centers.T @ by_sample
            return found

        return LinearOperator((n_genes, n_genes), matvec=multiplied, dtype=np.float64)


def principal(
    values: sp.csr_array, samples: IntArray | None, n_components: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Components of the variation within samples, and a part of that between them.

    The mean of a sample is pulled towards the mean of all cells before components
    are sought, so that a difference between two libraries, technical or not, steers
    them less than one between cells of a library. The cells themselves are projected
    as they are. No label but the sample is used. The values stay sparse.

    Parameters
    ----------
    values
        (cells, genes), log expression.
    samples
        Sample of each cell; None for plain PCA.
    n_components
        Number of components.

    Returns
    -------
    Components (cells, k), loadings (genes, k) and gene means.
    """
    from scipy.sparse.linalg import eigsh

    n_cells, n_genes = values.shape
    if samples is None:
        samples = np.zeros(n_cells, np.int64)
    pulled, mean = _Pulled.of(values, samples)
    products = pulled.products() if n_genes <= _MOST_DENSE else pulled.operator()
    k = min(n_components, n_cells - 1, n_genes - 1)
    start = np.random.default_rng(0).uniform(-1, 1, n_genes)
    sizes, loadings = eigsh(products, k, v0=start)
    loadings = loadings[:, np.argsort(-sizes)]
    largest = np.abs(loadings).argmax(axis=0)
    loadings = loadings * np.sign(loadings[largest, np.arange(k)])
    parts = [values[rows].astype(np.float64) @ loadings for rows in _parts(n_cells)]
    return np.vstack(parts) - mean @ loadings, loadings, mean
