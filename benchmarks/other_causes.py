"""Whether a call says what else can explain it, and is silent where nothing can.

    python benchmarks/other_causes.py --runs 14 --out causes.jsonl
    python benchmarks/other_causes.py --table causes.jsonl

Experiments of the stress simulator with three untreated and three treated libraries.
Half of the treated cells are persisters of seven real contrasts in turn. Treated
libraries are clean, or hold what can pass for a state. In every run the calls are given
the profile of the foreign line as that of empty droplets.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from scipy.stats import binomtest
from stress_designs import arms
from stress_population import CONTEXTS, fit_population
from stress_simulator import Setting, simulate

import dtpscore as dtp

# What the treated libraries hold, and the word that is right.
KINDS = {
    "nothing": ({}, None),
    "ambient RNA of the same cells, 20%": ({"ambient": 0.2}, None),
    "ambient RNA of another line, 20%": (
        {"ambient": 0.2, "foreign": True},
        "ambient RNA",
    ),
    "stress in half of the cells": ({"stressed": 0.5}, "handling stress"),
    "stress in all cells": ({"stressed": 1.0}, "handling stress"),
    "dying persisters with 40% of their counts": ({}, "low depth"),
}
_DYING = "dying persisters with 40% of their counts"
_KEPT = 0.4


def one(kind: str, run: int) -> dict:
    """Call one experiment, and note which causes are named."""
    held, _ = KINDS[kind]
    setting = Setting(library_sd=(0.1, 0.2)[run % 2], context=CONTEXTS[run % 7])
    libraries = arms((3, 120), (3, 120), persisters=0.5, **held)
    data = simulate(libraries, setting, seed=100 + run)
    data.var["soup"] = fit_population().ambient
    if kind == _DYING:
        counts = data.X.toarray()
        ill = data.obs["persister"].to_numpy()
        rng = np.random.default_rng(run)
        counts[ill] = rng.binomial(counts[ill].astype(int), _KEPT)
        data.X = sp.csr_matrix(counts)
    dtp.tl.call(
        data,
        groupby="condition",
        reference="untreated",
        sample_key="sample",
        check_reference=False,
        components=False,
        ambient_key="soup",
    )
    causes = data.uns["dtp_call"].get("other_causes")
    said = [] if causes is None else causes["measure"][causes["can_explain"]].tolist()
    return {"kind": kind, "run": run, "called": causes is not None, "said": said}


def _share(hits: int, n: int) -> str:
    limits = binomtest(hits, n).proportion_ci(0.95, method="exact")
    return f"{hits} of {n} [{limits.low:.2f}, {limits.high:.2f}]"


def table(rows: list[dict]) -> str:
    """Runs with calls in which the right cause, or a wrong one, is named."""
    lines = [
        "| treated libraries hold | runs with calls | right cause | wrong cause |",
        "|---|---|---|---|",
    ]
    for kind, (_, right) in KINDS.items():
        own = [row for row in rows if row["kind"] == kind and row["called"]]
        if not own:
            continue
        count: Counter[str] = Counter()
        for row in own:
            count["right"] += right in row["said"]
            count["wrong"] += bool(set(row["said"]) - {right})
        hits = "" if right is None else _share(count["right"], len(own))
        lines.append(
            f"| {kind} | {len(own)} | {hits} | {_share(count['wrong'], len(own))} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Make runs, or the table of runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=14)
    parser.add_argument("--out", type=Path, default=Path("causes.jsonl"))
    parser.add_argument("--table", type=Path)
    given = parser.parse_args()
    if given.table:
        rows = [json.loads(line) for line in given.table.read_text().splitlines()]
        print(table(rows))
        return
    dtp.settings.verbosity = "error"
    with given.out.open("a") as file:
        for run in range(given.runs):
            for kind in KINDS:
                file.write(f"{json.dumps(one(kind, run))}\n")
                file.flush()


if __name__ == "__main__":
    main()
