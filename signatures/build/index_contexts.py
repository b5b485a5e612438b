"""Cells on which an index is judged: persisters and parental cells, and other shifts.

A context of persisters is a line, subclone or patient with persister and parental
cells. Four melanoma lines and three subclones are thinned to cells of 2,000 UMI from
bulk counts (so they are semi-synthetic); three patients with leukemia before and after
chemotherapy are real cells.

A shift that is no persister sets apart untreated cells: two lines on the same plates,
two subclones before any drug, and within a line the third of the cells that divides
least, has most handling stress, or has most interferon response, against the third at
the other end. An index of persisters should not see these.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import anndata as ad
import numpy as np
import real_contrasts
from scipy.stats import rankdata

import dtpscore as dtp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UMI = 2000
N_CELLS = 150
# What sorts the untreated cells of a line, and which end is called shifted.
WITHIN = {
    "cycle": ("tirosh2016_s_phase", "tirosh2016_g2m_phase"),
    "stress": ("dissociation_broad2019",),
    "interferon": ("hallmark_interferon_alpha_response",),
}
LOW_END = frozenset({"cycle"})
LINES = ("H1975", "H2228", "HCC827", "A549", "H838")
FEWEST_CELLS = 60


class Context(NamedTuple):
    """Cells in two parts, which an index tells apart or does not."""

    name: str
    study: str
    tumor: str
    drug: str
    cells: ad.AnnData
    persister: np.ndarray


def auroc(values: np.ndarray, truth: np.ndarray) -> float:
    """Chance that a value of the true part is above one of the other part."""
    n = int(truth.sum())
    ranks = rankdata(values)[truth].sum() - n * (n + 1) / 2
    return float(ranks / (n * (len(truth) - n)))


def _thin(bulk: ad.AnnData) -> ad.AnnData:
    sizes = dict.fromkeys(bulk.obs_names, N_CELLS)
    return dtp.datasets.thin(bulk, depth=UMI, n_cells=sizes, seed=0)


def _thinned(folder: Path, file: str, study: str) -> Iterator[Context]:
    bulk = real_contrasts._read(folder, file)
    bulk = bulk[bulk.obs["condition"].isin(["DTP", "parental"]).to_numpy()].copy()
    for line in sorted(bulk.obs["cell_line"].astype(str).unique()):
        of_line = bulk[(bulk.obs["cell_line"].astype(str) == line).to_numpy()].copy()
        cells = _thin(of_line)
        persister = (cells.obs["true_state"].astype(str) == "DTP").to_numpy()
        yield Context(line, study, "melanoma", "BRAF inhibitor", cells, persister)


def _patients(folder: Path) -> Iterator[Context]:
    cells = real_contrasts._read(folder, "aml_vangalen_paired")
    size = cells.obs["sample"].value_counts()
    cells = cells[cells.obs["sample"].isin(size.index[size >= 50]).to_numpy()].copy()
    for patient in ("AML328", "AML329", "AML707B"):
        one = cells[(cells.obs["patient"].astype(str) == patient).to_numpy()].copy()
        persister = (one.obs["condition"].astype(str) == "residual").to_numpy()
        yield Context(
            patient, "vangalen2019", "leukemia", "chemotherapy", one, persister
        )


def persisters(folder: Path) -> list[Context]:
    """Every context of persisters, in the order of the table."""
    return [
        *_thinned(folder, "bulk_brafi_4lines", "stauffer2024"),
        *_thinned(folder, "bulk_skmel5_timecourse", "hayford2024"),
        *_patients(folder),
    ]


def _untreated(folder: Path) -> dict[str, ad.AnnData]:
    """Cells of each lung line of the library that has all five of them."""
    cells = real_contrasts._read(folder, "sc_mixology_nsclc")
    single = (cells.obs["demuxlet_class"] == "SNG").to_numpy()
    plates = cells.obs["sample"].astype(str).str.contains("5cl").to_numpy()
    cells = cells[single & plates].copy()
    line = cells.obs["cell_line"].astype(str)
    return {
        name: cells[(line == name).to_numpy()].copy()
        for name in LINES
        if (line == name).sum() >= FEWEST_CELLS
    }


def _between(kind: str, parts: dict[str, ad.AnnData]) -> Iterator[Context]:
    for one, other in combinations(parts, 2):
        cells = ad.concat([parts[one], parts[other]])
        first = np.arange(cells.n_obs) < parts[one].n_obs
        yield Context(f"{kind}: {one}, {other}", "", "", "", cells, first)


def _within(line: str, cells: ad.AnnData) -> Iterator[Context]:
    for kind, lists in WITHIN.items():
        bare = ad.AnnData(cells.X, obs=cells.obs[[]], var=cells.var[[]])
        names = list(lists)
        dtp.tl.score(bare, names, method="mean", normalize="log1p", control=True)
        values = bare.obsm["dtp_scores_z"].mean(axis=1).to_numpy()
        low, high = np.quantile(values, [1 / 3, 2 / 3])
        kept = (values <= low) | (values >= high)
        shifted = values <= low if kind in LOW_END else values >= high
        yield Context(f"{kind}: {line}", "", "", "", cells[kept].copy(), shifted[kept])


def no_persisters(folder: Path) -> list[Context]:
    """Every shift that is no persister."""
    lines = _untreated(folder)
    bulk = real_contrasts._read(folder, "bulk_skmel5_timecourse")
    clone = bulk.obs["cell_line"].astype(str)
    parental = (bulk.obs["condition"] == "parental").to_numpy()
    clones = {
        name: _thin(bulk[(clone == name).to_numpy() & parental].copy())
        for name in sorted(clone.unique())
    }
    return [
        *_between("line", lines),
        *_between("subclone", clones),
        *(one for line, cells in lines.items() for one in _within(line, cells)),
    ]
