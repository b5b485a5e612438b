"""What a reader of a comparison of arms should know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtpscore._compare import arms as on_arrays
from dtpscore._compare.samples import FEWEST_CELLS, over_batches
from dtpscore._compare.within import FEWEST_BOTH
from dtpscore._design import DesignKeys

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from dtpscore._options.compare import CompareOptions


def messages(
    axes: pd.DataFrame,
    rows: pd.DataFrame,
    options: CompareOptions,
    left: Sequence[str] = (),
) -> list[str]:
    """Sentences for the user; ``left`` names arms with too few cycling persisters."""
    told = []
    for row in rows.to_dict("records"):
        where = "" if row["batch"] == "all" else f" in {row['batch']}"
        told.append(f"{row['group']}{where}: {row['note']}")
    if (rows["method"] == "none").any() and not over_batches(DesignKeys.of(options)):
        told.append(
            "Each batch is looked at by itself. Where batches are patients with "
            "samples of both arms, give the column as pair_key too: patients are then "
            "compared with themselves, all together."
        )
    if options.sample_key is None:
        told.append(
            "No column of samples is given, so each group counts as one sample. Cells "
            "are not replicates."
        )
    if left:
        told.append(
            f"Fewer than {FEWEST_BOTH} samples have {FEWEST_CELLS} cycling and "
            f"{FEWEST_CELLS} resting persisters in {', '.join(left)}, which take no "
            "part."
        )
    if options.within:
        told.append(
            "Cells were split by how much they divide, so the axes of division differ "
            "by construction, and what follows division differs with them."
        )
    against = axes[(axes["agreement"] == on_arrays.AGAINST).to_numpy()]
    if len(against):
        where = f" in {' and '.join(options.context)}" if options.context else ""
        found = ", ".join(dict.fromkeys(against["axis"].astype(str)))
        told.append(
            f"These axes differ against the direction that is published{where}: "
            f"{found}."
        )
    return told


def methods(rows: pd.DataFrame, options: CompareOptions, unit: str) -> list[str]:
    """Sentences for a methods section."""
    what = "gene" if options.by_genes else "axis"
    plural = "genes" if options.by_genes else "axes"
    sides = "every arm and the reference"
    if options.within:
        sides = "cycling and resting persisters of the same samples"
    done = "averaged over the cells of a sample"
    if options.by_genes:
        done = "summed over the cells of a sample, brought to log2 counts per million"
    told = [
        f"Each {what} was {done} and compared between {sides} with the sample as the "
        f"unit; differences are in {unit}."
    ]
    used = set(rows["method"]) - {"none"}
    if any("moderated" in one for one in used):
        how = "as far as public replicate libraries say that axes are alike"
        if options.by_genes:
            how = "as far as these genes are alike, among genes of like expression"
        told.append(
            f"The variance between samples was moderated over the {plural} (Smyth "
            f"2004, doi:10.2202/1544-6115.1027), {how}."
        )
    if any("paired" in one for one in used) and not options.within:
        told.append("Patients with both arms were compared with themselves.")
    if options.covariates:
        told.append(
            "A linear model took account of "
            f"{' and '.join(options.covariates)} of the samples."
        )
    if used:
        told.append(
            "False discovery rates are those of Benjamini and Hochberg over the "
            f"{plural} of an arm."
        )
    return told
