"""Put the results of a run together: the columns of the cells, and the record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._calling.clones import add_clones
from dtpscore._calling.group import SHIFT_BASIS
from dtpscore._calling.holiday import reversal_tables
from dtpscore._calling.naming import rate_in_words
from dtpscore._calling.other_causes import add_other_causes
from dtpscore._calling.outcome import where
from dtpscore._calling.reasons import vulnerability_table
from dtpscore._calling.record import CallRecord
from dtpscore._calling.samples import comparison_table, condition_table, sample_table
from dtpscore._calling.states import LEVELS, REASONS, STATES, evidence_level

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._calling.clone_column import CloneColumn
    from dtpscore._calling.outcome import Experiment, Outcome
    from dtpscore._calling.quality import Quality
    from dtpscore._options.call import CallOptions
    from dtpscore._values import Values

NOTE = (
    "A call says that a cell left the range of the reference cells of this "
    "experiment, and its name says whether it did so as published persisters do. It is "
    "evidence from RNA and no diagnosis: it does not show that the cell survives the "
    "drug, and it cannot tell a cycling persister from a resistant cell. A "
    "vulnerability that is listed for an axis was published for that axis; high "
    "expression does not show that these cells depend on it."
)


@dataclass(frozen=True)
class CallResult:
    """Calls and their record.

    Attributes
    ----------
    cells
        One row per cell: ``call``, ``reason``, ``evidence``, ``index``,
        ``proliferation``, ``shift`` or ``library_shift``, ``pvalue`` and ``qvalue``.
    contributions, axes
        float32, cells x axes: the part of the shift that each axis carries, and the
        mean z of the axis in standard deviations of the reference cells.
    record
        What goes to ``uns``.
    """

    cells: pd.DataFrame
    contributions: pd.DataFrame
    axes: pd.DataFrame
    record: CallRecord


def mixture_note(index: NDArray[np.float64], *, seed: int) -> tuple[float, str]:
    """Whether the index of a population has two parts, for display only.

    A mixture always finds a cut, also where nothing differs, so it calls nothing
    here. It says whether two normal distributions fit better than one.

    Parameters
    ----------
    index
        Index of the cells.
    seed
        Seed of the fit.

    Returns
    -------
    Difference in the Bayesian information criterion, one component less two (above 0
    prefers two), and a sentence.
    """
    from sklearn.mixture import GaussianMixture

    values = index.reshape(-1, 1)
    one, two = (
        GaussianMixture(n, random_state=seed).fit(values).bic(values) for n in (1, 2)
    )
    gain = float(one - two)
    found = "two parts" if gain > 0 else "one part"
    return gain, (
        "There are no reference cells, so the index ranks cells and is not calibrated. "
        f"Its distribution has {found} (difference in BIC {gain:.0f})."
    )


def _categorical(
    texts: NDArray[np.str_], categories: Sequence[str], *, ordered: bool
) -> pd.Categorical:
    """Texts as a categorical of those categories that occur.

    A text that is no category, such as ``""``, becomes missing. Categories without a
    cell are left out, because the tests and plots of scanpy stop at a group of none.
    """
    import pandas as pd

    codes = pd.Index(categories).get_indexer(texts.astype(object))
    made = pd.Categorical.from_codes(codes, categories=categories, ordered=ordered)
    return made.remove_unused_categories()


def _cell_evidence(experiment: Experiment, outcome: Outcome) -> NDArray[np.str_]:
    """Evidence level behind the state of each cell, empty where it has none."""
    design = experiment.design
    result = np.where(experiment.used & ~design.reference, "E0", "")
    for row in outcome.groups:
        cells = (design.batch == row["batch"]) & (design.group == row["group"])
        result[cells & experiment.used & ~design.reference] = row["evidence_level"]
    return result


def _cell_frame(experiment: Experiment, outcome: Outcome) -> pd.DataFrame:
    import pandas as pd

    evidence = _cell_evidence(experiment, outcome)
    frame = pd.DataFrame(
        {
            "call": _categorical(outcome.state, STATES, ordered=True),
            "reason": _categorical(outcome.reason, REASONS, ordered=False),
            "evidence": _categorical(evidence, list(LEVELS), ordered=True),
            "index": outcome.index,
            "proliferation": outcome.proliferation,
            "shift": outcome.shift,
            "library_shift": outcome.library_shift,
            "pvalue": outcome.pvalue,
            "qvalue": outcome.qvalue,
        },
        index=experiment.design.cells,
    )
    empty = [name for name in ("shift", "library_shift") if frame[name].isna().all()]
    return frame.drop(columns=empty)


def _add_evidence(outcome: Outcome, options: CallOptions, *, reverts: bool) -> str:
    """Add the evidence level to the row of every group; returns the lowest."""
    for row in outcome.groups:
        row["evidence_level"] = evidence_level(
            has_reference=True,
            held_out=row["basis"] == SHIFT_BASIS,
            survival=options.survival is not None,
            reverts=reverts,
        )
    return min((row["evidence_level"] for row in outcome.groups), default="E0")


def _error_rate(outcome: Outcome, alpha: float) -> list[str]:
    """Say what is known of the share of wrong calls."""
    if not outcome.groups:
        return ["Nothing was calibrated, so no error rate is known."]
    sentences = []
    learned = [row for row in outcome.groups if row["basis"] == SHIFT_BASIS]
    stable = [row for row in learned if not row["reference_unstable"]]
    if any(row["n_called"] for row in stable):
        drawn = any(row["prior_freedom"] for row in stable)
        public = " and public replicate libraries" if drawn else ""
        sentences.append(
            f"Among the cells that left the reference range at most {100 * alpha:g}% "
            "are expected to be wrong, if a further untreated sample would differ as "
            f"the reference samples{public} do."
        )
    if len(stable) < len(learned):
        sentences.append(
            "Reference samples differ more than the error rate allows, so every call "
            "of their batch is uncertain."
        )
    moved = sum(row["n_called"] for row in outcome.groups)
    alone = [row for row in outcome.groups if row["basis"] != SHIFT_BASIS]
    if any(row["n_called"] for row in alone):
        sentences.append(
            f"In {_places(alone)}, at most {100 * alpha:g}% of the cells that left the "
            "range of their own sample are expected to be wrong, if untreated cells of "
            "another library are made of the same populations in the same shares. One "
            "untreated library cannot show whether they are."
        )
    if moved:
        sentences.append(rate_in_words())
    else:
        sentences.append("No cell left the reference range.")
    return sentences


def _places(rows: list[dict[str, Any]]) -> str:
    """Name groups of batches, in lower case."""
    return "; ".join(_lower(where(row["batch"], row["group"])) for row in rows)


def _lower(text: str) -> str:
    plain = text.removesuffix(": ")
    return f"{plain[0].lower()}{plain[1:]}"


def _group_tables(
    experiment: Experiment, outcome: Outcome, quality: Quality, options: CallOptions
) -> dict[str, Any]:
    """Tables that need reference cells; adds sentences to ``outcome``."""
    import pandas as pd

    if options.reference is None or not outcome.groups:
        return {}
    design = experiment.design
    samples = sample_table(
        design,
        experiment.used & np.isfinite(outcome.index),
        state=outcome.state,
        tail=outcome.tail,
        index=outcome.index,
        counts=quality.counts,
        alpha=options.alpha,
    )
    tests = comparison_table(
        samples,
        options.reference,
        design.groups,
        alpha=options.alpha,
        seed=options.seed,
    )
    outcome.messages += sorted(
        {
            f"Group {row.group!r}, samples: {row.note}."
            for row in tests.itertuples()
            if row.note
        }
    )
    outcome.methods.append(_tests_in_words(sorted(set(tests["method"]) - {"none"})))
    tables = {
        "calibration": pd.DataFrame(outcome.groups),
        "reference_samples": pd.DataFrame(outcome.references),
        "thresholds": pd.DataFrame(outcome.thresholds),
        "samples": samples,
        "conditions": condition_table(samples, design.groups),
        "sample_tests": tests,
    }
    if outcome.reasons:
        axes = pd.concat(outcome.reasons, ignore_index=True)
        tables |= {"axes": axes, "vulnerabilities": vulnerability_table(axes)}
    return tables


def _tests_in_words(methods: list[str]) -> str:
    if not methods:
        return (
            "Groups were not tested against the reference with the sample as the unit, "
            "because there are too few samples."
        )
    return (
        "Groups were compared with the reference with the sample as the unit "
        f"({', '.join(methods)})."
    )


def _params(options: CallOptions, index: str) -> dict[str, Any]:
    """Options that say what was done; those that are None are left out."""
    given = options.model_dump(exclude={"n_jobs", "index"}, exclude_none=True)
    return {**given, "index": index}


@dataclass(frozen=True)
class Beside:
    """What is known of the cells beside their calls.

    Attributes
    ----------
    matrix
        The matrix as it was given, before libraries were brought to one depth.
    quality
        What was counted in every cell.
    judged
        What the values of the matrix are.
    clones
        Clones of the cells; None without a column of them.
    ambient
        float64 (genes,): profile of empty droplets; None where it is not known.
    """

    matrix: Any
    quality: Quality
    judged: Values
    clones: CloneColumn | None = None
    ambient: NDArray[np.float64] | None = None


def make_result(
    experiment: Experiment, outcome: Outcome, beside: Beside, options: CallOptions
) -> CallResult:
    """Put the results of all cells into frames, and what was done into a record.

    Parameters
    ----------
    experiment, outcome
        The run. Sentences are added to ``outcome``.
    beside
        What is known of the cells beside their calls.
    options
        The options of the call.
    """
    import pandas as pd

    from dtpscore import __version__

    reverts, tables = False, {}
    if options.holiday and outcome.groups:
        found = reversal_tables(
            experiment, outcome, options.holiday, alpha=options.alpha
        )
        tables = {
            "returned": found.returned,
            "reversal": found.axes,
            "reversal_shares": found.shares,
        }
        reverts = found.reverts
        outcome.messages += found.messages
        outcome.methods += found.methods
    reached = _add_evidence(outcome, options, reverts=reverts)
    if beside.clones is not None:
        tables["clones"] = add_clones(experiment, outcome, beside.clones, options.alpha)
    tables["other_causes"] = add_other_causes(
        experiment,
        outcome,
        beside.matrix,
        beside.quality,
        alpha=options.alpha,
        counts=beside.judged.are_counts,
        ambient=beside.ambient,
    )
    tables |= _group_tables(experiment, outcome, beside.quality, options)
    if not outcome.groups:
        gain, sentence = mixture_note(outcome.index[experiment.used], seed=options.seed)
        tables["bic_gain"] = gain
        outcome.limits.general.append(sentence)
    outcome.methods.append(f"The evidence level is {reached}: {LEVELS[reached]}.")
    record = CallRecord(
        params=_params(options, experiment.features.index_name),
        version=__version__,
        note=NOTE,
        matrix_values=beside.judged,
        calibrated=bool(outcome.groups),
        evidence_level=reached,
        evidence=LEVELS[reached],
        error_rate=_error_rate(outcome, options.alpha),
        coverage=experiment.features.coverage,
        messages=[*outcome.limits.sentences(), *outcome.messages],
        methods=outcome.methods,
        **tables,
    )
    cells, names = experiment.design.cells, outcome.axes
    axis_z = outcome.axis_z.astype(np.float32)
    return CallResult(
        cells=_cell_frame(experiment, outcome),
        contributions=pd.DataFrame(outcome.contributions, index=cells, columns=names),
        axes=pd.DataFrame(axis_z, index=cells, columns=names),
        record=record,
    )
