"""From a matrix to a few components of the cells, without genes of the cell cycle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore import _genes
from dtpscore import signatures as library
from dtpscore._axes import PROLIFERATION, nuisance_axes
from dtpscore._matrix import blocks
from dtpscore._ordering import components, variable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import scipy.sparse as sp
    from numpy.typing import NDArray

    from dtpscore._matrix.blocks import Block, Normalize, Source
    from dtpscore._types import Species
    from dtpscore._values import Values

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Embedding:
    """Cells on principal components.

    Attributes
    ----------
    components
        (cells, k), centered, in the units of log expression.
    loadings
        (genes, k): ``components = (values - mean) @ loadings``.
    mean
        Mean of each gene over all cells.
    columns
        Columns of the matrix that the genes are.
    methods
        What was done, in sentences.
    """

    components: FloatArray
    loadings: FloatArray
    mean: FloatArray
    columns: IntArray
    methods: list[str]


def only_rows(source: Source, rows: BoolArray) -> Source:
    """Give a matrix with only some of its rows, which are read when they are needed.

    Parameters
    ----------
    source
        Cells by genes.
    rows
        Mask over the cells.
    """
    import scipy.sparse as sp

    if rows.all():
        return source
    kept = np.flatnonzero(rows)

    def read(start: int, stop: int) -> Any:
        first, last = int(kept[start]), int(kept[stop - 1]) + 1
        block = source.block(blocks.Part(first, last), None)
        matrix = sp.csr_matrix(
            (block.data, block.indices, block.indptr),
            shape=(block.n_rows, block.n_genes),
        )
        return matrix[kept[start:stop] - first]

    edges = np.unique(np.searchsorted(kept, source.edges)) if source.edges else ()
    return blocks.Source(
        n_rows=kept.size,
        n_genes=source.n_genes,
        read=read,
        row_values=source.row_values,
        edges=tuple(int(edge) for edge in edges if edge > 0),
    )


def left_out(gene_names: Sequence[str], *, species: Species) -> BoolArray:
    """Genes that must not steer the order, as a mask over columns.

    These are the genes of every shipped signature of the proliferation axis and of
    every nuisance axis (such as S and G2M phase, dissociation, hypoxia, unfolded
    protein and ribosomal proteins), and mitochondrially encoded genes.
    """
    named = [
        *library.select(axes=PROLIFERATION, use=("default", "optional")),
        *library.select(axes=nuisance_axes(), use="nuisance"),
    ]
    mask = np.zeros(len(gene_names), bool)
    found = _genes.match(named, list(gene_names), species_of_data=species)
    mask[found.net.genes] = True
    upper = np.asarray([name.upper() for name in gene_names])
    return mask | np.char.startswith(upper, "MT-")


def logged(
    source: Source, columns: IntArray, normalize: Normalize
) -> Iterator[sp.csr_array]:
    """Yield log expression of some genes, block by block, as float32."""
    for block in source.blocks():
        for done in blocks.iter_blocks(_sparse(block)[:, columns], normalize=normalize):
            yield _sparse(done)


def log_values(
    source: Source,
    columns: IntArray,
    normalize: Normalize,
    *,
    kept: IntArray | None = None,
) -> sp.csr_array:
    """Log expression of some genes: sparse float32 (cells, genes).

    Counts of a cell are scaled to the sum over these genes alone: with the sum over all
    genes, a dividing cell, full of cycle transcripts, would have less of all others.

    Parameters
    ----------
    source
        Cells by genes.
    columns
        Columns whose counts make up the sum of a cell.
    normalize
        "log1p" for counts, None for values that are log expression.
    kept
        Places in ``columns`` of the genes to return; None returns all of them. Only
        these are held in memory.
    """
    import scipy.sparse as sp

    parts = [
        part if kept is None else part[:, kept]
        for part in logged(source, columns, normalize)
    ]
    return sp.csr_array(sp.vstack(parts, format="csr"))


def _sparse(block: Block) -> sp.csr_array:
    import scipy.sparse as sp

    # scipy widens all indices where the row pointers are int64; blocks are small.
    indptr = block.indptr.astype(np.int32)
    return sp.csr_array(
        (block.data.astype(np.float32), block.indices, indptr),
        shape=(block.n_rows, block.n_genes),
    )


def how_logged(values: Values) -> str:
    """Say how the values became log expression."""
    if values.normalize is None:
        return (
            "The values were taken as log-normalized expression and used as they are."
        )
    what = {"counts": "Counts", "fractional counts": "Counts (with decimals)"}
    return (
        f"{what.get(values.kind, 'The values')} of each cell were scaled to a sum of "
        "10,000 and log-transformed as log(1 + x)."
    )


def embed(
    source: Any,
    columns: IntArray,
    normalize: Normalize,
    *,
    samples: IntArray | None,
    n_top_genes: int,
    n_components: int,
) -> Embedding:
    """Variable genes among ``columns`` and the components of the cells on them."""
    source = blocks.source(source)
    genes = variable.GeneMoments.of(logged(source, columns, normalize), columns.size)
    enough = variable.expressed(genes)
    chosen = variable.most_variable(genes, enough, n_top_genes)
    values = log_values(source, columns, normalize, kept=chosen)
    placed, loadings, mean = components.principal(values, samples, n_components)
    found = placed.shape[1]
    methods = [_how_embedded(chosen.size, enough.size, found)]
    if samples is not None:
        methods.append(
            "Differences between samples steered these components with "
            f"{components.BETWEEN:.0%} of their size, differences within samples with "
            "all of it."
        )
    return Embedding(placed, loadings, mean, columns[chosen], methods)


def _how_embedded(n_chosen: int, n_expressed: int, n_components: int) -> str:
    axes = library.axes()
    names = [axes[name].title for name in (PROLIFERATION, *nuisance_axes())]
    which = "most variable others" if n_chosen < n_expressed else "expressed others"
    return (
        f"Genes of the signatures of {', '.join(names)}, and those of the "
        f"mitochondrial genome, were left out. The {n_chosen:,} {which} gave "
        f"{n_components} principal components."
    )
