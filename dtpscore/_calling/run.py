"""Call cells: from a matrix and its annotation to calls and their record."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._calling import components, features, own_scores, panel, quality
from dtpscore._calling.batches import call_batches
from dtpscore._calling.clone_column import read_clones
from dtpscore._calling.depth import match_depth, thinned
from dtpscore._calling.holiday import check_arms
from dtpscore._calling.lanes import Libraries, join_lanes
from dtpscore._calling.outcome import Experiment
from dtpscore._calling.result import Beside, make_result
from dtpscore._design import read_design
from dtpscore._values import judge
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._calling.own_scores import ScoreFrame
    from dtpscore._calling.result import CallResult
    from dtpscore._design import Design
    from dtpscore._matrix.blocks import Normalize
    from dtpscore._options.call import CallOptions
    from dtpscore._values import Values


@dataclass(frozen=True)
class _Matrix:
    """A matrix as it is scored: counts thinned where libraries differ in depth."""

    matrix: Any
    gene_names: Sequence[str]
    normalize: Normalize


def _cell_keys(names: Sequence[str], seed: int) -> NDArray[np.uint64]:
    keys = [zlib.crc32(f"{seed}:{name}".encode()) for name in names]
    return np.asarray(keys, dtype=np.uint64)


def _components(
    scored: _Matrix,
    design: Design,
    used: NDArray[np.bool_],
    *,
    order: NDArray[np.int64],
    keys: NDArray[np.uint64],
) -> NDArray[np.float64]:
    """Components of each batch with reference cells, which a shift needs."""
    rows = order[used[order]]
    batches = []
    for name in np.unique(design.batch[rows]):
        own = rows[design.batch[rows] == name]
        if design.reference[own].any():
            batches.append(own)
    if not batches:
        return np.zeros((len(used), 0))
    return components.compute(
        scored.matrix, batches, design.library, keys, normalize=scored.normalize
    )


def _experiment(
    scored: _Matrix,
    design: Design,
    cells: quality.TakingPart,
    names: list[str],
    *,
    keys: NDArray[np.uint64],
    options: CallOptions,
    scores: ScoreFrame | None,
) -> Experiment:
    """Score the cells; the shift learns from ``scores`` where they are given."""
    chosen = panel.choose(
        index=options.index,
        exclude_studies=options.exclude_studies,
        gene_names=scored.gene_names,
    )
    found = features.compute(
        scored.matrix,
        scored.gene_names,
        chosen,
        species=options.species,
        normalize=scored.normalize,
        n_jobs=options.n_jobs,
    )
    order = np.argsort(np.asarray(names), kind="stable")
    placed = np.zeros((len(cells.used), 0))
    if scores is not None:
        found = own_scores.replaced(found, scores, cells.used)
    elif options.components:
        placed = _components(scored, design, cells.used, order=order, keys=keys)
    return Experiment(
        design=design,
        used=cells.used,
        low=cells.low,
        features=found,
        components=placed,
        keys=keys,
        order=order,
    )


def _judged(matrix: Any, measured: quality.Quality) -> Values:
    """Judge what the values are.

    Raises
    ------
    DataError
        Some values are below 0, as in scaled data.
    """
    values = judge(matrix)
    values.require_expression("A call")
    if measured.negative:
        msg = (
            "The matrix has values below 0, as scaled data do. A call needs counts or "
            "log values; pass the layer that holds them (layer=, --layer), or raw "
            "(use_raw=True, --use-raw)."
        )
        raise DataError(msg)
    return values


def _values_in_words(values: Values) -> str:
    """Say what was done with the values before they were scored."""
    if values.normalize is None:
        return "Log-transformed values were used as they were given."
    named = {"counts": "Counts", "fractional counts": "Counts (with decimals)"}
    return (
        f"{named.get(values.kind, 'Values')} were scaled to 10,000 per cell and "
        "log-transformed."
    )


def call_matrix(
    matrix: Any,
    gene_names: Sequence[str],
    obs: pd.DataFrame,
    options: CallOptions,
    *,
    scores: ScoreFrame | None = None,
    ambient: NDArray[np.float64] | None = None,
) -> CallResult:
    """Call every cell of a matrix.

    Parameters
    ----------
    matrix
        Cells x genes: counts, normalized or log values, of any kind that
        ``dtpscore._matrix.blocks`` reads.
    gene_names
        Names of the columns.
    obs
        Annotation of the cells; its index names them.
    options
        The options of the call.
    scores
        Scores for the shift instead of the control-matched z-scores.
    ambient
        float64 (genes,): profile of empty droplets, where it is known.

    Returns
    -------
    Calls and their record.

    Raises
    ------
    DataError
        The annotation, the values or the genes do not allow a call.
    OptionError
        Options do not fit each other.
    SignatureError
        The index does not exist or was made from an excluded study.
    """
    design = read_design(obs, options.keys)
    clones = None
    if options.clone_key is not None:
        clones = read_clones(obs, design, options.clone_key)
    measured = quality.measure(matrix, gene_names)
    values = _judged(matrix, measured)
    cells = quality.taking_part(design, measured, options)
    if options.holiday:
        check_arms(design, cells.used, options.holiday)
    names = [str(name) for name in obs.index]
    keys = _cell_keys(names, options.seed)
    joined = Libraries(design, [], [])
    if options.check_replicates and values.are_counts:
        joined = join_lanes(matrix, design, cells.used, keys)
        design = joined.design
    depth = match_depth(
        design, cells.used, measured.counts, values, wanted=options.match_depth
    )
    given = matrix
    if depth.thins:
        matrix = thinned(
            matrix, depth.share, names, seed=options.seed, n_jobs=options.n_jobs
        )
    scored = _Matrix(matrix, gene_names, values.normalize)
    experiment = _experiment(
        scored, design, cells, names, keys=keys, options=options, scores=scores
    )
    outcome = call_batches(
        experiment,
        alpha=options.alpha,
        check_reference=options.check_reference,
        check_stability=options.check_stability,
        n_jobs=options.n_jobs,
    )
    found = experiment.features
    said = [] if values.kind == "counts" else [values.sentence]
    if design.time is not None and design.time.sentence:
        said.append(design.time.sentence)
    if depth.messages and scores is not None:
        depth.messages.append(
            f"The scores of obsm[{scores.key!r}] are as they were given: they were not "
            "matched in depth, only the index was."
        )
    outcome.messages[:0] = [
        *said,
        *cells.messages,
        *joined.messages,
        *depth.messages,
        *found.messages,
    ]
    outcome.methods[:0] = [
        *cells.methods,
        *joined.methods,
        *depth.methods,
        _values_in_words(values),
        *found.methods,
    ]
    beside = Beside(given, measured, values, clones, ambient)
    return make_result(experiment, outcome, beside, options)
