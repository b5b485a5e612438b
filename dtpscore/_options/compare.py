"""Options of a comparison of arms."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

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
    features: Names = Field(
        ("axes",),
        description="What is compared: axes (the default), genes, or the names of "
        "genes.",
    )
    covariates: Names = Field(
        (),
        description="Columns of obs with one value per sample, which the linear model "
        "takes into account.",
    )
    within: Literal["cycling"] | None = Field(
        None,
        description="Compare cycling with resting persisters of each arm, within "
        "samples, instead of the arms.",
    )
    layer: str | None = Field(None, description="Layer to use instead of X, for genes.")
    use_raw: bool = Field(False, description="Use raw instead of X, for genes.")
    gene_symbols: str | None = Field(
        None, description="Column of var that holds the gene names."
    )
    scores_key: str = Field(
        "dtp_scores", description="Key of the scores whose axes are compared."
    )
    calls_key: str = Field(
        "dtp_call", description="Key of the calls that say which persisters cycle."
    )
    alpha: float = Field(
        0.05, gt=0, lt=1, description="False discovery rate at which an axis differs."
    )
    key_added: str = Field(
        "dtp_compare",
        min_length=1,
        description="Name under which the result is stored.",
    )

    @field_validator("features")
    @classmethod
    def _one_kind(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse no feature, and kinds of features beside each other."""
        if not given or (len(given) > 1 and {"axes", "genes"} & set(given)):
            msg = (
                "features is 'axes', 'genes' or names of genes, not "
                f"{', '.join(map(repr, given)) or 'nothing'}."
            )
            raise ValueError(msg)
        return given

    @property
    def by_genes(self) -> bool:
        """Whether genes are compared."""
        return self.features != ("axes",)
