"""Scores of the signatures of a call, and the means of their axes."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore import _genes
from dtpscore._axes import AxisMean, axis_means, axis_values
from dtpscore._methods import control
from dtpscore._types import Net
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._calling.panel import Panel
    from dtpscore._matrix.blocks import Normalize
    from dtpscore._types import Species
    from dtpscore.signatures import Signature

# Random gene sets that say how far sets move between these cells without a meaning.
_N_RANDOM = 40
_RANDOM_SIZE = 50
# A signature needs this many of its genes, and this share of them.
_FEWEST_GENES = 4
FEWEST_OF_LIST = 25
MIN_COVERAGE = 0.5
FEWEST_FEATURES = 10


@dataclass(frozen=True)
class Published:
    """Scores by which cells that moved are named.

    Attributes
    ----------
    values
        float64 (cells, lists): lists of persisters of single studies.
    studies
        Study of each list.
    nuisance
        float64 (cells, signatures): division, handling, hypoxia and interferon.
    """

    values: NDArray[np.float64]
    studies: tuple[str, ...]
    nuisance: NDArray[np.float64]

    def of(self, rows: NDArray[np.int64]) -> Published:
        """Take some of the cells."""
        return Published(self.values[rows], self.studies, self.nuisance[rows])


@dataclass(frozen=True)
class Features:
    """Scores of the cells, by their part in a call.

    Attributes
    ----------
    values
        float64 (cells, features): what the shift learns from.
    names, axis
        Name and axis of each feature.
    axes
        float64 (cells, axes): the mean of each axis, as everywhere in dtpscore: of
        its default signatures, turned so that high means more of it.
    axis_names
        Names of the columns of ``axes``, in the order of first use among the features.
    index, proliferation
        float64 (cells,).
    index_name
        Name of the signature that serves as the index.
    random
        float64 (cells, 40): random gene sets.
    coverage
        Genes found and missing for each signature.
    source
        What the shift learns from, in words.
    messages, methods
        Sentences for the user, and for a methods section.
    genes
        Genes of signatures by name, as far as they are known.
    published
        Scores of the lists of single studies, as far as they were measured.
    excluded
        Studies that have no vote about the direction of an axis.
    """

    values: NDArray[np.float64]
    names: list[str]
    axis: list[str]
    axes: NDArray[np.float64]
    axis_names: list[str]
    index: NDArray[np.float64]
    index_name: str
    proliferation: NDArray[np.float64]
    random: NDArray[np.float64]
    coverage: pd.DataFrame
    source: str
    messages: list[str] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    genes: dict[str, frozenset[str]] = field(default_factory=dict)
    published: Published | None = None
    excluded: frozenset[str] = frozenset()

    def genes_of(self) -> list[frozenset[str]]:
        """Genes of each feature; none where they are not known."""
        return [self.genes.get(name, frozenset()) for name in self.names]


def mean_axes(
    values: NDArray[np.float64], axes: Sequence[AxisMean], names: Sequence[str]
) -> NDArray[np.float64]:
    """Mean of each axis for every cell.

    Parameters
    ----------
    values
        float64 (cells, signatures).
    axes
        What each axis is made of.
    names
        Names of the axes to return, in order.

    Returns
    -------
    float64 (cells, names); NaN for an axis that is not among ``axes``.
    """
    of = {axis.axis: axis for axis in axes}
    result = np.full((len(values), len(names)), np.nan)
    there = [column for column, name in enumerate(names) if name in of]
    result[:, there] = axis_values([of[names[column]] for column in there], values)
    return result


def genes_in(signature: Signature) -> frozenset[str]:
    """Genes of a signature, up and down."""
    return frozenset((*signature.genes.up, *signature.genes.down))


def _random_sets(gene_names: Sequence[str], seed: int) -> list[NDArray[np.int32]]:
    """Gene sets that depend on the names of the genes, not on their order."""
    size = min(_RANDOM_SIZE, max(1, len(gene_names) // 4))
    result = []
    for number in range(_N_RANDOM):
        keys = [zlib.crc32(f"{seed}:{number}:{gene}".encode()) for gene in gene_names]
        first = np.argsort(np.asarray(keys), kind="stable")[:size]
        result.append(np.sort(first).astype(np.int32))
    return result


def _with_random(net: Net, sets: Sequence[NDArray[np.int32]]) -> Net:
    sizes = np.array([size for genes in sets for size in (len(genes), 0)], np.int64)
    added = int(sizes.sum())
    return Net(
        names=(*net.names, *(f"random_{number}" for number in range(len(sets)))),
        genes=np.concatenate([net.genes, *sets]).astype(np.int32),
        offsets=np.concatenate([net.offsets, net.offsets[-1] + np.cumsum(sizes)]),
        weights=np.concatenate([net.weights, np.ones(added)]),
        n_listed=np.concatenate([net.n_listed, sizes]),
        n_genes=net.n_genes,
    )


def _check_coverage(coverage: pd.DataFrame, panel: Panel, n_usable: int) -> None:
    parts = [
        ("index", panel.index),
        *(("cell division", signature) for signature in panel.proliferation),
    ]
    for what, signature in parts:
        row = coverage.loc[signature.name]
        if row["fraction"] < MIN_COVERAGE:
            msg = (
                f"The data have {int(row['n_found'])} of the {int(row['n_listed'])} "
                f"genes of {signature.name}, which the call needs for its {what}: "
                "under half of them. A panel with so few of its genes cannot be called."
            )
            raise DataError(msg)
    if n_usable < FEWEST_FEATURES:
        msg = (
            f"Only {n_usable} of {len(panel.features)} signatures have half of their "
            f"genes in the data; a call needs {FEWEST_FEATURES}. The gene panel is too "
            "small."
        )
        raise DataError(msg)


def _in_words(panel: Panel, species: Species) -> str:
    """Say how signatures were scored, and what the index is."""
    matched = "" if species == "human" else f", genes matched to {species} by ortholog"
    return (
        "Signatures were scored as z-scores against random genes of like expression in "
        f"the same cell{matched}. The index is the z-score of {panel.index.name}."
    )


def compute(
    matrix: Any,
    gene_names: Sequence[str],
    panel: Panel,
    *,
    species: Species,
    normalize: Normalize,
    n_jobs: int | None = None,
) -> Features:
    """Score the cells on the panel.

    Raises
    ------
    DataError
        Too few genes of the panel are in the data, or the matrix cannot be used.
    """
    matched = _genes.match(panel.every, gene_names, species_of_data=species)
    coverage = matched.coverage
    enough = (coverage["fraction"] >= MIN_COVERAGE) & (
        coverage["n_found"] >= _FEWEST_GENES
    )
    usable = [signature for signature in panel.features if enough[signature.name]]
    _check_coverage(coverage, panel, len(usable))
    net = _with_random(matched.net, _random_sets(gene_names, 0))
    z = control.control_z(matrix, net, normalize=normalize, n_jobs=n_jobs)
    # A cell in which the control has no spread stands neither above nor below it.
    z = np.nan_to_num(z, nan=0.0, posinf=0.0, neginf=0.0)
    place = {name: column for column, name in enumerate(net.names)}
    names = [signature.name for signature in panel.features]
    own = coverage.loc[names].assign(low=~enough.loc[names])
    means, _ = axis_means(panel.features, own)
    axis_names = list(dict.fromkeys(signature.axis for signature in usable))
    dividing = [place[signature.name] for signature in panel.proliferation]
    # The genes of a long list that a panel has stand for the others.
    many = coverage["n_found"] >= FEWEST_OF_LIST
    lists = [one for one in panel.published if many[one.name]]
    published = Published(
        values=z[:, [place[one.name] for one in lists]],
        studies=tuple(one.provenance.studies[0] for one in lists),
        nuisance=z[:, [place[one.name] for one in panel.nuisance]],
    )
    return Features(
        values=z[:, [place[signature.name] for signature in usable]],
        names=[signature.name for signature in usable],
        axis=[signature.axis for signature in usable],
        axes=mean_axes(z[:, [place[name] for name in names]], means, axis_names),
        axis_names=axis_names,
        index=z[:, place[panel.index.name]],
        index_name=panel.index.name,
        proliferation=z[:, dividing].mean(axis=1),
        random=z[:, len(matched.net.names) :],
        published=published,
        coverage=coverage,
        source=f"the z-scores of {len(usable)} signatures of persister mechanisms",
        methods=[_in_words(panel, species)],
        genes={one.name: genes_in(one) for one in panel.every},
        excluded=panel.excluded,
    )
