"""Small random cells x genes matrices and nets, for tests of the methods."""

from __future__ import annotations

from functools import cache

import anndata as ad
import numpy as np
import pandas as pd
import reference
import scipy.sparse as sp

from dtpscore._methods.run import run_method
from dtpscore._options.score import ScoreOptions

N_CELLS, N_GENES = 60, 900


@cache
def random_counts():
    """Counts with many ties, two empty genes and cells of very different depth."""
    rng = np.random.default_rng(7)
    level = rng.lognormal(-1.5, 1.5, N_GENES)
    depth = rng.lognormal(0, 0.8, N_CELLS)
    values = rng.poisson(level * depth[:, None]).astype(np.float32)
    values[:, [3, 500]] = 0
    return sp.csr_matrix(values)


@cache
def random_logs():
    """The counts log-normalized, with values of their own in every cell."""
    rows = random_counts().astype(np.float64)
    factor = np.repeat(1e4 / rows.sum(1).A1, np.diff(rows.indptr))
    rows.data = np.log1p(rows.data * factor)
    return rows


@cache
def random_net():
    rng = np.random.default_rng(3)
    pairs = []
    for size in (5, 20, 60):
        genes = rng.choice(N_GENES, 2 * size, replace=False)
        pairs.append((genes[:size], genes[size:]))
    pairs.append((rng.choice(N_GENES, 12, replace=False), []))
    return reference.make_net(pairs, N_GENES)


def names(genes):
    return [f"g{gene}" for gene in genes]


def as_adata(matrix):
    adata = ad.AnnData(matrix.copy())
    adata.var_names = names(range(matrix.shape[1]))
    adata.obs_names = [f"c{i}" for i in range(matrix.shape[0])]
    return adata


def halves(net):
    """Gene names of every half-set that has genes."""
    found = {}
    for s, name in enumerate(net.names):
        for tag, number in (("up", 2 * s), ("dn", 2 * s + 1)):
            genes = reference.half(net, number)[0]
            if genes.size:
                found[f"{name}_{tag}"] = genes
    return found


def difference(net, by_half):
    """Up minus down of a peer's scores, one column per half-set."""
    parts = []
    for name in net.names:
        down = by_half.get(f"{name}_dn", 0.0)
        parts.append(np.asarray(by_half[f"{name}_up"] - down, float))
    return np.column_stack(parts)


def scores(matrix, net, method, **options):
    return run_method(
        matrix, net, method=method, options=ScoreOptions(**options)
    ).scores


def moved(net, place):
    """The net over columns that stand elsewhere; those without a place are dropped."""
    pairs = [
        [
            [place[g] for g in reference.half(net, 2 * s + side)[0] if g in place]
            for side in (0, 1)
        ]
        for s in range(len(net.names))
    ]
    return reference.make_net(pairs, len(place))


def long_net(net):
    rows = [(name, f"g{g}", 1.0) for name, genes in halves(net).items() for g in genes]
    return pd.DataFrame(rows, columns=["source", "target", "weight"])
