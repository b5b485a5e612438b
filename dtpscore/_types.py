"""Type aliases and the small records that modules hand to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MethodName: TypeAlias = Literal["ucell", "aucell", "tirosh", "zscore", "mean", "ssgsea"]
Species: TypeAlias = Literal["human", "mouse"]
Direction: TypeAlias = Literal["up", "down", "two-sided"]


@dataclass(frozen=True)
class Net:
    """Signatures laid over the columns of one matrix.

    Every signature has two half-sets: ``2 * s`` holds its up genes and
    ``2 * s + 1`` its down genes, either of which may be empty.

    Attributes
    ----------
    names
        Signature names, in the order of the result columns (length k).
    genes
        int32 column indices into the matrix, the half-sets one after another,
        sorted and unique within a half-set.
    offsets
        int64, length 2k + 1: half-set h is ``genes[offsets[h]:offsets[h + 1]]``.
    weights
        float64, same length as ``genes``; 1.0 where a signature has no weights.
    n_listed
        int64, length 2k: genes the half-set lists, found in the data or not.
    n_genes
        Number of columns of the matrix.
    """

    names: tuple[str, ...]
    genes: NDArray[np.int32]
    offsets: NDArray[np.int64]
    weights: NDArray[np.float64]
    n_listed: NDArray[np.int64]
    n_genes: int

    @property
    def n_half_sets(self) -> int:
        """Number of half-sets, twice the number of signatures."""
        return 2 * len(self.names)

    @property
    def n_found(self) -> NDArray[np.int64]:
        """Genes found in the data, per half-set (int64, length 2k)."""
        import numpy as np

        return np.diff(self.offsets)
