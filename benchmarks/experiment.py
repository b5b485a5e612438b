"""Measure a whole experiment, step by step, in ratios within one run.

    OMP_NUM_THREADS=1 python benchmarks/experiment.py --cells 6000
    python benchmarks/experiment.py --only call trends --cells 3000 --write table.md

The data are those of `dtpscore.datasets.simulate`. Every time is the median of a few
runs, as wall time and as processor time of all threads, and stands beside what it is
measured against in the same run: one pass over the matrix, the same step with fewer
cells or samples, scanpy's recipe for diffusion pseudotime, or ``cp`` and one read of
the file. Ratios are those of processor time, which other work on the machine disturbs
less. Steps whose peak memory counts run in processes of their own.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import timing
from experiment_commands import run_row, score_row
from table import Row, both, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anndata import AnnData

KEYS = {"groupby": "condition", "reference": "parental", "sample_key": "sample"}
SERIES = {"replicate_key": "replicate", "time_key": "day", "holiday": "holiday"}
REFERENCE_SAMPLES = (2, 4, 8, 12, 24)
# No further repeat of a step is started after so many seconds.
PATIENCE = 15.0
# Cells that a step is run on first: enough for the approximate neighbors of scanpy,
# which compile for a minute.
WARM = 10_000


def simulated(n_cells: int, n_genes: int, **options: Any) -> AnnData:
    """Simulated counts as float32, as they come from most files."""
    import dtpscore as dtp

    adata = dtp.datasets.simulate(n_cells=n_cells, n_genes=n_genes, seed=1, **options)
    adata.X = adata.X.astype(np.float32)
    return adata


def size(adata: AnnData) -> str:
    return f"{adata.n_obs:,} cells x {adata.n_vars:,} genes"


def matrix_bytes(matrix: Any) -> int:
    return matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes


def peak(*, forget: bool = False) -> int:
    """Largest memory of this process so far, bytes; on Linux it can be forgotten.

    Compiling and loading needs more than a step on few cells, and would hide it.
    """
    if forget:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    found = next(line for line in lines if line.startswith("VmHWM"))
    return int(found.split()[1]) * 1024


def measured(call: Any, given: argparse.Namespace) -> timing.Timed:
    return timing.middle(call, repeats=given.repeats, patience=PATIENCE)


def exponent(few: float, many: float, times: float) -> str:
    return f"exponent {np.log(many / few) / np.log(times):.2f}"


def score(given: argparse.Namespace) -> Iterator[Row]:
    import dtpscore as dtp

    adata = simulated(given.cells, given.genes)
    # A call on few cells compiles; the names are matched once per process.
    dtp.tl.score(adata[:100].copy(), method="ucell", n_jobs=1)
    ours = measured(lambda: dtp.tl.score(adata, method="ucell", n_jobs=1), given)
    plain, _ = timing.floors(adata.X, repeats=given.repeats)
    yield Row(
        f"`tl.score` with ucell, {size(adata)}; one pass over values and indices",
        both(ours),
        seconds(plain),
        f"{ours.cpu / plain:.1f} x",
        "",
    )


def match(given: argparse.Namespace) -> Iterator[Row]:
    found = [task("match") for _ in range(given.repeats)]
    first, again = (
        timing.Timed(
            *(float(np.median([one[n][k] for one in found])) for k in (0, 1)), 0
        )
        for n in ("first", "again")
    )
    yield Row(
        "match 20,000 gene names, first in a process; repeated",
        both(first),
        both(again),
        f"{first.cpu / again.cpu:.0f} x",
        "",
    )


def task_match() -> dict[str, Any]:
    import synthetic

    from dtpscore import _genes, signatures

    names = list(synthetic.gene_symbols()[:20_000])
    chosen = signatures.select()
    first = timing.middle(lambda: _genes.match(chosen, names), repeats=1)
    again = timing.middle(lambda: _genes.match(chosen, names), repeats=9)
    return {"first": (first.seconds, first.cpu), "again": (again.seconds, again.cpu)}


def called(n_cells: int, n_samples: int, given: argparse.Namespace) -> timing.Timed:
    """Time a call with so many reference samples and as many treated ones."""
    import dtpscore as dtp

    adata = simulated(
        n_cells, given.genes, n_replicates=n_samples, days=(7,), holiday_day=None
    )
    return measured(lambda: dtp.tl.call(adata, **KEYS, n_jobs=1), given)


def call(given: argparse.Namespace) -> Iterator[Row]:
    called(1_000, 2, given)  # compiles
    times = {n: called(given.cells, n, given) for n in REFERENCE_SAMPLES}
    first = times[REFERENCE_SAMPLES[0]]
    for n, taken in times.items():
        said = f"{taken.cpu / first.cpu:.2f} x"
        what = f"`tl.call`, {given.cells:,} cells, {n} reference samples; "
        yield Row(f"{what}{REFERENCE_SAMPLES[0]}", both(taken), both(first), said, "")
    few = called(given.cells // 4, 12, given)
    yield Row(
        f"`tl.call`, 12 reference samples, {given.cells:,} cells; {given.cells // 4:,}",
        both(times[12]),
        both(few),
        exponent(few.cpu, times[12].cpu, given.cells / (given.cells // 4)),
        "at most 1",
    )
    yield Row(
        "`tl.call`, 3,000 cells, 12 reference samples",
        both(called(3_000, 12, given)),
        "",
        "",
        "10 s",
    )


def recipe(adata: AnnData) -> None:
    """Order cells by diffusion pseudotime, as scanpy's documentation does it."""
    import scanpy as sc

    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    sc.pp.highly_variable_genes(adata, n_top_genes=2000)
    sc.pp.pca(adata, n_comps=30)
    sc.pp.neighbors(adata, n_neighbors=30)
    sc.tl.diffmap(adata)
    root = np.flatnonzero(adata.obs["condition"] == KEYS["reference"])[0]
    adata.uns["iroot"] = int(root)
    sc.tl.dpt(adata)


def ours(adata: AnnData) -> None:
    """Order cells with what is checked besides: more roots and subsamples."""
    import dtpscore as dtp

    dtp.tl.pseudotime(adata, **KEYS, method="dpt")


def task_order(path: Path, *, which: Any) -> dict[str, Any]:
    """Time one way to order the cells of a file, and read the peak memory."""
    import anndata as ad

    adata = ad.read_h5ad(path)
    which(adata[:: max(1, adata.n_obs // WARM)].copy())
    before = peak(forget=True)
    # Once: the recipe writes over its data, and a copy of them would count as memory.
    taken = timing.middle(lambda: which(adata), repeats=1)
    return {"wall": taken.seconds, "cpu": taken.cpu, "more": peak() - before}


def order(given: argparse.Namespace) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cells.h5ad"
        adata = simulated(given.cells, given.genes)
        adata.write_h5ad(path)
        one, other = (
            {
                what: float(np.median([found[what] for found in repeated]))
                for what in ("wall", "cpu", "more")
            }
            for repeated in (
                [task(name, "--file", str(path)) for _ in range(given.repeats)]
                for name in ("order", "recipe")
            )
        )
    yield Row(
        f"`tl.pseudotime` (dpt), {size(adata)}; scanpy's recipe",
        both(timing.Timed(one["wall"], one["cpu"], None)),
        both(timing.Timed(other["wall"], other["cpu"], None)),
        f"{one['cpu'] / other['cpu']:.2f} x",
        "at most 1",
    )
    room = matrix_bytes(adata.X)
    yield Row(
        "memory beside the data read: `tl.pseudotime`; scanpy's recipe; the matrix "
        f"has {room / 1e6:.0f} MB",
        f"{one['more'] / 1e6:.0f} MB",
        f"{other['more'] / 1e6:.0f} MB",
        f"{one['more'] / room:.1f} and {other['more'] / room:.1f} x the matrix",
        "at most 1.5 x",
    )


def trends(given: argparse.Namespace) -> Iterator[Row]:
    import dtpscore as dtp

    adata = simulated(given.cells, given.genes)
    genes = list(adata.var_names[:: given.genes // 200][:200])
    for method in ("dpt", "ordinal"):
        ordered = adata.copy()
        first = timing.middle(
            lambda: dtp.tl.pseudotime(ordered, **KEYS, **SERIES, method=method),  # noqa: B023
            repeats=1,
        )
        taken = measured(lambda: dtp.tl.trends(ordered, genes=genes), given)  # noqa: B023
        n_axes = int((ordered.uns["dtp_trends"]["features"]["kind"] == "axis").sum())
        yield Row(
            f"`tl.trends`, {given.cells:,} cells x {n_axes} axes x 200 genes, 999 "
            f"shuffles, 500 draws, order by {method}; the order",
            both(taken),
            both(first),
            f"{taken.cpu / first.cpu:.1f} x",
            "10 s for 50,000 cells",
        )


def task(name: str, *words: str) -> dict[str, Any]:
    """Run one task in a process of its own."""
    line = [sys.executable, "-W", "ignore", __file__, "--task", name, *words]
    done = subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def file(given: argparse.Namespace) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        path = Path(name) / "cells.h5ad"
        simulated(given.cells, given.genes).write_h5ad(path)
        yield score_row(path, Path(name), repeats=given.repeats)


def run(given: argparse.Namespace) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        path = Path(name) / "cells.h5ad"
        adata = simulated(given.cells, given.genes)
        adata.write_h5ad(path)
        told, room = size(adata), matrix_bytes(adata.X)
        del adata
        keys = {**KEYS, **SERIES}
        what = f"`dtpscore run`, {told}"
        yield run_row(path, Path(name), what, keys=keys, room=room)


STEPS = {
    "score": score,
    "match": match,
    "call": call,
    "order": order,
    "trends": trends,
    "file": file,
    "run": run,
}


def lines(given: argparse.Namespace) -> Iterator[str]:
    threads = os.environ.get("OMP_NUM_THREADS", "not set")
    yield (
        f"Simulated counts, {given.cells:,} cells x {given.genes:,} genes unless a "
        f"line says otherwise; medians of at most {given.repeats} runs (one where a "
        f"run takes more than {PATIENCE:.0f} s); OMP_NUM_THREADS {threads}. Ratios are "
        "of processor time."
    )
    yield ""
    yield "| what; against what | time | against | ratio | target |"
    yield "|" + " --- |" * 5
    for name in given.only:
        for row in STEPS[name](given):
            yield (
                "| "
                + " | ".join((row.what, row.ours, row.other, row.ratio, row.target))
                + " |"
            )


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cells", type=int, default=6_000)
    parser.add_argument("--genes", type=int, default=5_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=list(STEPS), default=list(STEPS))
    parser.add_argument("--folder", type=Path, help="where files are written")
    parser.add_argument("--write", type=Path, help="also write the table here")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measure the chosen steps, or one task of a step in this process."""
    given = options()
    warnings.simplefilter("ignore")
    logging.getLogger("dtpscore").setLevel(logging.ERROR)
    if given.task:
        if given.task == "match":
            found = task_match()
        else:
            which = {"order": ours, "recipe": recipe}[given.task]
            found = task_order(given.file, which=which)
        print(json.dumps(found))
        return
    said = []
    for line in lines(given):
        print(line, flush=True)
        said.append(line)
    if given.write:
        given.write.write_text("# A whole experiment\n\n" + "\n".join(said) + "\n")


if __name__ == "__main__":
    main()
