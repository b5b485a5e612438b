"""Time and memory of `dtp.tl.call` on many cells, beside scanpy's components and graph.

    OMP_NUM_THREADS=2 python benchmarks/call_size.py --cells 100000

The counts are those of `dtpscore.datasets.simulate` with 12 untreated and 12 treated
samples, written once to a file. Each step runs in a process of its own, which loads the
file, runs the step once on fewer cells (compiling), and then measures it on all.
The call has all defaults, the check of the reference included. scanpy's steps are those
of its documentation: normalize, log, 2,000 variable genes, 50 components and neighbors.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiment import KEYS, WARM, matrix_bytes, peak, simulated, size

if TYPE_CHECKING:
    from anndata import AnnData

HERE = Path(__file__).parent
RESULTS = HERE / "call_size.jsonl"
N_SAMPLES = 12
TEXT = """# A call of many cells

Made by `python benchmarks/call_size.py --cells {cells}`, OMP_NUM_THREADS {threads}.
Simulated counts, {n_samples} untreated and {n_samples} treated samples, {said}; the
matrix has {room:.2f} GB. Both steps ran one after the other on two cores.
Memory is the largest that the process held, less what it held with the data read.

| step | wall time | processor time | memory beside the data |
|---|---|---|---|
{rows}

The target is a minute and no more than scanpy: the call took {wall:.2f} times the wall
time and {ratio:.2f} times the processor time of scanpy's components and graph, whose
search for neighbors had compiled before.
"""


def components_and_graph(adata: AnnData) -> None:
    """Run scanpy's steps before any clustering."""
    import scanpy as sc

    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    sc.pp.highly_variable_genes(adata, n_top_genes=2000)
    sc.pp.pca(adata, n_comps=50)
    sc.pp.neighbors(adata)


def call(adata: AnnData) -> None:
    """Call with all defaults."""
    import dtpscore as dtp

    dtp.tl.call(adata, **KEYS)


STEPS = {
    "`tl.call`": call,
    "scanpy: components and neighbors": components_and_graph,
}


def task(path: Path, name: str) -> dict[str, Any]:
    """Measure one step on the cells of a file."""
    import anndata as ad

    adata = ad.read_h5ad(path)
    step = STEPS[name]
    step(adata[:: max(1, adata.n_obs // WARM)].copy())
    before = peak(forget=True)
    wall, cpu = time.perf_counter(), time.process_time()
    step(adata)
    return {
        "step": name,
        "cells": adata.n_obs,
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "more": peak() - before,
    }


def measure(given: argparse.Namespace) -> None:
    """Simulate, run every step in a process of its own, and write the page."""
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        path = Path(folder) / "cells.h5ad"
        adata = simulated(
            given.cells,
            given.genes,
            n_replicates=N_SAMPLES,
            days=(7,),
            holiday_day=None,
        )
        adata.write_h5ad(path)
        said, room = size(adata), matrix_bytes(adata.X) / 1e9
        del adata
        found = []
        for name in STEPS:
            line = [sys.executable, "-W", "ignore", __file__, "--task", name]
            line += ["--file", str(path)]
            done = subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True)
            found.append(json.loads(done.stdout.splitlines()[-1]))
            with RESULTS.open("a", encoding="utf-8") as file:
                file.write(json.dumps(found[-1]) + "\n")
            print(found[-1], file=sys.stderr, flush=True)
    rows = [
        f"| {row['step']} | {row['wall']:.0f} s | {row['cpu']:.0f} s "
        f"| {row['more'] / 1e9:.2f} GB |"
        for row in found
    ]
    text = TEXT.format(
        threads=os.environ.get("OMP_NUM_THREADS", "not set"),
        cells=given.cells,
        n_samples=N_SAMPLES,
        said=said,
        room=room,
        rows="\n".join(rows),
        wall=found[0]["wall"] / found[1]["wall"],
        ratio=found[0]["cpu"] / found[1]["cpu"],
    )
    (HERE / "call_size.md").write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--genes", type=int, default=5_000)
    parser.add_argument("--folder", type=Path, help="where the file of cells is put")
    parser.add_argument("--task", choices=list(STEPS), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.getLogger("dtpscore").setLevel(logging.ERROR)
    if given.task:
        print(json.dumps(task(given.file, given.task)))
        return
    measure(given)


if __name__ == "__main__":
    main()
