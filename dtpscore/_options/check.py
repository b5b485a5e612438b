"""Options of a look at data."""

from __future__ import annotations

from pydantic import Field

from dtpscore._options.base import Options
from dtpscore._options.fields import Label, Names
from dtpscore._types import Species


class CheckOptions(Options):
    """Options of one look; `dtpscore.check` documents each."""

    groupby: str | None = Field(
        None, description="Column of obs with the groups; looked for if not given."
    )
    reference: Label | None = Field(
        None, description="The untreated group; looked for if not given."
    )
    sample_key: str | None = Field(
        None, description="Column of obs with the samples; looked for if not given."
    )
    batch_key: str | None = Field(
        None, description="Column of obs with the tumor, line or batch."
    )
    replicate_key: str | None = Field(
        None, description="Column of obs with replicates; looked for if not given."
    )
    time_key: str | None = Field(
        None, description="Column of obs with times or doses; looked for if not given."
    )
    cell_type_key: str | None = Field(
        None, description="Column of obs with cell types; looked for if not given."
    )
    malignant: Names = Field((), description="Cell types that are malignant.")
    holiday: Names = Field(
        (), description="Groups off the drug; looked for if not given."
    )
    layer: str | None = Field(
        None, description="Layer to use; the best matrix if not given."
    )
    use_raw: bool = Field(False, description="Use raw.")
    gene_symbols: str | None = Field(
        None, description="Column of var that holds the gene names."
    )
    species: Species | None = Field(
        None, description="Species of the data; told from the gene names if not given."
    )
    alpha: float = Field(
        0.05, gt=0, lt=1, description="False discovery rate that calls shall keep."
    )
