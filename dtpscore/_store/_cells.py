"""Open a file of cells as an AnnData whose matrices stay on disk."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from dtpscore._store._kinds import check_layout
from dtpscore._store._open import on_disk, open_root, reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd
    from anndata import AnnData

_TABLES = ("obs", "var", "obsm", "varm", "obsp", "varp", "uns")


@contextmanager
def open_cells(path: Path) -> Iterator[AnnData]:
    """Open an h5ad file or a zarr folder; ``X`` and layers are read by pieces.

    What is put into the AnnData stays in memory; the file is not changed. ``raw`` is
    left out.

    Parameters
    ----------
    path
        The file.

    Yields
    ------
    The AnnData; its matrices can be read until the context ends.

    Raises
    ------
    DataError
        There is no such file, or it is empty, damaged or of another kind.
    """
    import anndata as ad
    from anndata.io import read_elem

    with open_root(path) as root:
        check_layout(root, path)
        with reading(path):
            layers = root.get("layers", {})
            empty = "X" not in root or root["X"].attrs.get("encoding-type") == "null"
            tables = {name: read_elem(root[name]) for name in _TABLES if name in root}
            for name in ("obs", "var"):
                tables[name] = _plain_names(tables[name])
            adata = ad.AnnData(
                X=None if empty else on_disk(root["X"]),
                layers={name: on_disk(layers[name]) for name in layers},
                **tables,
            )
        yield adata


def _plain_names(table: pd.DataFrame) -> pd.DataFrame:
    """Give a table the kind of index that the installed pandas makes of text.

    A file of a newer pandas brings its own kind, which anndata then does not write.
    """
    import pandas as pd

    names = [str(one) for one in table.index]
    return table.set_axis(pd.Index(names, name=table.index.name))
