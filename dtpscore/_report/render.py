"""Turn the data of a report into one page that needs nothing else."""

from __future__ import annotations

import json
from importlib.resources import files
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

from dtpscore import __version__, _store
from dtpscore._report.format import shown, sort_key
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from dtpscore._report.model import ReportData


def render(data: ReportData) -> str:
    """HTML text of a report: one file, no network, the same for the same data."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    here = files("dtpscore._report")
    environment = Environment(
        loader=PackageLoader("dtpscore", "_report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = shown
    environment.filters["sort_key"] = sort_key
    return environment.get_template("template.html.j2").render(
        report=data,
        version=__version__,
        css=Markup(here.joinpath("style.css").read_text(encoding="utf-8")),
        script=Markup(here.joinpath("script.js").read_text(encoding="utf-8")),
        record=json.dumps(data.provenance, indent=2, sort_keys=True, default=str),
    )


def write_tables(
    data: ReportData, folder: Path, *, kind: Literal["csv", "parquet"] = "csv"
) -> list[Path]:
    """Write every table of a report to a file of its own, whole.

    Parameters
    ----------
    data
        The report.
    folder
        Where to; it is made.
    kind
        Format; parquet needs the package pyarrow.

    Raises
    ------
    DataError
        pyarrow is needed and not installed, or the folder cannot be made.
    """
    if kind == "parquet" and find_spec("pyarrow") is None:
        msg = "Parquet files need the package pyarrow: pip install pyarrow, or use csv."
        raise DataError(msg)
    _store.make_folder(folder)
    written = []
    for section in data.sections:
        for table in section.tables:
            path = folder / f"{table.name}.{kind}"
            _store.check_file(path, overwrite=True)
            with _store.beside(path) as part:
                if kind == "csv":
                    table.frame.to_csv(part, index=False, lineterminator="\n")
                else:
                    table.frame.to_parquet(part, engine="pyarrow", index=False)
            written.append(path)
    return written
