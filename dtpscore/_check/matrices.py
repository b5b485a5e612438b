"""Which matrices data hold, what their values are, and which one fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dtpscore._results.elements import Source, gene_names, pick
from dtpscore._values import judge
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from anndata import AnnData

    from dtpscore._values import Values

# A matrix with fewer than this share of the genes of another one is a selection.
_SELECTED = 0.7


@dataclass(frozen=True)
class Matrix:
    """One matrix of cells by genes.

    Attributes
    ----------
    name
        ``"X"``, ``"raw"``, or the name of a layer.
    source
        The arguments with which a function reads it.
    judged
        What its values are.
    n_genes
        Number of its genes.
    """

    name: str
    source: Source
    judged: Values
    n_genes: int

    @property
    def where(self) -> str:
        """The matrix in words."""
        return self.name if self.source.layer is None else f"layer {self.name!r}"

    @property
    def flag(self) -> str:
        """What to add to a command, and to a call in Python, to use it."""
        if self.source.use_raw:
            return "add --use-raw (use_raw=True)"
        if self.source.layer is not None:
            return f"add --layer {self.name} (layer={self.name!r})"
        return "leave --layer and --use-raw out"


def matrices(adata: AnnData) -> list[Matrix]:
    """Judge every matrix of the data: X, raw and the layers."""
    sources = [] if adata.X is None else [Source()]
    if adata.raw is not None:
        sources.append(Source(use_raw=True))
    sources += [Source(layer=str(n)) for n in adata.layers if n is not None]
    return [_matrix(adata, source) for source in sources]


def _matrix(adata: AnnData, source: Source) -> Matrix:
    found: Any = pick(adata, source)[0]
    name = "raw" if source.use_raw else source.layer or "X"
    return Matrix(name, source, judge(found), int(found.shape[1]))


def best(found: list[Matrix]) -> Matrix | None:
    """Choose the matrix to use: counts of all genes, else log values of all genes."""
    usable = [one for one in found if one.judged.kind != "scaled"]
    if not usable:
        return None
    most = max(one.n_genes for one in usable)
    whole = [one for one in usable if one.n_genes >= _SELECTED * most]
    counts = [one for one in whole if one.judged.are_counts]
    return (counts or whole)[0]


def check_values(adata: AnnData, source: Source) -> list[str]:
    """Check before any work that a matrix can be used, and look for a better one.

    Parameters
    ----------
    adata
        The data.
    source
        Which matrix and gene names are asked for.

    Returns
    -------
    Sentences about another matrix that would answer more.

    Raises
    ------
    DataError
        The matrix does not exist or holds scaled values.
    """
    matrix, _ = pick(adata, source)
    gene_names(adata.raw.var if source.use_raw else adata.var, source.gene_symbols)
    plain = Source(source.layer, source.use_raw)
    name = "raw" if source.use_raw else source.layer or "X"
    chosen = Matrix(name, plain, judge(matrix), int(matrix.shape[1]))
    others = [one for one in matrices(adata) if one.source != plain]
    if chosen.judged.kind == "scaled":
        raise DataError(_scaled(chosen, others))
    return _better(chosen, others)


def _scaled(chosen: Matrix, others: list[Matrix]) -> str:
    other = best(others)
    advice = (
        "The data hold no other matrix that can be used: bring counts or log values."
        if other is None
        else f"{_sentence(other)}: {other.flag}."
    )
    return (
        f"{chosen.where} holds scaled values (the smallest is "
        f"{chosen.judged.smallest:.3g}), from which nothing can be scored. {advice}"
    )


def _sentence(matrix: Matrix) -> str:
    where = matrix.where[0].upper() + matrix.where[1:]
    kind = {"log": "log values", "normalized": "normalized values"}.get(
        matrix.judged.kind, "counts" if matrix.judged.are_counts else "values"
    )
    return f"{where} holds {kind} of {matrix.n_genes:,} genes"


def _better(chosen: Matrix, others: list[Matrix]) -> list[str]:
    other = best([chosen, *others])
    if other is None or other is chosen:
        return []
    if chosen.n_genes < _SELECTED * other.n_genes:
        why = f"while {chosen.where} has {chosen.n_genes:,}"
    elif other.judged.are_counts and not chosen.judged.are_counts:
        why = f"while {chosen.where} does not; only counts can be matched in depth"
    else:
        return []
    return [f"{_sentence(other)}, {why}. To use it, {other.flag}."]
