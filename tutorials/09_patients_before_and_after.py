# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # 9. Patients before and after treatment
#
# **Question: I have tumor cells of a few patients at diagnosis and under treatment. Are
# the cells that are left persisters, and do the patients agree?**
#
# Malignant cells of leukemia patients at diagnosis and weeks to months into
# chemotherapy (van Galen et al. 2019, GSE116256). These are real cells that survived
# in people. Patients are the unit: they are no replicates of each other, and hundreds
# of cells of one patient are still one patient.
#
# Data: about 35 MB, fetched on first use. Takes about one minute.

# %%
import tempfile
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import scanpy as sc

import dtpscore as dtp

warnings.simplefilter("ignore", dtp.errors.CoverageWarning)
cells = dtp.datasets.load("aml_vangalen_paired")
print(cells.uns["dtpscore_dataset"]["note"])
sizes = cells.obs.groupby(["patient", "day"], observed=True).size()
print(sizes.to_string())

# %% [markdown]
# ## What can be answered with these data
#
# A library of ten cells says little, so libraries of fewer than 50 cells are left out,
# and so are patients who then have no cells of one side. `dtp.check` says what the rest
# allows, before anything is computed.

# %%
enough = cells.obs["sample"].map(cells.obs["sample"].value_counts()).astype(int) >= 50
cells = cells[enough.to_numpy()].copy()
sides = cells.obs.groupby("patient", observed=True)["condition"].nunique()
cells = cells[cells.obs["patient"].isin(sides.index[sides == 2])].copy()

design = {"groupby": "condition", "reference": "untreated", "sample_key": "sample"}
looked = dtp.check(cells, **design, batch_key="patient", cell_type_key="cell_type")
print(looked)

# %% [markdown]
# ## Which cell types are left?
#
# Treatment changes which kinds of cells there are. What looks like a state that cells
# went into can be a kind of cell that was there before and survived.

# %%
types = pd.crosstab(
    [cells.obs["patient"], cells.obs["condition"]],
    cells.obs["cell_type"],
    normalize="index",
)
print(types.round(2).to_string())

# %%
drawn = cells.copy()
sc.pp.normalize_total(drawn)
sc.pp.log1p(drawn)
sc.pp.highly_variable_genes(drawn, n_top_genes=1500)
sc.pp.pca(drawn, n_comps=30)
sc.pp.neighbors(drawn)
sc.tl.umap(drawn, random_state=0)
cells.obsm["X_umap"] = drawn.obsm["X_umap"]
sc.pl.umap(cells, color=["patient", "condition", "cell_type"], wspace=0.4, show=False)
plt.show()

# %% [markdown]
# Patients lie apart from each other, before and after: what belongs to the patient is
# larger than what the treatment did. A test over cells would find thousands of genes.
#
# ## The calls, patient by patient
#
# `batch_key` makes every patient his or her own experiment. Each has one library from
# before treatment, so nobody can say how much two such libraries differ. Only a second
# population inside a sample can be called, and all other cells stay `not decided`.

# %%
dtp.tl.score(cells)
dtp.tl.call(cells, **design, batch_key="patient")
states = pd.crosstab(
    [cells.obs["patient"], cells.obs["sample"]],
    cells.obs["dtp_call"],
    normalize="index",
)
print(states.round(2).to_string())

# %%
dtp.pl.shares(cells, show=False)
plt.show()
sc.pl.umap(cells, color=["dtp_call", "dtp_proliferation"], wspace=0.4, show=False)
plt.show()

# %% [markdown]
# In one of three patients a part of the cells left after treatment is called. In the
# other two nothing is shown. That does not show that nothing is there: the smallest
# share that a call could have seen is said for each of them.
#
# ## Do the patients agree?
#
# `tl.compare` takes one value per patient, after less before. Three patients are three
# numbers per axis.

# %%
dtp.tl.compare(cells, **design, pair_key="patient")
table = dtp.get.compare(cells).sort_values("pvalue")
shown = ["axis", "difference", "low", "high", "pvalue", "qvalue", "verdict"]
print(table[shown].head(6).round(2).to_string(index=False))
dtp.pl.compare(cells, show=False)
plt.show()

# %% [markdown]
# Nothing holds across the three after correction for 28 axes. The intervals say how
# large an effect could still hide.
#
# ## Which published program is nearest?
#
# The paper's own contrasts take no part, because the data set is known by its name.

# %%
dtp.tl.programs(cells, **design, pair_key="patient")
dtp.pl.programs(cells, show=False)
plt.show()

# %% [markdown]
# ## What may be written
#
# That one patient of three has, after treatment, a population beyond what was seen
# before it, with the name that `tl.call` gave and the evidence level beside it. Not
# that leukemia cells become persisters: the patients do not agree, which kinds of cells
# are left changed at the same time, and one library before treatment per patient cannot
# tell treatment from library. A second sample before treatment per patient, or clones
# by mutations (`tl.lineages`), would decide more than ten times the cells.

# %%
page = Path(tempfile.mkdtemp()) / "leukemia.html"
dtp.report(cells, page, title="Leukemia before and under treatment", context="leukemia")
print(f"{page.name}: {page.stat().st_size / 1e6:.1f} MB, opens offline")
