"""How well orders follow a known progress: dtpscore beside what people use.

    python benchmarks/pseudotime.py                 # simulated experiments
    python benchmarks/pseudotime.py --thinned DIR   # blends of real bulk profiles

The figure that counts is Spearman's rho with the truth within one day of one replicate
(mean over samples), every cell placed by fits on the other replicates: the day label
has none of it, and a difference between libraries earns nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import sys
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

KEYS = {
    "groupby": "condition",
    "reference": "parental",
    "time_key": "day",
    "sample_key": "sample",
    "replicate_key": "replicate",
}
HOLIDAY = "holiday"
INDEX = "dtp_consensus_no_cycle"
OURS = ("dtpscore ordinal", "dtpscore dpt")
CLONES = ("SKMEL5_SC01", "SKMEL5_SC07", "SKMEL5_SC10")
LINES = ("A375", "WM88", "SKMEL5", "SKMEL28")
# Bulk days with their place on the way, and days of a made-up time course.
WAY = {0: 0.0, 3: 0.5, 8: 1.0}
COURSE = {
    3: {
        0: {0: 1.0},
        2: {0: 0.6, 3: 0.4},
        5: {0: 0.2, 3: 0.5, 8: 0.3},
        8: {3: 0.3, 8: 0.7},
    },
    2: {0: {0: 1.0}, 2: {0: 0.7, 8: 0.3}, 5: {0: 0.4, 8: 0.6}, 8: {0: 0.1, 8: 0.9}},
}


def simulated(difficulty, seed, n_cells):
    import dtpscore as dtp

    return dtp.datasets.simulate(n_cells=n_cells, difficulty=difficulty, seed=seed)


def thinned(bulk, line, seed, n_cells):
    """Time course of blends of bulk profiles, each replicate from its own rows."""
    import dtpscore as dtp

    rows = bulk[(bulk.obs["cell_line"] == line).to_numpy()]
    row_day = rows.obs["time_point"].astype(str).str[1:].astype(int)
    replicate = rows.obs["replicate"].astype(str)
    plan = COURSE[row_day.nunique()]
    name = {
        (rep, day): row
        for row, rep, day in zip(rows.obs_names, replicate, row_day, strict=True)
    }
    samples = {
        f"r{rep} d{day}": {name[rep, part]: share for part, share in parts.items()}
        for rep in sorted(set(replicate))
        for day, parts in plan.items()
    }
    cells = dtp.datasets.thin(
        rows,
        depth=3000,
        n_cells=n_cells // len(samples),
        mixture=samples,
        concentration=2,
        state_key=None,
        seed=seed,
    )
    mixture = cells.obsm["true_mixture"]
    place = np.asarray([WAY[row_day[row]] for row in mixture.columns])
    sample = cells.obs["sample"].astype(str)
    cells.obs = pd.DataFrame(
        {
            "sample": sample,
            "replicate": sample.str.split().str[0],
            "day": sample.str.split().str[1].str[1:].astype(int),
            "true_progress": mixture.to_numpy() @ place,
        },
        index=cells.obs_names,
    )
    cells.obs["condition"] = np.where(cells.obs["day"] == 0, "parental", "treated")
    return cells


def plain_scanpy(adata, root):
    """The usual recipe: diffusion pseudotime from the same root, and PC1."""
    import scanpy as sc

    plain = adata.copy()
    sc.pp.normalize_total(plain, target_sum=1e4)
    sc.pp.log1p(plain)
    sc.pp.highly_variable_genes(plain, n_top_genes=2000)
    sc.pp.pca(plain)
    sc.pp.neighbors(plain)
    sc.tl.diffmap(plain)
    plain.uns["iroot"] = plain.obs_names.get_loc(root)
    sc.tl.dpt(plain)
    return plain.obs["dpt_pseudotime"].to_numpy(), plain.obsm["X_pca"]


def all_orders(adata):
    """Every order of the table, and the record of ours."""
    import dtpscore as dtp

    groups = set(adata.obs["condition"])
    holiday = {"holiday": HOLIDAY} if HOLIDAY in groups else {}
    dtp.tl.pseudotime(adata, **KEYS, **holiday, method="ordinal", n_subsamples=4)
    record = adata.uns["dtp_pseudotime"]
    dtp.tl.pseudotime(
        adata,
        **KEYS,
        **holiday,
        method="dpt",
        use_rep="axes",
        n_roots=1,
        n_subsamples=1,
        key_added="axes",
    )
    dtp.tl.score(adata, INDEX, method="mean", normalize="log1p", control=True)
    dpt, components = plain_scanpy(adata, record["root"])
    day = adata.obs["day"].astype(float).to_numpy()
    on_drug = (adata.obs["condition"] != HOLIDAY).to_numpy()
    pc1 = components[:, 0]
    # The sign of a component is arbitrary; it is given the right one for free.
    pc1 = pc1 * np.sign(spearmanr(pc1[on_drug], day[on_drug])[0])
    orders = {
        OURS[0]: adata.obs["dtp_pseudotime_ordinal"].to_numpy(),
        OURS[1]: adata.obs["dtp_pseudotime_dpt"].to_numpy(),
        "dtpscore dpt on axis scores": adata.obs["axes"].to_numpy(),
        "scanpy dpt, same root": dpt,
        "PC1 (sign given)": pc1,
        "index": dtp.get.scores(adata, kind="z")[INDEX].to_numpy(),
        "day label": day,
    }
    if importlib.util.find_spec("palantir"):
        with contextlib.redirect_stdout(io.StringIO()):
            dtp.tl.pseudotime(
                adata,
                **KEYS,
                **holiday,
                method="palantir",
                n_roots=1,
                n_subsamples=1,
                key_added="palantir",
            )
        orders["Palantir, same components and root"] = adata.obs["palantir"].to_numpy()
    return orders, record


def rho(values, truth):
    if np.ptp(values) == 0:
        return 0.0
    return spearmanr(values, truth, nan_policy="omit")[0]


def scores(order, obs):
    """Spearman's rho over all cells before the holiday, and within samples on drug."""
    order = np.where(np.isfinite(order), order, np.nan)
    truth = obs["true_progress"].to_numpy(dtype=float)
    condition = obs["condition"].astype(str).to_numpy()
    on_drug = condition != HOLIDAY
    sample = obs["sample"].astype(str).to_numpy()
    each = [
        rho(order[sample == name], truth[sample == name])
        for name in np.unique(sample[condition == "treated"])
    ]
    return rho(order[on_drug], truth[on_drug]), float(np.mean(each))


def checks_of(record, adata):
    """What the run says of itself, next to the truth."""
    stability, cycle = record["stability"], record["cycle"]
    row = {
        "cycle, root group": cycle.loc["root group"].abs().max(),
        "roots, lowest": stability["dpt_root_rho"].min(),
        "roots, W": stability["dpt_root_agreement"],
        "80% dpt, lowest": np.nanmin(stability["dpt_subsample_rho"]),
        "80% ordinal, lowest": stability["ordinal_subsample_rho"].min(),
        "series, lowest": stability["ordinal_fold_rho"].min(),
    }
    if "reversal" in record:
        truth = adata.obs.groupby("condition", observed=True)["true_progress"].median()
        last = adata.obs["day"].astype(int)[adata.obs["condition"] == "treated"].max()
        end = adata.obs["true_progress"][adata.obs["day"].astype(int) == last].median()
        start = truth["parental"]
        row["returned, truth"] = (end - truth[HOLIDAY]) / (end - start)
        row["returned, found"] = record["reversal"].iloc[-1]["returned"]
    return row


def table(found, sets):
    """One line per order: mean over runs of both figures, and runs lost to ours."""
    lines = ["| order | " + " | ".join(sets) + " |", "|---|" + "---|" * len(sets)]
    for name in next(iter(found.values())):
        cells = []
        for one in sets:
            values = np.asarray(found[one][name])
            cells.append(
                f"{values[:, 0].mean():.3f} / **{values[:, 1].mean():.3f}** "
                f"± {values[:, 1].std():.3f}"
            )
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def wins(found, sets):
    """Runs in which the ordinal order is above every rival, within samples."""
    lines = []
    for one in sets:
        ours = np.asarray(found[one][OURS[0]])[:, 1]
        rivals = [n for n in found[one] if not n.startswith("dtpscore")]
        best = np.max([np.asarray(found[one][n])[:, 1] for n in rivals], axis=0)
        lines.append(
            f"{one}: ordinal above every rival in {int((ours > best).sum())} of "
            f"{ours.size} runs; smallest margin {np.min(ours - best):+.3f}, mean "
            f"{np.mean(ours - best):+.3f}"
        )
    return "\n".join(lines)


def run(cases):
    """Every case: print its line at once, return all figures."""
    found, checks = defaultdict(lambda: defaultdict(list)), defaultdict(list)
    for name, label, make in cases:
        adata = make()
        orders, record = all_orders(adata)
        for order_name, order in orders.items():
            found[name][order_name].append(scores(order, adata.obs))
        checks[name].append(checks_of(record, adata))
        line = "  ".join(f"{n} {v[-1][1]:.3f}" for n, v in found[name].items())
        print(f"{name} {label}: {line}", file=sys.stderr, flush=True)
    return found, checks


def report(found, checks):
    sets = list(found)
    print("Spearman's rho: all cells / **within day and replicate** ± sd over runs\n")
    print(table(found, sets), "\n")
    print(wins(found, sets), "\n")
    if not importlib.util.find_spec("palantir"):
        print("Palantir: not installed here, not run.\n")
    for name in sets:
        frame = pd.DataFrame(checks[name])
        print(f"{name}: " + "; ".join(f"{c} {v:.3f}" for c, v in frame.mean().items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    # Seeds under 100 were looked at while the recipe was chosen.
    parser.add_argument("--first-seed", type=int, default=100)
    parser.add_argument("--cells", type=int, default=1800)
    parser.add_argument("--sets", nargs="+", default=["easy", "medium", "hard"])
    parser.add_argument("--thinned", type=Path, help="folder with the bulk data")
    given = parser.parse_args()
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    warnings.simplefilter("ignore")
    if given.thinned:
        import anndata as ad

        files = {"bulk_skmel5_timecourse": CLONES, "bulk_brafi_4lines": LINES}
        bulk = {f: ad.read_h5ad(given.thinned / f"{f}.h5ad") for f in files}
        cases = [
            (
                line,
                f"seed {s}",
                lambda f=f, n=line, s=s: thinned(bulk[f], n, s, given.cells),
            )
            for f, lines in files.items()
            for line in lines
            for s in seeds
        ]
        report(*run(cases))
    else:
        cases = [
            (name, f"seed {s}", lambda n=name, s=s: simulated(n, s, given.cells))
            for name in given.sets
            for s in seeds
        ]
        report(*run(cases))


if __name__ == "__main__":
    main()
