"""The gene names of a data set, indexed so that a symbol finds its column."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from dtpscore._genes._names import How
from dtpscore._genes._table import nomenclature

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from dtpscore._types import Species

# What files hold where a gene has no name. "NA" is also a former symbol of XK, but a
# missing name is far more common than data that still use it.
_NO_NAME = frozenset({"", "nan", "NaN", "NA", "<NA>", "None"})
# The endings that scanpy ("-1") and R (".1") give to a name that occurs again.
_MADE_UNIQUE = re.compile(r"^(.+)[-.]\d{1,2}$")
# Lists of genes whose index is kept; an analysis seldom has more than one or two.
_KEPT = 4


@dataclass(frozen=True)
class Candidate:
    """A column whose name stands for one known symbol."""

    how: How
    name: str
    column: int


@dataclass(frozen=True)
class DataNames:
    """Columns by name and by current symbol.

    Attributes
    ----------
    first
        First column that carries a name, in the order of the data.
    counts
        Number of columns that carry it.
    approved
        Names that are current symbols.
    by_symbol
        Columns whose name leads to one symbol in another way.
    unclear
        Names in the data that may stand for a symbol among others.
    copies
        Names that were made unique (``TBCE-1``), by the name they are copies of.
    """

    first: Mapping[str, int]
    counts: Counter[str]
    approved: frozenset[str]
    by_symbol: Mapping[str, list[Candidate]]
    unclear: Mapping[str, list[str]]
    copies: Mapping[str, list[str]]

    def best(self, symbol: str) -> list[Candidate]:
        """Columns found by the surest rule that found any."""
        if symbol in self.approved:
            return [Candidate(How.EXACT, symbol, self.first[symbol])]
        found = self.by_symbol.get(symbol, [])
        surest = min((candidate.how for candidate in found), default=None)
        return [candidate for candidate in found if candidate.how == surest]

    def n_columns(self, name: str) -> int:
        """How many columns carry a name, those made unique included."""
        made_unique = self.copies.get(name, ())
        return self.counts[name] + sum(self.counts[copy] for copy in made_unique)


@lru_cache(maxsize=_KEPT)
def index_names(names: tuple[str, ...], species: Species) -> DataNames:
    """Index the gene names of a data set; columns without a name are left out.

    Nearly all names are current symbols as a rule, so only the others are looked into.
    The steps of an analysis ask for the same genes again, so an index is kept for the
    lists of genes that were asked for last.
    """
    known = nomenclature(species)
    counts = Counter(names)
    for name in _NO_NAME & counts.keys():
        del counts[name]
    last_first = dict(zip(reversed(names), range(len(names) - 1, -1, -1), strict=True))
    first = {name: last_first[name] for name in counts}
    approved = known.approved & first.keys()
    by_symbol: defaultdict[str, list[Candidate]] = defaultdict(list)
    open_names: list[tuple[Candidate, tuple[str, ...]]] = []
    unknown: list[str] = []
    for name, column in first.items():
        if name in approved:
            continue
        resolved = known.resolve(name)
        candidate = Candidate(resolved.how, name, column)
        if len(resolved.symbols) == 1:
            by_symbol[resolved.symbols[0]].append(candidate)
        else:
            open_names.append((candidate, resolved.symbols))
        if resolved.how is How.UNKNOWN:
            unknown.append(name)
    unclear = _eliminate(open_names, by_symbol, approved)
    copies = _copies(unknown, first)
    return DataNames(first, counts, approved, dict(by_symbol), unclear, copies)


def _eliminate(
    open_names: Sequence[tuple[Candidate, tuple[str, ...]]],
    by_symbol: defaultdict[str, list[Candidate]],
    approved: frozenset[str],
) -> dict[str, list[str]]:
    """Settle names with several meanings where the data rule out all but one.

    ``COX1`` is an alias of MT-CO1 and of PTGS1; in data that have a PTGS1 column
    it can only be MT-CO1. Adds to ``by_symbol`` and returns what stays open.
    """
    taken = approved.union(by_symbol)
    unclear: defaultdict[str, list[str]] = defaultdict(list)
    for candidate, symbols in open_names:
        left = [symbol for symbol in symbols if symbol not in taken]
        if len(left) == 1:
            by_symbol[left[0]].append(candidate)
        else:
            for symbol in left:
                unclear[symbol].append(candidate.name)
    return dict(unclear)


def _copies(unknown: Sequence[str], known: Container[str]) -> dict[str, list[str]]:
    copies: defaultdict[str, list[str]] = defaultdict(list)
    for name in unknown:
        ending = _MADE_UNIQUE.match(name)
        if ending and ending.group(1) in known:
            copies[ending.group(1)].append(name)
    return dict(copies)
