"""Whether the calls of a group lie on an edge, where a few cells more decide.

The p-values of few reference cells have steps, and a direction that is learned from few
cells is found or not. So near the error rate a whole group can be called or not called
for a few cells more or less. How many cells would be called at a fifth and at twice the
error rate shows this from the q-values alone. Calling again without a quarter of the
cells shows it at the cost of four more calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

# The error rate is divided and multiplied by these. Of simulated groups with calls,
# most that lose all calls without a quarter of the cells have none at a fifth of the
# rate (benchmarks/edge.md).
STRICT, LOOSE = 5, 2
# The cells of each sample are left out in this many parts.
N_PARTS = 4
METHOD = (
    "To see how much a few cells decide, each group was called four times more, each "
    "time without another quarter of the cells of every sample."
)


@dataclass(frozen=True)
class Edge:
    """Cells of a group that are called at the error rate, a fifth and twice of it.

    Attributes
    ----------
    n_cells, n_strict, n_called, n_loose
        All cells of the group, and those called at each rate.
    """

    n_cells: int
    n_strict: int
    n_called: int
    n_loose: int

    @property
    def on_edge(self) -> bool:
        """Whether a somewhat other rate decides between no call and some."""
        return self.n_strict == 0 and self.n_loose > 0

    def row(self) -> dict[str, Any]:
        """Columns of the calibration table."""
        return {
            "called_share": self.n_called / self.n_cells,
            "called_share_fifth_alpha": self.n_strict / self.n_cells,
            "called_share_double_alpha": self.n_loose / self.n_cells,
            "on_edge": self.on_edge,
        }

    def sentence(self, alpha: float) -> str | None:
        """Say that the calls lie on the edge; None where they do not."""
        if not self.on_edge:
            return None
        low, high = f"{100 * alpha / STRICT:g}%", f"{100 * alpha * LOOSE:g}%"
        # Calling fewer cells again turns calls into none, and seldom none into calls
        # (benchmarks/edge.md).
        turn = "A few cells fewer" if self.n_called else "More cells"
        return (
            f"the calls lie on an edge: at an error rate of {low} none of the "
            f"{self.n_cells:,} cells would be called, at {100 * alpha:g}% "
            f"{_number(self.n_called)} called, and at {high} {self.n_loose:,} would "
            f"be ({self.n_loose / self.n_cells:.0%}). {turn} can turn the result."
        )


def _number(n: int) -> str:
    return "none is" if n == 0 else "1 is" if n == 1 else f"{n:,} are"


def edge_of(qvalue: NDArray[np.float64], alpha: float) -> Edge:
    """Count the cells that would be called at three error rates.

    Benjamini-Hochberg q-values do not depend on the rate, so nothing is called again.

    Parameters
    ----------
    qvalue
        float64 (cells,): q-values of the cells of a group.
    alpha
        False discovery rate of the call.
    """
    rates = (alpha / STRICT, alpha, alpha * LOOSE)
    return Edge(len(qvalue), *(int((qvalue <= rate).sum()) for rate in rates))


def parts_of(sample: NDArray[np.int64], keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Divide the cells of each sample into four parts, by the order of their keys.

    Parameters
    ----------
    sample, keys
        Sample of each cell, and a number that is made from its name.

    Returns
    -------
    int64 (cells,): 0 to 3.
    """
    part = np.empty(len(sample), np.int64)
    for name in np.unique(sample):
        rows = np.flatnonzero(sample == name)
        part[rows[np.argsort(keys[rows], kind="stable")]] = (
            np.arange(len(rows)) % N_PARTS
        )
    return part


@dataclass(frozen=True)
class LeftOut:
    """Shares of the cells that are called without one part of all cells each.

    Attributes
    ----------
    called_share
        Share that is called of all cells of the group.
    shares
        Shares without each part.
    """

    called_share: float
    shares: tuple[float, ...]

    def row(self) -> dict[str, Any]:
        """Columns of the calibration table."""
        return {
            "left_out_lowest": min(self.shares),
            "left_out_highest": max(self.shares),
        }

    def sentence(self) -> str:
        """Say what leaving out cells does to the share of called cells."""
        every = (*self.shares, self.called_share)
        text = (
            f"called again without a quarter of the cells, {N_PARTS} times: "
            f"{min(self.shares):.0%} to {max(self.shares):.0%} of the cells are called "
            f"({self.called_share:.0%} with all of them)"
        )
        if min(every) == 0 < max(every):
            return (
                f"{text}: whether any cell is called depends on which cells are there."
            )
        return f"{text}."


def leave_out(
    part: NDArray[np.int64],
    called_share: float,
    call: Callable[[NDArray[np.bool_]], float],
) -> LeftOut:
    """Call a group again without each part of its cells.

    Parameters
    ----------
    part
        Part of each cell; see `parts_of`.
    called_share
        Share that is called of all cells.
    call
        Calls the cells of a mask, and returns the share that is called.
    """
    shares = tuple(call(part != one) for one in range(N_PARTS))
    return LeftOut(called_share, shares)
