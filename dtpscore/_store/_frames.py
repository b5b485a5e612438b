"""How the tables of a file name their rows and columns, whoever wrote them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

# Where anndata 0.7 and SeuratDisk keep the names of categories, by column.
CATEGORIES = "__categories"


def text(value: Any) -> str:
    """Text of an attribute; Julia and R write it with a fixed length, as bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)


def attribute(stored: Any, name: str) -> str | None:
    """Read an attribute as text; None where it is absent."""
    value = stored.attrs.get(name)
    return None if value is None else text(value)


def names_key(table: Any) -> str:
    """Name of the array of a stored table that names its rows."""
    return attribute(table, "_index") or "_index"


def column_names(table: Any) -> list[str]:
    """Columns of a stored table, in order.

    SeuratDisk leaves the order out of the table of genes of ``raw``; the columns then
    come as the file lists them.
    """
    if "column-order" in table.attrs:
        return [text(name) for name in table.attrs["column-order"]]
    return [name for name in table if name not in {names_key(table), CATEGORIES}]


def read_names(table: Any) -> pd.Index:
    """Names of the rows of a stored table."""
    import pandas as pd
    from anndata.io import read_elem

    return pd.Index([text(name) for name in read_elem(table[names_key(table)])])


def read_column(table: Any, name: str) -> Any:
    """Read a column of a stored table, with the names of its categories."""
    import pandas as pd
    from anndata.io import read_elem

    if CATEGORIES not in table or name not in table[CATEGORIES]:
        return read_elem(table[name])
    # Read past anndata, which warns of arrays without its own attributes.
    stored, codes = table[CATEGORIES][name], np.asarray(table[name][()])
    names = [text(one) for one in stored[()]]
    # R counts a missing value as the smallest integer.
    codes = np.where((codes < 0) | (codes >= len(names)), -1, codes)
    ordered = bool(stored.attrs.get("ordered", False))
    return pd.Categorical.from_codes(codes, names, ordered=ordered)
