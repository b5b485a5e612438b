"""Frames as CSV files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dtpscore._csv import write_csv
from dtpscore.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def to_csv(frame: pd.DataFrame, path: str | Path, *, index: bool = True) -> None:
    """Write a frame as a CSV file that a spreadsheet opens without running anything.

    A name that a spreadsheet would take for a formula, such as ``=2+3`` or ``@a``, gets
    an apostrophe in front. Numbers stay numbers. The commands and the report write
    their tables in the same way.

    Parameters
    ----------
    frame
        Any frame of `dtpscore.get`, or another one.
    path
        File to write; an existing one is replaced.
    index
        Whether the names of the rows are written as the first column.

    Raises
    ------
    DataError
        The file cannot be written.

    See Also
    --------
    samples, calls : Frames to write.

    Examples
    --------
    >>> import dtpscore as dtp, pandas as pd, tempfile
    >>> frame = pd.DataFrame({"group": ["=1+1"], "share": [-0.5]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     dtp.get.to_csv(frame, f"{folder}/a.csv", index=False)
    ...     print(open(f"{folder}/a.csv").read().splitlines()[1])
    '=1+1,-0.5
    """
    try:
        write_csv(frame, Path(path), index=index)
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror or error}."
        raise DataError(msg) from error
