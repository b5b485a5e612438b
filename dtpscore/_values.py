"""Judge what the values of a matrix are: counts, normalized, log or scaled values."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import scipy.sparse as sp

from dtpscore._matrix import blocks
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._matrix.blocks import Normalize, Source

Kind: TypeAlias = Literal[
    "counts", "fractional counts", "normalized", "log", "scaled", "unclear"
]

# The cells that are looked at: so many stretches of so many neighboring cells, evenly
# spread, because files are often sorted by library.
_STRETCHES, _STRETCH = 8, 64
# No log-normalized expression value comes near this; counts of a cell exceed it.
LOG_CEILING = 25.0
# A share of whole numbers from which decimals are the exception, as after alevin.
_MOSTLY_WHOLE = 0.5
# Sums of normalized cells differ by less than this (coefficient of variation).
_SAME_SUM = 0.02
# Sums of TPM over a part of the genes still lie near a million.
_TPM_SUMS, _TPM_SPREAD = (5e5, 1.05e6), 0.15
# A cell shows its unit where this share of its values are whole multiples of it.
_OF_UNIT, _UNIT_ERROR, _UNIT_VALUES = 0.95, 0.02, 10
# Only small multiples tell, and a unit can be a half or a third of the least value.
_UNIT_LARGEST, _UNIT_PARTS = 50.0, (1, 2, 3)
# Shallow counts with decimals stay below the ceiling; most of them are one molecule.
_SHALLOW_TAIL = 8.0
# Cells of two kinds are mixed where each kind has at least this share of the cells.
_MIXED = 0.05

# Words for each kind, as messages and methods sections say it.
WORDS: dict[str, str] = {
    "counts": "counts",
    "fractional counts": "counts with decimals",
    "normalized": "normalized, but not log-transformed, values",
    "log": "log-transformed values",
    "scaled": "scaled or centered values",
    "unclear": "values of an unclear kind",
}


@dataclass(frozen=True)
class Values:
    """What the values of a matrix are, and what that was concluded from.

    Attributes
    ----------
    kind
        ``"counts"``: whole numbers. ``"fractional counts"``: counts with decimals, as
        SoupX, DecontX, RSEM and alevin make them. ``"normalized"``: every cell is
        scaled to a total, as in TPM or counts per 10,000, without a logarithm.
        ``"log"``: log-transformed. ``"scaled"``: some values are below 0.
        ``"unclear"``: none of these, such as values of 0 and 1 alone.
    whole
        Every value that was looked at is a whole number.
    smallest, largest
        Smallest and largest value, zeros included.
    n_cells
        Number of cells that were looked at.
    reason
        What the judgment rests on, as a sentence.
    n_detected
        Median number of genes with a value in the cells that have any.
    """

    kind: Kind
    whole: bool
    smallest: float
    largest: float
    n_cells: int
    reason: str
    n_detected: float = 0.0

    @property
    def are_counts(self) -> bool:
        """Whether the values are counts, with or without decimals."""
        return self.kind in ("counts", "fractional counts")

    @property
    def normalize(self) -> Normalize:
        """What brings the values to log expression: ``"log1p"``, or None for none."""
        if self.are_counts or self.kind == "normalized":
            return "log1p"
        return "log1p" if self.kind == "unclear" and self.whole else None

    @property
    def sentence(self) -> str:
        """Say what the values are taken for, and why."""
        return f"The values are taken for {WORDS[self.kind]}. {self.reason}"

    def require_expression(self, purpose: str) -> None:
        """Refuse scaled values, which hold no expression level.

        Parameters
        ----------
        purpose
            What needs the expression, such as ``"An order"``.

        Raises
        ------
        DataError
            The values are scaled.
        """
        if self.kind == "scaled":
            msg = (
                f"{purpose} needs counts or log values, but the values look scaled: "
                f"the smallest is {self.smallest:.3g}. Pass the layer with counts or "
                "log values (layer=, --layer), or raw (use_raw=True, --use-raw)."
            )
            raise DataError(msg)


def judge(matrix: Any) -> Values:
    """Judge the values of a matrix from cells that are evenly spread over it.

    Every function of dtpscore calls this one, so all of them agree.

    Parameters
    ----------
    matrix
        Cells by genes, in any form that ``dtpscore._matrix.blocks`` reads.

    Returns
    -------
    The judgment. About 500 cells are read; all where there are fewer.
    """
    cells = _some_cells(blocks.source(matrix))
    cells.eliminate_zeros()
    if cells.nnz == 0:
        reason = "All values that were looked at are 0."
        return Values("unclear", True, 0.0, 0.0, cells.shape[0], reason)
    data = cells.data
    kind, reason = _kind(cells)
    detected = np.diff(cells.indptr)
    return Values(
        kind,
        bool(np.all(data == np.rint(data))),
        float(min(data.min(), 0.0)) if cells.nnz < np.prod(cells.shape) else data.min(),
        float(data.max()),
        cells.shape[0],
        reason,
        float(np.median(detected[detected > 0])),
    )


def _some_cells(source: Source) -> sp.csr_matrix:
    """Evenly spread cells; the first cells with values where all of these are empty."""
    n_cells = source.n_rows
    if n_cells <= _STRETCHES * _STRETCH:
        bounds = [(0, n_cells)] if n_cells else []
    else:
        starts = np.linspace(0, n_cells - _STRETCH, _STRETCHES).astype(int)
        bounds = [(int(start), int(start) + _STRETCH) for start in starts]
    parts = [part for start, stop in bounds for part in _rows(source, start, stop)]
    if sum(part.nnz for part in parts) == 0:
        filled = (block for block in source.blocks() if block.data.size)
        parts += [_matrix(block) for block in [next(filled, None)] if block is not None]
    if not parts:
        return sp.csr_matrix((0, source.n_genes))
    return sp.vstack(parts, format="csr")


def _rows(source: Source, start: int, stop: int) -> list[sp.csr_matrix]:
    edges = [edge for edge in source.edges if start < edge < stop]
    bounds = [start, *edges, stop]
    return [
        _matrix(source.block(blocks.Part(first, last), None))
        for first, last in pairwise(bounds)
    ]


def _matrix(block: blocks.Block) -> sp.csr_matrix:
    return sp.csr_matrix(
        (block.data.astype(np.float64), block.indices, block.indptr),
        shape=(block.n_rows, block.n_genes),
    )


def _kind(cells: sp.csr_matrix) -> tuple[Kind, str]:
    """Kind of values, none of which is 0, and the reason."""
    data = cells.data
    largest, whole = float(data.max()), data == np.rint(data)
    if data.min() < 0:
        return "scaled", f"The smallest value is {data.min():.3g}, which is below 0."
    if whole.all():
        if largest <= 1:
            return "unclear", "There are no other values than 0 and 1."
        return "counts", f"All values are whole numbers; the largest is {largest:g}."
    if _is_mixed(cells, whole):
        return "unclear", "Some cells hold whole numbers and others hold decimals."
    if whole.mean() >= _MOSTLY_WHOLE and largest > 1:
        share = "Nearly all" if whole.mean() > 0.99 else f"{whole.mean():.0%} of the"
        return "fractional counts", f"{share} values are whole numbers; some are not."
    return _kind_of_decimals(cells)


def _kind_of_decimals(cells: sp.csr_matrix) -> tuple[Kind, str]:
    data = cells.data
    largest = float(data.max())
    for base, back in (("e", np.expm1), ("2", lambda x: np.exp2(x) - 1)):
        if largest < LOG_CEILING and _most_have_unit(cells, back):
            reason = (
                f"Taking back a logarithm to base {base} gives whole multiples of one "
                "unit per cell."
            )
            return "log", reason
    if _most_have_unit(cells, lambda x: x):
        return "normalized", "The values of a cell are whole multiples of one unit."
    sums = np.asarray(cells.sum(axis=1)).ravel()
    if _spread(sums) < _SAME_SUM:
        return (
            "normalized",
            f"The values of every cell add up to {np.median(sums):.3g}.",
        )
    if largest < LOG_CEILING:
        return _kind_of_small(cells)
    low, high = _TPM_SUMS
    if low <= np.median(sums) <= high and _spread(sums) < _TPM_SPREAD:
        return "normalized", "The values of every cell add up to nearly a million."
    reason = (
        f"The values have decimals, reach {largest:.3g} and add up to sums that differ "
        "between cells."
    )
    return "fractional counts", reason


def _kind_of_small(cells: sp.csr_matrix) -> tuple[Kind, str]:
    """Kind of values with decimals that stay below the ceiling of log values."""
    data = cells.data
    largest, middle = float(data.max()), float(np.median(data))
    back = cells.copy()
    back.data = np.expm1(back.data)
    if _spread(np.asarray(back.sum(axis=1)).ravel()) < _SAME_SUM:
        return "log", "Every cell has the same sum once the logarithm is taken back."
    if largest <= 1:
        return "unclear", f"The values have decimals and none is above {largest:.3g}."
    if middle <= 1 and largest / middle >= _SHALLOW_TAIL:
        reason = (
            f"The values have decimals, most are at most 1, and the largest is "
            f"{largest:.3g}, as in shallow counts."
        )
        return "fractional counts", reason
    return "log", f"The values have decimals and none is above {largest:.3g}."


def _spread(sums: NDArray[np.float64]) -> float:
    """Coefficient of variation of the cells that have values; NaN for a single cell."""
    filled = sums[sums > 0]
    return float(filled.std() / filled.mean()) if filled.size > 1 else np.nan


def _is_mixed(cells: sp.csr_matrix, whole: NDArray[np.bool_]) -> bool:
    """Whether cells of whole numbers stand beside cells of decimals."""
    filled = np.diff(cells.indptr) >= _UNIT_VALUES
    if not filled.any():
        return False
    of_row = np.add.reduceat(whole, cells.indptr[:-1][filled])
    share = of_row / np.diff(cells.indptr)[filled]
    kinds = (share == 1, share < _MOSTLY_WHOLE)
    return all(kind.mean() >= _MIXED for kind in kinds)


def _most_have_unit(cells: sp.csr_matrix, back: Any) -> bool:
    """Whether the values of most cells, taken back, are whole multiples of one unit.

    Counts that were scaled by one factor per cell keep the trace of a single molecule,
    whatever genes were left out afterwards.
    """
    n_values = np.diff(cells.indptr)
    tried = np.flatnonzero(n_values >= _UNIT_VALUES)
    found = 0
    for number, row in enumerate(tried):
        found += _has_unit(back(cells.data[cells.indptr[row] : cells.indptr[row + 1]]))
        left = tried.size - number - 1
        # Cells that can no longer change the answer are not looked at.
        if 2 * found > tried.size or 2 * (found + left) <= tried.size:
            break
    return 2 * found > tried.size


def _has_unit(values: NDArray[np.float64]) -> bool:
    least = values.min()
    if least <= 0:
        return False
    for part in _UNIT_PARTS:
        multiples = values / least * part
        small = multiples[multiples <= _UNIT_LARGEST]
        if small.size < _UNIT_VALUES:
            continue
        errors = np.abs(small - np.rint(small))
        if np.mean(errors <= _UNIT_ERROR) >= _OF_UNIT:
            return True
    return False
