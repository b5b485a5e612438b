# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # 6. Add your own signature, and read a table of vulnerabilities
#
# **Question: I have a gene list of my own. How do I score it beside the shipped
# signatures, how do I see whether it says something new, and what may I conclude
# from a published vulnerability?**
#
# The cells here are simulated, so that the truth is known. Nothing in the numbers is
# evidence about real persisters. Needs no network; takes about half a minute.

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import dtpscore as dtp

work = Path(tempfile.mkdtemp())
adata = dtp.datasets.simulate(n_cells=1500, difficulty="medium", seed=6)
print(adata.uns["dtpscore_simulation"]["note"])
print(adata.obs.groupby("condition", observed=True)["true_state"].value_counts())

# %% [markdown]
# ## A list of your own
#
# We play the author of a paper: from half of the genes, take the 30 that rise most
# and the 30 that fall most in treated against parental cells, averaged over samples.
# Such a list always looks good in the data that it was made from, and it holds
# whatever differed, also the cell cycle.

# %%
rng = np.random.default_rng(0)
half = np.zeros(adata.n_vars, dtype=bool)
half[rng.permutation(adata.n_vars)[: adata.n_vars // 2]] = True

counts = pd.DataFrame(
    np.vstack(
        [
            np.asarray(adata[adata.obs["sample"] == sample].X.sum(axis=0)).ravel()
            for sample in adata.obs["sample"].cat.categories
        ]
    ),
    index=adata.obs["sample"].cat.categories,
    columns=adata.var_names,
)
log_cpm = np.log2(counts.div(counts.sum(axis=1), axis=0) * 1e6 + 10)
treated = log_cpm.index.str.startswith("treated")
parental = log_cpm.index.str.startswith("parental")
change = log_cpm[treated].mean() - log_cpm[parental].mean()
change = change[half].sort_values()
up, down = list(change.index[-30:]), list(change.index[:30])
print(f"up: {', '.join(up[-5:])} ...   down: {', '.join(down[:5])} ...")

# %% [markdown]
# ## Write it as a signature file
#
# A signature is one TOML file: which axis it belongs to, what a high score means, how
# good the evidence for its direction is, where it comes from, and the genes. The
# format refuses what goes wrong in practice.

# %%


def as_toml(up, down):
    """The text of a signature file."""
    return f"""\
schema_version = 1
name = "my_list"
title = "Treated against parental, simulated, half of the genes"
axis = "consensus"
orientation = "with"
direction = "up"
direction_evidence = "defined by the contrast it was made from; no other evidence"
use = "optional"
species = "human"
gene_id = "symbol"
context = "simulated cells, tutorial 6"

[provenance]
citation = "tutorial 6"
table = "top 30 each way"
retrieved_from = "computed in the tutorial"
version = "1"
licence = "CC0"
redistributable = true
derivation = "mean log2 change of pseudobulk, treated minus parental"
confidence = "low"
studies = ["tutorial6"]

[genes]
up = {up}
down = {down}
"""


path = work / "my_list.toml"
path.write_text(as_toml(up, down).replace("'", '"'))
(mine,) = dtp.signatures.read(path)
print(mine.name, len(mine.genes.up), len(mine.genes.down), mine.sha256[:12])

# %%
for wrong in (as_toml([*up, up[0]], down), as_toml([*up, "1-Mar"], down)):
    path_wrong = work / "wrong.toml"
    path_wrong.write_text(wrong.replace("'", '"').replace("my_list", "wrong"))
    try:
        dtp.signatures.read(path_wrong)
    except ValueError as error:
        print("refused:", error)

# %% [markdown]
# A GMT file works too; `NAME_UP` and `NAME_DN` become one signed signature. GMT has
# no room for a source, so the TOML file is the one to keep.

# %%
dtp.signatures.write_gmt([mine], work / "mine.gmt")
(again,) = dtp.signatures.read_gmt(work / "mine.gmt")
print(again.name, again.axis, again.genes.up == mine.genes.up)

# %% [markdown]
# ## Score it, and look at the coverage first
#
# Genes are matched by current symbol, old symbol, alias and Ensembl id. What is lost
# is listed by name.

# %%
division = dtp.signatures.load("hallmark_e2f_targets")
dtp.tl.score(adata, [*dtp.signatures.select(), division, mine], control=True)
coverage = dtp.get.coverage(adata)
print(coverage.loc[["my_list"], ["n_listed", "n_found", "n_missing", "fraction"]])

# %% [markdown]
# ## Does it say anything new?
#
# Three questions for every new list.
#
# **1. Is it the cell cycle?** Correlate it with the nuisance signatures within the
# parental samples, where no cell is a persister.

# %%
scores = dtp.get.scores(adata)
control = (adata.obs["condition"] == "parental").to_numpy()
nuisance = ["tirosh2016_s_phase", "tirosh2016_g2m_phase", "dissociation_broad2019"]
cycle = scores.loc[control, nuisance].corrwith(
    scores.loc[control, "my_list"], method="spearman"
)
print("Spearman with my_list in parental cells:")
print(cycle.round(2).to_string())
cycle_sets = [*nuisance[:2], "hallmark_e2f_targets"]
genes_of_cycle = {
    gene for name in cycle_sets for gene in dtp.signatures.load(name).genes.up
}
shared = genes_of_cycle & {*mine.genes.up, *mine.genes.down}
print(f"{len(shared)} of its 60 genes are S, G2M or E2F genes")

# %% [markdown]
# **2. Does it rank cells within one day?** Between days anything that differs between
# libraries ranks well. Within a sample only the cells can. The truth is known here:
# `true_progress` runs from parental (0) to persister (1). For your data there is no
# such column, and then a list is judged on an experiment it was not made from.

# %%


def within_sample(score):
    """Mean over treated samples of the Spearman correlation with the truth."""
    rows = adata.obs["condition"] == "treated"
    table = pd.DataFrame(
        {"score": score[rows], "truth": adata.obs.loc[rows, "true_progress"]}
    )
    groups = table.groupby(adata.obs.loc[rows, "sample"], observed=True)
    return groups.apply(lambda part: part.corr("spearman").iloc[0, 1]).mean()


names = ["my_list", "dtp_consensus_no_cycle", "hallmark_e2f_targets"]
found = pd.Series({name: within_sample(scores[name]) for name in names})
print("within-sample Spearman with true progress:")
print(found.round(2).to_string())

# %% [markdown]
# `my_list` was made from these very samples, so its number is flattered. Make it from
# replicates 1 and 2 and test it on replicate 3: that is the number to report.

# %%
held_out = log_cpm.index.str.endswith("r3")
change_12 = (
    log_cpm[treated & ~held_out].mean() - log_cpm[parental & ~held_out].mean()
)[half].sort_values()
path_12 = work / "my_list_r12.toml"
path_12.write_text(
    as_toml(list(change_12.index[-30:]), list(change_12.index[:30]))
    .replace("'", '"')
    .replace("my_list", "my_list_r12")
)
third = adata[adata.obs["replicate"] == "r3"].copy()
dtp.tl.score(third, dtp.signatures.read(path_12), key_added="mine")
rows = (third.obs["condition"] == "treated").to_numpy()
honest = dtp.get.scores(third, key="mine")["my_list_r12"]
spearman = [
    pd.Series(honest[part.index]).corr(part["true_progress"], method="spearman")
    for _, part in third.obs[rows].groupby("sample", observed=True)
]
print(f"held-out replicate, within sample: {np.mean(spearman):.2f}")

# %% [markdown]
# **3. Is it more than random genes?** The control-matched z compares the list, in the
# same cell, with random genes of like expression: exact, without a draw.

# %%
z = dtp.get.scores(adata, kind="z")
fig, axes = plt.subplots(1, 3, figsize=(10, 3), sharey=True)
for axis, name in zip(axes, names, strict=True):
    groups = z[name].groupby(adata.obs["condition"], observed=True)
    axis.boxplot([part.to_numpy() for _, part in groups], showfliers=False)
    axis.set_xticklabels([label for label, _ in groups], rotation=30)
    axis.set_title(name, fontsize=9)
    axis.axhline(0, color="grey", lw=0.5)
axes[0].set_ylabel("control-matched z")
fig.tight_layout()
plt.show()

# %% [markdown]
# ## Read a vulnerability table critically
#
# `signatures.vulnerabilities()` lists published claims of the kind "persisters depend
# on X". They are there to plan experiments, not to be read off a score.

# %%
claims = dtp.signatures.vulnerabilities()
print(f"{len(claims)} claims on {claims['axis'].nunique()} axes")
print(claims["evidence"].value_counts().to_string())

# %% [markdown]
# Take the axes that move most in this experiment, as one would in a real one, and see
# what is claimed for them.

# %%
by_axis = dtp.get.axes(adata)
spread = by_axis[control].std()
shift = by_axis[adata.obs["condition"] == "treated"].mean() - by_axis[control].mean()
moved = (shift / spread).sort_values(key=abs, ascending=False)
print((moved.head(8)).round(2).to_string())
kept = claims[claims["axis"].isin(moved.head(8).index)]
for row in kept.to_dict("records"):
    print(f"{row['axis']}: {row['target']} ({row['evidence']}; {row['paper']})")
    print(f"    but: {row['caveat']}")

# %% [markdown]
# Four questions for each line before it leaves the screen:
#
# 1. **Expression or dependency?** A score says that a programme is expressed. Whether
#    the cells die without it is another experiment. Targets are often needed where
#    they are *low* (GPX4 in cells with few antioxidants).
# 2. **Which cells?** `context` names tumor and drug. Other tumors may differ.
# 3. **How strong?** `evidence` tells a cell line from an animal from a patient.
# 4. **Which direction?** Where the published contrasts disagree, the axis is
#    two-sided, and a high score supports no claim by itself.
#
# Some mechanisms cannot be scored from RNA at all; here is why, and what to measure
# instead.

# %%
for _, row in dtp.signatures.not_scorable().iterrows():
    print(f"- {row['mechanism']}: {row['reason']} -> {row['instead']}")
