"""Everything that is known about an order, gathered for the user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore._ordering import branches, checks, reversal
from dtpscore._ordering.cellrank import cellrank_fates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._ordering.axes import AxisFeatures
    from dtpscore._ordering.design import Design
    from dtpscore._ordering.diffusion import Diffusion
    from dtpscore._ordering.options import Fates
    from dtpscore._ordering.ordinal import OrdinalOrder
    from dtpscore._ordering.recipe import Embedding

    FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Basis:
    """Design, features and axis scores of the cells."""

    design: Design
    axes: AxisFeatures
    index: FloatArray | None
    embedding: Embedding | None
    features: FloatArray


@dataclass(frozen=True)
class Judged:
    """Diagnostics for the user, and labels of holiday and late cells."""

    record: dict[str, Any]
    place: NDArray[np.str_]
    end: NDArray[np.str_]
    fate: FloatArray


def time_courses(basis: Basis, random_state: int) -> pd.DataFrame:
    """Ask whether arrest and index go one way over time."""
    quantities = {"arrest": basis.axes.arrest}
    if basis.index is not None:
        quantities["index"] = basis.index
    if not basis.design.times:
        return pd.DataFrame({"verdict": []})
    return checks.time_courses(quantities, basis.design, random_state=random_state)


def judge(
    basis: Basis,
    orders: dict[str, FloatArray],
    method: str,
    *,
    found: Diffusion | None,
    fates: Fates,
    random_state: int,
) -> Judged:
    """Look at direction, cell cycle, branches, reversal and agreement of orders."""
    design, time = basis.design, orders[method]
    end, found_ends = branches.ends(time, basis.axes.cycle, design)
    replicated = design.series_with_times().size >= 2
    record: dict[str, Any] = {
        "method": method,
        "n_root_cells": int(design.root.sum()),
        "n_unreachable": int(np.isnan(time).sum()),
        "validated": method == "ordinal" and replicated,
        "direction": checks.direction(time, basis.index, design),
        "cycle": checks.cycle(time, basis.axes, design),
        "branches": found_ends,
    }
    place = np.full(design.n_cells, "")
    if design.holiday.any():
        place = reversal.places(basis.features, time, design, random_state=random_state)
        record["reversal"] = reversal.reversal(
            time, place, design, random_state=random_state
        )
    if {"dpt", "ordinal"} <= set(orders):
        both = (orders["ordinal"], orders["dpt"])
        record["agreement"] = checks.agreement(*both, design)
    fate = np.full(design.n_cells, np.nan)
    if found is not None and found_ends["exists"].all():
        find = cellrank_fates if fates == "cellrank" else branches.fates
        fate = find(found.connectivities, time, end)
    return Judged(record, place, end, fate)


def stability(found: Diffusion | None, learned: OrdinalOrder | None) -> dict[str, Any]:
    """Gather how orders from other roots, cells and series compare."""
    record: dict[str, Any] = {}
    if found is not None:
        record["dpt_root_agreement"] = found.root_agreement
        record["dpt_root_rho"] = found.root_rho
        record["dpt_subsample_rho"] = found.subsample_rho
    if learned is not None:
        record["ordinal_subsample_rho"] = learned.subsample_rho
        record["ordinal_fold_rho"] = learned.fold_rho
    return record


def model(embedding: Embedding | None, learned: OrdinalOrder | None) -> dict[str, Any]:
    """Keep what is needed to repeat the order without some genes."""
    if embedding is None:
        return {}
    names = [f"pc{number + 1}" for number in range(embedding.loadings.shape[1])]
    loadings = pd.DataFrame(embedding.loadings, columns=names)
    loadings.insert(0, "column", embedding.columns)
    record: dict[str, Any] = {"loadings": loadings}
    if learned is not None:
        record["coefficients"] = pd.DataFrame(learned.coefficients, columns=names)
    return record
