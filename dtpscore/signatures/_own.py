"""Signatures from the genes of a user: names, genes and weights in any common form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import nan
from numbers import Real
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dtpscore._warn import warn
from dtpscore.errors import InputWarning, SignatureError
from dtpscore.signatures._model import DATE, RESERVED, Signature, problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dtpscore._types import Species

# What a column of a data file cannot have in its name.
_FORBIDDEN = re.compile(r"[/\x00-\x1f\x7f]")
_CONTROL = re.compile(r"[\x00-\x1f]")
# A gene with its weight as Enrichr writes it: "TP53,1.0".
_WEIGHTED = re.compile(r"^(.+),\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)$")
# Sign of the genes of each half of a set.
_HALVES = {"up": 1.0, "down": -1.0, "dn": -1.0}
# Notes that one warning quotes, and names that one note lists.
_QUOTED = 5


@dataclass
class Notes:
    """What was left out or changed while sets were read, for one warning at the end.

    Attributes
    ----------
    origin
        What the sets come from, for the start of the warning.
    found
        Sentences.
    """

    origin: str
    found: list[str] = field(default_factory=list)

    def add(self, sentence: str) -> None:
        """Keep a sentence."""
        self.found.append(sentence)

    def quoted(self) -> str:
        """Quote the first sentences, and say how many more there are."""
        more = len(self.found) - _QUOTED
        end = f" There are {more:,} more such remarks." if more > 0 else ""
        return " ".join(self.found[:_QUOTED]) + end

    def warn(self) -> None:
        """Warn once of everything that was kept."""
        if self.found:
            warn(f"{self.origin}: {self.quoted()}", InputWarning)


@dataclass
class GeneSet:
    """Genes of one set with their weights, before they are checked.

    Attributes
    ----------
    name
        Name as it was given.
    genes
        Gene and signed weight, in the order they were given; a negative weight puts
        a gene among the down genes.
    title
        One line for people, or "" for the name.
    """

    name: str
    genes: list[tuple[str, float]]
    title: str = ""


def is_missing(value: object) -> bool:
    """Whether a value is None, NaN or another mark of pandas for a missing one."""
    if isinstance(value, str):
        return False
    from pandas import isna
    from pandas.api.types import is_scalar

    return bool(is_scalar(value) and isna(value))


def parse_gene(text: str, *, signs: bool = True) -> tuple[str, float]:
    """Gene and weight of one entry: ``VIM``, ``VIM+``, ``CDH1-`` or ``TP53,0.5``.

    Without ``signs`` a last ``+`` or ``-`` belongs to the name.
    """
    name = _CONTROL.sub(" ", text).strip()
    weighted = _WEIGHTED.match(name)
    if weighted:
        return weighted.group(1).strip(), float(weighted.group(2))
    if signs and len(name) > 1 and name[-1] in "+-":
        return name[:-1].strip(), 1.0 if name[-1] == "+" else -1.0
    return name, 1.0


def column_name(name: str) -> str:
    """Return the name that a column of a data file can have in the place of this."""
    plain = _FORBIDDEN.sub("_", name).strip()
    return f"{plain}_set" if plain in RESERVED else plain


def _some(names: Sequence[str]) -> str:
    """List the first names, and say how many more there are."""
    more = len(names) - _QUOTED
    return ", ".join(names[:_QUOTED]) + (f" and {more:,} more" if more > 0 else "")


def _halves(one: GeneSet, notes: Notes) -> dict[str, Any] | None:
    """Up and down genes with weights, or None where no gene is left."""
    kept: dict[str, float] = {}
    both, dates, unweighted = [], [], []
    for gene, weight in one.genes:
        if not gene or not weight:
            continue
        if weight != weight:
            unweighted.append(gene)
        elif DATE.match(gene):
            dates.append(gene)
        elif gene in kept and (kept[gene] > 0) != (weight > 0):
            both.append(gene)
        else:
            kept.setdefault(gene, weight)
    for gene in both:
        kept.pop(gene, None)
    for genes, why in (
        (both, "is in both directions and is left out"),
        (unweighted, "has no weight and is left out"),
        (dates, "is a date that a spreadsheet made of a gene name, and is left out"),
    ):
        if genes:
            listed = _some(list(dict.fromkeys(genes)))
            notes.add(f"In the set {one.name!r}, {listed} {why}.")
    if not kept:
        return None
    up = [gene for gene, weight in kept.items() if weight > 0]
    down = [gene for gene, weight in kept.items() if weight < 0]
    halves: dict[str, Any] = {"up": up, "down": down}
    if any(abs(weight) != 1 for weight in kept.values()):
        halves["weights"] = {gene: abs(weight) for gene, weight in kept.items()}
    return halves


def _species(sets: Sequence[GeneSet]) -> Species:
    """Species whose names the genes of all sets have more often; human on a tie."""
    from dtpscore._genes import likely_species

    return likely_species({gene for one in sets for gene, _ in one.genes})


def signatures_of(
    sets: Sequence[GeneSet],
    notes: Notes,
    *,
    species: Species | None = None,
    source: Mapping[str, Any] | None = None,
) -> list[Signature]:
    """Make signatures of sets; a set without genes is left out and noted.

    Parameters
    ----------
    sets
        What was given.
    notes
        Receives a sentence for everything that is left out or renamed.
    species
        Species of the gene names; told from the names where it is None.
    source
        Fields of the provenance that are known.
    """
    species = _species(sets) if species is None else species
    made = []
    for one in sets:
        halves = _halves(one, notes)
        if halves is None:
            notes.add(f"The set {one.name!r} has no genes and is left out.")
            continue
        made.append(_signature(one, halves, species, source or {}))
    return unique(made, notes)


def _signature(
    one: GeneSet, halves: dict[str, Any], species: Species, source: Mapping[str, Any]
) -> Signature:
    name = column_name(one.name) or "genes"
    title = " ".join((one.title or one.name).split()) or name
    content = {"name": name, "title": title, "species": species, "genes": halves}
    plain = Signature.model_validate(content)
    if not source:
        return plain
    told = {"citation": title, **source}
    return plain.model_copy(
        update={"provenance": plain.provenance.model_copy(update=told)}
    )


def unique(signatures: Iterable[Signature], notes: Notes) -> list[Signature]:
    """Signatures with different names.

    One that is there twice is kept once. Of different ones with the same name, all
    but the first get a number, which is noted.
    """
    by_name: dict[str, Signature] = {}
    for signature in signatures:
        same = by_name.get(signature.name)
        if same is None:
            by_name[signature.name] = signature
            continue
        if same.sha256 == signature.sha256:
            continue
        number = 2
        while f"{signature.name}_{number}" in by_name:
            number += 1
        name = f"{signature.name}_{number}"
        notes.add(f"A second set {signature.name!r} is called {name!r}.")
        by_name[name] = signature.model_copy(update={"name": name})
    return list(by_name.values())


def from_dict(
    sets: Mapping[str, Any], *, species: Species | None = None
) -> list[Signature]:
    """Signatures from a dictionary of genes.

    Parameters
    ----------
    sets
        Name and genes of each set. The genes are a list (a tuple, a set, an array, an
        Index or a Series of texts), or ``{"up": [...], "down": [...]}``, or weights by
        gene (a dictionary or a Series of numbers; a negative weight makes a down
        gene). In a list, ``GENE-`` is a down gene and ``GENE+`` an up gene, as for
        UCell, and ``GENE,0.5`` has a weight, as in files of Enrichr.
        ``{"up": [...], "down": [...]}`` alone is one signature of the name ``genes``.
        A dictionary of such dictionaries holds groups of sets, whose own names do not
        count. Missing values among the genes are left out.
    species
        ``"human"`` or ``"mouse"``: species of the gene names. It is told from the
        names by default.

    Returns
    -------
    One signature per set, in the order of the dictionary. The name is the key, with
    ``_`` in the place of characters that a column of a data file cannot have.

    Raises
    ------
    SignatureError
        The dictionary holds no genes.
    TypeError
        The genes of a set are not given in one of these forms.

    Warns
    -----
    InputWarning
        A set or a gene is left out: it has no genes, the gene is in both directions
        or has no weight, or a spreadsheet made a date of it. Or a second set of a name
        was renamed, or groups of sets were taken apart.

    See Also
    --------
    dtpscore.signatures.from_net : The same from a table.
    dtpscore.signatures.resolve : Every other form.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> mine = dtp.signatures.from_dict({"mine": ["VIM", "ZEB1", "CDH1-"]})
    >>> mine[0].genes.up, mine[0].genes.down
    (('VIM', 'ZEB1'), ('CDH1',))
    """
    notes = Notes("Own gene sets")
    if set(sets) == {"up", "down"}:
        sets = {"genes": sets}
    return finished(list(_listed(sets, notes)), notes, species=species)


def finished(
    sets: Sequence[GeneSet],
    notes: Notes,
    *,
    species: Species | None = None,
    source: Mapping[str, Any] | None = None,
) -> list[Signature]:
    """Make signatures, warn of what was left out, and refuse where nothing is left."""
    try:
        made = signatures_of(sets, notes, species=species, source=source)
    except ValidationError as error:
        msg = f"{notes.origin} cannot be used: {problems(error)}."
        raise SignatureError(msg) from error
    if not made:
        why = notes.quoted()
        msg = f"{notes.origin}: there is no gene set. {why}".strip()
        raise SignatureError(msg)
    notes.warn()
    return made


def _listed(sets: Mapping[Any, Any], notes: Notes) -> Iterator[GeneSet]:
    """Yield the sets of a dictionary, and those of the groups of sets in it."""
    for name, given in sets.items():
        if _is_group(given):
            examples = _some([repr(one) for one in given])
            notes.add(f"{name!r} is a group of sets, which are scored: {examples}.")
            yield from _listed(given, notes)
        else:
            yield GeneSet(str(name), _genes(name, given))


def _has_halves(given: Any) -> bool:
    """Whether this is a dictionary of the up and down genes of one set."""
    return isinstance(given, Mapping) and {str(key).lower() for key in given} <= set(
        _HALVES
    )


def _is_group(given: Any) -> bool:
    """Whether an entry of a dictionary holds sets by name, and not genes."""
    return (
        isinstance(given, Mapping)
        and not _has_halves(given)
        and all(
            isinstance(one, Iterable) and not isinstance(one, str | bytes)
            for one in given.values()
        )
    )


def _genes(name: object, given: Any) -> list[tuple[str, float]]:
    """Genes and weights of one entry of a dictionary."""
    if is_missing(given):
        return []
    if isinstance(given, Signature):
        weights = given.genes.weights or {}
        return [
            (gene, sign * weights.get(gene, 1.0))
            for sign, half in ((1.0, given.genes.up), (-1.0, given.genes.down))
            for gene in half
        ]
    if _has_halves(given):
        return [
            (gene, _HALVES[str(half).lower()] * weight)
            for half, genes in given.items()
            for gene, weight in _genes(name, genes)
        ]
    numbers = as_weights(given)
    if numbers is not None:
        return numbers
    if isinstance(given, str):
        given = [given]
    if not isinstance(given, Iterable) or isinstance(given, Mapping | bytes):
        _refuse(name, given)
    genes = []
    for gene in given:
        if is_missing(gene):
            continue
        # Texts of fixed length, as h5py and numpy give them.
        text = gene.decode() if isinstance(gene, bytes) else gene
        if not isinstance(text, str):
            _refuse(name, gene)
        genes.append(parse_gene(text))
    return genes


def as_weights(given: Any) -> list[tuple[str, float]] | None:
    """Genes and weights where these are numbers by gene, else None."""
    items: Callable[[], Iterable[tuple[Any, Any]]] | None = getattr(
        given, "items", None
    )
    if items is None:
        return None
    pairs = [(str(gene), weight) for gene, weight in items()]
    given_ones = [weight for _, weight in pairs if not is_missing(weight)]
    plain = all(isinstance(w, Real) and not isinstance(w, bool) for w in given_ones)
    if not given_ones or not plain:
        return None
    return [(gene, nan if is_missing(w) else float(w)) for gene, w in pairs]


def _refuse(name: object, given: object) -> None:
    msg = (
        f"The genes of {name!r} must be a list of gene names, "
        "{'up': [...], 'down': [...]} or weights by gene, but this is a "
        f"{type(given).__name__}: {given!r}."
    )
    raise TypeError(msg)
