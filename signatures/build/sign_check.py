"""Which way does each signature move in contrasts of persister and parental cells?

Run ``python signatures/build/sign_check.py`` to write ``signatures/sign_check.tsv``.
The table is the evidence behind ``direction`` in the signature files.

A published contrast is a list of genes that go up and down from parental to persister
cells. For a signature, ``with`` is the share of the contrast's up list that its up
genes make, plus the share of the contrast's down list that its down genes make;
``against`` is the reverse. Shares, because lists differ in length. The contrast says
up where at least 3 genes overlap and ``with`` is at least 1.5 times ``against``, down
where the reverse holds, and nothing otherwise. Contrasts of one cell line (BT474) give
one vote, and none where they disagree. Two tables of low confidence, which name neither
line nor drug, are shown and not counted.

A measured contrast is scored from counts (``real_contrasts.tsv``). It says up where the
control-matched z of the persisters is above that of the parental cells by at least 1,
down where it is below by as much. The contrasts of one study (the lines of one
laboratory under one drug, the patients of one cohort) give one vote together: the way
that most of them go, where those that go one way exceed those that go the other by at
least 60% of both and at least half of all say something.

Contrasts from a study that the signature comes from are left out. This counts
contrasts; it is no significance test.
"""

from __future__ import annotations

import csv
import io
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from dtpscore import signatures as library
from dtpscore.signatures._directions import (
    MIN_VOTES,
    TWO_SIDED_BY_RULE,
    agreement,
)

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
# Contrasts of low confidence: shown, not counted.
UNCOUNTED = frozenset({"GSE153183", "GSE114647"})
# Measured contrasts that share a vote, because they come from one study.
MEASURED: dict[str, tuple[str, ...]] = {
    "melanoma lines": ("A375", "SKMEL28", "SKMEL5", "WM88"),
    "SKMEL5 subclones": ("SKMEL5 SC01", "SKMEL5 SC07", "SKMEL5 SC10"),
    "AML patients": ("AML328", "AML329", "AML707B"),
}
MIN_GENES = 3
MIN_RATIO = 1.5
MIN_Z = 1.0
# Rule for a fixed direction.
MAX_CYCLE = 0.25
# No fixed direction whatever the count: the published contrasts and the reviews
# disagree about these mechanisms, or RNA only stands in for them.
TWO_SIDED = TWO_SIDED_BY_RULE
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


@cache
def _measured() -> dict[str, dict[str, float]]:
    """Change of z of every signature in every measured contrast."""
    text = (library.root() / "real_contrasts.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t")
    return {
        row["signature"]: {
            name: float(value)
            for name, value in row.items()
            if name != "signature" and value
        }
        for row in rows
    }


def measured_votes(name: str) -> dict[str, int]:
    """1, -1 or 0 for every measured contrast in which the signature has a value."""
    return {
        contrast: (z >= MIN_Z) - (z <= -MIN_Z)
        for contrast, z in _measured().get(name, {}).items()
    }


def _together(said: list[int]) -> int:
    """One vote of the contrasts of one study."""
    up, down = said.count(1), said.count(-1)
    if 2 * (up + down) < len(said):
        return 0
    return agreement(up, down)


def votes(signature: Signature) -> dict[str, int]:
    """Vote of every group of contrasts that the signature does not come from."""
    found = published_votes(signature)
    single = measured_votes(signature.name)
    for label, names in MEASURED.items():
        said = [single[name] for name in names if name in single]
        if said:
            found[label] = _together(said)
    return found


def published_votes(signature: Signature) -> dict[str, int]:
    """Votes of the published lists alone."""
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
    counts = [n for label, n in votes(signature).items() if label not in UNCOUNTED]
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
    way = agreement(found.up, found.down)
    if not way:
        return "two-sided", "The votes disagree."
    return ("up" if way > 0 else "down"), ""


def evidence(signature: Signature, found: Tally) -> str:
    """Sentences for the signature file."""
    text = (
        f"Of {sum(found[:3])} votes of persister contrasts, {found.up} say up, "
        f"{found.down} down and {found.none} neither; {found.cycle:.0%} of its genes "
        "are cell-cycle genes."
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
        **{label: cast.get(label, "") for label in MEASURED},
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
