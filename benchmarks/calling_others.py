"""What reference samples buy, cells that are no persisters, and small panels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from calling_data import held_out_runs, pool, read
from calling_methods import cells_of, prepare
from calling_nulls import ALPHA, DTP, plates, run_call, with_arms
from scipy.stats import false_discovery_control
from sklearn.metrics import roc_auc_score

import dtpscore as dtp
from dtpscore import _keys
from dtpscore._calling.conformal import smallest_share
from dtpscore._calling.shift import held_out_shift
from dtpscore.errors import DtpscoreError

if TYPE_CHECKING:
    import anndata as ad


def _simulated(n_reference: int, seed: int, difficulty: str) -> ad.AnnData:
    """About 1,200 parental cells over the samples, two treated samples a day."""
    size = 1200 // n_reference
    cells = dtp.datasets.simulate(
        n_cells=size * n_reference * 3,
        n_replicates=n_reference,
        days=(3, 14),
        holiday_day=None,
        difficulty=difficulty,
        seed=seed,
    )
    treated = cells.obs["condition"] == "treated"
    few = cells.obs["replicate"].isin(["r1", "r2"])
    return cells[(~treated | few).to_numpy()].copy()


def reference_samples(*, short: bool) -> pd.DataFrame:
    """Recall and error with two to eight reference samples, cells kept constant."""
    rows = []
    for n_reference in (2, 3) if short else (2, 3, 5, 8):
        for seed in range(1 if short else 5):
            cells = _simulated(n_reference, seed, "medium")
            cells.obs["arm"] = cells.obs["condition"].astype(str) + cells.obs[
                "day"
            ].astype(str)
            found = dtp.tl.call(
                cells,
                groupby="arm",
                reference="parental0",
                sample_key="sample",
                check_reference=False,
                copy=True,
            )
            groups = found.uns[_keys.CALL]["calibration"].set_index("group")
            used = groups["components_used"]
            for day in (3, 14):
                part = found.obs[found.obs["arm"] == f"treated{day}"]
                truth = part["true_state"].isin(["DTP", "DTP cycling"])
                called = part[_keys.QVALUE] <= ALPHA
                rows.append(
                    {
                        "reference samples": n_reference,
                        "day": day,
                        "persisters": truth.mean(),
                        "recall": called[truth].mean(),
                        "FDP": (called & ~truth).sum() / max(called.sum(), 1),
                        "named DTP-like": part[_keys.CALL].isin(DTP)[truth].mean(),
                        "components used": float(used[f"treated{day}"]),
                    }
                )
    frame = pd.DataFrame(rows).groupby(["day", "reference samples"], as_index=False)
    return frame.mean()


def reference_cells() -> pd.DataFrame:
    """What reference cells buy at 3% persisters: 12 of 400 query cells.

    Two reference samples, 2,000 UMI, three contexts, every replicate held out.
    """
    rows = []
    for n_reference in (600, 1200, 2400):
        half = n_reference // 2
        for context in ("A375", "WM88", "SKMEL5_SC07"):
            cells = pool(context, 2000, n_parental=max(half, 400))
            scored = prepare(cells)
            for run in held_out_runs(cells, 0.03, seed=1, n_reference=half):
                found = held_out_shift(cells_of(scored, run)[0], alpha=ALPHA)
                query, truth = ~run.reference, run.truth[~run.reference]
                called = false_discovery_control(found.pvalue[query]) <= ALPHA
                rows.append(
                    {
                        "context": context,
                        "reference cells": n_reference,
                        "smallest share": smallest_share(n_reference, ALPHA),
                        "AUROC": roc_auc_score(truth, found.score[query]),
                        "recall": called[truth].mean(),
                        "FDP": (called & ~truth).sum() / max(called.sum(), 1),
                    }
                )
    keys = ["context", "reference cells"]
    return pd.DataFrame(rows).groupby(keys, sort=False, as_index=False).mean()


def _described(name: str, adata: ad.AnnData, **choices: Any) -> dict[str, Any]:
    try:
        found = run_call(adata, **choices)
    except DtpscoreError as error:
        return {"data": name, "outcome": f"refused: {error}"}
    return {
        "data": name,
        "outcome": f"called {found['called']:.2f}, named DTP-like {found['dtp']:.2f}",
    }


def hard_negatives() -> pd.DataFrame:
    """Cells that differ from the reference and are no persisters; small panels."""
    rows = []
    five = plates()
    library = five.obs["sample"].astype(str).to_numpy()
    line = five.obs["cell_line"].astype(str).to_numpy()
    for one in np.unique(line):
        query = line == one
        name = f"untreated {one} against the other untreated lines (CEL-seq2 plates)"
        rows.append(_described(name, with_arms(five, query, library)))
    blood = read("pbmc3k")
    kind = blood.obs["cell_type"].astype(str).to_numpy()
    t_cell = np.char.find(kind.astype(str), "CD4") >= 0
    for other in ("CD14+ Mono", "B"):
        keep = t_cell | (kind == other)
        arms = with_arms(blood[keep], kind[keep] == other, np.full(keep.sum(), "a"))
        rows.append(_described(f"PBMC: {other} against CD4 T, one library", arms))
    patients = read("gbm_panobinostat")
    treated = (patients.obs["condition"] == "treated").to_numpy()
    arms = with_arms(patients, treated, patients.obs["sample"])
    name = "glioblastoma slices, panel of 300 genes, five patients in pairs"
    rows.append(_described(name, arms, pair_key="patient", min_genes=10))
    tiny = read("ngp_nutlin")
    treated = (tiny.obs["condition"] == "treated").to_numpy()
    arms = with_arms(tiny, treated, tiny.obs["sample"])
    rows.append(_described("NGP nutlin-3, panel of 1,000 genes, 83 cells", arms))
    rng = np.random.default_rng(0)
    genes = rng.permutation(five.n_vars)[:3000]
    panel = five[:, genes].copy()
    arms = with_arms(panel, library == np.unique(library)[0], library)
    rows.append(_described("CEL-seq2 plates, random panel of 3,000 genes", arms))
    return pd.DataFrame(rows)
