"""Bring all libraries of a batch to one distribution of depth."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from dtpscore._matrix import blocks
from dtpscore._threads import in_order, n_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dtpscore._design import Design
    from dtpscore._values import Values

# Libraries with fewer cells do not show how deep they are.
_FEWEST_OF_LIBRARY = 10
# A batch whose libraries differ by more than this in median depth gets a message.
_DEPTH_RATIO = 1.2
# Bytes of drawn counts that are kept for the next time the same rows are read.
_MOST_KEPT = 2**29


def large(depths: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Libraries with enough cells to show their depth; all where none has enough.

    Parameters
    ----------
    depths
        Counts of the cells of each library.
    """
    return [depth for depth in depths if len(depth) >= _FEWEST_OF_LIBRARY] or depths


def kept_share(
    counts: NDArray[np.float64], library: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Share of its counts that each cell keeps so that libraries match in depth.

    The common distribution has, at every quantile, the smallest depth that any
    library has there. Cells keep their rank within their library. Libraries of fewer
    than ten cells have no say, or one shallow cell would thin all others.

    Parameters
    ----------
    counts
        Depth of every cell of one batch.
    library
        Library of every cell.

    Returns
    -------
    float64 (cells,), above 0 and at most 1.
    """
    from scipy import stats

    names = np.unique(library)
    level = np.empty(len(counts))
    for name in names:
        rows = library == name
        level[rows] = (stats.rankdata(counts[rows]) - 0.5) / rows.sum()
    depths = [counts[library == name] for name in names]
    target = np.min(
        [np.quantile(depth, level, method="hazen") for depth in large(depths)], axis=0
    )
    result: NDArray[np.float64] = np.clip(target / np.maximum(counts, 1), 0.0, 1.0)
    return result


@dataclass
class _Draws:
    """Counts that are drawn when their rows are read, and kept while there is room.

    A call reads the matrix several times, and drawing takes longer than reading. What
    was drawn is kept in as few bytes as the largest count needs.

    Attributes
    ----------
    share
        float64 (cells,): the share of the counts that each cell keeps.
    keys
        A number made from the name of each cell.
    seed
        Seed of the draws.
    room
        Bytes that may still be kept.
    workers
        Threads that draw.
    kept
        Counts by first and last row (exclusive).
    """

    share: NDArray[np.float64]
    keys: list[int]
    seed: int
    room: int
    workers: int
    kept: dict[tuple[int, int], NDArray[np.unsignedinteger[Any]]] = field(
        default_factory=dict
    )

    def of(self, block: blocks.Block, start: int, stop: int) -> NDArray[np.float32]:
        """Give the counts of these rows, where ``block`` has a count."""
        found = self.kept.get((start, stop))
        if found is not None:
            return found.astype(np.float32)
        data = self._drawn(block, start, stop)
        small = data.astype(np.min_scalar_type(int(data.max(initial=0))))
        if small.nbytes <= self.room:
            self.room -= small.nbytes
            self.kept[start, stop] = small
        return data

    def _drawn(self, block: blocks.Block, start: int, stop: int) -> NDArray[np.float32]:
        data = np.rint(block.data).astype(np.float32)

        def draw(rows: NDArray[np.int64]) -> None:
            for row in rows:
                cell = slice(block.indptr[row], block.indptr[row + 1])
                entropy = [self.seed, self.keys[start + row]]
                rng = np.random.Generator(np.random.PCG64(entropy))
                keep = self.share[start + row]
                data[cell] = rng.binomial(data[cell].astype(np.int64), keep)

        parts = np.array_split(np.flatnonzero(self.share[start:stop] < 1), self.workers)
        for _ in in_order(draw, parts, n_workers=self.workers):
            pass
        return data


def thinned(
    matrix: Any,
    share: NDArray[np.float64],
    names: Sequence[str],
    *,
    seed: int,
    n_jobs: int | None = None,
) -> blocks.Source:
    """Thin the counts of every cell binomially, when its rows are read.

    The draw depends on the name of the cell and the seed alone, so it does not change
    with the order of cells, the storage or the block size. Counts with decimals are
    rounded to whole numbers first, in cells that keep all their counts as well, so
    that no library is treated in another way.

    Parameters
    ----------
    matrix
        Counts, cells x genes.
    share
        float64 (cells,): the share of the counts that each cell keeps; 1 leaves it
        as it is.
    names
        Names of the cells.
    seed
        Seed of the draw.
    n_jobs
        Threads that draw; None for as many as numba uses.
    """
    source = blocks.source(matrix)
    keys = [zlib.crc32(str(name).encode()) for name in names]
    draws = _Draws(share, keys, seed, _MOST_KEPT, n_threads(n_jobs))

    def read(start: int, stop: int) -> sp.csr_matrix:
        part = blocks.Source(
            stop - start,
            source.n_genes,
            lambda a, b: source.read(start + a, start + b),
            source.row_values,
        )
        block = next(iter(part.blocks(chunk_size=max(1, stop - start))))
        data = draws.of(block, start, stop)
        return sp.csr_matrix(
            (data, block.indices, block.indptr), shape=(stop - start, source.n_genes)
        )

    return blocks.Source(
        source.n_rows,
        source.n_genes,
        read,
        source.row_values,
        source.ahead,
        source.edges,
    )


@dataclass(frozen=True)
class DepthMatch:
    """How the libraries are brought to one depth.

    Attributes
    ----------
    share
        float64 (cells,): the share of its counts that each cell keeps.
    messages, methods
        Sentences for the user, and for a methods section.
    """

    share: NDArray[np.float64]
    messages: list[str] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)

    @property
    def thins(self) -> bool:
        """Whether any cell loses counts."""
        return bool((self.share < 1).any())


def match_depth(
    design: Design,
    used: NDArray[np.bool_],
    counts: NDArray[np.float64],
    values: Values,
    *,
    wanted: bool,
) -> DepthMatch:
    """Decide which share of its counts each cell keeps.

    Parameters
    ----------
    design
        The experiment.
    used
        Cells that take part.
    counts
        Depth of the cells.
    values
        What the values of the matrix are. Only counts can be thinned.
    wanted
        Whether libraries are to be matched in depth.

    Returns
    -------
    The shares, and a message for each batch whose libraries differ more than 1.2-fold
    in median depth.
    """
    found = DepthMatch(np.ones(len(used)))
    batches = np.unique(design.batch[used])
    matched = wanted and values.are_counts
    differing = []
    for batch in batches:
        rows = used & (design.batch == batch)
        depths = [
            counts[rows & (design.library == library)]
            for library in np.unique(design.library[rows])
        ]
        medians = [float(np.median(depth)) for depth in large(depths)]
        if matched:
            found.share[rows] = kept_share(counts[rows], design.library[rows])
        least = min(medians)
        ratio = max(medians) / max(least, 1e-9)
        if ratio > _DEPTH_RATIO:
            differing.append((str(batch), ratio, least))
    for batch, ratio, least in differing:
        where = f" of batch {batch!r}" if len(batches) > 1 else ""
        if matched:
            done = (
                "their counts were thinned to the shallowest, which has "
                f"{least:,.0f} in a median cell"
            )
        elif values.are_counts:
            done = "they were not matched, because match_depth is off"
        else:
            done = "they could not be matched, because the values are not counts"
        found.messages.append(
            f"The libraries{where} differ {ratio:.1f}-fold in median depth; {done}."
        )
    found.methods.append(_in_words(values, wanted=wanted, thins=found.thins))
    if found.thins and not values.whole:
        found.messages.append(
            "The counts have decimals. They were rounded to whole numbers before they "
            "were thinned."
        )
    return found


def _in_words(values: Values, *, wanted: bool, thins: bool) -> str:
    """Say what was done about depth, as it was done."""
    if thins:
        first = "" if values.whole else "Counts were rounded to whole numbers. "
        return (
            f"{first}Counts were thinned at random (binomially), so that all libraries "
            "of a batch have one distribution of depth."
        )
    if not wanted:
        return "Libraries were not matched in depth."
    if not values.are_counts:
        return "Libraries were not matched in depth, because the values are not counts."
    return (
        "No counts were thinned, because no library of a batch was deeper than another."
    )
