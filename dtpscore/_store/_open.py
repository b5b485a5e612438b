"""Open an h5ad file or a zarr folder without reading its matrices."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import h5py

from dtpscore._anndata import Source, available, gene_names
from dtpscore._errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pandas as pd

_EXPECTED = "Expected an .h5ad file or a .zarr folder as anndata writes them."


@dataclass(frozen=True)
class Stored:
    """One matrix of a file of cells, with the names of its rows and columns.

    Attributes
    ----------
    matrix
        Cells by genes. On disk it is read when it is sliced.
    gene_names
        Names of the columns, length genes.
    obs_names
        Names of the cells.
    obs
        Columns of the cell table that were asked for.
    uns
        Entries of ``uns`` that were asked for and exist.
    """

    matrix: Any
    gene_names: list[str]
    obs_names: pd.Index
    obs: pd.DataFrame
    uns: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n_obs(self) -> int:
        """Number of cells."""
        return len(self.obs_names)


def is_zarr(path: Path) -> bool:
    """Whether the path is the folder of a zarr store, of format 2 or 3."""
    return any((path / name).is_file() for name in (".zgroup", "zarr.json"))


def _missing(path: Path) -> DataError:
    folder = path.parent
    beside = sorted(p.name for p in folder.glob("*.h5ad")) if folder.is_dir() else []
    where = f"h5ad files in {folder}: {available(beside[:8])}."
    return DataError(f"There is no file {path}. {where}")


def _unreadable(path: Path, error: OSError) -> DataError:
    if isinstance(error, PermissionError):
        return DataError(f"{path} cannot be opened: permission denied.")
    if "truncated" in str(error):
        return DataError(
            f"{path} is cut off: the end of the file is missing, so its download or "
            "copy did not finish. Get the file again."
        )
    if "signature not found" in str(error):
        return DataError(f"{path} is not an HDF5 file. {_EXPECTED}")
    return DataError(f"{path} cannot be opened: {error}. {_EXPECTED}")


@contextmanager
def open_root(path: Path, mode: Literal["r", "r+"] = "r") -> Iterator[Any]:
    """Open the root group of a file of cells.

    Parameters
    ----------
    path
        An h5ad file or the folder of a zarr store.
    mode
        Read only, or also write.

    Yields
    ------
    An h5py file or a zarr group.

    Raises
    ------
    DataError
        There is no such file, or it is empty, cut off or of another kind.
    """
    if not path.exists():
        raise _missing(path)
    if path.is_dir():
        if not is_zarr(path):
            msg = f"{path} is a folder, but no zarr store. {_EXPECTED}"
            raise DataError(msg)
        import zarr

        yield zarr.open_group(str(path), mode=mode, use_consolidated=False)
        return
    if path.stat().st_size == 0:
        msg = f"{path} is empty (0 bytes). {_EXPECTED}"
        raise DataError(msg)
    try:
        file = h5py.File(path, mode)
    except OSError as error:
        raise _unreadable(path, error) from error
    with file:
        yield file


def _check_layout(root: Any, path: Path) -> None:
    found = sorted(str(key) for key in root)
    if "matrix" in found and "obs" not in found:
        msg = (
            f"{path} looks like a 10x Genomics file, not an h5ad file. Read it with "
            "scanpy.read_10x_h5 and write it with write_h5ad."
        )
        raise DataError(msg)
    if "obs" not in found or "var" not in found:
        msg = (
            f"{path} is no file of cells: it lacks obs or var. It holds: "
            f"{available(found)}. {_EXPECTED}"
        )
        raise DataError(msg)
    if isinstance(root["obs"], h5py.Dataset):
        msg = (
            f"{path} was written by an anndata older than 0.7. Read it with "
            "anndata.read_h5ad and write it again."
        )
        raise DataError(msg)


def _find(root: Any, source: Source) -> tuple[Any, Any]:
    """Find the stored matrix and the var group that names its columns."""
    if source.use_raw:
        if "raw" not in root:
            msg = "use_raw was asked for, but the file has no raw. Use X or a layer."
            raise DataError(msg)
        return root["raw/X"], root["raw/var"]
    layers = list(root["layers"]) if "layers" in root else []
    if source.layer is None:
        if "X" in root and root["X"].attrs.get("encoding-type") != "null":
            return root["X"], root["var"]
        msg = f"The file has no X. Choose a layer ({available(layers)}) or use_raw."
        raise DataError(msg)
    if source.layer not in layers:
        msg = f"There is no layer {source.layer!r}. Layers there are: "
        raise DataError(msg + f"{available(layers)}.")
    return root[f"layers/{source.layer}"], root["var"]


def _matrix(stored: Any, *, backed: bool) -> Any:
    from anndata.io import read_elem, sparse_dataset

    if not backed:
        return read_elem(stored)
    return stored if hasattr(stored, "shape") else sparse_dataset(stored)


def read_obs(root: Any, columns: tuple[str, ...]) -> pd.DataFrame:
    """Read names of the cells and the columns asked for, and no other."""
    import pandas as pd
    from anndata.io import read_elem

    group = root["obs"]
    present = [str(name) for name in group.attrs["column-order"]]
    absent = [name for name in columns if name not in present]
    if absent:
        msg = (
            f"obs has no column {absent[0]!r}. Columns there are: {available(present)}."
        )
        raise DataError(msg)
    names = read_elem(group[str(group.attrs["_index"])])
    index = pd.Index([str(name) for name in names])
    values = {name: read_elem(group[name]) for name in columns}
    return pd.DataFrame(values, index=index)


@contextmanager
def open_matrix(
    path: Path,
    source: Source | None = None,
    *,
    backed: bool = True,
    obs: tuple[str, ...] = (),
    uns: tuple[str, ...] = (),
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
    obs
        Columns of ``obs`` to read.
    uns
        Entries of ``uns`` to read where they exist.

    Yields
    ------
    The matrix with its names; it can be used until the context ends.

    Raises
    ------
    DataError
        The file, the matrix, the layer or a column does not exist, or the file is
        damaged.
    """
    from anndata.io import read_elem

    source = source or Source()
    with open_root(path) as root:
        _check_layout(root, path)
        stored, var = _find(root, source)
        try:
            content = Stored(
                matrix=_matrix(stored, backed=backed),
                gene_names=gene_names(read_elem(var), source.gene_symbols),
                obs_names=(cells := read_obs(root, obs)).index,
                obs=cells,
                uns={k: read_elem(root[f"uns/{k}"]) for k in uns if f"uns/{k}" in root},
            )
        except (OSError, KeyError) as error:
            msg = f"{path} is damaged: {error}. Get the file again."
            raise DataError(msg) from error
        yield content
