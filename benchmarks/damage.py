"""Random damage to files of cells: what ``dtpscore score`` makes of it.

    python benchmarks/damage.py --trials 1000
    python benchmarks/damage.py --trials 20 --kinds h5ad-csr zarr3 --seed 7

Each trial copies a small file of cells, damages the copy in one place at random and
scores it in a process of its own. Damages are of two sorts: bytes (a flipped bit, a
block of zeros, of random bytes or of another place, a missing end; for zarr also a
missing file) and entries (one number of the pointers, indices, values, codes or of the
shape, a missing array, a shortened or duplicated array). The outcome is one of

right
    Scores, and what can be read of the output, are those of the whole file.
error
    One clear error, with the exit code of a damaged file or of wrong data.
unseen
    The damaged file is valid and holds other values, and the scores are those of what
    it holds. Nobody can see this: the format has no checksums. Counted apart.
said
    Other scores, or an output that anndata does not read, and a warning that says so.
fault, crash, hang, wrong, unreadable
    What must not happen: exit code 1, a signal, over 30 seconds of computing, scores
    that are neither those of the whole nor of the damaged file, an output that anndata
    does not read.

The table goes to standard output, and to ``damage.md`` with ``--write``.
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
import h5py
import numpy as np
import scipy.sparse as sp

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = ("h5ad-csr", "h5ad-csc", "h5ad-dense", "h5ad-gzip", "zarr2", "zarr3")
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


def make(kind: str, folder: Path) -> Path:
    """Write a small file of cells with everything that such files hold."""
    import dtpscore as dtp

    adata = dtp.datasets.simulate(n_cells=48, n_genes=900, seed=2)
    rng = np.random.default_rng(0)
    adata.layers["other"] = adata.X.copy()
    adata.obsm["X_pca"] = rng.normal(size=(adata.n_obs, 5)).astype(np.float32)
    adata.obsp["near"] = sp.random_array(
        (adata.n_obs, adata.n_obs), density=0.1, format="csr", rng=rng
    )
    adata.uns["colors"] = np.array(["red", "blue"])
    adata.uns["nested"] = {"number": 3, "text": "some"}
    form = "dense" if kind == "h5ad-dense" else "csc" if kind == "h5ad-csc" else "csr"
    adata.X = adata.X.toarray() if form == "dense" else adata.X.asformat(form)
    path = folder / f"whole.{'zarr' if kind.startswith('zarr') else 'h5ad'}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if kind.startswith("zarr"):
            ad.settings.zarr_write_format = int(kind[-1])
            adata.write_zarr(path)
        else:
            compression = "gzip" if kind == "h5ad-gzip" else None
            adata.write_h5ad(path, compression=compression)
    return path


def spoil_bytes(content: bytearray, rng: random.Random) -> bytearray:
    """Damage bytes in one place."""
    if not content:
        return bytearray(b"\x01")
    at = rng.randrange(len(content))
    size = min(rng.choice((1, 8, 64, 512, 4096)), len(content) - at)
    what = rng.choice(("bit", "bit", "zeros", "random", "other", "end"))
    if what == "bit":
        content[at] ^= 1 << rng.randrange(8)
    elif what == "zeros":
        content[at : at + size] = bytes(size)
    elif what == "random":
        content[at : at + size] = rng.randbytes(size)
    elif what == "other":
        start = rng.randrange(len(content) - size + 1)
        content[at : at + size] = content[start : start + size]
    else:
        del content[at:]
    return content


def spoil_file(path: Path, rng: random.Random) -> None:
    """Damage the bytes of an h5ad file, or of one file of a zarr folder."""
    chosen = path
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file())
        chosen = rng.choice(files)
        if rng.random() < 0.2:
            chosen.unlink()
            return
    chosen.write_bytes(spoil_bytes(bytearray(chosen.read_bytes()), rng))


def _one_number(values: np.ndarray, rng: random.Random) -> np.ndarray:
    changed = values.copy()
    flat = changed.reshape(-1)
    at = rng.randrange(flat.size)
    what = rng.choice(("zero", "swap", "far", "negative", "next", "block", "shift"))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if what == "zero":
            flat[at] = 0
        elif what == "swap":
            other = rng.randrange(flat.size)
            flat[at], flat[other] = flat[other], flat[at]
        elif what == "far":
            flat[at] = rng.choice((10**6, 2**31 - 1, 100))
        elif what == "negative":
            flat[at] = -1
        elif what == "next":
            flat[at] += 1
        elif what == "block":
            flat[at : at + rng.choice((2, 10, 100))] = 0
        else:
            flat += np.ones((), flat.dtype)
    return changed


def _length(values: np.ndarray, rng: random.Random) -> np.ndarray:
    n = rng.choice((1, 5, 40))
    what = rng.choice(("short", "long", "late", "early"))
    if what == "short":
        return values[:-n]
    if what == "long":
        return np.concatenate([values, values[-n:]])
    if what == "late":
        return values[n:]
    return np.concatenate([values[:n], values])


def spoil_entry(path: Path, rng: random.Random) -> None:
    """Damage one array, or take it away."""
    if path.is_dir():
        import zarr

        root = zarr.open_group(str(path), mode="r+", use_consolidated=False)
        _spoil_array(root, path, rng)
    else:
        with h5py.File(path, "r+") as file:
            _spoil_array(file, path, rng)


def _spoil_array(root: Any, path: Path, rng: random.Random) -> None:
    matrix = (
        ["X"] if hasattr(root["X"], "shape") else ["X/data", "X/indices", "X/indptr"]
    )
    near = [f"layers/other/{name}" for name in ("data", "indices", "indptr")]
    others = ["obs/condition/codes", "obsm/X_pca", "obsp/near/indptr", "uns/colors"]
    place = rng.choice([*matrix, *matrix, *near, *others])
    if rng.random() < 0.1:
        del root[place]
        return
    if rng.random() < 0.1 and "shape" in root["X"].attrs:
        shape = [int(n) for n in root["X"].attrs["shape"]]
        shape[rng.randrange(2)] += rng.choice((-1, 1, 10**6))
        root["X"].attrs["shape"] = shape
        return
    stored = root[place]
    attributes, values = dict(stored.attrs), stored[...]
    numeric = values.dtype.kind in "iuf"
    change = _one_number if numeric and rng.random() < 0.7 else _length
    changed = change(values, rng)
    del root[place]
    if path.is_dir():
        group, _, name = place.rpartition("/")
        parent = root[group] if group else root
        made = parent.create_array(name, data=changed)
    else:
        made = root.create_dataset(place, data=changed)
    made.attrs.update(attributes)


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


def run(kind: str, n_trials: int, seed: int, folder: Path) -> dict[str, list[Any]]:
    """Outcomes of many trials: seeds and what was said, by outcome."""
    place = folder / kind
    place.mkdir()
    (place / "whole").mkdir()
    path = make(kind, place / "whole")
    out = place / f"first{path.suffix}"
    # Once in this process, so that its copies find everything loaded and compiled.
    _, _ = in_child(lambda: score(path, out))
    whole = Whole(path, of_the_damaged(path))
    if not _same(written(out), whole.scores):
        msg = f"the whole file {path} is not scored rightly"
        raise RuntimeError(msg)
    found: dict[str, list[Any]] = {}
    for number in range(n_trials):
        outcome, said = trial(whole, place, seed + number)
        found.setdefault(outcome, []).append((seed + number, said))
    return found


def table(counts: dict[str, Counter[str]]) -> str:
    """Outcomes by kind of file, in Markdown."""
    names = (*GOOD, *BAD)
    lines = [
        f"| file | trials | {' | '.join(names)} |",
        "|" + " --- |" * (len(names) + 2),
    ]
    for kind, count in counts.items():
        n = sum(count[name] for name in names)
        cells = " | ".join(f"{count[name]:,}" for name in names)
        lines.append(f"| {kind} | {n:,} | {cells} |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run the trials and print the table; 1 where something bad happened."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS)
    parser.add_argument("--write", type=Path, help="also write the table here")
    options = parser.parse_args(arguments)
    counts = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in options.kinds:
            found = run(kind, options.trials, options.seed, Path(folder))
            counts[kind] = Counter({name: len(of) for name, of in found.items()})
            for name in BAD:
                for seed, said in found.get(name, []):
                    last = said.strip().splitlines()[-3:]
                    print(f"{kind} seed {seed}: {name}: {' / '.join(last)}")
            print(table({kind: counts[kind]}), flush=True)
    text = table(counts)
    print(text)
    if options.write:
        options.write.write_text(f"{text}\n", encoding="utf-8")
    return int(any(count[name] for count in counts.values() for name in BAD))


if __name__ == "__main__":
    sys.exit(main())
