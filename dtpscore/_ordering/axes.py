"""Axis scores for ordering: control-matched, without genes of the cell cycle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dtpscore import _genes
from dtpscore import signatures as library
from dtpscore._axes import axis_means
from dtpscore._methods import control
from dtpscore._ordering.recipe import PROLIFERATION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dtpscore._matrix.blocks import Normalize, Source
    from dtpscore._types import Net, Species

CONSENSUS = "consensus"
PHASES = ("s_phase", "g2m")
_LEAST_GENES = 5


@dataclass(frozen=True)
class AxisFeatures:
    """Axis scores of every cell, mean control-matched z of the axis's signatures.

    Attributes
    ----------
    scores
        (cells, axes), persister axes without genes that are left out of the order.
    cycle
        (cells, 2): S and G2M phase, with all their genes.
    arrest
        Proliferation axis with all its genes; high in cells that rest.
    columns
        For every axis of ``scores``, the columns of the matrix it reads.
    """

    scores: pd.DataFrame
    cycle: pd.DataFrame
    arrest: NDArray[np.float64]
    columns: dict[str, NDArray[np.int64]]

    @property
    def index(self) -> NDArray[np.float64] | None:
        """Consensus axis, or None where its genes are not in the data."""
        if CONSENSUS not in self.scores:
            return None
        return self.scores[CONSENSUS].to_numpy(dtype=float)


def without_genes(
    net: Net, dropped: NDArray[np.bool_], whole: NDArray[np.bool_]
) -> Net:
    """Take genes out of the signatures, except of those in ``whole``.

    Parameters
    ----------
    net
        Signatures over columns.
    dropped
        Mask over columns.
    whole
        Mask over signatures that keep all their genes.
    """
    owner = np.repeat(np.arange(net.n_half_sets) // 2, net.n_found)
    keep = ~dropped[net.genes] | whole[owner]
    before = np.concatenate([[0], np.cumsum(keep)])
    return replace(
        net,
        genes=net.genes[keep],
        weights=net.weights[keep],
        offsets=before[net.offsets].astype(np.int64),
    )


def _signatures() -> list[library.Signature]:
    persister = [
        name for name, axis in library.axes().items() if axis.kind == "persister"
    ]
    return [
        *library.select(axes=persister, use="default"),
        *library.select(axes=PHASES, use="nuisance"),
    ]


def axis_features(
    source: Source,
    gene_names: Sequence[str],
    normalize: Normalize,
    *,
    dropped: NDArray[np.bool_],
    species: Species,
) -> AxisFeatures:
    """Score every axis, as `dtpscore._methods.control.control_z` does, and average."""
    signatures = _signatures()
    net = _genes.match(signatures, list(gene_names), species_of_data=species).net
    of_cycle = np.asarray([s.axis in (PROLIFERATION, *PHASES) for s in signatures])
    net = without_genes(net, dropped, of_cycle)
    found = net.n_found.reshape(-1, 2).sum(axis=1)
    coverage = pd.DataFrame({"n_found": found, "low": found < _LEAST_GENES})
    z = control.control_z(source, net, normalize=normalize)
    z[:, found < _LEAST_GENES] = np.nan
    means, _ = axis_means(signatures, coverage)
    frame = pd.DataFrame({one.axis: one.of(z) for one in means}).astype(float)
    halves = [
        net.genes[a:b] for a, b in zip(net.offsets, net.offsets[1:], strict=False)
    ]
    columns: dict[str, list[NDArray[np.int32]]] = {}
    for place, signature in enumerate(signatures):
        both = halves[2 * place : 2 * place + 2]
        columns.setdefault(signature.axis, []).extend(both)
    kept = [
        axis
        for axis in frame
        if axis not in (PROLIFERATION, *PHASES) and frame[axis].notna().all()
    ]
    return AxisFeatures(
        scores=frame[kept],
        cycle=frame[list(PHASES)],
        arrest=frame[PROLIFERATION].to_numpy(),
        columns={axis: np.unique(np.concatenate(columns[axis])) for axis in kept},
    )
