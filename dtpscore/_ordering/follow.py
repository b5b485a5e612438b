"""Axes and genes along an order that exists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore import signatures
from dtpscore._matrix import blocks
from dtpscore._ordering import recipe, trend_test, trends, without
from dtpscore._ordering.axes import axis_features
from dtpscore._ordering.one_thread import one_blas_thread
from dtpscore.errors import DataError, OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from dtpscore._matrix.blocks import Source
    from dtpscore._ordering.design import Design
    from dtpscore._ordering.trends import Curves
    from dtpscore._types import Species

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

ALPHA = 0.05


@dataclass(frozen=True)
class Order:
    """An order as `dtpscore.tl.pseudotime` left it.

    Attributes
    ----------
    time
        Position of each cell, NaN allowed.
    record
        Its entry in ``uns``.
    design
        Annotation of the cells, read again.
    """

    time: FloatArray
    record: Mapping[str, Any]
    design: Design


@dataclass(frozen=True)
class TrendOptions:
    """Choices for trends; see `dtpscore.tl.trends`."""

    n_permutations: int = 999
    n_bootstrap: int = 500
    random_state: int = 0

    def __post_init__(self) -> None:
        for name in ("n_permutations", "n_bootstrap"):
            if getattr(self, name) < 19:
                msg = f"{name} must be 19 or more, not {getattr(self, name)}."
                raise OptionError(msg)


@dataclass(frozen=True)
class TrendResult:
    """Curves, one row a feature with test and onset, and sentences."""

    curves: Curves
    features: pd.DataFrame
    messages: list[str]


@dataclass(frozen=True)
class _Features:
    """Values to follow, the columns each reads, and what kind each is."""

    table: pd.DataFrame
    columns: dict[str, IntArray]
    kinds: dict[str, str]


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


def _features(
    source: Source,
    gene_names: Sequence[str],
    genes: Sequence[str],
    *,
    dropped: NDArray[np.bool_],
    species: Species,
) -> _Features:
    normalize = recipe.needs_log(source)
    axes = axis_features(
        source,
        gene_names,
        normalize,
        dropped=dropped,
        species=species,
    )
    values = axes.scores.assign(**{recipe.PROLIFERATION: axes.arrest})
    values = values.loc[:, values.notna().all()]
    kinds = dict.fromkeys(values.columns, "axis")
    columns = {**axes.columns, recipe.PROLIFERATION: np.empty(0, np.int64)}
    if genes:
        where = gene_columns(gene_names, genes)
        every = recipe.log_values(source, np.arange(len(gene_names)), normalize)
        own = pd.DataFrame(every[:, where].toarray().astype(float), columns=list(genes))
        values = pd.concat([values, own], axis=1)
        kinds.update(dict.fromkeys(genes, "gene"))
        columns.update({gene: where[[n]] for n, gene in enumerate(genes)})
    return _Features(values, columns, kinds)


def _model(
    source: Source, dropped: NDArray[np.bool_], order: Order
) -> without.OrderModel | None:
    """Rebuild what the order was made of; None where it was made of other things."""
    record, params = order.record, order.record["params"]
    brought = params.get("use_rep") or params.get("neighbors_key")
    if brought or "model" not in record or record["method"] == "palantir":
        return None
    table = record["model"]["loadings"]
    columns = table["column"].to_numpy(dtype=np.int64)
    loadings = table.drop(columns="column").to_numpy(dtype=np.float64)
    coefficients = None
    if record["method"] == "ordinal":
        coefficients = record["model"]["coefficients"].to_numpy(dtype=np.float64)
    usable = np.flatnonzero(~dropped)
    values = recipe.log_values(source, usable, recipe.needs_log(source))
    return without.OrderModel(
        time=order.time,
        values=values[:, np.searchsorted(usable, columns)],
        columns=columns,
        loadings=loadings,
        weights=without.gene_weights(loadings, coefficients),
        fold=without.model_folds(order.design, params),
        root=order.design.cells.get_loc(record["root"]),
        params=params,
    )


def _first_movers(frame: pd.DataFrame) -> list[str]:
    moving = frame[frame["rank"].notna()].sort_values("onset", kind="stable")
    if moving.empty:
        return ["No axis or gene moves along the path beyond chance."]
    limits = moving[["onset", "onset_low", "onset_high"]].head(3)
    axes = signatures.axes()
    text = "; ".join(
        f"{axes[name].title if name in axes else name} "
        f"({at:.2f}, {low:.2f} to {high:.2f})"
        for name, at, low, high in limits.itertuples()
    )
    said = [f"First to be half way, with the position on the path: {text}."]
    if len(moving) > 1 and moving["rank_high"].iloc[0] > moving["rank_low"].iloc[1]:
        said.append("The intervals of the first ones overlap: which is first is open.")
    return said


@one_blas_thread()
def find_trends(
    matrix: Any,
    gene_names: Sequence[str],
    order: Order,
    *,
    genes: Sequence[str] = (),
    options: TrendOptions,
) -> TrendResult:
    """Follow every axis, and some genes, along an order.

    Parameters
    ----------
    matrix
        Cells by genes, the one the order was made on.
    gene_names
        Names of the columns.
    order
        The order.
    genes
        Genes to follow beside the axes.
    options
        Draws and seed.

    Raises
    ------
    DataError
        A gene is not in the data, or no cell has a position.
    """
    source = blocks.source(matrix)
    species = order.record["params"]["species"]
    dropped = recipe.left_out(gene_names, species=species)
    followed = _features(source, gene_names, genes, dropped=dropped, species=species)
    used = ~order.design.holiday & ~np.isnan(order.time)
    if not used.any():
        msg = "No cell outside the holiday groups has a position on the path."
        raise DataError(msg)
    model = _model(source, dropped, order)
    orders = {
        name: None if model is None else model.without(columns)[used]
        for name, columns in followed.columns.items()
    }
    values, samples = followed.table[used], order.design.sample[used]
    tested = trend_test.tested(
        values,
        orders,
        samples,
        n_permutations=options.n_permutations,
        random_state=options.random_state,
    )
    found = trends.curves(
        values,
        order.time[used],
        samples,
        moving=(tested["q"] <= ALPHA).to_numpy(),
        n_bootstrap=options.n_bootstrap,
        random_state=options.random_state,
    )
    frame = tested.join(found.onset)
    frame.insert(0, "kind", [followed.kinds[name] for name in frame.index])
    said = _first_movers(frame)
    if model is None:
        said.append(
            "No p-values: the order was made of something whose genes cannot be taken "
            "out, so a test would be circular."
        )
    if found.unit == "cells":
        said.append(
            "There are fewer than four samples, so intervals are over cells and hold "
            "nothing of the spread between samples."
        )
    return TrendResult(found, frame, said)
