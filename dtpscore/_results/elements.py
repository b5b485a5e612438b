"""Read from and write into AnnData: the only module that assigns to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData

from dtpscore._log import logger
from dtpscore._matrix import blocks
from dtpscore._matrix.partitions import is_dask
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from dtpscore._matrix.columns import FileColumns

Slot = Literal["obs", "obsm", "uns"]

# Columns of var that say what a feature is, and what is no gene in them.
FEATURE_TYPES = ("feature_types", "feature_type")
_NO_GENES = frozenset(
    {
        "antibody capture",
        "antigen capture",
        "crispr guide capture",
        "custom",
        "multiplexing capture",
        "peaks",
    }
)
# What people name the modality of gene expression.
RNA_NAMES = frozenset({"rna", "gex", "gene expression", "transcriptome"})
# Bytes that the name of a cell takes in a file, at most as a rule.
_NAME = 100


@dataclass(frozen=True)
class Source:
    """Which matrix and which gene names of an AnnData to use.

    Attributes
    ----------
    layer
        A layer instead of ``X``.
    use_raw
        ``raw.X`` and its genes instead of ``X``.
    gene_symbols
        Column of ``var`` that holds the gene names; its index when None.
    """

    layer: str | None = None
    use_raw: bool = False
    gene_symbols: str | None = None

    def __post_init__(self) -> None:
        if self.layer is not None and self.use_raw:
            msg = (
                f"Give a layer ({self.layer!r}) or use_raw, not both: they are "
                "different matrices."
            )
            raise DataError(msg)


@dataclass(frozen=True)
class FileFrame:
    """A frame over cells whose columns stay in a file until they are written.

    Its rows have the names of the cells of the file that it is written to.

    Attributes
    ----------
    columns
        The numbers (cells, columns).
    names
        Names of the columns.
    """

    columns: FileColumns
    names: list[str]

    @property
    def nbytes(self) -> int:
        """Size in bytes, with room for the names of the cells."""
        return self.columns.nbytes + _NAME * len(self.columns)

    def frame(self, obs_names: pd.Index) -> pd.DataFrame:
        """Read all of it."""
        return pd.DataFrame(self.columns.read(), obs_names, self.names)


@dataclass(frozen=True)
class Element:
    """One result and the place it goes to.

    Attributes
    ----------
    slot, key
        ``value`` goes to ``adata.<slot>[key]``.
    value
        A frame over cells for ``obsm``, an array over cells for ``obs`` (for files also
        a `FileFrame` and a `FileColumn`), a dict of plain values and frames for
        ``uns``; None takes the entry away.
    """

    slot: Slot
    key: str
    value: Any


def available(names: Iterable[object]) -> str:
    """Text for an error: what there is to choose from."""
    # anndata 0.13 lists X among the layers, under the name None.
    listed = [repr(str(name)) for name in names if name is not None]
    return ", ".join(listed) if listed else "none"


def gene_names(var: pd.DataFrame, gene_symbols: str | None) -> list[str]:
    """Gene names from the index or a column of ``var``.

    Raises
    ------
    DataError
        The column does not exist.
    """
    # A name that is missing becomes "nan" or "<NA>", which matches no gene.
    if gene_symbols is None:
        return [str(name) for name in var.index.tolist()]
    if gene_symbols not in var.columns:
        msg = (
            f"var has no column {gene_symbols!r} for the gene names. "
            f"Columns there are: {available(var.columns)}."
        )
        raise DataError(msg)
    return [str(name) for name in var[gene_symbols].tolist()]


def is_gene(var: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows of ``var`` are genes, as far as its column of feature types says.

    Raises
    ------
    DataError
        None of them is.
    """
    name = next((one for one in FEATURE_TYPES if one in var.columns), None)
    if name is None:
        return np.ones(len(var), bool)
    kinds = var[name].astype(str)
    genes = ~kinds.str.lower().isin(_NO_GENES).to_numpy(dtype=bool)
    if len(var) and not genes.any():
        msg = (
            f"The data have no genes: var[{name!r}] says {available(kinds.unique())} "
            "alone. Pass the part of the data with the gene expression."
        )
        raise DataError(msg)
    return genes


def genes_alone(
    matrix: Any, var: pd.DataFrame, gene_symbols: str | None
) -> tuple[Any, list[str]]:
    """Matrix without the columns that are no genes, and the names of the others.

    Antibodies, guides and peaks in the same matrix would count in the depth of a cell,
    among its ranks and in the bins of expression.
    """
    names, genes = gene_names(var, gene_symbols), is_gene(var)
    if genes.all():
        return matrix, names
    columns = np.flatnonzero(genes)
    name = next(one for one in FEATURE_TYPES if one in var.columns)
    logger.info(
        "%d of %d columns are left out: var[%r] says that they are no genes (%s).",
        len(genes) - columns.size,
        len(genes),
        name,
        available(var[name][~genes].astype(str).unique()),
    )
    in_memory = sp.issparse(matrix) or isinstance(matrix, np.ndarray)
    if in_memory or is_dask(matrix):
        matrix = matrix[:, columns]
    else:
        matrix = blocks.source(matrix).only(columns)
    return matrix, [names[column] for column in columns]


def check_anndata(adata: object) -> None:
    """Check that a function got an AnnData.

    Raises
    ------
    TypeError
        It got something else.
    """
    modalities = getattr(adata, "mod", None)
    if isinstance(modalities, Mapping) and not isinstance(adata, AnnData):
        names = [str(name) for name in modalities]
        likely = next((name for name in names if name.lower() in RNA_NAMES), names[0])
        msg = (
            f"Expected an AnnData, got a {type(adata).__name__} with the modalities "
            f"{available(names)}. Pass the one with the RNA counts, such as "
            f"mdata[{likely!r}]."
        )
        raise TypeError(msg)
    if not isinstance(adata, AnnData):
        how = "Read a file with anndata.read_h5ad first."
        if isinstance(adata, pd.DataFrame):
            # A frame has no place for the results and their record.
            how = (
                "Make one of a frame of cells by genes first: "
                "adata = anndata.AnnData(frame)."
            )
        msg = f"Expected an AnnData, got {type(adata).__name__}. {how}"
        raise TypeError(msg)


def pick(adata: AnnData, source: Source) -> tuple[Any, list[str]]:
    """Matrix and gene names to work on, without columns that are no genes.

    Nothing is loaded, and nothing is copied unless there are such columns.

    Raises
    ------
    DataError
        The matrix, the layer or the column of gene names does not exist.
    """
    check_anndata(adata)
    if source.use_raw:
        if adata.raw is None:
            msg = "use_raw was asked for, but the data have no raw. Use X or a layer."
            raise DataError(msg)
        return genes_alone(adata.raw.X, adata.raw.var, source.gene_symbols)
    if source.layer is None:
        matrix, what = adata.X, "X"
    elif source.layer in adata.layers:
        matrix, what = adata.layers[source.layer], f"layer {source.layer!r}"
    else:
        msg = (
            f"There is no layer {source.layer!r}. "
            f"Layers there are: {available(adata.layers.keys())}."
        )
        raise DataError(msg)
    if matrix is None:
        msg = (
            f"{what} is empty. Choose a layer ({available(adata.layers.keys())})"
            " or use_raw."
        )
        raise DataError(msg)
    return genes_alone(matrix, adata.var, source.gene_symbols)


def profile(adata: AnnData, source: Source, key: str) -> NDArray[np.float64]:
    """Take a profile of genes from ``var``, in the order of the genes of `pick`.

    Raises
    ------
    DataError
        The column does not exist, or is no profile: values are missing or below 0, or
        all are 0.
    """
    var = adata.raw.var if source.use_raw and adata.raw is not None else adata.var
    if key not in var.columns:
        msg = (
            f"var has no column {key!r} for the profile of empty droplets. "
            f"Columns there are: {available(var.columns)}."
        )
        raise DataError(msg)
    values = pd.to_numeric(var[key], errors="coerce").to_numpy(np.float64)
    if not np.isfinite(values).all() or (values < 0).any() or not values.any():
        msg = (
            f"var[{key!r}] is no profile of empty droplets: it needs a number from 0 "
            "on for each gene, above 0 for some."
        )
        raise DataError(msg)
    result: NDArray[np.float64] = values[is_gene(var)]
    return result


def plain(value: Any) -> Any:
    """Turn a value into a form that h5ad and zarr files hold and give back.

    Mappings, sequences of one type, strings, numbers, booleans, None, arrays and
    frames are allowed; keys become strings, tuples become arrays.

    Raises
    ------
    TypeError
        The value has no such form.
    """
    if value is None or isinstance(value, str | bool | int | float | pd.DataFrame):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return np.asarray(value, dtype=None if value else str)
    msg = f"Cannot store a {type(value).__name__} in a data file."
    raise TypeError(msg)


def writable(adata: AnnData, *, copy: bool = False) -> AnnData:
    """Return the AnnData that results go to: the given one, or a copy of it.

    Raises
    ------
    DataError
        A copy of a file on disk is asked for, or ``adata`` is a view of one.
    """
    if adata.isbacked and (copy or adata.is_view):
        what = "A copy" if copy else "A view"
        msg = (
            f"{what} of data that stay in a file on disk cannot hold results. "
            "Use adata.to_memory() first."
        )
        raise DataError(msg)
    return adata.copy() if copy else adata


def write(adata: AnnData, results: Iterable[Element]) -> None:
    """Put results into an AnnData; a view becomes an AnnData of its own first."""
    if adata.is_view:
        # As scanpy does. An assignment would do it too, with a warning, and to silence
        # that would change the filters of every other thread.
        adata._init_as_actual(adata.copy())
    for element in results:
        _put(getattr(adata, element.slot), element)


def _put(slot: Any, element: Element) -> None:
    if element.value is not None:
        slot[element.key] = element.value
    elif element.key in slot:
        del slot[element.key]
