"""Run a scoring method over a matrix, in threads or on a cluster.

Sums are taken in float64 in column order, so that scores are equal to the bit
whatever the block size, the number of threads, the sparse format or the float type
that holds the values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._kernels import _sums
from dtpscore._matrix import blocks
from dtpscore._matrix.partitions import each
from dtpscore._methods import scorers
from dtpscore._methods.registry import METHODS, Method, find_method, needs_totals
from dtpscore._methods.strata import gene_totals
from dtpscore._threads import in_order, n_threads
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dtpscore._options.score import ScoreOptions
    from dtpscore._types import MethodName, Net


_FIELDS = ("scores", "z", "pvalue")


@dataclass(frozen=True)
class MethodResult:
    """Scores of every cell.

    Attributes
    ----------
    scores
        float64 (cells, k); NaN columns where no gene of a signature was found.
    z
        float64 (cells, k): score minus its mean under the control, over its
        standard deviation; None without control.
    pvalue
        float64 (cells, k): two-sided normal p-value of z; None without control.
    """

    scores: NDArray[np.float64]
    z: NDArray[np.float64] | None = None
    pvalue: NDArray[np.float64] | None = None

    @classmethod
    def empty(cls, shape: tuple[int, int], *, control: bool) -> MethodResult:
        """Room for the scores of some cells."""
        return cls(*(np.empty(shape) for _ in (_FIELDS if control else _FIELDS[:1])))

    @classmethod
    def joined(cls, parts: list[MethodResult]) -> MethodResult:
        """Results of consecutive rows, as one."""
        if parts[0].z is None:
            return cls(np.concatenate([part.scores for part in parts]))
        return cls(
            *(
                np.concatenate([getattr(part, name) for part in parts])
                for name in _FIELDS
            )
        )

    def put(self, rows: slice, part: MethodResult) -> None:
        """Fill in the results of some rows."""
        for name in _FIELDS:
            if getattr(self, name) is not None:
                getattr(self, name)[rows] = getattr(part, name)


def run_method(
    matrix: Any,
    net: Net,
    *,
    method: str,
    options: ScoreOptions,
    control: bool = False,
    chunk_size: int | None = None,
    n_jobs: int | None = None,
) -> MethodResult:
    """Score every row of a matrix on every signature of a net.

    The control asks, for one cell and signature, how the score compares with that
    of random gene sets drawn without replacement from the same expression bins, up
    and down genes drawn together. Mean and variance of that null are exact (see
    ``_methods.strata``), there is no draw and no seed; only the p-value takes the
    null to be normal. It is a competitive test within one cell: it treats genes as
    exchangeable within their bin and ignores their correlation, so that p-values of
    co-expressed sets are too small, and it says nothing about cells as replicates.

    Parameters
    ----------
    matrix
        Cells x genes, of any kind that ``dtpscore._matrix.blocks.iter_blocks`` reads.
    net
        Signatures over the columns of the matrix.
    method
        A key of ``METHODS``.
    options
        Choices of the method.
    control
        Also compute the control z-score and p-value.
    chunk_size, n_jobs
        Rows per block and threads; neither changes a number.

    Returns
    -------
    Scores, and z-scores and p-values of the control.

    Raises
    ------
    DataError
        The matrix cannot be used, or has values below 0 and the method ranks them.
    ValueError
        The method is unknown, an option does not fit it, or it has no control.
    """
    source = blocks.source(matrix)
    result = MethodResult.empty((source.n_rows, len(net.names)), control=control)
    for rows, part in method_parts(
        source,
        net,
        method=method,
        options=options,
        control=control,
        chunk_size=chunk_size,
        n_jobs=n_jobs,
    ):
        result.put(rows, part)
    return result


def method_parts(
    source: blocks.Source,
    net: Net,
    *,
    method: str,
    options: ScoreOptions,
    control: bool,
    chunk_size: int | None,
    n_jobs: int | None,
) -> Iterator[tuple[slice, MethodResult]]:
    """Score as ``run_method`` does, and yield rows with their results as they come."""
    chosen = find_method(method, control=control)
    _check_width(source, net)
    n_workers = n_threads(n_jobs)
    totals = None
    if needs_totals(chosen, options, control=control):
        totals = gene_totals(
            source,
            chunk_size=chunk_size,
            normalize=options.normalize,
            n_workers=n_workers,
        )
    setup = scorers.Setup(net, options, totals, control)
    yield from _results(source, Scoring.of(chosen, setup, chunk_size), n_workers)


@dataclass(frozen=True)
class Scoring:
    """How to score rows; can be sent to another process.

    Attributes
    ----------
    method
        Name of the method.
    scorer
        Turns a block into scores.
    net
        Signatures over the columns of the matrix.
    options
        Choices of the method.
    chunk_size
        Rows per block.
    """

    method: MethodName
    scorer: scorers.Scorer
    net: Net
    options: ScoreOptions
    chunk_size: int | None

    @classmethod
    def of(
        cls, method: Method, setup: scorers.Setup, chunk_size: int | None
    ) -> Scoring:
        """Build the scorer of a method."""
        scorer = method.build(setup)
        return cls(method.name, scorer, setup.net, setup.options, chunk_size)

    def part(self, source: blocks.Source, part: blocks.Part) -> MethodResult:
        """Score rows that a source has read."""
        block = source.block(part, self.options.normalize)
        result = score_block(block, METHODS[self.method], self.scorer)
        return finished(result, self.net, self.options)

    def partition(self, chunk: Any, start: int) -> MethodResult:
        """Score rows in memory that are counted from ``start``."""
        source = blocks.source(chunk)
        done = [
            self.part(source, part.moved(start))
            for part in source.parts(self.chunk_size)
        ]
        return MethodResult.joined(done)


def _results(
    source: blocks.Source, scoring: Scoring, n_workers: int
) -> Iterator[tuple[slice, MethodResult]]:
    """Score rows in threads, or the partitions of a dask array where it computes."""
    if source.lazy is not None:
        yield from each(source.lazy, scoring.partition, n_workers=n_workers)
        return

    def score(part: blocks.Part) -> tuple[slice, MethodResult]:
        return slice(part.start, part.stop), scoring.part(source, part)

    parts = source.parts(scoring.chunk_size)
    yield from in_order(score, parts, n_workers=n_workers)


def score_block(
    block: blocks.Block, method: Method, scorer: scorers.Scorer
) -> MethodResult:
    """Score one block, which a method on ranks may refuse."""
    if method.on_ranks and block.negative_row >= 0:
        msg = (
            f"Row {block.negative_row} (counted from 0) has a value below 0. Method "
            f"{method.name!r} ranks the genes of a cell and takes 0 as 'not detected', "
            "so it needs counts or log-normalized values. The matrix looks scaled: "
            "pass the layer (or raw) that holds them."
        )
        raise DataError(msg)
    scores, z = scorer(block)
    if z is None:
        return MethodResult(scores)
    pvalue = np.empty_like(z)
    _sums.two_sided(z, pvalue)
    return MethodResult(scores, z, pvalue)


def finished(result: MethodResult, net: Net, options: ScoreOptions) -> MethodResult:
    """Clip if asked, and blank signatures without genes; changes the arrays."""
    if options.clip:
        np.maximum(result.scores, 0.0, out=result.scores)
    absent = net.n_found.reshape(-1, 2).sum(axis=1) == 0
    for array in (result.scores, result.z, result.pvalue):
        if array is not None:
            array[:, absent] = np.nan
    return result


def _check_width(source: blocks.Source, net: Net) -> None:
    if source.n_genes != net.n_genes:
        msg = (
            f"The matrix has {source.n_genes} columns, but the signatures were matched "
            f"to {net.n_genes} genes."
        )
        raise DataError(msg)
