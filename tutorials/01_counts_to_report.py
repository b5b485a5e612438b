# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # 1. From counts to a report, in a notebook with scanpy
#
# **Question: I have counts of untreated, treated and drug-holiday samples. Which cells
# are persister-like, how sure is that, by which programmes, and how do I show it?**
#
# The experiment is simulated, with four replicates of each sample, so that the answer
# can be checked. Nothing in it is evidence about real cells. Needs no network; takes
# about one minute.

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import scanpy as sc

import dtpscore as dtp

adata = dtp.datasets.simulate(
    n_cells=1440, n_replicates=4, days=(3, 14), difficulty="medium", seed=1
)
print(adata)
print(adata.obs.groupby(["condition", "day"], observed=True)["sample"].nunique())

# %% [markdown]
# ## Quality
#
# The same limits for all samples: a limit set sample by sample removes more cells
# from one arm than from the other. Depth by condition matters for every score.

# %%
sc.pp.calculate_qc_metrics(adata, percent_top=None, log1p=False, inplace=True)
adata = adata[adata.obs["n_genes_by_counts"] >= 200].copy()
by_condition = adata.obs.groupby("condition", observed=True)
print(by_condition[["total_counts", "n_genes_by_counts"]].median().round().to_string())

# %% [markdown]
# ## Score
#
# One call scores every default signature on the raw counts (UCell uses ranks within
# the cell) and averages them into axes. `control=True` adds the comparison with random
# genes of like expression. Look at what was not found first.

# %%
dtp.tl.score(adata, control=True)
coverage = dtp.get.coverage(adata)
print(coverage["fraction"].describe()[["min", "50%", "max"]].round(2).to_string())
axes = dtp.get.axes(adata)
print(f"{axes.shape[1]} axes for {axes.shape[0]} cells")

# %% [markdown]
# Nuisance axes (cell cycle, handling, ribosomal genes) are scored to be looked at, not
# to be read as persistence. Which axes follow depth among parental cells? Such an axis
# can differ between conditions because depth does.

# %%
parental = (adata.obs["condition"] == "parental").to_numpy()
depth = adata.obs.loc[parental, "total_counts"]
follows = axes[parental].corrwith(depth, method="spearman")
print(follows.sort_values(key=abs, ascending=False).head(5).round(2).to_string())

# %% [markdown]
# ## Compare conditions: the sample is the unit
#
# `tl.compare` takes the mean of each sample, pairs the samples of a replicate series,
# and gives the difference from parental in standard deviations of parental cells, with
# an interval over samples and a false discovery rate. Cells are no replicates.

# %%
condition, day = (adata.obs[name].astype(str) for name in ("condition", "day"))
adata.obs["arm"] = condition.where(condition != "treated", "day " + day)
arms = {"groupby": "arm", "reference": "parental", "sample_key": "sample"}
dtp.tl.compare(adata, **arms, pair_key="replicate")
differs = dtp.get.compare(adata)
persister = {n for n, axis in dtp.signatures.axes().items() if axis.kind == "persister"}
differs = differs[differs["axis"].isin(persister)]
late = differs[differs["group"] == "day 14"].sort_values("qvalue")
shown = ["axis", "difference", "low", "high", "qvalue", "verdict", "published"]
print(late[shown].head(10).round(3).to_string(index=False))

# %%
dtp.pl.compare(adata, group="day 14", show=False)
plt.show()

# %% [markdown]
# The same for all arms; a dagger marks the axes that differ in one arm or more.

# %%
dtp.pl.axis_heatmap(adata, **arms, compare_key="dtp_compare", show=False)
plt.show()

# %% [markdown]
# ## Call
#
# Each cell is called against the parental samples, at a false discovery rate of 5%.
# The run says first what it could find at all: with few reference cells a small
# minority cannot be called, and "0 called" then means "could not". The evidence level
# stands beside every call; without survival data or a holiday it is never "DTP".

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
print(f"evidence level {call['evidence_level']}: {call['evidence']}")
states = pd.crosstab([adata.obs["condition"], adata.obs["day"]], adata.obs["dtp_call"])
print(states.to_string())
print(call["sample_tests"].to_string())

# %%
dtp.pl.shares(adata, show=False)
plt.show()

# %% [markdown]
# The truth is known here: which share of the called cells is false, and which share
# of the persisters on day 14 is found?

# %%
positive = adata.obs["dtp_call"].isin(["DTP-like", "DTP-like cycling"])
persister = adata.obs["true_state"].isin(["DTP", "DTP cycling"])
late = adata.obs["day"].astype(int) == 14
print(f"false among called: {(positive & ~persister).sum()} of {positive.sum()}")
found = (positive & persister & late).sum() / (persister & late).sum()
print(f"found on day 14: {found:.0%}")

# %% [markdown]
# Which axes carry the call, and do they go the published way?

# %%
why = call["axes"].sort_values("contribution", ascending=False)
print(why[["group", "axis", "difference", "published", "reading"]].head(8).to_string())

# %% [markdown]
# ## On a map of the cells
#
# Axes and calls are columns of `obs`, so every scanpy plot takes them. A map shows what
# is there; it is no test.

# %%
shown = adata.copy()
sc.pp.normalize_total(shown, target_sum=1e4)
sc.pp.log1p(shown)
sc.pp.highly_variable_genes(shown, n_top_genes=1500)
sc.pp.pca(shown, n_comps=30)
sc.pp.neighbors(shown)
sc.tl.umap(shown)
dtp.pl.embedding(shown, color=["condition", "dtp_call", "consensus"], show=False)
plt.show()

# %% [markdown]
# ## The order from parental to persister
#
# There are times and several replicate series, so the order is learned from time on
# three series and read on the fourth. It is never turned round to fit.

# %%
dtp.tl.pseudotime(
    adata,
    groupby="condition",
    reference="parental",
    holiday="holiday",
    time_key="day",
    sample_key="sample",
    replicate_key="replicate",
)
record = adata.uns["dtp_pseudotime"]
print(f"method {record['method']}, on held-out series: {record['validated']}")
order_by = adata.obs.groupby(["condition", "day"], observed=True)["dtp_pseudotime"]
print(order_by.median().round(2).to_string())
treated = adata.obs["condition"] == "treated"
within = [
    part["dtp_pseudotime"].corr(part["true_progress"], method="spearman")
    for _, part in adata.obs[treated].groupby("sample", observed=True)
]
print(
    "Spearman with the true progress within treated samples (known here only): "
    f"{np.mean(within):.2f}"
)

# %%
dtp.pl.pseudotime(adata, groupby="condition", reference="parental", show=False)
plt.show()

# %% [markdown]
# ## A report
#
# One HTML page that opens offline, with the tables beside it.

# %%
folder = Path(tempfile.mkdtemp())
dtp.report(
    adata,
    folder / "report.html",
    groupby="condition",
    reference="parental",
    sample_key="sample",
    title="Tutorial 1, simulated cells",
    tables=folder / "tables",
)
for path in sorted(folder.rglob("*")):
    if path.is_file():
        print(f"{path.relative_to(folder)}  {path.stat().st_size // 1024} KiB")

# %% [markdown]
# The same from the command line:
#
# ```bash
# dtpscore score cells.h5ad -o scored.h5ad --control
# dtpscore call scored.h5ad -o called.h5ad --groupby condition --reference parental \
#     --sample-key sample
# dtpscore report called.h5ad -o report.html
# ```
