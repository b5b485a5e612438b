"""From barcodes and states of cells to the record of clones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dtpscore._lineages import barcodes
from dtpscore._lineages.cycling import within_clones
from dtpscore._lineages.fate import centered, clone_means, foretell, main_sample
from dtpscore._lineages.record import LineageRecord
from dtpscore._lineages.survival import (
    change,
    counts,
    effective_number,
    inherited,
    variance_of_means,
)
from dtpscore._lineages.words import FEWEST_CLONES, messages, methods
from dtpscore._warn import warn
from dtpscore.errors import InputWarning, ResultError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._design import Design
    from dtpscore._lineages.barcodes import Clones
    from dtpscore._options.lineages import LineageOptions

    BoolArray = NDArray[np.bool_]
    IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Cells:
    """What is known of the cells.

    Attributes
    ----------
    design
        The experiment.
    clones
        The clone of each cell; those of two batches have different codes.
    state
        float64 (cells, features); None where nothing was scored.
    features
        Names of the features.
    persister
        Which cells are persisters whose cycling is known; None where it is not.
    cycling
        Which of them cycle.
    """

    design: Design
    clones: Clones
    state: NDArray[np.float64] | None
    features: tuple[str, ...]
    persister: BoolArray | None
    cycling: BoolArray | None


def clones_of(design: Design, texts: NDArray[np.str_], separator: str | None) -> Clones:
    """Find the clones batch by batch; cells that take no part have none."""
    code = np.full(design.n_cells, -1, np.int64)
    kind = np.full(design.n_cells, barcodes.NONE, dtype="<U7")
    names: list[str] = []
    several = len(set(design.batch.tolist()) - {""}) > 1
    for batch in sorted(set(design.batch.tolist()) - {""}):
        rows = np.flatnonzero((design.batch == batch) & design.named & design.malignant)
        found = barcodes.find_clones(texts[rows].tolist(), separator)
        code[rows] = np.where(found.code >= 0, found.code + len(names), -1)
        kind[rows] = found.kind
        start = f"{batch}: " if several else ""
        names += [f"{start}{name}" for name in found.names]
    return barcodes.Clones(code, tuple(names), kind)


@dataclass(frozen=True)
class _Arm:
    """Cells of one group, at one time where times are known."""

    group: str
    time: str
    cells: BoolArray
    batch: str

    @property
    def name(self) -> str:
        return f"{self.group}, {self.time}" if self.time else self.group


def _arms(design: Design) -> list[_Arm]:
    time = np.full(design.n_cells, "", dtype=object)
    order = [""]
    if design.time is not None:
        names = np.array([*design.time.names, ""], dtype=object)
        time, order = names[design.time.codes], [str(one) for one in names]
    found = []
    for batch in sorted(set(design.batch.tolist()) - {""}):
        for group in design.groups:
            for one in order:
                cells = (design.group == group) & (time == one) & design.named
                cells &= design.malignant & (design.batch == batch)
                if group != design.keys.reference and cells.any():
                    found.append(_Arm(group, one, cells, batch))
    return found


def _libraries(design: Design) -> tuple[IntArray, pd.DataFrame]:
    """Code of the library of each cell, and one row per library."""
    frame = pd.DataFrame(
        {"batch": design.batch, "group": design.group, "sample": design.sample}
    )
    if design.time is not None:
        names = np.array([*design.time.names, ""], dtype=object)
        frame["time"] = names[design.time.codes].astype(str)
    code = np.full(len(frame), -1, np.int64)
    used = design.named & design.malignant
    by = frame[used].groupby(list(frame.columns), sort=True)
    code[used] = by.ngroup().to_numpy()
    table = frame[used].assign(code=code[used]).drop_duplicates("code")
    return code, table.sort_values("code").drop(columns="code").reset_index(drop=True)


def _sample_table(cells: Cells, code: IntArray, table: pd.DataFrame) -> pd.DataFrame:
    clones, rows = cells.clones, []
    for number in range(len(table)):
        own = code == number
        kind = clones.kind[own]
        size = np.bincount(clones.code[own & (clones.code >= 0)])
        rows.append(
            {
                "n_cells": int(own.sum()),
                "n_with_clone": int((clones.code[own] >= 0).sum()),
                "n_empty": int((kind == barcodes.NONE).sum()),
                "n_several": int((kind == barcodes.SEVERAL).sum()),
                "n_unclear": int((kind == barcodes.UNCLEAR).sum()),
                "n_clones": int((size > 0).sum()),
                "effective_clones": effective_number(size),
            }
        )
    return pd.concat([table, pd.DataFrame(rows)], axis=1)


@dataclass(frozen=True)
class _Sizes:
    """Cells of each clone before the drug and in one arm."""

    before: IntArray
    after: IntArray
    spread: float
    known: bool


def _sizes(cells: Cells, code: IntArray, arm: _Arm) -> tuple[_Sizes, IntArray]:
    design, clone = cells.design, cells.clones.code
    own = design.reference & (design.batch == arm.batch) & design.named
    n = len(cells.clones.names)
    tables = []
    for chosen in (own, arm.cells):
        numbers = np.unique(code[chosen & (clone >= 0)])
        place = np.full(int(code.max()) + 2, -1, np.int64)
        place[numbers] = np.arange(len(numbers))
        where = np.where(chosen, place[code], -1)
        tables.append(counts(clone, where, (n, len(numbers))))
    parts = variance_of_means(tables)
    spread = float(np.nansum(parts))
    sizes = _Sizes(
        tables[0].sum(axis=1),
        tables[1].sum(axis=1),
        spread,
        known=not np.isnan(parts[1]),
    )
    return sizes, tables[1]


def _clone_rows(cells: Cells, arm: _Arm, sizes: _Sizes) -> pd.DataFrame:
    from scipy.stats import false_discovery_control

    before, after = sizes.before, sizes.after
    kept = np.flatnonzero(before + after > 0)
    totals = int(after.sum()), int(before.sum())
    found = change(after[kept], before[kept], totals=totals, spread=sizes.spread)
    return pd.DataFrame(
        {
            "batch": arm.batch,
            "group": arm.group,
            "time": arm.time,
            "clone": [cells.clones.names[one] for one in kept],
            "n_before": before[kept],
            "n_after": after[kept],
            "share_before": before[kept] / totals[1],
            "share_after": after[kept] / totals[0],
            "log2_change": found.log2_change,
            "low": found.low,
            "high": found.high,
            "pvalue": found.pvalue,
            "qvalue": false_discovery_control(found.pvalue),
        }
    )


def _arm_row(
    arm: _Arm, sizes: _Sizes, after: IntArray, rows: pd.DataFrame, *, seed: int
) -> dict[str, object]:
    sure = (rows["qvalue"] <= 0.05).to_numpy()
    up = (rows["log2_change"] > 0).to_numpy()
    alike = inherited(after, sizes.before, seed=seed)
    return {
        "batch": arm.batch,
        "group": arm.group,
        "time": arm.time,
        "n_samples": after.shape[1],
        "n_clones_before": int((sizes.before > 0).sum()),
        "n_clones_after": int((sizes.after > 0).sum()),
        "n_found_again": int(((sizes.before > 0) & (sizes.after > 0)).sum()),
        "n_grown": int((sure & up).sum()),
        "n_shrunken": int((sure & ~up).sum()),
        "effective_before": effective_number(sizes.before),
        "effective_after": effective_number(sizes.after),
        "drift": alike.drift,
        "inherited": alike.variance,
        "inherited_low": alike.low,
        "inherited_high": alike.high,
        "n_pairs": alike.n_pairs,
    }


def _state_rows(
    cells: Cells,
    arm: _Arm,
    sizes: _Sizes,
    rows: pd.DataFrame,
    *,
    options: LineageOptions,
) -> pd.DataFrame | None:
    design, clone = cells.design, cells.clones.code
    own = design.reference & (design.batch == arm.batch) & (clone >= 0) & design.named
    if cells.state is None or (sizes.before > 0).sum() < FEWEST_CLONES:
        return None
    codes, members = np.unique(clone[own], return_inverse=True)
    sample = np.unique(design.sample[own], return_inverse=True)[1]
    state = clone_means(centered(cells.state[own], sample), members, len(codes))
    fate = rows.set_index("clone")["log2_change"]
    found = foretell(
        state,
        fate[[cells.clones.names[one] for one in codes]].to_numpy(),
        sizes.before[codes],
        main_sample(sample, members, len(codes)),
        n_permutations=options.n_permutations,
        seed=options.seed,
    )
    if found.n_clones < FEWEST_CLONES:
        return None
    frame = pd.DataFrame(
        {
            "batch": arm.batch,
            "group": arm.group,
            "time": arm.time,
            "axis": cells.features,
            "n_clones": found.n_clones,
            "rho": found.rho,
            "pvalue": found.pvalue,
            "qvalue": np.nan,
            "rho_size": found.rho_size,
        }
    ).dropna(subset=["pvalue"])
    return frame.assign(qvalue=_adjusted(frame["pvalue"])).sort_values(
        "pvalue", kind="stable"
    )


def _adjusted(pvalues: pd.Series) -> NDArray[np.float64]:
    from scipy.stats import false_discovery_control

    values = pvalues.to_numpy(dtype=np.float64)
    adjusted: NDArray[np.float64] = false_discovery_control(values)
    return adjusted


def _cycling_row(
    cells: Cells, code: IntArray, arm: _Arm, options: LineageOptions
) -> dict[str, object] | None:
    if cells.persister is None or cells.cycling is None:
        return None
    use = arm.cells & cells.persister & (cells.clones.code >= 0)
    if not use.any():
        return None
    kind, stratum = cells.cycling[use], code[use]
    within = "samples"
    if all(
        kind[stratum == one].all() or not kind[stratum == one].any()
        for one in np.unique(stratum)
    ):
        # Cells were sorted into samples by whether they cycle.
        stratum, within = np.zeros_like(stratum), "the arm"
    found = within_clones(
        kind,
        cells.clones.code[use],
        stratum,
        n_permutations=min(options.n_permutations, 1999),
        seed=options.seed,
    )
    if found is None:
        return None
    first = {"batch": arm.batch, "group": arm.group, "time": arm.time}
    return {**first, **vars(found), "within": within}


def analyze(cells: Cells, options: LineageOptions) -> LineageRecord:
    """Follow clones from the untreated samples into each arm.

    Raises
    ------
    ResultError
        No clone is in the untreated samples, or none in any arm.
    """
    code, table = _libraries(cells.design)
    samples = _sample_table(cells, code, table)
    clones, arms, states, cycling = [], [], [], []
    unknown = []
    for arm in _arms(cells.design):
        sizes, after = _sizes(cells, code, arm)
        if not sizes.before.any() or not sizes.after.any():
            continue
        rows = _clone_rows(cells, arm, sizes)
        clones.append(rows)
        arms.append(_arm_row(arm, sizes, after, rows, seed=options.seed))
        states.append(_state_rows(cells, arm, sizes, rows, options=options))
        cycling.append(_cycling_row(cells, code, arm, options))
        if not sizes.known:
            unknown.append(arm.name)
    if not clones:
        msg = (
            f"No clone of obs[{options.lineage_key!r}] is known both in the untreated "
            "samples and in an arm on the drug, so none can be followed. Cells with a "
            f"clone by sample: {samples.set_index('sample')['n_with_clone'].to_dict()}."
        )
        raise ResultError(msg)
    tested = [one for one in states if one is not None]
    mixed = [one for one in cycling if one is not None]
    told = messages(cells, samples, unknown, tested=bool(tested))
    for text in told[:1] if unknown else ():
        warn(text, InputWarning)
    return LineageRecord(
        params=options.model_dump(exclude_none=True, exclude={"key_added"}),
        samples=samples,
        clones=pd.concat(clones, ignore_index=True),
        arms=pd.DataFrame(arms),
        states=pd.concat(tested, ignore_index=True) if tested else None,
        cycling=pd.DataFrame(mixed) if mixed else None,
        methods=methods(
            cells, samples, options, tested=bool(tested), mixed=bool(mixed)
        ),
        messages=told,
    )
