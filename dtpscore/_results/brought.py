"""What the user brings for an order: a representation, a neighbor graph, an index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from dtpscore._ordering.by_method import Representation
from dtpscore._results.elements import available
from dtpscore._results.lazy import why_no_column
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

    from dtpscore._options.order import OrderOptions

    FloatArray = NDArray[np.float64]

AXES = "axes"
# The key under which scanpy stores a graph, and from which it leaves out the name.
_DEFAULT = "neighbors"


def brought(adata: AnnData, options: OrderOptions) -> Representation:
    """Take from an AnnData what the options name, and check it.

    Raises
    ------
    DataError
        It does not exist, or is not of the kind that is needed.
    """
    index = None if options.index_key is None else _index(adata, options.index_key)
    if options.neighbors_key is not None:
        return Representation(
            connectivities=_graph(adata, options.neighbors_key), index=index
        )
    if options.use_rep in (None, AXES):
        return Representation(axes=options.use_rep == AXES, index=index)
    return Representation(features=_features(adata, options.use_rep), index=index)


def _graph(adata: AnnData, key: str) -> sp.csr_matrix:
    if key not in adata.uns:
        msg = (
            f"There is no neighbor graph {key!r} in uns. Run scanpy.pp.neighbors "
            "first, or leave neighbors_key out."
        )
        raise DataError(msg)
    record = adata.uns[key]
    again = f"Run scanpy.pp.neighbors(adata, key_added={key!r}) again."
    if not isinstance(record, Mapping):
        msg = (
            f"uns[{key!r}] must be the record of a neighbor graph, and is a "
            f"{type(record).__name__}. {again}"
        )
        raise DataError(msg)
    name = str(record.get("connectivities_key", "connectivities"))
    named = "connectivities_key" in record or key == _DEFAULT
    if name not in adata.obsp or not named:
        msg = (
            f"uns[{key!r}] names no neighbor graph that obsp holds. Graphs in obsp "
            f"are: {available(adata.obsp.keys())}. {again}"
        )
        raise DataError(msg)
    graph = sp.csr_matrix(adata.obsp[name])
    if not np.isfinite(graph.data).all() or (graph.data < 0).any():
        msg = (
            f"obsp[{name!r}] must hold weights of neighbors, 0 or more; it has "
            f"missing, infinite or negative values. {again}"
        )
        raise DataError(msg)
    return graph


def _features(adata: AnnData, key: str | None) -> FloatArray:
    if key not in adata.obsm:
        msg = (
            f"There is no representation {key!r} in obsm. There are: "
            f"{available(adata.obsm.keys())}; {AXES!r} takes the axis scores."
        )
        raise DataError(msg)
    found = adata.obsm[key]
    if sp.issparse(found):
        found = found.toarray()
    features = _numbers(found)
    if features is None or features.ndim != 2 or features.shape[1] == 0:
        msg = (
            f"obsm[{key!r}] must be a table of numbers, one row per cell. Name another "
            f"representation. There are: {available(adata.obsm.keys())}."
        )
        raise DataError(msg)
    if not np.isfinite(features).all():
        msg = (
            f"obsm[{key!r}] has missing or infinite values. Leave these cells out, or "
            "name another representation."
        )
        raise DataError(msg)
    return features


def _index(adata: AnnData, key: str) -> FloatArray:
    if key not in adata.obs:
        msg = (
            f"obs has no column {key!r} for the index. "
            f"Columns there are: {available(adata.obs.columns)}."
            f"{why_no_column(adata, key)}"
        )
        raise DataError(msg)
    index = _numbers(adata.obs[key])
    if index is None:
        numeric = adata.obs.select_dtypes("number").columns
        msg = (
            f"obs[{key!r}] must hold numbers to serve as the index; found "
            f"{adata.obs[key].iloc[0]!r}. Columns with numbers are: "
            f"{available(numeric)}."
        )
        raise DataError(msg)
    return index


def _numbers(values: Any) -> FloatArray | None:
    """Turn a table or a column into float64; None where it does not hold numbers."""
    if isinstance(values, pd.Series) and isinstance(values.dtype, pd.CategoricalDtype):
        return None
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        return None
