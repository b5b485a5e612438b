"""What an enrichment leaves in ``uns``, and how it is told in a methods section."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from dtpscore._records import Record
from dtpscore._values import WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._enrichment.contrast import Ranked
    from dtpscore._options.enrich import EnrichOptions


@dataclass(frozen=True, kw_only=True)
class EnrichRecord(Record):
    """The gene sets of an enrichment with all that they were tested on.

    Attributes
    ----------
    params
        Every option, and what the values were taken for.
    table
        One row per group and gene set.
    statistic
        float64, genes by groups.
    genes, groups
        Names of its rows and columns.
    members
        Genes of the tested sets, ``term`` and ``gene``.
    skipped
        Sets that were not tested, ``term`` and ``n_genes``.
    designs
        One row per group: how it was compared.
    coverage
        One row per signature: genes found and lost, as of a scoring run.
    """

    made_by: ClassVar[str] = "dtpscore.tl.enrich"

    params: dict[str, Any]
    table: pd.DataFrame
    statistic: NDArray[np.float64]
    genes: list[str]
    groups: list[str]
    members: pd.DataFrame
    skipped: pd.DataFrame
    designs: pd.DataFrame
    coverage: pd.DataFrame


# How the genes are ranked, by the design of the comparison.
_RANKED = {
    "paired": "the mean difference within samples over its standard error plus the "
    "median standard error over genes (Tusher et al. 2001, doi:10.1073/pnas.091062498)",
    "unpaired": "the difference of the means of the samples over its standard error "
    "plus the median standard error over genes (Tusher et al. 2001, "
    "doi:10.1073/pnas.091062498)",
    "difference": "the difference alone, because there is one sample on a side",
    "cells": "the difference of the means over its standard error plus the median "
    "standard error over genes, with the cell as the unit",
}


def methods(options: EnrichOptions, ranked: Ranked) -> list[str]:
    """Sentences about an enrichment, each about what was done with these data."""
    designs = ranked.designs
    told = [
        f"The values were taken for {WORDS[ranked.kind]}; {ranked.profile}.",
        *(
            f"Genes were ranked in {_listed(part['group'])} against "
            f"{options.reference} by {_RANKED[str(design)]}."
            for design, part in designs.groupby("design", sort=False)
        ),
        f"Sets of {options.min_size:,} to {options.max_size:,} ranked genes were "
        "tested with GSEApy's prerank (Fang et al. 2023, "
        "doi:10.1093/bioinformatics/btac757; "
        "Subramanian et al. 2005, doi:10.1073/pnas.0506580102) with "
        f"{options.n_permutations:,} random gene sets, weight {options.weight:g} and "
        f"seed {options.seed}.",
    ]
    if options.species != "human":
        told.append(
            f"The data are from {options.species}; genes of human signatures were "
            "matched by one-to-one ortholog."
        )
    if options.cell_type_key is not None:
        told.append(
            f"Malignant cells alone were used ({_listed(options.malignant)} in "
            f"{options.cell_type_key})."
        )
    return told


def _listed(names: Sequence[Any] | pd.Series) -> str:
    return ", ".join(map(str, names))
