"""Bring all libraries to one distribution of depth, and measure cell quality."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from dtpscore._matrix import blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# Fewer cells do not show how deep a library is.
_FEWEST_OF_LIBRARY = 10
# No log-normalized expression value comes near this; counts of a cell exceed it.
_LOG_CEILING = 25.0


@dataclass(frozen=True)
class Quality:
    """What is counted in every cell before anything is changed.

    Attributes
    ----------
    counts
        float64, sum of the values.
    genes
        int64, genes with a value above 0.
    mitochondrial
        float64, share of the values in genes named MT-, NaN where there are none.
    whole
        All values are whole numbers.
    largest
        Largest value.
    negative
        Some values are below 0.
    """

    counts: NDArray[np.float64]
    genes: NDArray[np.int64]
    mitochondrial: NDArray[np.float64]
    whole: bool
    largest: float
    negative: bool

    @property
    def are_counts(self) -> bool:
        """Whether the values are counts, which can be thinned."""
        return self.whole and self.largest > 1 and not self.negative

    @property
    def are_logs(self) -> bool:
        """Whether the values look log-transformed."""
        return not self.whole and self.largest < _LOG_CEILING


def measure(matrix: Any, gene_names: Sequence[str]) -> Quality:
    """Measure quality in one pass over the blocks of a matrix."""
    source = blocks.source(matrix)
    mito = np.array([str(gene).upper().startswith("MT-") for gene in gene_names])
    counts, genes = np.zeros(source.n_rows), np.zeros(source.n_rows, np.int64)
    of_mito = np.zeros(source.n_rows)
    whole, largest, negative = True, 0.0, False
    for block in source.blocks():
        rows = slice(block.start, block.stop)
        values = sp.csr_matrix(
            (block.data.astype(np.float64), block.indices, block.indptr),
            shape=(block.n_rows, block.n_genes),
        )
        counts[rows] = np.asarray(values.sum(axis=1)).ravel()
        genes[rows] = np.diff(block.indptr)
        of_mito[rows] = np.asarray(values[:, mito].sum(axis=1)).ravel()
        negative |= block.negative_row >= 0
        if block.data.size:
            whole &= bool(np.all(block.data == np.rint(block.data)))
            largest = max(largest, float(block.data.max()))
    share = of_mito / np.maximum(counts, 1e-12)
    return Quality(
        counts,
        genes,
        share if mito.any() else np.full_like(share, np.nan),
        whole,
        largest,
        negative,
    )


def large(depths: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Libraries with enough cells to show their depth; all where none has enough.

    Parameters
    ----------
    depths
        Counts of the cells of each library.
    """
    return [one for one in depths if len(one) >= _FEWEST_OF_LIBRARY] or depths


def kept_share(
    counts: NDArray[np.float64], library: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Share of its counts that each cell keeps so that libraries match in depth.

    The common distribution has, at every quantile, the smallest depth that any
    library has there. Cells keep their rank within their library. Libraries of fewer
    than ten cells have no say, or one shallow cell would thin all others.

    Parameters
    ----------
    counts
        Depth of every cell of one batch.
    library
        Library of every cell.

    Returns
    -------
    float64 in (0, 1].
    """
    from scipy import stats

    names = np.unique(library)
    level = np.empty(len(counts))
    for one in names:
        rows = library == one
        level[rows] = (stats.rankdata(counts[rows]) - 0.5) / rows.sum()
    depths = [counts[library == one] for one in names]
    target = np.min(
        [np.quantile(one, level, method="hazen") for one in large(depths)], axis=0
    )
    result: NDArray[np.float64] = np.clip(target / np.maximum(counts, 1), 0.0, 1.0)
    return result


def thinned(
    matrix: Any, share: NDArray[np.float64], names: Sequence[str], *, seed: int
) -> blocks.Source:
    """Thin the counts of every cell binomially, when its rows are read.

    The draw depends on the name of the cell and the seed alone, so it does not
    change with the order of cells, the storage or the block size.

    Parameters
    ----------
    matrix
        Counts, cells x genes.
    share
        Share of the counts that each cell keeps; 1 leaves it as it is.
    names
        Names of the cells.
    seed
        Seed.
    """
    source = blocks.source(matrix)
    keys = [zlib.crc32(str(name).encode()) for name in names]

    def read(start: int, stop: int) -> sp.csr_matrix:
        part = blocks.Source(
            stop - start,
            source.n_genes,
            lambda a, b: source.read(start + a, start + b),
            source.row_values,
        )
        block = next(iter(part.blocks(chunk_size=max(1, stop - start))))
        data = block.data.astype(np.float32)
        for row in range(stop - start):
            keep = share[start + row]
            if keep < 1:
                cell = slice(block.indptr[row], block.indptr[row + 1])
                rng = np.random.Generator(np.random.PCG64([seed, keys[start + row]]))
                data[cell] = rng.binomial(data[cell].astype(np.int64), keep)
        return sp.csr_matrix(
            (data, block.indices, block.indptr), shape=(stop - start, source.n_genes)
        )

    return blocks.Source(
        source.n_rows,
        source.n_genes,
        read,
        source.row_values,
        source.ahead,
        source.edges,
    )
