"""Tables of the page about the index, from what ``index_limit.py`` measured."""

from __future__ import annotations

import csv
from statistics import median

from dtpscore import signatures as library

INDEX = "dtp_consensus_no_cycle"
INVERSE = "inverse hallmark_e2f_targets"
MADE = (
    "anew",
    "weighted",
    "weighted, drug class",
    "weighted, drug class, engagement",
)

Measured = dict[str, dict[str, float]]


def measured(stem: str) -> Measured:
    """AUROC by list and context, of the lists that have a value in every context."""
    text = (library.root() / f"{stem}.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t")
    return {
        row["list"]: {k: float(v) for k, v in row.items() if k != "list"}
        for row in rows
        if all(row.values())
    }


def single_lists(table: Measured) -> list[str]:
    """The shipped lists, without the index and what is made of them."""
    return [name for name in table if name not in {INDEX, INVERSE, *MADE}]


def chosen(table: Measured) -> dict[str, str]:
    """Lists to show, with what is said of them."""
    single = single_lists(table)
    best = max(single, key=lambda name: median(table[name].values()))
    steady = max(single, key=lambda name: min(table[name].values()))
    shown = {name: f"`{name}`" if name == INDEX else name for name in (INDEX, *MADE)}
    shown[INVERSE] = "inverse `hallmark_e2f_targets`"
    shown[best] = f"`{best}` (best median)"
    if steady != best:
        shown[steady] = f"`{steady}` (best lowest)"
    return shown


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def index() -> str:
    """Persisters against parental cells, by context."""
    table = measured("index_limit")
    names = list(next(iter(table.values())))
    lines = [_row(["List", *names, "Median", "Lowest"])]
    lines.append("|" + "---|" * (len(names) + 3))
    for name, label in chosen(table).items():
        values = list(table[name].values())
        numbers = [*values, median(values), min(values)]
        lines.append(_row([label, *(f"{value:.2f}" for value in numbers)]))
    return "\n".join(lines)


def seen(values: dict[str, float], kind: str) -> list[float]:
    """AUROC of the shifts of a kind, turned so that 0.5 is unseen and 1 is seen."""
    return [
        max(value, 1 - value)
        for name, value in values.items()
        if name.split(":")[0] == kind
    ]


def shifts() -> str:
    """Shifts that are no persisters: median and largest by kind."""
    table = measured("index_shifts")
    kinds = list(dict.fromkeys(n.split(":")[0] for n in next(iter(table.values()))))
    heads = [f"{kind} ({len(seen(table[INDEX], kind))})" for kind in kinds]
    lines = [_row(["List", *heads]), "|" + "---|" * (len(kinds) + 1)]
    for name, label in chosen(measured("index_limit")).items():
        cells = [
            f"{median(found):.2f}, {max(found):.2f}"
            for found in (seen(table[name], kind) for kind in kinds)
        ]
        lines.append(_row([label, *cells]))
    return "\n".join(lines)
