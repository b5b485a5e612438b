"""What an analysis of clones says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtpscore._lineages import barcodes

if TYPE_CHECKING:
    import pandas as pd

    from dtpscore._lineages.run import Cells
    from dtpscore._options.lineages import LineageOptions

# With fewer clones than this in the untreated samples, their state is not tested.
FEWEST_CLONES = 10


def messages(
    cells: Cells, samples: pd.DataFrame, unknown: list[str], *, tested: bool
) -> list[str]:
    found = []
    if unknown:
        found.append(
            f"One sample only in {', '.join(unknown)}: how much clones drift between "
            "replicates is not known there, so the p-values of single clones count "
            "cells alone and are too small."
        )
    if not tested:
        found.append(
            "Whether the state before the drug foretells the fate was not tested: "
            + (
                "no axes are scored (run dtpscore.tl.score first)."
                if cells.state is None
                else f"fewer than {FEWEST_CLONES} clones of a like size are in the "
                "untreated samples."
            )
        )
    else:
        found.append(
            "Clones that are large before the drug are known better, and may grow "
            "faster. An axis that goes with the size before the drug (rho_size) can "
            "foretell the fate for that reason alone."
        )
    lost = int(samples["n_unclear"].sum())
    if lost:
        found.append(
            f"{lost:,} cells hold barcodes of several clones and were left out."
        )
    return found


def methods(
    cells: Cells,
    samples: pd.DataFrame,
    options: LineageOptions,
    *,
    tested: bool,
    mixed: bool,
) -> list[str]:
    total, known = int(samples["n_cells"].sum()), int(samples["n_with_clone"].sum())
    told = [
        f"A clone was known for {known:,} of {total:,} cells "
        f"({len(cells.clones.names):,} clones). Barcodes that were seen together in at "
        f"least {barcodes.TOGETHER} cells, and in at least half of the cells of the "
        "rarer one, were taken for one clone; cells with barcodes of several clones "
        "were left out.",
        "The share of each clone on the drug was compared with its share in the "
        f"{options.reference} samples by an exact binomial test of the counts (Clopper "
        "and Pearson 1934, doi:10.1093/biomet/26.4.404), and, where an arm has "
        "replicates, by a test whose error includes the drift of clones between them; "
        "the larger p-value counts.",
    ]
    if tested:
        told.append(
            "Whether the state before the drug foretells the change of a clone was "
            "tested with the clone as the unit: the mean of its untreated cells, less "
            "the mean of their sample, was ranked against the change within strata of "
            "one sample and a like number of cells, with "
            f"{options.n_permutations:,} permutations within strata."
        )
    if mixed:
        told.append(
            "Whether persisters of one clone are alike in cycling was tested by "
            "exchanging cells within samples."
        )
    return told
