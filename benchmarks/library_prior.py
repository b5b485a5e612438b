"""Measure how much replicate libraries of public experiments differ.

    python benchmarks/library_prior.py            prints the table
    python benchmarks/library_prior.py --write    writes it where the package reads it

Each group is one state of one line in one experiment, with two or more libraries. The
features are those of a call (control-matched z-scores of the signatures of persister
mechanisms), in standard deviations of the cells of a library. The variance between
libraries is that of their means, less what the number of cells makes. Bulk replicates
are thinned to cells of 3,000 transcripts by a draw of this file; they have no structure
within a replicate, so that their unit is smaller than that of real cells and their
variance, in that unit, larger.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

sys.path.insert(0, str(Path(__file__).parent))

from calling_data import read, score

import dtpscore

if TYPE_CHECKING:
    from collections.abc import Iterator

TARGET = Path(dtpscore.__file__).parent / "_statistics" / "library_prior.toml"
_DEPTH, _DISPERSION, _N_CELLS = 3000, 0.3, 250
_FEWEST_CELLS = 40


@dataclass(frozen=True, eq=False)
class Group:
    """Cells of the replicate libraries of one state.

    Attributes
    ----------
    study, name, kind
        Where they are from; ``bulk replicates`` or ``single cells``.
    cells
        Counts.
    library
        Library of each cell.
    """

    study: str
    name: str
    kind: str
    cells: ad.AnnData
    library: np.ndarray


def thinned(bulk: ad.AnnData, seed: int) -> tuple[ad.AnnData, np.ndarray]:
    """Cells of each replicate: gamma-Poisson draws around its profile."""
    rng = np.random.default_rng(seed)
    counts = np.asarray(bulk.X.todense(), dtype=float)
    profiles = counts / counts.sum(axis=1, keepdims=True)
    shape = (_N_CELLS, bulk.n_vars)
    drawn = [
        rng.poisson(_DEPTH * one * rng.gamma(1 / _DISPERSION, _DISPERSION, shape))
        for one in profiles
    ]
    cells = ad.AnnData(
        X=sp.csr_matrix(np.vstack(drawn).astype(np.float32)),
        var=pd.DataFrame(index=list(bulk.var_names)),
    )
    return cells, np.repeat(np.arange(bulk.n_obs), _N_CELLS)


def bulk_groups() -> Iterator[Group]:
    """Parental, treated and persister replicates of the melanoma lines."""
    sets = {
        "stauffer2024": "bulk_brafi_4lines",
        "hayford2024": "bulk_skmel5_timecourse",
    }
    for study, name in sets.items():
        bulk = read(name)
        bulk.var_names = [gene.replace(".", "-") for gene in bulk.var_names]
        bulk.var_names_make_unique()
        label = (
            bulk.obs["cell_line"].astype(str) + " " + bulk.obs["condition"].astype(str)
        )
        for seed, one in enumerate(label.unique()):
            own = bulk[(label == one).to_numpy()].copy()
            yield Group(study, one, "bulk replicates", *thinned(own, seed))


def cell_groups() -> Iterator[Group]:
    """Real libraries of one state that were made apart."""
    cells = read("sc_mixology_nsclc")
    plate = cells.obs["sample"].astype(str)
    keep = plate.str.contains("5cl") & (cells.obs["demuxlet_class"] == "SNG")
    cells, plate = cells[keep.to_numpy()].copy(), plate[keep].to_numpy()
    yield Group("tian2019", "five lines on plates", "single cells", cells, plate)
    wells = read("sc_mixology_cellmix")
    plate = wells.obs["sample"].astype(str).to_numpy()
    yield Group("tian2019", "mixed wells on plates", "single cells", wells, plate)
    persisters = read("pc9_erlotinib_d11")
    library = persisters.obs["sample"].astype(str).to_numpy()
    yield Group("gse134839", "PC9 DTP", "single cells", persisters, library)


def library_means(group: Group) -> tuple[np.ndarray, np.ndarray]:
    """Means of the libraries in SD of their cells, and number of cells."""
    values = score(group.cells).values
    names, sizes = np.unique(group.library, return_counts=True)
    names, sizes = names[sizes >= _FEWEST_CELLS], sizes[sizes >= _FEWEST_CELLS]
    parts = [values[group.library == one] for one in names]
    spread = np.sqrt(np.mean([part.var(axis=0, ddof=1) for part in parts], axis=0))
    known = spread > 0
    means = np.array([part.mean(axis=0) for part in parts])
    means = np.where(known, means / np.where(known, spread, 1.0), np.nan)
    return means, sizes


def measure(group: Group) -> tuple[dict[str, object], np.ndarray]:
    """Row of the table, and the variance of every feature."""
    means, sizes = library_means(group)
    chance = float(np.mean(1 / sizes))
    features = means.var(axis=0, ddof=1) - chance
    return {
        "study": group.study,
        "name": group.name,
        "kind": group.kind,
        "libraries": len(sizes),
        "cells": int(np.median(sizes)),
        "features": int(np.isfinite(features).sum()),
        "variance": round(float(np.nanmean(features)), 5),
        "variance_median": round(float(np.nanmedian(features)), 5),
    }, means - means.mean(axis=0)


def effective(residuals: list[np.ndarray]) -> tuple[float, int]:
    """Independent features of library effects, chance correlation taken off.

    Chance adds (features^2 / degrees of freedom) to the sum of squared correlations.
    """
    scaled = [one / np.sqrt(np.nanmean(one**2)) for one in residuals]
    freedom = sum(len(one) - 1 for one in scaled)
    matrix = np.vstack(scaled)
    matrix = matrix[:, np.isfinite(matrix).all(axis=0)]
    matrix = matrix / np.sqrt((matrix**2).sum(axis=0) / freedom)
    correlation = matrix.T @ matrix / freedom
    n = len(correlation)
    squares = float((correlation**2).sum()) - n * (n - 1) / freedom
    return n**2 / max(squares, n), n


def written(rows: list[dict[str, object]], n_effective: float) -> str:
    """The table as TOML."""
    text = [
        "# How much replicate libraries of public experiments differ, in squared standard",
        "# deviations of the cells of a library. Made by benchmarks/library_prior.py.",
        "",
        f"effective_features = {n_effective:.1f}",
    ]
    for row in rows:
        text += ["", "[[group]]"]
        for name, value in row.items():
            text.append(
                f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}"
            )
    return "\n".join(text) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    rows, residuals = [], []
    for groups in (bulk_groups(), cell_groups()):
        for group in groups:
            row, residual = measure(group)
            rows.append(row)
            residuals.append(residual)
            print(row, flush=True)
    bulk = [
        one
        for one, row in zip(residuals, rows, strict=True)
        if row["study"] == "stauffer2024"
    ]
    n_effective, n = effective(bulk)
    print(f"{n_effective:.1f} effective features of {n}")
    if options.write:
        TARGET.write_text(written(rows, n_effective), "utf-8")


if __name__ == "__main__":
    main()
