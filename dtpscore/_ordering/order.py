"""From a matrix and its annotation to an order of the cells with its checks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore._axes import CONSENSUS
from dtpscore._matrix import blocks
from dtpscore._ordering import (
    branches,
    by_method,
    checks,
    diffusion,
    embedding,
    external,
    holiday,
)
from dtpscore._ordering.ambient import ambient_course
from dtpscore._ordering.axes import axis_features
from dtpscore._ordering.by_method import Basis, Representation
from dtpscore._ordering.cells import read_cells
from dtpscore._ordering.messages import messages
from dtpscore._ordering.one_thread import one_blas_thread
from dtpscore._ordering.record import OrderModel, OrderRecord
from dtpscore._values import judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dtpscore._matrix.blocks import Source
    from dtpscore._options.order import OrderOptions
    from dtpscore._ordering.by_method import MadeOrders
    from dtpscore._ordering.cells import Cells, Experiment
    from dtpscore._ordering.embedding import Embedding
    from dtpscore._ordering.ordinal import OrdinalOrder

    FloatArray = NDArray[np.float64]
    Texts = NDArray[np.str_]


@dataclass(frozen=True)
class OrderResult:
    """An order and everything that is known about it.

    Attributes
    ----------
    orders, spreads
        Every order that was made, by method: (cells,) in 0-1, NaN where a cell cannot
        be placed; and its spread over repeats.
    place, end
        Which end holiday cells are like; whether late cells are cycling or resting. ""
        for other cells.
    fate
        Probability to come to the cycling end, all NaN unless both ends exist.
    record
        What is kept in ``uns``.
    warnings
        Those of the record's messages that warn of the order.
    """

    orders: dict[str, FloatArray]
    spreads: dict[str, FloatArray]
    place: Texts
    end: Texts
    fate: FloatArray
    record: OrderRecord
    warnings: list[str]

    @property
    def calm(self) -> list[str]:
        """The messages that warn of nothing."""
        return [text for text in self.record.messages if text not in self.warnings]

    def over(self, malignant: NDArray[np.bool_]) -> OrderResult:
        """Widen to all cells; cells that took no part get no position and no label."""
        if malignant.all():
            return self

        def wide(values: Any, empty: Any) -> Any:
            every = np.full(malignant.size, empty, values.dtype)
            every[malignant] = values
            return every

        return OrderResult(
            {name: wide(order, np.nan) for name, order in self.orders.items()},
            {name: wide(spread, np.nan) for name, spread in self.spreads.items()},
            wide(self.place, ""),
            wide(self.end, ""),
            wide(self.fate, np.nan),
            self.record,
            self.warnings,
        )


def _read(
    source: Source,
    gene_names: Sequence[str],
    cells: Cells,
    options: OrderOptions,
    *,
    brought: Representation,
) -> Basis:
    values = judge(source)
    values.require_expression("An order")
    dropped = embedding.left_out(gene_names, species=options.species)
    axes = axis_features(
        source, gene_names, values.normalize, dropped=dropped, species=options.species
    )
    embedded, features = None, brought.features
    if features is None:
        embedded = embedding.embed(
            source,
            np.flatnonzero(~dropped),
            values.normalize,
            samples=cells.sample if cells.samples_are_known else None,
            n_top_genes=options.n_top_genes,
            n_components=options.n_pcs,
        )
        features = embedded.components
    index = axes.index if brought.index is None else brought.index
    needs_depth = values.are_counts and len(cells.times) >= 2
    depth = checks.depths(source) if needs_depth else None
    return Basis(cells, values, axes, index, embedded, features, depth)


def _how_rooted(
    basis: Basis, candidates: NDArray[np.int64], root: str, options: OrderOptions
) -> str:
    reference = options.reference
    named = options.index_key is not None
    index = f"obs[{options.index_key!r}]" if named else f"the {CONSENSUS} axis"
    if basis.index is None or np.isnan(basis.index[basis.cells.root]).all():
        which = f"{candidates.size} cells of {reference}"
    else:
        which = (
            f"{candidates.size} cells of {reference} in the lowest third of the index "
            f"({index})"
        )
    return f"The root is the cell {root}, the medoid of the {which}."


def _time_courses(basis: Basis, seed: int) -> pd.DataFrame | None:
    """Ask whether arrest and index go one way over time; None without times."""
    if not basis.cells.times:
        return None
    quantities = {"arrest": basis.axes.arrest}
    if basis.index is not None:
        quantities["index"] = basis.index
    return checks.time_courses(quantities, basis.cells, seed=seed)


def _stability(made: MadeOrders) -> dict[str, Any]:
    """Gather how orders from other roots, cells and series compare."""
    record: dict[str, Any] = {}
    if made.found is not None:
        record["dpt_root_agreement"] = made.found.root_agreement
        record["dpt_root_rho"] = made.found.root_rho
        record["dpt_subsample_rho"] = made.found.subsample_rho
    if made.learned is not None:
        record["ordinal_subsample_rho"] = made.learned.subsample_rho
        record["ordinal_fold_rho"] = made.learned.fold_rho
    return record


def _model(
    embedded: Embedding | None, learned: OrdinalOrder | None, gene_names: Sequence[str]
) -> OrderModel | None:
    if embedded is None:
        return None
    names = [f"pc{number + 1}" for number in range(embedded.loadings.shape[1])]
    genes = pd.Index([gene_names[column] for column in embedded.columns])
    loadings = pd.DataFrame(embedded.loadings, columns=names, index=genes)
    loadings.insert(0, "column", embedded.columns)
    if learned is None:
        return OrderModel(loadings)
    return OrderModel(loadings, pd.DataFrame(learned.coefficients, columns=names))


def _fates(
    made: MadeOrders, time: FloatArray, end: Texts, *, exist: bool, by: str
) -> FloatArray:
    """Probability of the cycling end, where both ends exist."""
    if made.found is None or not exist:
        return np.full(time.size, np.nan)
    find = external.cellrank_fates if by == "cellrank" else branches.fates
    return find(made.found.connectivities, time, end)


def _methods(basis: Basis, experiment: Experiment, options: OrderOptions) -> list[str]:
    """Say which cells, values and genes the order rests on."""
    said = [embedding.how_logged(basis.judged)]
    said.append(f"Signatures were matched to {options.species} genes.")
    if options.cell_type_key is not None:
        said.append(
            f"Only the {basis.cells.n_cells:,} cells took part whose "
            f"{options.cell_type_key} is {' or '.join(options.malignant)}."
        )
    if experiment.time is not None and experiment.time.sentence:
        said.append(experiment.time.sentence)
    if basis.embedding is not None:
        said += basis.embedding.methods
    return said


def _times_frame(experiment: Experiment) -> pd.DataFrame | None:
    time = experiment.time
    if time is None or not time.mapping:
        return None
    frame = pd.DataFrame(
        {"written": list(time.mapping), "value": list(time.mapping.values())}
    )
    frame["unit"] = time.unit
    frame.index = frame.index.astype(str)
    return frame


def _judged(
    basis: Basis,
    made: MadeOrders,
    options: OrderOptions,
    *,
    method: str,
    known: dict[str, Any],
) -> OrderResult:
    """Look at direction, cell cycle, ends, reversal and agreement of the orders.

    Parameters
    ----------
    basis, made, options, method
        What the order was made from, the orders, and the one to use.
    known
        Fields of the record that are decided already.
    """
    cells, time = basis.cells, made.orders[method]
    end, ends = branches.ends(time, basis.axes.cycle, cells)
    methods, reversal = list(known.pop("methods")), None
    place = np.full(cells.n_cells, "")
    if cells.holiday.any():
        place = holiday.places(basis.features, time, cells, seed=options.seed)
        reversal = holiday.reversal(time, place, cells, seed=options.seed)
        methods.append(holiday.how_placed(options.holiday, method))
    agreement = None
    if {"dpt", "ordinal"} <= set(made.orders):
        agreement = checks.agreement(made.orders["ordinal"], made.orders["dpt"], cells)
    fate = _fates(made, time, end, exist=bool(ends["exists"].all()), by=options.fates)
    if not np.isnan(fate).all():
        methods.append(branches.how_fates(options.fates))
    record = OrderRecord(
        **known,
        params=options.model_dump(exclude_none=True),
        method=method,
        n_root_cells=int(cells.root.sum()),
        n_unreachable=int(np.isnan(time).sum()),
        validated=method == "ordinal" and cells.are_replicated,
        values=basis.judged.kind,
        direction=checks.direction(time, basis.index, cells),
        cycle=checks.cycle(time, basis.axes, cells),
        branches=ends,
        stability=_stability(made),
        depth_rho=checks.depth_rho(basis.depth, cells),
        composition=checks.composition(cells),
        reversal=reversal,
        agreement=agreement,
    )
    said, warned = messages(record, basis, asked=options)
    record = replace(record, methods=methods, messages=said)
    return OrderResult(made.orders, made.spreads, place, end, fate, record, warned)


@one_blas_thread()
def find_order(
    matrix: Any,
    obs: pd.DataFrame,
    gene_names: Sequence[str],
    options: OrderOptions,
    *,
    brought: Representation | None = None,
    ambient: FloatArray | None = None,
) -> OrderResult:
    """Order cells from the reference group on, and check the order.

    Parameters
    ----------
    matrix
        Cells by genes, in any form that ``dtpscore._matrix.blocks`` reads.
    obs
        Annotation of the cells.
    gene_names
        Names of the columns.
    options
        How to order.
    brought
        A representation and an index of the user, over all cells.
    ambient
        float64 (genes,): profile of empty droplets; None where it is not known.

    Raises
    ------
    DataError
        Annotation or matrix cannot be used.
    ResultError
        The neighbor graph does not lead from the root to the other cells, or a
        package that is asked for is not installed.
    """
    external.check_packages(options)
    experiment = read_cells(obs, options.keys)
    cells = experiment.cells
    brought = (brought or Representation()).only(experiment.malignant)
    source = embedding.only_rows(blocks.source(matrix), experiment.malignant)
    basis = _read(source, gene_names, cells, options, brought=brought)
    courses = _time_courses(basis, options.seed)
    method, why = by_method.choose(
        options.method, cells, is_progress=checks.time_is_progress(courses)
    )
    candidates = diffusion.low_index(cells.root, basis.index)
    roots = diffusion.medoids(basis.features, candidates, options.n_roots)
    root = str(cells.names[roots[0]])
    made = by_method.make(basis, roots, brought, options=options, method=method)
    rooted = _how_rooted(basis, candidates, root, options)
    soup = None
    if basis.judged.are_counts:
        soup = ambient_course(matrix, cells, experiment.malignant, ambient)
    known = {
        "root": root,
        "ambient": soup,
        "time_courses": courses,
        "times": _times_frame(experiment),
        "model": _model(basis.embedding, made.learned, gene_names),
        "methods": [*_methods(basis, experiment, options), rooted, why, *made.methods],
    }
    result = _judged(basis, made, options, method=method, known=known)
    return result.over(experiment.malignant)
