"""What became of the cells in a drug holiday: the measures, and what they mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._calling.reversal import (
    FEWEST,
    Arms,
    axis_reversal,
    counts_of_units,
    linked,
    shares_of_units,
    three_shares,
)
from dtpscore._calling.states import PARENTAL_LIKE
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._calling.outcome import Experiment, Outcome
    from dtpscore._design import Design

# The state reverts where surely more than this share of a holiday group is
# parental-like, and more than of the treated cells.
_MOST = 0.5


def _masks(
    design: Design, group: str, holiday: Sequence[str]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Find reference cells, treated cells (of no holiday group) and those of one."""
    own = design.malignant & design.named
    treated = ~np.isin(design.group, holiday) & ~design.reference & own
    return design.reference & own, treated, (design.group == group) & own


def check_arms(design: Design, used: NDArray[np.bool_], holiday: Sequence[str]) -> None:
    """Check that reversal can be measured for each holiday group.

    Raises
    ------
    DataError
        An arm has too few cells.
    """
    for group in holiday:
        masks = _masks(design, group, holiday)
        sizes = [int((rows & used).sum()) for rows in masks]
        named = zip(("reference", "treated", "holiday"), sizes, strict=True)
        small = [f"{arm} {n}" for arm, n in named if n < FEWEST]
        if small:
            msg = (
                f"Reversal in group {group!r} needs {FEWEST} cells in each arm "
                f"(reference, treated, holiday); found {', '.join(small)}. Treated "
                "are the groups that are neither the reference nor a holiday group."
            )
            raise DataError(msg)


@dataclass(frozen=True)
class Reversal:
    """What came back in the holiday groups.

    Attributes
    ----------
    returned
        The primary measure: the share of cells that the calls leave parental-like, one
        row per holiday group.
    axes
        Differences per axis (`axis_reversal`), with the column ``group``.
    shares
        Supplement: what cells are like by their distance over all axes
        (`three_shares`), with the column ``group``.
    reverts
        In some group most cells are parental-like by the primary measure, in the
        interval over its samples too; they are more than among the treated cells, and
        treated cells could be told from untreated ones.
    messages, methods
        Sentences for the user, and for a methods section.
    """

    returned: pd.DataFrame
    axes: pd.DataFrame
    shares: pd.DataFrame
    reverts: bool
    messages: list[str] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)


def _caveats(group: str, n_linked: int, n_strata: int, *, resolved: bool) -> list[str]:
    messages = []
    if n_strata > 1 and n_linked < n_strata:
        how = (
            f"is measured in the {n_linked} of {n_strata} batches or patients that have"
            if n_linked
            else "compares samples of different batches or patients: none has"
        )
        messages.append(
            f"Group {group!r}, reversal {how} untreated, treated and holiday cells "
            f"({FEWEST} of each)."
        )
    if not resolved:
        messages.append(
            f"Group {group!r}, reversal: on no axis do treated cells surely differ "
            "from untreated ones by more than 1 standard deviation, so the shares that "
            "are parental-like and DTP-like mean little. It takes two samples of each."
        )
    return messages


def _stacked(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One frame, with the holiday group in the first column."""
    import pandas as pd

    for group, table in tables.items():
        table.insert(0, "group", group)
    return pd.concat(tables.values())


def parental_share(state: NDArray[np.str_], arms: Arms, group: str) -> dict[str, Any]:
    """Share of the holiday cells that the calls leave parental-like.

    Parameters
    ----------
    state
        State of each cell.
    arms
        The three arms.
    group
        Name of the holiday group.

    Returns
    -------
    ``group``, ``n_samples``, ``n_cells``, ``share`` with its 95% interval ``low`` to
    ``high`` over holiday samples, or over patients where there are several (NaN with
    one), and ``treated_share``, the same share of the treated cells, to compare with.
    Every sample, or patient, counts once in a share.
    """
    like = (state == PARENTAL_LIKE).astype(np.int64)
    measured = [
        shares_of_units(
            counts_of_units(like[arm], arms.sample[arm], arms.stratum[arm], 2)
        )
        for arm in (arms.holiday, arms.persister)
    ]
    share, low, high = (float(one[1]) for one in measured[0])
    return {
        "group": group,
        "n_samples": len(np.unique(arms.sample[arms.holiday])),
        "n_cells": int(arms.holiday.sum()),
        "share": share,
        "low": low,
        "high": high,
        "treated_share": float(measured[1][0][1]),
    }


def _returns(measured: dict[str, Any]) -> bool:
    """Whether most holiday cells surely are parental-like, unlike treated cells."""
    return bool(measured["low"] > max(_MOST, measured["treated_share"]))


def _in_words(n_linked: int, n_strata: int) -> str:
    within = (
        "within batches or patients with cells of all three arms"
        if n_linked and n_strata > 1
        else "over all samples"
    )
    return (
        "Return in the holiday is the share of cells that the calls leave "
        "parental-like, the mean over samples, with a 95% interval by Student's t over "
        "the log odds of samples (of patients, where there are several). The "
        "differences of the axes between untreated, treated and holiday cells were "
        f"taken {within}, with 95% t intervals (degrees of freedom of Bell and "
        "McCaffrey, doi:10.1162/REST_a_00552)."
    )


def reversal_tables(
    experiment: Experiment,
    outcome: Outcome,
    holiday: Sequence[str],
    *,
    alpha: float,
) -> Reversal:
    """Compare each holiday group with the reference and the treated groups."""
    import pandas as pd

    design = experiment.design
    used = experiment.used & np.isfinite(outcome.index)
    order = experiment.order[used[experiment.order]]
    axes = pd.DataFrame(outcome.axis_z[order], columns=outcome.axes)
    axes = axes.dropna(axis="columns")
    axes.insert(0, "index", outcome.index[order])
    axes.insert(1, "proliferation", outcome.proliferation[order])
    stratum = np.unique(design.pair[order], return_inverse=True)[1].astype(np.int64)
    by_axis: dict[str, pd.DataFrame] = {}
    shares: dict[str, pd.DataFrame] = {}
    returned, messages, methods, reverts = [], [], [], False
    for group in holiday:
        masks = (rows[order] for rows in _masks(design, group, holiday))
        parental, persister, off = masks
        found = Arms(parental, persister, off, design.library[order], stratum)
        returned.append(parental_share(outcome.state[order], found, group))
        arms, n_linked, n_strata = linked(found)
        by_axis[group] = axis_reversal(axes, arms)
        shares[group] = three_shares(axes, arms, alpha=alpha)
        resolved = bool(by_axis[group]["ratio"].notna().any())
        reverts |= resolved and _returns(returned[-1])
        messages += _caveats(group, n_linked, n_strata, resolved=resolved)
        methods.append(_in_words(n_linked, n_strata))
    return Reversal(
        returned=pd.DataFrame(returned),
        axes=_stacked(by_axis),
        shares=_stacked(shares),
        reverts=reverts,
        messages=messages,
        methods=list(dict.fromkeys(methods)),
    )
