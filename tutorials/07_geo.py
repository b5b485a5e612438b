# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # 7. Two published single-cell experiments from GEO
#
# **Question: what share of PC9 cells is arrested on each day of erlotinib (GSE134839),
# and do cycling and resting persisters differ under osimertinib (GSE150949)?**
#
# The files are on GEO; the second experiment has a large one. Set `FROM_GEO = True`
# below and run it with network.
#
# With `FROM_GEO = False`, as it is run in tests, the same code reads **stand-ins**:
# simulated cells in files of the same form. The numbers are then those of a
# simulation, and the text above every table says so. The loaders were tested on such
# files only; nobody has run them against GEO itself. Should GEO's files differ from
# what others' code documents, the loader stops with the line that it could not read.

# %%
import gzip
import os
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import scanpy as sc

import dtpscore as dtp

FROM_GEO = False
DAYS = [0, 1, 2, 4, 9, 11]

# %% [markdown]
# ## Stand-ins
#
# One simulated sample a day, written as GEO holds them: `GENE` and barcodes in the
# first line, then one line per gene. Empty droplets are added, because the real tables
# hold them too.

# %%


def write_table(path, counts, genes, cells, *, sep, corner):
    """Genes by cells as gzipped text."""
    lines = [sep.join([corner, *cells])]
    dense = counts.T.toarray()
    for gene, row in zip(genes, dense, strict=True):
        lines.append(sep.join([gene, *map(str, row)]))
    with gzip.open(path, "wt", compresslevel=1) as handle:
        handle.write("\n".join(lines) + "\n")


def write_stand_ins(folder):
    """Files named and shaped as on GEO, from simulated cells."""
    cells = dtp.datasets.simulate(
        n_cells=900, n_replicates=1, days=DAYS[1:], holiday_day=None, seed=7
    )
    for number, day in enumerate(DAYS):
        part = cells[cells.obs["day"].astype(int) == day]
        empty = sc.pp.downsample_counts(part[:20].copy(), counts_per_cell=60, copy=True)
        both = sc.concat([part, empty], index_unique="-")
        path = folder / f"GSM{3972657 + number}_D{day}.dge.txt.gz"
        barcodes = [f"BC{day}N{i}" for i in range(both.n_obs)]
        write_table(
            path, both.X.astype(int), both.var_names, barcodes, sep="\t", corner="GENE"
        )
    lineage = dtp.datasets.simulate(
        n_cells=600, n_replicates=1, days=(3, 7, 14), holiday_day=None, seed=8
    )
    names = [f"CELL{i}-1" for i in range(lineage.n_obs)]
    path = folder / "GSE150949_pc9_count_matrix.csv.gz"
    write_table(path, lineage.X, lineage.var_names, names, sep=",", corner="")
    day = lineage.obs["day"].astype(int).to_numpy()
    cycling = (lineage.obs["true_state"] == "DTP cycling").to_numpy()
    kind = np.where(cycling, "14_low", "14_high")
    kind = np.where(day == 14, kind, day.astype(str))
    table = pd.DataFrame(
        {
            "sample_name": kind,
            "time_point": day,
            "sample_type": kind,
            "lineage_barcode": [f"L{i % 97}" for i in range(lineage.n_obs)],
        },
        index=names,
    )
    table.to_csv(folder / "GSE150949_metaData_with_lineage.txt.gz", sep="\t")


if not FROM_GEO:
    stand_ins = Path(tempfile.mkdtemp())
    write_stand_ins(stand_ins)
    os.environ["DTPSCORE_DATA_DIR"] = str(stand_ins)

SOURCE = "GEO" if FROM_GEO else "SIMULATED STAND-INS, not PC9 cells"

# %% [markdown]
# ## GSE134839: load and filter as published
#
# Wiecek et al. 2023 kept genes found in three cells or more, and cells with 200 to
# 6,000 genes and less than 15% mitochondrial counts.

# %%
pc9 = dtp.datasets.load("gse134839")
told = pc9.uns["dtpscore_dataset"]
print(told["title"], "|", told["paper"], "|", SOURCE)
print(told["note"])
sc.pp.filter_genes(pc9, min_cells=3)
pc9.var["mt"] = pc9.var_names.str.startswith("MT-")
sc.pp.calculate_qc_metrics(
    pc9, qc_vars=["mt"], percent_top=None, log1p=False, inplace=True
)
keep = (pc9.obs["n_genes_by_counts"] > 200) & (pc9.obs["n_genes_by_counts"] < 6000)
keep &= pc9.obs["pct_counts_mt"] < 15
pc9 = pc9[keep].copy()
print(pc9.obs["day"].value_counts(sort=False).to_string())

# %% [markdown]
# ## Share of arrested cells
#
# The published score: log-normalize; z-score each gene over all cells; the sum over
# the root of the number of genes, for the up and the down list of the G0 signature;
# their difference. A cell above 0 counts as arrested. The threshold of 0 is the mean
# of *these* cells, so the share depends on which cells are put together.
#
# The published shares are the values to expect **from the files of GEO**. Stand-ins
# cannot reproduce them: they are simulated, their days follow the time course of the
# simulation, and nothing in them was fitted to PC9. They show that the code runs.

# %%
signature = dtp.signatures.load("g0_arrest_wiecek2023")
sc.pp.normalize_total(pc9, target_sum=1e4)
sc.pp.log1p(pc9)


def set_z(adata, genes):
    """Sum of gene-wise z-scores over the root of the number of genes."""
    found = [gene for gene in genes if gene in adata.var_names]
    values = adata[:, found].X.toarray()
    spread = values.std(axis=0, ddof=1)
    values = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return values.sum(axis=1) / np.sqrt(len(found))


pc9.obs["g0"] = set_z(pc9, signature.genes.up) - set_z(pc9, signature.genes.down)
ours = (pc9.obs["g0"] > 0).groupby(pc9.obs["day"], observed=True).agg(["mean", "size"])

# Wiecek et al. 2023, Genome Biol 24:128, Fig. 6i-j; shares and numbers of cells
# counted from the per-cell scores in their repository
# (secrierlab/CancerG0Arrest, GSE134839_QuiescenceScores.RData).
published = pd.DataFrame(
    {
        "published share": [0.398, 0.955, 0.801, 0.825, 0.599, 0.411],
        "published cells": [1572, 309, 226, 200, 389, 253],
    },
    index=DAYS,
)
ours = ours.rename(columns={"mean": "our share", "size": "our cells"})
ours.index = ours.index.astype(int)
print(f"published: PC9 cells; ours: {SOURCE}")
print(published.join(ours).round(3).to_string())
if not FROM_GEO:
    print(
        "Stand-ins cannot reproduce the published shares; run it on the files of GEO."
    )

# %%
fig, axis = plt.subplots(figsize=(5, 3))
axis.plot(DAYS, published["published share"], "o-", label="published")
if FROM_GEO:
    axis.plot(DAYS, ours["our share"], "s--", label="this run")
axis.set(xlabel="day of erlotinib", ylabel="share with G0 score > 0", ylim=(0, 1))
axis.legend()
fig.tight_layout()
plt.show()

# %% [markdown]
# **What the published numbers teach.** Nearly all cells are arrested on day 1, and on
# day 11 no more than before drug. All cells of day 11 are persisters by survival. A
# rule that takes arrest for persistence calls day 11 parental and day 1 persistent.
# That is why dtpscore keeps proliferation out of the index and reports it beside it.

# %% [markdown]
# ## The same with `tl.score`
#
# The axis `slow_cycling` averages three signatures; the consensus leaves cell-cycle
# genes out. Ranks within the cell need no other cells, so the numbers of a day do not
# change when a day is added. One library a day: a difference between days may be a
# difference between libraries.

# %%
scored = dtp.datasets.load("gse134839")[pc9.obs_names].copy()
dtp.tl.score(scored)
by_day = dtp.get.axes(scored)[["slow_cycling", "consensus", "interferon"]]
by_day = by_day.groupby(scored.obs["day"], observed=True).median()
print(f"median axis score by day, {SOURCE}")
print(by_day.round(3).to_string())

# %% [markdown]
# ## GSE150949: cycling and resting persisters
#
# On day 14 the cells were sorted by a reporter that dividing cells dilute: `14_low`
# cycled under drug, `14_high` did not. Oren et al. 2021 report that cycling persisters
# are rare, come from other lineages, and have more of an antioxidant programme and of
# fatty acid oxidation **than the resting ones**. Note the contrast: it is between two
# kinds of persisters, not against parental cells.

# %%
oren = dtp.datasets.load("gse150949")
print(oren.uns["dtpscore_dataset"]["title"], "|", SOURCE)
print(pd.crosstab(oren.obs["day"], oren.obs["sample_type"]).to_string())
dtp.tl.score(oren)
axes = dtp.get.axes(oren)[["slow_cycling", "redox_nrf2", "fao_peroxisome", "oxphos"]]
late = oren.obs["sample_type"].isin(["14_low", "14_high"])
medians = axes[late].groupby(oren.obs.loc[late, "sample_type"], observed=True).median()
print(f"median axis score on day 14, {SOURCE}")
print(medians.round(3).to_string())

# %% [markdown]
# How many lineages are seen on more than one day? In the stand-ins the barcodes are
# dealt out at random, so this number means something only with the files of GEO.

# %%
days_of = oren.obs.groupby("lineage", observed=True)["day"].nunique()
print(
    f"{(days_of > 1).sum()} of {len(days_of)} lineages on more than one day, {SOURCE}"
)
