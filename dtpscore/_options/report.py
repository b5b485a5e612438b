"""Options of a report."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dtpscore._options.base import Options
from dtpscore._options.fields import Label, Names


class ReportOptions(Options):
    """Options of one report; `dtpscore.report` documents each."""

    groupby: str | None = Field(
        default=None,
        description="Column of obs with the groups; that of the calls if not given.",
    )
    reference: Label | None = Field(
        default=None, description="The untreated group; that of the calls if not given."
    )
    sample_key: str | None = Field(
        default=None,
        description="Column of obs with the samples; that of the calls if not given.",
    )
    time_key: str | None = Field(
        default=None,
        description="Column of obs with times or doses; that of the calls or of the "
        "order if not given.",
    )
    title: str = Field(
        default="Drug-tolerant persister states", description="Title of the report."
    )
    context: Names = Field(
        (),
        description="Tumor type of the experiment, class of its drug, or both, such as "
        "melanoma or BRAF inhibitor; expected directions are those of such contrasts.",
    )
    table_format: Literal["csv", "parquet"] = Field(
        default="csv", description="Format of the tables; parquet needs pyarrow."
    )
