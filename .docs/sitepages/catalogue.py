"""The signature catalogue: a page per axis with its signatures, from their files."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from dtpscore import signatures

if TYPE_CHECKING:
    from dtpscore.signatures import Axis, Signature

_MOVES = {"1": "up", "-1": "down", "0": "neither"}
# Columns of sign_check.tsv before those of the contrasts.
_CONTRASTS_FROM = 7


def escaped(text: object) -> str:
    """Text of a file as Markdown that shows it as it is."""
    flat = " ".join(str(text).split())
    for sign in "\\`*_[]<>|$#{}~":
        flat = flat.replace(sign, f"\\{sign}")
    return flat


def label(name: str) -> str:
    """Target of links to a signature."""
    return f"signature-{name}"


def _table(stem: str) -> list[dict[str, str]]:
    """Rows of a table beside the signatures, without its comments."""
    lines = (signatures.root() / f"{stem}.tsv").read_text(encoding="utf-8").splitlines()
    body = (line for line in lines if not line.startswith("#"))
    return list(csv.DictReader(body, delimiter="\t"))


def moves() -> dict[str, dict[str, str]]:
    """How every signature moves in each contrast, in words."""
    return {
        row["signature"]: {
            contrast: _MOVES[value]
            for contrast, value in list(row.items())[_CONTRASTS_FROM:]
            if value in _MOVES
        }
        for row in _table("sign_check")
    }


def contexts_of_contrasts() -> dict[str, str]:
    """Tumor and class of drug of every contrast that the table of contrasts has."""
    return {
        row["contrast"]: f"{row['tumor']}, {row['drug']}".replace("|", " and ")
        for row in _table("contrasts")
    }


def _source(signature: Signature) -> list[str]:
    source = signature.provenance
    doi = f"[{escaped(source.doi)}](https://doi.org/{source.doi})" if source.doi else ""
    pmid = (
        f"[{source.pmid}](https://pubmed.ncbi.nlm.nih.gov/{source.pmid}/)"
        if source.pmid
        else ""
    )
    facts = {
        "Citation": escaped(source.citation),
        "DOI": doi,
        "PMID": pmid,
        "Table": escaped(source.table),
        "Read from": escaped(source.retrieved_from),
        "Version": escaped(source.version),
        "Licence": escaped(source.licence),
        "Derivation": escaped(source.derivation),
        "Confidence": source.confidence,
        "Context": escaped(signature.context),
        "Used": escaped(signature.use),
        "Orientation": f"{signature.orientation} the axis",
        "Expected in persisters": signature.direction,
        "Evidence": escaped(signature.direction_evidence),
        "Made from data of": escaped(", ".join(source.studies)),
        "SHA-256": f"`{signature.sha256}`",
    }
    rows = [f"| {name} | {fact} |" for name, fact in facts.items() if fact]
    return ["| Field | Value |", "|---|---|", *rows, ""]


def _genes(signature: Signature) -> list[str]:
    lines = []
    weights = signature.genes.weights or {}
    renamed = signature.genes.renamed or {}
    for half, genes in (("up", signature.genes.up), ("down", signature.genes.down)):
        if genes:
            shown = ", ".join(
                f"{gene} ({weights[gene]:g})" if gene in weights else gene
                for gene in genes
            )
            title = f"{len(genes)} genes {half}"
            lines += [f"```{{dropdown}} {title}", escaped(shown), "```", ""]
    if renamed:
        shown = ", ".join(f"{new} (printed as {old})" for new, old in renamed.items())
        lines += [f"Renamed: {escaped(shown)}.", ""]
    return lines


def _signature(
    signature: Signature, moved: dict[str, str], where: dict[str, str]
) -> list[str]:
    lines = [f"({label(signature.name)})=", f"## {escaped(signature.name)}", ""]
    lines += [f"{escaped(signature.title)}.", "", *_genes(signature)]
    lines += _source(signature)
    if moved:
        rows = [
            f"| {escaped(one)} | {escaped(where.get(one, ''))} | {way} |"
            for one, way in moved.items()
        ]
        lines += ["```{dropdown} Direction in each contrast", ""]
        head = ["| Contrast | Context | Its score moves |", "|---|---|---|"]
        lines += [*head, *rows, "```", ""]
    return lines


def contexts(axis: str) -> list[str]:
    """Tumors and classes of drugs in which a contrast has a vote about an axis."""
    votes = signatures.direction(axis).votes
    cells = [*votes["tumor"], *votes["drug"]]
    words = dict.fromkeys(word for cell in cells for word in cell.split("|"))
    return [word for word in words if word != "not stated"]


def _axis(axis: Axis) -> list[str]:
    found = signatures.direction(axis.name)
    lines = [f"# {escaped(axis.title)}", "", f"Axis `{axis.name}` ({axis.kind}).", ""]
    lines += [escaped(axis.summary), ""]
    if axis.proxy:
        lines += ["This axis is a proxy: RNA does not show the mechanism itself.", ""]
    if axis.confounders:
        lines += [f"It also moves with: {escaped('; '.join(axis.confounders))}.", ""]
    lines += ["| Context | Direction | Contrasts |", "|---|---|---|"]
    asked = [None, *contexts(axis.name)]
    for context in asked:
        found = signatures.direction(axis.name, context)
        name = context or "all contrasts"
        lines.append(
            f"| {escaped(name)} | {found.direction} | {escaped(found.sentence)} |"
        )
    return [*lines, ""]


def pages() -> dict[str, str]:
    """Make all pages of the catalogue."""
    table, moved = signatures.available(), moves()
    where = contexts_of_contrasts()
    made, rows = {}, []
    for name, axis in signatures.axes().items():
        lines = _axis(axis)
        for one in table.index[table["axis"] == name]:
            signature = signatures.load(one)
            lines += _signature(signature, moved.get(one, {}), where)
            rows.append(
                f"| {{ref}}`{one} <{label(one)}>` | [{escaped(axis.title)}]({name}.md) "
                f"| {signature.direction} | {len(signature.genes.up)} "
                f"| {len(signature.genes.down)} | {signature.use.replace('_', ' ')} |"
            )
        made[f"catalogue/{name}.md"] = "\n".join(lines)
    head = "| Signature | Axis | Expected in persisters | Up | Down | Used |"
    index = ["# Signature catalogue", "", head, "|---|---|---|---|---|---|", *rows]
    tree = ["", "```{toctree}", ":hidden:", "", "about", *signatures.axes(), "```", ""]
    made["catalogue/index.md"] = "\n".join([*index, *tree])
    return made
