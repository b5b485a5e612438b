"""Turn the data of a report into one page that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict
from importlib.resources import files
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

from dtpscore import __version__, _store
from dtpscore._csv import csv_text, write_csv
from dtpscore._report.format import data_uri, plain, shown, sort_key
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from markupsafe import Markup

    from dtpscore._report.model import CellMap, Grid, ReportData

_STYLES = ("style.css",)
_SCRIPTS = ("script.js", "map.js", "grid.js")
# Rows of a table that a reader sees at once, without a filter.
_UNFILTERED = 8
# Within JSON these can only stand in texts. Written out, no text can end its element.
_WRITTEN_OUT = str.maketrans({letter: f"\\u{ord(letter):04x}" for letter in "<>&"})


def _hashed(text: str) -> str:
    """Source of a Content-Security-Policy that allows this text and no other."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def csv_link(frame: pd.DataFrame) -> str:
    """Address of a table as a CSV file that the page carries in itself."""
    return data_uri("text/csv", csv_text(frame, index=False))


def embedded(part: CellMap | Grid) -> Markup:
    """Write a part as JSON that stands in a script element which nothing runs."""
    from markupsafe import Markup

    text = json.dumps(asdict(part), separators=(",", ":"), allow_nan=False)
    return Markup(text.translate(_WRITTEN_OUT))


def policy(css: str, script: str) -> str:
    """Content-Security-Policy of a page: its own style and script, and no network."""
    return "; ".join(
        (
            "default-src 'none'",
            "img-src data:",
            f"style-src {_hashed(css)}",
            f"script-src {_hashed(script)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def render(data: ReportData, *, folder: str = "", kind: str = "csv") -> str:
    """HTML text of a report: one file, no network, the same for the same data.

    Parameters
    ----------
    data
        The report.
    folder
        Name of the folder that the tables are written to, so that the page may name
        their files; empty where they are not written.
    kind
        Format of these files.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    here = files("dtpscore._report")
    css, script = (
        "\n".join(
            here.joinpath(name).read_text(encoding="utf-8").strip() for name in own
        )
        for own in (_STYLES, _SCRIPTS)
    )
    environment = Environment(
        loader=PackageLoader("dtpscore", "_report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=plain,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = shown
    environment.filters["embedded"] = embedded
    environment.filters["csv_link"] = csv_link
    environment.filters["sort_key"] = sort_key
    return environment.get_template("template.html.j2").render(
        report=data,
        version=__version__,
        css=Markup(css),
        script=Markup(script),
        policy=policy(css, script),
        folder=plain(folder),
        kind=kind,
        unfiltered=_UNFILTERED,
        record=json.dumps(data.provenance, indent=2, sort_keys=True, default=str),
    )


def write_tables(
    data: ReportData,
    folder: Path,
    *,
    kind: Literal["csv", "parquet"] = "csv",
    overwrite: bool = False,
) -> list[Path]:
    """Write every table of a report to a file of its own, with all its columns.

    Parameters
    ----------
    data
        The report.
    folder
        Where to; it is made.
    kind
        Format; parquet needs the package pyarrow.
    overwrite
        Replace files that exist.

    Raises
    ------
    DataError
        pyarrow is needed and not installed, a file exists already, or the folder
        cannot be made. Nothing is written then.
    """
    if kind == "parquet" and find_spec("pyarrow") is None:
        msg = "Parquet files need the package pyarrow: pip install pyarrow, or use csv."
        raise DataError(msg)
    _store.make_folder(folder)
    found = {folder / f"{table.name}.{kind}": table for table in data.tables()}
    for path in found:
        _store.check_file(path, overwrite=overwrite)
    for path, table in found.items():
        with _store.beside(path) as part:
            if kind == "csv":
                write_csv(table.frame, part, index=False)
            else:
                table.frame.to_parquet(part, engine="pyarrow", index=False)
    return list(found)
