"""Which signatures take part in a call, and what part each has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dtpscore import signatures
from dtpscore._axes import CONSENSUS, persister_axes
from dtpscore._design import listed
from dtpscore.errors import SignatureError
from dtpscore.signatures._directions import voting_studies

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

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
