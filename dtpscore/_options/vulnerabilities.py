"""Options of what could be tried."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from dtpscore._options.base import Options
from dtpscore._options.fields import Label, Names
from dtpscore._types import Species


class VulnerabilityOptions(Options):
    """Options of vulnerabilities; `dtpscore.tl.vulnerabilities` documents each."""

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
    holiday: Names = Field((), description="Groups off the drug, which are left out.")
    context: Names = Field(
        (),
        description="Tumor and drug class, against whose published contrasts moves are "
        "held.",
    )
    drugs: Any = Field(
        None, description="GMT file with signatures of drugs, genes up and down."
    )
    cells: Literal["called", "all"] = Field(
        "called",
        description="Treated cells whose target genes are shown: those that were "
        "called where there are calls, or all.",
    )
    layer: str | None = Field(None, description="Layer to use instead of X.")
    use_raw: bool = Field(False, description="Use raw instead of X.")
    gene_symbols: str | None = Field(
        None, description="Column of var that holds the gene names."
    )
    species: Species = Field("human", description="Species of the data.")
    scores_key: str = Field(
        "dtp_scores", description="Key of the scores whose axes are read."
    )
    alpha: float = Field(
        0.05, gt=0, lt=1, description="False discovery rate at which an axis moved."
    )
    key_added: str = Field(
        "dtp_vulnerabilities",
        min_length=1,
        description="Name under which the result is stored.",
    )
