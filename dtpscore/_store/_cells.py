"""Open a file of cells as an AnnData whose matrices stay on disk."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dtpscore._store._frames import attribute, read_names
from dtpscore._store._kinds import check_layout, check_path
from dtpscore._store._open import on_disk, open_root, read_without, reading
from dtpscore._store._probe import Access, probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pandas as pd
    from anndata import AnnData

_TABLES = ("obs", "var", "obsm", "varm", "obsp", "varp", "uns")


@contextmanager
def open_cells(
    path: Path, *, access: Access | None = None, backed: bool = True
) -> Iterator[AnnData]:
    """Open an h5ad file or a zarr folder; its matrices are read by pieces.

    What is put into the AnnData stays in memory; the file is not changed.

    Parameters
    ----------
    path
        The file.
    access
        What may be read, and which parts are not needed.
    backed
        Leave ``X``, ``raw`` and layers on disk; False reads them now.

    Yields
    ------
    The AnnData; its matrices can be read until the context ends.

    Raises
    ------
    DataError
        There is no such file, or it is empty or of another kind.
    DamagedError
        A part of the file is damaged.
    """
    import anndata as ad
    from anndata.io import read_elem

    access = access or Access()
    matrix = on_disk if backed else read_elem
    check_path(path)
    found = probe(path, access, parts=True, skip="X")
    left = (*access.leave_out, *(one.part for one in found.trouble if one.unknown))
    with open_root(path, access=access) as root:
        with reading(path):
            check_layout(root, path)
            layers = root.get("layers", {})
            empty = "X" not in root or attribute(root["X"], "encoding-type") == "null"
            tables = {
                name: read_without(root[name], name, left)
                for name in _TABLES
                if name in root
            }
            for name in ("obs", "var"):
                tables[name] = _plain_names(tables[name])
            adata = ad.AnnData(
                X=None if empty else matrix(root["X"]),
                raw=None if "raw" in left else _raw(root, matrix),
                layers={
                    name: matrix(layers[name])
                    for name in layers
                    if f"layers/{name}" not in left
                },
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
        table = pd.DataFrame(index=read_names(group))
    return {"X": matrix(root["raw/X"]), "var": table}


def _plain_names(table: pd.DataFrame) -> pd.DataFrame:
    """Give a table the kind of index that the installed pandas makes of text.

    A file of a newer pandas brings its own kind, which anndata then does not write.
    """
    import pandas as pd

    names = [str(one) for one in table.index]
    return table.set_axis(pd.Index(names, name=table.index.name))
