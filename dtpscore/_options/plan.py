"""Options of a plan."""

from __future__ import annotations

from pydantic import Field, field_validator

from dtpscore._options.base import Options
from dtpscore.errors import OptionError


class PlanOptions(Options):
    """Options of one plan; `dtpscore.plan` documents each."""

    effect: float = Field(
        description="How far persisters are from untreated cells, in standard "
        "deviations of the untreated cells."
    )
    share: float = Field(
        0.3, gt=0, le=1, description="Share of the treated cells that are persisters."
    )
    library_sd: float | None = Field(
        None,
        ge=0,
        description="Standard deviation of the means of replicate libraries, in "
        "standard deviations of cells; that of public libraries by default.",
    )
    n_samples: tuple[int, ...] = Field(
        (2, 3, 4, 6), description="Samples in each arm to plan for."
    )
    n_cells: tuple[int, ...] = Field(
        (200, 500, 1500), description="Cells in each sample to plan for."
    )
    depth: tuple[float, ...] = Field(
        (),
        description="Median counts of a cell to plan for; reference_depth by default.",
    )
    reference_depth: float = Field(
        2000.0, gt=0, description="Depth that effect and technical are given for."
    )
    technical: float = Field(
        0.3,
        ge=0,
        lt=1,
        description="Share of the variance of untreated cells that is chance of "
        "counting at reference_depth.",
    )
    paired: bool = Field(
        False, description="Each treated sample has an untreated one of its patient."
    )
    alpha: float = Field(
        0.05, gt=0, lt=1, description="Level of the test and of the calls."
    )
    n_simulations: int = Field(
        2000, ge=100, description="Simulated experiments per row for the group claim."
    )
    n_cell_simulations: int = Field(
        100, ge=20, description="Simulated experiments per row for the cell claim."
    )
    seed: int = Field(0, ge=0, description="Seed of the simulations.")

    @field_validator("n_samples", "n_cells", "depth", mode="before")
    @classmethod
    def _several(cls, given: object) -> object:
        if isinstance(given, str) or not hasattr(given, "__iter__"):
            return (given,)
        return tuple(given)

    @field_validator("n_samples", "n_cells", "depth")
    @classmethod
    def _positive(cls, given: tuple[float, ...]) -> tuple[float, ...]:
        least = min(given, default=1)
        if least < 1:
            msg = (
                f"Numbers of samples and cells, and depths, must be 1 or more: {least}."
            )
            raise OptionError(msg)
        return given
