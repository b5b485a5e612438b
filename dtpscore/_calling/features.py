"""Which signatures a call is made from, their scores, and the means of the axes."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore import _genes, signatures
from dtpscore._axes import CONSENSUS, AxisMean, axis_means, persister_axes
from dtpscore._design import listed
from dtpscore._methods import control
from dtpscore._types import Net
from dtpscore.errors import DataError, SignatureError
from dtpscore.signatures._directions import voting_studies

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._matrix.blocks import Normalize
    from dtpscore._types import Species
    from dtpscore.signatures import Signature

INDEX = "dtp_consensus_no_cycle"
# Signatures whose mean says how much a cell divides.
CELL_DIVISION = (
    "hallmark_e2f_targets",
    "tirosh2016_s_phase",
    "tirosh2016_g2m_phase",
)
# The shift may learn from signatures of these uses. Those that are kept for the
# evaluation of methods, and those of one lineage, never enter it.
LEARNED_FROM = ("default", "optional")
# Lists of what persisters are like in one study, and of what moves them and is no
# persistence: division, handling, hypoxia and interferon.
_PUBLISHED = "published_contrasts"
_STATE_OF_PERSISTERS = "dtp_"
NUISANCE = (
    *CELL_DIVISION,
    "dissociation_broad2019",
    "gavish_mp06_hypoxia",
    "hallmark_interferon_alpha_response",
)
# Random gene sets that say how far sets move between these cells without a meaning.
_N_RANDOM = 40
_RANDOM_SIZE = 50
# A signature needs this many of its genes, and this share of them.
_FEWEST_GENES = 4
FEWEST_OF_LIST = 25
MIN_COVERAGE = 0.5
FEWEST_FEATURES = 10


@dataclass(frozen=True)
class Panel:
    """Signatures by their part in a call.

    Attributes
    ----------
    features
        What the shift may learn from: signatures of persister mechanisms.
    index
        The published index.
    proliferation
        Signatures of cell division.
    published
        Lists of persisters of single studies, by which cells that moved are named.
    nuisance
        Signatures of what moves those lists and is no persistence.
    excluded
        Studies that take no part, because the data are theirs.
    """

    features: tuple[Signature, ...]
    index: Signature
    proliferation: tuple[Signature, ...]
    published: tuple[Signature, ...] = ()
    nuisance: tuple[Signature, ...] = ()
    excluded: frozenset[str] = frozenset()

    @property
    def every(self) -> list[Signature]:
        """Every signature once."""
        every = [
            *self.features,
            self.index,
            *self.proliferation,
            *self.published,
            *self.nuisance,
        ]
        return list({signature.name: signature for signature in every}.values())


def _check_studies(studies: set[str]) -> None:
    known = {
        study
        for name in signatures.available().index
        for study in signatures.load(str(name)).provenance.studies
    } | voting_studies()
    unknown = sorted(studies - known)
    if unknown:
        msg = (
            "No signature and no direction was made from a study "
            f"{unknown[0]!r}. Studies are {', '.join(sorted(known))}."
        )
        raise SignatureError(msg)


def _index(index: Any, excluded: set[str], gene_names: Collection[str]) -> Signature:
    """Load the index, or its variant that was built without an excluded study."""
    own = excluded & set(signatures.load(INDEX).provenance.studies)
    if isinstance(index, str) and index == INDEX and len(own) == 1:
        without = f"{INDEX}_without_{next(iter(own))}"
        index = without if without in signatures.available().index else index
    given = signatures.resolve(index, gene_names=gene_names)
    if len(given) != 1:
        names = listed(signature.name for signature in given)
        msg = f"The index must be one signature, not {len(given)} ({names})."
        raise SignatureError(msg)
    chosen = given[0]
    if chosen.name in signatures.available().index:
        shipped = signatures.load(chosen.name)
        if chosen.genes != shipped.genes:
            msg = (
                f"The index is named {chosen.name!r}, as a shipped signature of other "
                "genes is. Give it another name."
            )
            raise SignatureError(msg)
    shared = sorted(excluded & set(chosen.provenance.studies))
    if shared:
        msg = (
            f"The index {chosen.name!r} was made from {', '.join(shared)}, which must "
            "not take part. Pass an index without it."
        )
        raise SignatureError(msg)
    return chosen


def published_lists(excluded: set[str]) -> tuple[Signature, ...]:
    """Take the lists of persisters of single studies that are not excluded."""
    return tuple(
        signature
        for signature in signatures.select(axes=_PUBLISHED, use="optional")
        if signature.name.startswith(_STATE_OF_PERSISTERS)
        and not excluded & set(signature.provenance.studies)
    )


def choose(
    *,
    index: Any = INDEX,
    exclude_studies: Sequence[str] = (),
    gene_names: Collection[str] = (),
) -> Panel:
    """Choose the signatures of a call.

    The shift may learn from the default and the optional signatures of persister
    mechanisms. Of the consensus lists it may learn from the index alone: the others
    hold the same genes in other versions.

    Parameters
    ----------
    index
        What serves as the index: whatever `dtpscore.signatures.resolve` makes one
        signature of.
    exclude_studies
        Persister studies whose lists must not take part and whose contrasts must not
        vote about directions, because the data are theirs. The consensus is then the
        one built without the study.
    gene_names
        Genes of the data, by which a list of genes is known as one.

    Raises
    ------
    SignatureError
        The index or a study does not exist, one was made from the other, or the index
        has the name of a shipped signature of other genes.
    """
    excluded = set(exclude_studies)
    if excluded:
        _check_studies(excluded)
    chosen = _index(index, excluded, gene_names)
    persister = set(persister_axes())
    features = tuple(
        signature
        for signature in signatures.select(use=LEARNED_FROM)
        if signature.axis in persister
        and not excluded & set(signature.provenance.studies)
        and (signature.axis != CONSENSUS or signature.name == chosen.name)
    )
    return Panel(
        features=features,
        index=chosen,
        proliferation=tuple(map(signatures.load, CELL_DIVISION)),
        published=published_lists(excluded),
        nuisance=tuple(map(signatures.load, NUISANCE)),
        excluded=frozenset(excluded),
    )


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
    for column, name in enumerate(names):
        if name in of:
            result[:, column] = of[name].of(values)
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
