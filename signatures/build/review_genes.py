"""Where every gene that the three reviews name can be read.

``build/review_genes.tsv`` lists the genes with the mechanism they are named for and the
direction that the review gives. A gene fits where a signature of that axis holds it,
with the direction of the review. Genes that no list of their axis holds come into a
panel of that axis, ``review_genes_<axis>``: optional, and to be read gene by gene.
Claims that RNA cannot show point to an entry of ``not_scorable.toml`` instead.

Run ``python signatures/build/review_genes.py`` after ``derive.py`` to write
``signatures/review_genes.tsv``.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import NamedTuple

from dtpscore import signatures as library
from dtpscore.signatures import Genes, Provenance, Signature

PREFIX = "review_genes_"
_REVIEWS = {
    "A": "Zhang Z et al., 2023, eBioMedicine 89:104483",
    "B": "Liang X-W et al., 2023, Front Oncol 13:1177466",
    "C": "Weng X et al., 2024, Oncol Rep",
}
_DOIS = {
    "A": "10.1016/j.ebiom.2023.104483",
    "B": "10.3389/fonc.2023.1177466",
    "C": "10.3892/or.2024.8816",
}


class Named(NamedTuple):
    """A gene, as the reviews name it."""

    gene: str
    reviews: tuple[str, ...]
    named_as: str
    axis: str
    sign: str
    not_scorable: str


def named() -> list[Named]:
    """Rows of the table of genes."""
    path = Path(__file__).with_name("review_genes.tsv")
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader((x for x in lines if not x.startswith("#")), delimiter="\t")
    return [
        Named(**{**row, "reviews": tuple(row["reviews"].split("|"))}) for row in rows
    ]


def fitting(row: Named, *, panels: bool) -> list[str]:
    """Signatures of the axis that hold the gene in the direction of the review."""
    found = []
    for name in library.available(axis=row.axis).index if row.axis else ():
        signature = library.load(name)
        turned = signature.orientation == "against"
        up, down = signature.genes.up, signature.genes.down
        halves = (down, up) if turned else (up, down)
        held = {
            "up": row.gene in halves[0],
            "down": row.gene in halves[1],
            "either": row.gene in up or row.gene in down,
        }[row.sign]
        if held and (panels or not name.startswith(PREFIX)):
            found.append(name)
    return found


def panels() -> list[Signature]:
    """One panel per axis, of the genes that no other list of the axis holds."""
    left: dict[str, list[Named]] = {}
    for row in named():
        if not row.not_scorable and not fitting(row, panels=False):
            left.setdefault(row.axis, []).append(row)
    return [_panel(axis, left[axis]) for axis in library.axes() if axis in left]


def _panel(axis: str, rows: list[Named]) -> Signature:
    reviews = sorted({review for row in rows for review in row.reviews})
    named_as = ", ".join(f"{row.gene} ({row.named_as})" for row in rows)
    return Signature(
        name=f"{PREFIX}{axis}",
        title=f"Genes that the reviews name: {library.axes()[axis].title}",
        axis=axis,
        direction="two-sided",
        direction_evidence="to be counted",
        use="optional",
        context=f"named as: {named_as}; read them gene by gene",
        provenance=Provenance(
            citation=f"{'; '.join(_REVIEWS[one] for one in reviews)} (reviews)",
            doi=_DOIS[reviews[0]],
            table="text of the reviews",
            retrieved_from="text of the reviews",
            version="as published",
            licence="facts from publication",
            derivation="genes that the reviews name for this axis and that no other "
            "list of it holds in the direction of the review, current symbols; a "
            "panel, not a measured list; made by signatures/build/review_genes.py",
            confidence="medium",
        ),
        genes=Genes(
            up=tuple(sorted(row.gene for row in rows if row.sign != "down")),
            down=tuple(sorted(row.gene for row in rows if row.sign == "down")),
        ),
    )


def table() -> str:
    """Text of ``signatures/review_genes.tsv``."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(
        ["gene", "reviews", "named_as", "axis", "sign", "signatures", "not_scorable"]
    )
    for row in sorted(named()):
        where = "; ".join(fitting(row, panels=True))
        reviews = ", ".join(row.reviews)
        writer.writerow([*row[:1], reviews, *row[2:5], where, row.not_scorable])
    return text.getvalue()


if __name__ == "__main__":
    path = library.root() / "review_genes.tsv"
    path.write_text(table(), encoding="utf-8", newline="\n")
