"""Call cells: design, quality, features, groups, and the record of all of it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dtpscore import _keys
from dtpscore._calling import depth, features
from dtpscore._calling.design import Design, read_design
from dtpscore._calling.evidence import LEVELS
from dtpscore._calling.experiment import call_batches
from dtpscore._calling.outcome import Experiment, Outcome
from dtpscore._calling.record import cell_evidence, make_record
from dtpscore._calling.states import REASONS, STATES
from dtpscore._calling.summary import check_arms
from dtpscore._errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._calling.options import CallOptions


# Libraries whose median depth differs by more than this are worth a word.
_DEPTH_RATIO = 1.2


@dataclass(frozen=True)
class ScoreFrame:
    """Scores to learn the shift from instead of control-matched z-scores.

    Attributes
    ----------
    key
        Where they are from.
    frame
        Cells x signatures.
    axis_of
        Axis of each signature.
    """

    key: str
    frame: pd.DataFrame
    axis_of: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CallResult:
    """Calls and their record.

    Attributes
    ----------
    obs
        One row a cell: call, reason, index, proliferation, shift and so on.
    contributions, axes
        float32, cells x axes: part of the shift, and mean z of the axis in standard
        deviations of the reference cells.
    record
        What goes to ``uns``: frames and plain values.
    messages
        Sentences for the user, the limits of the run first.
    """

    obs: pd.DataFrame
    contributions: pd.DataFrame
    axes: pd.DataFrame
    record: dict[str, Any]
    messages: list[str]


def _check_values(quality: depth.Quality) -> Literal["log1p"] | None:
    if quality.negative:
        msg = (
            "The matrix has values below 0, as scaled data do. Calls need counts, or "
            "log-normalized values; pass the layer that holds them."
        )
        raise DataError(msg)
    return None if quality.are_logs else "log1p"


def _low_quality(
    design: Design, quality: depth.Quality, options: CallOptions
) -> NDArray[np.bool_]:
    # NaN, no mitochondrial genes in the data, is not above the limit.
    mitochondrial = quality.mitochondrial > options.max_mitochondrial
    result: NDArray[np.bool_] = (
        design.failed | (quality.genes < options.min_genes) | mitochondrial
    )
    return result


def _depth_share(
    design: Design,
    used: NDArray[np.bool_],
    quality: depth.Quality,
    options: CallOptions,
) -> tuple[NDArray[np.float64], list[str]]:
    """Share of its counts that each cell keeps, and what to say about depth."""
    share, messages = np.ones(len(used)), []
    batches = np.unique(design.batch[used])
    thinning = options.match_depth and quality.are_counts
    for batch in batches:
        rows = used & (design.batch == batch)
        libraries = np.unique(design.library[rows])
        medians = [
            float(np.median(quality.counts[rows & (design.library == one)]))
            for one in libraries
        ]
        if thinning:
            share[rows] = depth.kept_share(quality.counts[rows], design.library[rows])
        ratio = max(medians) / max(min(medians), 1e-9)
        if ratio <= _DEPTH_RATIO:
            continue
        where = f" of batch {str(batch)!r}" if len(batches) > 1 else ""
        if thinning:
            done = f"their counts were thinned to the shallowest ({min(medians):.0f})"
        elif quality.are_counts:
            done = "they were not matched, because match_depth is off"
        else:
            done = "they could not be matched, because the values are not counts"
        messages.append(
            f"The libraries{where} differ {ratio:.1f}-fold in median depth; {done}."
        )
    return share, messages


def _used(
    design: Design, low: NDArray[np.bool_], options: CallOptions
) -> tuple[NDArray[np.bool_], list[str]]:
    """Cells that take part: those of batches with enough reference cells."""
    used = design.tumor & ~low
    if options.columns.reference is None:
        return used, []
    messages, counts = [], {}
    for batch in np.unique(design.batch[design.tumor]):
        rows = design.batch == batch
        counts[str(batch)] = int((used & rows & design.reference).sum())
        if counts[str(batch)] < options.min_reference:
            used &= ~rows
            messages.append(
                f"Batch {str(batch)!r} has {counts[str(batch)]} usable reference "
                f"cells, fewer than {options.min_reference}: its cells are not called."
            )
    if not used.any():
        found = ", ".join(f"{batch}: {n}" for batch, n in counts.items())
        msg = (
            f"Calls need {options.min_reference} usable cells of the reference group "
            f"{options.columns.reference!r} in a batch; found {found}."
        )
        raise DataError(msg)
    if not (used & ~design.reference).any():
        msg = "No cell outside the reference group passes the quality limits."
        raise DataError(msg)
    return used, messages


def _cell_keys(names: Sequence[str], seed: int) -> NDArray[np.uint64]:
    keys = [zlib.crc32(f"{seed}:{name}".encode()) for name in names]
    return np.asarray(keys, dtype=np.uint64)


def _features(
    matrix: Any,
    gene_names: Sequence[str],
    names: list[str],
    *,
    share: NDArray[np.float64],
    normalize: Literal["log1p"] | None,
    options: CallOptions,
) -> features.Features:
    """Thin the counts where libraries differ in depth, and compute the features."""
    source = (
        matrix
        if (share == 1).all()
        else depth.thinned(matrix, share, names, seed=options.random_state)
    )
    panel = features.choose(
        index=options.index, exclude_studies=options.exclude_studies
    )
    return features.compute(
        source,
        gene_names,
        panel,
        species=options.species,
        normalize=normalize,
        n_jobs=options.n_jobs,
    )


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
    SignatureError
        The index does not exist or was made from an excluded study.
    """
    import pandas as pd

    design = read_design(obs, options.columns)
    quality = depth.measure(matrix, gene_names)
    normalize = _check_values(quality)
    low = _low_quality(design, quality, options)
    used, messages = _used(design, low, options)
    if options.columns.holiday is not None and options.columns.reference is not None:
        check_arms(design, used, options.columns.holiday)
    share, said = _depth_share(design, used, quality, options)
    names = [str(name) for name in obs.index]
    found = _features(
        matrix, gene_names, names, share=share, normalize=normalize, options=options
    )
    if scores is not None:
        found = features.replaced(found, scores.frame, scores.axis_of)
    experiment = Experiment(
        design=design,
        used=used,
        low=low & design.tumor,
        features=found,
        keys=_cell_keys(names, options.random_state),
        order=np.argsort(np.asarray(names), kind="stable"),
    )
    outcome = call_batches(
        experiment, alpha=options.alpha, check_reference=options.check_reference
    )
    outcome.messages[:0] = [*messages, *said]
    record = make_record(experiment, outcome, quality, options)
    record["params"]["scores"] = None if scores is None else scores.key
    return CallResult(
        obs=_obs_frame(outcome, cell_evidence(experiment, outcome), obs.index),
        contributions=pd.DataFrame(
            outcome.contributions, index=obs.index, columns=outcome.axes
        ),
        axes=pd.DataFrame(
            outcome.axis_z.astype(np.float32), index=obs.index, columns=outcome.axes
        ),
        record=record,
        messages=[*outcome.limits, *outcome.messages],
    )


def _categorical(
    texts: NDArray[np.str_], categories: Sequence[str], *, ordered: bool = False
) -> pd.Categorical:
    """Texts as a categorical; a text that is no category, as "", becomes missing."""
    import pandas as pd

    codes = pd.Index(categories).get_indexer(texts.astype(object))
    return pd.Categorical.from_codes(codes, categories=categories, ordered=ordered)


def _obs_frame(
    outcome: Outcome, evidence: NDArray[np.str_], names: pd.Index
) -> pd.DataFrame:
    import pandas as pd

    state = _categorical(outcome.state, STATES, ordered=True)
    reason = _categorical(outcome.reason, REASONS).remove_unused_categories()
    columns = {
        _keys.CALL: state,
        _keys.REASON: reason,
        _keys.EVIDENCE: _categorical(evidence, list(LEVELS), ordered=True),
        _keys.INDEX: outcome.index,
        _keys.PROLIFERATION: outcome.proliferation,
        _keys.SHIFT: outcome.shift,
        _keys.LIBRARY_SHIFT: outcome.library_shift,
        _keys.PVALUE: outcome.pvalue,
        _keys.QVALUE: outcome.qvalue,
    }
    frame = pd.DataFrame(columns, index=names)
    empty = [
        name for name in (_keys.SHIFT, _keys.LIBRARY_SHIFT) if frame[name].isna().all()
    ]
    return frame.drop(columns=empty)
