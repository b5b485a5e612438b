"""The clone of each cell, as a column of ``obs`` names it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dtpscore._design import labels
from dtpscore._lineages.barcodes import NO_BARCODE
from dtpscore.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._design import Design

    IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class CloneColumn:
    """The clones that a column of ``obs`` names.

    Attributes
    ----------
    code
        int64 (cells,): place among the names; -1 for a cell without a clone.
    names
        Names of the clones.
    """

    code: IntArray
    names: tuple[str, ...]


def read_clones(obs: pd.DataFrame, design: Design, key: str) -> CloneColumn:
    """Read the clone of each cell, one name per cell.

    What tables write where no clone was found counts as none. A ``0`` counts as none
    beside barcodes, and as a clone beside other numbers, as clusters have them.

    Raises
    ------
    DataError
        The column does not exist, names no clone, or has another name for each cell.
    """
    found = labels(obs, key, "clones")
    empty = {name for name in found.names if name.strip().lower() in NO_BARCODE}
    others = set(found.names) - empty
    if others and all(name.isdecimal() for name in others):
        empty.discard("0")
    names = tuple(name for name in found.names if name not in empty)
    place = {name: number for number, name in enumerate(names)}
    code = np.array([place.get(str(one), -1) for one in found.text], np.int64)
    code[~(design.named & design.malignant)] = -1
    sizes = np.bincount(code[code >= 0])
    if not len(sizes):
        msg = (
            f"obs[{key!r}] names no clone for any cell that can be called. clone_key "
            "is the column with lineage barcodes or clusters of copy number."
        )
        raise DataError(msg)
    if len(sizes) > 1 and sizes.max() == 1:
        msg = (
            f"obs[{key!r}] has another clone for each cell, as the barcodes of "
            "droplets do. clone_key is the column in which cells of one clone share a "
            "name."
        )
        raise DataError(msg)
    return CloneColumn(code, names)
