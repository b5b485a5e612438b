"""Whole-sample moves in the simulator: the tests that the caller could use next.

    python benchmarks/stress_moves.py --runs 14      about 40 minutes on a busy core

Nothing here goes through ``tl.call``: the features of simulated cells are averaged per
sample and tested by `whole_move` and `moderated_move`. Smaller designs are parts of a
simulated experiment of 6 untreated and 3 treated libraries. The public prior is made
without the study of the context.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))

from calling_data import score
from stress_designs import arms
from stress_population import CONTEXTS, SUBCLONES
from stress_simulator import Setting, simulate
from stress_table import exact

from dtpscore._statistics.contrast import arm_contrast
from dtpscore._statistics.moderated import borrowed_prior
from dtpscore._statistics.moves import moderated_move, whole_move
from dtpscore._statistics.public_libraries import public_libraries

if TYPE_CHECKING:
    import anndata as ad

ALPHA = 0.05
SDS = (0.1, 0.2)
PARTS = ((1, 1), (2, 1), (3, 1), (6, 1), (2, 2), (3, 3), (6, 3))
SIZES = (((6, 80), (1, 800)), ((3, 100), (1, 1000)), ((2, 300), (1, 150)))


def sample_means(adata: ad.AnnData) -> tuple[np.ndarray, np.ndarray]:
    """Means of the samples in SD of the cells of a sample, and which are treated."""
    found = score(adata)
    values = np.asarray(found.values)
    sample = adata.obs["sample"].astype(str).to_numpy()
    names = list(dict.fromkeys(sample))
    parts = [values[sample == one] for one in names]
    # Every sample counts once in the unit as well.
    unit = np.sqrt(np.mean([part.var(axis=0) for part in parts], axis=0))
    means = np.array([part.mean(axis=0) for part in parts])[:, unit > 0]
    treated = np.array([one.startswith("treated") for one in names])
    return means / unit[unit > 0], treated


def tested(means: np.ndarray, treated: np.ndarray, studies: list[str]) -> list[dict]:
    """Both tests, with the experiment alone and with public libraries."""
    public = public_libraries(studies)
    found = arm_contrast(means, treated, (-1, 1))
    rows = []
    for name, whole, level in (
        ("experiment alone", None, None),
        ("with public libraries", public.whole, public.level),
    ):
        if found.freedom == 0 and whole is None:
            continue
        move = whole_move(means, treated, independent=public.independent, prior=whole)
        prior = borrowed_prior(
            found.variance,
            found.freedom,
            feature_freedom=public.feature_freedom,
            independent=public.independent,
            public=level,
        )
        limit = found.freedom * public.independent + (level.freedom if level else 0.0)
        each = moderated_move(means, treated, prior=prior, most_freedom=limit).pvalue
        rows.append(
            {
                "prior": name,
                "pvalue": move.pvalue,
                "size": move.size,
                "features": (each <= ALPHA).mean(),
                "any": (each <= ALPHA / len(each)).any(),
            }
        )
    return rows


def parts_of(
    means: np.ndarray, treated: np.ndarray, studies: list[str]
) -> list[dict[str, object]]:
    """Tests of the smaller designs within an experiment of 6 + 3."""
    before, after = np.flatnonzero(~treated), np.flatnonzero(treated)
    rows = []
    for n, m in PARTS:
        keep = np.r_[before[:n], after[:m]]
        found = tested(means[keep], treated[keep], studies)
        rows += [{"design": f"{n} + {m}", **row} for row in found]
    return rows


def power_run(run: int) -> list[dict[str, object]]:
    """Every treated cell is a persister."""
    context = CONTEXTS[run % len(CONTEXTS)]
    setting = Setting(library_sd=SDS[(run // len(CONTEXTS)) % 2], context=context)
    libraries = arms((6, 200), (3, 200), persisters=1.0)
    means = sample_means(simulate(libraries, setting, seed=7000 + run))
    study = "hayford2024" if context in SUBCLONES else "stauffer2024"
    rows = parts_of(*means, [study])
    return [{"kind": "power", "context": context, **row} for row in rows]


def null_run(run: int) -> list[dict[str, object]]:
    """Exchangeable libraries, of one size and of the sizes that go wrong today."""
    setting = Setting(library_sd=SDS[run % 2])
    libraries = arms((6, 200), (3, 200))
    rows = parts_of(*sample_means(simulate(libraries, setting, seed=8000 + run)), [])
    for before, after in SIZES:
        libraries = arms(before, after)
        means = sample_means(simulate(libraries, setting, seed=9000 + run))
        name = f"{before[0]} x {before[1]} + {after[0]} x {after[1]:,}"
        rows += [{"design": name, **row} for row in tested(*means, [])]
    return [{"kind": "null", **row} for row in rows]


def table(frame: pd.DataFrame) -> str:
    """One line per kind, design and prior."""
    lines = [
        "| cells | design | prior | runs | moved at 0.05 | size, SD | features at 0.05"
        " | runs with a feature beyond Bonferroni |",
        "|---|---|---|---|---|---|---|---|",
    ]
    keys = ["kind", "design", "prior"]
    for (kind, design, prior), part in frame.groupby(keys, sort=False):
        hits, n = int((part["pvalue"] <= ALPHA).sum()), len(part)
        low, high = exact(hits, n)
        lines.append(
            f"| {kind} | {design} | {prior} | {n} | {hits} [{low:.2f}, {high:.2f}] "
            f"| {part['size'].median():.2f} | {part['features'].mean():.3f} "
            f"| {int(part['any'].sum())} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=14)
    options = parser.parse_args()
    rows = []
    for run in range(options.runs):
        rows += power_run(run)
        rows += null_run(run)
        print(f"run {run}", file=sys.stderr, flush=True)
    print(table(pd.DataFrame(rows)))


if __name__ == "__main__":
    main()
