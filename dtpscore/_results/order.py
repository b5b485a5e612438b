"""Where orders and trends are kept in an AnnData or a file of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore._results.elements import Element, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dtpscore._ordering.follow import TrendResult
    from dtpscore._ordering.path import PathResult


def path_elements(
    result: PathResult,
    params: dict[str, Any],
    gene_names: Sequence[str],
    *,
    key_added: str,
) -> list[Element]:
    """Places of an order in an AnnData or a file of one."""
    record = dict(result.record)
    model = dict(record.pop("model"))
    if "loadings" in model:
        loadings = model["loadings"]
        genes = pd.Index([gene_names[column] for column in loadings["column"]])
        model["loadings"] = loadings.set_index(genes)
        record["model"] = model
    record["params"] = params
    record["messages"] = result.messages
    columns: dict[str, Any] = {
        key_added: result.orders[result.method].astype(np.float32),
        f"{key_added}_sd": result.spreads[result.method].astype(np.float32),
    }
    for name in ("dpt", "ordinal"):
        order = result.orders.get(name)
        columns[f"{key_added}_{name}"] = (
            None if order is None else order.astype(np.float32)
        )
    for name, labels in (("place", result.place), ("end", result.end)):
        names = sorted(set(labels) - {""})
        codes = np.asarray([names.index(one) if one else -1 for one in labels])
        known = pd.Categorical.from_codes(codes, categories=list(map(str, names)))
        columns[f"{key_added}_{name}"] = known if names else None
    fate = result.fate.astype(np.float32)
    columns[f"{key_added}_fate"] = None if np.isnan(fate).all() else fate
    elements = [Element("obs", name, value) for name, value in columns.items()]
    return [*elements, Element("uns", key_added, plain(record))]


def trend_elements(
    result: TrendResult, params: dict[str, Any], *, key_added: str
) -> list[Element]:
    """Places of trends in an AnnData or a file of one."""
    found = result.curves
    names = list(result.features.index)
    n_grid = found.grid.size
    curves = pd.DataFrame(
        {
            "feature": np.repeat(np.asarray(names, dtype=object), n_grid),
            "pseudotime": np.tile(found.grid, len(names)),
            "mean": found.mean.T.ravel(),
            "low": found.low.T.ravel(),
            "high": found.high.T.ravel(),
        }
    )
    # h5ad files keep the names of rows as text.
    curves.index = curves.index.astype(str)
    record = {
        "params": params,
        "curves": curves,
        "features": result.features,
        "interval_unit": found.unit,
        "messages": result.messages,
    }
    return [Element("uns", key_added, plain(record))]
