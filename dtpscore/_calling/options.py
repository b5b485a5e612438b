"""Choices of one calling run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dtpscore._calling.features import INDEX

if TYPE_CHECKING:
    from dtpscore._calling.design import Columns
    from dtpscore._types import Species


@dataclass(frozen=True)
class CallOptions:
    """Choices of one run.

    Attributes
    ----------
    columns
        Columns of ``obs`` that describe the experiment.
    alpha
        False discovery rate.
    index, exclude_studies
        Signature of the index; persister studies whose lists must not take part.
    match_depth
        Thin counts so that the libraries of a batch match in depth.
    min_reference
        Reference cells that a batch needs.
    min_genes, max_mitochondrial
        Limits of quality, the same for every group.
    check_reference
        Hold the reference samples to the calls they get among themselves.
    survival
        How it is known that the treated cells survived.
    species
        Species of the data.
    n_jobs
        Threads.
    random_state
        Seed of the thinning, the choice of cells to fit and the bootstrap.
    """

    columns: Columns
    alpha: float = 0.05
    index: str = INDEX
    exclude_studies: tuple[str, ...] = ()
    match_depth: bool = True
    min_reference: int = 50
    min_genes: int = 100
    max_mitochondrial: float = 0.3
    check_reference: bool = True
    survival: str | None = None
    species: Species = "human"
    n_jobs: int | None = None
    random_state: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            msg = f"alpha must be between 0 and 1, not {self.alpha}."
            raise ValueError(msg)
        if self.min_reference < 4:
            msg = f"min_reference must be 4 or more, not {self.min_reference}."
            raise ValueError(msg)
