"""Which way does each signature move in the published persister contrasts?

Run ``python signatures/build/sign_check.py`` to write ``signatures/sign_check.tsv``.
The table is the evidence behind ``direction`` in the signature files.

A contrast is a published list of genes that go up and down from parental to persister
cells. For a signature, ``with`` is the share of the contrast's up list that its up
genes make, plus the share of the contrast's down list that its down genes make;
``against`` is the reverse. Shares, because lists differ in length. The contrast says
up where at least 3 genes overlap and ``with`` is at least 1.5 times ``against``, down
where the reverse holds, and nothing otherwise. Contrasts of one cell line (BT474) give
one vote, and none where they disagree. Contrasts from a study that the signature comes
from are left out.

This counts published lists; it is no significance test.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, NamedTuple

from dtpscore import signatures as library

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dtpscore.signatures import Signature

# Votes: contrasts that share a vote stand together.
VOTES: dict[str, tuple[str, ...]] = {
    "BT474": ("dtp_hangauer2017_bt474", "dtp_chang2022_luminal"),
    "Chang mesenchymal": ("dtp_chang2022_mesenchymal",),
    "Duy AML": ("dtp_duy2021_aml_cisg",),
    "Rehman CRC": ("dtp_rehman2021_crc",),
    "Dhimolea organoids": ("dtp_dhimolea2021_recurrent",),
    "Moghal LUAD": ("dtp_moghal2023_common",),
    "GSE153183": ("dtp_zhao2020_gse153183",),
    "GSE114647": ("dtp_zhao2020_gse114647",),
    "Kalkavan": ("dtp_kalkavan2022_apoptosis_persister",),
}
MIN_GENES = 3
MIN_RATIO = 1.5
# Rule for a fixed direction.
MIN_VOTES = 5
MIN_AGREEMENT = 0.6
MAX_CYCLE = 0.25
# No fixed direction whatever the count: the published contrasts and the reviews
# disagree about these mechanisms, or RNA only stands in for them.
TWO_SIDED = frozenset(
    {"redox_nrf2", "oxphos", "fao_peroxisome", "kdm5_chromatin", "ferroptosis"}
)
# Cell-cycle genes are the point of these.
PROLIFERATION = frozenset({"slow_cycling", "diapause_myc", "s_phase", "g2m"})
CYCLE_SETS = (
    "tirosh2016_s_phase",
    "tirosh2016_g2m_phase",
    "hallmark_e2f_targets",
    "hallmark_g2m_checkpoint",
    "whitfield_cell_cycle",
    "dream_targets_fischer2016",
    "gavish_mp01_cell_cycle_g2_m",
    "gavish_mp02_cell_cycle_g1_s",
    "gavish_mp03_cell_cycle_hmg_rich",
)


class Tally(NamedTuple):
    """Votes for one signature, and the share of its genes that are cell-cycle genes."""

    up: int
    down: int
    none: int
    cycle: float

    @property
    def evaluable(self) -> int:
        """Votes that say something."""
        return self.up + self.down


def cycle_genes() -> frozenset[str]:
    """Genes of any shipped cell-cycle set."""
    sets = (library.load(name).genes for name in CYCLE_SETS)
    return frozenset(gene for genes in sets for gene in (*genes.up, *genes.down))


def _share(part: Iterable[str], whole: tuple[str, ...]) -> float:
    return len(set(part) & set(whole)) / len(whole) if whole else 0.0


def _overlap(signature: Signature, contrast: Signature) -> int:
    listed = {*signature.genes.up, *signature.genes.down}
    return len(listed & {*contrast.genes.up, *contrast.genes.down})


def verdict(signature: Signature, contrast: Signature) -> int:
    """1 where the contrast says up, -1 down, 0 nothing."""
    own, other = signature.genes, contrast.genes
    along = _share(own.up, other.up) + _share(own.down, other.down)
    against = _share(own.up, other.down) + _share(own.down, other.up)
    if _overlap(signature, contrast) < MIN_GENES:
        return 0
    if along >= MIN_RATIO * against and along > 0:
        return 1
    return -1 if against >= MIN_RATIO * along else 0


def votes(signature: Signature) -> dict[str, int]:
    """Vote of every group of contrasts that the signature does not come from."""
    own = set(signature.provenance.studies)
    found = {}
    for label, names in VOTES.items():
        contrasts = [library.load(name) for name in names]
        usable = [c for c in contrasts if not own & set(c.provenance.studies)]
        if usable:
            said = {verdict(signature, contrast) for contrast in usable} - {0}
            found[label] = said.pop() if len(said) == 1 else 0
    return found


def tally(signature: Signature) -> Tally:
    """Count the votes and the cell-cycle genes."""
    counts = list(votes(signature).values())
    listed = {*signature.genes.up, *signature.genes.down}
    return Tally(
        up=counts.count(1),
        down=counts.count(-1),
        none=counts.count(0),
        cycle=len(listed & cycle_genes()) / len(listed),
    )


def ruling(signature: Signature, found: Tally) -> tuple[str, str]:
    """Direction that the rule allows, and why where it allows none."""
    if signature.axis in TWO_SIDED:
        return "two-sided", "The axis is two-sided by rule."
    if found.evaluable < MIN_VOTES:
        return "two-sided", f"A direction needs {MIN_VOTES} votes that say something."
    if found.cycle > MAX_CYCLE and signature.axis not in PROLIFERATION:
        return "two-sided", "Too many for a direction of its own."
    if abs(found.up - found.down) / found.evaluable < MIN_AGREEMENT:
        return "two-sided", "The votes disagree."
    return ("up" if found.up > found.down else "down"), ""


def evidence(signature: Signature, found: Tally) -> str:
    """Sentences for the signature file."""
    text = (
        f"Of {sum(found[:3])} votes of published persister contrasts, {found.up} say "
        f"up, {found.down} down and {found.none} neither; {found.cycle:.0%} of its "
        "genes are cell-cycle genes."
    )
    return f"{text} {ruling(signature, found)[1]}".strip()


def is_checked(signature: Signature) -> bool:
    """Whether the rule applies.

    Names in ``dtp_`` are persister contrasts and their consensus, which define up.
    """
    return not signature.name.startswith("dtp_")


def _row(signature: Signature) -> dict[str, object]:
    found, cast = tally(signature), votes(signature)
    return {
        "signature": signature.name,
        "axis": signature.axis,
        "up": found.up,
        "down": found.down,
        "none": found.none,
        "cell_cycle_fraction": f"{found.cycle:.2f}",
        "direction": ruling(signature, found)[0],
        **{label: cast.get(label, "own study") for label in VOTES},
    }


def table() -> str:
    """Text of ``signatures/sign_check.tsv``."""
    signatures = map(library.load, sorted(library.available().index))
    rows = [_row(signature) for signature in signatures if is_checked(signature)]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


if __name__ == "__main__":
    path = library.root() / "sign_check.tsv"
    path.write_text(table(), encoding="utf-8", newline="\n")
