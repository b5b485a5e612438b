"""What the user is told about an order, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dtpscore._ordering import ambient
from dtpscore._ordering.checks import (
    AGREES,
    CONTRADICTS,
    FALLS_AND_RISES,
    RISES_AND_FALLS,
    UNRESOLVED,
)
from dtpscore._text import short

if TYPE_CHECKING:
    from dtpscore._options.order import OrderOptions
    from dtpscore._ordering.by_method import Basis
    from dtpscore._ordering.cells import Cells
    from dtpscore._ordering.record import OrderRecord

# With fewer reference cells, the start of the path is a matter of chance.
_FEW_ROOT_CELLS = 20
# Kendall's W over roots, and the rank correlation with orders of 80% of the cells,
# below which an order counts as unstable.
_STABLE = 0.7
# Rank correlation within samples below which two orders count as disagreeing.
_AGREE = 0.5
# Rank correlations from which on the order follows the cell cycle, and depth the time.
_CYCLE = 0.2
_DEPTH_RUNS = 0.5
# Change of the share of a type of cells over time from which on it may make the order.
_TYPES_RUN = 0.25
# The columns of obs, by the options that name them, without which no order is learned
# from time, and what they hold.
_NEEDED = {"time_key": "the time or dose", "replicate_key": "the replicate series"}


def _about_root(record: OrderRecord) -> list[str]:
    n = record.n_root_cells
    if n >= _FEW_ROOT_CELLS:
        return []
    cells, which = ("cell", "it") if n == 1 else ("cells", "these")
    return [
        f"The reference group has {n} {cells}; the start of the path and all distances "
        f"from it rest on {which} alone."
    ]


def _about_time(record: OrderRecord, cells: Cells, *, asked: str | None) -> list[str]:
    courses = record.time_courses
    if courses is None:
        return []
    turned = courses[courses["verdict"].isin([RISES_AND_FALLS, FALLS_AND_RISES])]
    if turned.empty:
        return []
    what = ", ".join(
        f"{name} {row['verdict']} ({row['means']})" for name, row in turned.iterrows()
    )
    then = "The order is not learned from time."
    if asked == "ordinal":
        then = "The order was learned from time because method='ordinal' asks for it."
    if record.method == "palantir" or asked == "dpt":
        then = "The order does not use time."
    hint = ""
    if not cells.holiday.any():
        hint = (
            " If one of the groups was sampled after the drug was withdrawn, name it "
            "with holiday=."
        )
    return [
        f"Time is not progress here: over the times {', '.join(cells.times)}, "
        f"{what}. {then}{hint}"
    ]


def _about_direction(record: OrderRecord) -> tuple[list[str], list[str]]:
    against, open_ = [], []
    for name, row in record.direction.iterrows():
        counts = f"{row['n_positive']} of {row['n_samples']}"
        contradicted = row["verdict"] == CONTRADICTS
        number = f"rho {row['rho']:.2f}, positive in {counts}"
        if name == "groups" and row["verdict"] != AGREES:
            if not contradicted and record.n_root_cells < _FEW_ROOT_CELLS:
                open_.append(
                    "There are too few reference cells to tell whether other cells are "
                    "farther on the path."
                )
                continue
            nearer = "nearer to its start" if contradicted else "not clearly farther on"
            against.append(
                "The path does not lead away from the reference group: other cells are "
                f"{nearer} (rank correlation {row['rho']:.2f}, farther in {counts} "
                "samples). Do not read it as a way from parental to persister."
            )
        elif contradicted:
            against.append(
                f"The path runs against the {name} ({number}). It is left as it is; "
                "do not read it as a way from parental to persister."
            )
        elif row["verdict"] == UNRESOLVED:
            open_.append(f"The {name} says nothing about the direction ({number}).")
    if "index" not in record.direction.index:
        open_.append(
            "There is no index to compare the direction with: too few genes of the "
            "consensus signature are in the data."
        )
    return against, open_


def _about_stability(record: OrderRecord) -> list[str]:
    known = record.stability
    found = []
    agreement = known.get("dpt_root_agreement", np.nan)
    if record.method == "dpt" and agreement < _STABLE:
        found.append(
            f"The order depends on the root cell: Kendall's W over roots is "
            f"{agreement:.2f}."
        )
    rho = known.get(f"{record.method}_subsample_rho", np.empty(0))
    if rho.size and np.nanmedian(rho) < _STABLE:
        found.append(
            "The order is not stable: its median rank correlation with orders of 80% "
            f"of the cells is {np.nanmedian(rho):.2f}."
        )
    return found


def _about_orders(record: OrderRecord) -> list[str]:
    both = record.agreement
    if both is None:
        return []
    text = (
        "Diffusion pseudotime was compared with the order learned from time: rho is "
        f"{both['rho']:.2f} over all cells and {both['rho_within_samples']:.2f} within "
        "samples"
    )
    if both["rho_within_samples"] < _AGREE:
        return [f"{text}: they disagree, so read neither without the other."]
    return [f"{text}."]


def _about_cycle(record: OrderRecord, options: OrderOptions) -> list[str]:
    found = record.cycle.loc["root group"].abs().max()
    # Three standard errors of a rank correlation without any.
    chance = 3 / np.sqrt(max(record.n_root_cells - 1, 1))
    if not found > max(_CYCLE, chance):
        return []
    how = "though its genes are left out"
    if options.brings_representation:
        how = "whose genes may be in the representation or graph of the user"
    return [
        "In the reference group the order correlates with the cell cycle (|rho| "
        f"{found:.2f}): a part of it is the cell cycle, {how}."
    ]


def _about_depth(basis: Basis, record: OrderRecord) -> list[str]:
    """Say that depth runs with time, in which case progress and depth are one."""
    rho = record.depth_rho
    if rho is None or basis.depth is None or abs(rho) < _DEPTH_RUNS:
        return []
    cells = basis.cells
    middles = [
        f"{np.median(basis.depth[cells.time == code]):,.0f} at {name}"
        for code, name in enumerate(cells.times)
        if (cells.time == code).any()
    ]
    return [
        f"Depth runs with time (rho {rho:.2f}; median counts per cell are "
        f"{', '.join(middles)}). What depth does to the components and what progress "
        "does cannot be told apart by time."
    ]


def _about_composition(record: OrderRecord) -> list[str]:
    """Say that types of cells come and go with time, which looks like progress."""
    if record.composition is None:
        return []
    shares = record.composition.groupby("cell_type", sort=False)["share"]
    change = shares.max() - shares.min()
    if not change.max() >= _TYPES_RUN:
        return []
    most = change.round(9).idxmax()  # of two types the first
    rows = record.composition[(record.composition["cell_type"] == most).to_numpy()]
    each = zip(rows["share"], rows["time"], strict=True)
    texts = ", ".join(f"{share:.0%} at {time}" for share, time in each)
    return [
        f"Types of cells change with time: {short(str(most))} are {texts}. Which types "
        "are there and how far a cell of one type has gone cannot be told apart by "
        "time. Order one type alone to see."
    ]


def _about_labels(record: OrderRecord) -> list[str]:
    if record.method != "ordinal" or record.validated:
        return []
    return [
        "There is one replicate series, so the order is fit to labels and not "
        "validated: a difference between libraries cannot be told from progress."
    ]


def _about_missing_keys(record: OrderRecord, options: OrderOptions) -> list[str]:
    """Name the key without which the order could not be learned from time."""
    missing = [key for key in _NEEDED if getattr(options, key) is None]
    if options.method is not None or not missing:
        return []
    keys = " and ".join(f"{key} (the column with {_NEEDED[key]})" for key in missing)
    return [
        f"The order is not learned from time, because {keys} "
        f"{'is' if len(missing) == 1 else 'are'} not given."
    ]


def _about_lost(record: OrderRecord) -> list[str]:
    n = record.n_unreachable
    if not n:
        return []
    cells = "1 cell is" if n == 1 else f"{n} cells are"
    has = "has" if n == 1 else "have"
    return [f"{cells} not connected to the root and {has} no position (NaN)."]


def about_reversal(record: OrderRecord) -> list[str]:
    """Say where on the path cells off the drug are; nothing without such cells."""
    found = record.reversal
    if found is None or found.empty:
        return []
    row = found.iloc[-1]
    if np.isnan(row["returned"]):
        return [
            "Parental cells and persisters of the last time are less than one standard "
            "deviation apart on the path, so no share of the way back is given."
        ]
    return [
        f"Off the drug: {row['returned']:.0%} of the way back; "
        f"{row['parental-like']:.0%} of cells parental-like, "
        f"{row['persister-like']:.0%} persister-like, {row['neither']:.0%} neither."
    ]


def _about_values(basis: Basis) -> list[str]:
    """Say what the values were taken for where they are neither counts nor log."""
    if basis.judged.kind in ("counts", "log"):
        return []
    return [basis.judged.sentence]


def messages(
    record: OrderRecord, basis: Basis, *, asked: OrderOptions
) -> tuple[list[str], list[str]]:
    """All sentences about an order, and those among them to warn of.

    Parameters
    ----------
    record
        The order and its checks.
    basis
        What the order was made from.
    asked
        What the user asked for.
    """
    against, open_ = _about_direction(record)
    warned = [
        *_about_root(record),
        *_about_time(record, basis.cells, asked=asked.method),
        *against,
        *_about_stability(record),
        *_about_cycle(record, asked),
        *_about_labels(record),
        *_about_lost(record),
    ]
    calm = [
        *open_,
        *_about_values(basis),
        *_about_missing_keys(record, asked),
        *_about_depth(basis, record),
        *_about_composition(record),
        *ambient.in_words(record.ambient),
        *_about_orders(record),
        *about_reversal(record),
    ]
    return [*warned, *calm], warned
