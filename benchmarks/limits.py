"""Run commands where disk, memory or files run out: old outputs stay whole.

    sudo python benchmarks/limits.py --write benchmarks/limits.md
    sudo python benchmarks/limits.py --commands score --only memory

Each trial runs a command over an output that exists: on a file system of a given size
(tmpfs, which needs the rights to mount one; left out without them), with a largest size
of files, with little memory, with few open files, in a folder that is read-only, and in
one that is removed meanwhile. The command must succeed, or end with an error of one
sentence that is not called a fault; afterwards the input and the output must be whole,
and nothing else may be in the folder. ``run`` does its first step and the report.

What was found is appended to ``limits.jsonl`` as it comes, and trials that are there
are not made again.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kills import COMMANDS as KILLED
from kills import content, make
from trials import Kept, run_command, table

import dtpscore as dtp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LEFT_OUT = ("call", "pseudotime", "trends", "enrich", "compare", "vulnerabilities")
# What makes the old output, and what the new one, by command.
COMMANDS = {
    **KILLED,
    "run": tuple(
        [*words, *(word for step in _LEFT_OUT for word in ("--skip", step))]
        for words in KILLED["run"]
    ),
}
PAGE = """
# Where something runs out

Disks of 20 sizes, largest files of 10 sizes, limits of memory and of open files, and a
folder that is removed meanwhile. In every trial that counts as `done` or `error` the
input and the old output (or the whole new one) were there afterwards, and no other
file. `error` is a message of its own with a documented exit code. A command asks for 16
MB of room beyond the size of its input before any work, and these disks have less, so
it was refused there at once; what happens when writing fails half-way, the largest
files show. `run` did its first step and the report.

Under one limit of memory an earlier version did not end: the bar that shows progress
started a thread to look after itself, the thread ended for want of memory before it
could say so, and Python 3.11 waits for that word for ever. The bar has no such thread
any more, and is not made where nobody looks. Before a pool of threads is used, a thread
that does nothing is started; if it says nothing within 30 seconds, the command ends
with the error of too little memory. A thread of a library can still meet the same wait.
"""
FINE = {"done", "error"}
RESULTS = Path(__file__).with_name("limits.jsonl")
MIB = 2**20
# Seconds after which a command that does not end is ended.
PATIENCE = 120


def nothing() -> None:
    """Set no limit."""


def limit(kind: int, value: int) -> Callable[[], None]:
    """Make a function that sets a limit of the system in the child."""
    return lambda: resource.setrlimit(kind, (value, value))


@contextmanager
def small_disk(size: int, place: Path) -> Iterator[Path]:
    """Mount a file system of so many bytes."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    subprocess.run(command, check=True, capture_output=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
        place.rmdir()


class Case:
    """A command, its input, an old output, and the new one."""

    def __init__(self, command: str, folder: Path) -> None:
        self.command, self.folder = command, folder
        self.source = make("h5ad", folder)
        self.name = "out" if command == "run" else "out.h5ad"
        self.said = folder.parent / f"{folder.name}.said"
        self.old = folder.parent / f"{folder.name}.old" / self.name
        self.new = folder.parent / f"{folder.name}.new" / self.name
        for path, options in zip((self.old, self.new), COMMANDS[command], strict=True):
            path.parent.mkdir()
            words = self.words(path, options)
            if code := run_command(words, self.said, nothing, patience=PATIENCE):
                raise RuntimeError(code, self.said.read_text())
        self.input = content(self.source)

    def words(self, out: Path, options: list[str]) -> list[str]:
        over = [] if self.command == "run" else ["--overwrite"]
        return [self.command, str(self.source), "-o", str(out), "-q", *over, *options]

    def results(self, out: Path) -> tuple[str, ...]:
        """Hash of an output; of a run, which keeps each step, that of its results."""
        if self.command != "run":
            return (content(out),)
        return content(out / "result.h5ad"), content(out / "tables")

    def size(self) -> int:
        """Bytes of the whole new output."""
        files = self.new.rglob("*") if self.new.is_dir() else [self.new]
        return sum(one.stat().st_size for one in files)

    def trial(self, place: Path, before: Callable[[], None]) -> str:
        """Run the command in a folder with an old output: what was found."""
        out = place / self.name
        (shutil.copytree if self.old.is_dir() else shutil.copyfile)(self.old, out)
        self.said.unlink(missing_ok=True)
        words = self.words(out, COMMANDS[self.command][1])
        code = run_command(words, self.said, before, patience=PATIENCE)
        said = self.said.read_text(errors="replace")
        if code == -signal.SIGKILL:
            return f"did not end in {PATIENCE} s"
        found = "done" if code == 0 else "error" if 2 <= code < 100 else "fault"
        if found == "fault" or "fault in dtpscore" in said:
            return f"fault {code}: {said.strip()[-150:]}"
        if content(self.source) != self.input:
            return "input changed"
        if not place.exists():
            return found
        if self.results(out) != self.results(self.new if found == "done" else self.old):
            return f"{found}, output lost or half"
        names = [one.name for one in place.iterdir() if one != out]
        inner = out.rglob(".*") if out.is_dir() else ()
        return f"{found}, files left" if [*names, *inner] else found


def trials(case: Case, work: Path) -> Iterator[tuple[str, str, Callable[[], str]]]:
    """All trials of one command: what runs out, how far, and what makes the trial."""
    size, old = case.size(), sum(p.stat().st_size for p in case.old.rglob("*"))
    old = old or case.old.stat().st_size
    place = work / "folder"

    def fresh() -> Path:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        return place

    def limited(kind: int, value: int) -> Callable[[], str]:
        return lambda: case.trial(fresh(), limit(kind, value))

    def on_disk(room: int) -> str:
        with small_disk(room, work / "d") as disk:
            return case.trial(disk, nothing)

    for step in range(1, 21):
        room = old + int(size * step / 12)
        yield "full disk", f"{step}/12", partial(on_disk, room)
    for step in range(1, 11):
        most = int(size * step / 11)
        yield "largest file", f"{step}/11", limited(resource.RLIMIT_FSIZE, most)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    used = pages * os.sysconf("SC_PAGESIZE")
    for more in (1, 2, 5, 10, 20, 50, 100, 200, 400, 800):
        yield "memory", f"{more} MiB", limited(resource.RLIMIT_AS, used + more * MIB)
    for number in (16, 20, 24, 28, 32, 40, 48, 64, 96, 128):
        yield "open files", str(number), limited(resource.RLIMIT_NOFILE, number)
    for seconds in (0.05, 0.1, 0.2, 0.4, 0.8):
        made = partial(vanishing, case, seconds, fresh)
        yield "removed folder", f"{seconds} s", made


def vanishing(case: Case, seconds: float, fresh: Callable[[], Path]) -> str:
    """Remove the folder of the output while the command runs."""
    place = fresh()

    def remove() -> None:
        time.sleep(seconds)
        shutil.rmtree(place, ignore_errors=True)

    thread = threading.Thread(target=remove)
    thread.start()
    found = case.trial(place, nothing)
    thread.join()
    return "error" if found.startswith("error") else found


def main(arguments: list[str] | None = None) -> int:
    """Run the trials and print the table; 1 where something bad happened."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--commands", nargs="+", default=list(COMMANDS))
    parser.add_argument("--only", nargs="+", help="only where this runs out")
    parser.add_argument("--again", action="store_true", help="make bad trials again")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--write", type=Path, help="also write the table here")
    options = parser.parse_args(arguments)
    kept = Kept(options.results, ("command", "what", "limit"))
    end = time.monotonic() + options.seconds
    load()
    with tempfile.TemporaryDirectory() as folder:
        for command in options.commands:
            made = Path(folder) / command
            made.mkdir()
            for what, far, trial in trials(Case(command, made), Path(folder)):
                old = kept.rows.get((command, what, far), {}).get("found")
                done = old in FINE or (old and not options.again)
                if done or (options.only and what not in options.only):
                    continue
                if time.monotonic() > end:
                    break
                with suppress(subprocess.CalledProcessError):  # may not mount
                    found = trial()
                    kept.add(command=command, what=what, limit=far, found=found)
                    if found not in FINE:
                        print(f"{command}, {what}, {far}: {found}", flush=True)
    text = table(
        ("command", "what ran out", "found"), kept.counts("command", "what", "found")
    )
    print(text)
    if options.write:
        options.write.write_text(f"{PAGE.strip()}\n\n{text}\n", "utf-8")
    return int(any(row["found"] not in FINE for row in kept.rows.values()))


def load() -> None:
    """Load and compile everything: Python may never end loading a library later."""
    adata = dtp.datasets.simulate(n_cells=240, n_genes=2500, seed=1, days=(7,))
    dtp.tl.score(adata, n_jobs=1)
    design = {"groupby": "condition", "reference": "parental", "sample_key": "sample"}
    dtp.tl.call(adata, **design)
    dtp.tl.pseudotime(adata, **design)
    dtp.tl.trends(adata, n_permutations=19, n_bootstrap=20)
    with tempfile.TemporaryDirectory() as folder:
        dtp.report(adata, Path(folder) / "report.html")


if __name__ == "__main__":
    sys.exit(main())
