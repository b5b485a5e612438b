"""Whether the drug acts in the called cells: output of its target beside the calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dtpscore import signatures
from dtpscore._report.format import share
from dtpscore._report.model import Column, Fold, Table
from dtpscore.get import _calls as calls
from dtpscore.get._axes import axis_values, titled

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._report.context import Context

# Output below this quantile of the reference cells is low. So many reference cells have
# low output by definition.
LOW_QUANTILE = 0.05


def low_shares(
    output: NDArray[np.float64],
    reference: NDArray[np.bool_],
    called: NDArray[np.bool_],
    other: NDArray[np.bool_],
) -> dict[str, float]:
    """Share of cells in which the output of a target is lower than in the reference.

    Parameters
    ----------
    output
        float64 (cells,): output of the target.
    reference, called, other
        Reference cells, called cells of a group, and its other cells.

    Returns
    -------
    ``called``, ``other``: shares of cells below the 5% quantile of reference cells; NaN
    where there are no such cells.
    """
    limit = np.quantile(output[reference], LOW_QUANTILE)
    low = output < limit
    return {
        name: float(low[part].mean()) if part.any() else float("nan")
        for name, part in (("called", called), ("other", other))
    }


def engagement_table(context: Context) -> pd.DataFrame | None:
    """One row per group and engagement axis; None where nothing can be said.

    It needs calls, a reference group and scores of an axis that shows the output of a
    target.
    """
    import pandas as pd

    if not context.has_calls or context.scores_key is None or not context.reference:
        return None
    values = axis_values(
        context.adata,
        groupby=context.groupby,
        reference=context.reference,
        key=context.scores_key,
    )
    known = signatures.axes()
    axes = [a for a in values if a in known and known[a].kind == "engagement"]
    state = calls.states(context.adata)
    is_called = state.isin(calls.DTP_STATES).to_numpy()
    member = context.member.astype(object).to_numpy()
    has_state = state.notna().to_numpy()
    reference = member == context.reference
    rows = []
    for axis in axes:
        output = values[axis].to_numpy()
        if not np.isfinite(output).all():
            continue
        for group in context.queries:
            own = (member == group) & has_state
            found = low_shares(output, reference, own & is_called, own & ~is_called)
            if (own & is_called).any():
                n = int((own & is_called).sum())
                rows.append({"group": group, "axis": axis, "n_called": n, **found})
    columns = ["group", "axis", "n_called", "called", "other"]
    return pd.DataFrame(rows, columns=columns) if rows else None


def _in_words(row: dict[str, object], title: str) -> str:
    on = float(str(row["called"]))
    return (
        f"{row['group']}, {title}: {share(on)} of the called cells have low output "
        f"(called and on target); in {share(1 - on)} it is as in reference cells "
        "(called, target still on, or too few counts to see)."
    )


def engagement_fold(context: Context) -> Fold | None:
    """Say whether called cells are on target; None where nothing can be said."""
    table = engagement_table(context)
    if table is None:
        return None
    shown = titled(table)
    return Fold(
        "Does the drug act in the called cells?",
        paragraphs=(
            "Low is output of a pathway below the lowest "
            f"{share(LOW_QUANTILE)} of reference cells; by chance that many cells have "
            "it. Read the pathway that the drug of this experiment hits; the others "
            "say nothing here. In shallow cells a short list is often 0 in reference "
            "cells too, and the share is then too small.",
            *(_in_words(row, str(row["title"])) for row in shown.to_dict("records")),
        ),
        tables=(
            Table(
                name="engagement",
                caption="Share of cells with low output of a drug target",
                frame=shown,
                columns=(
                    Column("group", "Group"),
                    Column("title", "Pathway"),
                    Column("n_called", "Called cells", "count"),
                    Column("called", "Low in called cells", "share"),
                    Column("other", "Low in the other cells", "share"),
                ),
            ),
        ),
    )
