"""Slow and obvious versions of every method, for one cell at a time.

Nothing here is fast, shared with the package, or clever: a cell is a dense row, a
signature two lists of columns, and ranks come from scipy.
"""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from dtpscore._types import Net


def make_net(signatures, n_genes, *, n_missing=0, weights=None):
    """A ``Net`` from ``[(up, down), ...]``; ``n_missing`` genes more are listed."""
    halves = [np.unique(np.asarray(half, int)) for pair in signatures for half in pair]
    genes = np.concatenate([np.empty(0, int), *halves]).astype(np.int32)
    found = np.array([half.size for half in halves], dtype=np.int64)
    return Net(
        names=tuple(f"s{i}" for i in range(len(signatures))),
        genes=genes,
        offsets=np.concatenate([[0], np.cumsum(found)]).astype(np.int64),
        weights=np.ones(genes.size) if weights is None else np.asarray(weights, float),
        n_listed=np.where(found > 0, found + n_missing, 0),
        n_genes=n_genes,
    )


def half(net, number):
    """Columns, weights and listed size of one half-set."""
    inside = slice(net.offsets[number], net.offsets[number + 1])
    return net.genes[inside], net.weights[inside], int(net.n_listed[number])


def over_signatures(dense, net, one_half, w_neg=1.0):
    """Score every row and signature by a function of (row, genes, weights, listed)."""
    out = np.empty((dense.shape[0], len(net.names)))
    for i, row in enumerate(np.asarray(dense, float)):
        for s in range(len(net.names)):
            up, down = (
                one_half(row, *half(net, n)) if half(net, n)[0].size else 0.0
                for n in (2 * s, 2 * s + 1)
            )
            out[i, s] = up - w_neg * down
    absent = [
        half(net, 2 * s)[0].size + half(net, 2 * s + 1)[0].size == 0
        for s in range(len(net.names))
    ]
    out[:, absent] = np.nan
    return out


def ucell(dense, net, *, max_rank=1500, ties="average", impute=True, w_neg=1.0):
    method = {"order": "ordinal"}.get(ties, ties)

    def one_half(row, genes, _weights, n_listed):
        ranks = np.full(row.size, float(max_rank))
        stored = np.flatnonzero(row)
        ranks[stored] = np.minimum(rankdata(-row[stored], method=method), max_rank)
        n = n_listed if impute else genes.size
        total = ranks[genes].sum() + (n - genes.size) * max_rank
        smallest = n * (n + 1) / 2
        if n * max_rank == smallest:
            return 0.0
        return 1 - (total - smallest) / (n * max_rank - smallest)

    return over_signatures(dense, net, one_half, w_neg)


def aucell_gains(row, cut, ties):
    """Area each gene adds to the recovery curve."""
    ordinal = rankdata(-row, method="ordinal")
    gain = np.maximum(cut - ordinal, 0).astype(float)
    if ties == "average":
        for value in np.unique(row):
            gain[row == value] = gain[row == value].mean()
    return gain


def aucell(dense, net, *, fraction=0.05, ties="average", w_neg=1.0):
    n_genes = np.shape(dense)[1]
    cut = min(max(int(np.ceil(fraction * n_genes)), 2), n_genes)

    def one_half(row, genes, _weights, _listed):
        gain = aucell_gains(row, cut, ties)[genes].sum()
        best = sum(max(cut - r, 0) for r in range(1, genes.size + 1))
        return gain / best if best else 0.0

    return over_signatures(dense, net, one_half, w_neg)


def mean(dense, net, w_neg=1.0):
    def one_half(row, genes, weights, _listed):
        return np.sum(row[genes] * weights) / np.sum(np.abs(weights))

    return over_signatures(dense, net, one_half, w_neg)


def zscore(dense, net, *, center=False, w_neg=1.0):
    def one_half(row, genes, weights, _listed):
        sd = np.std(row, ddof=1)
        if np.ptp(row) == 0:
            return 0.0
        level = np.sum(row[genes] * weights) / np.sum(np.abs(weights))
        return (level - center * row.mean()) * np.sqrt(genes.size) / sd

    return over_signatures(dense, net, one_half, w_neg)


def tirosh_controls(dense, genes, *, n_bins, ctrl_size, ctrl_as_ref, random_state):
    """Control genes by pandas ranks and samples, as the paper's authors published."""
    means = pd.Series(np.asarray(dense, float).mean(axis=0))
    per_bin = round(len(means) / (n_bins - 1))
    cut = means.rank(method="min") // per_bin
    state = np.random.RandomState(random_state)
    controls = set()
    for one in np.unique(cut[genes]):
        pool = cut[cut == one].index
        if not ctrl_as_ref:
            pool = pool.difference(genes)
        if ctrl_size < len(pool):
            pool = pool.to_series().sample(ctrl_size, random_state=state).index
        controls |= set(pool) - set(genes.tolist())
    return sorted(controls)


def tirosh(dense, net, *, w_neg=1.0, **choices):
    def one_half(row, genes, _weights, _listed):
        controls = tirosh_controls(dense, genes, **choices)
        return row[genes].mean() - row[controls].mean()

    return over_signatures(dense, net, one_half, w_neg)


def ssgsea(dense, net, *, weight=0.25, ties="order", w_neg=1.0):
    """Sum over the ranked list of the running difference of two distributions."""

    def one_half(row, genes, _weights, _listed):
        n = row.size
        rank = rankdata(row)
        if ties == "average":
            height = rank
        else:
            height = rankdata(row, method="ordinal").astype(float)
        if genes.size == n:
            return np.nan
        hit = np.isin(np.arange(n), genes)
        inside = np.sum(rank[hit] ** weight * height[hit]) / np.sum(rank[hit] ** weight)
        return inside - np.sum(height[~hit]) / (n - genes.size)

    return over_signatures(dense, net, one_half, w_neg)


def draws(bins, up, down):
    """Every way to replace the genes by others of their bins, up and down disjoint.

    Yields tuples (columns in the order of ``[*up, *down]``).
    """
    genes = [*up, *down]
    members = {b: [g for g in genes if bins[g] == b] for b in {bins[g] for g in genes}}
    choices = [
        [
            dict(zip(inside, drawn, strict=True))
            for drawn in itertools.permutations(np.flatnonzero(bins == b), len(inside))
        ]
        for b, inside in members.items()
    ]
    for combination in itertools.product(*choices):
        chosen = {k: v for part in combination for k, v in part.items()}
        yield [chosen[g] for g in genes]
