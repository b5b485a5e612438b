"""A process can be forked after any call: numba's threads are not started for ours."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

START = """
import multiprocessing as mp, warnings
warnings.simplefilter('ignore')
import numba, numpy as np
import dtpscore as dtp
from numba.np.ufunc import parallel

@numba.njit(parallel=True)
def total(values):
    found = 0.0
    for k in numba.prange(values.size):
        found += values[k]
    return found

def work():
    return total(np.ones(100_000))

adata = dtp.datasets.simulate(n_cells=60, n_genes=800, seed=0)
"""
END = """
with mp.get_context('fork').Pool(1) as pool:
    print(pool.apply_async(work).get(timeout=100))
"""


@pytest.mark.parametrize(
    "call",
    ["dtp.tl.score(adata)", "dtp.tl.score(adata, method='tirosh', control=True)"],
)
def test_child_may_use_threads_of_numba_after_a_call(call):
    done = subprocess.run(
        [sys.executable, "-c", f"{START}{call}{END}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "100000.0", done.stderr
