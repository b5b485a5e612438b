"""Tell from the gene names which species a data set is from."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from dtpscore._genes._names import How, ensembl_id
from dtpscore._genes._table import nomenclature
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dtpscore._types import Species

_ENSEMBL_PREFIX: dict[Species, str] = {"human": "ENSG", "mouse": "ENSMUSG"}


@cache
def _only(species: Species) -> frozenset[str]:
    """Symbols that the other species does not have."""
    other: Species = "mouse" if species == "human" else "human"
    return nomenclature(species).approved - nomenclature(other).approved


def names_of(names: Sequence[str], species: Species) -> list[str]:
    """Names that only this species uses: its own symbols or Ensembl ids."""
    own, prefix = _only(species), _ENSEMBL_PREFIX[species]
    return [
        name
        for name in names
        if name in own or (name.upper().startswith(prefix) and ensembl_id(name))
    ]


def is_known(name: str, *, current: bool = False) -> bool:
    """Whether a name is a gene of man or mouse, under any or its current name."""
    if current:
        return any(name in nomenclature(one).approved for one in _ENSEMBL_PREFIX)
    known = (nomenclature(one).resolve(name).how for one in _ENSEMBL_PREFIX)
    return any(how is not How.UNKNOWN for how in known)


def likely_species(names: Iterable[str]) -> Species:
    """Species that more of these names belong to; human where neither leads."""
    listed = list(names)
    human, mouse = (len(names_of(listed, one)) for one in ("human", "mouse"))
    return "mouse" if mouse > human else "human"


def check_species(names: Sequence[str], species: Species) -> None:
    """Refuse data whose gene names are those of the other species.

    Raises
    ------
    DataError
        More than half of the recognized names belong to the other species.
    """
    other: Species = "mouse" if species == "human" else "human"
    expected, found = names_of(names, species), names_of(names, other)
    recognized = len(expected) + len(found)
    if len(found) * 2 <= recognized:
        return
    msg = (
        f"These look like {other} genes: {100 * len(found) / recognized:.0f}% of the "
        f"{recognized:,} recognized gene names are {other} names "
        f"({', '.join(found[:3])}, ...), but the data are read as {species}. "
        f"Pass species={other!r} (--species {other})."
    )
    raise DataError(msg)
