"""Options of the tests of gene sets."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from dtpscore._options.base import Options
from dtpscore._types import Species


class EnrichOptions(Options):
    """Options of one enrichment; `dtpscore.tl.enrich` documents each."""

    signatures: Any = Field(
        None, description="Signatures to test; those scored by default."
    )
    groupby: str = Field("", description="Column of obs with the groups.")
    reference: Any = Field(
        None, description="The group that all others are compared with."
    )
    sample_key: str | None = Field(
        None, description="Column of obs with the sample or patient of each cell."
    )
    cell_type_key: str | None = Field(
        None, description="Column of obs with the cell types."
    )
    malignant: Any = Field((), description="Cell types that are malignant cells.")
    gmt: str | None = Field(None, description="GMT file of further gene sets.")
    layer: str | None = Field(None, description="Layer to use instead of X.")
    use_raw: bool = Field(False, description="Use raw instead of X.")
    gene_symbols: str | None = Field(
        None, description="Column of var that holds the gene names."
    )
    species: Species = Field("human", description="Species of the data.")
    n_permutations: int = Field(1000, ge=10, description="Random gene sets drawn.")
    weight: float = Field(
        1.0, ge=0, description="Exponent of the statistic in the running sum."
    )
    min_size: int = Field(10, ge=1, description="Smallest gene set that is tested.")
    max_size: int = Field(1000, ge=1, description="Largest gene set that is tested.")
    seed: int = Field(0, ge=0, description="Seed of the draw.")
    key_added: str = Field(
        "dtp_enrichment",
        min_length=1,
        description="Name under which the enrichment is stored.",
    )
