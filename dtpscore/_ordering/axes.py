"""Axis scores for an order: matched with control genes, without genes of the cycle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dtpscore import _genes
from dtpscore import signatures as library
from dtpscore._axes import (
    CONSENSUS,
    PHASES,
    PROLIFERATION,
    axis_means,
    axis_values,
    persister_axes,
)
from dtpscore._methods import control

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dtpscore._matrix.blocks import Normalize, Source
    from dtpscore._types import Net, Species

_CYCLE = (PROLIFERATION, *PHASES)
_LEAST_GENES = 5


@dataclass(frozen=True)
class AxisFeatures:
    """Axis scores of every cell: the mean control-matched z of the axis's signatures.

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


def _columns_of_axes(
    net: Net, signatures: Sequence[library.Signature]
) -> dict[str, NDArray[np.int64]]:
    found: dict[str, list[NDArray[np.int32]]] = {}
    for place, signature in enumerate(signatures):
        first, last = net.offsets[2 * place], net.offsets[2 * place + 2]
        found.setdefault(signature.axis, []).append(net.genes[first:last])
    return {axis: np.unique(np.concatenate(parts)) for axis, parts in found.items()}


def axis_features(
    source: Source,
    gene_names: Sequence[str],
    normalize: Normalize,
    *,
    dropped: NDArray[np.bool_],
    species: Species,
) -> AxisFeatures:
    """Score every axis, as `dtpscore._methods.control.control_z` does, and average."""
    signatures = [
        *library.select(axes=persister_axes(), use="default"),
        *library.select(axes=PHASES, use="nuisance"),
    ]
    net = _genes.match(signatures, list(gene_names), species_of_data=species).net
    whole = np.asarray([signature.axis in _CYCLE for signature in signatures])
    net = without_genes(net, dropped, whole)
    found = net.n_found.reshape(-1, 2).sum(axis=1)
    coverage = pd.DataFrame({"n_found": found, "low": found < _LEAST_GENES})
    z = control.control_z(source, net, normalize=normalize)
    z[:, found < _LEAST_GENES] = np.nan
    means, _ = axis_means(signatures, coverage)
    names = [one.axis for one in means]
    frame = pd.DataFrame(axis_values(means, z), columns=names).astype(float)
    kept = [axis for axis in frame if axis not in _CYCLE and frame[axis].notna().all()]
    columns = _columns_of_axes(net, signatures)
    return AxisFeatures(
        scores=frame[kept],
        cycle=frame[list(PHASES)],
        arrest=frame[PROLIFERATION].to_numpy(),
        columns={axis: columns[axis].astype(np.int64) for axis in kept},
    )
