"""Which signatures a call is made from, and their control-matched z-scores."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dtpscore import _genes, signatures
from dtpscore._methods import control
from dtpscore._types import Net
from dtpscore.errors import DataError, SignatureError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._types import Species
    from dtpscore.signatures import Signature

INDEX = "dtp_consensus_no_cycle"
PROLIFERATION = (
    "hallmark_e2f_targets",
    "tirosh2016_s_phase",
    "tirosh2016_g2m_phase",
)
NUISANCE = ("dissociation_broad2019", "ribosomal_proteins", "hallmark_hypoxia")
# Random gene sets that say how far sets move between these cells without meaning.
_N_RANDOM = 40
_RANDOM_SIZE = 50
# A signature needs this many of its genes, and this share of them.
_FEWEST_GENES = 4
FEWEST_FEATURES = 10
MIN_COVERAGE = 0.5


@dataclass(frozen=True)
class Panel:
    """Signatures by their part in a call.

    Attributes
    ----------
    features
        What the shift may learn from: signatures of persister mechanisms.
    index, proliferation, nuisance
        Published index; cell division; what is only reported.
    """

    features: tuple[Signature, ...]
    index: Signature
    proliferation: tuple[Signature, ...]
    nuisance: tuple[Signature, ...]

    @property
    def every(self) -> list[Signature]:
        """Every signature once."""
        listed = [*self.features, self.index, *self.proliferation, *self.nuisance]
        return list({signature.name: signature for signature in listed}.values())


def _check_studies(studies: set[str]) -> None:
    known = {
        study
        for name in signatures.available().index
        for study in signatures.load(str(name)).provenance.studies
    }
    unknown = sorted(studies - known)
    if unknown:
        msg = (
            f"No signature was made from a study {unknown[0]!r}. Studies are "
            f"{', '.join(sorted(known))}."
        )
        raise SignatureError(msg)


def choose(*, index: str = INDEX, exclude_studies: Sequence[str] = ()) -> Panel:
    """Choose the signatures of a call.

    Parameters
    ----------
    index
        Shipped signature that serves as the index.
    exclude_studies
        Persister studies whose lists must not take part, because the data are
        theirs. The consensus is then the one built without the study.

    Raises
    ------
    SignatureError
        The index or a study does not exist, or one was made from the other.
    """
    excluded = set(exclude_studies)
    if excluded:
        _check_studies(excluded)
    if index == INDEX and len(excluded) == 1:
        without = f"{INDEX}_without_{next(iter(excluded))}"
        index = without if without in signatures.available().index else index
    chosen = signatures.load(index)
    shared = sorted(excluded & set(chosen.provenance.studies))
    if shared:
        msg = (
            f"The index {index!r} was made from {', '.join(shared)}, which must not "
            "take part. Pass an index without it."
        )
        raise SignatureError(msg)
    axes = signatures.axes()
    features = tuple(
        signature
        for signature in signatures.select(use=("default", "optional"))
        if axes[signature.axis].kind == "persister"
        and not excluded & set(signature.provenance.studies)
        and not (signature.axis == "consensus" and signature.name != index)
    )
    return Panel(
        features=features,
        index=chosen,
        proliferation=tuple(map(signatures.load, PROLIFERATION)),
        nuisance=tuple(map(signatures.load, NUISANCE)),
    )


SIGNS = {"with": 1.0, "against": -1.0}


@dataclass(frozen=True)
class Features:
    """Control-matched z-scores of the cells.

    Attributes
    ----------
    values, names, axis
        float64 (cells, features), names and axes of the features.
    sign
        1.0 where a high value means more of the axis, -1.0 where it means less.
    index, proliferation
        float64, one a cell.
    nuisance
        float64 by name.
    random
        float64 (cells, 40): random gene sets.
    coverage
        Genes found and missing for each signature.
    """

    values: NDArray[np.float64]
    names: list[str]
    axis: list[str]
    sign: list[float]
    index: NDArray[np.float64]
    proliferation: NDArray[np.float64]
    nuisance: dict[str, NDArray[np.float64]]
    random: NDArray[np.float64]
    coverage: pd.DataFrame


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
    sizes = np.array([size for one in sets for size in (len(one), 0)], dtype=np.int64)
    added = int(sizes.sum())
    return Net(
        names=(*net.names, *(f"random_{number}" for number in range(len(sets)))),
        genes=np.concatenate([net.genes, *sets]).astype(np.int32),
        offsets=np.concatenate([net.offsets, net.offsets[-1] + np.cumsum(sizes)]),
        weights=np.concatenate([net.weights, np.ones(added)]),
        n_listed=np.concatenate([net.n_listed, sizes]),
        n_genes=net.n_genes,
    )


def _check_coverage(coverage: pd.DataFrame, panel: Panel, usable: list[str]) -> None:
    parts = [
        ("index", panel.index),
        *(("cell division", s) for s in panel.proliferation),
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
    if len(usable) < FEWEST_FEATURES:
        msg = (
            f"Only {len(usable)} of {len(panel.features)} signatures have half of "
            f"their genes in the data; a call needs {FEWEST_FEATURES}. The gene panel "
            "is too small."
        )
        raise DataError(msg)


def compute(
    matrix: Any,
    gene_names: Sequence[str],
    panel: Panel,
    *,
    species: Species,
    normalize: Literal["log1p"] | None,
    n_jobs: int | None = None,
) -> Features:
    """Score the cells on the panel.

    Raises
    ------
    DataError
        Too few genes of the panel are in the data, or the matrix cannot be used.
    SignatureError
        Two signatures share a name.
    """
    every = panel.every
    if len({one.name for one in every}) != len(every):
        msg = "Signatures of the panel share a name."
        raise SignatureError(msg)
    matched = _genes.match(every, gene_names, species_of_data=species)
    coverage = matched.coverage
    enough = (coverage["fraction"] >= MIN_COVERAGE) & (
        coverage["n_found"] >= _FEWEST_GENES
    )
    usable = [one.name for one in panel.features if enough[one.name]]
    _check_coverage(coverage, panel, usable)
    net = _with_random(matched.net, _random_sets(gene_names, 0))
    z = control.control_z(matrix, net, normalize=normalize, n_jobs=n_jobs)
    # A cell in which the control has no spread stands neither above nor below it.
    z = np.nan_to_num(z, nan=0.0, posinf=0.0, neginf=0.0)
    place = {name: column for column, name in enumerate(net.names)}
    axis = {one.name: one.axis for one in panel.features}
    sign = {one.name: SIGNS[one.orientation] for one in panel.features}
    dividing = [place[one.name] for one in panel.proliferation]
    return Features(
        values=z[:, [place[name] for name in usable]],
        names=usable,
        axis=[axis[name] for name in usable],
        sign=[sign[name] for name in usable],
        index=z[:, place[panel.index.name]],
        proliferation=z[:, dividing].mean(axis=1),
        nuisance={one.name: z[:, place[one.name]] for one in panel.nuisance},
        random=z[:, len(matched.net.names) :],
        coverage=coverage,
    )
