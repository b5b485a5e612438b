"""Consensus of the published persister contrasts.

The vote. Every group of contrasts in ``sign_check.VOTES`` has one vote for each gene:
up, down or none; contrasts that share a vote and disagree about a gene cancel out.
A gene enters the consensus with at least 4 votes one way and at most 1 the other.

What chance gives. The same vote on lists of the same sizes whose genes are drawn at
random, from two backgrounds. The narrow one is every gene that at least one contrast
lists: expressed, and seen to change somewhere. The wide one is every gene that any
shipped signature lists, about as many as a tumor cell line expresses. Lists agree by
chance more often within the narrow one, so the truth lies between the two. Neither
knows that some genes change under any treatment.

Forms. ``dtp_consensus`` is the vote as it is, and most of its down genes are
cell-cycle genes. ``dtp_consensus_no_cycle`` leaves out cell-cycle and stress genes.
``dtp_consensus_no_cycle_without_<study>`` repeat that without one study, so that the
consensus can be tested on the data of that study.
"""

from __future__ import annotations

import random
from collections import Counter
from functools import cache

import sign_check
from dtpscore import signatures as library
from dtpscore.signatures import Genes, Provenance, Signature

MIN_VOTES = 4
MAX_AGAINST = 1
N_DRAWS = 1000
SEED = 20260101
STRESS_SETS = ("dissociation_broad2019", "gavish_mp05_stress", "gavish_mp07_stress_in_vitro")  # noqa: E501

Lists = dict[str, tuple[frozenset[str], frozenset[str]]]


@cache
def _lists(without: str | None = None) -> Lists:
    """Up and down genes of every vote, leaving out one study."""
    found: Lists = {}
    for label, names in sign_check.VOTES.items():
        contrasts = [library.load(name) for name in names]
        kept = [c.genes for c in contrasts if without not in c.provenance.studies]
        if kept:
            up = frozenset().union(*(genes.up for genes in kept))
            down = frozenset().union(*(genes.down for genes in kept))
            found[label] = (up - down, down - up)
    return found


def studies() -> list[str]:
    """Keys of the studies that have a vote."""
    names = [name for group in sign_check.VOTES.values() for name in group]
    return sorted({s for name in names for s in library.load(name).provenance.studies})


def vote(lists: Lists) -> tuple[list[str], list[str]]:
    """Genes that enough lists agree on: up, down."""
    up = Counter(gene for genes, _ in lists.values() for gene in genes)
    down = Counter(gene for _, genes in lists.values() for gene in genes)

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


def by_chance(lists: Lists, background: list[str]) -> dict[str, tuple[float, int]]:
    """Mean and largest number of genes that random lists of these sizes agree on."""
    draw = random.Random(SEED)  # noqa: S311
    counts: dict[str, list[int]] = {"up": [], "down": []}
    for _ in range(N_DRAWS):
        drawn: Lists = {}
        for label, (up, down) in lists.items():
            genes = draw.sample(background, len(up) + len(down))
            drawn[label] = (frozenset(genes[: len(up)]), frozenset(genes[len(up) :]))
        for half, genes in zip(("up", "down"), vote(drawn), strict=True):
            counts[half].append(len(genes))
    return {half: (sum(n) / N_DRAWS, max(n)) for half, n in counts.items()}


def nuisance() -> frozenset[str]:
    """Cell-cycle and stress genes."""
    sets = (library.load(name).genes for name in STRESS_SETS)
    return sign_check.cycle_genes() | {g for genes in sets for g in genes.up}


def _signature(
    name: str, title: str, use: str, genes: tuple[list[str], list[str]], how: str, *,
    voters: list[str],
) -> Signature:  # fmt: skip
    names = [n for group in sign_check.VOTES.values() for n in group]
    used = {n for n in names if set(library.load(n).provenance.studies) & set(voters)}
    return Signature(
        name=name,
        title=title,
        axis="consensus",
        direction="up",
        direction_evidence="Defined by the vote: up genes go up in persisters.",
        use=use,
        context="bulk and single-cell contrasts, persister against parental; "
        "breast, colorectal, lung, AML and two unnamed lines",
        provenance=Provenance(
            citation="dtpscore, derived from the contrasts named under table",
            table=", ".join(sorted(used)),
            retrieved_from="signatures/ of this package",
            version="signatures/build/consensus.py",
            licence="facts from publication",
            derivation=how,
            confidence="medium",
            studies=tuple(voters),
        ),
        genes=Genes(up=tuple(genes[0]), down=tuple(genes[1])),
    )


def _rule(n_votes: int) -> str:
    return (
        f"at least {MIN_VOTES} of {n_votes} votes one way and at most {MAX_AGAINST} "
        "the other; the two contrasts with BT474 cells share a vote"
    )


def _chance(lists: Lists, background: list[str]) -> str:
    found = by_chance(lists, background)
    (up, most_up), (down, most_down) = found["up"], found["down"]
    return (
        f"{up:.1f} up (most {most_up}) and {down:.1f} down (most {most_down}) "
        f"from {len(background):,} genes"
    )


def _full(voters: list[str]) -> Signature:
    lists = _lists()
    up, down = vote(lists)
    cycle = sign_check.cycle_genes()
    how = (
        f"{_rule(len(lists))}. {len(up)} up and {len(down)} down. Random lists of the "
        f"same sizes agree on average, in {N_DRAWS} draws, on "
        f"{_chance(lists, narrow_background(lists))} that any contrast lists, and on "
        f"{_chance(lists, wide_background())} that any shipped signature lists. "
        f"{len(set(down) & cycle)} of the down genes are cell-cycle genes: "
        "as a score this is largely inverse proliferation"
    )
    title = "Genes that agree over published persister contrasts"
    return _signature("dtp_consensus", title, "optional", (up, down), how, voters=voters)


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
    return _signature(name, title, use, (up, down), how, voters=voters)


def signatures() -> list[Signature]:
    """Every form of the consensus."""
    everyone = studies()
    return [
        _full(everyone),
        _no_cycle(None, everyone),
        *(_no_cycle(one, [s for s in everyone if s != one]) for one in everyone),
    ]
