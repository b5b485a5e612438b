"""Consensus of the published persister contrasts.

The vote. Every group of contrasts in ``sign_check.VOTES`` has one vote for each gene:
up, down or none; contrasts that share a vote and disagree about a gene cancel out. Two
tables of low confidence have none. A gene enters the consensus with at least 3 votes
one way and none the other.

What chance gives. The same vote on lists of the same sizes, by three nulls. Genes are
drawn from every gene that at least one contrast lists: expressed, and seen to change
somewhere. Or from every gene that any shipped signature lists, about as many as a tumor
cell line expresses. Or every list keeps its genes and only their directions are dealt
anew, which keeps the genes that change under any treatment. The first is the
strictest on how many genes agree: a narrow background makes chance agreement common.

Forms. ``dtp_consensus`` is the vote as it is, and most of its down genes are
cell-cycle genes. ``dtp_consensus_no_cycle`` leaves out cell-cycle and stress genes.
``dtp_consensus_no_cycle_without_<study>`` repeat that without one study, so that the
consensus can be tested on the data of that study.
"""

from __future__ import annotations

import random
from collections import Counter
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

import sign_check

from dtpscore import signatures as library
from dtpscore.signatures import Genes, Provenance, Signature

if TYPE_CHECKING:
    from collections.abc import Iterable

MIN_VOTES = 3
MAX_AGAINST = 0
# Contrasts of high or medium confidence.
VOTES = {
    label: names
    for label, names in sign_check.VOTES.items()
    if label not in sign_check.UNCOUNTED
}
N_DRAWS = 1000
SEED = 20260101
STRESS_SETS = (
    "dissociation_broad2019",
    "gavish_mp05_stress",
    "gavish_mp07_stress_in_vitro",
)

Lists = dict[str, tuple[frozenset[str], frozenset[str]]]


@cache
def _lists(without: str | None = None) -> Lists:
    """Up and down genes of every vote, leaving out one study."""
    found: Lists = {}
    for label, names in VOTES.items():
        contrasts = [library.load(name) for name in names]
        kept = [c.genes for c in contrasts if without not in c.provenance.studies]
        if kept:
            up = frozenset().union(*(genes.up for genes in kept))
            down = frozenset().union(*(genes.down for genes in kept))
            found[label] = (up - down, down - up)
    return found


def _voting() -> list[Signature]:
    """Contrasts that vote."""
    names = chain.from_iterable(VOTES.values())
    return [library.load(name) for name in names]


def studies() -> list[str]:
    """Keys of the studies that have a vote."""
    return sorted({study for s in _voting() for study in s.provenance.studies})


def vote(lists: Lists) -> tuple[list[str], list[str]]:
    """Genes that enough lists agree on: up, down."""
    up = Counter(chain.from_iterable(genes for genes, _ in lists.values()))
    down = Counter(chain.from_iterable(genes for _, genes in lists.values()))

    def agreed(one: Counter[str], other: Counter[str]) -> list[str]:
        return sorted(
            gene
            for gene, count in one.items()
            if count >= MIN_VOTES and other[gene] <= MAX_AGAINST
        )

    return agreed(up, down), agreed(down, up)


def narrow_background(lists: Lists) -> list[str]:
    """Genes that at least one contrast lists."""
    return sorted(frozenset().union(*(up | down for up, down in lists.values())))


def wide_background() -> list[str]:
    """Genes that any shipped signature lists, those made here left out."""
    sets = (
        library.load(str(name)).genes
        for name, axis in library.available()["axis"].items()
        if axis != "consensus"
    )
    return sorted(frozenset().union(*((*g.up, *g.down) for g in sets)))


def _redrawn(draw: random.Random, lists: Lists, background: list[str] | None) -> Lists:
    """Lists of the same sizes from the background, or from the genes of each list."""
    drawn: Lists = {}
    for label, (up, down) in lists.items():
        pool = sorted(up | down) if background is None else background
        genes = draw.sample(pool, len(up) + len(down))
        drawn[label] = (frozenset(genes[: len(up)]), frozenset(genes[len(up) :]))
    return drawn


def by_chance(lists: Lists, background: list[str] | None) -> dict[str, list[int]]:
    """Genes that random lists agree on, up and down, sorted over the draws."""
    draw = random.Random(SEED)
    agreed = [vote(_redrawn(draw, lists, background)) for _ in range(N_DRAWS)]
    return {
        half: sorted(len(genes[place]) for genes in agreed)
        for place, half in enumerate(("up", "down"))
    }


def nuisance() -> frozenset[str]:
    """Cell-cycle and stress genes."""
    sets = (library.load(name).genes for name in STRESS_SETS)
    return sign_check.cycle_genes() | {g for genes in sets for g in genes.up}


def licence_of(names: Iterable[str]) -> str:
    """Licences of the lists that a derived list is made of, each once.

    A list that is made from others stays under what their licences ask for.
    """
    found = {library.load(name).provenance.licence for name in names}
    return f"those of its sources: {'; '.join(sorted(found))}"


def _signature(
    name: str,
    title: str,
    *,
    use: str,
    genes: tuple[list[str], list[str]],
    how: str,
    voters: list[str],
) -> Signature:
    used = [s.name for s in _voting() if set(s.provenance.studies) & set(voters)]
    return Signature(
        name=name,
        title=title,
        axis="consensus",
        direction="up",
        direction_evidence="Defined by the vote: up genes go up in persisters.",
        use=use,
        context="bulk and single-cell contrasts, persister against parental; their "
        "tumors and drugs stand in the files named under table",
        provenance=Provenance(
            citation="dtpscore, derived from the contrasts named under table",
            table=", ".join(sorted(used)),
            retrieved_from="signatures/ of this package",
            version="signatures/build/consensus.py",
            licence=licence_of(used),
            derivation=how,
            confidence="medium",
            studies=tuple(voters),
        ),
        genes=Genes(up=tuple(genes[0]), down=tuple(genes[1])),
    )


def _rule(n_votes: int) -> str:
    return (
        f"at least {MIN_VOTES} of {n_votes} votes one way and none the other; the two "
        "contrasts with BT474 cells share a vote"
    )


def _chance(lists: Lists, background: list[str] | None) -> str:
    found = by_chance(lists, background)
    parts = [
        f"{sum(found[half]) / N_DRAWS:.1f} {half} on average, {found[half][-1]} at "
        f"most, {len(genes)} or more in {sum(n >= len(genes) for n in found[half])}"
        for half, genes in zip(("up", "down"), vote(lists), strict=True)
    ]
    return "; ".join(parts)


def _full(voters: list[str]) -> Signature:
    lists = _lists()
    up, down = vote(lists)
    narrow, wide = narrow_background(lists), wide_background()
    cycle = sign_check.cycle_genes()
    how = (
        f"{_rule(len(lists))}. {len(up)} up and {len(down)} down. By chance, in "
        f"{N_DRAWS} draws of lists of the same sizes: from the {len(narrow):,} genes "
        f"that any contrast lists, {_chance(lists, narrow)}; from the {len(wide):,} "
        f"genes that any shipped signature lists, {_chance(lists, wide)}; with the "
        f"genes of each list kept and their directions dealt anew, "
        f"{_chance(lists, None)}. {len(set(down) & cycle)} of the down genes are "
        "cell-cycle genes: as a score this is largely inverse proliferation"
    )
    title = "Genes that agree over published persister contrasts"
    return _signature(
        "dtp_consensus",
        title,
        use="optional",
        genes=(up, down),
        how=how,
        voters=voters,
    )


def _no_cycle(without: str | None, voters: list[str]) -> Signature:
    lists = _lists(without)
    out = nuisance()
    up, down = ([gene for gene in genes if gene not in out] for genes in vote(lists))
    how = f"{_rule(len(lists))}; cell-cycle and stress genes left out"
    title = "Consensus of persister contrasts without cell-cycle and stress genes"
    if without is None:
        name, use = "dtp_consensus_no_cycle", "default"
    else:
        name, use = f"dtp_consensus_no_cycle_without_{without}", "evaluation"
        title += f", made without {without}"
        how += f"; contrasts of {without} left out, to test on its data"
    return _signature(name, title, use=use, genes=(up, down), how=how, voters=voters)


def signatures() -> list[Signature]:
    """Every form of the consensus."""
    everyone = studies()
    return [
        _full(everyone),
        _no_cycle(None, everyone),
        *(_no_cycle(one, [s for s in everyone if s != one]) for one in everyone),
    ]
