"""Options of the question whether the target was hit."""

from __future__ import annotations

from pydantic import Field

from dtpscore._options.base import Options
from dtpscore._options.fields import Label, Names


class EngagementOptions(Options):
    """Options of one look at engagement; `dtpscore.tl.engagement` documents each."""

    pathway: str = Field(
        description="Axis of the pathway that the drug hits, such as mapk_output."
    )
    groupby: str = Field(description="Column of obs with the groups.")
    reference: Label = Field(description="The untreated group.")
    sample_key: str | None = Field(
        None, description="Column of obs with the sample of each cell."
    )
    batch_key: str | None = Field(
        None,
        description="Column of obs with the patient, tumor or line; each is looked at "
        "by itself.",
    )
    time_key: str | None = Field(
        None, description="Column of obs with the time on drug; each is an arm."
    )
    cell_type_key: str | None = Field(
        None, description="Column of obs with the cell types."
    )
    malignant: Names = Field(
        (), description="Cell types that are malignant. Only these cells are used."
    )
    scores_key: str = Field(
        "dtp_scores", description="Key of the scores that hold the axis."
    )
    alpha: float = Field(
        0.05,
        gt=0,
        lt=0.5,
        description="Share of untreated cells whose output counts as low.",
    )
    key_added: str = Field(
        "dtp_engagement",
        min_length=1,
        description="Name under which the result is stored.",
    )
