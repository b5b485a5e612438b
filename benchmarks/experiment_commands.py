"""Time the commands of an experiment, each in a process of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import reading
import timing
from table import Row, both

if TYPE_CHECKING:
    from pathlib import Path

# Seconds after a large file was removed.
_REST = 6.0

# A small process starts the command: a child's peak is never below that of the
# process which started it.
_LAUNCH = """
import os, subprocess, sys
started = subprocess.Popen(sys.argv[1:])
_, status, used = os.wait4(started.pid, 0)
print()
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def command(*words: str) -> tuple[timing.Timed, int]:
    """Run ``dtpscore WORDS``: its times, and its peak memory in bytes."""
    line = [sys.executable, "-W", "ignore", "-m", "dtpscore", *words]
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _LAUNCH, *line],
        check=True,
        capture_output=True,
        text=True,
    )
    wall = time.perf_counter() - start
    cpu, most = done.stdout.splitlines()[-1].split()
    return timing.Timed(wall, float(cpu), None), int(most) * 1024


def score_row(path: Path, folder: Path, *, repeats: int) -> Row:
    """``dtpscore score``, start of Python included, and copying and reading once.

    Neither replaces a file, and they take turns: a system that got memory back a moment
    ago copies twice as fast.
    """

    def copy_and_read() -> None:
        shutil.copyfile(path, copy)
        reading.read(path)

    copy, out = folder / "copy.h5ad", folder / "out.h5ad"
    found, others = [], []
    for _ in range(repeats):
        others.append(timing.middle(copy_and_read, repeats=1))
        copy.unlink()
        time.sleep(_REST)
        found.append(command("score", str(path), "-o", str(out), "-q"))
        out.unlink()
        time.sleep(_REST)
    ours, other = timing.medians([one for one, _ in found]), timing.medians(others)
    wall, cpu = ours.seconds / other.seconds, ours.cpu / other.cpu
    return Row(
        f"`dtpscore score` of a file, {path.stat().st_size / 1e6:.0f} MB; copy and one "
        "read",
        both(ours),
        both(other),
        f"{wall:.1f} x (CPU {cpu:.1f} x); peak "
        f"{max(top for _, top in found) / 1e6:.0f} MB",
        "2 x for 4 GB",
    )


def run_row(
    path: Path, folder: Path, what: str, *, keys: dict[str, str], room: int
) -> Row:
    """``dtpscore run`` with all of its steps, once."""
    given = []
    for name, value in keys.items():
        given += [f"--{name.replace('_', '-')}", value]
    taken, top = command("run", str(path), "-o", str(folder / "results"), *given)
    return Row(
        what,
        both(taken),
        "",
        f"peak {top / 1e6:.0f} MB; the matrix has {room / 1e6:.0f} MB",
        "240 s and 3 GB for 100,000 cells",
    )
