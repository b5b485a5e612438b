"""From samples to the table of what could be tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore import _genes, signatures
from dtpscore._enrichment import ranking
from dtpscore._enrichment.contrast import sum_units
from dtpscore._matrix import blocks
from dtpscore._values import judge
from dtpscore._vulnerabilities import rank
from dtpscore._vulnerabilities.moves import (
    Moved,
    against_like_genes,
    claims,
    gene_moves,
    signature_values,
)
from dtpscore._vulnerabilities.record import VulnerabilityRecord
from dtpscore._vulnerabilities.words import messages, methods, untested
from dtpscore._warn import warn
from dtpscore.errors import DataError, InputWarning, ResultError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._design import Design
    from dtpscore._options.vulnerabilities import VulnerabilityOptions
    from dtpscore.signatures import Signature

    BoolArray = NDArray[np.bool_]
    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

# A sample with fewer of the cells that are looked at takes no part.
FEWEST_CELLS = 10


@dataclass(frozen=True)
class Input:
    """What the tables are made of.

    Attributes
    ----------
    matrix, genes
        Cells by genes, and the names of the columns.
    design
        The experiment.
    axes
        float64 (cells, axes); None where nothing was scored.
    axis_names
        Names of the axes.
    called
        bool (cells,): DTP-like cells; None where the cells were not called.
    drugs
        Signatures of drugs.
    """

    matrix: Any
    genes: list[str]
    design: Design
    axes: FloatArray | None
    axis_names: tuple[str, ...]
    called: BoolArray | None
    drugs: tuple[Signature, ...] = ()


@dataclass(frozen=True)
class Arm:
    batch: str
    group: str
    reference: BoolArray
    treated: BoolArray
    looked_at: BoolArray
    cells: str


def _arms(data: Input, options: VulnerabilityOptions) -> list[Arm]:
    design, found = data.design, []
    used = design.named & design.malignant
    for batch in sorted(set(design.batch[used].tolist())):
        inside = used & (design.batch == batch)
        own = inside & design.reference
        for group in design.groups:
            treated = inside & (design.group == group)
            off = group in options.holiday or group == options.reference
            if off or not treated.any() or not own.any():
                continue
            looked_at, cells = treated, "all"
            if options.cells == "called" and data.called is not None:
                called = treated & data.called
                if called.sum() >= FEWEST_CELLS:
                    looked_at, cells = called, "called"
            found.append(Arm(batch, group, own, treated, looked_at, cells))
    if not found:
        msg = (
            f"There is no arm to look at: no batch has both cells of "
            f"{options.reference!r} and of a group on the drug. Groups are "
            f"{', '.join(map(repr, design.groups))}."
        )
        raise ResultError(msg)
    return found


@dataclass(frozen=True)
class _Units:
    """Samples of one arm: untreated ones, then those on the drug."""

    code: IntArray
    treated: BoolArray
    pair: IntArray | None


def _units(design: Design, arm: Arm, cells: BoolArray, *, fewest: int) -> _Units:
    """Give samples with enough cells a number; cells that take no part get -1."""
    code = np.full(design.n_cells, -1, np.int64)
    treated, pairs, n = [], [], 0
    for part, on_drug in ((arm.reference, False), (cells, True)):
        names, sizes = np.unique(design.sample[part], return_counts=True)
        kept = names[sizes >= fewest] if (sizes >= fewest).any() else names
        for name in kept:
            rows = part & (design.sample == name)
            code[rows] = n
            treated.append(on_drug)
            pairs.append(str(design.pair[rows][0]))
            n += 1
    pair = None
    if design.keys.pair_key is not None:
        pair = np.unique(pairs, return_inverse=True)[1].astype(np.int64)
    return _Units(code, np.array(treated), pair)


def _adjusted(pvalues: FloatArray) -> FloatArray:
    """Benjamini-Hochberg over the p-values that there are."""
    from scipy.stats import false_discovery_control

    found = np.full(len(pvalues), np.nan)
    known = np.isfinite(pvalues)
    if known.any():
        found[known] = false_discovery_control(pvalues[known])
    return found


def _frame(arm: Arm, first: dict[str, Any], moved: Moved) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "batch": arm.batch,
            "group": arm.group,
            **first,
            "difference": moved.difference,
            "low": moved.low,
            "high": moved.high,
            "pvalue": moved.pvalue,
            "qvalue": _adjusted(moved.pvalue),
        }
    )


def _axis_rows(data: Input, arm: Arm) -> pd.DataFrame | None:
    """Compare the axes in standard deviations of the untreated cells."""
    if data.axes is None:
        return None
    units = _units(data.design, arm, arm.treated, fewest=FEWEST_CELLS)
    base = data.axes[arm.reference]
    spread = base.std(axis=0, ddof=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        values = np.where(spread > 0, (data.axes - base.mean(axis=0)) / spread, np.nan)
    means = np.stack(
        [values[units.code == one].mean(axis=0) for one in range(len(units.treated))]
    )
    moved = claims(means, units.treated, units.pair)
    first = {"axis": list(data.axis_names), "n_samples": int(units.treated.sum())}
    return _frame(arm, first, moved).dropna(subset=["difference"])


@dataclass(frozen=True)
class _Profiles:
    """Log expression of the samples of an arm, and what the values were."""

    log: FloatArray
    cpm: FloatArray
    kept: BoolArray
    units: _Units
    how: str


def _profiles(data: Input, arm: Arm) -> _Profiles:
    units = _units(data.design, arm, arm.looked_at, fewest=FEWEST_CELLS)
    matrix = blocks.source(data.matrix)
    values = judge(matrix)
    values.require_expression("A comparison of target genes")
    sums, kept, how = sum_units(matrix, units.code, values, by_cells=False)
    log = ranking.profiles(sums)
    cpm = np.full(log.shape[1], np.nan)
    if sums.counts:
        total = sums.total[units.treated].sum(axis=0)
        cpm = total / max(total.sum(), 1.0) * 1e6
    return _Profiles(log, cpm, np.asarray(kept, bool), units, how)


def _gene_rows(
    data: Input, arm: Arm, found: _Profiles, columns: dict[str, int]
) -> pd.DataFrame:
    moved = gene_moves(found.log[:, found.kept], found.units.treated, found.units.pair)
    place = np.full(len(found.kept), -1)
    place[found.kept] = np.arange(int(found.kept.sum()))
    names = list(columns)
    at = np.array([place[columns[name]] for name in names], np.int64)
    known = at >= 0

    def of(values: FloatArray) -> FloatArray:
        out = np.full(len(names), np.nan)
        out[known] = values[at[known]]
        return out

    own = Moved(*(of(getattr(moved, one)) for one in Moved.__dataclass_fields__))
    first = {
        "symbol": names,
        "gene": [data.genes[columns[name]] for name in names],
        "cells": arm.cells,
        "n_samples": int(found.units.treated.sum()),
        "cpm": [float(found.cpm[columns[name]]) for name in names],
    }
    frame = _frame(arm, first, own)
    # A gene without counts in any sample is there, and not expressed.
    silent = ~known & np.isfinite(frame["cpm"].to_numpy(dtype=float))
    frame.loc[silent, "cpm"] = 0.0
    return frame


def _drug_rows(data: Input, arm: Arm, found: _Profiles, alpha: float) -> pd.DataFrame:
    matched = _genes.match(list(data.drugs), data.genes)
    change = against_like_genes(found.log[:, found.kept], ~found.units.treated)
    place = np.full(len(found.kept), -1)
    place[found.kept] = np.arange(int(found.kept.sum()))
    values, rows = [], []
    for number, drug in enumerate(data.drugs):
        halves = []
        for half in (0, 1):
            first, last = matched.net.offsets[2 * number + half : 2 * number + half + 2]
            columns = place[matched.net.genes[first:last]]
            halves.append(columns[columns >= 0].tolist())
        if not any(halves):
            continue
        values.append(signature_values(change, *halves))
        rows.append((drug.name, len(halves[0]), len(halves[1])))
    if not values:
        return pd.DataFrame()
    moved = claims(np.stack(values, axis=1), found.units.treated, found.units.pair)
    names, up, down = zip(*rows, strict=True)
    frame = _frame(arm, {"drug": names, "n_up": up, "n_down": down}, moved)
    sure = (frame["qvalue"] <= alpha).to_numpy()
    lower = (frame["difference"] < 0).to_numpy()
    frame["reading"] = np.select(
        [sure & lower, sure & ~lower, frame["qvalue"].isna().to_numpy()],
        [
            "the drug moves these genes against the change of the cells",
            "the drug moves these genes the way the cells changed",
            "not tested: too few samples",
        ],
        "no change of these genes is shown",
    )
    return frame.sort_values(["qvalue", "difference"], kind="stable")


def _table(
    arm: Arm,
    published: pd.DataFrame,
    axes: pd.DataFrame | None,
    genes: pd.DataFrame,
    *,
    options: VulnerabilityOptions,
) -> pd.DataFrame:
    moves = {} if axes is None else axes.set_index("axis").to_dict("index")
    rows = []
    for entry in published.to_dict("records"):
        row = {str(name): value for name, value in entry.items()}
        move = {str(k): v for k, v in moves.get(row["axis"], {}).items()}
        alpha = options.alpha
        rows.append(
            {
                "batch": arm.batch,
                "group": arm.group,
                **row,
                "axis_state": rank.axis_state(move, alpha),
                "axis_difference": float(move.get("difference", np.nan)),
                "target_state": rank.target_state(row, genes),
                "speaks_for": rank.supports(row, move, genes, alpha),
                "speaks_against": rank.contradicts(
                    row, move, genes, context=options.context, alpha=alpha
                ),
            }
        )
    return rank.ordered(rows)


def _columns(data: Input, published: pd.DataFrame, species: Any) -> dict[str, int]:
    """Column of every target gene that is in the data."""
    symbols = dict.fromkeys(
        name
        for entry in published.to_dict("records")
        for name in rank.gene_names({str(k): v for k, v in entry.items()})
    )
    single = signatures.from_dict({name: [name] for name in symbols}, species="human")
    try:
        matched = _genes.match(single, data.genes, species_of_data=species)
    except DataError:
        # A panel without any target gene still has axes to look at.
        return {}
    found = {}
    for number, name in enumerate(symbols):
        first, last = matched.net.offsets[2 * number : 2 * number + 2]
        if last > first:
            found[name] = int(matched.net.genes[first])
    return found


def look(data: Input, options: VulnerabilityOptions) -> VulnerabilityRecord:
    """Hold published vulnerabilities against every arm.

    Raises
    ------
    ResultError
        There is no arm.
    """
    published = signatures.vulnerabilities()
    columns = _columns(data, published, options.species)
    tables, axes, genes, drugs, how = [], [], [], [], ""
    arms = _arms(data, options)
    for arm in arms:
        profiles = _profiles(data, arm)
        how = profiles.how
        moved = _axis_rows(data, arm)
        own = _gene_rows(data, arm, profiles, columns)
        tables.append(_table(arm, published, moved, own, options=options))
        genes.append(own)
        if moved is not None:
            axes.append(moved)
        if data.drugs:
            drugs.append(_drug_rows(data, arm, profiles, options.alpha))
    all_genes = pd.concat(genes, ignore_index=True)
    told = messages(data, arms, all_genes)
    if untested(all_genes):
        warn(told[-1], InputWarning)
    empty = pd.DataFrame(columns=["batch", "group", "axis", "difference", "qvalue"])
    kept = [one for one in drugs if len(one)]
    return VulnerabilityRecord(
        params={
            **options.model_dump(exclude_none=True, exclude={"key_added", "drugs"}),
            "drugs": [one.name for one in data.drugs],
        },
        table=pd.concat(tables, ignore_index=True),
        axes=pd.concat(axes, ignore_index=True) if axes else empty,
        genes=all_genes,
        drugs=pd.concat(kept, ignore_index=True) if kept else None,
        methods=methods(options, how, drugs=bool(kept)),
        messages=told,
    )
