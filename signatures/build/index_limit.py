"""How well a list of genes can point at persisters in contexts it has not seen.

Run ``python signatures/build/index_limit.py FOLDER`` with the folder of the real data
sets. It prints the table of ``signatures/README.md``: AUROC of persister against
parental cells of one context, over contexts, for the shipped index, for an index of
published and measured contrasts that is made without the tumor type of the context, for
inverse proliferation, and for the single lists with the best median and the best lowest
value, which are chosen after the fact.

The index made anew follows the rule of ``consensus.py`` with one more vote per measured
study, which says that a gene goes up where its log2 change exceeds 0.5 in the same
direction in three of four of its lines. Studies of the tumor type of the context have
no vote. The shipped index has no vote from melanoma either; one of its votes is of AML.

Contexts are four melanoma lines and three subclones, thinned to cells of 2,000 UMI from
bulk counts (so they are semi-synthetic), and three patients with leukemia before and
after chemotherapy (real cells).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import anndata as ad
import consensus
import numpy as np
import pandas as pd
import real_contrasts
from scipy.stats import rankdata

import dtpscore as dtp
from dtpscore import signatures as library

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dtpscore.signatures import Signature

UMI = 2000
N_CELLS = 150
MIN_CHANGE = 0.5
MIN_SHARE = 0.75
INDEX = "dtp_consensus_no_cycle"
INVERSE = "hallmark_e2f_targets"


class Context(NamedTuple):
    """Persister and parental cells of one line or patient."""

    name: str
    study: str
    tumor: str
    cells: ad.AnnData
    persister: np.ndarray


def _thinned(folder: Path, file: str, study: str) -> Iterator[Context]:
    bulk = real_contrasts._read(folder, file)
    bulk = bulk[bulk.obs["condition"].isin(["DTP", "parental"]).to_numpy()].copy()
    for line in sorted(bulk.obs["cell_line"].astype(str).unique()):
        of_line = bulk[(bulk.obs["cell_line"].astype(str) == line).to_numpy()].copy()
        sizes = dict.fromkeys(of_line.obs_names, N_CELLS)
        cells = dtp.datasets.thin(of_line, depth=UMI, n_cells=sizes, seed=0)
        persister = (cells.obs["true_state"].astype(str) == "DTP").to_numpy()
        yield Context(line, study, "melanoma", cells, persister)


def _patients(folder: Path) -> Iterator[Context]:
    cells = real_contrasts._read(folder, "aml_vangalen_paired")
    size = cells.obs["sample"].value_counts()
    cells = cells[cells.obs["sample"].isin(size.index[size >= 50]).to_numpy()].copy()
    for patient in ("AML328", "AML329", "AML707B"):
        one = cells[(cells.obs["patient"].astype(str) == patient).to_numpy()].copy()
        persister = (one.obs["condition"].astype(str) == "residual").to_numpy()
        yield Context(patient, "vangalen2019", "leukemia", one, persister)


def contexts(folder: Path) -> list[Context]:
    """Every context, in the order of the table."""
    return [
        *_thinned(folder, "bulk_brafi_4lines", "stauffer2024"),
        *_thinned(folder, "bulk_skmel5_timecourse", "hayford2024"),
        *_patients(folder),
    ]


def _changes(context: Context) -> pd.Series:
    """Log2 change of the mean, persister against parental, of detected genes."""
    counts = context.cells.X
    halves = []
    for half in (context.persister, ~context.persister):
        total = np.asarray(counts[half].sum(axis=0)).ravel()
        halves.append(np.log2(total / total.sum() * 1e6 + 5))
    return pd.Series(halves[0] - halves[1], index=context.cells.var_names)


def measured_votes(seen: list[Context]) -> tuple[set[str], set[str]]:
    """Genes that go up and down in enough contexts of one study."""
    table = pd.concat([_changes(context) for context in seen], axis=1)
    up = (table > MIN_CHANGE).mean(axis=1) >= MIN_SHARE
    down = (table < -MIN_CHANGE).mean(axis=1) >= MIN_SHARE
    return set(table.index[up]), set(table.index[down])


def anew(held_out: Context, every: list[Context]) -> tuple[list[str], list[str]]:
    """Genes of an index without any contrast of the tumor type held out."""
    lists = []
    for label, names in consensus.VOTES.items():
        contrast = [library.load(name).genes for name in names]
        leukemia = held_out.tumor == "leukemia" and label == "Duy AML"
        if not leukemia:
            up = set().union(*(genes.up for genes in contrast))
            down = set().union(*(genes.down for genes in contrast))
            lists.append((up - down, down - up))
    for study in dict.fromkeys(context.study for context in every):
        seen = [c for c in every if c.study == study and c.tumor != held_out.tumor]
        if seen:
            lists.append(measured_votes(seen))
    out = consensus.nuisance()
    found = []
    for way in (0, 1):
        genes = set().union(*(one[way] for one in lists))
        found.append(
            sorted(
                gene
                for gene in genes - out
                if sum(gene in one[way] for one in lists) >= consensus.MIN_VOTES
                and not any(gene in one[1 - way] for one in lists)
            )
        )
    return found[0], found[1]


def auroc(values: np.ndarray, truth: np.ndarray) -> float:
    """Chance that a persister scores above a parental cell."""
    n = int(truth.sum())
    ranks = rankdata(values)[truth].sum() - n * (n + 1) / 2
    return float(ranks / (n * (len(truth) - n)))


def _lists() -> list[Signature]:
    table = library.available()
    kept = table["use"].isin(["default", "optional"]) & (
        table["axis"] != "published_contrasts"
    )
    return [library.load(str(name)) for name in table.index[kept]]


def limits(folder: Path) -> pd.DataFrame:
    """AUROC (lists, contexts)."""
    every = contexts(folder)
    lists = _lists()
    found = {}
    for context in every:
        up, down = anew(context, every)
        own = library.load(INDEX).model_copy(
            update={
                "name": "made anew without the tumor type",
                "genes": dtp.signatures.Genes(up=tuple(up), down=tuple(down)),
            }
        )
        cells = context.cells
        bare = ad.AnnData(cells.X, obs=cells.obs[[]], var=cells.var[[]])
        scored = [*lists, own]
        dtp.tl.score(bare, scored, method="mean", normalize="log1p", control=True)
        z = bare.obsm["dtp_scores_z"]
        found[context.name] = pd.Series(
            {
                name: auroc(z[name].to_numpy(), context.persister)
                for name in z.columns
                if z[name].notna().all()
            }
        )
    return pd.DataFrame(found)


def table(folder: Path) -> str:
    """Markdown of the table."""
    found = limits(folder)
    found.loc[f"inverse {INVERSE}"] = 1 - found.loc[INVERSE]
    shown = [INDEX, "made anew without the tumor type", f"inverse {INVERSE}"]
    single = found.drop(index=shown).dropna()
    best = single.median(axis=1).idxmax()
    steady = single.min(axis=1).idxmax()
    lines = [f"| List | {' | '.join(found.columns)} | Median | Lowest |"]
    lines.append("|" + "---|" * (found.shape[1] + 3))
    for name in dict.fromkeys([*shown, best, steady]):
        values = found.loc[name]
        cells = [f"{value:.2f}" for value in [*values, values.median(), values.min()]]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ["DTPSCORE_DATA_DIR"]
    sys.stdout.write(f"{table(Path(given))}\n")
