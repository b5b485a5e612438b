"""One line of the table, and what every line is measured on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import timing

from dtpscore import tl

if TYPE_CHECKING:
    from anndata import AnnData

    from dtpscore.signatures import Signature


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    ours: str
    other: str
    ratio: str
    target: str
    agreement: str = ""


@dataclass(frozen=True)
class Setting:
    """What is compared: the data, the signatures, and how often each is run."""

    adata: AnnData
    sets: dict[str, Any]
    signatures: list[Signature]
    repeats: int

    def head(self, n_cells: int) -> AnnData:
        """The first cells, as data of their own."""
        return self.adata[: min(n_cells, self.adata.n_obs)].copy()

    def ours(self, adata: AnnData, method: str, **options: Any) -> timing.Timed:
        """Time ``tl.score`` and return its scores."""

        def call() -> Any:
            tl.score(adata, self.signatures, method=method, **options)
            return adata.obsm["dtp_scores"].to_numpy()

        return timing.warm(call, repeats=self.repeats)


def seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 0.1 else f"{value * 1000:.0f} ms"


def both(timed: timing.Timed) -> str:
    return f"{seconds(timed.seconds)} (CPU {seconds(timed.cpu)})"


def difference(one: Any, other: Any) -> str:
    return f"{np.abs(np.asarray(one, float) - np.asarray(other, float)).max():.1e}"


def against(
    what: str, ours: timing.Timed, other: timing.Timed, *, target: str, agreement: str
) -> Row:
    wall, cpu = other.seconds / ours.seconds, other.cpu / ours.cpu
    return Row(
        what,
        both(ours),
        both(other),
        f"{wall:.0f} x faster (CPU {cpu:.0f} x)",
        target,
        agreement,
    )


def cells(adata: AnnData) -> str:
    return f"{adata.n_obs:,} cells"
