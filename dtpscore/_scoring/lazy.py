"""Score a dask array into dask arrays: a graph that reads nothing until it is asked.

One task per partition makes all results of its cells, so that asking for several of
them together reads the matrix once. Methods that need the sums of each gene first
read it twice, as they do elsewhere, so that no partition stays in memory until the
sums of all are known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._matrix.partitions import read_again
from dtpscore._methods.registry import METHODS, needs_totals
from dtpscore._methods.run import Scoring
from dtpscore._methods.scorers import Setup
from dtpscore._methods.strata import GeneTotals, partition_totals
from dtpscore._scoring.checks import N_CHECKS, encoded
from dtpscore._scoring.collect import Collected
from dtpscore._scoring.prepare import Prepared, prepare
from dtpscore._values import judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from dtpscore._axes import AxisMean
    from dtpscore._options.score import ScoreOptions
    from dtpscore._scoring.record import ScoreRecord
    from dtpscore.signatures import Signature

# Sums of partitions that one task adds up; each is half a megabyte.
_MERGED = 16


@dataclass(frozen=True)
class LazyScores:
    """Scores that are not computed yet, with the record of how they will be.

    Attributes
    ----------
    record
        How they will be made.
    tables
        dask arrays over cells, with chunks as the matrix has them: ``score`` and with
        control ``z`` and ``pvalue``, one column per signature; ``axes``, one column per
        axis, where there are any; ``checks``, what the partition of the cell looks
        like (as ``dtpscore._scoring.checks.encoded``).
    """

    record: ScoreRecord
    tables: dict[str, Any]


@dataclass(frozen=True)
class _Ready:
    """All that a partition is scored with; one entry of the graph that tasks share.

    Attributes
    ----------
    scoring
        Scores rows.
    means
        Averages them into axes.
    starts
        First row of each partition.
    """

    scoring: Scoring
    means: list[AxisMean]
    starts: list[int]


@dataclass(frozen=True)
class _Plan:
    """Makes a `_Ready` once the sums of genes are known."""

    method: str
    setup: Setup
    chunk_size: int | None
    means: list[AxisMean]
    starts: list[int]

    def ready(self, totals: GeneTotals | None) -> _Ready:
        setup = replace(self.setup, totals=totals)
        scoring = Scoring.of(METHODS[self.method], setup, self.chunk_size)
        return _Ready(scoring, self.means, self.starts)


def score_lazily(
    matrix: Any,
    gene_names: Iterable[str],
    signatures: Sequence[Signature],
    options: ScoreOptions,
) -> LazyScores:
    """Score every cell of a dask array on every signature, later.

    Numbers are those of ``dtpscore._scoring.run.score_matrix``, which has the
    parameters. Errors and warnings about genes and options come now; errors about
    values come when a table is computed.
    """
    from dask.delayed import delayed

    prepared = prepare(matrix, gene_names, signatures, options)
    rows, plan = prepared.source.lazy, _plan(prepared, options)
    if needs_totals(METHODS[options.method], options, control=options.control):
        # Options that do not fit the method are refused now, and not by a worker.
        plan.ready(GeneTotals.zeros(prepared.net.n_genes))
        ready = delayed(plan.ready)(_totals(rows, plan))
        rows = read_again(rows)
    else:
        ready = delayed(plan.ready(None), traverse=False)
    columns = _columns(prepared, control=options.control)
    edges = np.cumsum([0, *(width for width, _ in columns.values())]).tolist()
    table = rows.map_blocks(
        _table,
        ready=ready,
        chunks=(rows.chunks[0], (edges[-1],)),
        dtype=np.float64,
        meta=np.empty((0, 0)),
    )
    tables = {
        name: table[:, start:stop].astype(dtype)
        for (name, (_, dtype)), start, stop in zip(
            columns.items(), edges[:-1], edges[1:], strict=True
        )
    }
    return LazyScores(prepared.record, tables)


def _plan(prepared: Prepared, options: ScoreOptions) -> _Plan:
    setup = Setup(prepared.net, options, control=options.control)
    starts = np.cumsum([0, *prepared.source.lazy.chunks[0][:-1]]).tolist()
    return _Plan(options.method, setup, options.chunk_size, prepared.means, starts)


def _columns(prepared: Prepared, *, control: bool) -> dict[str, tuple[int, type]]:
    """List the tables that `_table` makes: number of columns and their type."""
    k = len(prepared.net.names)
    found: dict[str, tuple[int, type]] = {"score": (k, np.float32)}
    if control:
        found |= {"z": (k, np.float32), "pvalue": (k, np.float64)}
    if prepared.means:
        found["axes"] = (len(prepared.means), np.float32)
    return {**found, "checks": (N_CHECKS, np.float64)}


def _totals(rows: Any, plan: _Plan) -> Any:
    """Sum each gene over all cells; sums of partitions are added up in a tree."""
    from dask.delayed import delayed

    chunks = rows.to_delayed().ravel()
    normalize, n_genes = plan.setup.options.normalize, plan.setup.net.n_genes
    sums, add = delayed(partition_totals), delayed(GeneTotals.sum)
    level = [
        sums(chunk, start, chunk_size=plan.chunk_size, normalize=normalize)
        for chunk, start in zip(chunks, plan.starts, strict=True)
    ]
    while len(level) > 1:
        groups = range(0, len(level), _MERGED)
        level = [add(level[first : first + _MERGED], n_genes) for first in groups]
    return level[0]


def _table(chunk: Any, ready: _Ready, block_id: tuple[int, int]) -> NDArray[np.float64]:
    """All results of the cells of a partition, side by side."""
    part = ready.scoring.partition(chunk, ready.starts[block_id[0]])
    n_cells, k = part.scores.shape
    found = Collected.empty(
        n_cells, k, ready.means, control=part.z is not None, scratch=None
    )
    found.put(slice(0, n_cells), part)
    checks = np.tile(encoded(judge(chunk)), (n_cells, 1))
    tables: tuple[Any, ...] = (
        found.scores,
        found.z,
        found.pvalue,
        found.axes,
        checks,
    )
    return np.column_stack([table for table in tables if table is not None])
