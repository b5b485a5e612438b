# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # 10. One untreated library
#
# **Question: I have one untreated and one treated library. What can be said, what
# cannot, and what would one more library change?**
#
# Many experiments look like this. The cells here are simulated with a known truth, so
# that each answer can be held against it. Needs no network; takes about half a minute.

# %%
import warnings

import matplotlib.pyplot as plt
import pandas as pd

import dtpscore as dtp

warnings.simplefilter("ignore", dtp.errors.CoverageWarning)
full = dtp.datasets.simulate(
    n_cells=3600, n_genes=4600, days=(7,), holiday_day=None, seed=3
)
design = {"groupby": "condition", "reference": "parental", "sample_key": "sample"}
print(pd.crosstab(full.obs["sample"], full.obs["true_state"]).to_string())

first = full.obs.groupby("condition", observed=True)["sample"].unique()
one = full[full.obs["sample"].isin([names[0] for names in first])].copy()
print("The small experiment has", ", ".join(one.obs["sample"].unique()))

# %% [markdown]
# ## Ask before you compute
#
# `dtp.check` says what an experiment of this form can answer. The same words are had on
# the command line with `dtpscore check FILE`.

# %%
print(dtp.check(one, **design))

# %% [markdown]
# ## What a call says
#
# With one untreated library nobody can tell what the drug did from what makes any two
# libraries differ. A second population *inside* the treated sample can still be called,
# because it shares the library with its neighbors, where it stands out clearly enough.

# %%
dtp.tl.score(one)
dtp.tl.call(one, **design)
print(pd.crosstab(one.obs["true_state"], one.obs["dtp_call"]).to_string())

# %% [markdown]
# Here it does not: no cell is called. The treated cells are `not decided`, which is no
# "none found". The library shift ranks them, as a hint of where to look, and the
# persisters do rank higher. It makes no call.

# %%
dtp.pl.shares(one, show=False)
plt.show()
treated = one[one.obs["condition"] != "parental"]
truth = treated.obs["true_state"].astype(str).str.startswith("DTP")
print(treated.obs["dtp_library_shift"].astype(float).groupby(truth.to_numpy()).median())

# %% [markdown]
# ## If every cell moved
#
# Keep only the persisters of the treated library: now the whole sample has moved and
# there is no second population. Nothing can be called, and the result says why.

# %%
moved = one[
    (one.obs["condition"] == "parental") | (one.obs["true_state"] == "DTP")
].copy()
dtp.tl.call(moved, **design)
print(pd.crosstab(moved.obs["condition"], moved.obs["dtp_call"]).to_string())
print(moved.obs["dtp_reason"].value_counts().to_string())

# %% [markdown]
# ## With more libraries per arm
#
# The same persisters, with two and three libraries per arm: how much libraries differ
# is now measured, and a sample that moved as a whole can be judged.

# %%
for n in (2, 3):
    chosen = {name for names in first for name in names[:n]}
    more = full[full.obs["sample"].isin(chosen)]
    more = more[
        (more.obs["condition"] == "parental") | (more.obs["true_state"] == "DTP")
    ]
    more = more.copy()
    dtp.tl.score(more)
    dtp.tl.call(more, **design)
    called = more.obs["dtp_call"].astype(str).str.startswith(("DTP-like", "shifted"))
    share = called.groupby(more.obs["condition"].to_numpy()).mean()
    print(f"{n} libraries per arm: called {share.round(2).to_dict()}")

# %% [markdown]
# Two claims have to be kept apart. That the *group* moved is shown with two libraries,
# with an interval that one library could only assume. Which single *cells* are farther
# out than another untreated library could be is harder to say, and a third library per
# arm makes most of the difference here.
#
# How many samples and cells another experiment needs, `dtp.plan` says (tutorial 8).
#
# | | one untreated library | two or more |
# |---|---|---|
# | a second population inside a sample | can be called | can be called |
# | a sample that moved as a whole | cannot be called | can be called |
# | a clone that grew out | can pass for a state | can pass for a state |
# | how much libraries differ | assumed from public libraries | measured |
# | highest evidence level | E1 | E2 and above |
#
# In both cases lineages (`tl.lineages`) tell a clone from a state.
