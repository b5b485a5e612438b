"""Run commands where disk, memory or files run out: old outputs stay whole.

    sudo python benchmarks/limits.py --write benchmarks/limits.md

Each trial runs a command over an output that exists: on a file system of a given size
(tmpfs, which needs the rights to mount one; left out without them), with a largest size
of files, with little memory, with few open files, in a folder that is read-only, and in
one that is removed meanwhile. The command must succeed, or end with an error of one
sentence that is not called a fault; afterwards the input and the output must be whole,
and nothing else may be in the folder.
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
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kills import DESIGN, content, make

import dtpscore as dtp
from dtpscore import _cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COMMANDS = {
    "score": ("--method", "ucell"),
    "call": DESIGN,
}
MIB = 2**20
# Seconds after which a command that does not end is ended.
PATIENCE = 120


def run(words: list[str], said: Path, before: Callable[[], None]) -> int:
    """Run a command in a copy of this process: its exit code, or minus a signal."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with said.open("w") as file:
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
            before()
            _cli.main(words)
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            sys.stderr.flush()
            os._exit(code)
    end = time.monotonic() + PATIENCE
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.01)
    return os.waitstatus_to_exitcode(ended[1])


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
        self.said = folder.parent / f"{folder.name}.said"
        self.old = folder.parent / f"{folder.name}.old.h5ad"
        self.new = folder.parent / f"{folder.name}.new.h5ad"
        for path, more in ((self.old, ["--seed", "1"]), (self.new, [])):
            more = more if command == "call" else []
            method = (
                ["--method", "mean"] if command == "score" and path == self.old else []
            )
            words = self.words(self.source, path) + more + method
            if code := run(words, self.said, nothing):
                raise RuntimeError(code, self.said.read_text())
        self.input = content(self.source)

    def words(self, source: Path, out: Path) -> list[str]:
        line = [self.command, str(source), "-o", str(out), "--overwrite", "-q"]
        return [*line, *COMMANDS[self.command]]

    def trial(self, place: Path, before: Callable[[], None]) -> str:
        """Run the command in a folder with an old output: what was found."""
        out = place / "out.h5ad"
        shutil.copyfile(self.old, out)
        code = run(self.words(self.source, out), self.said, before)
        said = self.said.read_text(errors="replace")
        found = "done" if code == 0 else "error" if 2 <= code < 100 else "fault"
        if found == "fault" or "fault in dtpscore" in said:
            return f"fault {code}: {said.strip()[-150:]}"
        if content(self.source) != self.input:
            return "input changed"
        whole = {"done": {content(self.new)}, "error": {content(self.old)}}[found]
        if place.exists() and content(out) not in whole:
            return f"{found}, output lost or half"
        left = (
            {one.name for one in place.iterdir()} - {out.name}
            if place.exists()
            else set()
        )
        return f"{found}, files left" if left else found


def trials(case: Case, work: Path) -> Iterator[tuple[str, str]]:
    """All trials of one command: what ran out, and what was found."""
    size = case.new.stat().st_size
    for step in range(1, 21):
        room = case.old.stat().st_size + int(size * step / 12)
        with (
            suppress(subprocess.CalledProcessError),
            small_disk(room, work / "d") as disk,
        ):
            yield "full disk", case.trial(disk, nothing)
    place = work / "folder"

    def fresh() -> Path:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        return place

    for step in range(1, 11):
        before = limit(resource.RLIMIT_FSIZE, int(size * step / 11))
        yield "largest file", case.trial(fresh(), before)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf(
        "SC_PAGESIZE"
    )
    for more in (1, 2, 5, 10, 20, 50, 100, 200, 400, 800):
        yield (
            "memory",
            case.trial(fresh(), limit(resource.RLIMIT_AS, used + more * MIB)),
        )
    for number in (16, 20, 24, 28, 32, 40, 48, 64, 96, 128):
        yield "open files", case.trial(fresh(), limit(resource.RLIMIT_NOFILE, number))
    for seconds in (0.05, 0.1, 0.2, 0.4, 0.8):
        yield "removed folder", vanishing(case, fresh(), seconds)


def vanishing(case: Case, place: Path, seconds: float) -> str:
    """Remove the folder of the output while the command runs."""

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
    # Loaded before memory is short: Python may never end loading a library then.
    adata = dtp.datasets.simulate(n_cells=240, n_genes=2500, seed=1, days=(7,))
    dtp.tl.score(adata, n_jobs=1)
    dtp.tl.call(adata, groupby="condition", reference="parental", sample_key="sample")
    parser.add_argument("--commands", nargs="+", default=list(COMMANDS))
    parser.add_argument("--write", type=Path, help="also write the table here")
    options = parser.parse_args(arguments)
    found: Counter[tuple[str, str, str]] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for command in options.commands:
            made = Path(folder) / command
            made.mkdir()
            for what, outcome in trials(Case(command, made), Path(folder)):
                found[(command, what, outcome)] += 1
                if outcome not in {"done", "error"}:
                    print(f"{command}, {what}: {outcome}", flush=True)
    lines = ["| command | what ran out | found | trials |", "|" + " --- |" * 4]
    lines += [f"| {' | '.join(row)} | {n} |" for row, n in sorted(found.items())]
    text = "\n".join(lines)
    print(text)
    if options.write:
        options.write.write_text(f"# Where something runs out\n\n{text}\n")
    return int(any(row[2] not in {"done", "error"} for row in found))


if __name__ == "__main__":
    sys.exit(main())
