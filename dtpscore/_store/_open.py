"""Open an h5ad file or a zarr folder without reading its matrices."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal

import h5py

from dtpscore._results.elements import FEATURE_TYPES, Source, available, genes_alone
from dtpscore._store._frames import (
    CATEGORIES,
    attribute,
    column_names,
    names_key,
    read_column,
    read_names,
)
from dtpscore._store._identity import identity
from dtpscore._store._kinds import check_layout, check_path, unreadable
from dtpscore._store._probe import Access, probe
from dtpscore.errors import DamagedError, DataError, DtpscoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import pandas as pd

# Values in a partition that a worker of a cluster reads at once.
_PARTITION = 8_000_000


@dataclass(frozen=True)
class Stored:
    """One matrix of a file of cells, with the names of its rows and columns.

    Attributes
    ----------
    matrix
        Cells by genes. On disk it is read when it is sliced.
    gene_names
        Names of the columns, length genes.
    n_obs
        Number of cells.
    read_obs
        Reads the columns of the cell table that were asked for, and the names of the
        cells.
    uns
        Entries of ``uns`` that were asked for and exist.
    seen
        The `identity` of the file when it was opened.
    """

    matrix: Any
    gene_names: list[str]
    n_obs: int
    read_obs: Callable[[], pd.DataFrame]
    uns: Mapping[str, Any] = field(default_factory=dict)
    seen: str | None = None

    @cached_property
    def obs(self) -> pd.DataFrame:
        """The cell table, read when it is first needed: names take much memory."""
        return self.read_obs()

    @property
    def obs_names(self) -> pd.Index:
        """Names of the cells."""
        return self.obs.index


@contextmanager
def open_root(
    path: Path, mode: Literal["r", "r+"] = "r", *, access: Access | None = None
) -> Iterator[Any]:
    """Open the root group of a file of cells.

    A file that is only read is looked through by another process first, see `probe`.

    Parameters
    ----------
    path
        An h5ad file or the folder of a zarr store.
    mode
        Read only, or also write.
    access
        What may be read.

    Yields
    ------
    An h5py file or a zarr group.

    Raises
    ------
    DataError
        There is no such file, it is empty or of another kind, or it reads other files.
    DamagedError
        It is cut off or damaged.
    """
    check_path(path)
    if mode == "r":
        probe(path, access or Access())
    if path.is_dir():
        import zarr

        with reading(path):
            group = zarr.open_group(str(path), mode=mode, use_consolidated=False)
        yield group
        return
    try:
        file = h5py.File(path, mode)
    except OSError as error:
        raise unreadable(path, error) from error
    with file:
        yield file


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what goes wrong while parts are read into one kind of error."""
    try:
        yield
    except (DtpscoreError, MemoryError):
        raise
    except Exception as error:
        # anndata and the libraries below raise errors of many classes here.
        if type(error).__name__ != "IORegistryError":
            msg = f"{path} is damaged: {str(error).rstrip('.')}. Get the file again."
            raise DamagedError(msg) from error
        msg = (
            f"anndata cannot read {path}: {str(error).rstrip('.')}. If a newer anndata "
            "wrote the file, update it with 'pip install --upgrade anndata'."
        )
        raise DataError(msg) from error


def _find(root: Any, source: Source) -> tuple[Any, Any]:
    """Find the stored matrix and the var group that names its columns."""
    if source.use_raw:
        if "raw" not in root:
            msg = "use_raw was asked for, but the file has no raw. Use X or a layer."
            raise DataError(msg)
        return root["raw/X"], root["raw/var"]
    layers = list(root["layers"]) if "layers" in root else []
    if source.layer is None:
        if "X" in root and attribute(root["X"], "encoding-type") != "null":
            return root["X"], root["var"]
        msg = f"The file has no X. Choose a layer ({available(layers)}) or use_raw."
        raise DataError(msg)
    if source.layer not in layers:
        msg = f"There is no layer {source.layer!r}. Layers there are: "
        raise DataError(msg + f"{available(layers)}.")
    return root[f"layers/{source.layer}"], root["var"]


def _place(source: Source) -> str:
    """Where in the file the matrix is."""
    if source.use_raw:
        return "raw/X"
    return "X" if source.layer is None else f"layers/{source.layer}"


def on_disk(stored: Any) -> Any:
    """Return a stored matrix as an object that is read when it is sliced."""
    from anndata.io import sparse_dataset

    if hasattr(stored, "shape"):
        return stored
    kind = attribute(stored, "encoding-type")
    if kind not in {"csr_matrix", "csc_matrix"}:
        msg = (
            f"anndata cannot read the matrix {stored.name.strip('/')!r}, which is a "
            f"{kind!r}. If a newer anndata wrote the file, update it with "
            "'pip install --upgrade anndata'."
        )
        raise DataError(msg)
    return sparse_dataset(stored)


def _matrix(stored: Any, *, backed: bool, lazy: bool) -> Any:
    from anndata.io import read_elem

    if lazy:
        return _lazy(stored)
    return on_disk(stored) if backed else read_elem(stored)


def _lazy(stored: Any) -> Any:
    """Open a stored matrix as a dask array whose chunks hold whole rows."""
    from anndata.experimental import read_elem_lazy

    if attribute(stored, "encoding-type") == "csc_matrix":
        msg = (
            "The matrix is stored by columns (CSC), and a cluster needs it by rows. "
            "Write it as CSR, or leave --dask out."
        )
        raise DataError(msg)
    if "shape" in stored.attrs:
        n_rows, n_genes = (int(n) for n in stored.attrs["shape"])
        n_values = stored["data"].shape[0]
    else:
        n_rows, n_genes = stored.shape
        n_values = n_rows * n_genes
    rows = max(1, min(_PARTITION * n_rows // max(n_values, 1), n_rows))
    return read_elem_lazy(stored, chunks=(rows, n_genes))


def read_table(group: Any, name: str, columns: tuple[str, ...] = ()) -> pd.DataFrame:
    """Read the index of a table and the columns asked for, and no other."""
    import pandas as pd

    present = column_names(group)
    absent = [column for column in columns if column not in present]
    if absent:
        msg = (
            f"{name} has no column {absent[0]!r}. Columns there are: "
            f"{available(present)}."
        )
        raise DataError(msg)
    values = {column: read_column(group, column) for column in columns}
    return pd.DataFrame(values, index=read_names(group))


def read_without(group: Any, place: str, left: tuple[str, ...]) -> Any:
    """Read a table or a group of entries as anndata does, without some parts."""
    from anndata.io import read_elem

    inside = {one for one in left if one.startswith(f"{place}/")}
    if not inside and CATEGORIES not in group:
        return read_elem(group)
    if "column-order" in group.attrs:
        columns = column_names(group)
        kept = tuple(one for one in columns if f"{place}/{one}" not in inside)
        return read_table(group, place, kept)
    return {
        name: read_without(group[name], f"{place}/{name}", left)
        for name in group
        if f"{place}/{name}" not in inside
    }


def _length(group: Any) -> int:
    """Rows of a table, without reading its names."""
    names = group[names_key(group)]
    while not hasattr(names, "shape"):
        # Categories, or text in which some may be missing.
        names = names["codes" if "codes" in names else "values"]
    return int(names.shape[0])


@contextmanager
def open_matrix(
    path: Path,
    source: Source | None = None,
    *,
    backed: bool = True,
    lazy: bool = False,
    obs: tuple[str, ...] = (),
    uns: tuple[str, ...] = (),
    access: Access | None = None,
) -> Iterator[Stored]:
    """Open one matrix of a file of cells; the other matrices are not touched.

    Parameters
    ----------
    path
        An h5ad file or the folder of a zarr store.
    source
        Which matrix and which gene names; ``X`` and the index of ``var`` by default.
    backed
        Leave the matrix on disk, to be read piece by piece.
    lazy
        Open the matrix as a dask array, to be read by the workers of a cluster.
    obs
        Columns of ``obs`` to read.
    uns
        Entries of ``uns`` to read where they exist.
    access
        What may be read, and which parts are not needed.

    Yields
    ------
    The matrix with its names; it can be used until the context ends.

    Raises
    ------
    DataError
        The file, the matrix, the layer or a column does not exist, or the file is of a
        form that the installed anndata does not know.
    DamagedError
        A part of the file is damaged.
    """
    from anndata.io import read_elem

    source = source or Source()
    symbols = () if source.gene_symbols is None else (source.gene_symbols,)
    access = access or Access()
    check_path(path)
    seen = identity(path)
    probe(path, access, parts=True, skip=_place(source))
    with open_root(path, access=access) as root:
        with reading(path):
            check_layout(root, path)
            stored, var = _find(root, source)
            kinds = tuple(one for one in FEATURE_TYPES if one in column_names(var))
            table = read_table(var, "var", tuple(dict.fromkeys([*symbols, *kinds])))
            matrix, names = genes_alone(
                _matrix(stored, backed=backed, lazy=lazy), table, source.gene_symbols
            )
            content = Stored(
                matrix=matrix,
                gene_names=names,
                n_obs=_length(root["obs"]),
                read_obs=reading(path)(partial(read_table, root["obs"], "obs", obs)),
                uns={k: read_elem(root[f"uns/{k}"]) for k in uns if f"uns/{k}" in root},
                seen=seen,
            )
        _check_rows(content, path)
        if obs:
            # Say now what is wrong with them, before any work.
            _ = content.obs
        yield content


def _check_rows(stored: Stored, path: Path) -> None:
    n_rows = stored.matrix.shape[0]
    if n_rows != stored.n_obs:
        msg = (
            f"{path} is damaged: the matrix has {n_rows:,} rows, but obs has "
            f"{stored.n_obs:,} cells. Write the file again from its source."
        )
        raise DamagedError(msg)
