"""Tell what a file is, and what to do with one that is no file of cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py

from dtpscore._results.elements import available
from dtpscore._store._temporary import recover
from dtpscore._text import short
from dtpscore.errors import DamagedError, DataError

if TYPE_CHECKING:
    from pathlib import Path

EXPECTED = (
    "Expected an .h5ad file or a .zarr folder as anndata writes them, an .h5 file or a "
    "folder of Cell Ranger, an .h5mu file, or a table of counts (.csv, .tsv, .txt)."
)
_OF_R = frozenset({".rds", ".rdata", ".rda", ".robj", ".qs"})


def is_zarr(path: Path) -> bool:
    """Whether the path is the folder of a zarr store, of format 2 or 3."""
    return any((path / name).is_file() for name in (".zgroup", "zarr.json"))


def check_name(path: Path) -> None:
    """Check that the system can say at all what stands at a path.

    Raises
    ------
    DataError
        The name is too long, a link leads in a circle, or a folder is closed.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        msg = f"{short(path, 200)} cannot be opened: {error.strerror}."
        raise DataError(msg) from error


def check_path(path: Path) -> None:
    """Check that a path can be the place of cells at all.

    Raises
    ------
    DataError
        Nothing is there, or something that is neither a file with content nor the
        folder of a zarr store.
    """
    check_name(path)
    recover(path)
    if not path.exists():
        raise _missing(path)
    if path.is_dir():
        if not is_zarr(path):
            msg = f"{path} is a folder, but no zarr store. {EXPECTED}"
            raise DataError(msg)
        return
    if not path.is_file():
        msg = (
            f"{path} is a pipe or a device. The matrix is read by pieces, so give the "
            "name of a file."
        )
        raise DataError(msg)
    if path.stat().st_size == 0:
        msg = f"{path} is empty (0 bytes). {EXPECTED}"
        raise DataError(msg)


def _missing(path: Path) -> DataError:
    folder = path.parent
    beside = sorted(p.name for p in folder.glob("*.h5ad")) if folder.is_dir() else []
    where = f"h5ad files in {folder}: {available(beside[:8])}."
    return DataError(f"There is no file {path}. {where}")


def unreadable(path: Path, error: OSError) -> DataError:
    """Say why a file cannot be opened as HDF5, and what to do."""
    reason = str(error)
    if isinstance(error, PermissionError):
        return DataError(f"{path} cannot be opened: permission denied.")
    if "unable to lock" in reason:
        return DataError(
            f"{path} is open for writing in another program, such as a notebook. "
            "Close it there, or score a copy of the file."
        )
    if "truncated" in reason:
        return DamagedError(
            f"{path} is cut off: the end of the file is missing, so its download or "
            "copy did not finish. Get the file again."
        )
    if "signature not found" in reason:
        return DataError(f"{path} is not an HDF5 file. {_advice(path)}")
    return DamagedError(f"{path} cannot be opened: {error}. {EXPECTED}")


def _advice(path: Path) -> str:
    if path.suffix.lower() in _OF_R:
        return (
            "It is a file of R: read it there and write it with "
            "zellkonverter::writeH5AD."
        )
    with path.open("rb") as file:
        start = file.read(2)
    if start == b"\x1f\x8b":
        return "It is compressed with gzip: unpack it with gunzip first."
    if start == b"PK":
        return "It is a zip archive: unpack it first."
    return EXPECTED


def check_layout(root: Any, path: Path) -> None:
    """Check that an open file holds cells in the form that anndata writes.

    Raises
    ------
    DataError
        It is of another kind.
    DamagedError
        It lacks what every such file has.
    """
    found = sorted(str(key) for key in root)
    msg = _other_kind(root, found)
    if msg is None and ("obs" not in found or "var" not in found):
        msg = f"lacks obs or var. It holds: {available(found)}. {EXPECTED}"
    if msg is None and isinstance(root["obs"], h5py.Dataset):
        msg = (
            "was written by an anndata older than 0.7. Read it with "
            "anndata.read_h5ad and write it again."
        )
    if msg is not None:
        text = f"{path} {msg}"
        raise DataError(text)
    for table in ("obs", "var"):
        absent = {"_index", "column-order"} - set(root[table].attrs)
        if absent:
            msg = (
                f"{path} is damaged: its table {table} lacks "
                f"{available(sorted(absent))}. Write the file again from its source."
            )
            raise DamagedError(msg)


def _other_kind(root: Any, found: list[str]) -> str | None:
    if "mod" in found:
        return (
            f"holds several modalities ({available(root['mod'])}). Give it the ending "
            ".h5mu, and its RNA is read."
        )
    if "matrix" in found and "row_attrs" in found:
        return "is a loom file. Read it with scanpy.read_loom; then use write_h5ad."
    if "matrix" in found and "obs" not in found:
        return (
            "looks like a 10x Genomics file, not an h5ad file. Give it the ending .h5, "
            "and it is read."
        )
    if "assays" in found and "obs" not in found:
        return "is an h5Seurat file. In R, use SeuratDisk::Convert(file, 'h5ad')."
    return None
