"""Whether the words on the edge foretell what leaving out cells does.

    python benchmarks/edge.py --runs 12 --out edge.jsonl
    python benchmarks/edge.py --first 12 --runs 16 --out edge.jsonl
    python benchmarks/edge.py --table edge.jsonl

Experiments of the stress simulator with few or weak persisters are called with all
cells, four times with three quarters of the cells of every sample, drawn anew, and four
times without one reference cell, another one each time. A result swings where some of
these calls call no cell and others do. The rule on the edge was chosen on the runs
below `CHOSEN_ON`; the others judge it.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from stress_designs import arms
from stress_population import CONTEXTS
from stress_simulator import Setting, simulate

import dtpscore as dtp

RATES = (0.01, 0.025, 0.05, 0.1)
AT = RATES.index(0.05)
CHOSEN_ON = 12
# Share of persisters, untreated and treated libraries of 120 cells.
DESIGNS = (
    (0.05, 3, 3),
    (0.1, 3, 1),
    (1.0, 3, 1),
    (1.0, 2, 2),
    (0.05, 2, 2),
    (1.0, 6, 1),
    (0.0, 3, 1),
    (0.07, 3, 1),
    (1.0, 2, 1),
)
_DRAWS, _KEPT = 4, 0.75


def shares(data) -> list[float]:
    """Shares of the treated cells that are called at each rate."""
    dtp.tl.call(
        data,
        groupby="condition",
        reference="untreated",
        sample_key="sample",
        check_reference=False,
    )
    qvalue = data.obs["dtp_qvalue"].dropna().to_numpy()
    return [float((qvalue <= rate).mean()) for rate in RATES]


def one(design, run: int) -> dict:
    """Call one experiment with all cells and with three quarters of them."""
    persisters, untreated, treated = design
    setting = Setting(library_sd=(0.1, 0.2)[run % 2], context=CONTEXTS[run % 7])
    libraries = arms((untreated, 120), (treated, 120), persisters=persisters)
    data = simulate(libraries, setting, seed=1000 * run + 7)
    rng = np.random.default_rng(run)
    found = {"design": design, "run": run, "full": shares(data.copy())}
    found |= {"subs": [], "ones": []}
    for _ in range(_DRAWS):
        kept = np.zeros(data.n_obs, bool)
        for name in data.obs["sample"].unique():
            rows = np.flatnonzero(data.obs["sample"] == name)
            kept[rng.permutation(rows)[: round(_KEPT * len(rows))]] = True
        found["subs"].append(shares(data[kept].copy())[AT])
    reference = np.flatnonzero(data.obs["condition"] == "untreated")
    for row in rng.choice(reference, _DRAWS, replace=False):
        kept = np.arange(data.n_obs) != row
        found["ones"].append(shares(data[kept].copy())[AT])
    return found


def table(rows: list[dict], left_out: str) -> str:
    """Swings by whether the calls lie on the edge."""
    lines = [
        "| runs | calls | on the edge | swings | does not |",
        "|---|---|---|---|---|",
    ]
    rows = [row for row in rows if row.get(left_out)]
    if not rows:
        return "no runs"
    for label, judged in (("chose the rule", False), ("judge the rule", True)):
        own = [row for row in rows if (row["run"] >= CHOSEN_ON) == judged]
        for some in (True, False):
            for edge in (True, False):
                count = {True: 0, False: 0}
                for row in own:
                    strict, _, called, loose = row["full"][: len(RATES)]
                    every = [*row[left_out], called]
                    if (called > 0) == some and (strict == 0 < loose) == edge:
                        count[min(every) == 0 < max(every)] += 1
                lines.append(
                    f"| {label} | {'some' if some else 'none'} | "
                    f"{'yes' if edge else 'no'} | {count[True]} | {count[False]} |"
                )
    called = np.array([row["full"][AT] for row in rows])
    without = np.array([row[left_out] for row in rows])
    change = np.abs(without - called[:, None]).max(axis=1)
    low, high = np.minimum(without.min(axis=1), called), without.max(axis=1)
    to_half = (low == 0) & (np.maximum(high, called) >= 0.5)
    lines.append(
        "\nShare of called cells, largest change of a result: median "
        f"{np.median(change):.3f}, 90% of results up to "
        f"{np.quantile(change, 0.9):.3f}, "
        f"largest {change.max():.3f}; between none and half or more in "
        f"{to_half.sum()} of {len(rows)} results."
    )
    return "\n".join(lines)


def main() -> None:
    """Make runs, or the table of runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=0, help="number of the first run")
    parser.add_argument("--runs", type=int, default=12, help="one more than the last")
    parser.add_argument("--out", type=Path, default=Path("edge.jsonl"))
    parser.add_argument("--table", type=Path)
    given = parser.parse_args()
    if given.table:
        rows = [json.loads(line) for line in given.table.read_text().splitlines()]
        for left_out in ("subs", "ones"):
            print(f"{left_out}:\n{table(rows, left_out)}")
        return
    dtp.settings.verbosity = "error"
    with given.out.open("a") as file:
        for run in range(given.first, given.runs):
            for design in DESIGNS:
                file.write(f"{json.dumps(one(design, run))}\n")
                file.flush()


if __name__ == "__main__":
    main()
