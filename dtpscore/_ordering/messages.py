"""What the user is told about an order, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._ordering.checks import (
    AGREES,
    CONTRADICTS,
    FALLS_AND_RISES,
    RISES_AND_FALLS,
    UNRESOLVED,
)

if TYPE_CHECKING:
    from dtpscore._ordering.design import Design

_FEW_ROOT_CELLS = 20
_STABLE = 0.7
_AGREE = 0.5
_CYCLE = 0.2


def _about_root(record: dict[str, Any], design: Design) -> list[str]:
    n = record["n_root_cells"]
    if n >= _FEW_ROOT_CELLS:
        return []
    cells = "cell" if n == 1 else "cells"
    return [
        f"The root group has {n} {cells}; the start of the path and all distances "
        f"from it rest on {'it' if n == 1 else 'these'} alone."
    ]


def _about_time(
    record: dict[str, Any], design: Design, *, asked: str | None
) -> list[str]:
    courses = record.get("time_courses")
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
    if record["method"] == "palantir" or asked == "dpt":
        then = "The order does not use time."
    return [
        f"Time is not progress here: over the times {', '.join(design.times)}, "
        f"{what}. {then}"
    ]


def _about_direction(record: dict[str, Any]) -> tuple[list[str], list[str]]:
    against, open_ = [], []
    for name, row in record["direction"].iterrows():
        counts = f"{row['n_positive']} of {row['n_samples']}"
        contradicted = row["verdict"] == CONTRADICTS
        number = f"rho {row['rho']:.2f}, positive in {counts}"
        if name == "groups" and row["verdict"] != AGREES:
            if not contradicted and record["n_root_cells"] < _FEW_ROOT_CELLS:
                open_.append(
                    "Too few root cells to tell whether others are farther on."
                )
                continue
            nearer = "nearer to its start" if contradicted else "not clearly farther on"
            against.append(
                f"The path does not lead away from the root group: other cells are "
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
    if "index" not in record["direction"].index:
        open_.append(
            "There is no index to compare the direction with: too few genes of the "
            "consensus signature are in the data."
        )
    return against, open_


def _about_stability(record: dict[str, Any]) -> list[str]:
    known = record["stability"]
    said = []
    agreement = known.get("dpt_root_agreement", np.nan)
    if record["method"] == "dpt" and agreement < _STABLE:
        said.append(
            f"The order depends on the root cell: Kendall's W over roots is "
            f"{agreement:.2f}."
        )
    rho = known.get(f"{record['method']}_subsample_rho", np.empty(0))
    if rho.size and np.nanmedian(rho) < _STABLE:
        said.append(
            "The order is not stable: its median rank correlation with orders of 80% "
            f"of the cells is {np.nanmedian(rho):.2f}."
        )
    return said


def _about_orders(record: dict[str, Any]) -> list[str]:
    both = record.get("agreement")
    if both is None:
        return []
    text = (
        f"The order learned from time and diffusion pseudotime correlate with rho "
        f"{both['rho']:.2f} over all cells and {both['rho_within_samples']:.2f} within "
        "samples"
    )
    if both["rho_within_samples"] < _AGREE:
        return [f"{text}: they disagree, so read neither without the other."]
    return [f"{text}."]


def _about_cycle(record: dict[str, Any]) -> list[str]:
    found = record["cycle"].loc["root group"].abs().max()
    # Three standard errors of a rank correlation without any.
    chance = 3 / np.sqrt(max(record["n_root_cells"] - 1, 1))
    if not found > max(_CYCLE, chance):
        return []
    return [
        f"In the root group the order correlates with the cell cycle (|rho| "
        f"{found:.2f}): a part of it is the cell cycle, though its genes are left out."
    ]


def _about_labels(record: dict[str, Any], design: Design) -> list[str]:
    if record["method"] != "ordinal" or record["validated"]:
        return []
    return [
        "There is one replicate series, so the order is fit to labels and not "
        "validated: a difference between libraries cannot be told from progress."
    ]


def _about_lost(record: dict[str, Any]) -> list[str]:
    n = record["n_unreachable"]
    if not n:
        return []
    return [f"{n} cells are not connected to the root and have no position (NaN)."]


def _about_reversal(record: dict[str, Any]) -> list[str]:
    found = record.get("reversal")
    if found is None:
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


def messages(
    record: dict[str, Any], design: Design, *, asked: str | None
) -> tuple[list[str], list[str]]:
    """All sentences about an order, and those among them to warn of.

    Parameters
    ----------
    record
        The diagnostics of the order.
    design
        Times and groups.
    asked
        The method the user asked for.
    """
    against, open_ = _about_direction(record)
    warned = [
        *_about_root(record, design),
        *_about_time(record, design, asked=asked),
        *against,
        *_about_stability(record),
        *_about_cycle(record),
        *_about_labels(record, design),
        *_about_lost(record),
    ]
    calm = [*open_, *_about_orders(record), *_about_reversal(record)]
    return [*warned, *calm], warned
