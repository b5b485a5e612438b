"""Options of an order of cells."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dtpscore._options.base import Options
from dtpscore._options.fields import Label, Names
from dtpscore._types import Species


class OrderOptions(Options):
    """Options of one order; `dtpscore.tl.pseudotime` documents each."""

    groupby: str = Field(description="Column of obs with the groups.")
    reference: Label = Field(
        description="The untreated group, in which the path starts."
    )
    method: Literal["dpt", "ordinal", "palantir"] | None = Field(
        None,
        description="How to order. By default ordinal where there are times and two "
        "replicates, else dpt.",
    )
    time_key: str | None = Field(
        None, description="Column of obs with the time on drug, or the dose."
    )
    sample_key: str | None = Field(
        None, description="Column of obs with the sample of each cell."
    )
    replicate_key: str | None = Field(
        None, description="Column of obs with the replicate series."
    )
    holiday: Names = Field(
        (), description="Groups that were sampled after the drug was withdrawn."
    )
    index_key: str | None = Field(
        None, description="Column of obs with the persister index."
    )
    layer: str | None = Field(None, description="Layer to use instead of X.")
    use_raw: bool = Field(False, description="Use raw instead of X.")
    gene_symbols: str | None = Field(
        None, description="Column of var that holds the gene names."
    )
    species: Species = Field("human", description="Species of the data.")
    use_rep: str | None = Field(
        None, description="Key of obsm to use instead of the components of the recipe."
    )
    neighbors_key: str | None = Field(
        None, description="Key of uns of a neighbor graph to use."
    )
    n_top_genes: int = Field(2000, ge=10, description="Variable genes.")
    n_pcs: int = Field(30, ge=2, description="Principal components.")
    n_neighbors: int = Field(30, ge=2, description="Neighbors in the graph.")
    n_dcs: int = Field(10, ge=2, description="Diffusion components.")
    n_roots: int = Field(
        20, ge=1, description="Cells around the root that the order is repeated from."
    )
    n_subsamples: int = Field(10, ge=2, description="Repeats on 80% of the cells.")
    fates: Literal["absorption", "cellrank"] = Field(
        "absorption", description="Who computes the fates of branches."
    )
    seed: int = Field(0, ge=0, description="Seed of the subsamples and the bootstrap.")
    key_added: str = Field(
        "dtp_pseudotime",
        min_length=1,
        description="Name under which the order is stored.",
    )
