"""Axis by contrast: what the contrasts show, beside what the reviews claim.

Run ``python signatures/build/heat.py`` to write the tables of ``signatures/README.md``
between their marks. The values come from ``real_contrasts.tsv`` (control-matched z of
the persisters minus that of the parental cells, mean of the signatures of the axis),
the directions from ``directions.tsv``, and the tables about the index are made by
``index_tables.py``; nothing here needs the data.
"""

from __future__ import annotations

import csv
import re
from itertools import combinations

import index_tables
import sanity_table

from dtpscore import signatures as library

README = library.root() / "README.md"
# What the reviews say of the RNA of an axis in persisters.
CLAIMS = {
    "redox_nrf2": "up and down",
    "ros_production": "up",
    "oxphos": "up",
    "emt": "up",
    "senescence": "up",
    "slow_cycling": "up",
    "kdm5_chromatin": "up",
    "diapause_myc": "up",
    "mtorc1": "up and down",
    "glycolysis": "down",
    "pentose_phosphate": "up",
    "fao_peroxisome": "up",
    "autophagy_lysosome": "up",
    "ferroptosis": "dependency",
    "nfkb": "up",
    "interferon": "up",
    "yap_tead_axl": "up",
    "stemness_wnt_notch": "up",
    "dna_repair": "down",
    "apoptosis_resistance": "dependency",
    "melanoma_ncsc": "up",
    "hypoxia": "up",
    "unfolded_protein": "up",
}
_SCORED = ("default", "lineage_gated", "nuisance")
_TURN = {"with": 1.0, "against": -1.0}
# Share of the smaller axis from which a shared pair is listed.
_OVERLAP = 0.2


def _measured() -> tuple[list[str], dict[str, dict[str, float]]]:
    text = (library.root() / "real_contrasts.tsv").read_text(encoding="utf-8")
    reader = csv.DictReader(text.splitlines(), delimiter="\t")
    rows = {
        row["signature"]: {
            k: float(v) for k, v in row.items() if k != "signature" and v
        }
        for row in reader
    }
    return list(reader.fieldnames or [])[1:], rows


def _scored(axis: str) -> list[str]:
    table = library.available(axis=axis)
    return [str(name) for name in table.index[table["use"].isin(_SCORED)]]


def axis_change(axis: str, contrast: str) -> float | None:
    """Mean change of z of the signatures of an axis in one contrast."""
    _, rows = _measured()
    found = [
        _TURN[library.load(name).orientation] * rows[name][contrast]
        for name in _scored(axis)
        if contrast in rows.get(name, {})
    ]
    return sum(found) / len(found) if found else None


def _against_claim(axis: str) -> str:
    claim = CLAIMS.get(axis)
    if claim not in ("up", "down"):
        return "no claim of one direction" if claim is None else claim
    found = library.direction(axis)
    if not found.n_up + found.n_down:
        return f"{claim}: not shown"
    along = found.n_up if claim == "up" else found.n_down
    other = found.n_down if claim == "up" else found.n_up
    word = "held" if along > other else "not held" if other > along else "undecided"
    return f"{claim}: {word} ({along} of {along + other})"


def heat() -> str:
    """The table axis by contrast."""
    names, _ = _measured()
    heads = [
        "Axis",
        *names,
        "Votes up, down, neither",
        "Direction",
        "In melanoma",
        "Reviews",
    ]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for axis in library.axes():
        if not _scored(axis):
            continue
        cells = []
        for name in names:
            value = axis_change(axis, name)
            cells.append("" if value is None else f"{value:+.1f}")
        found = library.direction(axis)
        melanoma = library.direction(axis, "melanoma")
        counts = f"{found.n_up}, {found.n_down}, {found.n_none}"
        in_melanoma = f"{melanoma.direction} ({melanoma.n_up}, {melanoma.n_down})"
        row = [f"`{axis}`", *cells, counts, library.axes()[axis].direction, in_melanoma]
        lines.append(f"| {' | '.join([*row, _against_claim(axis)])} |")
    return "\n".join(lines)


def overlap() -> str:
    """Pairs of axes whose scored signatures share genes."""
    held: dict[str, set[str]] = {}
    for axis, known in library.axes().items():
        if known.kind in ("persister", "engagement"):
            lists = [library.load(name).genes for name in _scored(axis)]
            held[axis] = {gene for one in lists for gene in (*one.up, *one.down)}
    found = []
    for one, other in combinations([axis for axis in held if held[axis]], 2):
        shared = len(held[one] & held[other])
        smaller = min(len(held[one]), len(held[other]))
        if shared >= _OVERLAP * smaller:
            found.append((shared / smaller, shared, one, other))
    lines = ["| Axes | Shared genes | Share of the smaller |", "|---|---|---|"]
    lines += [
        f"| `{one}`, `{other}` | {shared} | {share:.0%} |"
        for share, shared, one, other in sorted(found, reverse=True)
    ]
    return "\n".join(lines)


BLOCKS = {
    "heat": heat,
    "overlap": overlap,
    "index": index_tables.index,
    "shifts": index_tables.shifts,
    "sanity": sanity_table.sanity,
    "carried": sanity_table.carried,
}


def rendered(text: str) -> str:
    """Make every block of the page anew."""
    for name, make in BLOCKS.items():
        pattern = rf"(<!-- begin: {name} -->\n).*?(<!-- end: {name} -->)"
        body = make() + "\n"
        text, n = re.subn(
            pattern, lambda m, b=body: m[1] + b + m[2], text, flags=re.DOTALL
        )
        if n != 1:
            msg = f"README.md needs one block {name!r}, found {n}."
            raise ValueError(msg)
    return text


if __name__ == "__main__":
    README.write_text(rendered(README.read_text(encoding="utf-8")), encoding="utf-8")
