"""Vote of every contrast about every axis.

Run ``python signatures/build/directions.py`` to write ``signatures/directions.tsv``,
which ``dtpscore.signatures.direction`` reads. The vote about an axis is the way that
most signatures of its score go, each turned so that up means more of the axis; a tie is
no vote. A contrast from the study that a signature comes from has no say about it.
"""

from __future__ import annotations

import csv
import io

import sign_check

from dtpscore import signatures as library

_SCORED = ("default", "lineage_gated", "nuisance")
_TURN = {"with": 1, "against": -1}


def _names() -> list[str]:
    text = (library.root() / "contrasts.tsv").read_text(encoding="utf-8")
    body = (line for line in text.splitlines() if not line.startswith("#"))
    return [row["contrast"] for row in csv.DictReader(body, delimiter="\t")]


def axis_votes(axis: str) -> dict[str, int]:
    """1, -1 or 0 for every contrast that has a say."""
    table = library.available(axis=axis)
    said: dict[str, list[int]] = {}
    for name in table.index[table["use"].isin(_SCORED)]:
        signature = library.load(name)
        turn = _TURN[signature.orientation]
        cast = sign_check.published_votes(signature)
        cast.update(sign_check.measured_votes(name))
        for contrast, vote in cast.items():
            said.setdefault(contrast, []).append(turn * vote)
    return {name: (sum(v) > 0) - (sum(v) < 0) for name, v in said.items()}


def table() -> str:
    """Text of ``signatures/directions.tsv``."""
    names = _names()
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(["axis", *names])
    for axis in library.axes():
        cast = axis_votes(axis)
        writer.writerow([axis, *(cast.get(name, "") for name in names)])
    return text.getvalue()


if __name__ == "__main__":
    path = library.root() / "directions.tsv"
    path.write_text(table(), encoding="utf-8", newline="\n")
