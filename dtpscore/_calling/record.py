"""The record of a calling run, as it goes to ``uns``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._calling.batch import SHIFT_BASIS
from dtpscore._calling.confounders import confounder_table
from dtpscore._calling.evidence import LEVELS, Grounds, level
from dtpscore._calling.summary import reversal_tables, vulnerability_table
from dtpscore._calling.tables import condition_table, sample_table, sample_tests
from dtpscore._calling.uncalibrated import mixture_note

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._calling.depth import Quality
    from dtpscore._calling.options import CallOptions
    from dtpscore._calling.outcome import Experiment, Outcome

NOTE = (
    "A call says that a cell left the range of the reference cells of this experiment "
    "with the index up. It is evidence from RNA, not a diagnosis: it does not show "
    "that the cell survives the drug, and it cannot tell a cycling persister from a "
    "resistant cell. A dependency is not expression."
)


def _params(options: CallOptions) -> dict[str, Any]:
    choices = asdict(options)
    del choices["n_jobs"]
    return {**choices.pop("columns"), **choices}


def _confounders(
    experiment: Experiment, outcome: Outcome, quality: Quality
) -> pd.DataFrame:
    used, reference = experiment.used, experiment.design.reference
    results = {"index": outcome.index}
    for name in ("shift", "library_shift"):
        if np.isfinite(getattr(outcome, name)).any():
            results[name] = getattr(outcome, name)
    return confounder_table(
        results,
        {
            "counts": quality.counts,
            "genes detected": quality.genes.astype(np.float64),
            "mitochondrial share": quality.mitochondrial,
            "proliferation": outcome.proliferation,
            **experiment.features.nuisance,
        },
        {"reference": used & reference, "query": used & ~reference},
    )


def _add_evidence(outcome: Outcome, options: CallOptions, *, reverts: bool) -> str:
    """Add the evidence level to the row of every group; returns the lowest."""
    for row in outcome.groups:
        row["evidence_level"] = level(
            Grounds(
                has_reference=True,
                held_out=row["basis"] == SHIFT_BASIS,
                survival=options.survival is not None,
                reverts=reverts,
            )
        )
    return min((row["evidence_level"] for row in outcome.groups), default="E0")


def cell_evidence(experiment: Experiment, outcome: Outcome) -> NDArray[np.str_]:
    """Evidence level behind the state of each cell, empty where it has none."""
    design = experiment.design
    result = np.where(experiment.used & ~design.reference, "E0", "")
    for row in outcome.groups:
        cells = (design.batch == row["batch"]) & (design.group == row["group"])
        result[cells & experiment.used] = row["evidence_level"]
    return result


def _group_tables(
    experiment: Experiment, outcome: Outcome, quality: Quality, options: CallOptions
) -> dict[str, Any]:
    """Tables that need reference cells."""
    import pandas as pd

    reference = options.columns.reference
    if reference is None or not outcome.groups:
        return {}
    samples = sample_table(
        experiment.design,
        experiment.used & np.isfinite(outcome.index),
        state=outcome.state,
        tail=outcome.tail,
        index=outcome.index,
        counts=quality.counts,
        alpha=options.alpha,
    )
    tests = sample_tests(
        samples, reference, alpha=options.alpha, seed=options.random_state
    )
    outcome.messages += sorted(
        {
            f"Group {row.group!r}, samples: {row.note}."
            for row in tests.itertuples()
            if row.note
        }
    )
    tables = {
        "calibration": pd.DataFrame(outcome.groups),
        "reference_samples": pd.DataFrame(outcome.references),
        "thresholds": pd.DataFrame(outcome.thresholds),
        "samples": samples,
        "conditions": condition_table(samples),
        "sample_tests": tests,
    }
    if outcome.why:
        why = pd.concat(outcome.why, ignore_index=True)
        tables |= {"axes": why, "vulnerabilities": vulnerability_table(why)}
    return tables


def make_record(
    experiment: Experiment,
    outcome: Outcome,
    quality: Quality,
    options: CallOptions,
) -> dict[str, Any]:
    """Collect parameters, calibration, diagnostics and tests of a run.

    Sentences for the user are added to ``outcome.messages``.

    """
    from dtpscore import __version__

    reverts, returned = False, {}
    holiday = options.columns.holiday
    if holiday and outcome.groups:
        found = reversal_tables(
            experiment, outcome, holiday, alpha=options.alpha, seed=options.random_state
        )
        returned = {"reversal": found.axes, "reversal_shares": found.shares}
        reverts = found.reverts
        outcome.messages += found.messages
    reached = _add_evidence(outcome, options, reverts=reverts)
    record: dict[str, Any] = {
        "params": _params(options),
        "version": __version__,
        "note": NOTE,
        "calibrated": bool(outcome.groups),
        "evidence_level": reached,
        "evidence": LEVELS[reached],
        **_group_tables(experiment, outcome, quality, options),
        **returned,
        "confounders": _confounders(experiment, outcome, quality),
        "coverage": experiment.features.coverage,
    }
    if not outcome.groups:
        gain, sentence = mixture_note(
            outcome.index[experiment.used], seed=options.random_state
        )
        record["bic_gain"] = gain
        outcome.limits.general.append(sentence)
    record["messages"] = [*outcome.limits.sentences(), *outcome.messages]
    return record
