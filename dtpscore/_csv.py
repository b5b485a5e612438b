"""The one way in which tables become CSV files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dtpscore._text import visible

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

# A spreadsheet takes a cell that starts with one of these for a formula.
_FORMULA = ("=", "+", "-", "@", "\n")


def literal(value: Any) -> Any:
    """Write a text so that a spreadsheet shows it and runs nothing.

    A text that a spreadsheet would take for a formula gets an apostrophe in front.
    Control characters other than a line break are written out, because a carriage
    return would end the row. Texts that are plain numbers, such as ``"-0.5"``, and all
    other values stay.
    """
    if not isinstance(value, str):
        return value
    text = visible(value, keep="\n")
    if not text.startswith(_FORMULA):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    # float() passes over white space; a spreadsheet does not.
    return text if text.strip() == text else f"'{text}"


def literal_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Copy of a frame in which no text can be taken for a formula.

    Headings, names of rows and the texts of every column are made literal. Columns of
    numbers stay as they are.
    """
    import pandas as pd

    # The numbers are shared with the given frame, because tables of cells are large.
    out = frame.copy(deep=False)
    for place, kind in enumerate(frame.dtypes):
        if isinstance(kind, pd.CategoricalDtype):
            texts = frame.iloc[:, place].astype(object).map(literal, na_action="ignore")
            out.isetitem(place, texts)
        elif not pd.api.types.is_numeric_dtype(kind):
            texts = frame.iloc[:, place].map(literal, na_action="ignore")
            out.isetitem(place, texts)
    out.columns = pd.Index([literal(name) for name in frame.columns])
    if not pd.api.types.is_numeric_dtype(frame.index.dtype):
        out.index = frame.index.map(literal)
    out.index = out.index.set_names([literal(name) for name in frame.index.names])
    return out


def csv_text(frame: pd.DataFrame, *, index: bool = True) -> str:
    """Text of a CSV file that a spreadsheet opens without running anything.

    Parameters
    ----------
    frame
        The table.
    index
        Whether the names of the rows are the first column.
    """
    text: str = literal_frame(frame).to_csv(index=index, lineterminator="\n")
    return text


def write_csv(frame: pd.DataFrame, path: Path | str, *, index: bool = True) -> None:
    """Write a frame as a CSV file that a spreadsheet opens without running anything.

    Parameters
    ----------
    frame
        The table.
    path
        The file. One that exists is replaced.
    index
        Whether the names of the rows are written as the first column.
    """
    made = literal_frame(frame)
    made.to_csv(path, index=index, lineterminator="\n", encoding="utf-8")
