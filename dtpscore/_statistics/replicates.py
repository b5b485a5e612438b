"""Whether two libraries are replicates, or lanes or parts of one library.

Cells of lanes, of technical repeats or of halves of one library differ by no more than
cells of one library do. Libraries made apart also differ by what happens to a whole
library, in every gene a little. What is measured is the mean over genes of the squared
Welch t between the cells of two libraries (Welch 1947, Biometrika 34:28,
doi:10.1093/biomet/34.1-2.28): about 1 where nothing but cells differ, and above it in
proportion to the number of cells where libraries do. Dividing its excess by the number
of cells gives the variance between libraries in units of that between cells, which does
not depend on how many cells there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# Mean squared t: at most 1.23 between halves of one library and at least 1.8 between
# plates of one experiment that hold the same five lines. This is their geometric mean.
LIMIT = 1.49
# Variance between libraries over that between cells: the smallest that was measured
# between real libraries of one experiment (PC9 day 11, replicates of Drop-seq; plates
# of CEL-seq2 have 0.007 to 0.034). Where one this large would not pass the limit there
# are too few cells to tell; where there is less than half of it, the libraries are not
# taken for ones that were made apart.
LEAST = 0.0038
# A gene that fewer cells of either library show tells nothing of its spread.
_FEWEST_CELLS = 10
_FEWEST_GENES = 200

REPLICATES, ONE_LIBRARY, UNTOLD = "replicates", "one library", "cannot be told"


@dataclass(frozen=True)
class Distance:
    """How far two libraries are apart.

    Attributes
    ----------
    squared_t
        Mean squared Welch t over genes.
    variance
        Variance between libraries over that between cells; can be below 0 by chance.
    expected
        Mean squared t that the most alike of the real replicate libraries would have
        with as many cells.
    n_genes
        Genes that were compared.
    verdict
        ``replicates``, ``one library`` or ``cannot be told``.
    """

    squared_t: float
    variance: float
    expected: float
    n_genes: int
    verdict: str


@dataclass(frozen=True)
class Library:
    """What a library says of each gene: the share that it has of a cell.

    Shares and not their logs: the mean share of a gene does not move with depth.

    Attributes
    ----------
    n_cells
        Number of cells.
    mean, error
        Mean share of each gene, and the variance of that mean.
    n_seen
        Number of cells that show each gene.
    """

    n_cells: int
    mean: NDArray[np.float64]
    error: NDArray[np.float64]
    n_seen: NDArray[np.int64]

    @classmethod
    def of(cls, counts: Any) -> Library:
        """Measure counts, cells x genes, sparse or dense; two cells or more."""
        from scipy import sparse

        matrix = sparse.csr_matrix(counts, dtype=np.float64)
        n = matrix.shape[0]
        depth = np.asarray(matrix.sum(axis=1)).ravel()
        shares = sparse.diags(1 / np.maximum(depth, 1.0)) @ matrix
        mean = np.asarray(shares.mean(axis=0)).ravel()
        square = np.asarray(shares.multiply(shares).mean(axis=0)).ravel()
        # The sum of squares around the mean over n - 1, and over n again.
        error = (square - mean**2) / max(n - 1, 1)
        seen = np.asarray((matrix > 0).sum(axis=0)).ravel()
        return cls(n, mean, error, seen)


def squared_welch(first: Library, second: Library) -> tuple[float, int]:
    """Mean squared Welch t over genes between the cells of two libraries.

    Parameters
    ----------
    first, second
        Libraries of the same genes and of one cell population.

    Returns
    -------
    The mean over genes that ten cells of both libraries show, and their number; NaN
    where there is no such gene.
    """
    seen = np.minimum(first.n_seen, second.n_seen) >= _FEWEST_CELLS
    if not seen.any():
        return float("nan"), 0
    error = (first.error + second.error)[seen]
    squares = (first.mean - second.mean)[seen] ** 2 / np.maximum(error, 1e-300)
    return float(squares.mean()), int(seen.sum())


def compare_libraries(first: Library, second: Library) -> Distance:
    """Say whether two libraries of one condition can count as replicates.

    Parameters
    ----------
    first, second
        Libraries of the same genes.

    Returns
    -------
    The distance and a verdict. Libraries are replicates where they pass the limit and
    are at least half as far apart as the most alike of real replicates. They are parts
    of one library where they are less far apart than that, and real replicates would
    have passed the limit with as many cells. Elsewhere it cannot be told. Libraries of
    very many cells pass the limit with a difference that lanes can have; this is why
    the distance is asked too. No lanes of one library were at hand to measure it on.
    """
    squared, n_genes = squared_welch(first, second)
    cells = 1 / first.n_cells + 1 / second.n_cells
    variance = (squared - 1) * cells / 2
    expected = 1 + 2 * LEAST / cells
    verdict = UNTOLD
    if n_genes >= _FEWEST_GENES:
        if variance < LEAST / 2:
            verdict = ONE_LIBRARY if expected > LIMIT else UNTOLD
        elif squared > LIMIT:
            verdict = REPLICATES
    return Distance(squared, variance, expected, n_genes, verdict)


def independent_libraries(same: ArrayLike) -> NDArray[np.int64]:
    """Group libraries that are parts of one, directly or through others.

    Parameters
    ----------
    same
        (libraries, libraries), whether two are parts of one library.

    Returns
    -------
    int64 (libraries,): the same number for parts of one library.
    """
    from scipy.sparse.csgraph import connected_components

    _, label = connected_components(np.asarray(same, dtype=np.bool_), directed=False)
    result: NDArray[np.int64] = label.astype(np.int64)
    return result
