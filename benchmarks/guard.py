"""Compare the speed of this tree with that of another commit, in ratios.

python benchmarks/guard.py                  # against the last tag, or else main
python benchmarks/guard.py --against HEAD~5 --allowed 1.25

Each tree is measured in processes of its own, in turn, so that a busy machine slows
both. Each time is divided by that of a reference loop in the same process, and the
medians over the rounds are compared. Processor time is counted, not wall time. The exit
code is 1 where a step became slower than allowed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
KEYS = {"groupby": "condition", "reference": "parental", "sample_key": "sample"}
# Commits before the first release are compared with this branch.
_DEFAULT = "origin/main"


def reference_loop() -> float:
    """Seconds of work that no release of dtpscore changes: sort and multiply."""
    import numpy as np

    rng = np.random.default_rng(0)
    values = rng.random(2_000_000)
    table = rng.random((400, 400))
    start = time.process_time()
    for _ in range(3):
        np.sort(values)
        for _ in range(10):
            table @ table
        sum(range(1_000_000))
    return time.process_time() - start


def steps(n_cells: int) -> dict[str, float]:
    """Processor seconds of each step, after one run that compiles and fills caches."""
    import dtpscore as dtp

    def made(n):
        return dtp.datasets.simulate(n_cells=n, n_genes=3000, seed=1)

    def run(adata):
        taken = {}

        def timed(name, call):
            start = time.process_time()
            call()
            taken[name] = time.process_time() - start

        timed("score", lambda: dtp.tl.score(adata))
        timed("call", lambda: dtp.tl.call(adata, **KEYS))
        timed("pseudotime", lambda: dtp.tl.pseudotime(adata, **KEYS, method="dpt"))
        timed("trends", lambda: dtp.tl.trends(adata))
        return taken

    run(made(1200))
    return run(made(n_cells))


def measure(n_cells: int) -> None:
    """Print the ratios of this process to the reference loop, as JSON."""
    before = reference_loop()
    taken = steps(n_cells)
    loop = (before + reference_loop()) / 2
    print(json.dumps({name: seconds / loop for name, seconds in taken.items()}))


def measured(tree: Path, n_cells: int) -> dict[str, float]:
    """Measure a tree in a process of its own, on one thread."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(tree),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "NUMBA_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", __file__, "--measure", str(n_cells)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tree,
        env=environment,
    )
    return json.loads(done.stdout.splitlines()[-1])


def compare(
    old: list[dict[str, float]], new: list[dict[str, float]], *, allowed: float
) -> tuple[list[str], list[str]]:
    """Lines of a table, and the steps that became slower than allowed.

    Parameters
    ----------
    old, new
        Ratios to the reference loop by step, one dictionary per round.
    allowed
        The largest ratio of new to old that passes. A step fails where the median of
        its rounds is above it and the fastest round of the new tree is slower than the
        slowest of the old one, so that noise of one round does not decide.
    """
    lines = ["| step | old | new | new / old |", "| --- | --- | --- | --- |"]
    slower = []
    for name in new[0]:
        if name not in old[0]:
            continue
        was = [one[name] for one in old]
        now = [one[name] for one in new]
        ratio = statistics.median(now) / statistics.median(was)
        lines.append(
            f"| {name} | {statistics.median(was):.2f} | {statistics.median(now):.2f} "
            f"| {ratio:.2f} |"
        )
        if ratio > allowed and min(now) > max(was):
            slower.append(name)
    return lines, slower


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], check=True, capture_output=True, text=True, cwd=HERE
    ).stdout.strip()


def last_release() -> str:
    """Name the last tag, or the main branch where there is none."""
    return _git("tag", "--sort=-creatordate").partition("\n")[0] or _DEFAULT


def unpack(commit: str, folder: Path) -> None:
    """Write the files of a commit into a folder."""
    archive = folder.parent / "tree.tar"
    top = _git("rev-parse", "--show-toplevel")
    subprocess.run(["git", "archive", "-o", str(archive), commit], check=True, cwd=top)
    with tarfile.open(archive) as file:
        file.extractall(folder, filter="data")


def main() -> int:
    """Read the command line, measure both trees in turn, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--against", help="a commit; the last tag by default")
    parser.add_argument("--cells", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--allowed", type=float, default=1.3)
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        measure(given.measure)
        return 0
    against = given.against or last_release()
    with tempfile.TemporaryDirectory() as name:
        other = Path(name) / "tree"
        other.mkdir()
        unpack(against, other)
        rounds: tuple[list, list] = ([], [])
        for _ in range(given.rounds):
            for kept, tree in zip(rounds, (other, HERE.parent), strict=True):
                kept.append(measured(tree, given.cells))
    lines, slower = compare(*rounds, allowed=given.allowed)
    print(f"Processor time over that of a reference loop; old is {against}.\n")
    print("\n".join(lines))
    if slower:
        print(f"\nSlower than {given.allowed:g} times: {', '.join(slower)}.")
    return bool(slower)


if __name__ == "__main__":
    sys.exit(main())
