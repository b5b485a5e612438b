"""End ``dtpscore score`` at random moments: nothing is lost, and nothing stays.

    python benchmarks/kills.py --trials 100

Each trial starts the command on an h5ad file or a zarr folder, with an output that
exists (``--overwrite``) or not, and sends SIGKILL, SIGTERM, SIGHUP or SIGQUIT after a
random time. Then it checks that the input is as it was, and that under the name of the
output stands the old version, the whole new one or, where there was none, nothing; and
runs the command to its end, after which the output must be the new one and nothing else
may be in the folder. The table counts what was found; anything but ``right`` must not
happen.
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
from collections import Counter
from pathlib import Path

from damage import make

SIGNALS = ("SIGKILL", "SIGTERM", "SIGHUP", "SIGQUIT")


def content(path: Path) -> str:
    """Hash of a file, or of all files of a folder; empty where nothing stands."""
    if not path.exists():
        return ""
    files = (
        sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    )
    found = hashlib.sha256()
    for file in files:
        found.update(str(file.relative_to(path)).encode() + b"\0" + file.read_bytes())
    return found.hexdigest()


class Place:
    """A folder with an input, and what the command makes of it."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.folder = folder
        whole = make(kind, folder)
        self.source = whole.rename(folder / f"in{whole.suffix}")
        self.out = folder / f"out{whole.suffix}"
        self.old = folder.with_name(f"{folder.name}_old{whole.suffix}")
        self.input = content(self.source)
        started = time.monotonic()
        self.command("mean").wait()
        self.seconds = time.monotonic() - started
        self.out.rename(self.old)
        self.command("ucell").wait()
        self.new = content(self.out)

    def command(self, method: str) -> subprocess.Popen[bytes]:
        words = ["score", str(self.source), "-o", str(self.out), "--overwrite", "-q"]
        return subprocess.Popen(
            [sys.executable, "-m", "dtpscore", *words, "--method", method],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def trial(self, rng: random.Random) -> tuple[str, str]:
        """End the command once: the signal, and what was found."""
        for path in self.folder.iterdir():
            if path != self.source:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        exists = rng.random() < 0.7
        if exists:
            (shutil.copytree if self.old.is_dir() else shutil.copyfile)(
                self.old, self.out
            )
        before, name = content(self.out), rng.choice(SIGNALS)
        running = self.command("ucell")
        time.sleep(self.seconds * rng.uniform(0.2, 1.0))
        running.send_signal(getattr(signal, name))
        try:
            running.wait(60)
        except subprocess.TimeoutExpired:
            running.kill()
            return name, "does not end"
        if content(self.source) != self.input:
            return name, "input changed"
        if content(self.out) not in {before, self.new}:
            return name, "output lost or half"
        if self.command("ucell").wait() != 0:
            return name, "next command fails"
        if content(self.out) != self.new:
            return name, "next output differs"
        left = {p.name for p in self.folder.iterdir()}
        left -= {self.source.name, self.out.name}
        cores = {one for one in left if one.startswith("core")}
        return name, "files left" if left - cores else "right"


def main(arguments: list[str] | None = None) -> int:
    """Run the trials and print the table; 1 where something bad happened."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=50, help="per kind of file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", default=["h5ad-csr", "zarr2", "zarr3"])
    options = parser.parse_args(arguments)
    os.environ["OMP_NUM_THREADS"] = "1"
    rng, found = random.Random(options.seed), Counter()
    print("| file | signal | found | trials |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for kind in options.kinds:
            made = Path(folder) / kind
            made.mkdir()
            place = Place(kind, made)
            for _ in range(options.trials):
                found[(kind, *place.trial(rng))] += 1
            for row, n in sorted(found.items()):
                if row[0] == kind:
                    print(f"| {' | '.join(row)} | {n} |", flush=True)
    return int(any(row[2] != "right" for row in found))


if __name__ == "__main__":
    sys.exit(main())
