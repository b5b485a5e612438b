"""Rank the genes of one group against another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dtpscore._matrix import blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

Design = Literal["paired", "unpaired", "difference", "cells"]


@dataclass(frozen=True)
class Sums:
    """Sums over the cells of each unit, a sample of one group or a whole group.

    Attributes
    ----------
    total, squares
        float64, units by genes: sum of the values and of their squares.
    n_cells
        int64, cells of each unit.
    counts
        Whether the sums are of counts, so that those of a sample make a profile.
    """

    total: NDArray[np.float64]
    squares: NDArray[np.float64]
    n_cells: NDArray[np.int64]
    counts: bool


def unit_sums(
    matrix: Any,
    unit: NDArray[np.integer[Any]],
    *,
    counts: bool = False,
    normalize: bool = False,
) -> Sums:
    """Sum values and squares over the cells of each unit, in one pass.

    Cells are added one after another, so the sums do not depend on the blocks in
    which the matrix is read.

    Parameters
    ----------
    matrix
        Cells by genes, in any form that ``dtpscore._matrix.blocks`` reads.
    unit
        Unit of each cell, 0 upwards; -1 leaves a cell out.
    counts
        Whether the values are counts, as `dtpscore._values.judge` says.
    normalize
        Take log(1 + counts per 10,000) of each cell first.
    """
    source = blocks.source(matrix)
    n_units = int(unit.max()) + 1
    total = np.zeros(n_units * source.n_genes)
    squares = np.zeros_like(total)
    for block in source.blocks(normalize="log1p" if normalize else None):
        of_row = unit[block.start : block.stop]
        of_value = np.repeat(of_row, np.diff(block.indptr))
        kept = of_value >= 0
        place = of_value[kept].astype(np.int64) * source.n_genes + block.indices[kept]
        values = block.data[kept].astype(np.float64)
        np.add.at(total, place, values)
        np.add.at(squares, place, values**2)
    shape = (n_units, source.n_genes)
    return Sums(
        total=total.reshape(shape),
        squares=squares.reshape(shape),
        n_cells=np.bincount(unit[unit >= 0], minlength=n_units).astype(np.int64),
        counts=counts,
    )


def profiles(sums: Sums) -> NDArray[np.float64]:
    """Log expression of each unit.

    Counts are summed and brought to log2 counts per million with 0.5 added to each
    count and 1 to each total (Law et al. 2014, doi:10.1186/gb-2014-15-2-r29). Log
    values are averaged.

    Parameters
    ----------
    sums
        Sums of each unit.

    Returns
    -------
    float64, units by genes.
    """
    if not sums.counts:
        return sums.total / sums.n_cells[:, None]
    library = sums.total.sum(axis=1, keepdims=True)
    return np.log2((sums.total + 0.5) / (library + 1.0) * 1e6)


def _regularized(
    difference: NDArray[np.float64], error: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Divide a difference by its standard error plus a floor.

    The floor, the median standard error over genes, keeps genes with a small error
    by chance from leading the ranking (Tusher et al. 2001,
    doi:10.1073/pnas.091062498, who choose it by a search).
    """
    varying = error > 0
    if not varying.any():
        return difference
    return difference / (error + np.median(error[varying]))


def design_of(samples: list[str], reference: list[str]) -> Design:
    """Design that the samples of a group and of the reference allow.

    Parameters
    ----------
    samples, reference
        Names of the samples on each side.

    Returns
    -------
    ``"paired"`` where the same two or more samples are on both sides,
    ``"unpaired"`` with two or more samples on each side, else ``"difference"``.
    """
    if min(len(samples), len(reference)) < 2:
        return "difference"
    return "paired" if sorted(samples) == sorted(reference) else "unpaired"


def rank_samples(
    group: NDArray[np.float64], reference: NDArray[np.float64], design: Design
) -> NDArray[np.float64]:
    """Rank genes by samples.

    Parameters
    ----------
    group, reference
        Log expression, samples by genes; for ``"paired"`` in the same order.
    design
        What `design_of` gave.

    Returns
    -------
    One statistic per gene, positive where the group is higher: the difference of the
    means over its standard error plus a floor; for ``"difference"`` the difference
    alone.
    """
    difference = group.mean(axis=0) - reference.mean(axis=0)
    if design == "difference":
        return difference
    if design == "paired":
        pairs = group - reference
        return _regularized(difference, pairs.std(axis=0, ddof=1) / len(pairs) ** 0.5)
    error = np.sqrt(
        group.var(axis=0, ddof=1) / len(group)
        + reference.var(axis=0, ddof=1) / len(reference)
    )
    return _regularized(difference, error)


def rank_cells(sums: Sums, group: int, reference: int) -> NDArray[np.float64]:
    """Rank genes with the cell as the unit, which overstates what is known.

    Parameters
    ----------
    sums
        Sums of log values over the cells of each group.
    group, reference
        Rows of the two groups.

    Returns
    -------
    One statistic per gene: the difference of the means over its standard error plus
    a floor.
    """
    count = sums.n_cells[:, None].astype(np.float64)
    mean = sums.total / count
    variance = np.maximum(sums.squares / count - mean**2, 0.0) / count
    error = np.sqrt(variance[group] + variance[reference])
    return _regularized(mean[group] - mean[reference], error)
