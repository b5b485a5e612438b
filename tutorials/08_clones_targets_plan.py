# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # 8. Clones, targets, what could be tried, and the next experiment
#
# **Question: which clones persist, were they different before the drug, was the target
# hit, what has been tried against such cells, and how large must the next experiment
# be?**
#
# The cells are simulated with barcodes and a known truth. They show how the functions
# work and nothing about real cells. Needs no network; takes about ten seconds.

# %%
import warnings

import matplotlib.pyplot as plt

import dtpscore as dtp

warnings.simplefilter("ignore", dtp.errors.CoverageWarning)
adata = dtp.datasets.simulate(
    n_cells=2400,
    n_genes=4600,
    days=(14,),
    holiday_day=None,
    lineages={"n_clones": 120, "memory": 1.2, "fate": 0.9, "cycling": 0.2},
    seed=1,
)
design = {"groupby": "condition", "reference": "parental", "sample_key": "sample"}
dtp.tl.score(adata)

# %% [markdown]
# ## Clones
#
# The clone is the unit. A test over cells would find an effect in a fifth to almost
# half of experiments that have none, because the cells of a clone share state and fate.

# %%
dtp.tl.lineages(
    adata,
    lineage_key="lineage",
    cycling_key="true_state",
    cycling="DTP cycling",
    resting="DTP",
    **design,
)
arms = dtp.get.lineages(adata, kind="arms").iloc[0]
print(f"{arms['n_found_again']} of {arms['n_clones_before']} clones were found again")
print(
    f"variance that replicates share: {arms['inherited']:.2f} "
    f"({arms['inherited_low']:.2f} to {arms['inherited_high']:.2f})"
)
states = dtp.get.lineages(adata, kind="states")
print(states[["axis", "rho", "qvalue", "rho_size"]].head(4).round(3).to_string())
print(dtp.get.lineages(adata, kind="cycling")[["likeness", "pvalue"]].to_string())
dtp.pl.lineages(adata, show=False)
plt.show()

# %% [markdown]
# The simulation primes one programme (targets of NF-kB) in some clones and lets them
# grow. That axis comes first, and those that share its genes follow.
#
# ## Was the target hit?
#
# Nothing in this simulation hits MAPK, so its output does not fall.

# %%
dtp.tl.engagement(adata, pathway="mapk_output", **design)
print(dtp.get.engagement(adata)[["group", "difference", "verdict"]].to_string())
dtp.pl.engagement(adata, show=False)
plt.show()

# %% [markdown]
# ## What could be tried
#
# Published experiments, ordered by what these data say of each. A drug signature of
# your own is tested for reversal; here it is made from the truth.

# %%
effect = adata.var["true_effect"]
drug = {
    "up": list(adata.var_names[effect < -0.8][:50]),
    "down": list(adata.var_names[effect > 0.8][:50]),
}
dtp.tl.vulnerabilities(adata, drugs={"reverses_it": drug}, **design)
table = dtp.get.vulnerabilities(adata)
print(table[["rank", "target", "axis_state", "target_state"]].head(5).to_string())
drugs = dtp.get.vulnerabilities(adata, kind="drugs")
print(drugs[["drug", "difference", "qvalue", "reading"]].to_string())
dtp.pl.vulnerabilities(adata, show=False)
plt.show()

# %% [markdown]
# ## Persister or resistant
#
# A table of evidence for each side. No call is made from it.

# %%
dtp.tl.resistance(adata, late="treated", **design)
weighed = dtp.get.resistance(adata)
print(weighed[["question", "speaks_for", "reading"]].to_string())

# %% [markdown]
# ## The next experiment
#
# These cells serve as the pilot: its untreated libraries say how much libraries differ.

# %%
planned = dtp.plan(
    effect=1.5,
    share=0.3,
    n_samples=(2, 3, 4, 6),
    n_cells=(200, 800),
    pilot=adata,
    **design,
)
print(planned.methods[0])
print(planned.smallest(0.8)[["n_samples", "n_cells", "group_power"]].to_string())
planned.plot(show=False)
plt.show()
