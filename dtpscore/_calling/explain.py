"""Why the cells of one group were called: axes, and what they leave unexplained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dtpscore import signatures
from dtpscore._calling import why
from dtpscore._calling.axes import axis_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._calling.folds import Cells
    from dtpscore._calling.outcome import Experiment, Outcome


def explain(
    experiment: Experiment,
    outcome: Outcome,
    rows: NDArray[np.int64],
    *,
    cells: Cells,
    coefficients: NDArray[np.float64],
    called: NDArray[np.bool_],
    label: tuple[str, str],
) -> float:
    """Add the contributions of axes, and the table of axes where cells are called.

    Parameters
    ----------
    experiment, outcome
        The run; ``outcome`` is added to.
    rows, cells
        Rows of the reference and the group, and the same cells as they were fitted.
    coefficients
        Weight of each feature and component in the shift.
    called
        Called cells.
    label
        Batch and group.

    Returns
    -------
    Share of the shift's linear part that the signatures explain.
    """
    weights, explained = why.on_signatures(
        cells.features, cells.components, coefficients
    )
    parts, names = why.contributions(
        cells.features, weights, experiment.features.axis, cells.reference
    )
    query = ~cells.reference
    outcome.contributions[rows[query]] = parts[query]
    fresh = cells.reference & np.isnan(outcome.contributions[rows, 0])
    outcome.contributions[rows[fresh]] = parts[fresh]
    if not called.any():
        return explained
    z = axis_means(experiment.features, rows)
    known = signatures.axes()
    table = why.axis_table(
        z[called].mean(axis=0) - z[cells.reference].mean(axis=0),
        parts[called].mean(axis=0).astype(np.float64),
        names,
        [known[n].direction if n in known else "two-sided" for n in names],
        bounds=why.envelope(experiment.features.random[rows], called, cells.reference),
    )
    table.insert(0, "group", label[1])
    table.insert(0, "batch", label[0])
    outcome.why.append(table)
    return explained
