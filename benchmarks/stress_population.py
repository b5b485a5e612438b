"""A population of cells fitted to real ones, for the stress simulator.

The base is real: 192 single H1975 cells of four CEL-seq2 plates give the mean and the
dispersion of every gene and what the cell cycle does to it. What a drug, a subclone or
another line does to a gene is read from real profiles as well. Only the latent factors
and the library factors are invented. The file shares no code with
``dtpscore.datasets``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from calling_data import LINES, SUBCLONES, read

from dtpscore import signatures

if TYPE_CHECKING:
    import anndata as ad

CONTEXTS = LINES + SUBCLONES
# Genes seen in this share of the real cells; rarer ones say little at 3,000 UMI and are
# kept only where a signature lists them and two cells have them.
_LEAST_DETECTED = 0.4
_FEWEST_OF_LISTED = 2
# Natural log of a fold change beyond which a bulk contrast is cut.
_LARGEST_FOLD = 3.0
_N_LATENT, _LATENT_SHARE, _LATENT_SD = 5, 0.15, 0.25
# Counts per million added to both sides of a bulk contrast.
_PSEUDO = 2.0
_LISTS = {
    "stress": "dissociation_broad2019",
    "interferon": "hallmark_interferon_alpha_response",
}


@dataclass(frozen=True, eq=False)
class Population:
    """What the simulator knows of a gene.

    Attributes
    ----------
    genes
        Names of the G genes.
    log_rate
        (G,), natural log of the share of the transcripts.
    dispersion
        (G,), of the negative binomial, without what the cell cycle makes.
    cycle, cycle_loading
        (n, 2) scores of the real cells for S and G2M phase, and (2, G) what one
        unit of them adds to the log rate.
    latent_loading
        (5, G), invented.
    persister
        Log fold change of each of the seven melanoma contexts.
    clone
        Log fold change of each SKMEL5 subclone against the mean of the three.
    ambient
        Share of the transcripts in another line (HCC827), for foreign ambient RNA.
    members
        Which genes a list of genes holds: stress, interferon.
    """

    genes: list[str]
    log_rate: np.ndarray
    dispersion: np.ndarray
    cycle: np.ndarray
    cycle_loading: np.ndarray
    latent_loading: np.ndarray
    persister: dict[str, np.ndarray]
    clone: dict[str, np.ndarray]
    ambient: np.ndarray
    members: dict[str, np.ndarray]


def _cells_of(line: str) -> ad.AnnData:
    """Single cells of a line on the CEL-seq2 plates."""
    cells = read("sc_mixology_nsclc")
    keep = (cells.obs["demuxlet_class"] == "SNG") & (cells.obs["cell_line"] == line)
    keep &= cells.obs["platform"] == "CEL-seq2"
    return cells[keep.to_numpy()].copy()


def _bulk(name: str) -> ad.AnnData:
    bulk = read(name)
    # One of the files writes A1BG.AS1 for A1BG-AS1.
    bulk.var_names = [gene.replace(".", "-") for gene in bulk.var_names]
    return bulk


def _log_profile(bulk: ad.AnnData, rows: np.ndarray, genes: list[str]) -> np.ndarray:
    """Mean over replicates of the log counts per million."""
    counts = np.asarray(bulk.X[rows].todense(), dtype=float)
    rates = 1e6 * counts / counts.sum(axis=1, keepdims=True)
    profile = np.log(rates + _PSEUDO).mean(axis=0)
    return profile[bulk.var_names.get_indexer(genes)]


def _contrasts(
    genes: list[str],
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Persister against parental, and subclone against the mean of subclones."""
    found, untreated = {}, {}
    for context in CONTEXTS:
        own = context in SUBCLONES
        bulk = _bulk("bulk_skmel5_timecourse" if own else "bulk_brafi_4lines")
        line = (bulk.obs["cell_line"] == context).to_numpy()
        state = bulk.obs["condition"].astype(str).to_numpy()
        before = _log_profile(bulk, line & (state == "parental"), genes)
        after = _log_profile(bulk, line & (state == "DTP"), genes)
        found[context] = np.clip(after - before, -_LARGEST_FOLD, _LARGEST_FOLD)
        if own:
            untreated[context] = before
    middle = np.mean(list(untreated.values()), axis=0)
    return found, {name: one - middle for name, one in untreated.items()}


def _dispersions(counts: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Moment estimates, drawn half way to the trend over the mean."""
    raw = ((counts - mean) ** 2 - mean).sum(axis=0) / (mean**2).sum(axis=0)
    raw = np.log(np.clip(raw, 0.02, 10.0))
    order = np.argsort(mean.sum(axis=0), kind="stable")
    trend = np.empty_like(raw)
    for chunk in np.array_split(order, max(1, len(order) // 200)):
        trend[chunk] = np.median(raw[chunk])
    return np.exp((raw + trend) / 2)


def _cycle(ratio: np.ndarray, genes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Scores of the cells for S and G2M, and the slope of every gene on them.

    ``ratio`` is the rate of a gene in a cell over its mean rate on the plate, so that
    the slope is the relative change, to first order that of the log rate.
    """
    noise = np.log1p(ratio)
    z = (noise - noise.mean(axis=0)) / np.maximum(noise.std(axis=0), 1e-9)
    scores = []
    for name in ("tirosh2016_s_phase", "tirosh2016_g2m_phase"):
        listed = set(signatures.load(name).genes.up)
        score = z[:, [gene in listed for gene in genes]].mean(axis=1)
        scores.append((score - score.mean()) / score.std())
    design = np.column_stack(scores)
    inverse = np.linalg.inv(design.T @ design)
    slope = inverse @ design.T @ (ratio - 1)
    residual = ratio - 1 - design @ slope
    error = np.sqrt(residual.var(axis=0) * np.diag(inverse)[:, None])
    # A slope that is no larger than its error is taken for noise.
    kept = np.maximum(0.0, 1 - 1 / np.maximum((slope / error) ** 2, 1e-9))
    return design, np.clip(slope * kept, -1.0, 1.0)


def _listed() -> set[str]:
    """Genes of every shipped signature."""
    sets = [signatures.load(str(name)).genes for name in signatures.available().index]
    return {gene for one in sets for gene in (*one.up, *one.down)}


def _kept(cells: ad.AnnData) -> np.ndarray:
    """Genes to simulate: seen often or listed, and in both sets of bulk profiles."""
    n_seen = np.asarray((cells.X > 0).sum(axis=0)).ravel()
    names, listed = list(cells.var_names), _listed()
    common = set(_bulk("bulk_brafi_4lines").var_names)
    common &= set(_bulk("bulk_skmel5_timecourse").var_names)
    often = n_seen >= _LEAST_DETECTED * cells.n_obs
    of_list = np.array([gene in listed for gene in names])
    measured = np.array([gene in common for gene in names])
    return measured & (often | of_list & (n_seen >= _FEWEST_OF_LISTED))


def save_population(population: Population, path: Path) -> None:
    """Write what the simulator knows to one file without any cell."""
    arrays = {}
    for field in fields(population):
        value = getattr(population, field.name)
        if isinstance(value, dict):
            arrays |= {f"{field.name}:{name}": one for name, one in value.items()}
        else:
            arrays[field.name] = np.asarray(value)
    np.savez_compressed(path, **arrays)


def load_population(path: Path) -> Population:
    """Read what `save_population` wrote."""
    found: dict[str, object] = {}
    with np.load(path, allow_pickle=False) as file:
        for key in file.files:
            name, _, part = key.partition(":")
            if part:
                found.setdefault(name, {})[part] = file[key]
            else:
                found[name] = file[key]
    found["genes"] = [str(gene) for gene in found["genes"]]
    return Population(**found)


@cache
def fit_population() -> Population:
    """Population of the simulator, from a file of `stress_input.py` if one is named."""
    named = os.environ.get("DTPSCORE_STRESS_INPUT")
    return load_population(Path(named)) if named else fit_to_cells()


def fit_to_cells() -> Population:
    """Fit the population to the real cells; the same every time."""
    cells, other = _cells_of("H1975"), _cells_of("HCC827")
    keep = _kept(cells)
    genes = list(cells.var_names[keep])
    counts = np.asarray(cells.X[:, keep].todense(), dtype=float)
    depth = counts.sum(axis=1, keepdims=True)
    plate = cells.obs["sample"].astype(str).to_numpy()
    rate = np.array(
        [
            counts[plate == one].sum(axis=0) / depth[plate == one].sum()
            for one in np.unique(plate)
        ]
    )
    # A gene that one plate misses still has a rate there.
    rate = np.maximum(rate, 0.1 * rate.mean(axis=0))
    own = rate[np.unique(plate, return_inverse=True)[1]]
    scores, loading = _cycle(counts / depth / own, genes)
    made_by_cycle = np.einsum("kg,kl,lg->g", loading, np.cov(scores.T), loading)
    dispersion = np.maximum(_dispersions(counts, own * depth) - made_by_cycle, 0.02)
    base = rate.mean(axis=0)
    rng = np.random.default_rng(20)
    latent = rng.normal(0, _LATENT_SD, (_N_LATENT, len(genes)))
    latent *= rng.random(latent.shape) < _LATENT_SHARE
    persister, clone = _contrasts(genes)
    foreign = np.asarray(other.X[:, keep].sum(axis=0), dtype=float).ravel()
    members = {
        name: np.isin(genes, list(signatures.load(listed).genes.up))
        for name, listed in _LISTS.items()
    }
    return Population(
        genes=genes,
        log_rate=np.log(base / base.sum()),
        dispersion=dispersion,
        cycle=scores,
        cycle_loading=loading,
        latent_loading=latent,
        persister=persister,
        clone=clone,
        ambient=foreign / foreign.sum(),
        members=members,
    )
