"""Error rates of the claim that a group moved, and coverage of the size of the move.

    python benchmarks/group_claims.py --nulls 300 --moves 70    minutes to an hour
    python benchmarks/group_claims.py --calls 50                through tl.call itself
    python benchmarks/group_claims.py --drawn 3000              means of samples alone
    python benchmarks/group_claims.py --table                   write the table

Cells come from `stress_simulator.py`. With --nulls and --moves they are scored as a
call scores them, and the two tests of a call are applied to the scores: `group_move`
(all signatures together: the sentence on the group) and `compare_samples` (the mean
index: the table of sample tests). With --calls the experiments pass through `tl.call`.
With --drawn there are no cells: means of samples are drawn whose signatures hang
together as much as those of public libraries do, and go into the test of `group_move`.
Every result is appended to a file, one line of JSON each, so that the program can be
stopped. The data folder is found through DTPSCORE_DATA_DIR.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from calling_data import score
from stress_designs import LIBRARY_SDS
from stress_population import CONTEXTS, SUBCLONES
from stress_simulator import Library, Setting, simulate
from stress_table import exact

import dtpscore as dtp
from dtpscore._calling.cells import reference_units
from dtpscore._calling.group_move import group_move
from dtpscore._calling.sample_tests import compare_samples
from dtpscore._statistics.moves import whole_move
from dtpscore._statistics.public_libraries import public_libraries

if TYPE_CHECKING:
    import anndata as ad

RESULTS = HERE / "group_claims.jsonl"
ALPHA = 0.05
PATIENT_SD = 0.3
# Means of samples that are drawn: signatures, library SD, and sizes of the move.
N_DRAWN, DRAWN_SDS, DRAWN_SIZES = 40, (0.1, 0.15, 0.2, 0.3), (0.0, 0.3, 1.0)
DRAWN = (
    ("2 v 2", 2, 2, False),
    ("3 v 3", 3, 3, False),
    ("4 v 2", 4, 2, False),
    ("3 pairs", 3, 3, True),
    ("4 pairs", 4, 4, True),
)
SHOWN = ("2 v 2", "3 v 3", "4 v 2", "3 pairs", "4 pairs")
TEXT = """# The claim that a group moved: error rates and coverage

Made by `python benchmarks/group_claims.py --nulls {nulls} --moves {moves}`,
`--calls {calls}`, `--drawn {drawn}` and `--table`. Cells are simulated by
`stress_simulator.py`, 40 to 160 a library (log-uniform), library SD 0.1, 0.2, 0.3 and
0.4 in turn (0.1 and 0.2 where groups moved); patients of a pair share a further factor
of SD 0.3. Brackets hold exact (Clopper-Pearson) 95% intervals. Every experiment of
4 + 4 libraries gives two of 2 v 2 and one of each other design.

## Nothing moved: how often p is at or below 0.05

*The group moved* is the claim in the sentence on the group: all signatures together.
*The mean index* is the row of the table of sample tests. The first rows are the tests
of a call applied to scores, the second ones are read from results of `tl.call`.

| through | samples | the group moved | the mean index |
|---|---|---|---|
{nulls_table}

The claim about all signatures is careful here. It takes them to be worth {worth:.1f}
independent ones, as in public libraries, where one library stands apart in many
signatures together. In this simulator genes differ nearly each for itself, and 44
signatures are worth 20 to 90. With means of samples that hang together as in public
libraries (one factor common to 40 signatures; library SD 0.1, 0.15, 0.2 and 0.3 in
turn) it is:

| samples | moved, 0 | covers 0 | moved, 0.3 | covers 0.3 | moved, 1 | covers 1 |
|---|---|---|---|---|---|---|
{drawn_table}

## Every treated cell moved: power, and coverage of the size

All treated cells are persisters of one of seven melanoma contexts in turn, and the
libraries of its study are left out of the prior. The true size of a context is that of
the mean difference of its experiments, less what they differ by chance. Where nothing
moved the true size is 0. The interval is wider than it need be where signatures
differ each for itself, and where the move is the same in all of them.

| samples | the group moved | interval covers the size | covers 0 where nothing moved |
|---|---|---|---|
{moves_table}
"""


def libraries_of(run: int, share: float, *, paired: bool) -> list[Library]:
    """Four untreated and four treated libraries of unequal sizes."""
    rng = np.random.default_rng([run, paired])
    sizes = np.exp(rng.uniform(np.log(40), np.log(160), 8)).astype(int)
    return [
        Library(
            f"{'treated' if n >= 4 else 'untreated'}_{n % 4}",
            int(size),
            treated=n >= 4,
            persisters=share if n >= 4 else 0.0,
            day=f"patient {n % 4}" if paired else None,
        )
        for n, size in enumerate(sizes)
    ]


def parts(*, paired: bool) -> list[tuple[str, list[str]]]:
    """Name designs, and the libraries of an experiment of 4 + 4 that they take."""

    def names(before: range, after: range) -> list[str]:
        return [f"untreated_{n}" for n in before] + [f"treated_{n}" for n in after]

    if paired:
        return [(f"{n} pairs", names(range(n), range(n))) for n in (3, 4)]
    return [
        ("2 v 2", names(range(2), range(2))),
        ("2 v 2", names(range(2, 4), range(2, 4))),
        ("3 v 3", names(range(3), range(3))),
        ("4 v 2", names(range(4), range(2))),
    ]


def experiment(run: int, share: float, *, paired: bool) -> tuple[ad.AnnData, str]:
    """Simulate one experiment; its context."""
    context = CONTEXTS[run % len(CONTEXTS)]
    sds = LIBRARY_SDS if share == 0 else LIBRARY_SDS[:2]
    setting = Setting(
        library_sd=sds[(run // (len(CONTEXTS) if share else 1)) % len(sds)],
        day_sd=PATIENT_SD,
        context=context,
    )
    libraries = libraries_of(run, share, paired=paired)
    seed = 20_000 + 10 * run + 2 * (share > 0) + paired
    adata = simulate(libraries, setting, seed=seed)
    sample = adata.obs["sample"].astype(str)
    adata.obs["patient"] = sample.str[-1] if paired else "all"
    return adata, context


def by_functions(run: int, share: float, *, paired: bool) -> None:
    """Both tests of a call on the scores of the parts of one experiment."""
    adata, context = experiment(run, share, paired=paired)
    found = score(adata)
    sample = adata.obs["sample"].astype(str).to_numpy()
    study = "hayford2024" if context in SUBCLONES else "stauffer2024"
    for name, chosen in parts(paired=paired):
        rows = np.isin(sample, chosen)
        code = np.unique(sample[rows], return_inverse=True)[1].astype(np.int64)
        before = np.char.startswith(sample[rows].astype(str), "untreated")
        pair = adata.obs["patient"].to_numpy(dtype=np.str_)[rows]
        values = np.asarray(found.values)[rows]
        left_out = [study] if share else []
        move = group_move(values, code, before, pair, exclude_studies=left_out)
        index = reference_units(found.index[rows], before)
        own = [code == one for one in np.unique(code)]
        means = np.array([index[one].mean() for one in own])
        treated = np.array([not before[one][0] for one in own])
        pairs = np.unique([pair[one][0] for one in own], return_inverse=True)[1]
        tested = compare_samples(means, treated, pairs, alpha=ALPHA)
        keep(
            through="functions",
            design=name,
            run=run,
            share=share,
            context=context,
            p=move.pvalue,
            size=move.size,
            low=move.low,
            high=move.high,
            index_p=tested.pvalue,
            gap=difference(values, own, treated).round(4).tolist(),
        )


def by_draws(n_runs: int) -> None:
    """Apply the test of all signatures to drawn means; the size 0, 0.3 or 1 SD."""
    public = public_libraries()
    # One factor with this share of the variance makes features worth so many.
    worth = public.independent
    common = np.sqrt((1 / worth - 1 / N_DRAWN) / (1 - 1 / N_DRAWN))
    sign = np.where(np.arange(N_DRAWN) % 2, -1.0, 1.0)
    for name, before, after, paired in DRAWN:
        treated = np.arange(before + after) >= before
        pair = np.arange(before + after) % before if paired else None
        rng = np.random.default_rng([before, after, paired])
        for run in range(n_runs):
            sd, size = DRAWN_SDS[run % len(DRAWN_SDS)], DRAWN_SIZES[run // 4 % 3]
            shape = (before + after, N_DRAWN)
            means = np.sqrt(common) * rng.normal(size=(shape[0], 1)) * sign
            means = sd * (means + np.sqrt(1 - common) * rng.normal(size=shape))
            means[treated] += size
            if pair is not None:
                means += rng.normal(size=shape)[pair]
            found = whole_move(
                means,
                treated,
                independent=worth,
                prior=public.whole,
                stratum=pair,
            )
            keep(
                through="draws",
                design=name,
                run=run,
                share=0.0,
                size=size,
                p=found.pvalue,
                low=found.low,
                high=found.high,
            )


def difference(
    values: np.ndarray, own: list[np.ndarray], treated: np.ndarray
) -> np.ndarray:
    """Difference of the arms in SD of the cells of a sample, as `group_move` has it."""
    unit = np.sqrt(np.mean([values[one].var(axis=0) for one in own], axis=0))
    means = np.array([values[one].mean(axis=0) for one in own])
    gap = means[treated].mean(axis=0) - means[~treated].mean(axis=0)
    return (gap / np.where(unit > 0, unit, np.inf))[unit > 0]


def by_calls(run: int, *, paired: bool) -> None:
    """Null experiments through `tl.call`, as a user would run it."""
    adata, context = experiment(10_000 + run, 0.0, paired=paired)
    sample = adata.obs["sample"].astype(str)
    for name, chosen in parts(paired=paired):
        part = adata[sample.isin(chosen).to_numpy()].copy()
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dtp.tl.call(
                part,
                groupby="condition",
                reference="untreated",
                sample_key="sample",
                pair_key="patient" if paired else None,
            )
        record = part.uns["dtp_call"]
        tests = record["sample_tests"]
        index = tests.loc[tests["measure"] == "index", "pvalue"]
        calibration = record["calibration"].iloc[0]
        keep(
            through="tl.call",
            design=name,
            run=run,
            share=0.0,
            context=context,
            p=float(calibration["move_pvalue"]),
            size=float(calibration["move"]),
            low=float(calibration["move_low"]),
            high=float(calibration["move_high"]),
            index_p=float(index.iloc[0]),
        )


def keep(**row: object) -> None:
    """Append a result."""
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def _counted(mask: pd.Series) -> str:
    hits, n = int(mask.sum()), len(mask)
    low, high = exact(hits, n)
    return f"{hits} of {n}: {hits / n:.3f} [{low:.3f}, {high:.3f}]"


def true_sizes(moved: pd.DataFrame) -> dict[str, float]:
    """Root mean square of the mean difference of each context, less its chance."""
    sizes = {}
    for context, part in moved[moved["design"] == "4 v 2"].groupby("context"):
        gaps = np.array(part["gap"].tolist())
        chance = gaps.var(axis=0, ddof=1) / len(gaps)
        sizes[context] = float(np.sqrt((gaps.mean(axis=0) ** 2 - chance).mean()))
    return sizes


def drawn_lines(drawn: pd.DataFrame) -> list[str]:
    """One line per design of drawn means."""
    lines = []
    for name in SHOWN if len(drawn) else ():
        cells = [name]
        for size in DRAWN_SIZES:
            part = drawn[(drawn["design"] == name) & (drawn["size"] == size)]
            held = (part["low"] <= size) & (size <= part["high"])
            cells += [_counted(part["p"] <= ALPHA), _counted(held)]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def table(frame: pd.DataFrame) -> str:
    """Write the page."""
    drawn = frame[frame["through"] == "draws"]
    frame = frame[frame["through"] != "draws"]
    nulls, moved = frame[frame["share"] == 0], frame[frame["share"] > 0].copy()
    moved["true"] = moved["context"].map(true_sizes(moved))
    moved["held"] = (moved["low"] <= moved["true"]) & (moved["true"] <= moved["high"])
    first, second = [], []
    for through, of in nulls.groupby("through"):
        for name in SHOWN:
            part = of[of["design"] == name]
            known = part["index_p"].dropna()
            first.append(
                f"| {through} | {name} | {_counted(part['p'] <= ALPHA)} "
                f"| {_counted(known <= ALPHA)} |"
            )
    for name in SHOWN:
        part = moved[moved["design"] == name]
        zero = nulls[(nulls["design"] == name) & (nulls["through"] == "functions")]
        second.append(
            f"| {name} | {_counted(part['p'] <= ALPHA)} | {_counted(part['held'])} "
            f"| {_counted(zero['low'] == 0)} |"
        )
    runs = frame.groupby(["through", frame["share"] > 0])["run"].nunique()
    return TEXT.format(
        worth=public_libraries().independent,
        drawn_table="\n".join(drawn_lines(drawn)),
        nulls=runs.get(("functions", False), 0),
        moves=runs.get(("functions", True), 0),
        calls=runs.get(("tl.call", False), 0),
        drawn=drawn["run"].nunique(),
        nulls_table="\n".join(first),
        moves_table="\n".join(second),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nulls", type=int, default=0, help="null experiments")
    parser.add_argument("--moves", type=int, default=0, help="experiments that moved")
    parser.add_argument("--calls", type=int, default=0, help="nulls through tl.call")
    parser.add_argument("--drawn", type=int, default=0, help="drawn experiments")
    parser.add_argument("--start", type=int, default=0, help="first experiment")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    for share, n in ((0.0, options.nulls), (1.0, options.moves)):
        for run in range(options.start, n):
            for paired in (False, True):
                by_functions(run, share, paired=paired)
    for run in range(options.start, options.calls):
        for paired in (False, True):
            by_calls(run, paired=paired)
    if options.drawn:
        by_draws(options.drawn)
    if options.table:
        rows = [json.loads(line) for line in RESULTS.read_text("utf-8").splitlines()]
        (HERE / "group_claims.md").write_text(table(pd.DataFrame(rows)), "utf-8")


if __name__ == "__main__":
    main()
