"""Tables over all batches: reversal, vulnerabilities and evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dtpscore import signatures
from dtpscore._calling.reversal import Arms, axis_reversal, three_shares
from dtpscore._errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._calling.design import Design
    from dtpscore._calling.outcome import Experiment, Outcome

# Axes whose published vulnerabilities are listed, the strongest of each group.
_N_AXES = 5
# Cells that an arm needs.
_FEWEST = 20


def check_arms(design: Design, used: NDArray[np.bool_], holiday: str) -> None:
    """Check that reversal can be measured.

    Raises
    ------
    DataError
        An arm has too few cells.
    """
    held = design.group == holiday
    arms = {
        "reference": design.reference,
        "treated": ~held & ~design.reference,
        "holiday": held,
    }
    sizes = {arm: int((rows & used).sum()) for arm, rows in arms.items()}
    small = [f"{arm} {n}" for arm, n in sizes.items() if n < _FEWEST]
    if small:
        msg = (
            f"Reversal needs {_FEWEST} cells in each arm (reference, treated, "
            f"holiday); found {', '.join(small)}."
        )
        raise DataError(msg)


def reversal_tables(
    experiment: Experiment,
    outcome: Outcome,
    holiday: str,
    *,
    alpha: float,
    seed: int,
) -> tuple[pd.DataFrame, pd.Series]:
    """Compare a holiday group with the reference and the other treated groups."""
    import pandas as pd

    design = experiment.design
    used = experiment.used & np.isfinite(outcome.index)
    order = experiment.order[used[experiment.order]]
    held = design.group[order] == holiday
    parental = design.reference[order]
    arms = Arms(parental, ~held & ~parental, held)
    axes = pd.DataFrame(outcome.axis_z[order], columns=outcome.axes)
    axes.insert(0, "index", outcome.index[order])
    axes.insert(1, "proliferation", outcome.proliferation[order])
    table = axis_reversal(axes, design.library[order], arms, seed=seed)
    return table, three_shares(axes, arms, alpha=alpha)


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
