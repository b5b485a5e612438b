"""Write a signature as a TOML file that people can read and diff."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from dtpscore.signatures import Signature

_TOP = (
    "schema_version", "name", "title", "axis", "orientation", "direction",
    "direction_evidence", "use", "species", "gene_id", "context",
)  # fmt: skip
_PROVENANCE = (
    "citation", "doi", "pmid", "table", "retrieved_from", "version", "licence",
    "redistributable", "derivation", "confidence", "studies",
)  # fmt: skip


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        # A JSON string of printable text is a TOML basic string.
        return json.dumps(value, ensure_ascii=False)
    return "[" + ", ".join(map(_value, value)) + "]"


def _lines(fields: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    return [
        f"{name} = {_value(fields[name])}"
        for name in names
        if fields[name] is not None and fields[name] != ()
    ]


def _genes(label: str, genes: Iterable[str]) -> list[str]:
    quoted = ", ".join(json.dumps(gene) for gene in sorted(genes))
    if not quoted:
        return []
    wrapped = textwrap.wrap(quoted, 84, break_on_hyphens=False, break_long_words=False)
    return [f"{label} = [", *(f"  {line}" for line in wrapped), "]"]


def to_toml(signature: Signature) -> str:
    """Text of the file of a signature; equal content gives equal bytes."""
    fields = signature.model_dump()
    genes = signature.genes
    lines = _lines(fields, _TOP)
    lines += ["", "[provenance]", *_lines(fields["provenance"], _PROVENANCE)]
    lines += ["", "[genes]", *_genes("up", genes.up), *_genes("down", genes.down)]
    for table in ("weights", "renamed"):
        content = getattr(genes, table)
        if content:
            lines += ["", f"[genes.{table}]"]
            lines += [
                f"{json.dumps(gene)} = {_value(content[gene])}"
                for gene in sorted(content)
            ]
    return "\n".join(lines) + "\n"


def write(signature: Signature, folder: Path) -> None:
    path = folder / f"{signature.name}.toml"
    path.write_text(to_toml(signature), encoding="utf-8", newline="\n")
