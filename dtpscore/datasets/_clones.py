"""Simulated clones: sizes, state before the drug, fate, and the barcodes of cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from dtpscore._options.base import Options
from dtpscore.errors import OptionError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.random import Generator
    from numpy.typing import NDArray

    from dtpscore.datasets._cells import Sample

# Spread of the natural log of clone sizes.
_SIZE_SPREAD = 1.0
# The programme whose activity the cells of a clone share before the drug.
PRIMED = "hallmark_tnfa_signaling_via_nfkb"
# Share of the clones that carry two barcodes.
_TWO_BARCODES = 0.1
_BASES = np.array(list("ACGT"))
_BARCODE_LENGTH = 12
_SEPARATOR = ";"


class Lineages(Options):
    """How the clones of a simulated experiment behave.

    All replicates are grown from one barcoded pool, so a clone can be in every sample.
    """

    n_clones: int = Field(200, ge=2, description="Clones in the pool.")
    memory: float = Field(
        0.5,
        ge=0,
        description="Spread between clones of the activity of the primed programme.",
    )
    fate: float = Field(
        0.0,
        description="Change of the log of a clone's size by the last day per unit of "
        "its state; 0 means that the state says nothing of the fate.",
    )
    fitness: float = Field(
        0.0,
        ge=0,
        description="Spread between clones of the log of the size by the last day that "
        "has nothing to do with the state.",
    )
    drift: float = Field(
        0.3,
        ge=0,
        description="Spread of the log size of a clone between treated replicates.",
    )
    cycling: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Likeness of the cells of a clone in being on the branch that goes "
        "on dividing; 0 means that the branch is drawn cell by cell.",
    )
    doublets: float = Field(
        0.03,
        ge=0,
        lt=1,
        description="Share of cells that hold a second cell's barcode.",
    )
    empty: float = Field(
        0.2, ge=0, lt=1, description="Share of cells without a barcode."
    )


def lineage_options(given: Any) -> Lineages | None:
    """Read the argument ``lineages``: a number of clones, a mapping, or options.

    Raises
    ------
    OptionError
        It is none of these, or a value is out of range.
    """
    if given is None or isinstance(given, Lineages):
        return given
    if isinstance(given, dict):
        return Lineages.read(given)
    if isinstance(given, int | np.integer) and not isinstance(given, bool):
        return Lineages(n_clones=int(given))
    msg = (
        "lineages must be a number of clones or a dictionary with "
        f"{', '.join(Lineages.model_fields)}, not {given!r}."
    )
    raise OptionError(msg)


@dataclass(frozen=True)
class Pool:
    """The barcoded pool; every array has one entry per clone.

    Attributes
    ----------
    options
        How the clones behave.
    barcodes
        One or two barcodes of each clone.
    size
        Share of the untreated pool.
    state
        State before the drug, mean 0 and standard deviation 1 over clones.
    fitness
        Change of the natural log of the size by the last day.
    branch
        Chance of a cell to be on the branch that goes on dividing.
    rng
        Source of random numbers of its own, so that the draws of the cells are those
        of a simulation without clones.
    """

    options: Lineages
    barcodes: tuple[tuple[str, ...], ...]
    size: NDArray[np.float64]
    state: NDArray[np.float64]
    fitness: NDArray[np.float64]
    branch: NDArray[np.float64]
    rng: Generator

    def members(self, sample: Sample, last_day: int) -> NDArray[np.int64]:
        """Clone of every cell of a sample."""
        weight = np.log(self.size)
        if sample.condition != "parental":
            way = min(sample.day, last_day) / last_day
            weight = weight + way * self.fitness
            weight += self.options.drift * self.rng.standard_normal(len(weight))
        share = np.exp(weight - weight.max())
        return self.rng.choice(len(share), sample.n_cells, p=share / share.sum())

    def frame(self) -> pd.DataFrame:
        """Truth of all clones."""
        import pandas as pd

        return pd.DataFrame(
            {
                "size": self.size,
                "state": self.state,
                "fitness": self.fitness,
                "cycling_branch": self.branch,
            },
            index=pd.Index(["+".join(one) for one in self.barcodes], name="clone"),
        )

    def labels(self, members: NDArray[np.int64]) -> NDArray[np.object_]:
        """Barcodes as a sequencer reports them, several ones joined; None for none."""
        n = len(members)
        other = self.rng.permutation(members)
        doublet = self.rng.random(n) < self.options.doublets
        empty = self.rng.random(n) < self.options.empty
        found = np.empty(n, dtype=object)
        for cell, clone in enumerate(members):
            codes = list(self.barcodes[clone])
            if doublet[cell]:
                codes += self.barcodes[other[cell]]
            joined = _SEPARATOR.join(dict.fromkeys(codes))
            found[cell] = None if empty[cell] else joined
        return found


def make_pool(options: Lineages, usual_branch: float, seed: int) -> Pool:
    """Draw the clones of an experiment.

    Parameters
    ----------
    options
        How they behave.
    usual_branch
        Mean chance of a cell to be on the branch that goes on dividing.
    seed
        Seed of the simulation.
    """
    rng = np.random.Generator(np.random.PCG64([seed, 1]))
    n = options.n_clones
    state = rng.standard_normal(n)
    state = (state - state.mean()) / state.std()
    size = np.exp(_SIZE_SPREAD * rng.standard_normal(n))
    branch = np.full(n, usual_branch)
    if options.cycling > 0:
        # The correlation within clones of a beta-binomial is 1 / (a + b + 1).
        total = 1 / options.cycling - 1
        branch = rng.beta(total * usual_branch, total * (1 - usual_branch), n)
    letters = rng.choice(_BASES, (2 * n, _BARCODE_LENGTH))
    codes = ["".join(row) for row in letters]
    two = rng.random(n) < _TWO_BARCODES
    return Pool(
        options=options,
        barcodes=tuple(
            tuple(sorted((codes[i], codes[n + i]))) if two[i] else (codes[i],)
            for i in range(n)
        ),
        size=size / size.sum(),
        state=state,
        fitness=options.fate * state + options.fitness * rng.standard_normal(n),
        branch=branch,
        rng=rng,
    )
