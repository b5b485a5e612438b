"""Options of the analysis of clones."""

from __future__ import annotations

from pydantic import Field

from dtpscore._options.base import Options
from dtpscore._options.fields import Label, Names


class LineageOptions(Options):
    """Options of one analysis of clones; `dtpscore.tl.lineages` documents each."""

    lineage_key: str = Field(
        description="Column of obs with the lineage barcodes or clones."
    )
    groupby: str = Field(description="Column of obs with the groups.")
    reference: Label = Field(description="The untreated group.")
    sample_key: str | None = Field(
        None,
        description="Column of obs with the sample of each cell. Without it each group "
        "counts as one sample.",
    )
    batch_key: str | None = Field(
        None,
        description="Column of obs with the line or tumor. Clones of two batches are "
        "never the same.",
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
    separator: str | None = Field(
        None,
        min_length=1,
        description="What stands between several barcodes of a cell; by default "
        "';', ',', '|' or a space.",
    )
    axes: Names = Field(
        (),
        description="Axes to test as the state before the drug; by default all that "
        "are read as persister mechanisms.",
    )
    scores_key: str = Field(
        "dtp_scores", description="Key of the scores whose axes are tested."
    )
    cycling_key: str | None = Field(
        None,
        description="Column of obs that says which persisters cycle; the calls by "
        "default.",
    )
    cycling: Names = Field(
        (), description="Values of cycling_key that stand for cycling persisters."
    )
    resting: Names = Field(
        (), description="Values of cycling_key that stand for resting persisters."
    )
    n_permutations: int = Field(9999, ge=99, description="Permutations of each test.")
    seed: int = Field(0, ge=0, description="Seed of the permutations.")
    key_added: str = Field(
        "dtp_lineages",
        min_length=1,
        description="Name under which the result is stored.",
    )
