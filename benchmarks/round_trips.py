"""Score random AnnData through files: everything else comes out as it went in.

    python benchmarks/round_trips.py --trials 100 --write benchmarks/round_trips.md

The objects are those that anndata makes for its own tests (frames, arrays, sparse and
awkward arrays in every slot, categories, missing values, nested ``uns``), with raw,
layers and names in many scripts added at random. Each is written, scored by the command
line, and read again; what is not a result must be equal in every slot, and the file
that was read must have the bytes it had. What was found is appended to
``round_trips.jsonl`` as it comes, and trials that are there are not made again.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import random
import shutil
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata.compat import AwkArray
from anndata.tests.helpers import assert_equal, gen_adata
from kills import content
from trials import Kept, table

import dtpscore as dtp
from dtpscore import _cli

RESULTS = Path(__file__).with_name("round_trips.jsonl")
KINDS = ("h5ad", "zarr2", "zarr3")
SIGNATURE = "tirosh2016_s_phase"
# Of those that anndata makes, all but the frames of xarray.
TYPES = (sp.csr_matrix, np.ndarray, pd.DataFrame, sp.csr_array, AwkArray)
SCRIPTS = ("naïve", "клетка", "细胞", "خلية", "κύτταρο", "🧬", "a b", "a-b.c")


def make(seed: int) -> ad.AnnData:
    """One random object with genes of a signature."""
    rng = random.Random(seed)
    numbers = np.random.default_rng(seed)
    genes = dtp.signatures.load(SIGNATURE).genes.up
    shape = (rng.randrange(5, 40), len(genes) + rng.randrange(1, 30))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adata = gen_adata(
            shape,
            X_type=rng.choice((sp.csr_matrix, sp.csc_matrix, np.asarray)),
            X_dtype=np.float32,
            obsm_types=TYPES,
            varm_types=TYPES,
            random_state=numbers,
        )
    counts = numbers.poisson(1.0, shape).astype(np.float32)
    adata.X = counts if isinstance(adata.X, np.ndarray) else type(adata.X)(counts)
    adata.var_names = [*genes, *(f"GENE{n}" for n in range(shape[1] - len(genes)))]
    adata.obs_names = [
        f"{rng.choice(SCRIPTS)}_{number}" for number in range(adata.n_obs)
    ]
    adata.obs[rng.choice(SCRIPTS)] = pd.array([None, *range(shape[0] - 1)], "Int64")
    adata.obs["flag"] = pd.array([None, *[True] * (shape[0] - 1)], "boolean")
    adata.uns[rng.choice(SCRIPTS)] = {"deep": {"deeper": np.arange(3), "text": "é"}}
    if rng.random() < 0.5:
        adata.raw = adata.copy()
    return adata


def write(adata: ad.AnnData, kind: str, folder: Path) -> Path:
    """Write the object in one of the formats."""
    path = folder / ("in.h5ad" if kind == "h5ad" else "in.zarr")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if kind == "h5ad":
            adata.write_h5ad(path, compression=random.Random(0).choice((None, "gzip")))
        else:
            ad.settings.zarr_write_format = int(kind[-1])
            adata.write_zarr(path)
    return path


def read(path: Path) -> Any:
    """Read a file as its user would."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ad.read_zarr(path) if path.is_dir() else ad.read_h5ad(path)


def without_results(adata: ad.AnnData) -> ad.AnnData:
    """Take the results away."""
    for slot in (adata.obs, adata.obsm, adata.uns):
        for name in [one for one in slot if str(one).startswith("dtp_")]:
            del slot[name]
    return adata


def trial(seed: int, kind: str, folder: Path) -> str:
    """One object through one format: what was found."""
    for old in folder.iterdir():
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    try:
        path = write(make(seed), kind, folder)
        expected = read(path)
    except Exception as error:  # noqa: BLE001 - anndata itself cannot
        return f"anndata cannot: {type(error).__name__}"
    before, out = content(path), folder / f"out{path.suffix}"
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        try:
            _cli.main(["score", str(path), "-o", str(out), "--signature", SIGNATURE])
        except SystemExit as end:
            if end.code:
                return f"exit {end.code}: {said.getvalue()[-200:]}"
    if content(path) != before:
        return "input changed"
    found = read(out)
    if SIGNATURE not in found.obsm["dtp_scores"]:
        return "no scores"
    try:
        assert_equal(without_results(found), expected, exact=True)
    except AssertionError as error:
        return f"differs: {str(error)[-200:]}"
    return "equal"


def main(arguments: list[str] | None = None) -> int:
    """Run the trials and print the table; 1 where something differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=100, help="per kind of file")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS)
    parser.add_argument("--again", action="store_true", help="make unequal ones again")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--write", type=Path, help="also write the table here")
    options = parser.parse_args(arguments)
    kept = Kept(options.results, ("kind", "seed"))
    end = time.monotonic() + options.seconds
    with tempfile.TemporaryDirectory() as folder:
        for seed, kind in itertools.product(range(options.trials), options.kinds):
            before = kept.rows.get((kind, seed), {}).get("found")
            if before == "equal" or (before and not options.again):
                continue
            if time.monotonic() > end:
                break
            found = trial(seed, kind, Path(folder))
            kept.add(kind=kind, seed=seed, found=found)
            if found != "equal":
                print(f"{kind} seed {seed}: {found}", flush=True)
    text = table(("file", "found"), kept.counts("kind", "found"))
    print(text)
    if options.write:
        page = f"# Random objects through files\n\n{text}\n"
        options.write.write_text(page, encoding="utf-8")
    return int(any(row["found"] != "equal" for row in kept.rows.values()))


if __name__ == "__main__":
    sys.exit(main())
