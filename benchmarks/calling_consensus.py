"""The consensus with every study left out in turn, and what it says as the index."""

from __future__ import annotations

import numpy as np
import pandas as pd
from calling_data import held_out_runs, pool
from calling_methods import ALPHA, cells_of, prepare
from scipy.stats import false_discovery_control
from sklearn.metrics import roc_auc_score

from dtpscore import _genes, signatures
from dtpscore._calling.naming import agreement
from dtpscore._calling.shift import held_out_shift
from dtpscore._methods import control

CONSENSUS = "dtp_consensus_no_cycle"


def leave_one_study_out(contexts: tuple[str, ...]) -> pd.DataFrame:
    """AUROC of persister against parental cells of the same replicate, 2,000 UMI.

    The contexts are melanoma lines under a BRAF inhibitor, which are of none of the
    studies. Leaving a study out here shows how much the consensus leans on it; on the
    study's own data only the list without it may be used.
    """
    table = signatures.available()
    names = [name for name in table.index if str(name).startswith(CONSENSUS)]
    lists = [signatures.load(str(name)) for name in names]
    rows = []
    for context in contexts:
        cells = pool(context, 2000)
        matched = _genes.match(lists, list(cells.var_names))
        z = control.control_z(cells.X, matched.net)
        truth = (cells.obs["true_state"] == "DTP").to_numpy()
        replicate = cells.obs["replicate"].astype(str).to_numpy()
        for one in np.unique(replicate):
            rows_of = replicate == one
            for column, name in enumerate(names):
                found = roc_auc_score(truth[rows_of], z[rows_of, column])
                rows.append({"consensus": name, "auroc": found})
    grouped = pd.DataFrame(rows).groupby("consensus")["auroc"]
    return grouped.agg(["median", "min", "max"]).reset_index()


def index_support(contexts: tuple[str, ...]) -> pd.DataFrame:
    """Runs whose called cells are named DTP-like.

    The runs of the power table at 2,000 UMI, called as the package calls them.
    """
    rows = []
    for context in contexts:
        cells = pool(context, 2000)
        scored = prepare(cells)
        for share, seed in ((0.1, 2), (0.5, 3)):
            for run in held_out_runs(cells, share, seed=seed):
                arrays, _ = cells_of(scored, run)
                query = ~run.reference
                called = np.zeros(len(query), bool)
                pvalue = held_out_shift(arrays, alpha=ALPHA).pvalue[query]
                called[query] = false_discovery_control(pvalue) <= ALPHA
                found = scored.features
                named = agreement(
                    found.published.of(run.rows),
                    found.index[run.rows],
                    found.random[run.rows],
                    called=called,
                    reference=run.reference,
                    sample=arrays.sample,
                ).named
                rows.append(
                    {
                        "context": context,
                        "persisters": share,
                        "runs": 1,
                        "with calls": int(called.any()),
                        "named DTP-like": int(named),
                    }
                )
    keys = ["context", "persisters"]
    return pd.DataFrame(rows).groupby(keys, sort=False, as_index=False).sum()
