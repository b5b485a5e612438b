"""Options of a comparison of arms."""

from __future__ import annotations

from pydantic import Field

from dtpscore._options.base import Options
from dtpscore._options.fields import Label, Names


class CompareOptions(Options):
    """Options of one comparison of arms; `dtpscore.tl.compare` documents each."""

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
    context: Names = Field(
        (),
        description="Tumor and drug class, whose published contrasts give the "
        "published direction.",
    )
    exclude_studies: Names = Field(
        (), description="Studies that have no vote on the published direction."
    )
    scores_key: str = Field(
        "dtp_scores", description="Key of the scores whose axes are compared."
    )
    alpha: float = Field(
        0.05, gt=0, lt=1, description="False discovery rate at which an axis differs."
    )
    key_added: str = Field(
        "dtp_compare",
        min_length=1,
        description="Name under which the result is stored.",
    )
