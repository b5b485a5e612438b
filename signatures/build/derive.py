"""Write what follows from other files: derived signatures, directions, layout.

Run ``python signatures/build/derive.py`` after any change of a list. The same files
give the same bytes. Every file is written in one layout, with the direction that
``sign_check.py`` gives it.

Two kinds are made here. Trimmed lists are a shipped list without the genes of a
nuisance (the cell cycle, the proteasome). The consensus counts in how many persister
studies a gene goes up or down; see ``consensus.py`` for the vote.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import consensus
import sign_check
from toml_writer import write

from dtpscore import signatures as library
from dtpscore.signatures import Genes, Signature

if TYPE_CHECKING:
    from collections.abc import Callable

_PROTEASOME = re.compile(r"^PSM[A-G]\d+[A-Z]?$")


def _in_cycle() -> Callable[[str], bool]:
    genes = sign_check.cycle_genes()
    return lambda gene: gene in genes


def _in_proteasome() -> Callable[[str], bool]:
    return lambda gene: bool(_PROTEASOME.match(gene))


# New name: source, what is left out, use of the trimmed list.
TRIMMED: dict[str, tuple[str, str, str]] = {
    "nrf2_reactome_no_proteasome": (
        "nrf2_reactome_nuclear_events", "proteasome", "default"),
    "kdm5b_scibetta2007_no_cycle": ("kdm5b_scibetta2007", "cell cycle", "default"),
    "dna_repair_kauffmann2008_no_cycle": (
        "dna_repair_kauffmann2008", "cell cycle", "default"),
    "dna_repair_hallmark_no_cycle": ("hallmark_dna_repair", "cell cycle", "default"),
    "hrr_reactome_no_cycle": ("hrr_reactome", "cell cycle", "optional"),
    "g0_arrest_wiecek2023_no_cycle": ("g0_arrest_wiecek2023", "cell cycle", "optional"),
    "yap_cordenonsi2011_no_cycle": ("yap_cordenonsi2011", "cell cycle", "optional"),
}  # fmt: skip


def trimmed(name: str) -> Signature:
    """A shipped list without the genes of a nuisance."""
    source_name, what, use = TRIMMED[name]
    source = library.load(source_name)
    leave_out = {"cell cycle": _in_cycle, "proteasome": _in_proteasome}[what]()
    up = tuple(gene for gene in source.genes.up if not leave_out(gene))
    down = tuple(gene for gene in source.genes.down if not leave_out(gene))
    renamed = {
        gene: printed
        for gene, printed in (source.genes.renamed or {}).items()
        if gene in {*up, *down}
    }
    n_out = len(source.genes.up) + len(source.genes.down) - len(up) - len(down)
    how = (
        f"in any of {', '.join(sign_check.CYCLE_SETS)}"
        if what == "cell cycle"
        else "named PSMA1 to PSMG4 and the like"
    )
    provenance = source.provenance.model_copy(
        update={
            "derivation": f"{source.provenance.derivation}; then {n_out} {what} genes "
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
    return [*(checked(trimmed(name)) for name in TRIMMED), *consensus.signatures()]


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
