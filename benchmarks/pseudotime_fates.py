"""Fate probabilities of branches: dtpscore's own next to CellRank's.

    python benchmarks/pseudotime_fates.py     # needs the package cellrank

Simulated experiments without a holiday in which both ends exist, from other seeds than
the choices were made on. Both walk on the same graph along the same order to the same
ends. Cells of the ends, whose fate is given, are left out.
"""

from __future__ import annotations

import warnings

import cellrank
import numpy as np
from pseudotime import KEYS, rho

import dtpscore as dtp

SETS, SEEDS = ("easy", "medium", "hard"), (100, 101, 102)


def both_fates(difficulty, seed):
    """Fates of the cells on the way by either; None where one end does not exist."""
    adata = dtp.datasets.simulate(
        n_cells=1800, difficulty=difficulty, holiday_day=None, seed=seed
    )
    found = []
    for fates in ("absorption", "cellrank"):
        dtp.tl.pseudotime(adata, **KEYS, n_roots=1, n_subsamples=2, fates=fates)
        if "dtp_pseudotime_fate" not in adata.obs:
            return None
        found.append(adata.obs["dtp_pseudotime_fate"].to_numpy())
    on_way = adata.obs["dtp_pseudotime_end"].isna().to_numpy()
    return found[0][on_way], found[1][on_way]


def main():
    warnings.simplefilter("ignore")
    print(f"CellRank {cellrank.__version__}\n")
    print("| experiment | cells | Pearson's r | Spearman's rho | same side of 0.5 |")
    print("|---|---|---|---|---|")
    for difficulty in SETS:
        for seed in SEEDS:
            found = both_fates(difficulty, seed)
            if found is None:
                print(f"| {difficulty} {seed} | one end only | | | |", flush=True)
                continue
            ours, peer = found
            r = np.corrcoef(ours, peer)[0, 1]
            side = np.mean((ours > 0.5) == (peer > 0.5))
            print(
                f"| {difficulty} {seed} | {ours.size} | {r:.3f} | "
                f"{rho(ours, peer):.3f} | {side:.3f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
