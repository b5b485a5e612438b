"""End commands at random moments: nothing is lost, and nothing stays.

    python benchmarks/kills.py --trials 25 --write benchmarks/kills.md

Each trial starts a command on an h5ad file or a zarr folder, with an output that exists
(``--overwrite``; an earlier run for ``run``) or not, and sends SIGKILL, SIGTERM, SIGHUP
or SIGQUIT after a random time. Then it checks that the input is as it was, and that
under the name of the output stands the old version, the whole new one or, where there
was none, nothing; and runs the command to its end, after which the output must be the
new one and nothing else may be in the folder. The table counts what was found; anything
but ``right`` must not happen.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

SIGNALS = ("SIGKILL", "SIGTERM", "SIGHUP", "SIGQUIT")
KINDS = ("h5ad", "zarr2", "zarr3")
DESIGN = ("--groupby", "condition", "--reference", "parental", "--sample-key", "sample")
# What makes the old output, and what the new one, by command.
COMMANDS = {
    "score": (["--method", "mean"], ["--method", "ucell"]),
    "call": ([*DESIGN, "--seed", "1"], [*DESIGN, "--seed", "0"]),
    "pseudotime": (
        [*DESIGN, "--n-bootstrap", "20", "--n-permutations", "19", "--seed", "1"],
        [*DESIGN, "--n-bootstrap", "20", "--n-permutations", "19"],
    ),
    "run": (
        [*DESIGN, "--method", "mean", "--n-permutations", "50"],
        [*DESIGN, "--method", "ucell", "--n-permutations", "50"],
    ),
}
# A run writes the time and the duration of each step into these.
_WITH_TIMES = {"dtpscore_run.json", "provenance.json", "run.log", "report.html"}


def make(kind: str, folder: Path) -> Path:
    """Write a small experiment as a file of this kind."""
    import anndata as ad

    import dtpscore as dtp

    adata = dtp.datasets.simulate(
        n_cells=240, n_genes=2500, seed=1, days=(7,), difficulty="easy"
    )
    path = folder / ("in.h5ad" if kind == "h5ad" else "in.zarr")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if kind == "h5ad":
            adata.write_h5ad(path)
        else:
            ad.settings.zarr_write_format = int(kind[-1])
            adata.write_zarr(path)
    return path


def content(path: Path) -> str:
    """Hash of a file, or of all files of a folder; empty where nothing stands."""
    if not path.exists():
        return ""
    files = (
        sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    )
    found = hashlib.sha256()
    for file in files:
        if file.name not in _WITH_TIMES and not file.name.startswith("."):
            name = str(file.relative_to(path)).encode()
            found.update(name + b"\0" + file.read_bytes())
    return found.hexdigest()


def remove(path: Path) -> None:
    """Remove a file or a folder."""
    shutil.rmtree(path) if path.is_dir() else path.unlink()


class Place:
    """A folder with an input, and what the command makes of it."""

    def __init__(self, command: str, kind: str, folder: Path) -> None:
        self.folder, self.command = folder, command
        self.source = make(kind, folder)
        self.out = folder / ("out" if command == "run" else f"out{self.source.suffix}")
        self.old = folder.with_name(f"{folder.name}_old")
        self.input = content(self.source)
        old, self.words = COMMANDS[command]
        self.finish(old)
        self.out.rename(self.old)
        started = time.monotonic()
        self.finish(self.words)
        self.seconds = time.monotonic() - started
        self.new = content(self.out)
        self.result = content(self.out / "result.h5ad")  # of a run
        self.names = self.all_names()

    def start(self, words: list[str]) -> subprocess.Popen[bytes]:
        """Start the command."""
        over = [] if self.command == "run" else ["--overwrite"]
        line = [self.command, str(self.source), "-o", str(self.out), "-q", *over]
        return subprocess.Popen(
            [sys.executable, "-m", "dtpscore", *line, *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def finish(self, words: list[str]) -> None:
        """Run the command to its end; it must succeed."""
        if code := self.start(words).wait():
            msg = f"{self.command} ended with {code} on a whole file"
            raise RuntimeError(msg)

    def all_names(self) -> set[str]:
        """Names of everything in the folder, but for core dumps of the system."""
        depth = (
            self.folder.rglob("*") if self.command == "run" else self.folder.glob("*")
        )
        names = {str(path.relative_to(self.folder)) for path in depth}
        return {name for name in names if not name.startswith("core")}

    def lost(self, before: str) -> bool:
        """Whether what stands under the name is neither the old nor the new output."""
        if self.command != "run":
            return content(self.out) not in {before, self.new}
        whole = {content(self.old / "result.h5ad"), self.result, ""}
        return content(self.out / "result.h5ad") not in whole

    def trial(self, rng: random.Random) -> tuple[str, str]:
        """End the command once: the signal, and what was found."""
        for path in self.folder.iterdir():
            if path != self.source:
                remove(path)
        if rng.random() < 0.7:
            (shutil.copytree if self.old.is_dir() else shutil.copyfile)(
                self.old, self.out
            )
        before, name = content(self.out), rng.choice(SIGNALS)
        running = self.start(self.words)
        time.sleep(self.seconds * rng.uniform(0.2, 1.0))
        running.send_signal(getattr(signal, name))
        try:
            running.wait(60)
        except subprocess.TimeoutExpired:
            running.kill()
            return name, "does not end"
        if content(self.source) != self.input:
            return name, "input changed"
        if self.lost(before):
            return name, "output lost or half"
        if self.start(self.words).wait() != 0:
            return name, "next command fails"
        if content(self.out) != self.new:
            return name, "next output differs"
        return name, "right" if self.all_names() == self.names else "files left"


def table(found: Counter[tuple[str, str, str, str]]) -> str:
    """Outcomes by command, file and signal, in Markdown."""
    lines = ["| command | file | signal | found | trials |", "|" + " --- |" * 5]
    lines += [f"| {' | '.join(row)} | {n} |" for row, n in sorted(found.items())]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run the trials and print the table; 1 where something bad happened."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=25, help="per command and file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--commands", nargs="+", default=list(COMMANDS))
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--write", type=Path, help="also write the table here")
    options = parser.parse_args(arguments)
    os.environ["OMP_NUM_THREADS"] = "1"
    for name in SIGNALS[1:]:  # not ignored, as they are in background jobs of a shell
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    rng, found = random.Random(options.seed), Counter()
    end = time.monotonic() + options.seconds
    with tempfile.TemporaryDirectory() as folder:
        for command in options.commands:
            for kind in options.kinds:
                made = Path(folder) / f"{command}_{kind}"
                made.mkdir()
                place = Place(command, kind, made)
                for _ in range(options.trials):
                    if time.monotonic() > end:
                        break
                    found[(command, kind, *place.trial(rng))] += 1
                print(table(found), flush=True)
    n = sum(found.values())
    right = sum(count for row, count in found.items() if row[3] == "right")
    text = (
        f"{right} of {n} trials found nothing lost and nothing left.\n\n{table(found)}"
    )
    print(text)
    if options.write:
        options.write.write_text(f"# Commands that are ended\n\n{text}\n")
    return int(right < n)


if __name__ == "__main__":
    sys.exit(main())
