# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # 4. A drug holiday, and how to plan one
#
# **Question: the drug was withdrawn. Have the cells gone back, and how many samples,
# cells and molecules does it take to see it?**
#
# A persister state is reversible by definition, so the holiday arm is the experiment
# that tells persisters from resistant cells. The first part reads a simulated holiday
# whose truth is known, the second a semi-synthetic one made from bulk melanoma
# profiles, the third is a power table. None of the numbers is a measurement of cells.
#
# Data: 3 MB, fetched on first use. Takes about one minute.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import scanpy as sc
from scipy import stats

import dtpscore as dtp

adata = dtp.datasets.simulate(n_cells=1800, n_replicates=3, days=(14,), seed=4)
print(adata.uns["dtpscore_simulation"]["note"])
table = pd.crosstab(adata.obs["condition"], adata.obs["true_state"], normalize="index")
print(table.round(2).to_string())

# %% [markdown]
# ## Read it sample by sample
#
# Replicates are the unit. `tl.compare` gives, for every axis, the difference between
# sample means in standard deviations of parental cells, with a 95% interval over the
# samples. Cells are no replicates: an interval over cells would be ten times narrower
# and wrong.

# %%
dtp.tl.score(adata)
dtp.tl.compare(adata, groupby="condition", reference="parental", sample_key="sample")
found = dtp.get.compare(adata).set_index(["group", "axis"])
found = found[["difference", "low", "high"]]
on_drug, off_drug = found.loc["treated"], found.loc["holiday"]
both = pd.concat({"on drug": on_drug, "after holiday": off_drug}, axis=1)
strongest = on_drug["difference"].abs().sort_values(ascending=False).index[:8]
print(both.loc[strongest].round(2).to_string())

# %% [markdown]
# ## Do not divide
#
# It is tempting to say "70% reverted": one minus the ratio of the two differences.
# The ratio is meaningless wherever the drug hardly changed the axis, because it
# divides by almost nothing. Look at the axes with the smallest change on drug, and at
# the same ratio from single replicates.

# %%
ratio = 1 - off_drug["difference"] / on_drug["difference"]
order = on_drug["difference"].abs().sort_values().index
shown = pd.DataFrame(
    {"change on drug": on_drug["difference"], "'reverted'": ratio}
).loc[[*order[:4], *order[-4:]]]
print(shown.round(2).to_string())
resolved = (on_drug["low"] > 0) | (on_drug["high"] < 0)
resolved &= on_drug["difference"].abs() > 0.5
print(f"axes whose change on drug is resolved: {resolved.sum()} of {len(resolved)}")
print(f"ratio over these: {ratio[resolved].min():.2f} to {ratio[resolved].max():.2f}")
obs = adata.obs
holiday = obs["condition"] == "holiday"
last = (obs["condition"] == "treated") & (obs["day"].astype(int) == 14)
true = (
    1 - obs.loc[holiday, "true_progress"].mean() / obs.loc[last, "true_progress"].mean()
)
print(f"truth, by mean progress: {true:.2f}")

# %% [markdown]
# ## Three shares of cells
#
# `tl.call` with a holiday group reports how many holiday cells are like parental
# cells, like the treated ones, or like neither, with 95% intervals over the holiday
# samples; per axis the difference with its interval; and a ratio only where it is well
# conditioned. The truth stands beside it:
# a cell counts as a persister from a progress of 0.3 on, and most holiday cells are on
# the way.

# %%
dtp.tl.call(
    adata,
    groupby="condition",
    reference="parental",
    sample_key="sample",
    holiday="holiday",
    time_key="day",
)
call = adata.uns["dtp_call"]
print(call["reversal_shares"].round(2).to_string())
print(
    adata.obs.loc[holiday, "true_state"]
    .value_counts(normalize=True)
    .round(2)
    .to_string()
)
print(call["reversal"].round(2).head(8).to_string())

# %% [markdown]
# ## All cells half way, or half of the cells all the way? (semi-synthetic)
#
# Mean expression cannot tell these apart. Two holiday samples are drawn from the
# parental and tolerant profiles of A375 melanoma, replicate 3: in one, 40% of the
# cells are persisters and 60% parental; in the other, every cell is a blend with a
# share around 40%. The anchors are replicates 1 and 2.

# %%
bulk = dtp.datasets.load("bulk_brafi_4lines")
bulk = bulk[bulk.obs["cell_line"] == "A375"].copy()
parental, tolerant = "A375_0day_rep3", "A375_8day_rep3"
mixture = {tolerant: 0.4, parental: 0.6}
some = dtp.datasets.thin(
    bulk, depth=3000, n_cells=300, mixture={"some all the way": mixture}, seed=1
)
all_half = dtp.datasets.thin(
    bulk,
    depth=3000,
    n_cells=300,
    mixture={"all half way": mixture},
    concentration=40,
    seed=1,
)
anchors = dtp.datasets.thin(
    bulk[~bulk.obs_names.isin([parental, tolerant])].copy(),
    depth=3000,
    n_cells=150,
    seed=1,
)
cells = sc.concat([anchors, some, all_half], join="inner")
names = ["hallmark_e2f_targets", "hallmark_myc_targets_v1", "g0_arrest_wiecek2023"]
dtp.tl.score(cells, names, method="mean", normalize="log1p", control=True)
z = dtp.get.scores(cells, kind="z")
position = (
    z["g0_arrest_wiecek2023"] - z["hallmark_e2f_targets"] - z["hallmark_myc_targets_v1"]
) / 3
day = cells.obs["sample"].astype(str).str.extract(r"_(\dday)_")[0].to_numpy()
group = np.where(pd.isna(day), cells.obs["sample"].astype(str), day)
low = position[group == "0day"].mean()
high = position[group == "8day"].mean()
# 0 is the mean of the parental anchors, 1 that of the tolerant ones.
position = (position - low) / (high - low)
summary = position.groupby(group).agg(["mean", "std"])
print(summary.round(2).to_string())

# %%
fig, axis = plt.subplots(figsize=(6, 3))
for name in ("0day", "8day", "some all the way", "all half way"):
    axis.hist(
        position[group == name], bins=40, histtype="step", density=True, label=name
    )
axis.set_xlabel("position between parental (0) and tolerant (1)")
axis.legend(fontsize=7)
fig.tight_layout()
plt.show()

# %% [markdown]
# The means agree; the spread does not. (Neither mean is 0.4: the cells come from
# replicate 3, the anchors from 1 and 2.) Here the mixture shows, because A375 changes a
# lot and bulk profiles give every cell of a kind the same mean. In real cells the
# spread holds differences between cells as well, so a wide distribution alone proves
# no mixture.

# %% [markdown]
# ## How many samples, cells, molecules? (simulated)
#
# Simulate the experiment many times at difficulty `hard`, take designs out of it, and
# test the sample means of one score (t test, two-sided, 5%). Power is the share of
# tests that find the difference: `drug seen` compares parental with treated samples,
# `reversal seen` treated with holiday samples. `false alarm` takes parental samples
# against other parental samples: it must stay near 0.05, or the rest means nothing.

# %%
N_EXPERIMENTS, N_POOL, N_CELLS = 6, 12, 50
SCORE = "dtp_consensus_no_cycle"
ARMS = {
    "drug seen": ("parental", "treated"),
    "reversal seen": ("treated", "holiday"),
}


def experiment(seed):
    """Scores of one simulated experiment at full and at a quarter of the depth."""
    full = dtp.datasets.simulate(
        n_cells=3 * N_POOL * N_CELLS,
        n_replicates=N_POOL,
        days=(14,),
        difficulty="hard",
        seed=seed,
    )
    few = sc.pp.downsample_counts(
        full,
        counts_per_cell=(np.asarray(full.X.sum(axis=1)).ravel() / 4).astype(int),
        random_state=seed,
        copy=True,
    )
    result = {}
    for depth, data in ((4000, full), (1000, few)):
        dtp.tl.score(data, SCORE)
        frame = data.obs[["condition", "replicate"]].copy()
        frame["score"] = dtp.get.scores(data)[SCORE]
        frame["rank"] = frame.groupby(
            ["condition", "replicate"], observed=True
        ).cumcount()
        result[depth] = frame
    return result


def sample_means(frame, n_cells):
    """Mean score of the first cells of each sample; replicates x conditions."""
    kept = frame[frame["rank"] < n_cells]
    return kept.pivot_table(
        index="replicate", columns="condition", values="score", observed=True
    )


def tests(means_, n):
    """p-values of all experiments of n replicates that the pool gives."""
    for start in range(0, N_POOL - n + 1, n):
        part = means_.iloc[start : start + n]
        found = {
            name: stats.ttest_ind(part[a], part[b]).pvalue
            for name, (a, b) in ARMS.items()
        }
        if start + 2 * n <= N_POOL:
            other = means_.iloc[start + n : start + 2 * n]
            test = stats.ttest_ind(part["parental"], other["parental"])
            found["false alarm"] = test.pvalue
        yield found


rows = []
for seed in range(N_EXPERIMENTS):
    for depth, frame in experiment(seed).items():
        for n_cells in (10, N_CELLS):
            table = sample_means(frame, n_cells)
            for n in (2, 3, 4, 6):
                design = {"samples": n, "cells": n_cells, "depth": depth}
                rows.extend({**design, **found} for found in tests(table, n))
results = pd.DataFrame(rows).set_index(["samples", "cells", "depth"])
power = (results < 0.05).where(results.notna()).astype(float)
designs = power.groupby(level=["samples", "cells", "depth"])
print("share of tests that find it, by samples an arm, cells and molecules a cell")
print(designs.mean().round(2).to_string())
n_tests = designs.count()
print(f"tests behind a number: {n_tests.min().min()} to {n_tests.max().max()}")
error = np.sqrt(0.25 / n_tests.min().min())
print(f"standard error of a number: up to {error:.2f}")

# %% [markdown]
# **How to read it.** Cells and depth help as long as the mean of a sample is noisy:
# few cells, few molecules. Then they stop helping, since the samples differ among
# themselves; only more samples go on. Seeing that cells came back takes more than
# seeing that they left, because they came back part of the way. The effect sizes are
# those of the simulation (`uns["dtpscore_simulation"]`), not of your cells; a pilot
# with two samples an arm tells you yours.
#
# **Minimum for a holiday**: untreated, treated and holiday samples of the same line,
# prepared in the same run, in three replicates or more, and a count of surviving cells
# with each sample. Without the count, a holiday that shows parental-like cells may
# show cells that never were persisters and have outgrown the others.
