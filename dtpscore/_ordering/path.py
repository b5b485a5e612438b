"""The whole way from a matrix and its annotation to an order with its checks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore import _blocks
from dtpscore._errors import DataError, ResultError
from dtpscore._ordering import checks, diffusion, ordinal, recipe
from dtpscore._ordering.axes import axis_features
from dtpscore._ordering.design import read_design
from dtpscore._ordering.judge import Basis, judge, model, stability, time_courses
from dtpscore._ordering.messages import messages
from dtpscore._ordering.options import OrderMethod, PathOptions, Representation
from dtpscore._ordering.palantir import palantir_time
from dtpscore._ordering.root import low_index, medoids

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._blocks import Source
    from dtpscore._ordering.axes import AxisFeatures
    from dtpscore._ordering.design import Design, Keys
    from dtpscore._ordering.diffusion import Diffusion
    from dtpscore._ordering.ordinal import OrdinalOrder

    FloatArray = NDArray[np.float64]

# Cells outside the root group that may be off the graph before an order is refused.
_MOST_UNREACHABLE = 0.1


@dataclass(frozen=True)
class PathResult:
    """An order and everything that is known about it.

    Attributes
    ----------
    method
        The order to use.
    orders, spreads
        Every order that was made, by method: (cells,) in 0-1, NaN where a cell cannot
        be placed; and its spread over repeats.
    place, end
        Holiday cells: which end they are like. Late cells: cycling or resting.
    record
        Plain values and frames for ``uns``.
    messages
        Sentences for the user; those that contradict the path come as warnings too.
    warnings
        The part of ``messages`` to warn of.
    """

    method: OrderMethod
    orders: dict[str, FloatArray]
    spreads: dict[str, FloatArray]
    place: NDArray[np.str_]
    end: NDArray[np.str_]
    record: dict[str, Any]
    messages: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def _read(
    matrix: Any,
    gene_names: Sequence[str],
    design: Design,
    options: PathOptions,
    *,
    features: FloatArray | None,
    index: FloatArray | None,
) -> Basis:
    source: Source = _blocks.source(matrix)
    normalize = recipe.needs_log(source)
    dropped = recipe.left_out(gene_names, species=options.species)
    axes = axis_features(
        source, gene_names, normalize, dropped=dropped, species=options.species
    )
    embedding = None
    if features is None:
        embedding = recipe.embed(
            source,
            np.flatnonzero(~dropped),
            normalize,
            samples=design.sample if design.sample_is_given else None,
            n_top_genes=options.n_top_genes,
            n_components=options.n_pcs,
        )
        features = embedding.components
    index = axes.index if index is None else index
    return Basis(design, axes, index, embedding, features)


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


def _choose(
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


def find_path(
    matrix: Any,
    obs: pd.DataFrame,
    gene_names: Sequence[str],
    keys: Keys,
    *,
    options: PathOptions,
    brought: Representation | None = None,
    index: FloatArray | None = None,
) -> PathResult:
    """Order cells from the root group on, and check the order.

    Parameters
    ----------
    matrix
        Cells by genes, in any form that ``dtpscore._blocks`` reads.
    obs
        Annotation of the cells.
    gene_names
        Names of the columns.
    keys
        Which columns of ``obs`` to use.
    options
        How to order.
    brought
        A representation to use in place of the recipe's.
    index
        Persister index of each cell; the consensus axis by default.

    Raises
    ------
    DataError
        Annotation or matrix cannot be used.
    ResultError
        The neighbor graph does not lead from the root to the other cells.
    """
    design = read_design(obs, keys)
    brought = brought or Representation()
    basis = _read(
        matrix, gene_names, design, options, features=brought.features, index=index
    )
    courses = time_courses(basis, options.random_state)
    method = _choose(
        options.method, design, is_progress=checks.time_is_progress(courses)
    )
    roots = medoids(
        basis.features, low_index(design.root, basis.index), options.n_roots
    )
    found = _try_diffusion(basis, roots, brought, options, needed=method == "dpt")
    learned = None
    if len(design.times) >= 2:
        learned = ordinal.cross_fit(
            basis.features,
            design,
            n_subsamples=options.n_subsamples,
            random_state=options.random_state,
        )
    orders, spreads = _orders(found, learned)
    if method == "palantir":
        orders["palantir"], spreads["palantir"] = palantir_time(
            basis.features,
            design.cells,
            int(roots[0]),
            random_state=options.random_state,
        )
    judged = judge(basis, orders, method, random_state=options.random_state)
    record = {
        "root": str(design.cells[roots[0]]),
        **judged.record,
        "stability": stability(found, learned),
        "model": model(basis.embedding, learned),
    }
    if len(courses):
        record["time_courses"] = courses
    said, warned = messages(record, design, asked=options.method)
    return PathResult(
        method=method,
        orders=orders,
        spreads=spreads,
        place=judged.place,
        end=judged.end,
        record=record,
        messages=said,
        warnings=warned,
    )
