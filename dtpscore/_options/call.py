"""Options of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator, model_validator

from dtpscore._options.base import Options
from dtpscore._options.fields import Label, Names
from dtpscore._types import Species
from dtpscore.errors import OptionError

if TYPE_CHECKING:
    from dtpscore._design import DesignKeys


class CallOptions(Options):
    """Options of one call; `dtpscore.tl.call` documents each."""

    groupby: str = Field(description="Column of obs with the conditions.")
    reference: Label | None = Field(
        default=None,
        description="The untreated condition. Without it cells are ranked by the index "
        "and none is called.",
    )
    sample_key: str | None = Field(
        default=None,
        description="Column of obs with the library. Without it each group counts as "
        "one library.",
    )
    batch_key: str | None = Field(
        default=None,
        description="Column of obs with the tumor, line or batch. Each is called "
        "against its own reference.",
    )
    pair_key: str | None = Field(
        default=None,
        description="Column of obs with the patient that links samples before and "
        "after treatment; the batch by default.",
    )
    cell_type_key: str | None = Field(
        default=None, description="Column of obs with the cell types."
    )
    malignant: Names = Field(
        default=(),
        description="Cell types that are malignant. Only these cells are called.",
    )
    holiday: Names = Field(
        default=(), description="Groups that were sampled after the drug was withdrawn."
    )
    time_key: str | None = Field(
        default=None, description="Column of obs with the time on drug."
    )
    quality_key: str | None = Field(
        default=None,
        description="Column of obs that is true for cells that failed quality control.",
    )
    clone_key: str | None = Field(
        default=None,
        description="Column of obs with clones (lineage barcodes, clusters of copy "
        "number), one name per cell; whether those of called cells were there before "
        "treatment is then said.",
    )
    ambient_key: str | None = Field(
        default=None,
        description="Column of var with the profile of empty droplets; whether ambient "
        "RNA can explain calls is then said.",
    )
    survival: str | None = Field(
        default=None,
        description="How it is known that the treated cells survived, in words. It "
        "raises the evidence level.",
    )
    min_genes: int = Field(
        default=100,
        ge=0,
        description="Cells with fewer detected genes are of low quality.",
    )
    max_mitochondrial: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="Cells with a larger share of counts in MT- genes are of low "
        "quality.",
    )
    alpha: float = Field(default=0.05, gt=0, lt=1, description="False discovery rate.")
    index: Any = Field(
        default="dtp_consensus_no_cycle",
        description="Signature that serves as the index, or the name of a shipped one.",
    )
    exclude_studies: Names = Field(
        default=(),
        description="Persister studies whose lists and contrasts must not take part, "
        "because the data are theirs.",
    )
    scores: str | None = Field(
        default=None,
        description="Key of obsm of a score frame to learn the shift from, instead of "
        "control-matched z-scores.",
    )
    components: bool = Field(
        default=True,
        description="Let the shift learn from components of expression as well, where "
        "they show a second population.",
    )
    match_depth: bool = Field(
        default=True,
        description="Thin counts so that the libraries of a batch match in depth.",
    )
    min_reference: int = Field(
        default=50, ge=4, description="Usable reference cells that a batch needs."
    )
    check_reference: bool = Field(
        default=True,
        description="Call each reference sample against the others as well, where "
        "there are three or more.",
    )
    check_replicates: bool = Field(
        default=True,
        description="Count samples of an arm that differ no more than parts of one "
        "library (lanes, technical repeats) as one sample.",
    )
    check_stability: bool = Field(
        default=False,
        description="Call each group four times more, each time without a quarter of "
        "the cells of every sample, and say how much the calls change.",
    )
    layer: str | None = Field(default=None, description="Layer to use instead of X.")
    use_raw: bool = Field(default=False, description="Use raw instead of X.")
    gene_symbols: str | None = Field(
        default=None, description="Column of var that holds the gene names."
    )
    species: Species = Field(default="human", description="Species of the data.")
    n_jobs: int | None = Field(
        default=None, ge=1, description="Threads. They change no number."
    )
    seed: int = Field(
        default=0,
        ge=0,
        description="Seed of the thinning, the choice of cells to fit, the "
        "permutations and the bootstrap.",
    )
    key_added: str = Field(
        default="dtp_call",
        min_length=1,
        description="Name under which the calls are stored.",
    )

    @field_validator("survival")
    @classmethod
    def _in_words(cls, value: str | None) -> str | None:
        if value is not None and not value.strip():
            msg = (
                "survival must say in words how it is known that the treated cells "
                "survived, or be left out."
            )
            raise OptionError(msg)
        return value

    @model_validator(mode="after")
    def _fit_each_other(self) -> CallOptions:
        if self.layer is not None and self.use_raw:
            msg = (
                f"Give layer ({self.layer!r}) or use_raw, not both: they are different "
                "matrices."
            )
            raise OptionError(msg)
        return self

    @property
    def keys(self) -> DesignKeys:
        """The columns of obs that describe the experiment."""
        from dtpscore._design import DesignKeys

        return DesignKeys.of(self)
