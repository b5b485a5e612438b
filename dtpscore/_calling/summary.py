"""Tables over all batches: reversal and vulnerabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dtpscore import signatures
from dtpscore._calling.arms import FEWEST, Arms, linked
from dtpscore._calling.likeness import three_shares
from dtpscore._calling.reversal import axis_reversal
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._calling.design import Design
    from dtpscore._calling.outcome import Experiment, Outcome

# Axes whose published vulnerabilities are listed, the strongest of each group.
_N_AXES = 5


def _masks(
    design: Design, group: str, holiday: Sequence[str]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Find reference cells, treated cells (of no holiday group) and those of one."""
    treated = ~np.isin(design.group, holiday) & ~design.reference & design.tumor
    return design.reference, treated, (design.group == group) & design.tumor


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
    axes, shares
        Tables of `axis_reversal` and `three_shares`, with the column ``group``.
    reverts
        In some group most cells are parental-like, over its samples, and treated
        cells could be told from untreated ones.
    messages
        Sentences for the user.
    """

    axes: pd.DataFrame
    shares: pd.DataFrame
    reverts: bool
    messages: list[str]


def _said(group: str, n_linked: int, n_strata: int, *, resolved: bool) -> list[str]:
    said = []
    if n_strata > 1 and n_linked < n_strata:
        how = (
            f"is measured in the {n_linked} of {n_strata} batches or patients that have"
            if n_linked
            else "compares samples of different batches or patients: none has"
        )
        said.append(
            f"Group {group!r}, reversal {how} untreated, treated and holiday cells "
            f"({FEWEST} of each)."
        )
    if not resolved:
        said.append(
            f"Group {group!r}, reversal: on no axis do treated cells surely differ "
            "from untreated ones by more than 1 standard deviation, so the shares that "
            "are parental-like and DTP-like mean little. It takes two samples of each."
        )
    return said


def _stacked(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One frame, the holiday group in the first column."""
    import pandas as pd

    for group, table in tables.items():
        table.insert(0, "group", group)
    return pd.concat(tables.values())


def reversal_tables(
    experiment: Experiment,
    outcome: Outcome,
    holiday: Sequence[str],
    *,
    alpha: float,
    seed: int,
) -> Reversal:
    """Compare each holiday group with the reference and the treated groups."""
    import pandas as pd

    design = experiment.design
    used = experiment.used & np.isfinite(outcome.index)
    order = experiment.order[used[experiment.order]]
    axes = pd.DataFrame(outcome.axis_z[order], columns=outcome.axes)
    axes.insert(0, "index", outcome.index[order])
    axes.insert(1, "proliferation", outcome.proliferation[order])
    stratum = np.unique(design.pair[order], return_inverse=True)[1].astype(np.int64)
    tables: dict[str, pd.DataFrame] = {}
    shares: dict[str, pd.DataFrame] = {}
    messages, reverts = [], False
    for group in holiday:
        masks = (rows[order] for rows in _masks(design, group, holiday))
        parental, persister, off = masks
        found = Arms(parental, persister, off, design.library[order], stratum)
        arms, n_linked, n_strata = linked(found)
        tables[group] = axis_reversal(axes, arms, seed=seed)
        shares[group] = three_shares(axes, arms, alpha=alpha, seed=seed)
        resolved = bool(tables[group]["ratio"].notna().any())
        lowest = shares[group].loc["parental-like", "low"]
        reverts |= resolved and bool(lowest > 0.5)
        messages += _said(group, n_linked, n_strata, resolved=resolved)
    return Reversal(_stacked(tables), _stacked(shares), reverts, messages)


def vulnerability_table(why: pd.DataFrame) -> pd.DataFrame:
    """List published vulnerabilities of the axes that carry the calls.

    Parameters
    ----------
    why
        Axis tables of all groups, the strongest axis of a group first.

    Returns
    -------
    Rows of ``signatures.vulnerabilities``. A dependency is not expression: a high
    axis is no evidence that its row applies.
    """
    table = signatures.vulnerabilities()
    carrying = why.groupby(["batch", "group"], sort=False).head(_N_AXES)["axis"]
    return table[table["axis"].isin(carrying)].reset_index(drop=True)
