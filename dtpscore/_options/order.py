"""Options of an order of cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from dtpscore._options.base import Options
from dtpscore._options.fields import Label, Names
from dtpscore._types import Species
from dtpscore.errors import OptionError

if TYPE_CHECKING:
    from dtpscore._design import DesignKeys


class OrderOptions(Options):
    """Options of one order; `dtpscore.tl.pseudotime` documents each."""

    groupby: str = Field(description="Column of obs with the groups.")
    reference: Label = Field(
        description="The untreated group, in which the path starts."
    )
    method: Literal["dpt", "ordinal", "palantir"] | None = Field(
        default=None,
        description="How to order. By default ordinal where there are times and two "
        "replicate series, else dpt.",
    )
    time_key: str | None = Field(
        default=None, description="Column of obs with the time on drug, or the dose."
    )
    sample_key: str | None = Field(
        default=None,
        description="Column of obs with the sample (library) of each cell.",
    )
    replicate_key: str | None = Field(
        default=None, description="Column of obs with the replicate series."
    )
    holiday: Names = Field(
        default=(), description="Groups that were sampled after the drug was withdrawn."
    )
    cell_type_key: str | None = Field(
        default=None, description="Column of obs with the cell types."
    )
    malignant: Names = Field(
        default=(),
        description="Cell types that are malignant. Only these cells are ordered.",
    )
    index_key: str | None = Field(
        default=None, description="Column of obs with the persister index."
    )
    ambient_key: str | None = Field(
        default=None,
        description="Column of var with the profile of empty droplets; whether ambient "
        "RNA comes with time is then said.",
    )
    layer: str | None = Field(default=None, description="Layer to use instead of X.")
    use_raw: bool = Field(default=False, description="Use raw instead of X.")
    gene_symbols: str | None = Field(
        default=None, description="Column of var that holds the gene names."
    )
    species: Species = Field(default="human", description="Species of the data.")
    use_rep: str | None = Field(
        default=None,
        description="Key of obsm to use instead of the principal components; 'axes' "
        "takes the axis scores.",
    )
    neighbors_key: str | None = Field(
        default=None, description="Key of uns of a neighbor graph to use."
    )
    n_top_genes: int = Field(
        default=2000, ge=2, description="Number of variable genes."
    )
    n_pcs: int = Field(default=30, ge=1, description="Number of principal components.")
    n_neighbors: int = Field(
        default=30, ge=2, description="Neighbors per cell in the graph."
    )
    n_dcs: int = Field(default=10, ge=2, description="Number of diffusion components.")
    n_roots: int = Field(
        default=20,
        ge=1,
        description="Cells around the root that the order is repeated from.",
    )
    n_subsamples: int = Field(
        default=10,
        ge=0,
        description="How often the order is repeated on 80% of the cells.",
    )
    fates: Literal["absorption", "cellrank"] = Field(
        default="absorption", description="How the fates of cells are computed."
    )
    seed: int = Field(
        default=0, ge=0, description="Seed of the subsamples and the bootstrap."
    )
    key_added: str = Field(
        default="dtp_pseudotime",
        min_length=1,
        description="Name under which the order is stored.",
    )

    @model_validator(mode="after")
    def _fit_each_other(self) -> OrderOptions:
        if self.layer is not None and self.use_raw:
            msg = (
                f"Give layer ({self.layer!r}) or use_raw, not both: they are different "
                "matrices."
            )
            raise OptionError(msg)
        if self.use_rep is not None and self.neighbors_key is not None:
            msg = "Give use_rep or neighbors_key, not both: a graph needs no features."
            raise OptionError(msg)
        return self

    @property
    def brings_representation(self) -> bool:
        """Whether cells are compared on something that the user brings."""
        return self.neighbors_key is not None or self.use_rep not in (None, "axes")

    @property
    def keys(self) -> DesignKeys:
        """Which columns of ``obs`` describe the experiment."""
        from dtpscore._design import DesignKeys

        return DesignKeys.of(self)
