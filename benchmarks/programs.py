"""Which published program is nearest: how often the answer of ``tl.programs`` is right.

    python benchmarks/programs.py          about 10 minutes on one idle core

Simulated bulk samples say how often a planted program is found and how often samples
without any are named. Real contrasts are held against what is known without their own
study. Real shifts that are no persisters say how often persisters are called nearer.
The tables go to ``programs.md``. The data folder is found through DTPSCORE_DATA_DIR.
"""

from __future__ import annotations

import sys
from itertools import combinations, permutations, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import pandas as pd

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from calling_data import read
from stress_table import exact

import dtpscore as dtp
from dtpscore._programs.decide import NEARER, NONE_NEAR, NOT_NEARER, NOT_TESTED
from dtpscore._programs.known import BY_CONTRAST, BY_LIST, PERSISTER, known_programs

if TYPE_CHECKING:
    from collections.abc import Iterator

VERDICTS = (NEARER, NOT_NEARER, NONE_NEAR, NOT_TESTED)
DESIGN = {"groupby": "condition", "reference": "parental", "sample_key": "sample"}
N_NULL, N_PLANTED = 100, 4
TEXT = """# The nearest published program: how often it is right

Made by `python benchmarks/programs.py`. "Nearer" means that a program of persisters is
nearer than every other kind by the rule of `tl.programs`: the interval over samples of
the difference from the nearest other program lies above 0, and at least three kinds of
other programs take part ("not tested" where they do not, or where there is no
interval). "Gene list" compares with signed gene lists, "measured contrast" with
measured contrasts, over signatures. Intervals of
shares are exact and take the shifts for independent, which pairs of the same lines are
not.

## Simulated samples

Bulk samples are drawn with independent genes (log-normal, standard deviation 0.3). In a
planted program the genes of a list move by up to 0.5 in natural logarithms, each by its
own amount. "Right" means that the planted program is the nearest one of its side.

{simulated}

{simulated_words}

## Real contrasts of persisters, their own study left out

The subclones are of the line SKMEL5, so the two melanoma studies share this line.

{real}

{real_words}

## Real shifts that are no persisters

Lines: every ordered pair of the five untreated lung lines, three plates as samples.
Measured contrasts of either line are left out, or all of the study. Within a line: the
third of the cells that divides least, has most handling stress or most interferon
response, against the other end, plates as pairs; the study is left out. Cell types:
untreated leukemia, patients as pairs. Replicates: parental (or persister) bulk
replicates of four melanoma lines against each other, lines as pairs, and plates of the
same mixture, two against two.

{shifts}

{shift_words}
"""


def look(adata: ad.AnnData, exclude: tuple[str, ...] = (), **more: Any) -> dict:
    """Verdict and nearest programs of the arm, by list and by contrast."""
    given = {**DESIGN, "exclude": exclude, "n_permutations": 199, **more}
    found = dtp.tl.programs(adata, copy=True, **given)
    table = dtp.get.programs(found, kind="nearest").set_index("by")
    return {by: table.loc[by].to_dict() for by in table.index}


def of_counts(counts: np.ndarray, genes: Any, arm: np.ndarray, pair: Any = None) -> Any:
    """Samples as an AnnData, the arm named treated."""
    names = [f"s{k}" for k in range(len(arm))]
    obs = pd.DataFrame(
        {"condition": np.where(arm, "treated", "parental"), "sample": names}, names
    )
    if pair is not None:
        obs["pair"] = [str(one) for one in pair]
    return ad.AnnData(np.asarray(counts, np.float32), obs, pd.DataFrame(index=genes))


def dense(part: ad.AnnData) -> np.ndarray:
    """Counts of all samples."""
    return part.X.toarray() if hasattr(part.X, "toarray") else np.asarray(part.X)


def summed(part: ad.AnnData) -> np.ndarray:
    """Counts of all cells together."""
    return np.asarray(part.X.sum(axis=0)).ravel()


# Simulated samples.


def simulated(n: int, plant: str, genes: list[str], seed: int) -> ad.AnnData:
    """Bulk samples of two arms, with a program planted or none."""
    rng = np.random.default_rng(seed)
    log = np.log(rng.gamma(0.8, 60, len(genes)) + 5)
    log = log + 0.3 * rng.standard_normal((2 * n, len(genes)))
    if plant:
        place = {gene: k for k, gene in enumerate(genes)}
        one = dtp.signatures.load(plant)
        for half, sign in ((one.genes.up, 1), (one.genes.down, -1)):
            rows = [place[gene] for gene in half]
            log[n:, rows] += sign * rng.uniform(0, 0.5, len(rows))
    return of_counts(rng.poisson(np.exp(log)), genes, np.arange(2 * n) >= n)


def simulations() -> pd.DataFrame:
    known = known_programs()
    listed = {g for one in known.lists for g in (*one.genes.up, *one.genes.down)}
    described = {g for one in known.described for g in (*one.genes.up, *one.genes.down)}
    genes = [*sorted(listed | described), *(f"NONE{k}" for k in range(4000))]
    rows = []
    for n in (2, 3, 6):
        for k in range(N_NULL):
            found = look(simulated(n, "", genes, 1000 * n + k))
            rows += [row("none", n, "", by=by, found=one) for by, one in found.items()]
        for program in known.programs:
            if program.by != BY_LIST or not program.clear:
                continue
            side = "persisters" if program.kind == PERSISTER else "another kind"
            for k in range(N_PLANTED):
                made = simulated(n, program.name, genes, 7000 * n + k)
                one = look(made)[BY_LIST]
                rows.append(row(side, n, program.name, by=BY_LIST, found=one))
        print("simulated", n, file=sys.stderr, flush=True)
    return pd.DataFrame(rows)


def row(planted: str, n: int, name: str, *, by: str, found: dict) -> dict[str, Any]:
    right = found["nearest" if planted == "persisters" else "other"] == name
    return {
        "planted": planted,
        "n": n,
        "by": by,
        "verdict": found["verdict"],
        "right": right if name else False,
    }


# Real contrasts of persisters.


def persisters() -> Iterator[tuple[str, str, ad.AnnData, str, str]]:
    """Name, study, samples, pair column and tumor of each contrast."""
    for file, study in (
        ("bulk_brafi_4lines", "stauffer2024"),
        ("bulk_skmel5_timecourse", "hayford2024"),
    ):
        bulk = read(file)
        bulk = bulk[bulk.obs["condition"].isin(["DTP", "parental"]).to_numpy()].copy()
        for line in sorted(bulk.obs["cell_line"].astype(str).unique()):
            part = bulk[(bulk.obs["cell_line"] == line).to_numpy()]
            arm = (part.obs["condition"] == "DTP").to_numpy()
            yield (
                line,
                study,
                of_counts(dense(part), part.var_names, arm),
                "",
                "melanoma",
            )
        arm = (bulk.obs["condition"] == "DTP").to_numpy()
        lines = bulk.obs["cell_line"].astype(str)
        every = of_counts(dense(bulk), bulk.var_names, arm, lines)
        yield f"all lines of {study}, as pairs", study, every, "pair", "melanoma"
    cells = read("aml_vangalen_paired")
    size = cells.obs["sample"].value_counts()
    cells = cells[cells.obs["sample"].isin(size.index[size >= 50]).to_numpy()].copy()
    kept = [
        one
        for one, part in cells.obs.groupby("patient", observed=True)
        if part["condition"].nunique() == 2
    ]
    cells = cells[cells.obs["patient"].isin(kept).to_numpy()].copy()
    names = sorted(cells.obs["sample"].astype(str).unique())
    counts = [summed(cells[(cells.obs["sample"] == one).to_numpy()]) for one in names]
    arm = np.array([not one.endswith("-D0") for one in names])
    patients = [one.split("-")[0] for one in names]
    every = of_counts(np.array(counts), cells.var_names, arm, patients)
    yield "leukemia, patients as pairs", "vangalen2019", every, "pair", "leukemia"
    for one in kept:
        own = every[(every.obs["pair"] == str(one)).to_numpy()].copy()
        yield str(one), "vangalen2019", own, "", "leukemia"


def of_tumor(name: str, tumor: str) -> bool:
    """Whether a program is about this tumor."""
    known = {one.name: one for one in known_programs().programs}
    words = known[name].title.lower()
    return tumor in words or (tumor == "leukemia" and "aml" in words)


def contrasts() -> pd.DataFrame:
    rows = []
    for name, study, adata, pair, tumor in persisters():
        found = look(adata, (study,), **({"pair_key": pair} if pair else {}))
        for by, one in found.items():
            rows.append(
                {
                    "contrast": name,
                    "tumor": tumor,
                    "by": by,
                    **one,
                    "own_tumor": of_tumor(one["nearest"], tumor),
                }
            )
        print(name, file=sys.stderr, flush=True)
    return pd.DataFrame(rows)


# Real shifts that are no persisters.

WITHIN = {
    "cycle": (["tirosh2016_s_phase", "tirosh2016_g2m_phase"], False),
    "stress": (["dissociation_broad2019"], True),
    "interferon": (["hallmark_interferon_alpha_response"], True),
}


def single_cells() -> ad.AnnData:
    cells = read("sc_mixology_nsclc")
    single = (cells.obs["demuxlet_class"] == "SNG").to_numpy()
    plates = cells.obs["sample"].astype(str).str.contains("5cl").to_numpy()
    return cells[single & plates].copy()


def between_lines(cells: ad.AnnData) -> Iterator[tuple[str, Any, dict]]:
    obs = cells.obs[["cell_line", "sample"]].astype(str)
    profile = {
        key: summed(cells[(obs["cell_line"] == key[0]) & (obs["sample"] == key[1])])
        for key in sorted(set(zip(obs["cell_line"], obs["sample"], strict=True)))
    }
    shifts = [one.name for one in known_programs().programs if one.name[:4] == "line"]
    for one, other in permutations(sorted(set(obs["cell_line"])), 2):
        keys = [key for key in profile if key[0] in (one, other)]
        arm = np.array([key[0] == one for key in keys])
        made = of_counts(np.array([profile[key] for key in keys]), cells.var_names, arm)
        named = tuple(name for name in shifts if one in name or other in name)
        yield "lines, contrasts of either line left out", made, {"exclude": named}
        yield "lines, the study left out", made, {"exclude": ("tian2019",)}


def within_lines(cells: ad.AnnData) -> Iterator[tuple[str, Any, dict]]:
    for line in sorted(cells.obs["cell_line"].astype(str).unique()):
        own = cells[(cells.obs["cell_line"] == line).to_numpy()].copy()
        for kind, (lists, high) in WITHIN.items():
            bare = ad.AnnData(own.X, obs=own.obs[[]], var=own.var[[]])
            dtp.tl.score(bare, lists, method="mean", normalize="log1p", control=True)
            value = bare.obsm["dtp_scores_z"].mean(axis=1).to_numpy()
            low, top = np.quantile(value, [1 / 3, 2 / 3])
            parts = [value <= low, value >= top]
            moved, rest = parts[::-1] if high else parts
            plates = own.obs["sample"].astype(str)
            counts, arm, pair = [], [], []
            for plate, side in product(sorted(set(plates)), (False, True)):
                rows = (moved if side else rest) & (plates == plate).to_numpy()
                if rows.sum() >= 5:
                    counts.append(summed(own[rows]))
                    arm.append(side)
                    pair.append(plate)
            made = of_counts(np.array(counts), own.var_names, np.array(arm), pair)
            yield (
                f"within a line: {kind}",
                made,
                {
                    "exclude": ("tian2019",),
                    "pair_key": "pair",
                },
            )


def cell_types() -> Iterator[tuple[str, Any, dict]]:
    cells = read("aml_vangalen_paired")
    cells = cells[(cells.obs["condition"] == "untreated").to_numpy()].copy()
    obs = cells.obs[["cell_type", "patient"]].astype(str)
    size = obs.value_counts()
    for one, other in permutations(sorted(set(obs["cell_type"])), 2):
        both = [
            patient
            for patient in sorted(set(obs["patient"]))
            if min(size.get((one, patient), 0), size.get((other, patient), 0)) >= 20
        ]
        if len(both) < 2:
            continue
        keys = [(kind, patient) for patient in both for kind in (one, other)]
        counts = [
            summed(cells[(obs["cell_type"] == a) & (obs["patient"] == b)])
            for a, b in keys
        ]
        arm = np.array([key[0] == one for key in keys])
        pair = [key[1] for key in keys]
        made = of_counts(np.array(counts), cells.var_names, arm, pair)
        yield (
            "cell types of leukemia",
            made,
            {
                "exclude": ("vangalen2019",),
                "pair_key": "pair",
            },
        )


def replicates() -> Iterator[tuple[str, Any, dict]]:
    bulk = read("bulk_brafi_4lines")
    lines = sorted(bulk.obs["cell_line"].astype(str).unique())
    for state in ("parental", "DTP"):
        own = bulk[(bulk.obs["condition"] == state).to_numpy()].copy()
        label = list(
            zip(
                own.obs["cell_line"].astype(str),
                own.obs["replicate"].astype(str),
                strict=True,
            )
        )
        counts = dense(own)
        for first, second in combinations(("1", "2", "3"), 2):
            # The first line keeps its order: turning all of them is the same contrast.
            for turned in product((False, True), repeat=len(lines) - 1):
                rows, pair, arm = [], [], []
                for line, turn in zip(lines, (False, *turned), strict=True):
                    for copy, treated in ((first, turn), (second, not turn)):
                        rows.append(label.index((line, copy)))
                        pair.append(line)
                        arm.append(treated)
                made = of_counts(counts[rows], own.var_names, np.array(arm), pair)
                yield (
                    "replicates",
                    made,
                    {
                        "exclude": ("stauffer2024",),
                        "pair_key": "pair",
                    },
                )
    wells = read("sc_mixology_cellmix")
    plates = sorted(wells.obs["sample"].astype(str).unique())
    counts = [summed(wells[(wells.obs["sample"] == one).to_numpy()]) for one in plates]
    for moved in combinations(range(len(plates)), 2):
        arm = np.isin(np.arange(len(plates)), moved)
        made = of_counts(np.array(counts), wells.var_names, arm)
        yield "replicates", made, {"exclude": ("tian2019",)}


def shifts() -> pd.DataFrame:
    cells, rows = single_cells(), []
    for source in (
        between_lines(cells),
        within_lines(cells),
        cell_types(),
        replicates(),
    ):
        for kind, adata, more in source:
            for by, one in look(adata, **more).items():
                rows.append({"kind": kind, "by": by, **one})
        print(kind, file=sys.stderr, flush=True)
    return pd.DataFrame(rows)


# Tables.


def as_table(head: list[str], lines: list[list[object]]) -> str:
    return "\n".join(
        [
            f"| {' | '.join(head)} |",
            f"|{'---|' * len(head)}",
            *(f"| {' | '.join(map(str, one))} |" for one in lines),
        ]
    )


def counted(part: pd.DataFrame) -> list[object]:
    low, high = exact(int((part["verdict"] == NEARER).sum()), len(part))
    return [
        *(int((part["verdict"] == one).sum()) for one in VERDICTS),
        f"{low:.3f} to {high:.3f}",
    ]


HEAD = ["nearer", "not nearer", "none near", "not tested", "nearer, 95% interval"]


def simulated_table(frame: pd.DataFrame) -> str:
    lines: list[list[object]] = []
    for (planted, n, by), part in frame.groupby(["planted", "n", "by"], sort=False):
        right = "" if planted == "none" else f"{int(part['right'].sum())}"
        lines.append([planted, f"{n} v {n}", by, len(part), right, *counted(part)])
    head = ["planted", "samples", "compared", "experiments", "right", *HEAD]
    return as_table(head, lines)


def shift_table(frame: pd.DataFrame) -> str:
    lines = [
        [kind, by, len(part), *counted(part)]
        for (kind, by), part in frame.groupby(["kind", "by"], sort=False)
    ]
    for by, part in frame.groupby("by", sort=False):
        lines.append(["**all**", by, len(part), *counted(part)])
    return as_table(["shift", "compared", "shifts", *HEAD], lines)


def contrast_table(frame: pd.DataFrame) -> str:
    lines = [
        [
            one["contrast"],
            one["by"],
            f"`{one['nearest']}` ({one['correlation']:.2f})",
            f"`{one['other']}` ({one['other_correlation']:.2f})",
            one["verdict"],
        ]
        for one in frame.to_dict("records")
    ]
    head = ["contrast", "compared", "nearest of persisters", "nearest other", "verdict"]
    return as_table(head, lines)


def main() -> None:
    real, shift, made = contrasts(), shifts(), simulations()
    by_contrast = real[(real["by"] == BY_CONTRAST).to_numpy()]
    melanoma = by_contrast[(by_contrast["tumor"] == "melanoma").to_numpy()]
    named = int((real["verdict"] == NEARER).sum())
    words = (
        f"By contrast, the nearest program of persisters is a melanoma of the other "
        f"study in {int(melanoma['own_tumor'].sum())} of {len(melanoma)} melanoma "
        f"contrasts. Persisters are nearer than every other kind in {named} of "
        f"{len(real)} comparisons. Most persisters divide less, and arrest of the cell "
        "cycle is then as near as any program of persisters: the rule says so."
    )
    lines = shift[shift["kind"].str.startswith("lines").to_numpy()]
    parts = [
        f"{int((part['verdict'] == NEARER).sum())} of {len(part)} ({by}, {kind})"
        for (kind, by), part in lines.groupby(["kind", "by"], sort=False)
    ]
    shift_words = (
        "Untreated lines against each other are called nearer to persisters in "
        f"{'; '.join(parts)}."
    )
    planted = made[(made["planted"] == "persisters").to_numpy()]
    power = [
        f"{int((part['verdict'] == NEARER).sum())} of {len(part)} with {n} v {n}"
        for n, part in planted.groupby("n", sort=False)
    ]
    simulated_words = (
        "A planted program of persisters is nearly always the nearest of its side. "
        f"It is called nearer than every other kind in {', '.join(power)} samples. "
        "Lists of persisters share genes with those of arrest, and short lists of "
        "other kinds are near by chance with wide intervals, so that few samples "
        "seldom show a difference."
    )
    text = TEXT.format(
        simulated=simulated_table(made),
        simulated_words=simulated_words,
        real=contrast_table(real),
        real_words=words,
        shifts=shift_table(shift),
        shift_words=shift_words,
    )
    (HERE / "programs.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
