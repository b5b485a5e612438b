"""Time and peak memory of ordering simulated cells.

python benchmarks/pseudotime_size.py 50000
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

from pseudotime import HOLIDAY, KEYS, simulated


def measure(path):
    """One run on a file, in a process of its own."""
    import anndata as ad

    import dtpscore as dtp

    adata = ad.read_h5ad(path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    start = time.perf_counter()
    dtp.tl.pseudotime(adata, **KEYS, holiday=HOLIDAY)
    taken = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    start = time.perf_counter()
    dtp.tl.trends(adata)
    more = time.perf_counter() - start
    top = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{adata.n_obs} cells x {adata.n_vars} genes: {before:.1f} GiB with the data "
        f"read; pseudotime {taken:.0f} s, peak {peak:.1f} GiB; trends {more:.0f} s, "
        f"peak {top:.1f} GiB"
    )


def memory(n_cells):
    """Make the cells in this process and order them in another."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cells.h5ad"
        simulated("medium", 0, n_cells).write_h5ad(path)
        subprocess.run([sys.executable, __file__, "--measure", str(path)], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cells", type=int, nargs="?", default=50_000)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    if given.measure:
        measure(given.measure)
    else:
        memory(given.cells)


if __name__ == "__main__":
    main()
