"""What a call did, in words for a methods section."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._calling.group import SHIFT_BASIS
from dtpscore._calling.group_move import METHOD as GROUP_MOVE
from dtpscore._calling.naming import METHOD as NAMING
from dtpscore._calling.outcome import where
from dtpscore._calling.selection import METHOD as BEFORE
from dtpscore._calling.shared_genes import METHOD as GENES_ONCE
from dtpscore._calling.shift import DRAWN
from dtpscore._calling.shift import METHOD as MARGIN

if TYPE_CHECKING:
    from dtpscore._calling.outcome import Experiment, Outcome


def call_in_words(experiment: Experiment, outcome: Outcome, alpha: float) -> list[str]:
    """Say how cells were called, from what was done in each group."""
    if not outcome.groups:
        return [
            "Cells were ranked by the index without reference cells. Nothing was "
            "calibrated, so there is no error rate and no cell was called."
        ]
    reference = experiment.design.keys.reference
    sentences = [
        f"Cells were called against the reference cells ({reference}) of the same "
        "experiment. The index, cell division and the axes are in robust standard "
        "deviations of the reference cells."
    ]
    learned = [row for row in outcome.groups if row["basis"] == SHIFT_BASIS]
    if learned:
        sentences += _shift_in_words(experiment, outcome, learned)
    if len(learned) < len(outcome.groups):
        which = "Where" if learned else "Because"
        sentences.append(
            f"{which} there is one reference library, its halves were held out in turn "
            "and cells were called by second populations inside samples alone "
            "(conformal p-values). Moves of whole samples were not read, because a "
            "difference between libraries can pass for one of the treatment."
        )
    sentences.append(GROUP_MOVE)
    sentences.append(
        "Cells were called by the Benjamini-Hochberg procedure at a false discovery "
        f"rate of {100 * alpha:g}% within each group and batch."
    )
    checked = sum(not np.isnan(row["called_share"]) for row in outcome.references)
    if checked:
        sentences.append(
            f"As a check, each of {checked} reference samples was called against the "
            "others."
        )
    if any(row["n_called"] for row in outcome.groups):
        sentences += [NAMING, BEFORE]
    if outcome.reasons:
        sentences.append(GENES_ONCE)
    return sentences


def _shift_in_words(
    experiment: Experiment, outcome: Outcome, learned: list[dict[str, Any]]
) -> list[str]:
    """Say what the shift was learned from, and how it was calibrated."""
    few = len(learned) < len(outcome.groups)
    first = "Where there are several reference samples, a" if few else "A"
    sentences = [
        f"{first} shift was learned from {experiment.features.source}, and calibrated "
        "by holding out each reference sample in turn (conformal p-values; Bates et "
        "al. 2023, Annals of Statistics).",
        f"{MARGIN}{DRAWN if any(row['prior_freedom'] for row in learned) else ''}.",
    ]
    used = [
        where(row["batch"], row["group"])[:-2]
        for row in learned
        if row["components_used"]
    ]
    n = experiment.components.shape[1]
    if used:
        groups = "; ".join(f"{text[0].lower()}{text[1:]}" for text in used)
        sentences.append(
            f"In {groups}, the shift also learned from {n} principal components of "
            "expression, because cells that were kept apart showed a second population "
            "(split likelihood ratio; Wasserman et al. 2020, PNAS)."
        )
    elif n:
        looked = any(not np.isnan(row["second_population"]) for row in learned)
        why = (
            "cells that were kept apart showed no second population"
            if looked
            else "there were too few cells to look for a second population"
        )
        sentences.append(
            f"Principal components of expression were not used, because {why}."
        )
    return sentences
