"""An independent simulator: negative binomial cells with what real experiments have.

    adata = simulate([Library("a", 300), Library("b", 300, treated=True)], seed=1)

Every library has gene-wise factors of its own, latent structure and real cell-cycle
positions. A library can hold persisters, a subclone, ambient RNA of its own or of
another line, doublets, stressed, interferon-treated or arrested cells, and have any
depth. Libraries can share their factors (lanes of one library) or a day factor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp
from stress_population import fit_population

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from stress_population import Population

# Part of the variance of the library factors that modules of genes share.
_SHARED = 0.2
_N_MODULES = 40
_DEPTH_SD = 0.35
_LISTED_FOLD = 0.8


@dataclass(frozen=True)
class Library:
    """One library of an experiment.

    Attributes
    ----------
    name
        Its name, the sample.
    n_cells
        Number of cells.
    treated
        Whether it belongs to the treated group.
    persisters
        Share of the cells that are persisters.
    clone
        Share of the cells that are of a subclone.
    ambient, foreign
        Share of the transcripts that are ambient; whether these are of another line.
    doublets, stressed, interferon, arrested
        Shares of the cells.
    depth
        Median number of transcripts of a cell.
    lane_of
        Name of the library whose factors it has, for lanes of one library.
    day
        Name of the day; libraries of one day share a further factor. None: no such
        factor.
    """

    name: str
    n_cells: int
    treated: bool = False
    persisters: float = 0.0
    clone: float = 0.0
    ambient: float = 0.03
    foreign: bool = False
    doublets: float = 0.04
    stressed: float = 0.0
    interferon: float = 0.0
    arrested: float = 0.0
    depth: float = 3000.0
    lane_of: str | None = None
    day: str | None = None


@dataclass(frozen=True)
class Setting:
    """What the libraries of an experiment have in common.

    Attributes
    ----------
    library_sd
        SD of the log of the gene-wise library factors.
    day_sd
        The same of a day that several libraries share.
    context
        Melanoma context whose contrast the persisters show.
    clone
        Subclone whose contrast a minor clone shows.
    """

    library_sd: float = 0.15
    day_sd: float = 0.15
    context: str = "A375"
    clone: str = "SKMEL5_SC07"


def _factor(sd: float, n_genes: int, rng: Generator) -> np.ndarray:
    """Log of gene-wise factors: each gene for itself, and modules of genes."""
    module = rng.integers(_N_MODULES, size=n_genes)
    own = rng.normal(size=n_genes)
    together = rng.normal(size=_N_MODULES)[module]
    return sd * (np.sqrt(1 - _SHARED) * own + np.sqrt(_SHARED) * together)


def _chosen(share: float, n: int, rng: Generator) -> np.ndarray:
    """Mask of a fixed number of cells, drawn at random."""
    mask = np.zeros(n, bool)
    mask[rng.permutation(n)[: round(share * n)]] = True
    return mask


def _cycle_positions(library: Library, population: Population, rng: Generator):
    """Positions of real cells; those of arrested cells from the lowest quarter."""
    n = library.n_cells
    real = population.cycle
    positions = real[rng.integers(len(real), size=n)]
    resting = real[np.argsort(real.max(axis=1))[: len(real) // 4]]
    arrested = _chosen(library.arrested, n, rng)
    positions[arrested] = resting[rng.integers(len(resting), size=arrested.sum())]
    return positions


def _profiles(
    library: Library,
    setting: Setting,
    factor: np.ndarray,
    rng: Generator,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Share of the transcripts of each gene in each cell, and what the cells are."""
    population, n = fit_population(), library.n_cells
    log_rate = population.log_rate + factor
    truth = {
        "persister": _chosen(library.persisters, n, rng),
        "clone": _chosen(library.clone, n, rng),
    }
    logs = _cycle_positions(library, population, rng) @ population.cycle_loading
    latent = rng.normal(size=(n, len(population.latent_loading)))
    logs += latent @ population.latent_loading + log_rate
    # Cells are not equally far on the way.
    way = rng.normal(1.0, 0.15, n) * truth["persister"]
    logs += way[:, None] * population.persister[setting.context]
    logs[truth["clone"]] += population.clone[setting.clone]
    for name, share in (
        ("stress", library.stressed),
        ("interferon", library.interferon),
    ):
        level = _LISTED_FOLD * rng.uniform(0.5, 1.5, n) * _chosen(share, n, rng)
        logs += level[:, None] * population.members[name]
    rates = np.exp(logs)
    return rates / rates.sum(axis=1, keepdims=True), truth


def _counts(
    library: Library, profiles: np.ndarray, population: Population, rng: Generator
) -> np.ndarray:
    """Negative binomial counts, then doublets and ambient RNA."""
    n = library.n_cells
    depth = library.depth * np.exp(rng.normal(0, _DEPTH_SD, (n, 1)))
    shape = 1 / population.dispersion
    expected = profiles * rng.gamma(shape, 1 / shape, profiles.shape)
    doublet = np.flatnonzero(_chosen(library.doublets, n, rng))
    partner = rng.integers(n, size=len(doublet))
    expected[doublet] += expected[partner]
    depth[doublet] *= 1.3
    expected /= expected.sum(axis=1, keepdims=True)
    soup = population.ambient if library.foreign else profiles.mean(axis=0)
    dose = library.ambient * rng.gamma(4.0, 0.25, (n, 1))
    dose = np.minimum(dose, 0.9)
    return rng.poisson(depth * ((1 - dose) * expected + dose * soup))


def simulate(
    libraries: Sequence[Library], setting: Setting | None = None, *, seed: int
) -> ad.AnnData:
    """Simulate an experiment.

    Parameters
    ----------
    libraries
        The libraries.
    setting
        What they have in common.
    seed
        Seed of every draw.

    Returns
    -------
    Counts (cells, genes) with ``condition`` (untreated or treated), ``sample``,
    ``persister`` and ``clone`` in ``obs``.
    """
    setting = setting or Setting()
    population = fit_population()
    rng = np.random.default_rng(seed)
    n_genes = len(population.genes)
    factors: dict[str, np.ndarray] = {}
    days: dict[str, np.ndarray] = {}
    counts, frames = [], []
    for library in libraries:
        own = library.lane_of or library.name
        if own not in factors:
            factors[own] = _factor(setting.library_sd, n_genes, rng)
        factor = factors[own]
        if library.day is not None:
            if library.day not in days:
                days[library.day] = _factor(setting.day_sd, n_genes, rng)
            factor = factor + days[library.day]
        profiles, truth = _profiles(library, setting, factor, rng)
        drawn = _counts(library, profiles, population, rng)
        counts.append(sp.csr_matrix(drawn.astype(np.float32)))
        frames.append(
            pd.DataFrame(
                {
                    "condition": "treated" if library.treated else "untreated",
                    "sample": library.name,
                    **truth,
                },
                index=[f"{library.name}_{cell}" for cell in range(library.n_cells)],
            )
        )
    return ad.AnnData(
        X=sp.vstack(counts, format="csr"),
        obs=pd.concat(frames),
        var=pd.DataFrame(index=population.genes),
    )
