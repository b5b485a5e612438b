"""``dtpscore demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dtpscore._cli import _arguments as option
from dtpscore._cli._console import cell_progress, say

EPILOG = """\b
Examples:
  dtpscore demo
  dtpscore demo -o somewhere/else --overwrite
"""


def demo(
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="DIR", help="Folder of the results."),
    ] = Path("dtpscore-demo"),
    overwrite: option.Overwrite = False,
    quiet: option.Quiet = False,
) -> None:
    """Score a simulated persister experiment and write results to open.

    The experiment has parental, treated and drug-holiday samples with three
    replicates each, made with a fixed seed. It is simulated, so it shows how dtpscore
    works and nothing about real cells.
    """
    from functools import partial

    from dtpscore import _demo

    made = _demo.run(
        output, overwrite=overwrite, progress=partial(cell_progress, quiet=quiet)
    )
    say(
        f"Simulated and scored {made.n_cells:,} cells in {made.n_samples} samples. "
        "Shift of each axis from the parental cells, in their standard deviations, "
        "mean over samples:",
        quiet=quiet,
    )
    typer.echo(made.summary.to_string(float_format=lambda value: f"{value:+.2f}"))
    say("Written:", quiet=quiet)
    for path, what in made.files.items():
        say(f"  {path}  {what}", quiet=quiet)
