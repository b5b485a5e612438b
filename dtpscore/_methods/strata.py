"""Sums of genes over cells, bins of genes by expression, and the exact null.

A control set is drawn at random from the same bins as the signature, without
replacement, up and down genes together. Any score that is a weighted sum of
per-gene values then has a mean and variance that follow from the bins alone:
with weights a over the genes of the signature, and for bin b with N genes, mean
m, variance s2 (n - 1) of the values in one cell, and A and Q the sums of a and
a^2 over the signature's genes in the bin,

    mean = sum_b A m,    variance = sum_b s2 (Q - A^2 / N)

(simple random sampling without replacement, e.g. Cochran, Sampling Techniques,
3rd ed., 1977, theorems 2.1-2.3; the term A^2 / N is the finite population
correction and, because up genes have positive and down genes negative weights,
it includes the covariance of the two directions).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._kernels import _sums
from dtpscore._matrix.blocks import source
from dtpscore._matrix.partitions import each
from dtpscore._threads import in_order

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from dtpscore._matrix.blocks import Block, Normalize, Part, Source


@dataclass
class GeneTotals:
    """Exact sums over cells, one entry per gene, that can be added up in any order.

    Attributes
    ----------
    n_cells
        Cells summed so far.
    whole, fraction
        int64: integer parts of the values, and fractions in units of 2^-40.
    n_stored
        int64: cells in which the gene is not zero.
    """

    n_cells: int
    whole: NDArray[np.int64]
    fraction: NDArray[np.int64]
    n_stored: NDArray[np.int64]

    @classmethod
    def zeros(cls, n_genes: int) -> GeneTotals:
        """Totals of no cells."""
        empty = [np.zeros(n_genes, np.int64) for _ in range(3)]
        return cls(0, *empty)

    @classmethod
    def sum(cls, parts: Iterable[GeneTotals], n_genes: int) -> GeneTotals:
        """Add totals up, in any order; they stay as they are."""
        total = cls.zeros(n_genes)
        for part in parts:
            total.merge(part)
        return total

    def add(self, block: Block) -> None:
        """Add the cells of a block."""
        sums = np.zeros((block.n_genes, 3), np.int64)
        _sums.gene_sums(block.data, block.indices, sums)
        self.merge(GeneTotals(block.n_rows, *sums.T))

    def merge(self, other: GeneTotals) -> None:
        """Add the cells of other totals."""
        self.n_cells += other.n_cells
        self.n_stored += other.n_stored
        # Whole parts of the fractions move over, so that neither sum overflows and
        # equal totals are equal numbers.
        fraction = self.fraction + other.fraction
        self.whole += other.whole + (fraction >> _sums.FRACTION_BITS)
        self.fraction = fraction & (2**_sums.FRACTION_BITS - 1)

    @property
    def means(self) -> NDArray[np.float64]:
        """Mean of each gene over all cells."""
        return (self.whole + self.fraction / 2.0**_sums.FRACTION_BITS) / max(
            self.n_cells, 1
        )


def gene_totals(
    matrix: Source,
    *,
    chunk_size: int | None,
    normalize: Normalize,
    n_workers: int = 1,
) -> GeneTotals:
    """Sum every gene over all cells, in one pass, in several threads or a cluster."""
    if matrix.lazy is not None:
        work = partial(partition_totals, chunk_size=chunk_size, normalize=normalize)
        parts = (part for _, part in each(matrix.lazy, work, n_workers=n_workers))
        return GeneTotals.sum(parts, matrix.n_genes)
    spare = [GeneTotals.zeros(matrix.n_genes) for _ in range(n_workers)]

    def add(part: Part) -> None:
        totals = spare.pop()
        totals.add(matrix.block(part, normalize))
        spare.append(totals)

    for _ in in_order(add, matrix.parts(chunk_size), n_workers=n_workers):
        pass
    return GeneTotals.sum(spare, matrix.n_genes)


def partition_totals(
    chunk: Any, start: int, *, chunk_size: int | None, normalize: Normalize
) -> GeneTotals:
    """Totals of the rows of one partition, which are counted from ``start``."""
    matrix = source(chunk)
    totals = GeneTotals.zeros(matrix.n_genes)
    for part in matrix.parts(chunk_size):
        totals.add(matrix.block(part.moved(start), normalize))
    return totals


def expression_bins(means: NDArray[np.float64], n_bins: int) -> NDArray[np.int64]:
    """Bin of each gene by its mean, as scanpy's ``score_genes`` cuts them.

    Genes are ranked by mean, equal means sharing the lowest rank, and the rank is
    divided by ``round(n_genes / (n_bins - 1))``. Equal means therefore never fall
    into different bins, and genes that are zero in every cell share the first bin;
    where they are many, the bins after it stay empty. No label of any cell and no
    order of the genes enters.

    Parameters
    ----------
    means
        Mean of each gene over all cells.
    n_bins
        Number of bins aimed at.

    Returns
    -------
    Bin of each gene, numbered from 0 without gaps in ascending order.
    """
    ordered = np.sort(means)
    rank = np.searchsorted(ordered, means, side="left") + 1
    per_bin = max(1, round(means.size / (n_bins - 1)))
    return np.unique(rank // per_bin, return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True)
class Null:
    """What the exact null of every signature needs from the bins.

    Attributes
    ----------
    stratum
        Stratum of each gene (int32), one for each bin.
    sizes
        Genes in each stratum that are ranked or summed (float64).
    mean_weight, variance_weight
        (strata, signatures): A and Q - A^2 / N.
    """

    stratum: NDArray[np.int32]
    sizes: NDArray[np.float64]
    mean_weight: NDArray[np.float64]
    variance_weight: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        bins: NDArray[np.int64],
        weights: list[tuple[NDArray[np.int32], NDArray[np.float64]]],
    ) -> Null:
        """Sum the weights of each signature within each bin.

        Parameters
        ----------
        bins
            Bin of each gene.
        weights
            Columns and weights of the genes of each signature.
        """
        n_bins = int(bins.max(initial=0)) + 1
        sizes = np.bincount(bins, minlength=n_bins).astype(np.float64)
        total = np.empty((n_bins, len(weights)))
        square = np.empty_like(total)
        for s, (genes, weight) in enumerate(weights):
            total[:, s] = np.bincount(bins[genes], weight, n_bins)
            square[:, s] = np.bincount(bins[genes], weight**2, n_bins)
        spread = square - total**2 / sizes[:, None]
        # All genes of a bin with one weight: nothing is left to chance.
        spread[spread < 1e-12 * square] = 0.0
        return cls(bins.astype(np.int32), sizes, total, spread)

    def no_moments(self, n_rows: int) -> NDArray[np.float64]:
        """Zeros to add sums and sums of squares to (rows, strata, 2)."""
        return np.zeros((n_rows, self.sizes.size, 2))

    def z(
        self, raw: NDArray[np.float64], moments: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Standardize raw scores (cells, signatures) by their exact null.

        Parameters
        ----------
        raw
            Scores (cells, signatures).
        moments
            Sum and sum of squares over all genes of each stratum (cells, strata, 2).
        """
        out = np.empty_like(raw)
        weights = (self.mean_weight, self.variance_weight)
        _sums.null_z(raw, moments, self.sizes, *weights, out)
        return out
