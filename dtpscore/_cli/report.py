"""``dtpscore report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dtpscore._cli import _arguments as option
from dtpscore._cli._command import Command
from dtpscore._cli._console import show_json, tell

EPILOG = """\b
Examples:
  dtpscore report called.h5ad -o report.html
  dtpscore report scored.h5ad -o report.html --groupby condition --reference parental
  dtpscore report called.h5ad -o report.html --tables tables --table-format parquet
"""


def report(
    given: dict[str, Any],
    path: Annotated[
        Path,
        typer.Argument(metavar="IN", help="A file with results; unchanged."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The HTML file.")
    ],
    tables: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Also write every table of the page here."),
    ] = None,
    overwrite: option.Overwrite = False,
    allow_external: option.AllowExternal = False,
    as_json: option.Json = False,
) -> None:
    """Make one HTML page, to be opened offline, of the results that a file holds."""
    import dtpscore as dtp
    from dtpscore._options.report import ReportOptions
    from dtpscore._store import check_file, open_cells

    options = ReportOptions.read(given)
    check_file(output, overwrite=overwrite)
    with open_cells(path, access=option.access(external=allow_external)) as adata:
        dtp.report(adata, output, tables=tables, overwrite=overwrite, **dict(options))
    tell(f"Written: {output}")
    if as_json:
        show_json({"input": path, "report": output, "tables": tables})


COMMAND = Command("report", report, EPILOG, options=("report:ReportOptions",))
