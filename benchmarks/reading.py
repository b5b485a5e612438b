"""Scoring from files: time against reading X once, and peak memory, in one table.

    python benchmarks/reading.py --cells 20000 --folder /scratch

Every line is measured in processes of their own: one reads values and indices of X
once, in pieces, with h5py or zarr; the others score the file in place with ucell, and
run ``dtpscore score``, which also copies the file. Times are wall and CPU seconds of
one run each, so compare lines of one quiet machine only.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PIECE = 2_000_000
FORMS: dict[str, dict[str, Any]] = {
    "h5ad": {},
    "h5ad, gzip": {"compression": "gzip"},
    "zarr v2": {"zarr_format": 2},
    "zarr v3": {"zarr_format": 3},
}


def write(form: str, folder: Path, n_cells: int) -> Path:
    """Write simulated cells in one form."""
    import anndata as ad
    import synthetic

    matrix = synthetic.log_normalized(synthetic.counts(n_cells, 20_000))
    adata = synthetic.as_adata(matrix)
    name = form.replace(", ", "_").replace(" ", "_")
    if form.startswith("h5ad"):
        path = folder / f"{name}.h5ad"
        adata.write_h5ad(path, **FORMS[form])
        return path
    path = folder / f"{name}.zarr"
    with ad.settings.override(zarr_write_format=FORMS[form]["zarr_format"]):
        adata.write_zarr(path)
    return path


def root(path: Path) -> Any:
    if path.suffix == ".h5ad":
        import h5py

        return h5py.File(path)
    import zarr

    return zarr.open_group(path, mode="r")


def read(path: Path) -> None:
    """Read X once."""
    stored = root(path)["X"]
    for start in range(0, stored["data"].shape[0], PIECE):
        for name in ("data", "indices"):
            stored[name][start : start + PIECE]


def score(path: Path) -> None:
    """Score the file where it is; nothing is written."""
    import synthetic
    from anndata.io import sparse_dataset

    from dtpscore import _genes
    from dtpscore._methods.run import run_method
    from dtpscore._options import MethodOptions

    matrix = sparse_dataset(root(path)["X"])
    signatures = synthetic.as_signatures(synthetic.gene_sets(20, 20_000))
    net = _genes.match(signatures, list(synthetic.gene_symbols()[:20_000])).net
    options = MethodOptions()
    run_method(matrix[:50], net, method="ucell", options=options)
    start, start_cpu = time.perf_counter(), time.process_time()
    run_method(matrix, net, method="ucell", options=options)
    report(start, start_cpu)


def report(start: float, start_cpu: float) -> None:
    taken = {
        "wall": time.perf_counter() - start,
        "cpu": time.process_time() - start_cpu,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
    }
    print(json.dumps(taken))


def measured(*words: str) -> dict[str, Any]:
    """Run this script for one task in a new process."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", __file__, *words],
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def whole(path: Path) -> dict[str, float]:
    """``dtpscore score`` as a whole process, the copy of the file included."""
    out = path.with_name(f"scored{path.suffix}")
    command = [sys.executable, "-m", "dtpscore", "score", str(path), "-o", str(out)]
    start = time.perf_counter()
    process = subprocess.Popen(
        [*command, "-q", "--overwrite"], stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise subprocess.CalledProcessError(status, command)
    wall = time.perf_counter() - start
    return {
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss / 1e3,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cells", type=int, default=20_000)
    parser.add_argument("--folder", type=Path, default=Path())
    parser.add_argument("--forms", nargs="*", choices=list(FORMS), default=list(FORMS))
    parser.add_argument("--task", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        task, path = options.task[0], Path(options.task[1])
        if task in FORMS:
            print(json.dumps({"path": str(write(task, path, options.cells))}))
            return
        if task == "score":
            score(path)
            return
        start, start_cpu = time.perf_counter(), time.process_time()
        read(path)
        report(start, start_cpu)
        return
    print(f"{options.cells:,} cells x 20,000 genes, {os.cpu_count()} cores\n")
    print("| form | read X once | score in place | peak | dtpscore score | peak |")
    print("| --- " * 6 + "|")
    for form in options.forms:
        # Not in this process: children would start with its peak memory.
        cells = ("--cells", str(options.cells))
        path = Path(measured(*cells, "--task", form, str(options.folder))["path"])
        once, again = (
            min((measured("--task", task, str(path)) for _ in range(3)), key=_cpu)
            for task in ("read", "score")
        )
        full = whole(path)
        print(
            f"| {form} | {once['wall']:.2f} s (CPU {once['cpu']:.2f} s) "
            f"| {again['wall']:.2f} s (CPU {again['cpu']:.2f} s) "
            f"| {again['peak']:.0f} MB "
            f"| {full['wall']:.1f} s (CPU {full['cpu']:.1f} s) "
            f"| {full['peak']:.0f} MB |",
            flush=True,
        )


def _cpu(taken: dict[str, float]) -> float:
    return taken["cpu"]


if __name__ == "__main__":
    main()
