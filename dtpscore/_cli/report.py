"""``dtpscore report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

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
    path: Annotated[
        Path,
        typer.Argument(metavar="IN", help="A file with results; unchanged."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The HTML file.")
    ],
    groupby: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Groups; those of the calls if not given."),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(metavar="GROUP", help="The untreated group."),
    ] = None,
    sample_key: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column of obs with the samples."),
    ] = None,
    title: Annotated[
        str, typer.Option(metavar="TEXT", help="Title of the report.")
    ] = "Drug-tolerant persister states",
    tables: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Also write every table of the page here."),
    ] = None,
    table_format: Annotated[
        Literal["csv", "parquet"],
        typer.Option(help="Format of the tables; parquet needs pyarrow."),
    ] = "csv",
    overwrite: option.Overwrite = False,
    as_json: option.Json = False,
) -> None:
    """Make one HTML page, to be opened offline, of the results that a file holds."""
    import dtpscore as dtp
    from dtpscore._store import check_file, open_cells

    check_file(output, overwrite=overwrite)
    with open_cells(path) as adata:
        dtp.report(
            adata,
            output,
            groupby=groupby,
            reference=reference,
            sample_key=sample_key,
            title=title,
            tables=tables,
            table_format=table_format,
        )
    tell(f"Written: {output}")
    if as_json:
        show_json({"input": path, "report": output, "tables": tables})


COMMAND = Command("report", report, EPILOG)
