"""Lay signatures over the columns of a data set and count what was lost."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dtpscore._genes._data import index_names
from dtpscore._genes._detect import of_one_species
from dtpscore._genes._names import How, unmangle
from dtpscore._genes._table import nomenclature, orthologs
from dtpscore._types import Net
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from dtpscore._genes._data import DataNames
    from dtpscore._types import Species
    from dtpscore.signatures import Signature

    _Listed = tuple[tuple[str, ...], tuple[str, ...], Species]

# Names in the usual form of the data: finding them is no renaming.
_PLAIN = (How.EXACT, How.ENSEMBL, How.ENSEMBL_PAR_Y)


@dataclass(frozen=True)
class GeneMatch:
    """Signatures laid over the columns of a data set.

    Attributes
    ----------
    net
        Columns and weights of the genes found.
    coverage
        One row per signature. Counts: ``n_listed``, ``n_found``, ``n_missing``,
        ``n_ambiguous`` (these three add up to ``n_listed``), and among the found
        ``n_renamed`` and ``n_duplicated``. ``fraction`` is found over listed. The
        genes themselves, joined by ``"; "``, in ``missing``, ``renamed``,
        ``ambiguous`` and ``duplicated``.
    warnings
        Sentences for the user about choices that were made.
    """

    net: Net
    coverage: pd.DataFrame
    warnings: list[str]


class _Place(NamedTuple):
    """Where one listed gene was found, or what stands in the way.

    ``column`` is None for a gene that is not used: missing, or ambiguous where
    ``unclear`` says between what.
    """

    gene: str
    half: int
    column: int | None = None
    name: str = ""
    renamed: bool = False
    duplicated: bool = False
    unclear: str = ""


def _target(gene: str, source: Species, target: Species) -> tuple[tuple[str, ...], How]:
    """Symbols of the data's species that a listed gene may stand for."""
    resolved = nomenclature(source).resolve(gene)
    if source == target or len(resolved.symbols) != 1:
        return resolved.symbols, resolved.how
    symbol = resolved.symbols[0]
    other = orthologs(source, target).get(symbol)
    if other is None:
        return (unmangle(symbol),), How.UNKNOWN
    # The empty name stands for "or another gene": a pair that is not one to one
    # stays ambiguous even where it has one name only.
    return other.names if other.clear else (*other.names, ""), resolved.how


def _place(
    gene: str, half: int, data: DataNames, *, source: Species, target: Species
) -> _Place:
    """Find the column of one listed gene."""
    if gene in data.first:
        duplicated = data.n_columns(gene) > 1
        return _Place(gene, half, data.first[gene], gene, duplicated=duplicated)
    symbols, how = _target(gene, source, target)
    if len(symbols) > 1:
        present = [symbol for symbol in symbols if data.best(symbol)]
        return _Place(gene, half, unclear=" or ".join(present))
    found = data.best(symbols[0])
    if len(found) == 1:
        only = found[0]
        return _Place(
            gene,
            half,
            column=only.column,
            name=only.name,
            renamed=how not in _PLAIN or only.how not in _PLAIN,
            duplicated=data.n_columns(only.name) > 1,
        )
    rivals = [one.name for one in found] or data.unclear.get(symbols[0], [])
    return _Place(gene, half, unclear=" or ".join(rivals))


def _settle(places: list[_Place]) -> list[_Place]:
    """Let every column count once: the first gene keeps it, up against down loses."""
    owners: defaultdict[int, list[_Place]] = defaultdict(list)
    for place in places:
        if place.column is not None:
            owners[place.column].append(place)

    def settled(place: _Place) -> _Place:
        if place.column is None:
            return place
        sharing = owners[place.column]
        if len(sharing) == 1:
            return place
        both_ways = len({other.half for other in sharing}) > 1
        if not both_ways and place is sharing[0]:
            return place
        others = [other.gene for other in sharing if other is not place]
        reason = f"same column as {' and '.join(others)}"
        return _Place(place.gene, place.half, unclear=reason)

    return [settled(place) for place in places]


@lru_cache(maxsize=4)
def _placed(
    listed: tuple[_Listed, ...], names: tuple[str, ...], target: Species
) -> tuple[tuple[str, ...], str, list[list[_Place]]]:
    """Place all genes of all signatures; kept for the lists that came last.

    The steps of an analysis match the same signatures to the same genes again.

    Parameters
    ----------
    listed
        Up genes, down genes and species of each signature.
    names
        Gene names of the data.
    target
        Their species.

    Returns
    -------
    The names, with "" for genes of another species, what to say of these, and the
    places of each signature.
    """
    names, mixed = of_one_species(names, target)
    data = index_names(names, target)
    placed = [
        _settle(
            [
                _place(gene, half, data, source=source, target=target)
                for half, genes in enumerate((up, down))
                for gene in genes
            ]
        )
        for up, down, source in listed
    ]
    return names, mixed, placed


def _coverage_row(places: Sequence[_Place]) -> dict[str, int | float | str]:
    found = [place for place in places if place.column is not None]
    lost = [place for place in places if place.column is None]
    ambiguous = [f"{place.gene} ({place.unclear})" for place in lost if place.unclear]
    missing = [place.gene for place in lost if not place.unclear]
    renamed = [f"{place.gene} ({place.name})" for place in found if place.renamed]
    duplicated = [place.name for place in found if place.duplicated]
    return {
        "n_listed": len(places),
        "n_found": len(found),
        "n_renamed": len(renamed),
        "n_missing": len(missing),
        "n_ambiguous": len(ambiguous),
        "n_duplicated": len(duplicated),
        "fraction": len(found) / len(places),
        "missing": "; ".join(missing),
        "renamed": "; ".join(renamed),
        "ambiguous": "; ".join(ambiguous),
        "duplicated": "; ".join(duplicated),
    }


def _net(
    signatures: Sequence[Signature], placed: Sequence[list[_Place]], n_genes: int
) -> Net:
    genes: list[int] = []
    weights: list[float] = []
    offsets, n_listed = [0], []
    for signature, places in zip(signatures, placed, strict=True):
        given = signature.genes.weights or {}
        for half in (0, 1):
            columns = sorted(
                (place.column, float(given.get(place.gene, 1.0)))
                for place in places
                if place.half == half and place.column is not None
            )
            genes += [column for column, _ in columns]
            weights += [weight for _, weight in columns]
            offsets.append(len(genes))
            n_listed.append(sum(place.half == half for place in places))
    return Net(
        names=tuple(signature.name for signature in signatures),
        genes=np.asarray(genes, dtype=np.int32),
        offsets=np.asarray(offsets, dtype=np.int64),
        weights=np.asarray(weights, dtype=np.float64),
        n_listed=np.asarray(n_listed, dtype=np.int64),
        n_genes=n_genes,
    )


def _examples(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name, _ in zip(names, range(4), strict=False))


def _duplicate_warning(placed: Sequence[list[_Place]]) -> list[str]:
    names = dict.fromkeys(
        place.name for places in placed for place in places if place.duplicated
    )
    if not names:
        return []
    return [
        f"{len(names)} gene names of the signatures stand in more than one column of "
        f"the data ({_examples(names)}): the first column is used. Merge the columns "
        "first if they measure the same gene."
    ]


def _none_found(signatures: Sequence[Signature], names: Sequence[str]) -> str:
    listed = [gene for one in signatures for gene in (*one.genes.up, *one.genes.down)]
    return (
        f"None of the {len(set(listed)):,} genes of the signatures is in the data. "
        f"The data have {len(names):,} genes named like {_examples(names)}; the "
        f"signatures have {_examples(listed)}. Gene names must be symbols or Ensembl "
        "ids: if they stand in a column of var, name it with gene_symbols= "
        "(--gene-symbols); for mouse data, pass species='mouse' (--species mouse)."
    )


def match(
    signatures: Sequence[Signature],
    var_names: Iterable[str],
    *,
    species_of_data: Species = "human",
) -> GeneMatch:
    """Find the column of every gene of every signature.

    A name that stands in the data as it is listed is taken first. Otherwise both
    sides are brought to current symbols (Ensembl ids with or without version, case,
    R's dots for hyphens, previous symbols, aliases; one-to-one orthologs where the
    species differ), and the surest rule wins. An approved symbol in the data never
    counts as the alias of another gene; a name with several meanings is settled
    where the data have all its other genes under surer names. A gene that could
    still be more than one column is ambiguous and not used. A name that occurs
    again, also in the form that scanpy makes unique (``TBCE-1``), keeps its first
    column and is counted as duplicated.

    Parameters
    ----------
    signatures
        Signatures, in the order of the result columns.
    var_names
        Gene names of the data, one per column.
    species_of_data
        Species of ``var_names``.

    Returns
    -------
    Columns, coverage and warnings.

    Raises
    ------
    DataError
        There are no genes, the names are those of the other species, or no gene of
        any signature is in the data.
    """
    import pandas as pd

    # Spaces around a name are left from tables of fixed width.
    names = tuple([str(name).strip() for name in var_names])
    if not names:
        msg = "The data have no genes: the matrix has no columns."
        raise DataError(msg)
    listed = tuple(
        (tuple(one.genes.up), tuple(one.genes.down), one.species) for one in signatures
    )
    names, mixed, placed = _placed(listed, names, species_of_data)
    net = _net(signatures, placed, len(names))
    if net.genes.size == 0:
        raise DataError(_none_found(signatures, names))
    coverage = pd.DataFrame(
        [_coverage_row(places) for places in placed],
        index=pd.Index(net.names, name="signature"),
    )
    said = [*([mixed] if mixed else []), *_duplicate_warning(placed)]
    return GeneMatch(net, coverage, said)
