"""Read a file of cells into memory, matrices and all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtpscore._store._kinds import check_layout
from dtpscore._store._open import open_root, reading

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData


def read(path: Path) -> AnnData:
    """Read an h5ad file or a zarr folder into memory.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    DataError
        There is no such file, or it is empty, damaged or of another kind.
    """
    import anndata as ad

    with open_root(path) as root:
        check_layout(root, path)
    with reading(path):
        return ad.read_zarr(path) if path.is_dir() else ad.read_h5ad(path)
