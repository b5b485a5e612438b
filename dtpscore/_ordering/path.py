"""The whole way from a matrix and its annotation to an order with its checks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._matrix import blocks
from dtpscore._ordering import checks, recipe
from dtpscore._ordering.axes import axis_features
from dtpscore._ordering.design import read_design
from dtpscore._ordering.extras import check_extras
from dtpscore._ordering.judge import Basis, judge, model, stability, time_courses
from dtpscore._ordering.make import choose, make
from dtpscore._ordering.messages import messages
from dtpscore._ordering.one_thread import one_blas_thread
from dtpscore._ordering.options import OrderMethod, PathOptions, Representation
from dtpscore._ordering.root import low_index, medoids

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._matrix.blocks import Source
    from dtpscore._ordering.design import Design, Keys

    FloatArray = NDArray[np.float64]


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
    fate
        Probability to come to the cycling end, all NaN unless both ends exist.
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
    fate: FloatArray
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
    source: Source = blocks.source(matrix)
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


@one_blas_thread()
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
        Cells by genes, in any form that ``dtpscore._matrix.blocks`` reads.
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
        The neighbor graph does not lead from the root to the other cells, or a
        package that is asked for is not installed.
    """
    check_extras(options)
    design = read_design(obs, keys)
    brought = brought or Representation()
    basis = _read(
        matrix, gene_names, design, options, features=brought.features, index=index
    )
    courses = time_courses(basis, options.random_state)
    method = choose(
        options.method, design, is_progress=checks.time_is_progress(courses)
    )
    roots = medoids(
        basis.features, low_index(design.root, basis.index), options.n_roots
    )
    made = make(basis, roots, brought, options=options, method=method)
    judged = judge(
        basis,
        made.orders,
        method,
        found=made.found,
        fates=options.fates,
        random_state=options.random_state,
    )
    record = {
        "root": str(design.cells[roots[0]]),
        **judged.record,
        "stability": stability(made.found, made.learned),
        "model": model(basis.embedding, made.learned),
    }
    if len(courses):
        record["time_courses"] = courses
    said, warned = messages(record, design, asked=options.method)
    return PathResult(
        method=method,
        orders=made.orders,
        spreads=made.spreads,
        place=judged.place,
        end=judged.end,
        fate=judged.fate,
        record=record,
        messages=said,
        warnings=warned,
    )
