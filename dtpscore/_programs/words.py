"""What a reader of the nearest programs should know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtpscore._compare.samples import FEWEST_CELLS
from dtpscore._programs.decide import FEWEST_KINDS
from dtpscore._statistics.jackknife import left_out

if TYPE_CHECKING:
    from dtpscore._programs.record import ProgramsRecord
    from dtpscore._statistics.samples import Units


def about_samples(units: Units, n_small: int) -> str:
    """Say what the intervals of an arm rest on."""
    n = int(units.treated.sum())
    n_reference = len(units.treated) - n
    if units.pair is not None:
        text = f"The contrast rests on {n} pairs, each of which was left out in turn."
    elif left_out(units):
        text = (
            f"The contrast rests on {n_reference} samples of the reference and {n} of "
            "the arm, each of which was left out in turn."
        )
    else:
        text = (
            f"There is no interval: the contrast rests on {n_reference} samples of the "
            f"reference and {n} of the arm, and an interval needs two of each."
        )
    if n_small:
        text += (
            f" Samples with fewer than {FEWEST_CELLS} cells are left out: {n_small}."
        )
    return units.said + text


def messages(record: ProgramsRecord) -> list[str]:
    """Sentences for the user: what is nearest, and what it rests on."""
    told = [str(one) for one in record.nearest["sentence"]]
    for row in record.arms.to_dict("records"):
        where = "" if row["batch"] == "all" else f" in {row['batch']}"
        told.append(f"{row['group']}{where}: {row['note']}")
    if record.params.get("sample_key") is None:
        told.append(
            "No column of samples is given, so each group counts as one sample. Cells "
            "are not replicates."
        )
    if record.left_out:
        told.append(
            f"These studies or programs took no part: {', '.join(record.left_out)}."
        )
    told.append(
        "Likeness is no cause: a contrast of two untreated lines is near some program "
        "too. Most programs are gene lists with signs, and values of single genes of "
        "published contrasts are not compared."
    )
    return told


def methods(record: ProgramsRecord, how: str) -> list[str]:
    """Sentences for a methods section."""
    told = [
        "Arms were compared with the reference by the means of their samples; of the "
        f"values, {how}. "
        "In each of about 25 bins of expression, genes were ranked by the difference "
        "of the means of samples, from -1 to 1. The likeness to a signed gene list is "
        "the mean rank of its genes, up less down, each half counting the same; its "
        "p-value is exact over random lists of like expression.",
    ]
    if (record.table["by"] == "measured contrast").any():
        told.append(
            "The likeness to a measured contrast is Spearman's correlation, over "
            "signatures, of their likeness here and their AUROC there; its p-value is "
            "from genes dealt anew within bins of expression "
            f"({record.params['n_permutations']} times)."
        )
    if record.arms["has_interval"].any():
        told.append(
            "Intervals are from the jackknife over samples (Efron and Stein 1981, "
            "doi:10.1214/aos/1176345462). A program of persisters is called nearer "
            "than any other kind where the interval of the difference from the nearest "
            "program of what is no persistence lies above 0, and at least "
            f"{FEWEST_KINDS} kinds of those take part."
        )
    told.append(
        "False discovery rates are those of Benjamini and Hochberg over the programs "
        "of an arm."
    )
    return told
