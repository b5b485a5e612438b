"""Measure calls of persister-like cells: error where there are none, and power.

    python benchmarks/calling.py            every table, about two hours
    python benchmarks/calling.py --short    one context and few nulls, under 2 minutes
    python benchmarks/calling.py --only power --methods dtpscore --depths 2000

The data folder is found through DTPSCORE_DATA_DIR. Cells thinned from bulk profiles
are semi-synthetic: real profiles, invented cells.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score

sys.path.insert(0, str(Path(__file__).parent))

import calling_nulls as nulls
import calling_others as others
from calling_consensus import index_support, leave_one_study_out
from calling_data import LINES, SUBCLONES, Run, held_out_runs, pool
from calling_holiday import holiday_shares
from calling_methods import METHODS, Scored, Verdict, prepare, published

if TYPE_CHECKING:
    from collections.abc import Sequence

SHARES = (0.0, 0.03, 0.1, 0.5, 1.0)
SHORT_SHARES = (0.0, 0.1, 0.5)
N_BINS = 10
LONG = ("cells", "negatives", "consensus", "support", "holiday")
PARTS = ("power", "nulls", "replicates", *LONG)


def calibration_error(posterior: np.ndarray, truth: np.ndarray) -> float:
    """Expected calibration error over ten bins of equal width."""
    place = np.minimum((posterior * N_BINS).astype(int), N_BINS - 1)
    gaps = [
        (place == one).mean()
        * abs(posterior[place == one].mean() - truth[place == one].mean())
        for one in np.unique(place)
    ]
    return float(sum(gaps))


def measure(verdict: Verdict, run: Run) -> dict[str, float]:
    """What one method did in one run."""
    truth = run.truth[~run.reference]
    called = verdict.called
    mixed = 0 < truth.sum() < len(truth)
    return {
        "auroc": roc_auc_score(truth, verdict.score) if mixed else np.nan,
        "ap": average_precision_score(truth, verdict.score) if mixed else np.nan,
        "fdp": (called & ~truth).sum() / max(called.sum(), 1),
        "recall": called[truth].mean() if truth.any() else np.nan,
        "ece": calibration_error(verdict.posterior, truth),
        "any": float(called.any()),
        "called": called.mean(),
    }


def one_pool(
    context: str,
    umi: int,
    shares: tuple[float, ...] = SHARES,
    *,
    ablations: bool,
    only: Sequence[str] = (),
) -> list[dict[str, object]]:
    """Every method, or some, on the runs of one context and depth."""
    cells = pool(context, umi)
    scored: Scored = prepare(cells)
    methods = METHODS | {f"list {name}": published(name) for name in scored.lists}
    if not ablations:
        methods = {name: m for name, m in methods.items() if name[0] != "-"}
    if only:
        methods = {name: methods[name] for name in only}
    rows: list[dict[str, object]] = []
    for share in shares:
        for run in held_out_runs(cells, share, seed=SHARES.index(share)):
            label = {"umi": umi, "share": share, "context": context, "run": run.label}
            for name, method in methods.items():
                found = measure(method(scored, run), run)
                rows.append({"method": name, **label, **found})
    return rows


def power(
    contexts: tuple[str, ...],
    depths: tuple[int, ...],
    shares: tuple[float, ...] = SHARES,
    *,
    ablations: bool,
    only: Sequence[str] = (),
) -> pd.DataFrame:
    """Every method on every context, depth, share and held-out replicate."""
    rows = []
    for umi in depths:
        for context in contexts:
            started = time.perf_counter()
            rows += one_pool(context, umi, shares, ablations=ablations, only=only)
            taken = time.perf_counter() - started
            print(f"{context} {umi} UMI: {taken:.0f} s", file=sys.stderr, flush=True)
    return pd.DataFrame(rows)


def _number(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.2f}"


def _lists(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep the best list, by median AUROC at 10%, and name it so."""
    of_list = frame["method"].str.startswith("list ")
    if not of_list.any():
        return frame
    at_ten = frame[of_list & (frame["share"] == 0.1)]
    best = at_ten.groupby("method")["auroc"].median().idxmax()
    kept = frame[~of_list | (frame["method"] == best)].copy()
    kept["method"] = kept["method"].replace(best, f"best single {best}")
    return kept


def power_table(frame: pd.DataFrame) -> str:
    """Medians over runs (AUROC, AP), means over runs (the rest)."""
    shown = _lists(frame)
    lines = [
        "| method | UMI | runs with calls, 0% | 3% AUROC / recall / FDP "
        "| 10% AUROC (min) / AP / FDP / recall / ECE "
        "| 50% AUROC (min) / AP / FDP / recall / ECE | 100% recall |",
        "|---|---|---|---|---|---|---|",
    ]
    for (name, umi), part in shown.groupby(["method", "umi"], sort=False):
        cells = []
        at = {share: part[part["share"] == share] for share in SHARES}
        cells.append(f"{at[0.0]['any'].mean():.2f} of {len(at[0.0])}")
        few = at[0.03]
        cells.append(
            f"{_number(few['auroc'].median())} / {_number(few['recall'].mean())} / "
            f"{_number(few['fdp'].mean())}"
        )
        for share in (0.1, 0.5):
            one = at[share]
            cells.append(
                f"{_number(one['auroc'].median())} ({_number(one['auroc'].min())}) / "
                f"{_number(one['ap'].median())} / {_number(one['fdp'].mean())} / "
                f"{_number(one['recall'].mean())} / {_number(one['ece'].mean())}"
            )
        cells.append(_number(at[1.0]["recall"].mean()))
        lines.append(f"| {name} | {umi} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def by_context(frame: pd.DataFrame, method: str = "dtpscore") -> str:
    """Median AUROC and mean recall of one method, context by context."""
    part = frame[(frame["method"] == method) & frame["share"].isin(SHARES[1:4])]
    lines = ["| context | UMI | 3% | 10% | 50% |", "|---|---|---|---|---|"]
    for (context, umi), one in part.groupby(["context", "umi"], sort=False):
        texts = []
        for share in SHARES[1:4]:
            at = one[one["share"] == share]
            texts.append(
                f"{_number(at['auroc'].min())}-{_number(at['auroc'].max())}, recall "
                f"{_number(at['recall'].mean())}"
            )
        lines.append(f"| {context} | {umi} | " + " | ".join(texts) + " |")
    return "\n".join(lines)


def null_table(frame: pd.DataFrame) -> str:
    """Share of runs with calls, with the 95% interval of a share of 0.05."""
    lines = [
        "| null | runs | runs with calls | of them DTP-like | cells called "
        "| most runs expected at 5% |",
        "|---|---|---|---|---|---|",
    ]
    for name, part in frame.groupby("null", sort=False):
        n = len(part)
        bound = int(stats.binom.ppf(0.975, n, 0.05))
        lines.append(
            f"| {name} | {n} | {int(part['any'].sum())} | {int(part['any_dtp'].sum())} "
            f"| {part['called'].mean():.4f} | {bound} |"
        )
    return "\n".join(lines)


def markdown(frame: pd.DataFrame) -> str:
    """A frame as a table, numbers with two digits."""
    lines = [
        "| " + " | ".join(map(str, frame.columns)) + " |",
        "|" + "---|" * frame.shape[1],
    ]
    for row in frame.itertuples(index=False):
        texts = [_number(one) if isinstance(one, float) else str(one) for one in row]
        lines.append("| " + " | ".join(texts) + " |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> dict[str, pd.DataFrame]:
    """Run the benchmark and print its tables.

    Returns
    -------
    The frames behind the tables.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS)
    parser.add_argument("--methods", nargs="+", default=(), help="for power")
    parser.add_argument("--depths", nargs="+", type=int, default=(2000, 8000))
    parser.add_argument("--save", type=Path, help="Folder for the frames as CSV.")
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    contexts = ("SKMEL5",) if options.short else LINES + SUBCLONES
    depths = (2000,) if options.short else tuple(options.depths)
    frames = {}

    def wanted(part: str) -> bool:
        return part in options.only and not (options.short and part in LONG)

    if wanted("power"):
        shares = SHORT_SHARES if options.short else SHARES
        frames["power"] = power(
            contexts,
            depths,
            shares,
            ablations=not options.short,
            only=options.methods,
        )
        print("\n## Power on thinned bulk, held-out replicate (semi-synthetic)\n")
        print(power_table(frames["power"]))
        print("\nLowest and highest AUROC of the default over held-out replicates:\n")
        print(by_context(frames["power"]))
    if wanted("nulls"):
        frames["nulls"] = nulls.all_nulls(short=options.short)
        print("\n## Nulls: nothing to find\n")
        print(null_table(frames["nulls"]))
    if wanted("replicates"):
        frames["replicates"] = others.reference_samples(short=options.short)
        print("\n## What reference samples buy (simulated)\n")
        print(markdown(frames["replicates"]))
    if wanted("cells"):
        frames["cells"] = others.reference_cells()
        print("\n## What reference cells buy at 3% (semi-synthetic)\n")
        print(markdown(frames["cells"]))
    if wanted("negatives"):
        frames["others"] = others.hard_negatives()
        print("\n## Hard negatives and refusals\n")
        print(markdown(frames["others"]))
    if wanted("consensus"):
        frames["consensus"] = leave_one_study_out(contexts)
        print("\n## Consensus, every study left out in turn (semi-synthetic)\n")
        print(markdown(frames["consensus"]))
    if wanted("support"):
        frames["support"] = index_support(contexts)
        print("\n## Calls that are named DTP-like (semi-synthetic)\n")
        print(markdown(frames["support"]))
    if wanted("holiday"):
        frames["holiday"] = holiday_shares(contexts)
        print("\n## Cells off the drug, a held-out replicate (semi-synthetic)\n")
        print(markdown(frames["holiday"]))
    if options.save:
        options.save.mkdir(parents=True, exist_ok=True)
        for name, frame in frames.items():
            frame.to_csv(options.save / f"{name}.csv", index=False)
    return frames


if __name__ == "__main__":
    main()
