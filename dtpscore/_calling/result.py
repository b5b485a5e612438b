"""Calls and their record, as they leave a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore import _keys
from dtpscore._calling.evidence import LEVELS
from dtpscore._calling.states import REASONS, STATES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._calling.outcome import Outcome


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


def make_result(
    outcome: Outcome,
    evidence: NDArray[np.str_],
    record: dict[str, Any],
    names: pd.Index,
) -> CallResult:
    """Put the results of all cells into frames.

    Parameters
    ----------
    outcome
        Results of all cells.
    evidence
        Evidence level of each cell, empty where it has none.
    record
        What goes to ``uns``.
    names
        Names of the cells.
    """
    import pandas as pd

    axis_z = outcome.axis_z.astype(np.float32)
    return CallResult(
        obs=_obs_frame(outcome, evidence, names),
        contributions=pd.DataFrame(
            outcome.contributions, index=names, columns=outcome.axes
        ),
        axes=pd.DataFrame(axis_z, index=names, columns=outcome.axes),
        record=record,
        messages=[*outcome.limits.sentences(), *outcome.messages],
    )
