"""Write what follows from other files: derived signatures, directions, layout.

Run ``python signatures/build/derive.py`` after any change of a list. The same files
give the same bytes. Every file is written in one layout, with the direction that
``sign_check.py`` gives it.

Four kinds are made here. Trimmed lists are a shipped list without the genes of a
nuisance (the cell cycle, the proteasome). Agreed lists hold the genes that several
shipped lists of one subject share. Panels hold genes that the reviews name and no
other list of their axis holds; see ``review_genes.py``. The consensus counts in how
many persister studies a gene goes up or down; see ``consensus.py`` for the vote.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import consensus
import review_genes
import sign_check
from toml_writer import write

from dtpscore import signatures as library
from dtpscore._genes._table import nomenclature
from dtpscore.signatures import Genes, Provenance, Signature

if TYPE_CHECKING:
    from collections.abc import Callable

_PROTEASOME = re.compile(r"^(PSM[A-G]\d+[A-Z]?|UBB|UBC|UBA52|RPS27A)$")
# Genes of ubiquitin stand in many pathways of Reactome. Their RNA is so abundant that
# they would be most of the counts of a list.
_UBIQUITIN = frozenset({"UBB", "UBC", "UBA52", "RPS27A"})
# Inhibitors of the cell cycle are induced by E2F and stand in lists of its targets. In
# a list of dividing cells they would count the wrong way.
_CDK_INHIBITOR = re.compile(r"^CDKN[12][A-D]$")


def _in_cycle() -> Callable[[str], bool]:
    genes = sign_check.cycle_genes()
    return lambda gene: gene in genes


def _in_cycle_or_ubiquitin() -> Callable[[str], bool]:
    genes = sign_check.cycle_genes() | _UBIQUITIN
    return lambda gene: gene in genes


def _in_proteasome() -> Callable[[str], bool]:
    return lambda gene: bool(_PROTEASOME.match(gene))


def _makes_ros() -> Callable[[str], bool]:
    genes = library.load("ros_producers_nadph_oxidase").genes.up
    return lambda gene: gene in genes


def _in_cycle_or_makes_ros() -> Callable[[str], bool]:
    in_cycle, makes_ros = _in_cycle(), _makes_ros()
    known = nomenclature("human").approved
    return lambda gene: in_cycle(gene) or makes_ros(gene) or gene not in known


LEFT_OUT: dict[str, tuple[Callable[[], Callable[[str], bool]], str]] = {
    "cell cycle": (_in_cycle, f"in any of {', '.join(sign_check.CYCLE_SETS)}"),
    "cell cycle and ubiquitin": (
        _in_cycle_or_ubiquitin,
        f"{', '.join(sorted(_UBIQUITIN))}, or in any of "
        f"{', '.join(sign_check.CYCLE_SETS)}",
    ),
    "proteasome and ubiquitin": (
        _in_proteasome,
        "named PSMA1 to PSMG4 and the like, UBB, UBC, UBA52, RPS27A",
    ),
    "cell cycle and oxidase": (
        _in_cycle_or_makes_ros,
        f"no approved symbol, in ros_producers_nadph_oxidase, or in any of "
        f"{', '.join(sign_check.CYCLE_SETS)}",
    ),
    "oxidase": (_makes_ros, "in ros_producers_nadph_oxidase"),
}

# New name: source, what is left out, use of the trimmed list.
TRIMMED: dict[str, tuple[str, str, str]] = {
    "nrf2_reactome_no_proteasome": (
        "nrf2_reactome_nuclear_events", "proteasome and ubiquitin", "optional"),
    "nrf2_namani2019_a549_no_cycle": (
        "nrf2_namani2019_a549", "cell cycle and oxidase", "default"),
    "ros_detox_reactome_no_oxidase": ("ros_detox_reactome", "oxidase", "optional"),
    "kdm5b_scibetta2007_no_cycle": ("kdm5b_scibetta2007", "cell cycle", "optional"),
    "dna_repair_kauffmann2008_no_cycle": (
        "dna_repair_kauffmann2008", "cell cycle", "default"),
    "dna_repair_hallmark_no_cycle": ("hallmark_dna_repair", "cell cycle", "optional"),
    "hrr_reactome_no_cycle": (
        "hrr_reactome", "cell cycle and ubiquitin", "default"),
    "g0_arrest_wiecek2023_no_cycle": ("g0_arrest_wiecek2023", "cell cycle", "optional"),
    "yap_cordenonsi2011_no_cycle": ("yap_cordenonsi2011", "cell cycle", "optional"),
}  # fmt: skip


def trimmed(name: str) -> Signature:
    """A shipped list without the genes of a nuisance."""
    source_name, what, use = TRIMMED[name]
    source = library.load(source_name)
    make, how = LEFT_OUT[what]
    leave_out = make()
    up = tuple(gene for gene in source.genes.up if not leave_out(gene))
    down = tuple(gene for gene in source.genes.down if not leave_out(gene))
    renamed = {
        gene: printed
        for gene, printed in (source.genes.renamed or {}).items()
        if gene in {*up, *down}
    }
    said = source.provenance.derivation
    one = "symbol" if len(renamed) == 1 else "symbols"
    said = re.sub(r"\d+ symbols? brought", f"{len(renamed)} {one} brought", said)
    n_out = len(source.genes.up) + len(source.genes.down) - len(up) - len(down)
    provenance = source.provenance.model_copy(
        update={
            "derivation": f"{said}; then {n_out} {what} genes "
            f"left out ({how}) by signatures/build/derive.py"
        }
    )
    return source.model_copy(
        update={
            "name": name,
            "title": f"{source.title}, without {what} genes",
            "use": use,
            "provenance": provenance,
            "genes": Genes(up=up, down=down, renamed=renamed or None),
        }
    )


class Agreed(NamedTuple):
    """Genes that several shipped lists of one subject share."""

    title: str
    axis: str
    use: str
    context: str
    sources: tuple[str, ...]
    at_least: int
    down: bool


AGREED = {
    "nrf2_core": Agreed(
        title="Targets of NRF2 that independent lists share",
        axis="redox_nrf2",
        use="default",
        context="agreement of lists from KEAP1-mutant and wild-type cells, binding and "
        "curation; KEAP1 and NFE2L2 mutations saturate it",
        sources=(
            "nrf2_ibrahim2020",
            "nrf2_namani2019_a549",
            "nrf2_reactome_nuclear_events",
            "nrf2_singh2008",
            "nrf2_wp",
        ),
        at_least=3,
        down=False,
    ),
    "slow_cycling_core": Agreed(
        title="Genes of dividing cells that independent lists share (down)",
        axis="slow_cycling",
        use="default",
        context="agreement of cell-cycle lists; low in every cell that does not divide",
        sources=sign_check.CYCLE_SETS,
        at_least=4,
        down=True,
    ),
}


def agreed(name: str) -> Signature:
    """Genes that enough of the source lists hold."""
    rule = AGREED[name]
    lists = [library.load(source).genes for source in rule.sources]
    count = Counter(
        chain.from_iterable(
            {*genes.up, *genes.down} if rule.down else genes.up for genes in lists
        )
    )
    kept = tuple(
        sorted(
            gene
            for gene, n in count.items()
            if n >= rule.at_least
            and not _CDK_INHIBITOR.match(gene)
            and not _PROTEASOME.match(gene)
        )
    )
    studies = sorted(
        set(
            chain.from_iterable(
                library.load(source).provenance.studies for source in rule.sources
            )
        )
    )
    return Signature(
        name=name,
        title=rule.title,
        axis=rule.axis,
        direction="two-sided",
        direction_evidence="to be counted",
        use=rule.use,
        context=rule.context,
        provenance=Provenance(
            citation="dtpscore, derived from the lists named under table",
            table=", ".join(rule.sources),
            retrieved_from="signatures/ of this package",
            version="signatures/build/derive.py",
            licence=consensus.licence_of(rule.sources),
            derivation=f"genes in at least {rule.at_least} of the "
            f"{len(rule.sources)} lists under table, without "
            "inhibitors of the cell cycle (CDKN1 and CDKN2), proteasome and ubiquitin",
            confidence="high",
            studies=tuple(studies),
        ),
        genes=Genes(up=() if rule.down else kept, down=kept if rule.down else ()),
    )


def checked(signature: Signature) -> Signature:
    """The signature with the direction that the published contrasts allow."""
    if not sign_check.is_checked(signature):
        return signature
    found = sign_check.tally(signature)
    return signature.model_copy(
        update={
            "direction": sign_check.ruling(signature, found)[0],
            "direction_evidence": sign_check.evidence(signature, found),
        }
    )


def derived() -> list[Signature]:
    """Every derived signature, in the order of writing."""
    return [
        *(checked(trimmed(name)) for name in TRIMMED),
        *(checked(agreed(name)) for name in AGREED),
        *(checked(panel) for panel in review_genes.panels()),
        *consensus.signatures(),
    ]


def everything() -> list[Signature]:
    """Every shipped signature as its file must be."""
    made = {signature.name: signature for signature in derived()}
    names = sorted({*library.available().index, *made})
    return [made.get(name) or checked(library.load(name)) for name in names]


def main() -> None:
    for signature in everything():
        write(signature, library.root())


if __name__ == "__main__":
    main()
