"""What speaks for and against a published vulnerability here, and the order of rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from dtpscore import signatures

if TYPE_CHECKING:
    from collections.abc import Sequence

# From best to least supported. The table says "trial" also for a trial in which
# persisters were not looked at; its caveat says so.
LEVELS = ("trial", "animal", "cell line", "not stated")
EFFECTS = ("kills", "prevents", "sensitizes", "re-awakens", "not stated")
READ = ("abstract", "review")
MOVED, NOT_SHOWN, NOT_TESTED = "moved", "not shown to move", "not tested"
SHOWN, WEAK, PROCESS, ABSENT = (
    "expressed",
    "hardly expressed",
    "a process",
    "not in data",
)
# Counts per million from which a target gene counts as expressed.
EXPRESSED = 5.0


def axis_state(row: dict[str, Any], alpha: float) -> str:
    """Whether an axis moved, with the sample as the unit."""
    q = float(row.get("qvalue", math.nan))
    if math.isnan(q):
        return NOT_TESTED
    return MOVED if q <= alpha else NOT_SHOWN


def target_state(entry: dict[str, Any], genes: pd.DataFrame) -> str:
    """Whether the genes of a target are expressed in the cells that are looked at."""
    names = gene_names(entry)
    if not names:
        return PROCESS
    found = genes[genes["symbol"].isin(names).to_numpy()]
    if found.empty:
        return ABSENT
    level = found["cpm"].to_numpy(dtype=float)
    if not (level == level).any():
        return SHOWN
    return SHOWN if level.max() >= EXPRESSED else WEAK


def gene_names(entry: dict[str, Any]) -> list[str]:
    """Symbols of the target of a published vulnerability."""
    return [one.strip() for one in str(entry["genes"]).split(",") if one.strip()]


def _signed(value: float) -> str:
    return f"{value:+.2f}"


def _about_axis(entry: dict[str, Any], move: dict[str, Any], state: str) -> list[str]:
    if state != MOVED:
        return []
    way = "up" if float(move["difference"]) > 0 else "down"
    return [
        f"{entry['axis']} moved {way} by {_signed(float(move['difference']))} SD "
        f"(q {float(move['qvalue']):.2g})"
    ]


def supports(
    entry: dict[str, Any], move: dict[str, Any], genes: pd.DataFrame, alpha: float
) -> str:
    """Say what in these data goes with a published vulnerability."""
    told = _about_axis(entry, move, axis_state(move, alpha))
    for row in _target_rows(entry, genes):
        q = float(row["qvalue"])
        if q <= alpha and float(row["difference"]) > 0:
            told.append(
                f"{row['symbol']} is up (log2 {_signed(float(row['difference']))})"
            )
    return "; ".join(told)


def _target_rows(entry: dict[str, Any], genes: pd.DataFrame) -> list[dict[str, Any]]:
    kept = genes[genes["symbol"].isin(gene_names(entry)).to_numpy()]
    return [{str(k): v for k, v in row.items()} for row in kept.to_dict("records")]


def contradicts(
    entry: dict[str, Any],
    move: dict[str, Any],
    genes: pd.DataFrame,
    *,
    context: Sequence[str],
    alpha: float,
) -> str:
    """Say what in these data, or in the publication, speaks against it.

    Parameters
    ----------
    entry
        Row of `dtpscore.signatures.vulnerabilities`.
    move
        How its axis moved in the arm; empty where it was not scored.
    genes
        Target genes of the arm.
    context
        Tumor and drug class; none for all contrasts.
    alpha
        Level at which an axis or a gene moved.
    """
    told = []
    state = axis_state(move, alpha)
    if state == NOT_SHOWN:
        told.append(f"{entry['axis']} is not shown to move")
    published = signatures.direction(entry["axis"], tuple(context) or None)
    if state == MOVED and published.direction != "two-sided":
        way = "up" if float(move["difference"]) > 0 else "down"
        if way != published.direction:
            told.append(
                f"{entry['axis']} moved {way}, and published contrasts say "
                f"{published.direction}"
            )
    if signatures.axes()[entry["axis"]].kind == "lineage":
        told.append(f"{entry['axis']} is read in its tumor type alone")
    target = target_state(entry, genes)
    if target == ABSENT:
        told.append("no gene of the target is in the data")
    if target == WEAK:
        told.append("the target is hardly expressed in these cells")
    told += [
        f"{row['symbol']} is down (log2 {_signed(float(row['difference']))})"
        for row in _target_rows(entry, genes)
        if float(row["qvalue"]) <= alpha and float(row["difference"]) < 0
    ]
    if entry["effect"] == "re-awakens":
        told.append("it wakes dormant cells, which can be harm")
    if entry["caveat"]:
        told.append(str(entry["caveat"]))
    return "; ".join(told)


def _place(value: str, order: Sequence[str]) -> int:
    return order.index(value) if value in order else len(order)


def ordered(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Sort the rows of an arm, the best supported first, and number them.

    What the axis did here comes first (moved; not shown to move; not tested), then
    whether the target is expressed, the level of the published evidence, what was read
    of the publication, and its effect. Rows that tie keep the order of the table and
    share a rank.
    """
    keys = [
        (
            _place(row["axis_state"], (MOVED, NOT_SHOWN, NOT_TESTED)),
            _place(row["target_state"], (SHOWN, PROCESS, WEAK, ABSENT)),
            _place(row["evidence"], LEVELS),
            _place(row["read"], READ),
            _place(row["effect"], EFFECTS),
        )
        for row in rows
    ]
    places = sorted(range(len(rows)), key=keys.__getitem__)
    different = sorted(set(keys))
    ranks = {key: 1 + sum(one < key for one in keys) for key in different}
    return pd.DataFrame([{"rank": ranks[keys[n]], **rows[n]} for n in places])
