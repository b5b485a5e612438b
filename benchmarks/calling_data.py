"""Cells for the benchmark of calls: thinned bulk replicates and real libraries."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np

import dtpscore as dtp
from dtpscore._calling import features
from dtpscore._calling.panel import Panel, choose
from dtpscore._values import judge

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = ("A375", "SKMEL5", "SKMEL28", "WM88")
SUBCLONES = ("SKMEL5_SC01", "SKMEL5_SC07", "SKMEL5_SC10")
N_PARENTAL, N_PERSISTER = 400, 220
N_REFERENCE, N_QUERY = 300, 400


def folder() -> Path:
    """Folder of the data sets."""
    named = os.environ.get("DTPSCORE_DATA_DIR")
    here = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(named) if named else here


def read(name: str) -> ad.AnnData:
    """One data set by name."""
    return ad.read_h5ad(folder() / f"{name}.h5ad")


def pool(
    context: str, umi: int, seed: int = 0, n_parental: int = N_PARENTAL
) -> ad.AnnData:
    """Thinned cells of every parental and persister replicate of one context."""
    name = "bulk_skmel5_timecourse" if context in SUBCLONES else "bulk_brafi_4lines"
    bulk = read(name)
    keep = (bulk.obs["cell_line"] == context) & (bulk.obs["condition"] != "treated")
    bulk = bulk[keep.to_numpy()].copy()
    sizes = {
        row: n_parental if state == "parental" else N_PERSISTER
        for row, state in bulk.obs["condition"].items()
    }
    return dtp.datasets.thin(bulk, depth=umi, n_cells=sizes, seed=seed)


def score(adata: ad.AnnData, panel: Panel | None = None) -> features.Features:
    """Features of a call, depth left as it is."""
    return features.compute(
        adata.X,
        list(adata.var_names),
        panel or choose(),
        species="human",
        normalize=judge(adata.X).normalize,
    )


@dataclass(frozen=True, eq=False)
class Run:
    """Reference from two replicates, query from the third.

    Attributes
    ----------
    label
        Context and held-out replicate.
    rows
        Rows of the pool.
    reference, truth
        Reference cells, and persisters among the query.
    sample
        Library of each cell.
    """

    label: str
    rows: np.ndarray
    reference: np.ndarray
    truth: np.ndarray
    sample: np.ndarray


def held_out_runs(
    cells: ad.AnnData, share: float, seed: int, n_reference: int = N_REFERENCE
) -> Iterator[Run]:
    """One run a replicate: the query is drawn from it, persisters and all."""
    rng = np.random.default_rng(seed)
    replicate = cells.obs["replicate"].astype(str).to_numpy()
    state = cells.obs["true_state"].astype(str).to_numpy()
    line = str(cells.obs["cell_line"].iloc[0])
    names = np.unique(replicate)
    for held in names:
        persisters = rng.permutation(
            np.flatnonzero((replicate == held) & (state == "DTP"))
        )[: round(N_QUERY * share)]
        n_parental = N_QUERY - round(N_QUERY * share)
        parts, samples, truth = [], [], []
        for name in [*names[names != held], held]:
            rows = rng.permutation(
                np.flatnonzero((replicate == name) & (state == "parental"))
            )
            size = n_parental if name == held else n_reference
            parts.append(rows[:size])
            samples += [name] * size
            truth += [False] * size
        parts.append(persisters)
        samples += [held] * len(persisters)
        truth += [True] * len(persisters)
        sample = np.unique(samples, return_inverse=True)[1]
        yield Run(
            label=f"{line} {held}",
            rows=np.concatenate(parts),
            reference=np.array(samples) != held,
            truth=np.array(truth),
            sample=sample,
        )
