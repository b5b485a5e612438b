"""A plan against what real calls find on simulated counts.

For each design the counts are simulated and called, and the plan is made with the
effect, the share and the spread of libraries that the shift of the calls has in these
data. The plan knows the direction, which a call has to learn.
``python benchmarks/plan.py`` prints the table of ``plan.md``.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np

import dtpscore as dtp
from dtpscore._calling.states import DTP_STATES
from dtpscore._plan.pilot import library_variance

DESIGN = {"groupby": "condition", "reference": "parental", "sample_key": "sample"}
DESIGNS = (
    # replicates, cells per sample, day, difficulty
    (2, 150, 7, "medium"),
    (2, 150, 14, "medium"),
    (3, 150, 3, "medium"),
    (3, 150, 7, "medium"),
    (3, 150, 14, "medium"),
    (3, 150, 14, "hard"),
    (4, 300, 7, "hard"),
)


def one(design: tuple[int, int, int, str], seed: int) -> str:
    """One row of the table."""
    replicates, cells, day, difficulty = design
    adata = dtp.datasets.simulate(
        n_cells=2 * replicates * cells,
        n_replicates=replicates,
        days=(day,),
        holiday_day=None,
        difficulty=difficulty,
        seed=seed,
    )
    dtp.tl.call(adata, **DESIGN, components=False, check_reference=False)
    shift = adata.obs["dtp_shift"].to_numpy(dtype=float)
    untreated = (adata.obs["condition"] == "parental").to_numpy()
    true = adata.obs["true_state"].isin(["DTP", "DTP cycling"]).to_numpy()
    library = np.unique(adata.obs["sample"].to_numpy(dtype=str), return_inverse=True)[1]
    variance, _ = library_variance(shift[untreated], library[untreated])
    q = adata.obs["dtp_qvalue"].to_numpy(dtype=float)
    found = np.mean(q[true] <= 0.05)
    effect = (shift[true].mean() - shift[untreated].mean()) / shift[untreated].std()
    planned = dtp.plan(
        effect=effect,
        share=max(true[~untreated].mean(), 0.01),
        library_sd=np.sqrt(max(variance, 0.0)),
        n_samples=replicates,
        n_cells=cells,
    ).table.iloc[0]
    state = adata.obs["dtp_call"].astype(str).isin(DTP_STATES).to_numpy()
    return (
        f"| {replicates} | {cells} | {difficulty}, day {day} | {effect:.2f} | "
        f"{true[~untreated].mean():.2f} | {planned['persisters_called']:.2f} | "
        f"{found:.2f} | {state[true].mean():.2f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    seeds = parser.parse_args().seeds
    dtp.settings.verbosity = "error"
    warnings.simplefilter("ignore")
    print(
        "| samples | cells | simulation | effect | share | planned | "
        "left the reference | called DTP-like |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for design in DESIGNS:
        for seed in range(seeds):
            print(one(design, seed), flush=True)


if __name__ == "__main__":
    main()
