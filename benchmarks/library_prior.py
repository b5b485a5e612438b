"""Measure how much replicate libraries of public experiments differ.

    python benchmarks/library_prior.py            prints the table, and a check of it
    python benchmarks/library_prior.py --write    writes it where the package reads it

The check asks of every library whether it moved against the others of its group, which
none has, with what the other studies say as the prior, and calls its cells.

Each group is one state of one line in one experiment, with two or more libraries. The
features are those of a call (control-matched z-scores of the signatures of persister
mechanisms), in standard deviations of the cells of a library. Bulk replicates
are made cells of 3,000 transcripts, with the cell-cycle positions, dispersions and
latent structure of `stress_population.py`, so that the unit is that of cells with the
structure of real ones.

How much libraries differ along the direction that a call learns is measured where a
study has the same line in another state: the replicates of one state are the
reference, those of the other are called, and the variance is that of the held-out
reference libraries.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

sys.path.insert(0, str(Path(__file__).parent))

from calling_data import read, score
from library_check import (
    FEWEST_CELLS,
    call_libraries,
    check,
    false_calls,
    with_arms,
)
from stress_population import fit_population

import dtpscore
from dtpscore._statistics.moderated import fit_prior, typical_variance

if TYPE_CHECKING:
    from collections.abc import Iterator

TARGET = Path(dtpscore.__file__).parent / "_statistics" / "library_prior.toml"
SOURCES = {
    "stauffer2024": "github.com/QuLab-VU/Stauffer_et_al_2024",
    "hayford2024": "github.com/SysBioCollab-UArk/Hayford_Melanoma_2024",
    "tian2019": "GSE118767",
    "gse134839": "GSE134839",
}
_DEPTH, _N_CELLS = 3000, 250


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
    contrast
        Two states to learn a direction from, the reference first; None where the study
        has one state.
    """

    study: str
    name: str
    kind: str
    cells: ad.AnnData
    library: np.ndarray
    contrast: tuple[Group, Group] | None = None


def thinned(bulk: ad.AnnData, seed: int) -> tuple[ad.AnnData, np.ndarray]:
    """Cells of each replicate: its profile, and the structure of real H1975 cells."""
    population = fit_population()
    rng = np.random.default_rng(seed)
    own = np.asarray(bulk[:, population.genes].X.todense(), dtype=float)
    # A gene that a replicate lacks has half a count.
    profiles = np.log(np.maximum(own, 0.5))
    shape = 1 / population.dispersion
    drawn = []
    for one in profiles:
        place = rng.integers(len(population.cycle), size=_N_CELLS)
        logs = one + population.cycle[place] @ population.cycle_loading
        latent = rng.normal(size=(_N_CELLS, len(population.latent_loading)))
        rates = np.exp(logs + latent @ population.latent_loading)
        rates /= rates.sum(axis=1, keepdims=True)
        drawn.append(
            rng.poisson(_DEPTH * rates * rng.gamma(shape, 1 / shape, rates.shape))
        )
    cells = ad.AnnData(
        X=sp.csr_matrix(np.vstack(drawn).astype(np.float32)),
        var=pd.DataFrame(index=population.genes),
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
        made = {}
        for seed, one in enumerate(label.unique()):
            own = bulk[(label == one).to_numpy()].copy()
            made[one] = Group(study, one, "bulk replicates", *thinned(own, seed))
        for one, group in made.items():
            line, state = one.split()
            other = "DTP" if state == "parental" else "parental"
            yield replace(group, contrast=(group, made[f"{line} {other}"]))


def cell_groups() -> Iterator[Group]:
    """Real libraries of one state that were made apart."""
    cells = read("sc_mixology_nsclc")
    plate = cells.obs["sample"].astype(str)
    keep = plate.str.contains("5cl") & (cells.obs["demuxlet_class"] == "SNG")
    cells, plate = cells[keep.to_numpy()].copy(), plate[keep].to_numpy()
    line = cells.obs["cell_line"].astype(str).to_numpy()
    lines = [
        Group(
            "tian2019",
            f"{name} on plates",
            "single cells",
            cells[line == name].copy(),
            plate[line == name],
        )
        for name in ("A549", "H838")
    ]
    every = Group("tian2019", "five lines on plates", "single cells", cells, plate)
    yield replace(every, contrast=(lines[0], lines[1]))
    wells = read("sc_mixology_cellmix")
    plate = wells.obs["sample"].astype(str).to_numpy()
    yield Group("tian2019", "mixed wells on plates", "single cells", wells, plate)
    persisters = read("pc9_erlotinib_d11")
    library = persisters.obs["sample"].astype(str).to_numpy()
    yield Group("gse134839", "PC9 DTP", "single cells", persisters, library)


@dataclass(frozen=True, eq=False)
class Measured:
    """Means of the libraries of a group.

    Attributes
    ----------
    group
        Where they are from.
    means
        Libraries x features, in SD of the cells of a library.
    cells
        Median number of cells of a library.
    """

    group: Group
    means: pd.DataFrame
    cells: int

    @property
    def freedom(self) -> int:
        """Degrees of freedom between the libraries."""
        return len(self.means) - 1


def library_means(group: Group) -> Measured:
    """Means of the libraries of a group that have enough cells."""
    found = score(group.cells)
    names, sizes = np.unique(group.library, return_counts=True)
    names, sizes = names[sizes >= FEWEST_CELLS], sizes[sizes >= FEWEST_CELLS]
    parts = [np.asarray(found.values)[group.library == one] for one in names]
    spread = np.sqrt(np.mean([part.var(axis=0, ddof=1) for part in parts], axis=0))
    means = np.array([part.mean(axis=0) for part in parts])
    means = np.where(spread > 0, means / np.where(spread > 0, spread, 1.0), np.nan)
    frame = pd.DataFrame(means, columns=found.names)
    return Measured(group, frame, int(np.median(sizes)))


def along_variance(group: Group) -> float:
    """Variance of held-out libraries along the direction to the other state."""
    parts = []
    for arm, one in zip(("reference", "other"), group.contrast, strict=True):
        library = [f"{arm} {name}" for name in one.library]
        parts.append(with_arms(one, np.repeat(arm, len(library)), library))
    found = call_libraries(ad.concat(parts), group)
    return float(found.uns["dtp_call"]["calibration"]["library_sd"].iloc[0]) ** 2


def variances(found: Measured) -> np.ndarray:
    """Variance between libraries of each feature, the part of the cells included."""
    values = found.means.var(axis=0, ddof=1).to_numpy()
    return values[np.isfinite(values)]


def feature_freedom(measured: list[Measured]) -> float:
    """How alike the features of one group are: median over groups of the freedom."""
    fits = [fit_prior(variances(one), one.freedom) for one in measured]
    return float(np.median([min(one.freedom, 100.0) for one in fits]))


def held_out_squares(one: Measured) -> float:
    """How well the other libraries of a group foretell the size of a library effect.

    For each library, the squared log of two mean squares over features: of its distance
    from the other libraries, and of their distances among themselves, each over what it
    would be on average. The sum over the libraries; 0 with two libraries.
    """
    means = one.means.dropna(axis=1).to_numpy()
    if one.freedom < 2:
        return 0.0
    total = 0.0
    for held in range(len(means)):
        others = np.delete(means, held, axis=0)
        own = (means[held] - others.mean(axis=0)) ** 2 / (1 + 1 / len(others))
        total += np.log(own.mean() / others.var(axis=0, ddof=1).mean()) ** 2
    return float(total)


def table(measured: list[Measured]) -> str:
    """Everything the package reads, as TOML."""
    freedom = feature_freedom(measured)
    text = [
        "# How much the replicate libraries of public experiments differ. The variance",
        "# is that of the means of libraries, in squared standard deviations of their",
        "# cells. Made by benchmarks/library_prior.py, which says how.",
        "",
        f"feature_freedom = {freedom:.1f}",
    ]
    for one in measured:
        own = variances(one)
        row = {
            "study": one.group.study,
            "source": SOURCES[one.group.study],
            "name": one.group.name,
            "kind": one.group.kind,
            "libraries": one.freedom + 1,
            "cells": one.cells,
            "features": len(own),
            "variance": float(f"{typical_variance(own, one.freedom, freedom):.3g}"),
            "mean_variance": float(f"{own.mean():.3g}"),
            "held_out_squares": float(f"{held_out_squares(one):.3g}"),
        }
        if one.group.contrast is not None:
            row["along_variance"] = float(f"{along_variance(one.group):.3g}")
        text += ["", "[[group]]"]
        for name, value in row.items():
            quoted = f'"{value}"' if isinstance(value, str) else value
            text.append(f"{name} = {quoted}")
    return "\n".join(text) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    groups = chain(bulk_groups(), cell_groups())
    measured = [library_means(group) for group in groups]
    text = table(measured)
    if options.write:
        TARGET.write_text(text, "utf-8")
    print(text)
    print(check(measured).to_string())
    calls = false_calls(one.group for one in measured)
    print(calls.groupby("study")["called"].agg(["size", "mean", "max"]).round(3))
    print(calls[calls["called"] > 0].to_string(index=False))


if __name__ == "__main__":
    main()
