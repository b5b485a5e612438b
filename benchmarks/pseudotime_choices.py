"""Choices inside the recipe of orders, each against what else it could be.

    python benchmarks/pseudotime_choices.py

Simulated experiments, seeds 0 to 2: those that the choices were made on. The figures
of benchmarks/pseudotime.py come from other seeds.
"""

from __future__ import annotations

import sys
import warnings
from collections import defaultdict

import numpy as np
import scanpy as sc
from anndata import AnnData
from pseudotime import scores, simulated
from sklearn.neighbors import KNeighborsTransformer

from dtpscore._matrix import blocks
from dtpscore._ordering import axes, diffusion, ordinal, recipe, root
from dtpscore._ordering.design import Keys, read_design

N_CELLS, N_GENES, N_PCS, N_NEIGHBORS = 1800, 2000, 30, 30
SETS, SEEDS = ("easy", "medium", "hard"), (0, 1, 2)


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


def learned(components, design, **constants):
    """The ordinal order under other constants."""
    kept = {name: getattr(ordinal, name) for name in constants}
    for name, value in constants.items():
        setattr(ordinal, name, value)
    found = ordinal.cross_fit(components, design, n_subsamples=1)
    for name, value in kept.items():
        setattr(ordinal, name, value)
    return found.time


def components_for(values, design, between):
    kept, recipe.BETWEEN = recipe.BETWEEN, between
    found = recipe.principal_components(values, design.sample, N_PCS)[0]
    recipe.BETWEEN = kept
    return found


def orders_of(adata):
    keys = Keys("condition", "parental", ("holiday",), "day", "sample", "replicate")
    design = read_design(adata.obs, keys)
    source, names = blocks.source(adata.X), list(adata.var_names)
    dropped = recipe.left_out(names, species="human")
    axis = axes.axis_features(source, names, "log1p", dropped=dropped, species="human")
    values = recipe.log_values(source, np.flatnonzero(~dropped), "log1p")
    values = values[:, recipe.variable_genes(values, N_GENES)]
    found = {}
    for between in (0.0, 0.3, 0.5, 1.0):
        components = components_for(values, design, between)
        found[f"ordinal, {between} of differences between samples"] = learned(
            components, design
        )
    components = components_for(values, design, recipe.BETWEEN)
    for weight in (0.0, 0.5, 1.0):
        name = f"ordinal, neighbors weigh {weight}"
        found[name] = learned(components, design, _NEIGHBORS_WEIGHT=weight)
    scored = axis.scores.to_numpy()
    scored = (scored - scored.mean(axis=0)) / scored.std(axis=0)
    found["ordinal on axis scores"] = learned(scored, design)
    together = np.hstack([components / components[:, 0].std(), scored])
    found["ordinal on components and axis scores"] = learned(together, design)
    low = root.low_index(design.root, axis.index)
    start = root.medoids(components, low, 20)
    graphs = {
        "UMAP": diffusion.graph(components, N_NEIGHBORS),
        "Gaussian": gaussian_graph(components),
    }
    for name, graph in graphs.items():
        one = diffusion.diffusion_time(graph, start, features=None)
        found[f"dpt, {name} weights"] = one.time
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
