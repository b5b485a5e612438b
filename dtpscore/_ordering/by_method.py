"""Orders by method: choose the one to use, and make those to compare it with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dtpscore._ordering import diffusion, external, ordinal
from dtpscore.errors import DataError, ResultError

if TYPE_CHECKING:
    import scipy.sparse as sp
    from numpy.typing import NDArray

    from dtpscore._options.order import OrderOptions
    from dtpscore._ordering.axes import AxisFeatures
    from dtpscore._ordering.cells import Cells
    from dtpscore._ordering.diffusion import Diffusion
    from dtpscore._ordering.embedding import Embedding
    from dtpscore._ordering.ordinal import OrdinalOrder
    from dtpscore._values import Values

    FloatArray = NDArray[np.float64]

# Share of the cells outside the root group that may have no connection to the root
# before an order is refused.
_MOST_UNREACHABLE = 0.1


@dataclass(frozen=True)
class Representation:
    """What the user brings for the order to be found on; every part may be missing.

    Attributes
    ----------
    features
        (cells, k) in place of the principal components, such as an integrated
        embedding.
    connectivities
        (cells, cells), neighbor graph for diffusion pseudotime.
    axes
        Find the diffusion graph on the axis scores.
    index
        Persister index of each cell, in place of the consensus axis.
    """

    features: FloatArray | None = None
    connectivities: sp.csr_matrix | None = None
    axes: bool = False
    index: FloatArray | None = None

    def only(self, rows: NDArray[np.bool_]) -> Representation:
        """Only these cells, given as a mask."""
        graph = self.connectivities
        return Representation(
            None if self.features is None else self.features[rows],
            None if graph is None else graph[rows][:, rows],
            self.axes,
            None if self.index is None else self.index[rows],
        )


@dataclass(frozen=True)
class Basis:
    """What the orders are made from and compared with.

    Attributes
    ----------
    cells, judged
        The cells that take part, and what the values of the matrix are.
    axes, index
        Axis scores, and the persister index; None where too few of its genes are known.
    embedding, features
        Principal components, None where the user brings a representation; and what
        cells are compared on, which is one of the two.
    depth
        Sum of the counts of each cell; None where it is not looked at.
    """

    cells: Cells
    judged: Values
    axes: AxisFeatures
    index: FloatArray | None
    embedding: Embedding | None
    features: FloatArray
    depth: FloatArray | None


@dataclass(frozen=True)
class MadeOrders:
    """Orders and spreads by method, and what two of them came from."""

    orders: dict[str, FloatArray]
    spreads: dict[str, FloatArray]
    found: Diffusion | None
    learned: OrdinalOrder | None
    methods: list[str]


def choose(asked: str | None, cells: Cells, *, is_progress: bool) -> tuple[str, str]:
    """Choose the method: ordinal where times and two series allow it.

    Returns
    -------
    The method, and why it was chosen as a sentence.

    Raises
    ------
    DataError
        The ordinal order is asked for and there are not two times.
    """
    if asked == "ordinal" and len(cells.times) < 2:
        msg = (
            "method='ordinal' learns from times or doses and needs time_key with two "
            f"or more of them; found {len(cells.times)}. Use method='dpt' without."
        )
        raise DataError(msg)
    if asked is not None:
        return asked, f"The method {asked!r} was asked for."
    if len(cells.times) < 2:
        return (
            "dpt",
            "There are no two times or doses that an order could be learned from.",
        )
    if not cells.are_replicated:
        return "dpt", (
            "The order was not learned from time, because there are not two replicate "
            "series with two or more times each."
        )
    if not is_progress:
        return "dpt", (
            "The order was not learned from time, because arrest or index turn back "
            "over time."
        )
    return "ordinal", (
        "The order was learned from time, because there are two or more replicate "
        "series and neither arrest nor index turns back over time."
    )


def _axis_units(axes: AxisFeatures) -> FloatArray:
    values = axes.scores.to_numpy(dtype=np.float64)
    return (values - values.mean(axis=0)) / values.std(axis=0).clip(1e-12)


def _diffusion(
    basis: Basis,
    roots: NDArray[np.int64],
    brought: Representation,
    options: OrderOptions,
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
        seed=options.seed,
    )


def _check_reached(found: Diffusion, cells: Cells) -> None:
    lost = np.isnan(found.time) & ~cells.root
    others = int((~cells.root).sum())
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
    options: OrderOptions,
    *,
    needed: bool,
) -> Diffusion | None:
    """Diffusion pseudotime; None where it fails and is only there for comparison."""
    try:
        found = _diffusion(basis, roots, brought, options)
        _check_reached(found, basis.cells)
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


def make(
    basis: Basis,
    roots: NDArray[np.int64],
    brought: Representation,
    *,
    options: OrderOptions,
    method: str,
) -> MadeOrders:
    """Make the order to use, and those to compare it with."""
    found = _try_diffusion(basis, roots, brought, options, needed=method == "dpt")
    made: dict[str, Diffusion | OrdinalOrder] = {}
    if found is not None:
        made["dpt"] = found
    learned, diffused = None, None
    if len(basis.cells.times) >= 2:
        if found is not None and brought.connectivities is None and not brought.axes:
            diffused = found.components
        learned = ordinal.cross_fit(
            basis.features,
            basis.cells,
            diffused=diffused,
            n_subsamples=options.n_subsamples,
            seed=options.seed,
        )
        made["ordinal"] = learned
    orders = {name: _unit(one.time) for name, one in made.items()}
    spreads = {
        name: one.sd / max(np.ptp(one.time[~np.isnan(one.time)]), 1e-12)
        for name, one in made.items()
    }
    if method == "palantir":
        orders["palantir"], spreads["palantir"] = external.palantir_time(
            basis.features, basis.cells.names, int(roots[0]), seed=options.seed
        )
    features = _features_in_words(brought, options)
    if method == "ordinal":
        more = "" if diffused is None else " and on diffusion components of their graph"
        methods = ordinal.how_learned(basis.cells, features=features + more)
    elif method == "palantir":
        methods = [external.how_palantir(features)]
    else:
        n_dcs = 0 if found is None else found.components.shape[1]
        methods = [diffusion.how_ordered(n_dcs, _graph_in_words(brought, options))]
    return MadeOrders(orders, spreads, found, learned, methods)


def _features_in_words(brought: Representation, options: OrderOptions) -> str:
    if brought.features is not None:
        return f"the representation {options.use_rep!r} of the user"
    return "the principal components"


def _graph_in_words(brought: Representation, options: OrderOptions) -> str:
    if brought.connectivities is not None:
        return f"the neighbor graph {options.neighbors_key!r} of the user"
    on = "the axis scores" if brought.axes else _features_in_words(brought, options)
    return f"a graph of the {options.n_neighbors} nearest neighbors on {on}"
