"""Choices of one calling run."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING

from dtpscore._calling.features import INDEX
from dtpscore._options.method import whole_at_least
from dtpscore.errors import OptionError

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
    components
        Let the shift learn from components of expression as well, where they show a
        second population.
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
    components: bool = True
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
        alpha, mitochondrial = self.alpha, self.max_mitochondrial
        if not isinstance(alpha, Real) or not 0 < alpha < 1:
            msg = f"alpha must be above 0 and below 1, not {alpha!r}."
            raise OptionError(msg)
        if not isinstance(mitochondrial, Real) or not 0 <= mitochondrial <= 1:
            msg = f"max_mitochondrial must be between 0 and 1, not {mitochondrial!r}."
            raise OptionError(msg)
        said = self.survival
        if said is not None and not (isinstance(said, str) and said.strip()):
            msg = (
                "survival must say in words how it is known that the treated cells "
                f"survived, or be left out; not {said!r}."
            )
            raise OptionError(msg)
        if self.species not in ("human", "mouse"):
            msg = f"species must be human or mouse, not {self.species!r}."
            raise OptionError(msg)
        least = {"min_reference": 4, "min_genes": 0, "random_state": 0}
        for name, lowest in least.items():
            whole_at_least(name, getattr(self, name), lowest)
        if self.n_jobs is not None:
            whole_at_least("n_jobs", self.n_jobs, 1)
