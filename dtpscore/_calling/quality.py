"""Measure the quality of cells, and decide which cells take part in a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from dtpscore._design import listed
from dtpscore._matrix import blocks
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dtpscore._design import Design
    from dtpscore._options.call import CallOptions

# Usable cells that a reference sample needs. With fewer, neither its spread nor its
# place among the other samples can be measured.
FEWEST_OF_SAMPLE = 10
MITOCHONDRIAL = "MT-"


@dataclass(frozen=True)
class Quality:
    """What is counted in every cell before anything is changed.

    Attributes
    ----------
    counts
        float64 (cells,): the sum of the values.
    genes
        int64 (cells,): the number of genes with a value above 0.
    mitochondrial
        float64 (cells,): the share of the values in genes named MT-. It is NaN where
        there are no such genes.
    negative
        Some values are below 0.
    """

    counts: NDArray[np.float64]
    genes: NDArray[np.int64]
    mitochondrial: NDArray[np.float64]
    negative: bool


def measure(matrix: Any, gene_names: Sequence[str]) -> Quality:
    """Measure quality in one pass over the blocks of a matrix.

    Parameters
    ----------
    matrix
        Cells x genes, of any kind that ``dtpscore._matrix.blocks`` reads.
    gene_names
        Names of the columns.
    """
    source = blocks.source(matrix)
    mito = np.array(
        [str(gene).upper().startswith(MITOCHONDRIAL) for gene in gene_names]
    )
    counts, genes = np.zeros(source.n_rows), np.zeros(source.n_rows, np.int64)
    of_mito = np.zeros(source.n_rows)
    negative = False
    for block in source.blocks():
        rows = slice(block.start, block.stop)
        values = sp.csr_matrix(
            (block.data.astype(np.float64), block.indices, block.indptr),
            shape=(block.n_rows, block.n_genes),
        )
        counts[rows] = np.asarray(values.sum(axis=1)).ravel()
        genes[rows] = np.diff(block.indptr)
        of_mito[rows] = np.asarray(values[:, mito].sum(axis=1)).ravel()
        negative |= block.negative_row >= 0
    share = of_mito / np.maximum(counts, 1e-12)
    known = share if mito.any() else np.full_like(share, np.nan)
    return Quality(counts, genes, known, negative)


@dataclass(frozen=True)
class TakingPart:
    """Which cells take part.

    Attributes
    ----------
    used
        bool (cells,): cells that take part.
    low
        bool (cells,): malignant cells of low quality.
    messages, methods
        Sentences for the user, and for a methods section.
    """

    used: NDArray[np.bool_]
    low: NDArray[np.bool_]
    messages: list[str] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)


def low_quality(
    design: Design, quality: Quality, options: CallOptions
) -> NDArray[np.bool_]:
    """Cells that fail the limits of quality, or the user's own control."""
    # NaN, where the data have no mitochondrial genes, is not above the limit.
    mitochondrial = quality.mitochondrial > options.max_mitochondrial
    result: NDArray[np.bool_] = (
        design.failed | (quality.genes < options.min_genes) | mitochondrial
    )
    return result


def _limits_in_words(quality: Quality, options: CallOptions, n_low: int) -> str:
    limits = [f"fewer than {options.min_genes:,} detected genes"]
    if np.isfinite(quality.mitochondrial).all():
        limits.append(
            f"more than {100 * options.max_mitochondrial:g}% of their counts in "
            "mitochondrial genes"
        )
    if options.quality_key is not None:
        limits.append(f"a failed quality control in obs[{options.quality_key!r}]")
    return (
        f"Cells with {' or '.join(limits)} were set apart as low quality, in all "
        f"groups alike ({n_low:,} cells)."
    )


def _small_samples(
    design: Design, used: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], list[str]]:
    """Cells of reference samples that are too small to count, and their names."""
    small, names = np.zeros(len(used), bool), []
    own = used & design.reference
    for library in np.unique(design.library[own]):
        rows = own & (design.library == library)
        if rows.sum() < FEWEST_OF_SAMPLE:
            small |= rows
            names.append(f"{str(design.sample[rows][0])!r} ({rows.sum()})")
    return small, names


def taking_part(design: Design, quality: Quality, options: CallOptions) -> TakingPart:
    """Choose the cells of batches with enough reference cells.

    Parameters
    ----------
    design, quality
        The experiment and the quality of its cells.
    options
        The options of the run.

    Raises
    ------
    DataError
        No batch has enough reference cells, or there is nothing to call.
    """
    callable_cells = design.malignant & design.named
    low = low_quality(design, quality, options)
    found = TakingPart(callable_cells & ~low, callable_cells & low)
    found.methods.append(_limits_in_words(quality, options, int(found.low.sum())))
    n_unnamed = int((design.malignant & ~design.named).sum())
    if n_unnamed:
        verb = "cell has" if n_unnamed == 1 else "cells have"
        found.messages.append(
            f"{n_unnamed:,} {verb} no group, batch or sample in obs and "
            f"{'takes' if n_unnamed == 1 else 'take'} no part."
        )
    if options.reference is None:
        return found
    return _with_enough_reference(design, found, options)


def _with_enough_reference(
    design: Design, found: TakingPart, options: CallOptions
) -> TakingPart:
    """Leave out small reference samples, and batches with few reference cells."""
    small, names = _small_samples(design, found.used)
    used, messages = found.used & ~small, list(found.messages)
    if names:
        more = f" and {len(names) - 12} more" if len(names) > 12 else ""
        messages.append(
            f"Reference samples with fewer than {FEWEST_OF_SAMPLE} usable cells are "
            f"left out: {', '.join(names[:12])}{more}."
        )
    counts = {}
    for batch in np.unique(design.batch[design.malignant & design.named]):
        rows = design.batch == batch
        counts[str(batch)] = int((used & rows & design.reference).sum())
        if counts[str(batch)] < options.min_reference:
            used &= ~rows
            messages.append(
                f"Batch {str(batch)!r} has {counts[str(batch)]} usable reference "
                f"cells, fewer than {options.min_reference}: its cells are not called."
            )
    if not used.any():
        there = ", ".join(f"{n} in {batch!r}" for batch, n in counts.items())
        if len(counts) == 1:
            there = str(next(iter(counts.values())))
        msg = (
            f"Calls need {options.min_reference} usable cells of the reference group "
            f"{options.reference!r} in a batch; there are {there}. Samples with fewer "
            f"than {FEWEST_OF_SAMPLE} of them do not count. Check the limits min_genes "
            "and max_mitochondrial, or lower min_reference."
        )
        raise DataError(msg)
    if not (used & ~design.reference).any():
        groups = listed(name for name in design.groups if name != options.reference)
        msg = (
            f"No cell outside the reference group {options.reference!r} passes the "
            f"quality limits. Other groups are {groups}. Check min_genes and "
            "max_mitochondrial."
        )
        raise DataError(msg)
    return TakingPart(used, found.low, messages, found.methods)
