"""Scoring from files: time against reading X once, and peak memory, in one table.

    python benchmarks/reading.py --cells 20000 --folder /scratch
    python benchmarks/reading.py --cells 200000 --forms h5ad --cold

Every line is measured in processes of their own: one reads values and indices of X
once, in pieces, with h5py or zarr; the others score the file in place with ucell, and
run ``dtpscore score`` from the start of Python to the end, with the copy of the file
and with ``--results-only``. Times are wall seconds, the shortest of two or three runs,
with their ratio to reading X once, so compare lines of one quiet machine only. With
``--cold`` the file is taken out of the page cache before each run, as a file larger
than memory is not in it.
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
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

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
    from dtpscore._options.score import ScoreOptions

    matrix = sparse_dataset(root(path)["X"])
    signatures = synthetic.as_signatures(synthetic.gene_sets(20, 20_000))
    net = _genes.match(signatures, list(synthetic.gene_symbols()[:20_000])).net
    options = ScoreOptions()
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


def forget(path: Path) -> None:
    """Take a file, or the files of a folder, out of the page cache."""
    for part in [path] if path.is_file() else path.rglob("*"):
        if part.is_file():
            with part.open("rb") as handle:
                os.fsync(handle.fileno())
                os.posix_fadvise(handle.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def whole(path: Path, *options: str) -> dict[str, float]:
    """``dtpscore score`` as a whole process."""
    out = path.with_name(f"scored{path.suffix}")
    command = [sys.executable, "-m", "dtpscore", "score", str(path), "-o", str(out)]
    command += options
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


def line(form: str, n_cells: int, folder: Path, *, cold: bool) -> str:
    """Measure one form: a row of the table."""
    # Not in this process: children would start with its peak memory.
    made = measured("--cells", str(n_cells), "--task", form, str(folder))
    path = Path(made["path"])

    def best(work: Callable[[], dict[str, float]], n_runs: int) -> dict[str, float]:
        taken = []
        for _ in range(n_runs):
            if cold:
                forget(path)
            taken.append(work())
        return min(taken, key=lambda one: one["wall"])

    once = best(lambda: measured("--task", "read", str(path)), 3)
    others = [
        best(lambda: measured("--task", "score", str(path)), 3),
        best(lambda: whole(path), 2),
        best(lambda: whole(path, "--results-only"), 2),
    ]
    cells = [f"{once['wall']:.2f} s (CPU {once['cpu']:.2f} s)"]
    cells += [
        f"{one['wall']:.2f} s, {one['wall'] / once['wall']:.2f} x, {one['peak']:.0f} MB"
        for one in others
    ]
    return f"| {form} | {n_cells:,} | {' | '.join(cells)} |"


def perform(task: str, path: Path, n_cells: int) -> None:
    """Do one task, in a process for it alone."""
    if task in FORMS:
        print(json.dumps({"path": str(write(task, path, n_cells))}))
    elif task == "score":
        score(path)
    else:
        start, start_cpu = time.perf_counter(), time.process_time()
        read(path)
        report(start, start_cpu)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cells", type=int, default=20_000)
    parser.add_argument("--folder", type=Path, default=Path())
    parser.add_argument("--forms", nargs="*", choices=list(FORMS), default=list(FORMS))
    parser.add_argument("--cold", action="store_true", help="files not in memory")
    parser.add_argument("--task", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        perform(options.task[0], Path(options.task[1]), options.cells)
        return
    print(f"{options.cells:,} cells x 20,000 genes, {os.cpu_count()} cores\n")
    print(
        "| form | cells | read X once | score in place | `dtpscore score` "
        "| with `--results-only` |"
    )
    print("| --- " * 6 + "|")
    for form in options.forms:
        print(line(form, options.cells, options.folder, cold=options.cold), flush=True)


if __name__ == "__main__":
    main()
