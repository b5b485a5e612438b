"""Read one gene name: which current symbol does it stand for, and how sure is that."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ENSEMBL = re.compile(r"^(ENS[A-Z]{0,4}G\d{11})(\.\d+)?(_PAR_Y)?$", re.IGNORECASE)


class How(IntEnum):
    """How a name led to a symbol, the surest first."""

    EXACT = 0
    ENSEMBL = 1
    ENSEMBL_PAR_Y = 2
    CASE = 3
    MANGLED = 4
    PREVIOUS = 5
    ALIAS = 6
    UNKNOWN = 7


@dataclass(frozen=True)
class Resolved:
    """The current symbols that a name may stand for.

    Attributes
    ----------
    symbols
        One symbol, or several where the name is ambiguous. For a name that the
        table does not know, the name itself in upper case.
    how
        The rule that found them.
    """

    symbols: tuple[str, ...]
    how: How


def ensembl_id(name: str) -> tuple[str, bool] | None:
    """Ensembl gene id without its version, and whether it is the copy on chrY.

    Returns None for any other kind of name.
    """
    found = _ENSEMBL.match(name)
    return (found.group(1).upper(), bool(found.group(3))) if found else None


def unmangle(name: str) -> str:
    """Upper case, with the dots that R writes for hyphens turned back."""
    return name.upper().replace(".", "-")


@dataclass(frozen=True)
class OtherNames:
    """Other names of the genes of one species.

    Every map has upper-case keys, and its values are the current symbols that the name
    may stand for.
    """

    upper: Mapping[str, tuple[str, ...]]
    previous: Mapping[str, tuple[str, ...]]
    alias: Mapping[str, tuple[str, ...]]
    ensembl: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Nomenclature:
    """The gene names of one species.

    Attributes
    ----------
    approved
        Current symbols.
    others
        Returns the other names. Most data need none of them, and to sort them takes
        longer than all else that is done with names.
    """

    approved: frozenset[str]
    others: Callable[[], OtherNames]

    def resolve(self, name: str) -> Resolved:
        """Find the current symbol of a name.

        The first rule that applies wins, so an approved symbol is never read as a
        former name or an alias of another gene: approved symbol, Ensembl id,
        approved symbol in another case, approved symbol with R's dots for hyphens,
        previous symbol, alias.
        """
        if name in self.approved:
            return Resolved((name,), How.EXACT)
        others = self.others()
        stable = ensembl_id(name)
        if stable is not None:
            identifier, on_y = stable
            how = How.ENSEMBL_PAR_Y if on_y else How.ENSEMBL
            return Resolved(others.ensembl.get(identifier, (identifier,)), how)
        plain, unmangled = name.upper(), unmangle(name)
        for names, spelled, how in (
            (others.upper, plain, How.CASE),
            (others.upper, unmangled, How.MANGLED),
            (others.previous, plain, How.PREVIOUS),
            (others.previous, unmangled, How.PREVIOUS),
            (others.alias, plain, How.ALIAS),
            (others.alias, unmangled, How.ALIAS),
        ):
            if spelled in names:
                return Resolved(names[spelled], how)
        return Resolved((unmangled,), How.UNKNOWN)
