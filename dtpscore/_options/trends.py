"""Options of the trends along an order."""

from __future__ import annotations

from pydantic import Field

from dtpscore._options.base import Options
from dtpscore._options.fields import Names


class TrendOptions(Options):
    """Options of the trends along one order; `dtpscore.tl.trends` documents each."""

    genes: Names = Field((), description="Genes to follow beside the axes.")
    pseudotime_key: str = Field(
        "dtp_pseudotime", min_length=1, description="Name of the order."
    )
    n_permutations: int = Field(
        999, ge=19, description="Shuffles of the test along the order."
    )
    n_bootstrap: int = Field(500, ge=19, description="Draws for the intervals.")
    seed: int = Field(0, ge=0, description="Seed of the shuffles and the draws.")
    key_added: str = Field(
        "dtp_trends",
        min_length=1,
        description="Name under which the trends are stored.",
    )
