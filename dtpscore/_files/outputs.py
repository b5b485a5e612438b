"""What a command on a file of cells leaves: a copy with results, and CSV tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dtpscore import _store

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    import pandas as pd

    from dtpscore._results.elements import Element


@dataclass(frozen=True)
class Outputs:
    """Where the results of one file go.

    Attributes
    ----------
    path_in
        An h5ad file or the folder of a zarr store. It is not changed.
    path_out
        The output: the input with the results added.
    tables
        Folder for the results as CSV files as well, or None.
    overwrite
        Replace outputs that exist.
    access
        What may be read of the input, and what is left out of the output.
    seen
        The `identity` of the input when it was opened.
    """

    path_in: Path
    path_out: Path
    tables: Path | None
    overwrite: bool
    access: _store.Access
    seen: str | None = None

    def check(self, table_names: Iterable[str]) -> None:
        """Check that everything can be written, before the work that takes long.

        Parameters
        ----------
        table_names
            Names of the tables that may be written; ``*`` stands for anything.

        Raises
        ------
        DataError
            An output exists, or its folder cannot be written to or is too full.
        """
        _store.check_output(
            self.path_in,
            self.path_out,
            overwrite=self.overwrite,
            matrices=self.access.matrices,
        )
        if self.tables is not None:
            _store.check_tables(self.tables, table_names, overwrite=self.overwrite)

    def writing(self) -> AbstractContextManager[_store.Writing]:
        """Start to copy the input, while the results for the copy are made.

        Raises
        ------
        DataError
            The output cannot be written.
        """
        return _store.writing(
            self.path_in,
            self.path_out,
            overwrite=self.overwrite,
            access=self.access,
            seen=self.seen,
        )

    def write(self, elements: Sequence[Element], obs_names: pd.Index) -> None:
        """Write the copy with the results, then the tables.

        Parameters
        ----------
        elements
            Results and their places.
        obs_names
            Names of the cells, for the tables.

        Raises
        ------
        DataError
            An output cannot be written.
        """
        with self.writing() as output:
            output.put(elements)
        self.write_tables(elements, obs_names)

    def write_tables(
        self, elements: Sequence[Element], obs_names: pd.Index | None
    ) -> None:
        """Write the tables, where they are asked for.

        Parameters
        ----------
        elements
            Results and their places.
        obs_names
            Names of the cells; None where there are no tables to write.

        Raises
        ------
        DataError
            A table cannot be written.
        """
        if self.tables is not None and obs_names is not None:
            _store.write_tables(
                elements, obs_names, self.tables, overwrite=self.overwrite
            )
