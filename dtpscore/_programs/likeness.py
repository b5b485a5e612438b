"""How alike a contrast and published programs are: functions on arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dtpscore._methods.strata import Null

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dtpscore._types import Net

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]

_AT_ONCE = 100


def stratum_ranks(difference: FloatArray, stratum: IntArray) -> FloatArray:
    """Rank the genes of each stratum of expression by their difference, from -1 to 1.

    Among genes of like expression the lowest one has about -1, the middle one 0 and the
    highest one about 1. Equal differences share their rank.

    Parameters
    ----------
    difference
        (genes,).
    stratum
        (genes,), bin of each gene by its expression.
    """
    from scipy.stats import rankdata

    result = np.zeros(len(difference))
    for one in np.unique(stratum):
        rows = stratum == one
        result[rows] = 2 * (rankdata(difference[rows]) - 0.5) / rows.sum() - 1
    return result


def list_weights(net: Net) -> list[tuple[NDArray[np.int32], FloatArray]]:
    """Genes of each list and what each counts: up and down count half each.

    A list with one half only counts with that half.
    """
    found = []
    for place in range(len(net.names)):
        first, middle, last = net.offsets[2 * place : 2 * place + 3]
        up, down = middle - first, last - middle
        halves = max(int(up > 0) + int(down > 0), 1)
        weight = np.concatenate(
            [
                np.full(up, 1 / (halves * max(up, 1))),
                np.full(down, -1 / (halves * max(down, 1))),
            ]
        )
        found.append((net.genes[first:last], weight))
    return found


def as_matrix(
    weights: Sequence[tuple[NDArray[np.int32], FloatArray]], n_genes: int
) -> FloatArray:
    """Weights of lists as a matrix, float64 (genes, lists)."""
    result = np.zeros((n_genes, len(weights)))
    for column, (genes, weight) in enumerate(weights):
        result[genes, column] = weight
    return result


def exact_z(
    ranks: FloatArray,
    stratum: IntArray,
    weights: Sequence[tuple[NDArray[np.int32], FloatArray]],
) -> FloatArray:
    """Hold the correlation of each list against random lists of like expression.

    Mean and variance over all random lists with as many genes in each stratum, up and
    down, are exact (`dtpscore._methods.strata`).

    Returns
    -------
    float64 (lists,): standard deviations above the mean of random lists.
    """
    null = Null.of(stratum, list(weights))
    moments = null.no_moments(1)
    n = len(null.sizes)
    moments[0, :, 0] = np.bincount(stratum, ranks, n)
    moments[0, :, 1] = np.bincount(stratum, ranks**2, n)
    raw = np.array([[float(weight @ ranks[genes]) for genes, weight in weights]])
    result: FloatArray = null.z(raw, moments)[0]
    return result


def _ranked(values: FloatArray) -> FloatArray:
    """Ranks along the first axis, with mean 0 and sum of squares 1."""
    from scipy.stats import rankdata

    ranks = rankdata(values, axis=0)
    ranks = ranks - ranks.mean(axis=0)
    size = np.sqrt((ranks**2).sum(axis=0))
    result: FloatArray = ranks / np.where(size > 0, size, 1.0)
    return result


def rank_correlations(profiles: FloatArray, contrasts: FloatArray) -> FloatArray:
    """Spearman's correlations, float64 (profiles, contrasts).

    Parameters
    ----------
    profiles
        (signatures, profiles).
    contrasts
        (signatures, contrasts).
    """
    result: FloatArray = _ranked(profiles).T @ _ranked(contrasts)
    return result


def random_correlations(
    ranks: FloatArray,
    stratum: IntArray,
    weights: FloatArray,
    contrasts: FloatArray,
    *,
    n_permutations: int,
    seed: int,
) -> FloatArray:
    """Correlations with measured contrasts when signatures hold random genes.

    The genes of each stratum are dealt anew, so that every signature gets random genes
    of like expression, and signatures that share genes still share them.

    Parameters
    ----------
    ranks
        (genes,), what `stratum_ranks` gave.
    stratum
        (genes,).
    weights
        (genes, signatures).
    contrasts
        (signatures, contrasts).
    n_permutations
        How often.
    seed
        Seed of the draw.

    Returns
    -------
    float64 (permutations, contrasts).
    """
    rng = np.random.default_rng(seed)
    used = np.flatnonzero(weights.any(axis=1))
    strata = [np.flatnonzero(stratum == one) for one in np.unique(stratum)]
    found, left = [], n_permutations
    while left:
        n = min(left, _AT_ONCE)
        dealt = np.empty((n, len(ranks)))
        for genes in strata:
            dealt[:, genes] = rng.permuted(np.tile(ranks[genes], (n, 1)), axis=1)
        found.append(rank_correlations((dealt[:, used] @ weights[used]).T, contrasts))
        left -= n
    return np.concatenate(found)
