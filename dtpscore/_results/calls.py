"""Where calls are kept in an AnnData or a file of one."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd

from dtpscore import _keys
from dtpscore._calling.given import ScoreFrame
from dtpscore._results.elements import Element, Source, plain
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


def call_elements(result: CallResult, source: Source) -> list[Element]:
    """Places of a calling result in an AnnData or a file of one.

    Parameters
    ----------
    result
        What ``dtpscore._calling.run.call_matrix`` returned.
    source
        Where the matrix came from; kept with the parameters.
    """
    record: dict[str, Any] = dict(result.record)
    record["params"] = {**record["params"], **asdict(source)}
    shifts = (_keys.SHIFT, _keys.LIBRARY_SHIFT)
    gone = [
        Element("obs", key, None) for key in shifts if key not in result.obs.columns
    ]
    return [
        *gone,
        *(Element("obs", str(key), _values(result.obs[key])) for key in result.obs),
        Element("obsm", _keys.CONTRIBUTIONS, result.contributions),
        Element("obsm", _keys.CALL_AXES, result.axes),
        Element("uns", _keys.CALL, plain(record)),
    ]
