"""Choices inside the recipe of orders, each against what else it could be.

    python benchmarks/pseudotime_choices.py

Simulated experiments, seeds 10 to 12: of those that the last choices were made on. The
figures of benchmarks/pseudotime.py come from other seeds.
"""

from __future__ import annotations

import sys
import warnings
from collections import defaultdict

import numpy as np
import scanpy as sc
from anndata import AnnData
from pseudotime import scores, simulated
from scipy.stats import rankdata
from sklearn.neighbors import KNeighborsTransformer

from dtpscore._design import DesignKeys
from dtpscore._matrix import blocks
from dtpscore._ordering import axes, diffusion, embedding, ordinal, variable
from dtpscore._ordering import components as pca
from dtpscore._ordering.cells import read_cells

N_CELLS, N_GENES, N_PCS, N_NEIGHBORS = 1800, 2000, 30, 30
SETS, SEEDS = ("easy", "medium", "hard"), (10, 11, 12)


def gaussian_graph(features):
    private = AnnData(obsm={"X_order": features})
    search = KNeighborsTransformer(n_neighbors=N_NEIGHBORS, algorithm="brute")
    sc.pp.neighbors(
        private,
        n_neighbors=N_NEIGHBORS,
        use_rep="X_order",
        method="gauss",
        transformer=search,
    )
    return private.obsp["connectivities"]


def learned(components, cells, diffused=None, **constants):
    """The ordinal order under other constants."""
    kept = {name: getattr(ordinal, name) for name in constants}
    for name, value in constants.items():
        setattr(ordinal, name, value)
    found = ordinal.cross_fit(components, cells, diffused=diffused, n_subsamples=2)
    for name, value in kept.items():
        setattr(ordinal, name, value)
    return found.time


def diffused_of(components, start):
    graph = diffusion.graph(components, N_NEIGHBORS)
    return diffusion.diffusion_time(graph, start, features=None)


def components_for(values, cells, between):
    kept, pca.BETWEEN = pca.BETWEEN, between
    found = pca.principal(values, cells.sample, N_PCS)[0]
    pca.BETWEEN = kept
    return found


def orders_of(adata):
    keys = DesignKeys(
        "condition",
        "parental",
        sample_key="sample",
        replicate_key="replicate",
        time_key="day",
        holiday=("holiday",),
    )
    cells = read_cells(adata.obs, keys).cells
    source, names = blocks.source(adata.X), list(adata.var_names)
    dropped = embedding.left_out(names, species="human")
    axis = axes.axis_features(source, names, "log1p", dropped=dropped, species="human")
    usable = np.flatnonzero(~dropped)
    moments = variable.GeneMoments.of(
        embedding.logged(source, usable, "log1p"), usable.size
    )
    enough = variable.expressed(moments)
    chosen = variable.most_variable(moments, enough, N_GENES)
    values = embedding.log_values(source, usable, "log1p", kept=chosen)
    low = diffusion.low_index(cells.root, axis.index)
    found = {}
    for between in (0.0, 0.3, 0.5, 1.0):
        components = components_for(values, cells, between)
        diffused = diffused_of(
            components, diffusion.medoids(components, low, 20)
        ).components
        found[f"ordinal, {between} of differences between samples"] = learned(
            components, cells, diffused
        )
    components = components_for(values, cells, pca.BETWEEN)
    start = diffusion.medoids(components, low, 20)
    umap = diffused_of(components, start)
    for weight in (0.0, 0.5, 1.0):
        name = f"ordinal, neighbors weigh {weight}"
        found[name] = learned(
            components, cells, umap.components, _NEIGHBORS_WEIGHT=weight
        )
    found["ordinal, no diffusion components"] = learned(components, cells)
    found["ordinal, no course"] = learned(
        components, cells, umap.components, _COURSE_WEIGHT=0.0
    )
    found["ordinal, neither"] = learned(components, cells, _COURSE_WEIGHT=0.0)
    found["mean rank of ordinal and dpt"] = rankdata(
        learned(components, cells, umap.components)
    ) + rankdata(umap.time)
    scored = axis.scores.to_numpy()
    scored = (scored - scored.mean(axis=0)) / scored.std(axis=0)
    found["ordinal on axis scores"] = learned(scored, cells)
    together = np.hstack([components / components[:, 0].std(), scored])
    found["ordinal on components and axis scores"] = learned(together, cells)
    found["dpt, UMAP weights"] = umap.time
    gaussian = gaussian_graph(components)
    found["dpt, Gaussian weights"] = diffusion.diffusion_time(
        gaussian, start, features=None
    ).time
    return found


def main():
    warnings.simplefilter("ignore")
    found = defaultdict(lambda: defaultdict(list))
    for name in SETS:
        for seed in SEEDS:
            adata = simulated(name, seed, N_CELLS)
            for choice, order in orders_of(adata).items():
                found[choice][name].append(scores(order, adata.obs))
            print(name, seed, file=sys.stderr, flush=True)
    print("Spearman's rho: all cells / within day and replicate\n")
    print("| choice | " + " | ".join(SETS) + " |\n|---|" + "---|" * len(SETS))
    for choice, sets in found.items():
        means = [np.mean(sets[name], axis=0) for name in SETS]
        cells = " | ".join(f"{a:.3f} / {b:.3f}" for a, b in means)
        print(f"| {choice} | {cells} |")


if __name__ == "__main__":
    main()
