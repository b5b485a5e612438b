"""Other ways to find persisters, on the cells of the stress simulator.

    python benchmarks/stress_peers.py --runs 14     needs pertpy 1.4, pydeseq2, pyucell
    python benchmarks/stress_peers.py --gradual 5   cells of datasets.simulate
    python benchmarks/stress_peers.py --table       write the table

Three untreated and three treated libraries of 200 cells each, and persisters of seven
melanoma contexts in turn, library SD 0.1 and then 0.2, as in `stress.py`. Every method
sees the same cells. What a method calls is written with it below; where its authors
give no rule, the one that its users take. Every result is appended to a file, one line
of JSON each, so that the program can be stopped.

The data folder is found through DTPSCORE_DATA_DIR. `pip install pertpy pydeseq2
pyucell` (Python 3.13: pertpy 1.4 has Mixscale, pertpy 1.0 for Python 3.11 has not).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import anndata as ad
import numpy as np
import pandas as pd
import scanpy as sc
import scipy.sparse as sp
from scipy.stats import false_discovery_control
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import StratifiedKFold, cross_val_predict

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from calling_data import score
from stress_designs import LIBRARY_SDS, arms
from stress_population import CONTEXTS
from stress_simulator import Setting, simulate
from stress_table import exact

import dtpscore as dtp
from dtpscore import signatures
from dtpscore._calling.conformal import conformal_pvalues

RESULTS = HERE / "stress_peers.jsonl"
ALPHA = 0.05
SHARES = (0.0, 0.03, 0.1, 0.3, 0.9, 1.0)
N_LIBRARIES, N_CELLS = 3, 200
TEXT = """# Other methods under stress

Made by `python benchmarks/stress_peers.py --runs {runs}`, `--gradual {n_gradual}` and
`--table` ({versions}). Cells of `stress_simulator.py`: 3 + 3 libraries of 200 cells
each, seven melanoma contexts in turn, library SD 0.1 in the first seven runs and 0.2
after them. A null run has no persisters, so that every call
is wrong. AUROC is that of the method's own ranking of the treated cells, median and
lowest; recall and false discovery proportion (FDP) are means over runs. With 100%
persisters no treated cell is wrong and no AUROC exists. Brackets hold exact
(Clopper-Pearson) 95% intervals.

- **dtpscore**: `tl.call` with all defaults; called at a q-value of 0.05.
- **UCell**: scores of the consensus list of persisters (pyUCell); called above the 95%
  quantile of the untreated cells.
- **Gaussian mixture**: two components in these scores, all cells; called where the
  upper component is the more likely one.
- **logistic regression**: treated against untreated cells on the signature scores of
  dtpscore, cross-fitted; called at a false discovery rate of 0.05, untreated cells as
  the null, samples ignored.
- **Mixscape**: defaults of pertpy on log counts of the 2,000 most variable genes;
  called where its class is perturbed.
- **Mixscale**: the same input; it gives a score and no rule, so cells are called above
  the 95% quantile of the untreated cells.
- **Milo**: neighborhoods of scanpy's graph with defaults, samples as the unit; treated
  cells of a neighborhood with a spatial FDR of 0.05 and more treated cells than
  untreated are called.

{table}

## Where the state is gradual

Cells of `dtpscore.datasets.simulate`, 3 + 3 samples of 200 cells each, in which treated
cells are at all places between parental cells and persisters. Cells that are on the
way, but short of a persister, count as wrong.

{gradual}

Here Mixscale and Mixscape rank better. They read the genes in which the arms differ
most, and dtpscore reads signatures, because what differs in genes between whole samples
is as often the library as the drug. The AUROC of the treated cells along the difference
between the arms, in standard deviations of the untreated cells (medians of the three
runs), shows that this is nearly all of it:

| cells | 100 genes that differ most | all genes | signatures | dtpscore |
|---|---|---|---|---|
| simulate medium, day 3 | 0.97 | 0.95 | 0.89 | 0.90 |
| simulate medium, day 14 | 1.00 | 1.00 | 0.99 | 0.98 |
| simulate hard, day 3 | 0.85 | 0.88 | 0.78 | 0.77 |
| simulate hard, day 14 | 0.98 | 0.95 | 0.89 | 0.85 |

The price of genes is in the first table: where nothing or little differs they read the
library, call cells in 3 of 7 runs without a persister, and at 10% rank at random in
some contexts. A ranking by genes beside the calls, said to hold library and drug
together, would give both.
"""


class Verdict(NamedTuple):
    """Score and calls of the treated cells."""

    score: np.ndarray
    called: np.ndarray


def by_dtpscore(adata: ad.AnnData, treated: np.ndarray) -> Verdict:
    """Run the package as a user would."""
    found = dtp.tl.call(
        adata,
        groupby="condition",
        reference="untreated",
        sample_key="sample",
        copy=True,
    ).obs.loc[treated]
    return Verdict(
        found["dtp_shift"].to_numpy(), (found["dtp_qvalue"] <= ALPHA).to_numpy()
    )


def _ucell(adata: ad.AnnData) -> np.ndarray:
    """Score the consensus list."""
    import pyucell

    genes = signatures.load("dtp_consensus_no_cycle").genes.up
    there = [gene for gene in genes if gene in adata.var_names]
    cells = ad.AnnData(adata.X.copy(), obs=adata.obs[[]].copy(), var=adata.var.copy())
    pyucell.compute_ucell_scores(cells, {"dtp": there}, suffix="", n_jobs=1)
    return cells.obs["dtp"].to_numpy(np.float64)


def by_ucell(adata: ad.AnnData, treated: np.ndarray) -> Verdict:
    """Call above the 95% quantile of the untreated cells."""
    values = _ucell(adata)
    return Verdict(
        values[treated], values[treated] > np.quantile(values[~treated], 1 - ALPHA)
    )


def by_mixture(adata: ad.AnnData, treated: np.ndarray) -> Verdict:
    """Call the upper of two components of the same scores."""
    values = _ucell(adata).reshape(-1, 1)
    mixture = GaussianMixture(2, n_init=5, random_state=0).fit(values)
    upper = mixture.predict_proba(values)[:, int(np.argmax(mixture.means_.ravel()))]
    return Verdict(upper[treated], upper[treated] > 0.5)


def by_logistic(adata: ad.AnnData, treated: np.ndarray) -> Verdict:
    """Tell treated from untreated cells by their signature scores."""
    values = np.asarray(score(adata).values)
    values = (values - values[~treated].mean(axis=0)) / values[~treated].std(axis=0)
    values = values[:, np.isfinite(values).all(axis=0)]
    found = cross_val_predict(
        LogisticRegression(C=0.05, max_iter=300),
        values,
        treated,
        cv=StratifiedKFold(5, shuffle=True, random_state=0),
        method="decision_function",
    )
    pvalue = conformal_pvalues(found[~treated], found[treated])
    return Verdict(found[treated], false_discovery_control(pvalue) <= ALPHA)


def _logged(adata: ad.AnnData) -> ad.AnnData:
    """Log counts of variable genes, with components, as the tutorials make them."""
    cells = ad.AnnData(sp.csr_matrix(adata.X), obs=adata.obs.copy(), var=adata.var)
    sc.pp.filter_genes(cells, min_cells=3)
    sc.pp.normalize_total(cells, target_sum=1e4)
    sc.pp.log1p(cells)
    sc.pp.highly_variable_genes(cells, n_top_genes=2000, subset=True)
    sc.pp.pca(cells)
    return cells


def by_mixscape(adata: ad.AnnData, treated: np.ndarray) -> Verdict:
    """Classify with the defaults of pertpy."""
    from pertpy.tools import Mixscape

    cells, tool = _logged(adata), Mixscape()
    tool.perturbation_signature(cells, "condition", "untreated")
    tool.mixscape(cells, "condition", "untreated", layer="X_pert")
    called = (cells.obs["mixscape_class_global"].astype(str) == "KO").to_numpy()
    posterior = cells.obs["mixscape_class_p_ko"].to_numpy(np.float64)
    return Verdict(np.nan_to_num(posterior[treated]), called[treated])


def by_mixscale(adata: ad.AnnData, treated: np.ndarray) -> Verdict:
    """Score with the defaults of pertpy; call above the untreated cells' quantile."""
    from pertpy.tools import Mixscale

    cells, tool = _logged(adata), Mixscale()
    tool.perturbation_signature(cells, "condition", "untreated")
    tool.mixscale(cells, "condition", "untreated", layer="X_pert")
    values = cells.obs["mixscale_score"].to_numpy(np.float64)[treated]
    kept = cells.uns.get("mixscale", {}).get("treated")
    if kept is None:
        # Too few genes differ: all scores are 1, and nothing can be called.
        return Verdict(values, np.zeros(len(values), bool))
    frame = next(iter(kept.values())) if isinstance(kept, dict) else kept
    along = frame["pvec"].reindex(cells.obs_names).to_numpy(np.float64)
    limit = np.quantile(along[~treated], 1 - ALPHA)
    return Verdict(values, along[treated] > limit)


def by_milo(adata: ad.AnnData, treated: np.ndarray) -> Verdict:
    """Differential abundance of neighborhoods, samples as the unit."""
    from pertpy.tools import Milo

    cells, tool = _logged(adata), Milo()
    order = ["untreated", "treated"]
    cells.obs["condition"] = pd.Categorical(cells.obs["condition"], order)
    sc.pp.neighbors(cells)
    data = tool.load(cells)
    tool.make_nhoods(data["rna"])
    data = tool.count_nhoods(data, sample_col="sample")
    tool.da_nhoods(data, design="~condition", solver="pydeseq2")
    tests = data["milo"].var
    member = sp.csr_matrix(data["rna"].obsm["nhoods"])[treated]
    n_own = np.maximum(np.asarray(member.sum(axis=1)).ravel(), 1)
    change = np.nan_to_num(tests["logFC"].to_numpy(np.float64))
    enriched = (tests["SpatialFDR"] <= ALPHA).to_numpy() & (change > 0)
    return Verdict(
        np.asarray(member @ change).ravel() / n_own,
        np.asarray(member @ enriched.astype(float)).ravel() > 0,
    )


METHODS = {
    "dtpscore": by_dtpscore,
    "UCell": by_ucell,
    "Gaussian mixture": by_mixture,
    "logistic regression": by_logistic,
    "Mixscape": by_mixscape,
    "Mixscale": by_mixscale,
    "Milo": by_milo,
}


# Methods that rank cells by how far they went.
RANKED = ("dtpscore", "Mixscape", "Mixscale")


def measure(run: int, share: float) -> None:
    """Every method on one experiment."""
    setting = Setting(
        library_sd=LIBRARY_SDS[(run // len(CONTEXTS)) % 2],
        context=CONTEXTS[run % len(CONTEXTS)],
    )
    libraries = arms((N_LIBRARIES, N_CELLS), (N_LIBRARIES, N_CELLS), persisters=share)
    adata = simulate(libraries, setting, seed=30_000 + 100 * run + round(100 * share))
    truth = adata.obs["persister"].to_numpy(bool)
    keep(adata, truth, METHODS, share=share, run=run, context=setting.context)


def measure_gradual(run: int, day: int, difficulty: str) -> None:
    """Methods that rank cells on `dtpscore.datasets.simulate`, the state gradual."""
    adata = dtp.datasets.simulate(
        n_cells=2 * N_LIBRARIES * N_CELLS,
        days=(day,),
        holiday_day=None,
        difficulty=difficulty,
        seed=40 + run,
    )
    treated = (adata.obs["condition"] == "treated").to_numpy()
    adata.obs["condition"] = np.where(treated, "treated", "untreated")
    truth = adata.obs["true_state"].isin(["DTP", "DTP cycling"]).to_numpy()
    chosen = {name: METHODS[name] for name in RANKED}
    share = float(truth[treated].mean())
    keep(
        adata,
        truth,
        chosen,
        share=share,
        run=run,
        context=f"simulate {difficulty}, day {day}",
    )


def keep(adata: ad.AnnData, truth: np.ndarray, methods: dict, **labels: object) -> None:
    """Apply methods, and append what they did with the treated cells."""
    treated = (adata.obs["condition"] == "treated").to_numpy()
    truth = truth[treated]
    mixed = 0 < truth.sum() < len(truth)
    for name, method in methods.items():
        start = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = method(adata, treated)
        called = found.called
        row = {
            "method": name,
            **labels,
            "auroc": roc_auc_score(truth, found.score) if mixed else None,
            "any": bool(called.any()),
            "called": float(called.mean()),
            "recall": float(called[truth].mean()) if truth.any() else None,
            "fdp": float((called & ~truth).sum() / max(called.sum(), 1)),
            "seconds": round(time.perf_counter() - start, 1),
        }
        with RESULTS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
    print(labels, file=sys.stderr, flush=True)


def _cell(part: pd.DataFrame) -> str:
    recall, fdp = part["recall"].mean(), part["fdp"].mean()
    rank = part["auroc"].dropna().astype(float)
    said = f"{rank.median():.2f} ({rank.min():.2f}) / " if len(rank) else ""
    return f"{said}{recall:.2f} / {fdp:.2f}"


def table(frame: pd.DataFrame) -> str:
    """One line per method."""
    some = [share for share in SHARES if 0 < share < 1]
    head = [f"{share:.0%}: AUROC (lowest) / recall / FDP" for share in some]
    head = ["method", "null runs with calls", "null cells called", *head]
    head += ["100%: recall / FDP", "seconds"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name in METHODS:
        own = frame[frame["method"] == name]
        null = own[own["share"] == 0]
        hits, n = int(null["any"].sum()), len(null)
        low, high = exact(hits, n)
        cells = [name, f"{hits} of {n} [{low:.2f}, {high:.2f}]"]
        cells.append(f"{null['called'].mean():.3f}")
        cells += [_cell(own[own["share"] == share]) for share in SHARES[1:]]
        cells.append(f"{own['seconds'].median():.1f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def gradual_lines(frame: pd.DataFrame) -> str:
    """One line per experiment of `simulate` and method."""
    lines = [
        "| cells | persisters | method | runs | AUROC (lowest) / recall / FDP |",
        "|---|---|---|---|---|",
    ]
    for context, of in frame.groupby("context", sort=False):
        for name in RANKED:
            part = of[of["method"] == name]
            lines.append(
                f"| {context} | {part['share'].mean():.2f} | {name} | {len(part)} "
                f"| {_cell(part)} |"
            )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=0, help="runs of each share")
    parser.add_argument("--gradual", type=int, default=0, help="runs of simulate")
    parser.add_argument("--start", type=int, default=0, help="first run")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    for run in range(options.start, options.runs):
        for share in SHARES:
            measure(run, share)
    for run in range(options.gradual):
        for difficulty in ("medium", "hard"):
            for day in (3, 14):
                measure_gradual(run, day, difficulty)
    if options.table:
        rows = [json.loads(line) for line in RESULTS.read_text("utf-8").splitlines()]
        frame = pd.DataFrame(rows)
        packages = ("dtpscore", "pertpy", "pyucell", "pydeseq2", "scanpy")
        gradual = frame["context"].str.startswith("simulate")
        text = TEXT.format(
            runs=frame[~gradual]["run"].nunique(),
            n_gradual=frame[gradual]["run"].nunique(),
            gradual=gradual_lines(frame[gradual]),
            versions=", ".join(f"{name} {version(name)}" for name in packages),
            table=table(frame[~gradual]),
        )
        (HERE / "stress_peers.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
