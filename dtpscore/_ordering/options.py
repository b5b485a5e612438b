"""Choices for one order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from dtpscore.errors import OptionError

if TYPE_CHECKING:
    import numpy as np
    import scipy.sparse as sp
    from numpy.typing import NDArray

    from dtpscore._types import Species

    FloatArray = NDArray[np.float64]

OrderMethod: TypeAlias = Literal["dpt", "palantir", "ordinal"]
Fates: TypeAlias = Literal["absorption", "cellrank"]


@dataclass(frozen=True)
class PathOptions:
    """Choices for one order; see `dtpscore.tl.pseudotime`."""

    method: OrderMethod | None = None
    fates: Fates = "absorption"
    species: Species = "human"
    n_top_genes: int = 2000
    n_pcs: int = 30
    n_neighbors: int = 30
    n_dcs: int = 10
    n_roots: int = 20
    n_subsamples: int = 10
    random_state: int = 0

    def __post_init__(self) -> None:
        if self.method not in (None, "dpt", "palantir", "ordinal"):
            msg = f"method must be dpt, palantir or ordinal, not {self.method!r}."
            raise OptionError(msg)
        if self.fates not in ("absorption", "cellrank"):
            msg = f"fates must be absorption or cellrank, not {self.fates!r}."
            raise OptionError(msg)
        least = {
            "n_top_genes": 2,
            "n_pcs": 1,
            "n_neighbors": 2,
            "n_dcs": 2,
            "n_roots": 1,
            "n_subsamples": 0,
        }
        for name, bound in least.items():
            if getattr(self, name) < bound:
                msg = f"{name} must be {bound} or more, not {getattr(self, name)}."
                raise OptionError(msg)


@dataclass(frozen=True)
class Representation:
    """What the order is found on, where the user brings it.

    Attributes
    ----------
    features
        (cells, k) in place of the principal components, such as an integrated
        embedding.
    connectivities
        Neighbor graph for diffusion pseudotime.
    axes
        Find the diffusion graph on the axis scores.
    """

    features: FloatArray | None = None
    connectivities: sp.csr_matrix | None = None
    axes: bool = False
