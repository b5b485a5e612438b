"""Expression of every sample: one profile over genes per library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._enrichment import ranking
from dtpscore._enrichment.contrast import sum_units
from dtpscore._matrix import blocks
from dtpscore._values import judge
from dtpscore._warn import warn
from dtpscore.errors import InputWarning

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._compare.samples import Samples
    from dtpscore._design import Design

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Profiles:
    """Log expression of every library.

    Attributes
    ----------
    values
        float64 (libraries, genes).
    genes
        int64 (genes,), columns of the matrix. Genes with fewer than ten counts over
        all libraries are left out.
    how
        What was made of the values, as part of a sentence.
    of_cell
        int64 (cells,), row of the library of each cell; -1 for one that takes no part.
    """

    values: FloatArray
    genes: IntArray
    how: str
    of_cell: IntArray

    def of(self, samples: Samples) -> FloatArray:
        """Take the profiles of the samples of an arm, in their order."""
        code = samples.code
        first = [int(np.argmax(code == one)) for one in range(len(samples.treated))]
        return self.values[self.of_cell[first]]


def library_profiles(matrix: Any, design: Design, *, step: str) -> Profiles:
    """Sum the cells of every library and bring the sums to one depth, in one pass.

    Counts are summed and brought to log2 counts per million; log values are averaged.

    Parameters
    ----------
    matrix
        Cells by genes, in any form that ``dtpscore._matrix.blocks`` reads.
    design
        The experiment.
    step
        What needs expression, for the error.

    Raises
    ------
    DataError
        The values cannot be compared.
    """
    source = blocks.source(matrix)
    values = judge(source)
    values.require_expression(step)
    if values.kind == "unclear":
        warn(
            f"{values.sentence} Check that this is the matrix that you mean.",
            InputWarning,
        )
    used = design.named & design.malignant
    of_cell = np.full(design.n_cells, -1, np.int64)
    of_cell[used] = np.unique(design.library[used], return_inverse=True)[1]
    sums, kept, how = sum_units(source, of_cell, values, by_cells=False)
    genes = np.flatnonzero(kept).astype(np.int64)
    return Profiles(ranking.profiles(sums)[:, genes], genes, how, of_cell)
