"""Calls on real cells: where there is nothing to find, and before and after a drug.

    python benchmarks/real_cells.py            about 10 minutes
    python benchmarks/real_cells.py --table    write the table

Every experiment passes through `tl.call` with all defaults, as a user would run it, and
the result is appended to a file, one line of JSON each, so that the program can be
stopped. The data folder is found through DTPSCORE_DATA_DIR.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
import warnings
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from calling_data import read
from calling_nulls import plates, with_arms
from stress_table import exact

import dtpscore as dtp
from dtpscore.errors import DtpscoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import anndata as ad

    Case = tuple[str, str, ad.AnnData, dict[str, object]]

RESULTS = HERE / "real_cells.jsonl"
ALPHA = 0.05
RARE = 3
AML = "AML, before and after"
TEXT = """# Calls on real cells

Made by `python benchmarks/real_cells.py` and `--table`. Every experiment passes through
`tl.call` with all defaults. A cell is *called* at a q-value of 0.05; it is *named*
where its state is DTP-like or DTP-like cycling. *Moved* is the claim about samples that
the group moved as a whole, where p is at or below 0.05; with one sample in each arm it
rests on how much public libraries differ. Brackets hold exact (Clopper-Pearson) 95%
intervals, which take runs for independent; runs share cells, so they are not quite.

## Nothing to find, or nothing that is a persister

| cells | runs | refused | calls | cells called | names | cells named | moved |
|---|---|---|---|---|---|---|---|
{nulls}

- *cellmix*: four plates of the same mixtures of three lines, which differ 3.4-fold in
  depth: a strict null. An observation is a well of about nine cells.
- *line x plate*: untreated cells of one line on one plate (CEL-seq2) against those of
  the other two: a strict null. Three pairs have too few cells and are refused.
- *platform*: the same line by CEL-seq2 and by Drop-seq, one library each. The libraries
  do differ, and the claim that the group moved says so. No cell may be named.
- *PC9*: two replicates of day 11, each against the other; both are persisters. One way
  80% of the cells are called. Nearly all cells of the replicate that is the reference
  then, and 20% of the other one, have little ribosomal RNA and much MALAT1, as stripped
  or dying cells do; the called ones are the intact cells. With one untreated library
  that is a second population like any other. No cell is named.
- *AML patients*: the untreated cells of one patient against those of the other ones,
  all of them or those of one type. Patients do differ, so a call need not be wrong; a
  name is. The wrong name went to 22 of 143 HSC-like cells, one patient against one.
- *rare line*: three cells of one line on each untreated plate, and all of its cells on
  the treated plate. These cells did not change, they were selected. A call is right, a
  name is wrong.

## AML before and after chemotherapy

Malignant cells of five patients (GSE116256), untreated against residual, patient by
patient and all patients paired. No truth is known.

| patient | untreated | residual, samples: cells | called | named | undecided | said |
|---|---|---|---|---|---|---|
{aml}

With one untreated library a result speaks of second populations inside samples alone;
all other cells are not decided. In AML707B 22 of the 33 called cells are HSC-like by
the authors' types, as 11% of the untreated cells of this patient are, so that selection
of a cell type can be what is seen. The name is not safe there: between cell types of
leukemia it is given to shifts that are no persisters (`naming.md`).
"""


def cellmix() -> Iterator[Case]:
    """Each plate against the rest, and every two against the other two."""
    cells = read("sc_mixology_cellmix")
    plate = cells.obs["sample"].astype(str).to_numpy()
    names = np.unique(plate)
    for one in names:
        yield "cellmix, 3 + 1", one, with_arms(cells, plate == one, plate), {}
    for two in combinations(names, 2):
        arms = with_arms(cells, np.isin(plate, two), plate)
        yield "cellmix, 2 + 2", " ".join(two), arms, {}


def lines_by_plates() -> Iterator[Case]:
    """One line on one plate against the others, all lines, and platforms."""
    five = plates()
    plate = five.obs["sample"].astype(str).to_numpy()
    line = five.obs["cell_line"].astype(str).to_numpy()
    for one in np.unique(plate):
        yield (
            "plates of five lines, 2 + 1",
            one,
            with_arms(five, plate == one, plate),
            {},
        )
        for name in np.unique(line):
            own = line == name
            arms = with_arms(five[own], (plate == one)[own], plate[own])
            yield "line x plate, 2 + 1", f"{name} {one}", arms, {}
    cells = read("sc_mixology_nsclc")
    cells = cells[(cells.obs["demuxlet_class"] == "SNG").to_numpy()].copy()
    sample = cells.obs["sample"].astype(str).to_numpy()
    line = cells.obs["cell_line"].astype(str).to_numpy()
    for name in ("H1975", "H2228", "HCC827"):
        for one in ("sc_celseq2", "sc_dropseq"):
            own = (line == name) & np.isin(sample, ("sc_celseq2", "sc_dropseq"))
            arms = with_arms(cells[own], (sample == one)[own], sample[own])
            yield "platform, 1 + 1", f"{name} {one}", arms, {}


def replicates() -> Iterator[Case]:
    """Two libraries of persisters, each against the other."""
    cells = read("pc9_erlotinib_d11")
    sample = cells.obs["sample"].astype(str).to_numpy()
    for one in np.unique(sample):
        yield "PC9, 1 + 1", one, with_arms(cells, sample == one, sample), {}


def patients() -> Iterator[Case]:
    """Untreated leukemia of one patient against that of the others."""
    cells = read("aml_vangalen_paired")
    cells = cells[(cells.obs["condition"] == "untreated").to_numpy()].copy()
    patient = cells.obs["patient"].astype(str).to_numpy()
    kind = cells.obs["cell_type"].astype(str).to_numpy()
    for one in np.unique(patient):
        yield "AML patients, 4 + 1", one, with_arms(cells, patient == one, patient), {}
    for name in np.unique(kind):
        own = kind == name
        many = [
            one for one in np.unique(patient) if (own & (patient == one)).sum() >= 50
        ]
        own &= np.isin(patient, many)
        for one in many if len(many) > 1 else []:
            arms = with_arms(cells[own], (patient == one)[own], patient[own])
            yield "AML patients, one cell type", f"{name} {one}", arms, {}


def rare_line() -> Iterator[Case]:
    """A line that is rare on the untreated plates and frequent on the treated one."""
    five = plates()
    plate = five.obs["sample"].astype(str).to_numpy()
    line = five.obs["cell_line"].astype(str).to_numpy()
    rng = np.random.default_rng(0)
    for one in np.unique(plate):
        for name in np.unique(line):
            keep = np.ones(len(line), bool)
            for other in np.unique(plate[plate != one]):
                rows = np.flatnonzero((plate == other) & (line == name))
                keep[rng.permutation(rows)[RARE:]] = False
            arms = with_arms(five[keep], (plate == one)[keep], plate[keep])
            yield "rare line, 2 + 1", f"{name} {one}", arms, {}


def before_and_after() -> Iterator[Case]:
    """Residual against untreated cells of each patient, and of all, paired."""
    cells = read("aml_vangalen_paired")
    after = (cells.obs["condition"] == "residual").to_numpy()
    sample = cells.obs["sample"].astype(str).to_numpy()
    patient = cells.obs["patient"].astype(str).to_numpy()
    for one in np.unique(patient):
        own = patient == one
        yield AML, one, with_arms(cells[own], after[own], sample[own]), {}
    arms = with_arms(cells, after, sample)
    yield AML, "all, paired", arms, {"pair_key": "patient"}
    yield AML, "all, each within the patient", arms, {"batch_key": "patient"}


def measure(kind: str, name: str, arms: ad.AnnData, keys: dict[str, object]) -> dict:
    """Call as a user would, and count."""
    query = (arms.obs["arm"] == "query").to_numpy()
    row = {"kind": kind, "run": name, "n_reference": int((~query).sum())}
    row |= {
        "n_query": int(query.sum()),
        "n_samples": int(arms.obs["library"][query].nunique()),
    }
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = dtp.tl.call(
                arms,
                groupby="arm",
                reference="reference",
                sample_key="library",
                alpha=ALPHA,
                copy=True,
                **keys,
            )
        except DtpscoreError as error:
            return {**row, "refused": str(error)}
    obs = found.obs.loc[query]
    state = obs["dtp_call"].astype(str)
    record = found.uns["dtp_call"]
    frame = record["calibration"]
    return {
        **row,
        "called": float((obs["dtp_qvalue"] <= ALPHA).mean()),
        "named": float(state.str.startswith("DTP-like").mean()),
        "undecided": float(state.isin(["uncertain", "not decided"]).mean()),
        "states": state.value_counts().to_dict(),
        "move_p": [float(p) for p in frame["move_pvalue"]] if len(frame) else [],
        "messages": [str(text) for text in record["messages"]],
    }


def _counted(hits: int, n: int) -> str:
    low, high = exact(hits, n)
    return f"{hits} of {n} [{low:.2f}, {high:.2f}]"


def null_lines(frame: pd.DataFrame) -> str:
    """One line per kind of null."""
    lines, nulls = [], frame[frame["kind"] != AML]
    parts = [*nulls.groupby("kind", sort=False), ("**all**", nulls)]
    for kind, part in parts:
        known = part[part["called"].notna()]
        n = len(known)
        moved = [row[0] <= ALPHA for row in known["move_p"] if len(row) == 1]
        said = _counted(sum(moved), len(moved)) if moved else "no test"
        lines.append(
            f"| {kind} | {len(part)} | {len(part) - n} "
            f"| {_counted(int((known['called'] > 0).sum()), n)} "
            f"| {known['called'].mean():.4f} "
            f"| {_counted(int((known['named'] > 0).sum()), n)} "
            f"| {known['named'].mean():.4f} | {said} |"
        )
    return "\n".join(lines)


def aml_lines(frame: pd.DataFrame) -> str:
    """What is said of each patient."""
    lines = []
    for row in frame[frame["kind"] == AML].to_dict("records"):
        who = f"| {row['run']} | {row['n_reference']:,} "
        who += f"| {row['n_samples']}: {row['n_query']:,} "
        if isinstance(row.get("refused"), str):
            lines.append(f"{who}| | | | refused: {row['refused']} |")
            continue
        said = [
            text.split(": ", 1)[1]
            for text in row["messages"]
            if "moved as a whole" in text or "not decided" in text
        ]
        if len(row["move_p"]) > 1:
            said = ["as of each patient"]
        lines.append(
            f"{who}| {row['called']:.2f} | {row['named']:.2f} | {row['undecided']:.2f} "
            f"| {' '.join(said)} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", action="store_true", help="write real_cells.md")
    options = parser.parse_args()
    if options.table:
        rows = [json.loads(line) for line in RESULTS.read_text("utf-8").splitlines()]
        frame = pd.DataFrame(rows)
        text = TEXT.format(nulls=null_lines(frame), aml=aml_lines(frame))
        (HERE / "real_cells.md").write_text(text, encoding="utf-8")
        return
    for cases in (
        cellmix,
        before_and_after,
        replicates,
        rare_line,
        lines_by_plates,
        patients,
    ):
        for case in cases():
            row = measure(*case)
            with RESULTS.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print({**row, "messages": ""}, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
