"""Where calls are kept in an AnnData or a file of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore import _keys
from dtpscore._calling.own_scores import ScoreFrame
from dtpscore._calling.states import STATE_COLORS
from dtpscore._results.elements import Element
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dtpscore._calling.result import CallResult


def score_frame(key: str, table: Any, uns: Mapping[str, Any]) -> ScoreFrame:
    """Add to a score frame the axes of its signatures, where ``uns`` knows them.

    Parameters
    ----------
    key
        Name of the frame in ``obsm``; z-scores and p-values share the record of their
        scores.
    table
        Cells x signatures: a frame, or an array of scores that were lazy.
    uns
        Records of scoring runs.

    Raises
    ------
    DataError
        An array has no record that names its columns.
    """
    frame = table if isinstance(table, pd.DataFrame) else None
    for suffix in ("", "_z", "_pvalue"):
        record = uns.get(key.removesuffix(suffix))
        if isinstance(record, dict) and "provenance" in record:
            sources = record["provenance"]["signatures"]
            axes = {str(name): str(axis) for name, axis in sources["axis"].items()}
            if frame is None:
                frame = pd.DataFrame(table, columns=list(axes))
            return ScoreFrame(key, frame, axes)
    if frame is None:
        msg = (
            f"obsm[{key!r}] is no score frame: its columns have no names. Run "
            "dtpscore.tl.score (dtpscore score) first, or leave scores out."
        )
        raise DataError(msg)
    return ScoreFrame(key, frame)


def _values(column: pd.Series) -> Any:
    """Column as a categorical or a plain array, as files hold them."""
    kind = isinstance(column.dtype, pd.CategoricalDtype)
    return column.array if kind else column.to_numpy()


def call_elements(result: CallResult, key_added: str = _keys.CALL) -> list[Element]:
    """Places of a calling result in an AnnData or a file of one.

    Parameters
    ----------
    result
        What ``dtpscore._calling.run.call_matrix`` returned.
    key_added
        Name under which the calls are stored.
    """
    keys = _keys.call_keys(key_added)
    states = result.cells["call"].cat.categories
    colors = np.array([STATE_COLORS[state] for state in states], dtype=str)
    # An earlier run may have left the other kind of shift.
    gone = [
        Element("obs", keys[name], None)
        for name in ("shift", "library_shift")
        if name not in result.cells
    ]
    return [
        *gone,
        *(
            Element("obs", keys[str(name)], _values(result.cells[name]))
            for name in result.cells
        ),
        Element("obsm", keys["contributions"], result.contributions),
        Element("obsm", keys["axes"], result.axes),
        Element("uns", keys["record"], result.record.to_uns()),
        Element("uns", keys["colors"], colors),
    ]
