"""Axes, genes and signatures along an order that exists."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore import _genes, signatures
from dtpscore._axes import PROLIFERATION
from dtpscore._matrix import blocks
from dtpscore._ordering import curves, embedding, ordinal, trend_test
from dtpscore._ordering.axes import axis_features
from dtpscore._ordering.one_thread import one_blas_thread
from dtpscore._ordering.record import TrendsRecord
from dtpscore._values import judge
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dtpscore._matrix.blocks import Normalize, Source
    from dtpscore._options.order import OrderOptions
    from dtpscore._options.trends import TrendOptions
    from dtpscore._ordering.cells import Experiment
    from dtpscore._ordering.curves import Curves
    from dtpscore._ordering.record import OrderRecord

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]

# False discovery rate up to which a feature counts as moving along the path.
ALPHA = 0.05


@dataclass(frozen=True)
class KnownOrder:
    """An order as `dtpscore.tl.pseudotime` left it.

    Attributes
    ----------
    time
        Position of each cell, NaN allowed.
    record
        Its entry in ``uns``.
    options
        The options it was made with.
    experiment
        Annotation of the cells, read again.
    """

    time: FloatArray
    record: OrderRecord
    options: OrderOptions
    experiment: Experiment


@dataclass(frozen=True)
class _Features:
    """Values to follow over cells, the columns that each reads, and its kind.

    The columns are None where it is not known which genes a value reads.
    """

    table: pd.DataFrame
    columns: dict[str, IntArray | None]
    kinds: dict[str, str]


@dataclass(frozen=True)
class _Matrix:
    """The matrix of the cells that take part, and how it becomes log expression."""

    source: Source
    gene_names: Sequence[str]
    normalize: Normalize
    dropped: BoolArray


def gene_columns(gene_names: Sequence[str], genes: Sequence[str]) -> IntArray:
    """Find genes among the columns of the matrix.

    Raises
    ------
    DataError
        One is not there.
    """
    places = {name: place for place, name in enumerate(gene_names)}
    unknown = [gene for gene in genes if gene not in places]
    if unknown:
        msg = (
            f"The data have no gene {', '.join(map(repr, unknown[:5]))}. Gene names "
            f"look like {', '.join(map(repr, list(gene_names)[:3]))}."
        )
        raise DataError(msg)
    return np.asarray([places[gene] for gene in genes], np.int64)


def _axes(matrix: _Matrix, order: KnownOrder) -> _Features:
    axes = axis_features(
        matrix.source,
        matrix.gene_names,
        matrix.normalize,
        dropped=matrix.dropped,
        species=order.options.species,
    )
    values = axes.scores.assign(**{PROLIFERATION: axes.arrest})
    values = values.loc[:, values.notna().all()]
    columns = {**axes.columns, PROLIFERATION: np.empty(0, np.int64)}
    return _Features(values, dict(columns), dict.fromkeys(values.columns, "axis"))


def _with_genes(found: _Features, matrix: _Matrix, genes: Sequence[str]) -> _Features:
    if not genes:
        return found
    where = gene_columns(matrix.gene_names, genes)
    every = np.arange(len(matrix.gene_names))
    values = embedding.log_values(matrix.source, every, matrix.normalize, kept=where)
    own = pd.DataFrame(values.toarray().astype(float), columns=list(genes))
    return _Features(
        pd.concat([found.table, own], axis=1),
        {**found.columns, **{gene: where[[n]] for n, gene in enumerate(genes)}},
        {**found.kinds, **dict.fromkeys(genes, "gene")},
    )


def _with_scores(
    found: _Features, matrix: _Matrix, order: KnownOrder, scores: pd.DataFrame
) -> _Features:
    """Add signatures from a score frame; the genes of the shipped ones are known."""
    columns: dict[str, IntArray | None] = dict.fromkeys(scores.columns)
    shipped = set(signatures.available().index)
    known = [signatures.load(name) for name in scores if name in shipped]
    if known:
        net = _genes.match(
            known, list(matrix.gene_names), species_of_data=order.options.species
        ).net
        for place, signature in enumerate(known):
            first, last = net.offsets[2 * place], net.offsets[2 * place + 2]
            columns[signature.name] = net.genes[first:last].astype(np.int64)
    return _Features(
        pd.concat([found.table, scores.reset_index(drop=True)], axis=1),
        {**found.columns, **columns},
        {**found.kinds, **dict.fromkeys(scores.columns, "signature")},
    )


def _gene_model(matrix: _Matrix, order: KnownOrder) -> trend_test.GeneModel | None:
    """Take the genes of an order; None where it was made of other things."""
    record, options = order.record, order.options
    other = options.use_rep or options.neighbors_key
    if other or record.model is None or record.method == "palantir":
        return None
    cells = order.experiment.cells
    table = record.model.loadings
    columns = table["column"].to_numpy(dtype=np.int64)
    loadings = table.drop(columns="column").to_numpy(dtype=np.float64)
    weights = None
    if record.method == "ordinal" and record.model.coefficients is not None:
        weights = loadings @ record.model.coefficients.to_numpy(dtype=np.float64).T
    usable = np.flatnonzero(~matrix.dropped)
    return trend_test.GeneModel(
        time=order.time,
        values=embedding.log_values(
            matrix.source,
            usable,
            matrix.normalize,
            kept=np.searchsorted(usable, columns),
        ),
        columns=columns,
        loadings=loadings,
        weights=weights,
        fold=ordinal.folds(cells, options.seed),
        root=int(cells.names.get_loc(record.root)),
        n_neighbors=options.n_neighbors,
        n_dcs=options.n_dcs,
        seed=options.seed,
    )


def _first_movers(frame: pd.DataFrame) -> list[str]:
    moving = frame[frame["rank"].notna()].sort_values("onset", kind="stable")
    if moving.empty:
        return ["No axis, gene or signature moves along the path beyond chance."]
    limits = moving[["onset", "onset_low", "onset_high"]].head(3)
    axes = signatures.axes()
    text = "; ".join(
        f"{axes[name].title if name in axes else name} "
        f"({at:.2f}, {low:.2f} to {high:.2f})"
        for name, at, low, high in limits.itertuples()
    )
    found = [f"First to be half way, with the position on the path: {text}."]
    if len(moving) > 1 and moving["rank_high"].iloc[0] > moving["rank_low"].iloc[1]:
        found.append(
            "The intervals of the first ones overlap, so the data do not tell which "
            "moves first."
        )
    return found


def _about_tests(orders: dict[str, FloatArray | None]) -> list[str]:
    """Say which features have no p-value, and why."""
    without = [name for name, order in orders.items() if order is None]
    if not without:
        return []
    if len(without) == len(orders):
        return [
            "There are no p-values: the order was made of something whose genes cannot "
            "be taken out, so a test would be circular."
        ]
    return [
        f"There is no p-value for {', '.join(without)}: it is not known which genes "
        "these scores read, so a test would be circular."
    ]


def _curves_frame(found: Curves, names: Sequence[str]) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "feature": np.repeat(np.asarray(names, dtype=object), found.grid.size),
            "pseudotime": np.tile(found.grid, len(names)),
            "mean": found.mean.T.ravel(),
            "low": found.low.T.ravel(),
            "high": found.high.T.ravel(),
        }
    )
    # h5ad files keep the names of rows as text.
    frame.index = frame.index.astype(str)
    return frame


def _record(
    options: TrendOptions,
    frame: pd.DataFrame,
    found: Curves,
    *,
    orders: dict[str, FloatArray | None],
    method: str,
) -> TrendsRecord:
    messages = [*_first_movers(frame), *_about_tests(orders)]
    if found.unit == "cells":
        messages.append(
            "There are fewer than four samples, so intervals are over cells and do not "
            "include the spread between samples."
        )
    tested = any(order is not None for order in orders.values())
    return TrendsRecord(
        params=options.model_dump(exclude_none=True),
        features=frame,
        curves=_curves_frame(found, list(frame.index)),
        interval_unit=found.unit,
        methods=[
            *(trend_test.how_tested(method, options.n_permutations) if tested else []),
            curves.how_fitted(found.unit, options.n_bootstrap),
        ],
        messages=messages,
    )


@one_blas_thread()
def find_trends(
    matrix: Any,
    gene_names: Sequence[str],
    order: KnownOrder,
    options: TrendOptions,
    *,
    scores: pd.DataFrame | None = None,
) -> TrendsRecord:
    """Follow every axis, and some genes and signatures, along an order.

    Parameters
    ----------
    matrix
        Cells by genes, the one the order was made on.
    gene_names
        Names of the columns.
    order
        The order.
    options
        Genes to follow beside the axes, draws and seed.
    scores
        Scores of the signatures to follow, over all cells.

    Raises
    ------
    DataError
        A gene is not in the data, or no cell has a position.
    """
    malignant, cells = order.experiment.malignant, order.experiment.cells
    order = replace(order, time=order.time[malignant])
    source = embedding.only_rows(blocks.source(matrix), malignant)
    values = judge(source)
    values.require_expression("Following genes along an order")
    dropped = embedding.left_out(gene_names, species=order.options.species)
    read = _Matrix(source, gene_names, values.normalize, dropped)
    followed = _with_genes(_axes(read, order), read, options.genes)
    if scores is not None:
        followed = _with_scores(followed, read, order, scores[malignant])
    used = ~cells.holiday & ~np.isnan(order.time)
    if not used.any():
        msg = "No cell outside the holiday groups has a position on the path."
        raise DataError(msg)
    model = _gene_model(read, order)
    orders = {
        name: None if model is None or columns is None else model.without(columns)[used]
        for name, columns in followed.columns.items()
        if name in followed.table
    }
    table, samples = followed.table[used], cells.sample[used]
    tested = trend_test.tested(
        table,
        orders,
        samples,
        n_permutations=options.n_permutations,
        seed=options.seed,
    )
    found = curves.curves(
        table,
        order.time[used],
        samples,
        moving=(tested["q"] <= ALPHA).to_numpy(),
        n_bootstrap=options.n_bootstrap,
        seed=options.seed,
    )
    frame = tested.join(found.onset)
    frame.insert(0, "kind", [followed.kinds[name] for name in frame.index])
    return _record(options, frame, found, orders=orders, method=order.record.method)
