"""``dtpscore plan``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dtpscore._cli import _arguments as option
from dtpscore._cli._command import Command
from dtpscore._cli._console import json_rows, show_json, tell

EPILOG = """\b
Examples:
  dtpscore plan --effect 1.5 --share 0.3
  dtpscore plan --effect 1.5 --n-samples 3 --n-samples 6 --plot plan.svg
  dtpscore plan --effect 1.5 --pilot cells.h5ad --groupby condition \\
    --reference parental --sample-key sample --csv plan.csv
\b
"""


def plan(
    given: dict[str, Any],
    pilot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="h5ad file or zarr folder of a pilot."),
    ] = None,
    groupby: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Groups of the pilot.")
    ] = None,
    reference: Annotated[
        str | None, typer.Option(metavar="GROUP", help="Untreated group of the pilot.")
    ] = None,
    sample_key: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Samples of the pilot.")
    ] = None,
    axis: Annotated[
        str | None, typer.Option(metavar="AXIS", help="Axis of the pilot to read.")
    ] = None,
    layer: Annotated[
        str | None, typer.Option(metavar="NAME", help="Layer with the counts.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the table here.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the power here.")
    ] = None,
    overwrite: option.Overwrite = False,
    as_json: option.Json = False,
) -> None:
    """Say how many samples and cells, and what depth, an experiment needs.

    Prints the power of the group claim (samples differ) and of the cell claim (cells
    are called) for each design. A pilot gives how much libraries differ, the depth, and
    the chance of counting.
    """
    from dtpscore import _store
    from dtpscore._csv import write_csv
    from dtpscore._plan.public import plan as compute

    for path in (csv, plot):
        if path is not None:
            _store.check_file(path, overwrite=overwrite)
    names: dict[str, Any] = {
        "groupby": groupby,
        "reference": reference,
        "sample_key": sample_key,
    }
    more = {**names, "axis": axis, "layer": layer}
    if pilot is None:
        planned = compute(**more, **given)
    else:
        with _store.open_cells(pilot, access=_store.Access(), backed=False) as adata:
            planned = compute(pilot=adata, **more, **given)
    if csv is not None:
        write_csv(planned.table, csv, index=False)
    if plot is not None:
        planned.plot(save=plot, show=False)
    tell(str(planned))
    if as_json:
        methods = list(planned.methods)
        show_json({"table": json_rows(planned.table), "methods": methods})


COMMAND = Command("plan", plan, EPILOG, options=("plan:PlanOptions",))
