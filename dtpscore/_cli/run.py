"""``dtpscore run``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dtpscore._cli import _arguments as option
from dtpscore._cli._command import Command
from dtpscore._cli._steps import step_progress, tell_runs

EPILOG = """\b
Examples:
  dtpscore run cells.h5ad -o results --groupby condition --reference parental
  dtpscore run cells.h5ad -o results --reference parental --sample-key sample
  dtpscore run cells.h5ad -o results --reference parental --genes my_signatures.gmt
  dtpscore run a.h5ad b.h5ad -o results --reference parental --sample-key sample
  dtpscore run cells.h5ad -o results --config run.toml
  dtpscore run cells.h5ad -o again --config results/run.toml
\b
A run that was interrupted goes on where it stopped: give the same command again.
\b
Memory: the matrix is read by pieces, but the order keeps the values of all cells,
up to four times the size of the matrix. Where that is too much, leave it out with
--skip pseudotime.
"""


def run(
    given: dict[str, Any],
    inputs: Annotated[
        list[Path],
        typer.Argument(metavar="IN", help="h5ad files or zarr folders; unchanged."),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Folder of all results: a new one, an empty one, or one of an earlier "
            "run. With several inputs each has a folder in it.",
        ),
    ],
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Options in a TOML file; flags win."),
    ] = None,
    allow_external: option.AllowExternal = False,
    leave_out: option.LeaveOut = None,
    as_json: option.Json = False,
) -> None:
    """Score, call, order, test and report files of cells in one go.

    Everything is checked before the first step. Writes report.html (opens offline),
    result.h5ad (the input with all results), tables/, provenance.json, run.toml (all
    options, to repeat the run) and run.log. Further options of a step stand in its
    table of the TOML file, such as [call].
    """
    from dtpscore import _run

    options = _run.load_config(config, given)
    with step_progress() as progress:
        runs = _run.run_files(
            inputs,
            output,
            options,
            access=option.access(
                external=allow_external, leave_out=leave_out, matrices=True
            ),
            progress=progress,
        )
    tell_runs(runs, as_json=as_json)


COMMAND = Command(
    "run",
    run,
    EPILOG,
    options=("run:RunOptions",),
    # Tables of single steps stand in the TOML file.
    leave_out=frozenset(
        {
            "score",
            "call",
            "pseudotime",
            "trends",
            "enrich",
            "compare",
            "programs",
            "engagement",
            "lineages",
            "resistance",
            "vulnerabilities",
        }
    ),
    required=False,
)
