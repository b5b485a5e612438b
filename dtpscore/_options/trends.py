"""Options of the trends along an order."""

from __future__ import annotations

from pydantic import Field

from dtpscore._options.base import Options
from dtpscore._options.fields import Names


class TrendOptions(Options):
    """Options of the trends along one order; `dtpscore.tl.trends` documents each."""

    genes: Names = Field(default=(), description="Genes to follow beside the axes.")
    scores: Names = Field(
        default=(),
        description="Signatures to follow beside the axes: columns of the score frame.",
    )
    scores_key: str = Field(
        default="dtp_scores",
        min_length=1,
        description="Key of obsm of the score frame.",
    )
    pseudotime_key: str = Field(
        default="dtp_pseudotime", min_length=1, description="Name of the order."
    )
    n_permutations: int = Field(
        default=999, ge=19, description="Shuffles of the test along the order."
    )
    n_bootstrap: int = Field(default=500, ge=19, description="Draws for the intervals.")
    seed: int = Field(
        default=0, ge=0, description="Seed of the shuffles and the draws."
    )
    key_added: str = Field(
        default="dtp_trends",
        min_length=1,
        description="Name under which the trends are stored.",
    )
