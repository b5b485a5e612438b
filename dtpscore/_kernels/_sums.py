"""Sums over gene sets, over strata of genes, over cells, and moments of rows."""

from __future__ import annotations

import math

import numpy as np

from dtpscore._kernels._rows import (
    SPARE,
    add_to_sets,
    longest_row,
    members,
    memberships,
)
from dtpscore._threads import helper, kernel

# Fraction bits of the fixed-point gene sums.
FRACTION_BITS = 40


@kernel
def set_sums(values, indices, indptr, member, ptr, sets, weights, out):
    """Weighted sum of the values of every gene set, for every row.

    The sets are stored by gene: gene j is in ``sets[ptr[j]:ptr[j + 1]]`` with
    ``weights`` alike; ``member`` is 1 for genes in any set. ``out`` (rows, sets)
    is added to.
    """
    hits = np.empty(longest_row(indptr) + 1, np.uint32)
    entries = np.empty(sets.size + SPARE, np.int64)
    for row in range(indptr.size - 1):
        columns = indices[indptr[row] : indptr[row + 1]]
        values_here = values[indptr[row] : indptr[row + 1]]
        here = hits[: members(columns, member, hits)]
        n = memberships(columns, here, here, ptr, entries)
        add_to_sets(entries[:n], values_here, sets, weights, out[row])


@helper
def add_moments(columns, values, stratum, out):
    """Add values and their squares to the strata of their genes (strata, 2)."""
    for k in range(columns.size):
        value = np.float64(values[k])
        s = np.uint32(stratum[np.uint32(columns[k])])
        out[s, 0] += value
        out[s, 1] += value * value


@kernel
def stratum_moments(values, indices, indptr, stratum, out):
    """Sum and sum of squares of each row's values within each stratum of genes.

    ``stratum`` gives the stratum of each gene; ``out`` (rows, strata, 2) is added to.
    """
    for row in range(indptr.size - 1):
        here = slice(indptr[row], indptr[row + 1])
        add_moments(indices[here], values[here], stratum, out[row])


@kernel
def gene_sums(data, indices, out):
    """Add the values of each gene, in fixed point.

    ``out`` (genes, 3), int64, is added to: integer parts, fractions in units of
    2^-40, and the number of stored values. Integer addition has no rounding, so the
    total depends neither on the order of the cells nor on how they are split up.
    """
    for k in range(data.size):
        gene = np.uint32(indices[k])
        value = np.float64(data[k])
        floor = np.floor(value)
        out[gene, 0] += np.int64(floor)
        out[gene, 1] += np.int64((value - floor) * 2.0**FRACTION_BITS)
        out[gene, 2] += 1


@helper
def _power_sum(values, center, squared):
    """Sum of ``value - center``, or of its square, in four lanes side by side.

    One lane would wait for each addition; which lane takes a value depends on its
    place in the row alone.
    """
    lanes = np.zeros(4)
    whole = values.size - values.size % 4
    for k in range(0, whole, 4):
        for lane in range(4):
            value = np.float64(values[k + lane]) - center
            lanes[lane] += value * value if squared else value
    for k in range(whole, values.size):
        value = np.float64(values[k]) - center
        lanes[0] += value * value if squared else value
    return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])


@kernel
def row_moments(data, indptr, n_genes, mean, sd):
    """Mean and standard deviation (n - 1) of each row, zeros included."""
    for row in range(indptr.size - 1):
        values = data[indptr[row] : indptr[row + 1]]
        center = _power_sum(values, 0.0, False) / n_genes
        spread = (n_genes - values.size) * center * center
        spread += _power_sum(values, center, True)
        mean[row] = center
        sd[row] = np.sqrt(spread / (n_genes - 1)) if n_genes > 1 else 0.0


@kernel
def null_z(raw, moments, sizes, mean_weight, variance_weight, out):
    """Standardize raw scores by their exact mean and variance under stratified draws.

    ``raw`` (rows, k); ``moments`` (rows, strata, 2) has sum and sum of squares of
    all genes of each stratum; ``sizes`` genes a stratum; the weights are (strata,
    k). Where the variance is 0 the score cannot differ from its mean, and z is 0.
    """
    n_strata = sizes.size
    n_scores = raw.shape[1]
    expected = np.empty(n_scores)
    spread = np.empty(n_scores)
    for row in range(raw.shape[0]):
        expected[:] = 0.0
        spread[:] = 0.0
        for b in range(n_strata):
            mean = moments[row, b, 0] / sizes[b]
            variance = 0.0
            if sizes[b] > 1:
                around = moments[row, b, 1] - moments[row, b, 0] * mean
                # Below this it is rounding: all values of the stratum are equal.
                if around > 1e-12 * moments[row, b, 1]:
                    variance = around / (sizes[b] - 1)
            for s in range(n_scores):
                expected[s] += mean * mean_weight[b, s]
                spread[s] += variance * variance_weight[b, s]
        for s in range(n_scores):
            out[row, s] = (
                (raw[row, s] - expected[s]) / np.sqrt(spread[s])
                if spread[s] > 0
                else 0.0
            )


@kernel
def two_sided(z, out):
    """Two-sided p-value of standard normal values; NaN stays NaN."""
    for row in range(z.shape[0]):
        for s in range(z.shape[1]):
            out[row, s] = math.erfc(abs(z[row, s]) / math.sqrt(2.0))
