"""From a matrix to a few components of the cells, without genes of the cell cycle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore import _genes
from dtpscore import signatures as library
from dtpscore._axes import PROLIFERATION, nuisance_axes
from dtpscore._matrix import blocks
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import scipy.sparse as sp
    from numpy.typing import NDArray

    from dtpscore._matrix.blocks import Block, Normalize, Source
    from dtpscore._types import Species
    from dtpscore._values import Values

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]

# Genes found in a smaller share of the cells say nothing about an order.
_LEAST_SHARE = 0.01
# How much of a difference between samples steers the components; 1 is plain PCA. A
# difference between libraries is in part technical, one within a library is not.
# See benchmarks/pseudotime.md for how 0.3 and 1 compare.
BETWEEN = 0.5


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


def log_values(source: Source, columns: IntArray, normalize: Normalize) -> sp.csr_array:
    """Log expression of some genes: sparse float32 (cells, genes).

    Counts of a cell are scaled to the sum over these genes alone: with the sum over all
    genes, a dividing cell, full of cycle transcripts, would have less of all others.
    """
    import scipy.sparse as sp

    # Block by block, so that the values of all genes are never held twice.
    parts = [
        _sparse(done)
        for block in source.blocks()
        for done in blocks.iter_blocks(_sparse(block)[:, columns], normalize=normalize)
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


def expressed_genes(values: sp.csr_array) -> IntArray:
    """Columns that enough cells express.

    Raises
    ------
    DataError
        There are fewer than two.
    """
    cells = np.bincount(values.indices, minlength=values.shape[1])
    enough = np.flatnonzero(cells >= max(3, _LEAST_SHARE * values.shape[0]))
    if enough.size < 2:
        msg = (
            f"An order needs 2 genes or more; {enough.size} are left that at least "
            f"{_LEAST_SHARE:.0%} of cells express and that are neither of the cell "
            "cycle nor of a nuisance signature. Pass a matrix with more genes, or a "
            "representation of the cells as use_rep."
        )
        raise DataError(msg)
    return enough


def variable_genes(values: sp.csr_array, n_top_genes: int) -> IntArray:
    """Columns of the most variable genes, by `scanpy.pp.highly_variable_genes`."""
    import scanpy as sc
    import scipy.sparse as sp
    from anndata import AnnData

    if values.shape[1] <= n_top_genes:
        return np.arange(values.shape[1])
    # scanpy 1.11 does not take sparse arrays here.
    private = AnnData(sp.csr_matrix(values))
    sc.pp.highly_variable_genes(private, n_top_genes=n_top_genes, flavor="seurat")
    return np.flatnonzero(private.var["highly_variable"].to_numpy())


def principal_components(
    values: sp.csr_array, samples: IntArray | None, n_components: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Components of the variation within samples, and a part of that between them.

    The mean of a sample is pulled towards the mean of all cells before components
    are sought, so that a difference between two libraries, technical or not, steers
    them less than one between cells of a library. The cells themselves are projected
    as they are. No label but the sample is used.

    Parameters
    ----------
    values
        (cells, genes), log expression.
    samples
        Sample of each cell; None for plain PCA.
    n_components
        Number of components.

    Returns
    -------
    Components (cells, k), loadings (genes, k) and gene means.
    """
    from sklearn.decomposition import PCA

    dense = values.toarray()
    mean = dense.mean(axis=0, dtype=np.float64)
    dense -= mean.astype(np.float32)
    offsets, codes = np.zeros((1, dense.shape[1])), np.zeros(len(dense), np.int64)
    if samples is not None:
        codes = np.unique(samples, return_inverse=True)[1]
        offsets = np.zeros((codes.max() + 1, dense.shape[1]))
        for code in range(len(offsets)):
            inside = codes == code
            offsets[code] = (1 - BETWEEN) * dense[inside].mean(axis=0, dtype=np.float64)
            dense[inside] -= offsets[code].astype(np.float32)
    k = min(n_components, *(size - 1 for size in dense.shape))
    loadings = PCA(k, svd_solver="arpack", random_state=0).fit(dense).components_.T
    loadings = loadings.astype(np.float64)
    return dense @ loadings + (offsets @ loadings)[codes], loadings, mean


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
    values = log_values(source, columns, normalize)
    enough = expressed_genes(values)
    values = values[:, enough]
    chosen = variable_genes(values, n_top_genes)
    values = values[:, chosen]
    components, loadings, mean = principal_components(values, samples, n_components)
    found = components.shape[1]
    methods = [_how_embedded(chosen.size, enough.size, found)]
    if samples is not None:
        methods.append(
            "Differences between samples steered these components with "
            f"{BETWEEN:.0%} of their size, differences within samples with all of it."
        )
    return Embedding(components, loadings, mean, columns[enough[chosen]], methods)


def _how_embedded(n_chosen: int, n_expressed: int, n_components: int) -> str:
    axes = library.axes()
    names = [axes[name].title for name in (PROLIFERATION, *nuisance_axes())]
    which = "most variable others" if n_chosen < n_expressed else "expressed others"
    return (
        f"Genes of the signatures of {', '.join(names)}, and those of the "
        f"mitochondrial genome, were left out. The {n_chosen:,} {which} gave "
        f"{n_components} principal components."
    )
