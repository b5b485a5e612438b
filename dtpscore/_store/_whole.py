"""Read a file of cells into memory, matrices and all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtpscore._errors import DataError
from dtpscore._store._open import open_root

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData


def read(path: Path) -> AnnData:
    """Read an h5ad file or a zarr folder into memory.

    From a file of several modalities (MuData), take the modality ``rna`` with
    ``mudata`` first; this reads files of one.

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
        found = sorted(str(key) for key in root)
    if "obs" not in found or "var" not in found or "mod" in found:
        hint = (
            " It holds several modalities: read it with mudata and write its rna "
            "modality with write_h5ad."
            if "mod" in found
            else ""
        )
        msg = f"{path} is no file of cells as anndata writes them.{hint}"
        raise DataError(msg)
    return ad.read_zarr(path) if path.is_dir() else ad.read_h5ad(path)
