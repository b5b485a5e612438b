"""Options of scoring."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from dtpscore._options.base import Options
from dtpscore._types import MethodName, Species


class ScoreOptions(Options):
    """Options of scoring; `dtpscore.tl.score` documents each."""

    signatures: Any = Field(
        None, description="What to score; the default signatures if not given."
    )
    method: MethodName = Field("ucell", description="How to score.")
    control: bool = Field(
        False,
        description="Add z-scores and p-values against random genes of like "
        "expression.",
    )
    layer: str | None = Field(None, description="Layer to use instead of X.")
    use_raw: bool = Field(False, description="Use raw instead of X.")
    gene_symbols: str | None = Field(
        None, description="Column of var that holds the gene names."
    )
    species: Species = Field("human", description="Species of the data.")
    normalize: Literal["log1p"] | None = Field(
        None, description="log1p: log(1 + counts per 10,000) before scoring."
    )
    min_coverage: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Share of its genes that a signature needs to enter an axis.",
    )
    max_rank: int = Field(
        1500, ge=1, description="ucell: ranks beyond this one count as this one."
    )
    ties_method: Literal["average", "min", "max", "order"] = Field(
        "average", description="ucell, aucell: ranks of equal values."
    )
    w_neg: float = Field(1.0, ge=0, description="Weight of the down genes.")
    clip: bool = Field(False, description="Set scores below 0 to 0.")
    missing_genes: Literal["impute", "skip"] = Field(
        "impute",
        description="ucell: genes that the data lack count as not expressed, or are "
        "left out.",
    )
    auc_fraction: float = Field(
        0.05, gt=0, le=1, description="aucell: share of the ranking that counts."
    )
    auc_genes: Literal["all", "detected"] = Field(
        "all", description="aucell: genes that this share is taken of."
    )
    n_bins: int = Field(
        25, ge=2, description="tirosh and control: number of expression bins."
    )
    ctrl_size: int = Field(
        50, ge=1, description="tirosh: control genes drawn from each bin."
    )
    ctrl_as_ref: bool = Field(
        True, description="tirosh: draw from all genes of a bin, as scanpy 1 does."
    )
    center: bool = Field(
        False, description="zscore: subtract the mean of the cell over all genes."
    )
    ssgsea_weight: float = Field(
        0.25, ge=0, description="ssgsea: exponent of the rank."
    )
    ssgsea_ties: Literal["order", "average"] = Field(
        "order", description="ssgsea: positions of equal values."
    )
    seed: int = Field(0, ge=0, description="tirosh: seed of the draw of control genes.")
    chunk_size: int | None = Field(
        None, ge=1, description="Cells read at a time. It changes no number."
    )
    n_jobs: int | None = Field(
        None, ge=1, description="Threads; all cores by default. They change no number."
    )
    key_added: str = Field(
        "dtp_scores",
        min_length=1,
        description="Name under which the scores are stored.",
    )
