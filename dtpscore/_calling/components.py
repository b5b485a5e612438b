"""Main directions of expression in a batch, without regard to group and depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from dtpscore._calling.cells import chosen_for_fit
from dtpscore._matrix import blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dtpscore._matrix.blocks import Normalize

N_COMPONENTS = 20
# The genes with the largest variance of their log values take part, of those that are
# seen in at least this share of the cells.
_N_GENES = 2000
_LEAST_SEEN = 0.02
# Most cells that the components are fitted on, of each library and of all.
_OF_LIBRARY, _OF_ALL = 1000, 10_000
# A value near the log number of genes in a cell. It is taken off, so that the powers of
# the depth are not nearly the same.
_TYPICAL_DEPTH = 7.0


@dataclass(frozen=True)
class Basis:
    """Components of one batch.

    Attributes
    ----------
    genes
        Columns that take part.
    weights, of_depth
        A cell is at ``values[genes] @ weights - _powers(depth) @ of_depth``.
    """

    genes: NDArray[np.int64]
    weights: NDArray[np.float64]
    of_depth: NDArray[np.float64]

    def place(self, values: sp.csr_matrix) -> NDArray[np.float64]:
        """Place cells, given as log values of all genes, along the components."""
        along: NDArray[np.float64] = np.asarray(values[:, self.genes] @ self.weights)
        return along - _powers(values) @ self.of_depth


def _powers(values: sp.csr_matrix) -> NDArray[np.float64]:
    """Powers 0, 1 and 2 of the log number of genes detected; (cells, 3)."""
    depth = np.log(np.maximum(np.diff(values.indptr), 1))
    return np.vander(depth - _TYPICAL_DEPTH, 3, increasing=True)


def fit(values: sp.csr_matrix) -> Basis:
    """Find components of the genes that vary most, with depth taken out of each gene.

    A cell in which fewer genes were detected has lower log values of rare genes and
    higher ones of frequent genes, whatever its state. So each gene is regressed on
    the log number of genes detected and its square, and the residuals are scaled by
    the standard deviation of the gene.

    Parameters
    ----------
    values
        Log-normalized values, cells x genes.

    Returns
    -------
    At most 20 components.
    """
    from sklearn.decomposition import PCA
    from threadpoolctl import threadpool_limits

    mean = np.asarray(values.mean(axis=0), dtype=np.float64).ravel()
    square = np.asarray(values.power(2).mean(axis=0), dtype=np.float64).ravel()
    seen = np.asarray((values > 0).mean(axis=0)).ravel() >= _LEAST_SEEN
    variance = np.where(seen, square - mean**2, 0.0)
    genes = np.argsort(-variance, kind="stable")[:_N_GENES]
    genes = np.sort(genes[variance[genes] > 1e-9])
    scale = np.sqrt(variance[genes])
    n = min(N_COMPONENTS, values.shape[0] - 1, len(genes) - 1)
    if n < 1:
        return Basis(genes[:0], np.zeros((0, 0)), np.zeros((3, 0)))
    dense = values[:, genes].toarray().astype(np.float64)
    powers = _powers(values)
    # One thread: sums must not depend on the machine.
    with threadpool_limits(1):
        of_depth = np.linalg.lstsq(powers, dense, rcond=None)[0]
        dense -= powers @ of_depth
        dense /= scale
        found = PCA(n, copy=False, svd_solver="arpack", random_state=0).fit(dense)
    weights = found.components_.T / scale[:, None]
    return Basis(genes, weights, of_depth @ weights)


def _rows(
    source: blocks.Source, normalize: Normalize
) -> Iterator[tuple[slice, sp.csr_matrix]]:
    for block in source.blocks(normalize=normalize):
        values = sp.csr_matrix(
            (block.data, block.indices, block.indptr),
            shape=(block.n_rows, block.n_genes),
        )
        yield slice(block.start, block.stop), values


def gathered(
    source: blocks.Source, normalize: Normalize, rows: NDArray[np.int64]
) -> sp.csr_matrix:
    """Read counts or log values of some rows, in the order of ``rows``."""
    wanted = np.zeros(source.n_rows, bool)
    wanted[rows] = True
    parts = [
        values[np.flatnonzero(wanted[where])].astype(np.float32)
        for where, values in _rows(source, normalize)
        if wanted[where].any()
    ]
    place = np.searchsorted(np.flatnonzero(wanted), rows)
    return sp.vstack(parts, format="csr")[place]


def compute(
    matrix: Any,
    batches: list[NDArray[np.int64]],
    library: NDArray[np.int64],
    keys: NDArray[np.uint64],
    *,
    normalize: Normalize,
) -> NDArray[np.float64]:
    """Place the cells of every batch along the batch's own components.

    Nothing here sees which cells are reference cells, so that held-out reference
    cells and query cells are alike until they are compared. The cells to fit are
    chosen by their names, and the matrix is read twice, block by block.

    Parameters
    ----------
    matrix
        Cells x genes, of any kind that ``dtpscore._matrix.blocks`` reads.
    batches
        Rows of each batch, in an order that does not depend on the file.
    library, keys
        Library of every cell, and a number made from its name.
    normalize
        "log1p" for counts, None for log values.

    Returns
    -------
    float64 (cells, 20); 0 for cells of no batch.
    """
    source = blocks.source(matrix)
    rows = np.concatenate(batches)
    n_libraries = len(np.unique(library[rows]))
    largest = max(1, min(_OF_LIBRARY, _OF_ALL // n_libraries))
    fits = [own[chosen_for_fit(library[own], keys[own], largest)] for own in batches]
    values = gathered(source, normalize, np.concatenate(fits))
    ends = np.cumsum([len(own) for own in fits])
    bases = [
        fit(values[end - len(own) : end]) for own, end in zip(fits, ends, strict=True)
    ]
    of_batch = np.full(source.n_rows, -1)
    for number, own in enumerate(batches):
        of_batch[own] = number
    result = np.zeros((source.n_rows, N_COMPONENTS))
    for where, part in _rows(source, normalize):
        for number in np.unique(of_batch[where]):
            if number >= 0:
                here = np.flatnonzero(of_batch[where] == number)
                placed = bases[number].place(part[here])
                result[where.start + here, : placed.shape[1]] = placed
    return result
