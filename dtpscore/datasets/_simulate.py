"""A simulated persister experiment whose truth is known."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from dtpscore.datasets._cells import (
    CYCLING_BRANCH,
    PHASES,
    design,
    draw_cells,
    obs_frame,
)
from dtpscore.datasets._clones import PRIMED, lineage_options, make_pool
from dtpscore.datasets._difficulty import DIFFICULTIES
from dtpscore.datasets._programmes import PROGRAMMES, draw_genes
from dtpscore.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from anndata import AnnData
    from numpy.random import Generator
    from numpy.typing import NDArray

    from dtpscore.datasets._cells import Cells, Sample
    from dtpscore.datasets._clones import Pool
    from dtpscore.datasets._difficulty import Difficulty, DifficultyName
    from dtpscore.datasets._programmes import GeneTruth

KEY = "dtpscore_simulation"

_FEWEST_GENES = 200
# Width of the step from off to on, in progress.
_ONSET_WIDTH = 0.08
# Persisters hold less RNA: share of the molecules lost at full progress.
_LESS_RNA = 0.3
# Spread of depth between cells of a sample, standard deviation of the log.
_CELL_DEPTH = 0.3
_NOTE = (
    "Simulated counts, not a measurement. Nothing found in them is evidence about "
    "real persister cells."
)


def _step(progress: NDArray[np.float64], onset: float) -> NDArray[np.float64]:
    """Sigmoid in progress, exactly 0 at no progress and 1 at full progress."""

    def raw(value: Any) -> Any:
        return 1 / (1 + np.exp((onset - value) / _ONSET_WIDTH))

    return (raw(progress) - raw(0.0)) / (raw(1.0) - raw(0.0))


def _activity(
    sample: Sample,
    cells: Cells,
    difficulty: Difficulty,
    rng: Generator,
    *,
    primed: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Activity of every row of the effect matrix in every cell of a sample.

    ``primed`` is what the clone of each cell adds to one programme.
    """
    n = sample.n_cells
    programmes = []
    for programme in PROGRAMMES:
        shared = difficulty.sample_activity * rng.standard_normal()
        own = difficulty.activity_noise * rng.standard_normal(n)
        programmes.append(_step(cells.progress, programme.onset) + shared + own)
        if primed is not None and programme.signature == PRIMED:
            programmes[-1] = programmes[-1] + primed
    return np.column_stack(
        [
            *programmes,
            cells.peak,
            np.full(n, sample.condition == "treated"),
            cells.dividing,
            cells.phase == PHASES.index("S"),
            cells.phase == PHASES.index("G2M"),
        ]
    )


def _counts(
    cells: Cells,
    activity: NDArray[np.float64],
    genes: GeneTruth,
    *,
    difficulty: Difficulty,
    depth: float,
    rng: Generator,
) -> sp.csr_matrix:
    """Negative binomial counts of one sample, with its library effects."""
    n, n_genes = len(activity), len(genes.names)
    shift = difficulty.sample_genes * rng.standard_normal(n_genes)
    depth = depth * np.exp(difficulty.depth_spread * rng.standard_normal())
    dropout = difficulty.dropout * rng.random()
    log_mean = activity @ genes.effects
    log_mean += shift
    log_mean *= np.log(2)
    log_mean += genes.baseline
    mean = np.exp(log_mean)
    total = depth * (1 - _LESS_RNA * cells.progress)
    total = total * np.exp(_CELL_DEPTH * rng.standard_normal(n))
    mean *= (total / mean.sum(axis=1))[:, None]
    # Rare transcripts are lost more often than common ones.
    mean *= 1 - dropout / (1 + mean)
    mean *= rng.standard_gamma(1 / genes.dispersion, size=mean.shape)
    mean *= genes.dispersion
    return sp.csr_matrix(rng.poisson(mean).astype(np.int32))


def _record(parameters: dict[str, Any], genes: GeneTruth) -> dict[str, Any]:
    from dtpscore import __version__

    difficulty = DIFFICULTIES[parameters["difficulty"]]
    return {
        "simulated": True,
        "note": _NOTE,
        "dtpscore": __version__,
        "params": parameters,
        "effects": asdict(difficulty),
        "programmes": _programme_frame(genes),
    }


def _programme_frame(genes: GeneTruth) -> pd.DataFrame:
    import pandas as pd

    moved = genes.effects[: len(PROGRAMMES)] != 0
    listed = np.arange(len(genes.names)) < genes.n_signature
    return pd.DataFrame(
        {
            "sign": genes.signs,
            "sign_is_drawn": [programme.sign == 0 for programme in PROGRAMMES],
            "onset": [programme.onset for programme in PROGRAMMES],
            "n_moved_listed": moved[:, listed].sum(axis=1),
            "n_moved_unlisted": moved[:, ~listed].sum(axis=1),
        },
        index=pd.Index([programme.signature for programme in PROGRAMMES]),
    )


def _check(parameters: dict[str, Any]) -> None:
    days = parameters["days"]
    holiday = parameters["holiday_day"]
    n_samples = parameters["n_replicates"] * (1 + len(days) + (holiday is not None))
    rules = (
        (
            parameters["difficulty"] in DIFFICULTIES,
            f"difficulty must be one of {', '.join(DIFFICULTIES)}",
        ),
        (parameters["n_genes"] >= _FEWEST_GENES, f"n_genes must be >= {_FEWEST_GENES}"),
        (parameters["n_replicates"] >= 1, "n_replicates must be 1 or more"),
        (parameters["depth"] > 0, "depth must be above 0"),
        (
            bool(days) and days == sorted(set(days)) and days[0] > 0,
            "days must be one or more positive days in ascending order",
        ),
        (
            holiday is None or not days or holiday > days[-1],
            "holiday_day must come after the last day of treatment",
        ),
        (
            parameters["n_cells"] >= n_samples,
            f"n_cells must be at least the number of samples, {n_samples}",
        ),
    )
    for holds, rule in rules:
        if not holds:
            msg = f"{rule}. Given: {parameters}."
            raise OptionError(msg)


def simulate(
    *,
    n_cells: int = 3000,
    n_genes: int = 5000,
    n_replicates: int = 3,
    days: Sequence[int] = (3, 7, 14),
    holiday_day: int | None = 24,
    difficulty: DifficultyName = "medium",
    depth: float = 4000.0,
    lineages: Any = None,
    seed: int = 0,
) -> AnnData:
    """Simulate single cells of a drug-tolerant persister experiment.

    The counts are simulated: they show what the functions of this package do and let
    them be tested against a known truth. They are no evidence about real cells.

    Each replicate is a series of samples: untreated (``parental``, day 0), treated
    for ``days``, and after a drug holiday. Every treated cell moves from 0 to 1 in
    latent progress at a speed of its own, so the cells of one day are spread out;
    from 0.3 on it counts as a persister. A fifth of the treated cells are on a
    branch that goes on dividing. In the holiday a cell goes back 40 to 100% of its
    way; a twentieth of the genes outside the signatures keeps the level of its peak.

    Log expression of a gene is a heavy-tailed baseline plus the sum over programmes
    of activity in the cell times effect on the gene. A programme is drawn from a
    shipped signature, but only 50 to 70% of its genes move, by amounts drawn from a
    gamma distribution, and some the wrong way. As many genes of no signature move
    along. A score over the listed genes is therefore a noisy reading, as in real
    data. Axes on which published contrasts disagree (oxidative phosphorylation, NRF2
    targets, fatty acid oxidation) get a sign drawn from the seed. Dividing cells
    express E2F targets, and S and G2M genes in these phases; persisters divide less.

    What gets in the way: noise in programme activity between cells and between
    samples, gene effects of each library, mean depth and dropout of each library,
    less RNA in persisters, and genes that answer the drug in every treated cell
    whether it persists or not. Counts are negative binomial (gamma-Poisson).

    Parameters
    ----------
    n_cells
        Cells in all, spread evenly over the samples.
    n_genes
        Genes. From about 4,500 on, every gene of the default signatures is there;
        with fewer, a random part of them, as on a targeted panel.
    n_replicates
        Replicates, each with its own series of samples.
    days
        Days of treatment that are sampled, ascending.
    holiday_day
        Day of the holiday sample, after the last day of treatment; None for an
        experiment without one.
    difficulty
        ``"easy"``, ``"medium"`` or ``"hard"``: size of effects against noise.
    depth
        Mean number of counts of a cell before library effects.
    lineages
        Barcoded clones: their number, or a dictionary with any of ``n_clones`` (200),
        ``memory`` (spread between clones of one programme before the drug, in its
        activity at full progress, 0.5), ``fate`` (change of the log size by the last
        day per unit of that state, 0), ``fitness`` (spread of the log size that has
        nothing to do with the state, 0), ``drift`` (spread of the log size between
        treated replicates, 0.3), ``cycling`` (correlation within clones of being on the
        branch that goes on dividing, 0), ``doublets`` (0.03) and ``empty`` (share of
        cells without a barcode, 0.2). A tenth of the clones carry two barcodes. All
        replicates come from one pool. None, the default, makes no clones and leaves all
        counts as they are.
    seed
        Same seed, same counts, in every version of numpy that keeps its PCG64,
        normal, gamma and Poisson draws. A change of the signatures changes the data.

    Returns
    -------
    AnnData with int32 counts (CSR), samples one after another.

    ``obs``
        ``sample``, ``condition`` (parental, treated, holiday), ``day`` (ordered),
        ``replicate``; the truth: ``true_state`` (parental, DTP, DTP cycling,
        reverted), ``true_progress`` (float32, 0 to 1) and ``true_phase`` (G1, S,
        G2M; resting cells count as G1). With ``lineages`` also ``lineage``, the
        barcodes as text (several joined by ``;``, missing without one), and
        ``true_clone``.
    ``var``
        Index of symbols; ``in_signature``; the truth: ``true_effect`` (float32, log2
        change at full progress over all programmes), ``true_memory_effect`` and
        ``true_drug_effect`` (float32, log2), and ``true_cycle``.
    ``uns["dtpscore_simulation"]``
        That the data are simulated, version, parameters, effect sizes, and the
        programmes with their sign, onset and the number of genes they move, listed in
        a signature and not. With ``lineages`` also ``clones``, one row per clone:
        ``size``, ``state``, ``fitness`` and ``cycling_branch``.

    Raises
    ------
    OptionError
        A parameter is out of range.

    See Also
    --------
    dtpscore.datasets.thin : Cells of known origin from bulk counts.
    dtpscore.datasets.load : Public data.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=150, n_genes=500, seed=1)
    >>> adata.shape
    (150, 500)
    >>> list(adata.obs["condition"].cat.categories)
    ['parental', 'treated', 'holiday']
    """
    from anndata import AnnData

    parameters = {
        "n_cells": n_cells,
        "n_genes": n_genes,
        "n_replicates": n_replicates,
        "days": [int(day) for day in days],
        "holiday_day": holiday_day,
        "difficulty": difficulty,
        "depth": float(depth),
        "seed": seed,
    }
    _check(parameters)
    barcoded = lineage_options(lineages)
    pool = None if barcoded is None else make_pool(barcoded, CYCLING_BRANCH, seed)
    samples = design(n_cells, n_replicates, days, holiday_day)
    effects = DIFFICULTIES[difficulty]
    rng = np.random.Generator(np.random.PCG64(seed))
    genes = draw_genes(n_genes, effects, rng)
    drawn, blocks, members = [], [], []
    for sample in samples:
        clones = None if pool is None else pool.members(sample, max(days))
        branch, primed = _of_clones(pool, clones)
        cells = draw_cells(sample, max(days), effects, rng, branch=branch)
        activity = _activity(sample, cells, effects, rng, primed=primed)
        counts = _counts(
            cells, activity, genes, difficulty=effects, depth=depth, rng=rng
        )
        drawn.append(cells)
        blocks.append(counts)
        if clones is not None:
            members.append(clones)
    parameters["days"] = np.asarray(parameters["days"])
    made = AnnData(
        sp.csr_matrix(sp.vstack(blocks, format="csr")),
        obs=obs_frame(samples, drawn),
        var=genes.frame(),
        uns={KEY: _record(parameters, genes)},
    )
    if pool is not None:
        _add_clones(made, pool, np.concatenate(members))
    return made


def _of_clones(
    pool: Pool | None, clones: NDArray[np.int64] | None
) -> tuple[Any, NDArray[np.float64] | None]:
    """Chance of the dividing branch, and what a clone adds to the primed programme."""
    if pool is None or clones is None:
        return CYCLING_BRANCH, None
    return pool.branch[clones], pool.options.memory * pool.state[clones]


def _add_clones(made: AnnData, pool: Pool, members: NDArray[np.int64]) -> None:
    import pandas as pd

    truth = pool.frame()
    made.obs["lineage"] = pd.Categorical(pool.labels(members))
    made.obs["true_clone"] = pd.Categorical(truth.index.to_numpy()[members])
    made.uns[KEY]["params"]["lineages"] = pool.options.model_dump()
    made.uns[KEY]["clones"] = truth
