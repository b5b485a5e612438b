"""Options of the question which published program is nearest."""

from __future__ import annotations

from pydantic import Field

from dtpscore._options.base import Options
from dtpscore._options.fields import Label, Names
from dtpscore._types import Species


class ProgramsOptions(Options):
    """Options of one look; `dtpscore.tl.programs` documents each."""

    groupby: str = Field(description="Column of obs with the groups.")
    reference: Label = Field(description="The untreated group.")
    sample_key: str | None = Field(
        None, description="Column of obs with the sample of each cell."
    )
    pair_key: str | None = Field(
        None,
        description="Column of obs with the patient that links samples before and "
        "after treatment.",
    )
    batch_key: str | None = Field(
        None,
        description="Column of obs with the patient, tumor or line; each is looked at "
        "by itself.",
    )
    cell_type_key: str | None = Field(
        None, description="Column of obs with the cell types."
    )
    malignant: Names = Field(
        (), description="Cell types that are malignant. Only these cells are used."
    )
    exclude: Names | None = Field(
        None,
        description="Studies, signatures or measured contrasts that take no part, "
        "instead of those that the data name.",
    )
    layer: str | None = Field(None, description="Layer to use instead of X.")
    use_raw: bool = Field(False, description="Use raw instead of X.")
    gene_symbols: str | None = Field(
        None, description="Column of var that holds the gene names."
    )
    species: Species = Field("human", description="Species of the data.")
    n_permutations: int = Field(
        999, ge=99, description="How often genes are dealt anew for p-values."
    )
    alpha: float = Field(
        0.05, gt=0, lt=1, description="False discovery rate at which a program is near."
    )
    seed: int = Field(0, ge=0, description="Seed of the draw.")
    key_added: str = Field(
        "dtp_programs",
        min_length=1,
        description="Name under which the result is stored.",
    )
