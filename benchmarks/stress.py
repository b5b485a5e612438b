"""Measure `dtp.tl.call` under stress: nulls of many designs, and power.

    python benchmarks/stress.py --runs 40             every design, many hours
    python benchmarks/stress.py --runs 4 --kinds library
    python benchmarks/stress.py --only "6 x 80"       designs with this in their name
    python benchmarks/stress.py --runs 40 --jobs 16 --minutes 8
    python benchmarks/stress.py --table               write the table of what was run

Every run is appended to the file of runs, one line of JSON per run, as soon as it is
done; runs that are in it are not repeated, so that the program can be stopped and
started again at any time. With `--minutes` no run is started after that time, and a
run that was started is finished. Each of the `--jobs` processes has one thread.
Runs have a label, under which a changed caller is compared with an earlier one. The
data folder is found through DTPSCORE_DATA_DIR. `stress_input.py` writes a file of less
than 5 MB from it, which is enough without the folder (DTPSCORE_STRESS_INPUT).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import multiprocessing
import os
import sys
import time
import warnings
import zlib
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

sys.path.insert(0, str(Path(__file__).parent))

from stress_designs import Design, designs
from stress_simulator import simulate
from stress_table import table

import dtpscore as dtp

HERE = Path(__file__).parent
ALPHA = 0.05
NAMED = "DTP-like"
KINDS = ("library", "not replicates", "not persisters", "power")


def sample_pvalue(record: dict) -> float:
    """p-value of the group claim on the mean index, the sample as the unit."""
    tests = record.get("sample_tests")
    if tests is None:
        return np.nan
    index = tests.loc[tests["measure"] == "index", "pvalue"]
    return float(index.iloc[0]) if len(index) else np.nan


def measure(design: Design, run: int) -> dict[str, object]:
    """Simulate one experiment, call it as a user would, and count."""
    libraries, setting = design.build(run)
    # The seed depends on the name, so that adding a design changes no other one.
    seed = zlib.crc32(f"{design.name}:{run}".encode())
    adata = simulate(libraries, setting, seed=seed)
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = dtp.tl.call(
            adata,
            groupby="condition",
            reference="untreated",
            sample_key="sample",
            alpha=ALPHA,
            copy=True,
        )
    seconds = time.perf_counter() - start
    query = (found.obs["condition"] == "treated").to_numpy()
    obs = found.obs.loc[query]
    truth = adata.obs.loc[query, "persister"].to_numpy(bool)
    called = (obs["dtp_qvalue"] <= ALPHA).to_numpy()
    state = obs["dtp_call"].astype(str)
    ranked = "dtp_shift" if "dtp_shift" in obs else "dtp_library_shift"
    mixed = 0 < truth.sum() < len(truth) and ranked in obs
    return {
        "design": design.name,
        "kind": design.kind,
        "run": run,
        "library_sd": setting.library_sd,
        "context": setting.context,
        "seconds": round(seconds, 1),
        "n_query": len(obs),
        "called": called.mean(),
        "named": state.str.startswith(NAMED).mean(),
        "undecided": state.isin(["uncertain", "not decided"]).mean(),
        "sample_p": sample_pvalue(found.uns["dtp_call"]),
        "auroc": roc_auc_score(truth, obs[ranked]) if mixed else np.nan,
        "recall": called[truth].mean() if truth.any() else np.nan,
        "fdp": (called & ~truth).sum() / max(called.sum(), 1),
    }


def done(runs: Path) -> pd.DataFrame:
    """Runs that were made already; a last line that was cut off is left out."""
    rows = []
    for line in runs.read_text("utf-8").splitlines() if runs.exists() else ():
        with contextlib.suppress(json.JSONDecodeError):
            rows.append(json.loads(line))
    columns = None if rows else ["label", "design", "run"]
    return pd.DataFrame(rows, columns=columns)


def as_line(row: dict[str, object]) -> str:
    """One run as a line of JSON; what is not known is null."""
    plain = {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in row.items()
    }
    known = {
        name: None if isinstance(value, float) and np.isnan(value) else value
        for name, value in plain.items()
    }
    return json.dumps(known, allow_nan=False) + "\n"


def measure_by_name(name: str, run: int) -> dict[str, object]:
    """Measure a design by its name, which can be sent to another process."""
    return measure(next(one for one in designs() if one.name == name), run)


def missing(
    chosen: list[Design], n_runs: int, known: pd.DataFrame, label: str
) -> list[tuple[str, int]]:
    """Name the runs that were not made, the first run of every design first."""
    have = set(zip(known["label"], known["design"], known["run"], strict=True))
    return [
        (design.name, run)
        for run in range(n_runs)
        for design in chosen
        if (label, design.name, run) not in have
    ]


def run_all(
    open_runs: list[tuple[str, int]],
    *,
    label: str,
    runs: Path,
    jobs: int,
    minutes: float,
) -> None:
    """Make runs in processes of one thread, and append each as soon as it is done."""
    # New processes read this before they load numpy and numba.
    for name in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
        os.environ[f"{name}_NUM_THREADS"] = "1"
    end = time.monotonic() + 60 * minutes
    waiting, running = iter(open_runs), {}
    context = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(jobs, mp_context=context) as pool,
        runs.open("a", encoding="utf-8") as file,
    ):
        while True:
            while len(running) < jobs and time.monotonic() < end:
                one = next(waiting, None)
                if one is None:
                    break
                running[pool.submit(measure_by_name, *one)] = one
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                name, run = running.pop(future)
                row = {"label": label, **future.result()}
                file.write(as_line(row))
                file.flush()
                print(f"{name}, run {run}: {row['seconds']} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=0, help="runs of each design")
    parser.add_argument("--only", default="", help="designs with this in their name")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--label", default=f"dtpscore {dtp.__version__}")
    parser.add_argument("--results", type=Path, default=HERE / "stress_runs.jsonl")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument(
        "--minutes", type=float, default=np.inf, help="start no run after that time"
    )
    parser.add_argument("--table", action="store_true", help="write stress.md")
    options = parser.parse_args()
    chosen = [
        one
        for one in designs()
        if one.kind in options.kinds and options.only in one.name
    ]
    if not chosen:
        parser.error(f"no design has {options.only!r} in its name")
    if options.jobs < 1:
        parser.error(f"--jobs must be 1 or more, not {options.jobs}")
    open_runs = missing(chosen, options.runs, done(options.results), options.label)
    run_all(
        open_runs,
        label=options.label,
        runs=options.results,
        jobs=options.jobs,
        minutes=options.minutes,
    )
    if options.table:
        (HERE / "stress.md").write_text(table(done(options.results)), "utf-8")


if __name__ == "__main__":
    main()
