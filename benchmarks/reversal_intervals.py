"""Coverage of the intervals of what returned in a drug holiday.

    python benchmarks/reversal_intervals.py --runs 2000       samples, minutes
    python benchmarks/reversal_intervals.py --cells 60        simulated cells as well
    python benchmarks/reversal_intervals.py --table           write the table

Samples are drawn at the level on which the intervals are computed, and pass through
`axis_reversal` and `shares_of_units` of dtpscore._calling.reversal, as in a call. Cells
come from `stress_simulator.py`, are scored as a call scores them, and pass through
`axis_reversal`. Results are appended to a file, one line of JSON per design, so that
the program can be stopped. The data folder is found through DTPSCORE_DATA_DIR; only
--cells needs it.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from stress_table import exact

from dtpscore._calling.reversal import Arms, axis_reversal, shares_of_units

RESULTS = HERE / "reversal_intervals.jsonl"
# Samples of untreated, treated and holiday cells.
SIZES = ((2, 2, 2), (3, 3, 3), (4, 4, 4), (6, 6, 6), (8, 8, 8), (6, 3, 2), (2, 2, 6))
PAIRS = (2, 3, 4, 6, 8)
PARTS = {"none": 0.0, "half": 0.5, "all": 1.0}
WAY = 2.0
LIBRARY_SD = 0.15
# Smallest and largest number of cells of a sample.
FEWEST, MOST = 40, 800
SHARES = ((0.05, 0.6), (0.3, 0.6), (0.5, 1.0), (0.85, 0.6), (0.95, 1.0))
TEXT = """# Coverage of the intervals of what returned in a holiday

Made by `python benchmarks/reversal_intervals.py --runs {runs}` and `--cells {cells}`,
then `--table`. The truth is known, intervals are at 95%, and brackets hold exact
(Clopper-Pearson) 95% intervals of the coverage. Sizes are the numbers of untreated,
treated and holiday samples.

## Axes, at the level of samples

Treated samples moved by 2 standard deviations of the cells, and holiday samples went
none, half or all of the way back. Library SD 0.15 of a standard deviation of the cells,
and each sample has 40 to 800 cells (log-uniform), whose chance it holds. With patients,
each has one sample of each arm, and patients differ by a standard deviation of 1 in all
arms. Experiments have 20 axes each. With few treated and many holiday samples the
interval covers more than it says: its degrees of freedom hold for treated samples that
may differ more than the others, which two of them cannot show.

| samples | returned | covered | intervals |
|---|---|---|---|
{axes}

## Axes, from simulated cells to the interval

Cells of `stress_simulator.py` (100 a library, library SD 0.15, contrasts of seven
melanoma contexts in turn, all treated cells persisters), scored as a call scores them.
The truth is 0 where nothing returned, on every axis; where all returned the truth of
the difference between holiday and untreated samples is 0, and that interval is asked.
Axes of one run hang together, so the brackets count runs: they are those of the mean of
runs (bootstrap over runs).

| samples | returned | runs | covered, mean over axes and runs |
|---|---|---|---|
{cells_table}

## The share of cells that returned

Samples differ (SD of the log odds as given) around a typical share, and 40 to 800 cells
of each are counted. The interval is that of the share in a typical sample.

| holiday samples | typical share | SD of log odds | covered |
|---|---|---|---|
{shares}

## What these intervals replaced

Percentiles of draws of samples covered 0.69, 0.81, 0.85, 0.90 and 0.90 of the
differences of axes with 2, 3, 4, 6 and 8 samples of each arm (nothing returned, 2,000
intervals each, at the level of samples), and 0.57, 0.74, 0.74, 0.84 and 0.83 of shares
(30%, SD 0.6, 200 intervals each).
"""


def _sizes_of_samples(n: int, rng: np.random.Generator) -> np.ndarray:
    return np.exp(rng.uniform(np.log(FEWEST), np.log(MOST), n)).astype(int)


def drawn_samples(
    sizes: tuple[int, int, int], part: float, n_axes: int, *, paired: bool, seed: int
) -> tuple[pd.DataFrame, Arms]:
    """One experiment, a row per sample: its means stand in for its cells."""
    rng = np.random.default_rng(seed)
    arm = np.repeat([0, 1, 2], sizes)
    stratum = np.concatenate([np.arange(n) for n in sizes]) if paired else 0 * arm
    level = WAY * np.array([0.0, 1.0, 1 - part])[arm]
    noise = np.sqrt(LIBRARY_SD**2 + 1 / _sizes_of_samples(len(arm), rng))
    values = level[:, None] + noise[:, None] * rng.normal(size=(len(arm), n_axes))
    if paired:
        values += rng.normal(size=(max(sizes), n_axes))[stratum]
    arms = Arms(arm == 0, arm == 1, arm == 2, np.arange(len(arm)), stratum)
    return pd.DataFrame(values), arms


def axes_covered(
    sizes: tuple[int, int, int], part: float, n_runs: int, *, paired: bool
) -> tuple[int, int]:
    """Intervals that hold the truth, and all of them."""
    n_axes, hits, total = 20, 0, 0
    truth = -part * WAY
    name = f"{sizes}{part}{paired}"
    for run in range(n_runs // n_axes):
        seed = zlib.crc32(f"{name}{run}".encode())
        found = axis_reversal(
            *drawn_samples(sizes, part, n_axes, paired=paired, seed=seed)
        )
        held = (found["returned_low"] <= truth) & (truth <= found["returned_high"])
        hits, total = hits + int(held.sum()), total + n_axes
    return hits, total


def shares_covered(n: int, middle: float, spread: float, n_runs: int) -> int:
    """Runs in which the interval of the share holds that of a typical sample."""
    rng = np.random.default_rng(zlib.crc32(f"{n}{middle}{spread}".encode()))
    center, hits = np.log(middle / (1 - middle)), 0
    for _ in range(n_runs):
        cells = _sizes_of_samples(n, rng)
        share = 1 / (1 + np.exp(-(center + spread * rng.normal(size=n))))
        back = rng.binomial(cells, share)
        _, low, high = shares_of_units(np.column_stack([cells - back, back]))
        hits += bool(low[1] <= middle <= high[1])
    return hits


def samples(n_runs: int) -> None:
    """Every design at the level of samples."""
    for paired, designs in (
        (False, SIZES),
        (True, [(n, n, n) for n in PAIRS]),
    ):
        for sizes in designs:
            for name, part in PARTS.items():
                hits, total = axes_covered(sizes, part, n_runs, paired=paired)
                keep(
                    kind="axes",
                    sizes=sizes,
                    paired=paired,
                    returned=name,
                    hits=hits,
                    total=total,
                )
    for n in PAIRS:
        for middle, spread in SHARES:
            hits = shares_covered(n, middle, spread, n_runs)
            keep(
                kind="share", n=n, share=middle, spread=spread, hits=hits, total=n_runs
            )


def cells(n_runs: int) -> None:
    """Simulated cells; designs of 2 and 3 samples are parts of those of 4."""
    from calling_data import score
    from stress_population import CONTEXTS
    from stress_simulator import Library, Setting, simulate

    from dtpscore._calling.cells import reference_units

    for run in range(n_runs):
        name, back = (("none", 1.0), ("all", 0.0))[run % 2]
        libraries = [
            Library(f"{arm}{n}", 100, treated=arm == 1, persisters=share)
            for arm, share in enumerate((0.0, 1.0, back))
            for n in range(4)
        ]
        setting = Setting(context=CONTEXTS[run // 2 % len(CONTEXTS)])
        adata = simulate(libraries, setting, seed=6000 + run)
        found = score(adata)
        sample = adata.obs["sample"].astype(str)
        arm = sample.str[0].astype(int).to_numpy()
        number = sample.str[1].astype(int).to_numpy()
        values = np.column_stack([found.index, found.proliferation, found.axes])
        for n in (2, 3, 4):
            use = number < n
            axes = pd.DataFrame(reference_units(values[use], arm[use] == 0)).dropna(
                axis="columns"
            )
            arms = _arms_of(arm[use], number[use], name)
            table = axis_reversal(axes, arms)
            held = (table["returned_low"] <= 0) & (table["returned_high"] >= 0)
            keep(
                kind="cells",
                sizes=(n, n, n),
                returned=name,
                run=run,
                covered=float(held.mean()),
            )


def _arms_of(arm: np.ndarray, number: np.ndarray, returned: str) -> Arms:
    """Three arms; where all returned, treated and untreated samples change places.

    What is asked then is the difference between holiday and untreated samples.
    """
    first, second = (0, 1) if returned == "none" else (1, 0)
    sample = 10 * arm + number
    stratum = np.zeros(len(arm), np.int64)
    return Arms(arm == first, arm == second, arm == 2, sample, stratum)


def keep(**row: object) -> None:
    """Append a result, and show it."""
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    print(row, file=sys.stderr, flush=True)


def _counted(hits: int, total: int) -> str:
    low, high = exact(hits, total)
    return f"{hits / total:.3f} [{low:.3f}, {high:.3f}] of {total:,}"


def _of_cells(rows: list[dict]) -> list[str]:
    lines, frame = [], pd.DataFrame(rows)
    rng = np.random.default_rng(0)
    if not len(frame):
        return []
    frame["sizes"] = frame["sizes"].map(lambda sizes: " + ".join(map(str, sizes)))
    for (sizes, returned), part in frame.groupby(["sizes", "returned"]):
        values = part["covered"].to_numpy()
        means = rng.choice(values, (10_000, len(values))).mean(axis=1)
        low, high = np.quantile(means, (0.025, 0.975))
        lines.append(
            f"| {sizes} | {returned} | {len(part)} | {values.mean():.3f} "
            f"[{low:.3f}, {high:.3f}] |"
        )
    return lines


def table() -> str:
    """Write the page from the results."""
    rows = [json.loads(line) for line in RESULTS.read_text("utf-8").splitlines()]
    axes, shares = [], []
    for row in rows:
        if row["kind"] == "axes":
            sizes = " + ".join(map(str, row["sizes"]))
            who = f"{row['sizes'][0]} patients, paired" if row["paired"] else sizes
            said = _counted(row["hits"], row["total"]).split(" of ")
            axes.append(f"| {who} | {row['returned']} | {said[0]} | {said[1]} |")
        elif row["kind"] == "share":
            said = _counted(row["hits"], row["total"])
            shares.append(
                f"| {row['n']} | {row['share']:.0%} | {row['spread']} | {said} |"
            )
    made = [row for row in rows if row["kind"] == "cells"]
    return TEXT.format(
        runs=max((row["total"] for row in rows if "total" in row), default=0),
        cells=len({row["run"] for row in made}),
        axes="\n".join(axes),
        shares="\n".join(shares),
        cells_table="\n".join(_of_cells(made)),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=0, help="intervals of each design")
    parser.add_argument("--cells", type=int, default=0, help="simulated experiments")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    if options.runs:
        samples(options.runs)
    if options.cells:
        cells(options.cells)
    if options.table:
        (HERE / "reversal_intervals.md").write_text(table(), encoding="utf-8")


if __name__ == "__main__":
    main()
