# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # 3. Real persister cells beside cells of other labs
#
# **Question: I have persister cells, but no untreated cells of the same experiment.
# Can I compare them with untreated cells from somewhere else?**
#
# Persisters: PC9 after 11 days of erlotinib, two Drop-seq replicates (Aissa et al.
# 2021). Beside them: five untreated lung cancer lines on two platforms (Tian et al.
# 2019) and blood of a healthy donor (10x Genomics). Line, lab, platform and drug all
# change together, so a difference proves nothing about the drug by itself. How large
# is a difference that has nothing to do with the drug? That can be measured here.
#
# Data: about 20 MB, fetched on first use. Takes about one minute.

# %%
import tempfile
from pathlib import Path

import anndata as ad
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import scanpy as sc
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import dtpscore as dtp

# %%
pc9 = dtp.datasets.load("pc9_erlotinib_d11")
lines = dtp.datasets.load("sc_mixology_nsclc")
blood = dtp.datasets.load("pbmc3k")
for data in (pc9, lines, blood):
    print(data.uns["dtpscore_dataset"]["note"], "\n")

# %% [markdown]
# The repository that holds PC9 names one file `Day11_control`. It is no control: it is
# the second replicate on day 11. Whoever takes it for untreated cells finds hundreds
# of "persister genes" that are differences between two libraries.

# %%
print(pd.crosstab(pc9.obs["file_label"], pc9.obs["condition"]).to_string())

# %% [markdown]
# ## Same genes, same depth
#
# Keep single cells, put all on the genes they share, and thin every cell to the same
# number of molecules. Ranks and detection depend on depth, and depth differs most.

# %%
DEPTH = 1500
lines = lines[lines.obs["demuxlet_class"] == "SNG"].copy()
pc9.obs["group"] = "PC9 d11 " + pc9.obs["sample"].astype(str).str[-1]
lines.obs["group"] = (
    lines.obs["cell_line"].astype(str) + " " + lines.obs["platform"].astype(str)
)
blood.obs["group"] = "blood"
cells = ad.concat([pc9, lines, blood], join="inner", index_unique="-")
molecules = np.asarray(cells.X.sum(axis=1)).ravel()
depth = pd.Series(molecules, index=cells.obs_names).groupby(cells.obs["group"])
print(depth.median().round().astype(int).to_string())
enough = molecules >= DEPTH
print("share of cells that are deep enough:")
print(
    pd.Series(enough).groupby(cells.obs["group"].to_numpy()).mean().round(2).to_string()
)
cells = cells[enough].copy()
# The molecules of a cell are drawn without replacement.
sc.pp.downsample_counts(cells, counts_per_cell=DEPTH, random_state=0)
sizes = cells.obs["group"].value_counts()
print(f"{cells.n_obs} cells, {cells.n_vars} genes, {DEPTH} molecules each")
print(sizes.to_string())

# %% [markdown]
# ## Score, with the control
#
# The control-matched z compares each signature with random genes of like expression
# in the same cell.

# %%
shown = ["hallmark_e2f_targets", "g0_arrest_wiecek2023", "dtp_consensus_no_cycle"]
# The first two are optional: they are scored beside the default ones when named.
chosen = [*dtp.signatures.select(), *dtp.signatures.select(names=shown[:2])]
dtp.tl.score(cells, chosen, method="mean", normalize="log1p", control=True)
z = dtp.get.scores(cells, kind="z")
group = cells.obs["group"]
medians = z.groupby(group).median()
print(medians[shown].round(2).to_string())

# %% [markdown]
# **Arrest is not persistence.** Blood cells express E2F targets least of all and are no
# persisters. The PC9 cells lie between blood and the lines that never saw a drug.
# Whether they came down under erlotinib cannot be read here, for want of untreated
# PC9. The series that has them (GSE134839, tutorial 7) was published with 41% arrested
# cells on day 11 and 40% on day 0.

# %%
order = medians["hallmark_e2f_targets"].sort_values().index
fig, axis = plt.subplots(figsize=(8, 3))
parts = [z.loc[group == one, "hallmark_e2f_targets"].to_numpy() for one in order]
axis.boxplot(parts, showfliers=False)
axis.set_xticklabels(order, rotation=60, ha="right", fontsize=7)
axis.set_ylabel("E2F targets, control z")
fig.tight_layout()
plt.show()

# %% [markdown]
# ## The naive contrast, and what it must be compared with
#
# The naive contrast: PC9 persisters against untreated HCC827, which carries an EGFR
# mutation too and was also sequenced by Drop-seq. For each signature, the difference
# of means in pooled standard deviations (Cohen's d).
#
# The same number for contrasts **without any drug difference**: two libraries of the
# same persisters; one untreated line on two platforms; two untreated lines on one
# platform.

# %%


def effect(one, other, table=z):
    """Cohen's d of every column, one group against another."""
    a, b = table[group == one], table[group == other]
    pooled = np.sqrt((a.var() + b.var()) / 2)
    return (a.mean() - b.mean()) / pooled


contrasts = {
    "PC9 d11 v HCC827 (drug, line, lab)": ("PC9 d11 c", "HCC827 Drop-seq"),
    "same state, two libraries": ("PC9 d11 b", "PC9 d11 c"),
    "same line, two platforms": ("HCC827 CEL-seq2", "HCC827 Drop-seq"),
    "two untreated lines, one platform": ("H1975 Drop-seq", "HCC827 Drop-seq"),
}
effects = pd.DataFrame({name: effect(*pair) for name, pair in contrasts.items()})
summary = pd.DataFrame(
    {
        "median |d|": effects.abs().median(),
        "share of signatures with |d| > 0.5": (effects.abs() > 0.5).mean(),
    }
)
print(summary.round(2).to_string())
ratio = summary["median |d|"]
print(
    f"Two untreated lines differ {ratio.iloc[3] / ratio.iloc[0]:.0%} as much as "
    "persisters differ from another line."
)

# %% [markdown]
# ## Which differences are more than a change of line?
#
# For every signature, the largest |d| between any two of the five untreated lines on
# the same platform. Only a difference beyond that is larger than what lines do among
# themselves; it may still be the lab.

# %%
drop = [name for name in sizes.index if name.endswith("Drop-seq") and sizes[name] > 20]
pairs = [(a, b) for i, a in enumerate(drop) for b in drop[i + 1 :]]
between_lines = pd.concat([effect(a, b).abs() for a, b in pairs], axis=1).max(axis=1)
against_all = pd.concat([effect("PC9 d11 c", other) for other in drop], axis=1)
same_sign = np.sign(against_all).sum(axis=1).abs() == len(drop)
one_way = same_sign & (against_all.abs().min(axis=1) > between_lines)
print(f"{len(pairs)} pairs of untreated lines; {len(z.columns)} signatures")
print(f"beyond all of them, the same way against every line: {one_way.sum()}")
print(against_all[one_way].mean(axis=1).round(2).sort_values().to_string())

# %% [markdown]
# ## Random genes as a yardstick
#
# Take random sets of 50 expressed genes, score them the same way, and make the same
# contrast. What a signature shows inside the range of random sets is the libraries
# talking.

# %%
rng = np.random.default_rng(0)
detected = np.asarray((cells.X > 0).mean(axis=0)).ravel()
pool = cells.var_names[detected > 0.05].to_numpy()
gmt = Path(tempfile.mkdtemp()) / "random.gmt"
gmt.write_text(
    "".join(
        "\t".join([f"random_{i}", "random", *rng.choice(pool, 50, replace=False)])
        + "\n"
        for i in range(200)
    )
)
dtp.tl.score(
    cells,
    dtp.signatures.read_gmt(gmt),
    method="mean",
    normalize="log1p",
    control=True,
    key_added="random",
)
random = dtp.get.scores(cells, key="random", kind="z")
for name, pair in contrasts.items():
    low, high = effect(*pair, table=random).quantile([0.025, 0.975])
    outside = ((effects[name] < low) | (effects[name] > high)).mean()
    print(
        f"{name}: 95% of random sets between {low:+.2f} and {high:+.2f}; "
        f"{outside:.0%} of signatures outside"
    )

# %% [markdown]
# ## A classifier tells libraries apart, not states
#
# Two libraries of the *same* persisters, told apart from their genes by a
# cross-validated logistic regression. An AUROC near 1 between persisters and cells of
# another experiment means no more than this one does.

# %%
two = cells[group.isin(["PC9 d11 b", "PC9 d11 c"])].copy()
sc.pp.normalize_total(two, target_sum=1e4)
sc.pp.log1p(two)
sc.pp.filter_genes(two, min_cells=int(0.05 * two.n_obs))
label = (two.obs["group"] == "PC9 d11 b").to_numpy()
model = make_pipeline(StandardScaler(), LogisticRegression(C=1e-3, max_iter=300))
folds = StratifiedKFold(5, shuffle=True, random_state=0)
chance = cross_val_predict(
    model, two.X.toarray(), label, cv=folds, method="decision_function"
)
print(f"{two.n_obs} cells, {two.n_vars} genes")
print(f"AUROC for two libraries of the same state: {roc_auc_score(label, chance):.3f}")

# %% [markdown]
# ## What can be concluded
#
# - **Yes:** that "divides little" does not mean persister; blood shows it.
# - **Yes:** that a few signatures differ between these persisters and every untreated
#   line here by more than those lines differ among themselves: the cell cycle among
#   them, the consensus of persister contrasts not.
# - **No:** that they differ because of the drug. Stress and dissociation signatures are
#   on the same list, and those tell of the laboratory. PC9 itself may simply divide
#   more slowly.
# - **No:** that a classifier trained on such data finds persisters.
#
# The list is no test: signatures are many, lines are three on this platform, and the
# depth filter kept the deeper half of the PC9 cells.
#
# What would settle it: untreated cells of the same line in the same run, in two or
# more libraries. Tutorial 4 says how many.
