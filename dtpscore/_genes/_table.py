"""The shipped table of gene names, read once on first use."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from dtpscore._genes._names import Nomenclature, OtherNames
from dtpscore._resources import signature_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dtpscore._types import Species

FILE = "gene_names.tsv"


class _Row(NamedTuple):
    """One line of the table: a human gene, or a mouse gene without ortholog.

    All but the symbol are lists of names joined by ``|``.
    """

    symbol: str
    ensembl: str
    previous: str
    alias: str
    mouse: str
    mouse_ensembl: str


def _split(cell: str) -> list[str]:
    return cell.split("|") if cell else []


@cache
def _rows() -> tuple[_Row, ...]:
    lines = (signature_root() / FILE).read_text(encoding="utf-8").splitlines()
    body = [line for line in lines if not line.startswith("#")][1:]
    return tuple(_Row(*line.split("\t")) for line in body)


def _collect(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Map every name, in upper case, to the different symbols it stands for."""
    found: dict[str, tuple[str, ...]] = {}
    for name, symbol in pairs:
        known = found.setdefault(name.upper(), (symbol,))
        if symbol not in known:
            found[name.upper()] = (*known, symbol)
    return found


@cache
def _human_others() -> OtherNames:
    rows = [row for row in _rows() if row.symbol]
    return OtherNames(
        upper=_collect((row.symbol, row.symbol) for row in rows),
        previous=_collect(
            (n, row.symbol) for row in rows for n in _split(row.previous)
        ),
        alias=_collect((n, row.symbol) for row in rows for n in _split(row.alias)),
        ensembl=_collect((n, row.symbol) for row in rows for n in _split(row.ensembl)),
    )


@cache
def _mouse_others() -> OtherNames:
    """Mouse names; the previous symbols of the human ortholog count as well.

    Mouse genes are renamed together with their human ortholog, so that an older
    mouse data set says ``Fam64a`` where the human one said ``FAM64A``. Aliases of
    the human gene are too loose for this and are left out.
    """
    to_mouse = orthologs("human", "mouse")
    rows = [row for row in _rows() if row.mouse]
    return OtherNames(
        upper=_collect((one, one) for row in rows for one in _split(row.mouse)),
        previous=_collect(
            (name, symbol)
            for row in rows
            for name in _split(row.previous)
            if row.symbol
            for symbol in to_mouse[row.symbol].names
        ),
        alias={},
        ensembl=_collect(
            (name, symbol)
            for row in rows
            # Shorter where the last mouse genes have no Ensembl id.
            for symbol, name in zip(
                _split(row.mouse), _split(row.mouse_ensembl), strict=False
            )
            if name
        ),
    )


@cache
def nomenclature(species: Species) -> Nomenclature:
    """Gene names of a species, read on first use and kept."""
    if species == "human":
        symbols = frozenset(row.symbol for row in _rows() if row.symbol)
        return Nomenclature(symbols, _human_others)
    symbols = frozenset(symbol for row in _rows() for symbol in _split(row.mouse))
    return Nomenclature(symbols, _mouse_others)


@dataclass(frozen=True)
class Ortholog:
    """The counterparts of a gene in the other species.

    Attributes
    ----------
    names
        Symbols in the other species.
    clear
        Whether the pair is one to one, or one of the names is the gene's own name.
        Otherwise the table does not tell which gene of a family is meant.
    """

    names: tuple[str, ...]
    clear: bool


@cache
def orthologs(source: Species, target: Species) -> Mapping[str, Ortholog]:
    """Map the symbols of one species to those of the other.

    A family with several members in either species keeps the member of the same
    name: ABCG2 is Abcg2, though Abcg3 is listed too.
    """
    pairs = [
        (row.symbol, name)
        for row in _rows()
        if row.symbol
        for name in _split(row.mouse)
    ]
    if source == "mouse":
        pairs = [(mouse, human) for human, mouse in pairs]
    forward: defaultdict[str, list[str]] = defaultdict(list)
    backward: defaultdict[str, list[str]] = defaultdict(list)
    for one, other in pairs:
        forward[one].append(other)
        backward[other].append(one)

    def counterpart(symbol: str, listed: list[str]) -> Ortholog:
        same = tuple(name for name in listed if name.upper() == symbol.upper())
        if same:
            return Ortholog(same, clear=len(same) == 1)
        one_to_one = len(listed) == 1 and len(backward[listed[0]]) == 1
        return Ortholog(tuple(listed), clear=one_to_one)

    return {symbol: counterpart(symbol, listed) for symbol, listed in forward.items()}
