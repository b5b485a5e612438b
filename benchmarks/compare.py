"""Compare dtpscore with its peers and with the speed of memory, in one table.

    python benchmarks/compare.py            50,000 cells x 20,000 genes, 20 signatures
    python benchmarks/compare.py --short    3,000 cells x 5,000 genes

Both sides get the same AnnData in the same process and are called as their users
call them; each time is the fastest of a few runs (of one for slow peers), as wall
time and as CPU time of all threads, which other work on the machine disturbs less.
Where a peer is too slow for all cells, both sides get the same first cells. Agreement
is the largest absolute difference of the scores of these cells (for ssgsea, of the
range of the scores). Distance to the floor, growth and control are CPU times of one
thread, without the matching of gene names.
"""

from __future__ import annotations

import argparse
import os
import platform
import warnings
from typing import Any

import against_memory
import against_peers
import numba
import numpy as np
import peers
import synthetic
from table import Row, Setting


def _print(row: Row) -> None:
    cells = (row.what, row.ours, row.other, row.ratio, row.target, row.agreement)
    print("| " + " | ".join(cells) + " |", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cells", type=int, default=50_000)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--signatures", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--growth", type=int, default=4, help="times the cells for the exponent"
    )
    parser.add_argument("--only", nargs="*", help="parts to run", choices=list(PARTS))
    parser.add_argument("--short", action="store_true")
    options = parser.parse_args()
    if options.short:
        options.cells, options.genes = 3_000, 5_000
    return options


PARTS: dict[str, Any] = {
    "kernels": against_memory.kernels,
    "whole": against_memory.whole,
    "growth": against_memory.growth,
    "starts": against_memory.starts,
    "ssgsea": against_peers.ssgsea,
    "sums": against_peers.sums,
    "tirosh": against_peers.tirosh,
    "aucell": against_peers.aucell,
    "ucell": against_peers.ucell,
}


def main() -> None:
    options = _options()
    warnings.simplefilter("ignore")
    counts = synthetic.counts(options.cells, options.genes)
    adata = synthetic.as_adata(synthetic.log_normalized(counts))
    sets = synthetic.gene_sets(options.signatures, options.genes)
    setting = Setting(adata, sets, synthetic.as_signatures(sets), options.repeats)
    filled = adata.X.nnz / np.prod(adata.shape)
    print(
        f"{adata.n_obs:,} cells x {adata.n_vars:,} genes, {adata.X.nnz / 1e6:.0f} M "
        f"values ({filled:.1%}), float32 CSR; {len(sets)} signatures of "
        f"{min(map(len, sets.values()))} to {max(map(len, sets.values()))} genes; "
        f"{os.cpu_count()} cores, {numba.get_num_threads()} threads; Python "
        f"{platform.python_version()}; "
        + ", ".join(f"{name} {number}" for name, number in peers.versions().items())
        + ".\n"
    )
    _print(Row("what", "dtpscore", "other", "ratio", "target", "agreement"))
    print("| --- " * 6 + "|")
    for name in options.only or PARTS:
        more = {"times": options.growth} if name == "growth" else {}
        for row in PARTS[name](setting, **more):
            _print(row)


if __name__ == "__main__":
    main()
