"""Results as CSV tables, for programs that do not read h5ad files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtpscore._csv import write_csv
from dtpscore._matrix.columns import FileColumn
from dtpscore._results.elements import FileFrame
from dtpscore._store._place import beside, check_file, check_folder

if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from pathlib import Path

    import pandas as pd

    from dtpscore._results.elements import Element


def tables(elements: Iterable[Element], obs_names: pd.Index) -> dict[str, pd.DataFrame]:
    """Collect results as named tables.

    Parameters
    ----------
    elements
        Results and their places.
    obs_names
        Names of the cells.

    Returns
    -------
    One table per frame in ``uns`` (named ``<key>_<name>``), one of all columns in
    ``obs`` (``<uns key>_obs``), and one per frame in ``obsm`` (named as its key, with
    ``_cells`` after it where a table of ``uns`` or ``obs`` has that name).
    """
    import pandas as pd

    elements = [element for element in elements if element.value is not None]
    found: dict[str, pd.DataFrame] = {}
    for element in elements:
        # Colors are no record.
        if element.slot == "uns" and isinstance(element.value, dict):
            for name, value in element.value.items():
                if isinstance(value, pd.DataFrame):
                    found[_free(f"{element.key}_{name}", found)] = value
    columns = {
        e.key: e.value.read() if isinstance(e.value, FileColumn) else e.value
        for e in elements
        if e.slot == "obs"
    }
    records = [e.key for e in elements if e.slot == "uns" and isinstance(e.value, dict)]
    if columns:
        name = f"{records[0]}_obs" if records else "obs"
        found[_free(name, found)] = pd.DataFrame(columns, index=obs_names)
    for element in elements:
        if element.slot == "obsm":
            value = element.value
            lazy = isinstance(value, FileFrame)
            table = value.frame(obs_names) if lazy else value
            found[_free(element.key, found)] = table
    return found


def _free(name: str, taken: Container[str]) -> str:
    """Name of a table that no other one has, so that none is lost."""
    while name in taken:
        name += "_cells"
    return name


def check_tables(folder: Path, names: Iterable[str], *, overwrite: bool) -> None:
    """Check before any work that tables can be written.

    Parameters
    ----------
    folder
        Folder of the files; made if it does not exist.
    names
        Names that tables may have, without the ending; ``*`` stands for anything.
    overwrite
        Files that exist may be replaced.

    Raises
    ------
    DataError
        A file exists already, or the folder cannot be made or written to.
    """
    check_folder(folder)
    for name in names:
        if "*" not in name:
            check_file(folder / f"{name}.csv", overwrite=overwrite)
            continue
        for path in sorted(folder.glob(f"{name}.csv")):
            check_file(path, overwrite=overwrite)


def write_tables(
    elements: Iterable[Element],
    obs_names: pd.Index,
    folder: Path,
    *,
    overwrite: bool = False,
) -> list[Path]:
    """Write results as CSV files, one a table; see ``tables``.

    Parameters
    ----------
    elements
        Results and their places.
    obs_names
        Names of the cells.
    folder
        Folder of the files; made if it does not exist.
    overwrite
        Replace files that exist.

    Returns
    -------
    The files written.

    Raises
    ------
    DataError
        A file exists already or cannot be written.
    """
    found = {folder / f"{n}.csv": t for n, t in tables(elements, obs_names).items()}
    for path in found:
        check_file(path, overwrite=overwrite)
    for path, table in found.items():
        with beside(path) as part:
            write_csv(table, part)
    return list(found)
