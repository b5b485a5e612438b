"""Open a file of cells as an AnnData whose matrices stay on disk."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dtpscore._store._kinds import check_layout
from dtpscore._store._open import on_disk, open_root, reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pandas as pd
    from anndata import AnnData

_TABLES = ("obs", "var", "obsm", "varm", "obsp", "varp", "uns")


@contextmanager
def open_cells(path: Path, *, backed: bool = True) -> Iterator[AnnData]:
    """Open an h5ad file or a zarr folder; its matrices are read by pieces.

    What is put into the AnnData stays in memory; the file is not changed.

    Parameters
    ----------
    path
        The file.
    backed
        Leave ``X``, ``raw`` and layers on disk; False reads them now.

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
            matrix = on_disk if backed else read_elem
            adata = ad.AnnData(
                X=None if empty else matrix(root["X"]),
                layers={name: matrix(layers[name]) for name in layers},
                raw=_raw(root, matrix),
                **tables,
            )
        yield adata


def _raw(root: Any, matrix: Callable[[Any], Any]) -> dict[str, Any] | None:
    """Matrix and genes of raw, where the file has both."""
    import pandas as pd
    from anndata.io import read_elem

    if "raw" not in root or "X" not in root["raw"] or "var" not in root["raw"]:
        return None
    group = root["raw/var"]
    if "column-order" in group.attrs:
        table = _plain_names(read_elem(group))
    else:
        # SeuratDisk leaves the order of the columns out where there are none.
        names = read_elem(group[str(group.attrs["_index"])])
        table = pd.DataFrame(index=pd.Index([str(one) for one in names]))
    return {"X": matrix(root["raw/X"]), "var": table}


def _plain_names(table: pd.DataFrame) -> pd.DataFrame:
    """Give a table the kind of index that the installed pandas makes of text.

    A file of a newer pandas brings its own kind, which anndata then does not write.
    """
    import pandas as pd

    names = [str(one) for one in table.index]
    return table.set_axis(pd.Index(names, name=table.index.name))
