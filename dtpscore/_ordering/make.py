"""Make the orders: the one to use, and those to compare it with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dtpscore._ordering import diffusion, ordinal
from dtpscore._ordering.palantir import palantir_time
from dtpscore.errors import DataError, ResultError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._ordering.axes import AxisFeatures
    from dtpscore._ordering.design import Design
    from dtpscore._ordering.diffusion import Diffusion
    from dtpscore._ordering.judge import Basis
    from dtpscore._ordering.options import OrderMethod, PathOptions, Representation
    from dtpscore._ordering.ordinal import OrdinalOrder

    FloatArray = NDArray[np.float64]

# Cells outside the root group that may be off the graph before an order is refused.
_MOST_UNREACHABLE = 0.1


def _axis_units(axes: AxisFeatures) -> FloatArray:
    values = axes.scores.to_numpy(dtype=np.float64)
    return (values - values.mean(axis=0)) / values.std(axis=0).clip(1e-12)


def _diffusion(
    basis: Basis,
    roots: NDArray[np.int64],
    brought: Representation,
    options: PathOptions,
) -> Diffusion:
    features: FloatArray | None = None
    connectivities = brought.connectivities
    if connectivities is None:
        features = _axis_units(basis.axes) if brought.axes else basis.features
        connectivities = diffusion.graph(features, options.n_neighbors)
    return diffusion.diffusion_time(
        connectivities,
        roots,
        features=features,
        n_neighbors=options.n_neighbors,
        n_dcs=options.n_dcs,
        n_subsamples=options.n_subsamples,
        random_state=options.random_state,
    )


def choose(
    asked: OrderMethod | None, design: Design, *, is_progress: bool
) -> OrderMethod:
    """Ordinal where times and two series allow it and time is progress."""
    if asked == "ordinal" and len(design.times) < 2:
        msg = (
            "method='ordinal' learns from times or doses and needs time_key with two "
            f"or more of them; found {len(design.times)}. Use method='dpt' without."
        )
        raise DataError(msg)
    if asked is not None:
        return asked
    replicated = design.series_with_times().size >= 2
    return "ordinal" if replicated and is_progress else "dpt"


def _check_reached(found: Diffusion, design: Design) -> None:
    lost = np.isnan(found.time) & ~design.root
    others = int((~design.root).sum())
    if lost.sum() > _MOST_UNREACHABLE * others:
        msg = (
            f"{int(lost.sum())} of {others} cells outside the root group are not "
            "connected to the root in the neighbor graph, so there is no path to "
            "them. Use more neighbors, or correct for a batch effect between them."
        )
        raise ResultError(msg)


def _try_diffusion(
    basis: Basis,
    roots: NDArray[np.int64],
    brought: Representation,
    options: PathOptions,
    *,
    needed: bool,
) -> Diffusion | None:
    """Diffusion pseudotime; None where it cannot be had and is only for comparison."""
    try:
        found = _diffusion(basis, roots, brought, options)
        _check_reached(found, basis.design)
    except ResultError:
        if needed:
            raise
        return None
    return found


def _unit(order: FloatArray) -> FloatArray:
    """Stretch to 0-1."""
    low, high = np.nanmin(order), np.nanmax(order)
    stretched: FloatArray = (order - low) / max(high - low, 1e-12)
    return stretched


def _orders(
    found: Diffusion | None, learned: OrdinalOrder | None
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Positions in 0-1 and their spread on the same scale, by method."""
    raw: dict[str, Diffusion | OrdinalOrder | None] = {"dpt": found, "ordinal": learned}
    orders, spreads = {}, {}
    for name, one in raw.items():
        if one is not None:
            orders[name] = _unit(one.time)
            spreads[name] = one.sd / max(np.ptp(one.time[~np.isnan(one.time)]), 1e-12)
    return orders, spreads


@dataclass(frozen=True)
class Made:
    """Orders and spreads by method, and what two of them came from."""

    orders: dict[str, FloatArray]
    spreads: dict[str, FloatArray]
    found: Diffusion | None
    learned: OrdinalOrder | None


def make(
    basis: Basis,
    roots: NDArray[np.int64],
    brought: Representation,
    *,
    options: PathOptions,
    method: OrderMethod,
) -> Made:
    """Make the order that is asked for, and those to compare it with."""
    found = _try_diffusion(basis, roots, brought, options, needed=method == "dpt")
    learned = None
    if len(basis.design.times) >= 2:
        own = brought.connectivities is None and not brought.axes
        learned = ordinal.cross_fit(
            basis.features,
            basis.design,
            diffused=found.components if found is not None and own else None,
            n_subsamples=options.n_subsamples,
            random_state=options.random_state,
        )
    orders, spreads = _orders(found, learned)
    if method == "palantir":
        orders["palantir"], spreads["palantir"] = palantir_time(
            basis.features,
            basis.design.cells,
            int(roots[0]),
            random_state=options.random_state,
        )
    return Made(orders, spreads, found, learned)
