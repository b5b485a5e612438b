"""What a caller picks of a result: a frame by its name, and the rows of an arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtpscore._results.elements import available
from dtpscore.errors import DataError, OptionError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pandas as pd

_PLURAL = {"group": "Groups", "batch": "Batches"}


def check_kind(kind: str, kinds: Collection[str]) -> None:
    """Refuse a kind of frame that a result does not have; an OptionError."""
    if kind not in kinds:
        msg = f"kind must be one of {', '.join(kinds)}, not {kind!r}."
        raise OptionError(msg)


def rows_with(frame: pd.DataFrame, chosen: Mapping[str, object]) -> pd.DataFrame:
    """Return the rows that have the chosen value in each column, compared as text.

    Parameters
    ----------
    frame
        Frame of a result.
    chosen
        Column to value; None is every value.

    Raises
    ------
    DataError
        No row has such a value.
    """
    for name, value in chosen.items():
        if value is None:
            continue
        texts = frame[name].astype(str)
        kept = frame[(texts == str(value)).to_numpy()]
        if kept.empty:
            there = available(dict.fromkeys(texts))
            those = _PLURAL.get(name, "Values")
            msg = f"No {name} {value!r} in this result. {those} there are: {there}."
            raise DataError(msg)
        frame = kept
    return frame.reset_index(drop=True)


def first_or_chosen(
    frame: pd.DataFrame, chosen: Mapping[str, object]
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the rows of one arm, and the values that name it.

    Parameters
    ----------
    frame
        Frame of a result.
    chosen
        Column to value; None is the value of the first row that is left.

    Raises
    ------
    DataError
        No row has such a value.
    """
    arm = {}
    for name, value in chosen.items():
        arm[name] = str(frame[name].iloc[0]) if value is None else str(value)
        frame = rows_with(frame, {name: arm[name]})
    return frame, arm
