"""Options of the question persister or resistant."""

from __future__ import annotations

from pydantic import Field

from dtpscore._options.base import Options
from dtpscore._options.fields import Label, Names


class ResistanceOptions(Options):
    """Options of one look; `dtpscore.tl.resistance` documents each."""

    late: Names = Field(
        description="Groups late on the drug or at relapse, which may be resistant."
    )
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
    cell_type_key: str | None = Field(
        None, description="Column of obs with the cell types."
    )
    malignant: Names = Field(
        (), description="Cell types that are malignant. Only these cells are used."
    )
    holiday: Names = Field((), description="Groups off the drug.")
    scores_key: str = Field(
        "dtp_scores", description="Key of the scores whose axes are read."
    )
    alpha: float = Field(0.05, gt=0, lt=1, description="Level of each test.")
    key_added: str = Field(
        "dtp_resistance",
        min_length=1,
        description="Name under which the result is stored.",
    )
