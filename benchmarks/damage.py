"""Random damage to files of cells: what ``dtpscore score`` makes of it.

    python benchmarks/damage.py --trials 1000
    python benchmarks/damage.py --trials 20 --kinds h5ad-csr zarr3 --seed 7

Each trial copies a small file of cells, damages the copy in one place at random and
scores it in a process of its own. Damages are of two sorts: bytes (a flipped bit, a
block of zeros, of random bytes or of another place, a missing end; for zarr also a
missing file) and entries (one number of the pointers, indices, values, codes or of the
shape, a missing array, a shortened or duplicated array). ``MEANING`` says what
the outcomes are. Each is appended to ``damage.jsonl`` as it comes, and trials that are
there are not made again, so the program can be stopped at any time. The table goes to
standard output, and to a page with ``--write``.
"""

from __future__ import annotations

import argparse
import os
import pickle
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import scipy.sparse as sp
from damage_files import make, spoil_entry, spoil_file
from trials import Kept

if TYPE_CHECKING:
    from collections.abc import Callable

RESULTS = Path(__file__).with_name("damage.jsonl")
KINDS = ("h5ad-csr", "h5ad-csc", "h5ad-dense", "h5ad-gzip", "zarr2", "zarr3")
MEANING = {
    "right": "scores, and what can be read of the output, are those of the whole file",
    "error": "one clear error, with the exit code of a damaged file or of wrong data",
    "unseen": "the damaged file is valid and holds other values, and the scores are "
    "those of what it holds; nobody can see this, as the format has no checksums",
    "said": "other scores, or an output that anndata does not read, and a warning that "
    "says so",
    "fault": "exit code 1, or another that stands for no such case",
    "crash": "ended by a signal",
    "hang": "over 30 seconds of computing",
    "wrong": "scores that are neither those of the whole nor of the damaged file",
    "unreadable": "an output that anndata does not read, unsaid",
}
GOOD = ("right", "error", "unseen", "said")
BAD = ("fault", "crash", "hang", "wrong", "unreadable")
# Seconds of computing, and of waiting on a machine that does other things, too.
LIMIT, PATIENCE = 30, 900
SIGNATURES = ("tirosh2016_s_phase", "hallmark_hypoxia", "pemt_puram2017")


@dataclass(frozen=True)
class Whole:
    """The file before it is damaged, and what it gives."""

    path: Path
    scores: Any


def in_child(work: Callable[[], Any]) -> tuple[str, Any]:
    """Do something in a copy of this process: how it ended, and what came of it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT))
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(work(), pipe)
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writing)
    deadline = time.monotonic() + PATIENCE
    with os.fdopen(reading, "rb") as pipe:
        os.set_blocking(reading, False)
        content = b""
        while True:
            content += pipe.read() or b""
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                content += pipe.read() or b""
                break
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return "hang", None
            time.sleep(0.005)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        return ("hang" if code == -signal.SIGXCPU else "crash"), code
    return "done", pickle.loads(content) if content else None


def score(path: Path, out: Path) -> tuple[int, str]:
    """Run the command in this process: exit code, and what it said."""
    from dtpscore import _cli

    said = Path(f"{out}.said")
    with said.open("w") as file:
        os.dup2(file.fileno(), 2)
        os.dup2(file.fileno(), 1)
        words = [word for name in SIGNATURES for word in ("--signature", name)]
        try:
            _cli.main(["score", str(path), "-o", str(out), "--overwrite", *words])
        except SystemExit as end:
            sys.stderr.flush()
            return int(end.code or 0), said.read_text(errors="replace")
    return 0, said.read_text(errors="replace")


def read(path: Path) -> ad.AnnData:
    """Read a file as its user would."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ad.read_zarr(path) if path.is_dir() else ad.read_h5ad(path)


def written(out: Path) -> Any:
    """Scores in an output, which is read as a whole; None where it cannot be."""
    try:
        return read(out).obsm["dtp_scores"].to_numpy()
    except Exception:  # noqa: BLE001 - whatever anndata says
        return None


def of_the_damaged(path: Path) -> Any:
    """Scores of what a damaged file holds, if it is valid; None otherwise."""
    import dtpscore as dtp

    try:
        adata = read(path)
        if sp.issparse(adata.X):
            adata.X.check_format(full_check=True)
            rows = adata.X.tocsr(copy=True)
            rows.sort_indices()
            if not rows.has_canonical_format:
                return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dtp.tl.score(adata, list(SIGNATURES))
        return adata.obsm["dtp_scores"].to_numpy()
    except Exception:  # noqa: BLE001 - it is not valid
        return None


def _same(one: Any, other: Any) -> bool:
    return (
        one is not None
        and other is not None
        and one.shape == other.shape
        and np.array_equal(one, other, equal_nan=True)
    )


def trial(whole: Whole, folder: Path, seed: int) -> tuple[str, str]:
    """Damage a copy of a file and score it: the outcome and what was said."""
    rng = random.Random(seed)
    path = folder / whole.path.name
    out = folder / f"out{path.suffix}"
    for old in (path, out):
        shutil.rmtree(old) if old.is_dir() else old.unlink(missing_ok=True)
    (shutil.copytree if whole.path.is_dir() else shutil.copyfile)(whole.path, path)
    spoil = rng.choice((spoil_file, spoil_entry))
    try:
        spoil(path, rng)
    except (ValueError, KeyError, OverflowError, TypeError) as error:
        return "skipped", str(error)
    ended, found = in_child(lambda: score(path, out))
    if ended != "done":
        return ended, str(found)
    code, said = found
    if code in {3, 6}:
        return "error", said
    if code != 0:
        return "fault", said
    ended, scores = in_child(lambda: written(out))
    if ended != "done" or scores is None:
        return ("said" if "does not know" in said else "unreadable"), said
    if _same(scores, whole.scores):
        return "right", said
    ended, expected = in_child(lambda: of_the_damaged(path))
    if ended == "done" and _same(scores, expected):
        return ("said" if "are not there" in said else "unseen"), said
    return "wrong", said


class Place:
    """A folder with a whole file of one kind, and room for its damaged copies."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.folder = folder / kind
        (self.folder / "whole").mkdir(parents=True)
        path = make(kind, self.folder / "whole")
        out = self.folder / f"first{path.suffix}"
        # Once in this process, so that its copies find everything loaded and compiled.
        in_child(lambda: score(path, out))
        self.whole = Whole(path, of_the_damaged(path))
        if not _same(written(out), self.whole.scores):
            msg = f"the whole file {path} is not scored rightly"
            raise RuntimeError(msg)


def run(options: argparse.Namespace, kept: Kept, folder: Path) -> None:
    """Make trials, kind by kind in turn, until there are enough or the time is over."""
    end = time.monotonic() + options.seconds
    places = {kind: Place(kind, folder) for kind in options.kinds}
    waiting = [
        trial
        for trial, row in kept.rows.items()
        if options.again and row["outcome"] in BAD
    ]
    following = [
        (kind, seed)
        for seed in range(options.seed, options.seed + 2 * options.trials)
        for kind in options.kinds
        if (kind, seed) not in kept.rows
    ]
    n_done = Counter(kind for kind, seed in kept.rows if _counts(kept.rows[kind, seed]))
    n_done.subtract(kind for kind, _ in waiting)
    for kind, seed in waiting + following:
        if kind not in places or n_done[kind] >= options.trials:
            continue
        if time.monotonic() > end:
            return
        outcome, said = trial(places[kind].whole, places[kind].folder, seed)
        last = " / ".join(said.strip().splitlines()[-3:])
        kept.add(kind=kind, seed=seed, outcome=outcome, said=last[-600:])
        n_done[kind] += _counts(kept.rows[kind, seed])
        if outcome in BAD:
            print(f"{kind} seed {seed}: {outcome}: {last}", flush=True)


def _counts(row: dict[str, Any]) -> bool:
    # A damage that could not be done, such as to an array that the file has not.
    return row["outcome"] != "skipped"


def table(kept: Kept) -> str:
    """Outcomes by kind of file, in Markdown."""
    names = (*GOOD, *BAD)
    lines = [
        f"| file | trials | {' | '.join(names)} |",
        "|" + " --- |" * (len(names) + 2),
    ]
    count = kept.counts("kind", "outcome")
    for kind in KINDS:
        n = sum(count[kind, name] for name in names)
        if n:
            cells = " | ".join(f"{count[kind, name]:,}" for name in names)
            lines.append(f"| {kind} | {n:,} | {cells} |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run the trials and print the table; 1 where something bad happened."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=200, help="per kind of file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS)
    parser.add_argument("--again", action="store_true", help="make bad trials again")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--write", type=Path, help="also write the table here")
    options = parser.parse_args(arguments)
    kept = Kept(options.results, ("kind", "seed"))
    with tempfile.TemporaryDirectory() as folder:
        run(options, kept, Path(folder))
    text = table(kept)
    print(text)
    if options.write:
        meaning = "\n".join(f"- **{name}**: {what}." for name, what in MEANING.items())
        page = (
            "# Random damage to files of cells\n\n"
            "Each trial damages a small file in one place at random, by "
            f"`damage_files.py`, and scores it.\n\n{text}\n\n{meaning}\n"
        )
        options.write.write_text(page, encoding="utf-8")
    return int(any(row["outcome"] in BAD for row in kept.rows.values()))


if __name__ == "__main__":
    sys.exit(main())
