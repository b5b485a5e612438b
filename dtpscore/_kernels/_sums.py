"""Sums over gene sets, over strata of genes, over cells, and moments of rows."""

from __future__ import annotations

import numpy as np
from numba import prange

from dtpscore._kernels._rows import GROUP
from dtpscore._threads import kernel

# Fraction bits of the fixed-point gene sums.
FRACTION = 2.0**40


@kernel
def set_sums(values, indices, indptr, member, ptr, sets, weights, out):
    """Weighted sum of the values of every gene set, for every row.

    The sets are stored by gene: gene j is in ``sets[ptr[j]:ptr[j + 1]]`` with
    ``weights`` alike; ``member`` is 1 for genes in any set. ``out`` (rows, sets)
    is added to.
    """
    n_rows = indptr.size - 1
    for group in prange((n_rows + GROUP - 1) // GROUP):
        first = group * GROUP
        last = min(n_rows, first + GROUP)
        hits = np.empty(indptr[last] - indptr[first] + 1, np.int32)
        for row in range(first, last):
            lo = indptr[row]
            n_hits = 0
            # Collect the few genes that count first, without a branch a value.
            for k in range(lo, indptr[row + 1]):
                hits[n_hits] = k - lo
                n_hits += member[indices[k]]
            for h in range(n_hits):
                k = lo + hits[h]
                gene = indices[k]
                value = np.float64(values[k])
                for m in range(ptr[gene], ptr[gene + 1]):
                    out[row, sets[m]] += weights[m] * value


@kernel
def stratum_sums(values, indices, indptr, stratum, sums, squares):
    """Sum and sum of squares of each row's values within each stratum of genes.

    ``stratum`` gives the stratum of each gene; ``sums`` and ``squares`` (rows,
    strata) are added to.
    """
    for row in prange(indptr.size - 1):
        for k in range(indptr[row], indptr[row + 1]):
            value = np.float64(values[k])
            s = stratum[indices[k]]
            sums[row, s] += value
            squares[row, s] += value * value


@kernel
def gene_sums(data, indices, indptr, whole, fraction):
    """Add each gene's values to per-thread sums in fixed point.

    ``whole`` and ``fraction`` (parts, genes) are int64: integer parts, and
    fractions in units of 2^-40. Integer addition has no rounding, so the total
    depends neither on the order of the cells nor on how they are split up.
    """
    n_rows = indptr.size - 1
    n_parts = whole.shape[0]
    for part in prange(n_parts):
        for row in range(n_rows * part // n_parts, n_rows * (part + 1) // n_parts):
            for k in range(indptr[row], indptr[row + 1]):
                value = np.float64(data[k])
                floor = np.floor(value)
                whole[part, indices[k]] += np.int64(floor)
                fraction[part, indices[k]] += np.int64((value - floor) * FRACTION)


@kernel
def row_moments(data, indptr, n_genes, mean, sd):
    """Mean and standard deviation (n - 1) of each row, zeros included."""
    for row in prange(indptr.size - 1):
        lo = indptr[row]
        hi = indptr[row + 1]
        total = 0.0
        for k in range(lo, hi):
            total += np.float64(data[k])
        center = total / n_genes
        spread = (n_genes - (hi - lo)) * center * center
        for k in range(lo, hi):
            spread += (np.float64(data[k]) - center) ** 2
        mean[row] = center
        sd[row] = np.sqrt(spread / (n_genes - 1)) if n_genes > 1 else 0.0


@kernel
def null_z(raw, sums, squares, sizes, mean_weight, variance_weight, out):
    """Standardize raw scores by their exact mean and variance under stratified draws.

    ``raw`` (rows, k); ``sums`` and ``squares`` (rows, strata) of all genes of each
    stratum; ``sizes`` genes a stratum; the weights are (strata, k). Where the
    variance is 0 the score cannot differ from its mean, and z is 0.
    """
    n_strata = sizes.size
    for row in prange(raw.shape[0]):
        mean = np.empty(n_strata)
        variance = np.zeros(n_strata)
        for b in range(n_strata):
            mean[b] = sums[row, b] / sizes[b]
            if sizes[b] > 1:
                around = squares[row, b] - sums[row, b] * mean[b]
                # Below this it is rounding: all values of the stratum are equal.
                if around > 1e-12 * squares[row, b]:
                    variance[b] = around / (sizes[b] - 1)
        for s in range(raw.shape[1]):
            expected = 0.0
            spread = 0.0
            for b in range(n_strata):
                expected += mean[b] * mean_weight[b, s]
                spread += variance[b] * variance_weight[b, s]
            out[row, s] = (
                (raw[row, s] - expected) / np.sqrt(spread) if spread > 0 else 0.0
            )
