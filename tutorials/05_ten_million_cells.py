# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # 5. The route to ten million cells
#
# **Question: my file is larger than the memory of my machine. How do I score it, what
# does it cost, and are the numbers the same?**
#
# A small experiment is put together on disk to a larger file, scored from the command
# line without loading its matrix, and compared with the same cells scored in memory,
# from zarr and through dask. Needs no network; takes about one minute.

# %%
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd

import dtpscore as dtp

work = Path(tempfile.mkdtemp())
COPIES = {"medium": 4, "large": 12}

# %% [markdown]
# ## A file to work on
#
# Real files of this size come from a repository. Here simulated cells are written
# once and joined on disk, so that making the file needs no memory either.

# %%
cells = dtp.datasets.simulate(n_cells=3000, seed=5)
small = work / "small.h5ad"
cells.uns.clear()
cells.write_h5ad(small)
for name, copies in COPIES.items():
    path = work / f"{name}.h5ad"
    ad.experimental.concat_on_disk(
        {str(copy): small for copy in range(copies)}, path, index_unique="-"
    )
    size = path.stat().st_size / 2**20
    print(f"{name}: {copies * cells.n_obs:,} cells, {size:.0f} MiB on disk")

# %% [markdown]
# ## Score it from the command line
#
# `dtpscore score` reads the matrix by blocks of rows and appends the scores to a copy
# of the file. The input is never changed, and a stopped run leaves nothing half
# written.

# %%
MEASURE = """
import json, resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss}))
"""


def run(*words):
    """Run dtpscore; seconds of processor time and peak memory in MiB."""
    command = [sys.executable, "-m", "dtpscore", *map(str, words)]
    wrapped = [sys.executable, "-c", MEASURE, *command]
    done = subprocess.run(wrapped, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    # Linux counts KiB, macOS bytes.
    unit = 2**10 if sys.platform != "darwin" else 2**20
    return found["cpu"], found["peak"] / unit


run("score", small, "-o", work / "warm_up.h5ad")  # compiles once, kept on disk
rows = {}
for name, copies in COPIES.items():
    seconds, peak = run("score", work / f"{name}.h5ad", "-o", work / f"{name}_out.h5ad")
    rows[name] = {
        "cells": copies * cells.n_obs,
        "processor seconds": seconds,
        "peak memory, MiB": peak,
    }
cost = pd.DataFrame(rows).T
print(cost.round(1).to_string())

# %% [markdown]
# Seconds depend on the machine and on what else it does. Two sizes give the cost of one
# more cell, without the start of Python.

# %%
more = cost.loc["large"] - cost.loc["medium"]
hours = more["processor seconds"] / more["cells"] * 1e7 / 3600
print(
    f"A straight line to 10 million such cells: {hours:.1f} hours of processor time, "
    "shared out over the cores. It was not run; these cells have "
    f"{cells.n_vars:,} genes, and cells with more detected genes cost more."
)

# %% [markdown]
# ## Are the numbers the same?
#
# To the bit. Each row of the large file is a copy of a cell scored in memory. The
# matrix stays on disk; what has to fit into memory are the scores.

# %%
dtp.tl.score(cells)
here = dtp.get.scores(cells)
held = (here.dtypes.map(lambda kind: kind.itemsize).sum()) * 1e7 / 2**30
print(f"{here.shape[1]} scores of 10 million cells take {held:.1f} GiB")
scored = ad.read_h5ad(work / "large_out.h5ad", backed="r")
there = scored.obsm["dtp_scores"]
same = [
    np.array_equal(there.iloc[i * cells.n_obs : (i + 1) * cells.n_obs], here)
    for i in range(COPIES["large"])
]
print(f"{sum(same)} of {len(same)} copies equal to the scores in memory")

# %% [markdown]
# ## zarr
#
# The same command takes a zarr folder.

# %%
plain = ad.read_h5ad(small)
plain.write_zarr(work / "small.zarr")
run("score", work / "small.zarr", "-o", work / "scored.zarr")
from_zarr = ad.read_zarr(work / "scored.zarr").obsm["dtp_scores"]
print("zarr equal:", np.array_equal(from_zarr, here))

# %% [markdown]
# ## dask and backed data in a notebook
#
# `tl.score` takes a matrix on disk or a dask array in `X`; only the scores are held
# in memory. Scores of a dask array stay lazy until `tl.compute` computes them in one
# pass, on a cluster if a `dask.distributed` client is in use. Neither the size of the
# blocks nor the number of threads changes a number.

# %%
backed = ad.read_h5ad(small, backed="r")
dtp.tl.score(backed)
print("backed equal:", np.array_equal(dtp.get.scores(backed), here))
backed.file.close()

try:
    import dask.array
except ImportError:
    print("dask is not installed: pip install 'dtpscore[dask]'")
else:
    lazy = ad.read_h5ad(small)
    lazy.X = dask.array.from_array(lazy.X, chunks=(700, -1))
    dtp.tl.score(lazy)  # reads nothing yet
    dtp.tl.compute(lazy)
    print("dask equal:", np.array_equal(dtp.get.scores(lazy), here))

for chunk_size, n_jobs in ((1, 1), (17, 2), (3000, 1)):
    again = ad.read_h5ad(small)[:300].copy()
    begin = time.perf_counter()
    dtp.tl.score(again, chunk_size=chunk_size, n_jobs=n_jobs)
    equal = np.array_equal(dtp.get.scores(again), here.iloc[:300])
    seconds = time.perf_counter() - begin
    print(f"blocks of {chunk_size}, {n_jobs} threads: equal {equal}, {seconds:.2f} s")

# %% [markdown]
# ## Advice
#
# - Store counts as CSR (cells by genes). CSC must be turned around, which needs memory.
# - Score once, keep the scored file; calls and plots read only the scores.
# - `dtpscore score a.h5ad b.h5ad -o folder/` runs over many files.
