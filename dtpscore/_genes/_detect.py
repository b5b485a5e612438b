"""Tell from the gene names which species a data set is from."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from dtpscore._genes._names import How, ensembl_id
from dtpscore._genes._table import nomenclature
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dtpscore._types import Species

# Both species are in the data where each has this share of the names that tell them
# apart.
_BOTH = 0.05
# Prefixes that Cell Ranger gives to the genes of each genome.
_GENOMES: dict[str, Species] = {
    "grch37": "human",
    "grch38": "human",
    "hg19": "human",
    "hg38": "human",
    "grcm38": "mouse",
    "grcm39": "mouse",
    "mm10": "mouse",
    "mm39": "mouse",
}
_PREFIX = re.compile(rf"^({'|'.join(_GENOMES)})_+", re.IGNORECASE)
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

    Data with the genes of both, as xenografts have them, are taken as they are asked
    for.

    Raises
    ------
    DataError
        More than half of the recognized names belong to the other species, and the
        species that was asked for has few.
    """
    other: Species = "mouse" if species == "human" else "human"
    expected, found = names_of(names, species), names_of(names, other)
    recognized = len(expected) + len(found)
    if len(found) * 2 <= recognized or len(expected) >= _BOTH * recognized:
        return
    msg = (
        f"These look like {other} genes: {100 * len(found) / recognized:.0f}% of the "
        f"{recognized:,} recognized gene names are {other} names "
        f"({', '.join(found[:3])}, ...), but the data are read as {species}. "
        f"Pass species={other!r} (--species {other})."
    )
    raise DataError(msg)


# An analysis asks for the same genes again, step by step.
@lru_cache(maxsize=4)
def of_one_species(
    names: tuple[str, ...], species: Species
) -> tuple[tuple[str, ...], str]:
    """Blank the names of the other species where a matrix has the genes of both.

    Human and mouse genes differ in case alone as a rule, so that the genes of the
    stroma would stand in for those of the tumor. The prefixes that Cell Ranger writes
    (``GRCh38_VIM``, ``mm10___Vim``) are taken off.

    Parameters
    ----------
    names
        Gene names of the data.
    species
        The species that is asked for.

    Returns
    -------
    The names, "" for genes of the other species, and a sentence for the user, which is
    empty where there are none.

    Raises
    ------
    DataError
        The data are those of the other species, as `check_species` says.
    """
    other: Species = "mouse" if species == "human" else "human"
    marked = [_PREFIX.match(name) for name in names]
    plain = tuple(
        name if mark is None else name[mark.end() :]
        for name, mark in zip(names, marked, strict=True)
    )
    check_species(plain, species)
    of_mark = [
        None if mark is None else _GENOMES[mark.group(1).lower()] for mark in marked
    ]
    foreign = set(names_of(plain, other))
    theirs = [
        mark == other or (mark is None and name in foreign)
        for name, mark in zip(plain, of_mark, strict=True)
    ]
    if not any(theirs):
        return plain, ""
    kept = tuple("" if no else name for name, no in zip(plain, theirs, strict=True))
    n_own = sum(mark == species for mark in of_mark) or len(names_of(kept, species))
    n_other = sum(theirs)
    if n_other < _BOTH * (n_own + n_other):
        return kept, ""
    sentence = (
        f"The data hold the genes of two species: {n_own:,} names are of {species} "
        f"genes alone and {n_other:,} of {other} genes. The {other} genes are not "
        f"taken for {species} ones; they still count among the genes of a cell. Leave "
        f"the {other} genes and cells out for scores of the {species} cells alone."
    )
    return kept, sentence
