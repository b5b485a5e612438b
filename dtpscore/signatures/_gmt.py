"""Signatures as GMT files and as a long table."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from dtpscore.errors import SignatureError
from dtpscore.signatures._model import (
    USER_AXIS,
    Genes,
    Provenance,
    Signature,
    problems,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

_ENDINGS = {"_UP": "up", "_DN": "down", "_DOWN": "down"}


def gmt_text(signatures: Iterable[Signature]) -> str:
    """Signatures as the text that `write_gmt` writes."""
    lines = [
        "\t".join([f"{signature.name}{ending}", _one_line(signature), *genes])
        for signature in signatures
        for ending, genes in (
            ("_UP", signature.genes.up),
            ("_DN", signature.genes.down),
        )
        if genes
    ]
    return "".join(f"{line}\n" for line in lines)


def _one_line(signature: Signature) -> str:
    # A tab or a line break would end the field.
    return " ".join(signature.provenance.citation.split())


def write_gmt(signatures: Iterable[Signature], path: str | Path) -> None:
    """Write signatures as a GMT file.

    A GMT file has no direction, so every signature gives a line ``NAME_UP`` and a
    line ``NAME_DN``, whichever has genes. The second field is the citation. Weights are
    not written: the format has no place for them.

    Parameters
    ----------
    signatures
        What to write.
    path
        File to write; an existing file is replaced.
    """
    Path(path).write_text(gmt_text(signatures), encoding="utf-8")


def _split(name: str) -> tuple[str, str]:
    for ending, half in _ENDINGS.items():
        if name.upper().endswith(ending):
            return name[: -len(ending)], half
    return name, "up"


def _clean(name: str) -> str:
    return re.sub(r"[^a-z0-9_]", "_", name.lower())[:60]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        msg = f"{path} is not a text file in UTF-8: {error}."
        raise SignatureError(msg) from error


def _parse(path: Path) -> dict[str, dict[str, tuple[str, list[str]]]]:
    found: dict[str, dict[str, tuple[str, list[str]]]] = {}
    for number, line in enumerate(_text(path).splitlines(), 1):
        if not line.strip():
            continue
        name, *rest = line.split("\t")
        if len(rest) < 2:
            msg = (
                f"{path}, line {number}: a GMT line is a name, a description and "
                "genes, separated by tabs."
            )
            raise SignatureError(msg)
        base, half = _split(name)
        halves = found.setdefault(_clean(base), {})
        if half in halves:
            msg = f"{path}, line {number}: {name!r} occurs more than once."
            raise SignatureError(msg)
        genes = list(dict.fromkeys(gene.strip() for gene in rest[1:] if gene.strip()))
        halves[half] = (rest[0], genes)
    if not found:
        msg = f"{path} holds no gene set."
        raise SignatureError(msg)
    return found


def read_gmt(path: str | Path) -> list[Signature]:
    """Read a GMT file; ``NAME_UP`` and ``NAME_DN`` become one signature.

    Names are brought to lower case with ``_`` for other characters. The direction in
    persisters is not known, so it is ``two-sided``, and the axis is ``user``.

    Parameters
    ----------
    path
        File to read.

    Returns
    -------
    One signature a gene set, in the order of the file.

    Raises
    ------
    SignatureError
        The file does not exist, is malformed, or names a set or a gene twice.
    """
    path = Path(path)
    if not path.is_file():
        msg = f"There is no GMT file {path}."
        raise SignatureError(msg)
    signatures = []
    for name, halves in _parse(path).items():
        text = next((note for note, _ in halves.values() if note), "") or name
        try:
            signatures.append(_from_gmt(path, name, text, halves))
        except ValidationError as error:
            msg = f"{path}, gene set {name!r} is not valid: {problems(error)}."
            raise SignatureError(msg) from error
    return signatures


def _from_gmt(
    path: Path, name: str, text: str, halves: dict[str, tuple[str, list[str]]]
) -> Signature:
    return Signature(
        name=name,
        title=text,
        axis=USER_AXIS,
        direction="two-sided",
        direction_evidence="Not known: the list comes from a GMT file.",
        use="optional",
        context="Not known: the list comes from a GMT file.",
        provenance=Provenance(
            citation=text,
            table=path.name,
            retrieved_from=path.name,
            version="as given",
            licence="not stated",
            redistributable=False,
            derivation="as listed",
            confidence="low",
        ),
        genes=Genes(
            up=tuple(halves.get("up", ("", []))[1]),
            down=tuple(halves.get("down", ("", []))[1]),
        ),
    )


def to_net(signatures: Sequence[Signature]) -> pd.DataFrame:
    """Signatures as the long table that decoupler reads.

    Parameters
    ----------
    signatures
        What to convert.

    Returns
    -------
    One row a gene: ``source`` (signature), ``target`` (symbol) and ``weight``
    (float64; negative for down genes).
    """
    import pandas as pd

    rows = []
    for signature in signatures:
        weights = signature.genes.weights or {}
        for sign, genes in ((1.0, signature.genes.up), (-1.0, signature.genes.down)):
            rows += [
                (signature.name, gene, sign * weights.get(gene, 1.0)) for gene in genes
            ]
    return pd.DataFrame(rows, columns=["source", "target", "weight"])
