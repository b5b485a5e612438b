"""Signatures as GMT files and as a long table."""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dtpscore.errors import SignatureError
from dtpscore.signatures._own import GeneSet, Notes, finished, parse_gene

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd

    from dtpscore.signatures._model import Signature

_NET_COLUMNS = [
    "source", "target", "weight", "licence", "citation", "retrieved_from"
]  # fmt: skip
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
    """Citation, licence and source of a signature, in the one field that GMT has."""
    source = signature.provenance
    text = (
        f"{source.citation}; licence: {source.licence}; read from: "
        f"{source.retrieved_from}; changes: dtpscore signatures show {signature.name}"
    )
    # A tab or a line break would end the field.
    return " ".join(text.split())


def write_gmt(signatures: Iterable[Signature], path: str | Path) -> None:
    r"""Write signatures as a GMT file.

    A GMT file has no direction, so every signature gives a line ``NAME_UP`` and a
    line ``NAME_DN``, whichever has genes. The second field is the citation with the
    licence, where the list was read and how to see what was changed, because most
    licences ask that these stay with a list. Weights are not written: the format has
    no place for them.

    Parameters
    ----------
    signatures
        What to write.
    path
        File to write; an existing file is replaced.

    See Also
    --------
    dtpscore.signatures.read_gmt : The reverse.
    dtpscore.signatures.to_net : A table with the weights.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import dtpscore as dtp
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "mine.gmt"
    >>> mine = dtp.signatures.from_dict({"mine": ["VIM", "ZEB1", "CDH1-"]})
    >>> dtp.signatures.write_gmt(mine, path)
    >>> [line.split("\t")[0] for line in path.read_text().splitlines()]
    ['mine_UP', 'mine_DN']
    """
    Path(path).expanduser().write_text(gmt_text(signatures), encoding="utf-8")


def read_text(path: Path) -> str:
    """Text of a file, gzipped or not, in UTF-8, UTF-16 or a Western 8-bit encoding.

    Raises
    ------
    SignatureError
        The file cannot be read as text.
    """
    try:
        raw = path.read_bytes()
        if raw[:2] == b"\x1f\x8b":
            raw = gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        msg = f"{path} cannot be read: {error}."
        raise SignatureError(msg) from error
    encodings = ["utf-8-sig"]
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ["utf-16"]
    elif b"\x00" not in raw:
        encodings += ["cp1252", "latin-1"]
    for encoding in encodings:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    msg = f"{path} is not a text file: it holds bytes that no text has."
    raise SignatureError(msg)


def _split(name: str) -> tuple[str, str]:
    """Name without its ending, and the half that the ending stands for, if any."""
    for ending, half in _ENDINGS.items():
        if name.upper().endswith(ending) and len(name) > len(ending):
            return name[: -len(ending)], half
    return name, ""


@dataclass(frozen=True)
class _Line:
    """One gene set of a GMT file."""

    number: int
    name: str
    note: str
    genes: tuple[tuple[str, float], ...]


def _parse(text: str, notes: Notes) -> Iterator[_Line]:
    """Gene sets of a file; a line that is no gene set is noted and left out."""
    # Only line ends of files: str.splitlines also cuts at characters within names.
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        if not line.strip():
            continue
        name, *rest = (cell.strip() for cell in line.split("\t"))
        entries = [entry for entry in rest[1:] if entry]
        if not name or not entries:
            what = f"{name!r} has no genes" if name else "the set has no name"
            form = "; a line is a name, a description and genes, separated by tabs"
            notes.add(f"Line {number} is left out: {what}{'' if rest else form}.")
            continue
        genes = tuple(parse_gene(entry, signs=False) for entry in entries)
        yield _Line(number, name, rest[0], genes)


def _paired(lines: Iterable[_Line], notes: Notes) -> list[GeneSet]:
    """Put ``NAME_UP`` and ``NAME_DN`` together; any other line is a set of its own.

    Where the file has a plain ``NAME`` too, or a second line for the same half, a line
    keeps its whole name.
    """
    lines = list(lines)
    plain = {line.name for line in lines if not _split(line.name)[1]}
    halves: dict[str, dict[str, _Line]] = {}
    for line in lines:
        base, half = _split(line.name)
        if half and base not in plain and half not in halves.get(base, {}):
            halves.setdefault(base, {})[half] = line
    sets: dict[tuple[str, int], GeneSet] = {}
    for line in lines:
        base, half = _split(line.name)
        pair = halves.get(base, {}).get(half) is line
        key = (base, 0) if pair else (line.name, line.number)
        one = sets.setdefault(key, GeneSet(key[0], []))
        sign = -1.0 if half == "down" else 1.0
        one.genes += [(gene, sign * weight) for gene, weight in line.genes]
        one.title = one.title or line.note
    return list(sets.values())


def read_gmt(path: str | Path) -> list[Signature]:
    r"""Read a GMT file; ``NAME_UP`` and ``NAME_DN`` become one signature.

    Names stay as they are, but for characters that a column of a data file cannot
    have (``/`` becomes ``_``). Genes may have weights as in files of Enrichr
    (``TP53,1.0``). The direction in persisters is not known, so it is ``two-sided``,
    and the axis is ``user``.

    Parameters
    ----------
    path
        File to read, plain or gzipped (``.gmt.gz``).

    Returns
    -------
    One signature per gene set, in the order of the file.

    Raises
    ------
    SignatureError
        The file does not exist, is no text, or holds no gene set.

    Warns
    -----
    InputWarning
        A line or a gene is left out, with the number of the line: the set has no
        genes, or a gene is in both halves of a set.

    See Also
    --------
    dtpscore.signatures.read : Files of other kinds, and folders.
    dtpscore.signatures.write_gmt : The reverse.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import dtpscore as dtp
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "mine.gmt"
    >>> _ = path.write_text("mine_UP\tnote\tVIM\tZEB1\nmine_DN\tnote\tCDH1\n")
    >>> dtp.signatures.read_gmt(path)[0].genes.down
    ('CDH1',)
    """
    path = Path(path).expanduser()
    if not path.is_file():
        msg = f"There is no GMT file {path}."
        raise SignatureError(msg)
    notes = Notes(str(path))
    sets = _paired(_parse(read_text(path), notes), notes)
    return finished(sets, notes, source=file_source(path))


def file_source(path: Path) -> dict[str, str]:
    """Name the file as the source of sets that state no other."""
    return {"table": path.name, "retrieved_from": path.name}


def to_net(signatures: Sequence[Signature]) -> pd.DataFrame:
    """Signatures as the long table that decoupler reads.

    Parameters
    ----------
    signatures
        What to convert.

    Returns
    -------
    One row per gene: ``source`` (signature), ``target`` (symbol), ``weight``
    (float64; negative for down genes), ``licence`` and ``citation`` of the signature,
    which stay with the list, and ``retrieved_from``, where it was read. decoupler reads
    the first three.

    See Also
    --------
    dtpscore.signatures.from_net : The reverse.
    dtpscore.signatures.write_gmt : A GMT file.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> mine = dtp.signatures.from_dict({"mine": ["VIM", "CDH1-"]})
    >>> dtp.signatures.to_net(mine)["weight"].tolist()
    [1.0, -1.0]
    """
    import pandas as pd

    rows = []
    for signature in signatures:
        weights = signature.genes.weights or {}
        origin = signature.provenance
        kept = (origin.licence, origin.citation, origin.retrieved_from)
        for sign, genes in ((1.0, signature.genes.up), (-1.0, signature.genes.down)):
            rows += [
                (signature.name, gene, sign * weights.get(gene, 1.0), *kept)
                for gene in genes
            ]
    return pd.DataFrame(rows, columns=_NET_COLUMNS)
