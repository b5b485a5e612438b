"""Call cells: design, quality, features, groups, and the record of all of it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dtpscore._calling import components, depth, features
from dtpscore._calling.admission import low_quality, needed_normalization, taking_part
from dtpscore._calling.design import read_design
from dtpscore._calling.experiment import call_batches
from dtpscore._calling.given import replaced
from dtpscore._calling.matching import depth_share
from dtpscore._calling.outcome import Experiment
from dtpscore._calling.record import cell_evidence, make_record
from dtpscore._calling.result import make_result
from dtpscore._calling.summary import check_arms

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._calling.design import Design
    from dtpscore._calling.given import ScoreFrame
    from dtpscore._calling.options import CallOptions
    from dtpscore._calling.result import CallResult


@dataclass(frozen=True)
class _Values:
    """A matrix as it is scored: counts thinned where libraries differ in depth."""

    matrix: Any
    gene_names: Sequence[str]
    normalize: Literal["log1p"] | None


def _cell_keys(names: Sequence[str], seed: int) -> NDArray[np.uint64]:
    keys = [zlib.crc32(f"{seed}:{name}".encode()) for name in names]
    return np.asarray(keys, dtype=np.uint64)


def _features(values: _Values, options: CallOptions) -> features.Features:
    panel = features.choose(
        index=options.index, exclude_studies=options.exclude_studies
    )
    return features.compute(
        values.matrix,
        values.gene_names,
        panel,
        species=options.species,
        normalize=values.normalize,
        n_jobs=options.n_jobs,
    )


def _components(
    values: _Values,
    design: Design,
    used: NDArray[np.bool_],
    *,
    order: NDArray[np.int64],
    keys: NDArray[np.uint64],
) -> NDArray[np.float64]:
    """Components of each batch with two reference libraries, which a shift needs."""
    rows = order[used[order]]
    batches = []
    for name in np.unique(design.batch[rows]):
        own = rows[design.batch[rows] == name]
        if len(np.unique(design.library[own[design.reference[own]]])) > 1:
            batches.append(own)
    if not batches:
        return np.zeros((len(used), 0))
    return components.compute(
        values.matrix, batches, design.library, keys, normalize=values.normalize
    )


def _experiment(
    values: _Values,
    design: Design,
    used: NDArray[np.bool_],
    names: list[str],
    *,
    low: NDArray[np.bool_],
    options: CallOptions,
    scores: ScoreFrame | None,
) -> tuple[Experiment, list[str]]:
    """Score the cells; the shift learns from ``scores`` where they are given."""
    said: list[str] = []
    found = _features(values, options)
    order = np.argsort(np.asarray(names), kind="stable")
    keys = _cell_keys(names, options.random_state)
    placed = np.zeros((len(used), 0))
    if scores is not None:
        found, said = replaced(found, scores, used)
    elif options.components:
        placed = _components(values, design, used, order=order, keys=keys)
    experiment = Experiment(
        design=design,
        used=used,
        low=low & design.tumor,
        features=found,
        components=placed,
        keys=keys,
        order=order,
    )
    return experiment, said


def call_matrix(
    matrix: Any,
    gene_names: Sequence[str],
    obs: pd.DataFrame,
    options: CallOptions,
    *,
    scores: ScoreFrame | None = None,
) -> CallResult:
    """Call every cell of a matrix.

    Parameters
    ----------
    matrix
        Cells x genes, counts or log-normalized values, of any kind that
        ``dtpscore._matrix.blocks`` reads.
    gene_names
        Names of the columns.
    obs
        Annotation of the cells; its index names them.
    options
        How to call.
    scores
        Scores for the shift instead of the control-matched z-scores.

    Returns
    -------
    Calls and their record.

    Raises
    ------
    DataError
        The annotation, the values or the genes do not allow a call.
    OptionError
        Choices do not fit each other.
    SignatureError
        The index does not exist or was made from an excluded study.
    """
    design = read_design(obs, options.columns)
    quality = depth.measure(matrix, gene_names)
    normalize = needed_normalization(quality)
    low = low_quality(design, quality, options)
    used, messages = taking_part(design, low, options)
    if options.columns.holiday:
        check_arms(design, used, options.columns.holiday)
    share, unlike = depth_share(design, used, quality, match_depth=options.match_depth)
    if unlike and scores is not None:
        unlike.append(
            f"The scores of obsm[{scores.key!r}] are as they were given: they were not "
            "matched in depth, only the index was."
        )
    names = [str(name) for name in obs.index]
    if (share < 1).any():
        matrix = depth.thinned(matrix, share, names, seed=options.random_state)
    values = _Values(matrix, gene_names, normalize)
    experiment, said = _experiment(
        values, design, used, names, low=low, options=options, scores=scores
    )
    outcome = call_batches(
        experiment, alpha=options.alpha, check_reference=options.check_reference
    )
    outcome.messages[:0] = [*messages, *unlike, *said]
    record = make_record(experiment, outcome, quality, options)
    record["params"]["scores"] = None if scores is None else scores.key
    evidence = cell_evidence(experiment, outcome)
    return make_result(outcome, evidence, record, obs.index)
