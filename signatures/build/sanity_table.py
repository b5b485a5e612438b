"""What the sanity checks of the lists found, from ``signatures/sanity.tsv``."""

from __future__ import annotations

import csv

from dtpscore import signatures as library

# From here on shared genes of the other sign are looked at.
FEWEST_SHARED = 3
SAME_SIGN = 0.7
# Share of counts of five genes from which a longer list is named.
FIVE_SHARE = 0.6
FEW_GENES = 30
# Why a list that does not pass a check is still here.
REASONS = {
    "apoptosis_resistance_panel": "the hallmark of apoptosis holds the brakes of "
    "apoptosis too (BCL2L1, MCL1); its score is not the reverse of the panel",
    "hallmark_apoptosis": "as the panel above; on request only",
    "dormancy_markers_panel": "CDKN1A and CDKN1B stand in lists of E2F targets, where "
    "they count as dividing; the core of slow cycling leaves them out",
    "gavish_mp04_chromatin": "four of six genes agree with a list from knock-down of "
    "HDAC1, which is about something else; on request only",
    "gavish_mp13_emt_ii": "a programme of cells within tumors, which keep epithelial "
    "genes; it does not sort lines by VIM and CDH1; on request only",
    "gavish_mp14_emt_iii": "as EMT-II: keratins, CLDN4 and CD24 of epithelial cells "
    "rise in it; on request only",
    "gavish_mp15_emt_iv": "as EMT-II; on request only",
    "gavish_mp16_mes_glioma": "the mesenchymal state of glioma; on request only",
    "hallmark_p53_pathway": "its opposite is `senescence_chicas_rb1`, not this one",
    "hdac1_senese2007": "the panel of 300 genes holds few of its genes: undecided",
    "senescence_chicas_rb1": "genes that rise when RB1 is lost, also inflammatory ones "
    "of the secretory phenotype, which count the other way here; on request only",
    "senescence_senmayo2022": "its opposite is `senescence_chicas_rb1`, not this one",
}


def rows() -> list[dict[str, str]]:
    """Rows of the table."""
    text = (library.root() / "sanity.tsv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t"))


def _n_genes(name: str) -> int:
    genes = library.load(name).genes
    return len(genes.up) + len(genes.down)


def contradicts(row: dict[str, str]) -> bool:
    """Whether genes that a list shares within its axis count the other way there."""
    if not row["same_axis"] or row["axis"] == "published_contrasts":
        return False
    smaller = min(int(row["n_genes"]), _n_genes(row["same_axis"]))
    shared = float(row["same_overlap"]) * smaller
    return shared >= FEWEST_SHARED - 0.5 and float(row["same_sign"]) < SAME_SIGN


def failed(row: dict[str, str]) -> list[str]:
    """What a list did not pass."""
    found = []
    if row["moved"] == "no":
        found.append(f"{row['must_move']}: {row['value']}")
    if contradicts(row):
        same = float(row["same_sign"])
        found.append(f"{same:.0%} of genes shared with `{row['same_axis']}` agree")
    return found


def sanity() -> str:
    """Counts of the checks, and the lists that did not pass one."""
    every = rows()
    must = [row for row in every if row["moved"]]
    passed = sum(row["moved"] == "yes" for row in must)
    default = [row for row in must if row["use"] not in ("optional", "evaluation")]
    right = sum(row["moved"] == "yes" for row in default)
    lines = [
        f"Of {len(every)} lists, {len(must)} have a contrast at hand in which they "
        f"must move; {passed} of them do, among these {right} of the {len(default)} "
        "that are scored without being asked for by name.",
        "",
        "| List | What it did not pass | Why it is here |",
        "|---|---|---|",
    ]
    lines += [
        f"| `{row['signature']}` | {'; '.join(failed(row))} | "
        f"{REASONS[row['signature']]} |"
        for row in every
        if failed(row)
    ]
    return "\n".join(lines)


def carried() -> str:
    """Longer lists of which five genes hold most of the counts."""
    shown = [
        row
        for row in rows()
        if row["use"] != "optional"
        and row["five_share"]
        and float(row["five_share"]) >= FIVE_SHARE
        and int(row["n_genes"]) > FEW_GENES
        and row["axis"] != "published_contrasts"
        and not row["axis"].startswith("melanoma_")
    ]
    lines = ["| List | Genes | Share of five | Which |", "|---|---|---|---|"]
    lines += [
        f"| `{row['signature']}` | {row['n_genes']} | {float(row['five_share']):.0%} | "
        f"{row['five_genes'].replace(' ', ', ')} |"
        for row in shown
    ]
    return "\n".join(lines)
