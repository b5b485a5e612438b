"""``dtpscore demo``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dtpscore._cli import _arguments as option
from dtpscore._cli._console import say
from dtpscore._cli._steps import step_progress, tell_outputs

if TYPE_CHECKING:
    from dtpscore._demo import Demo

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
    """Score, call and order a simulated persister experiment, and write a report.

    The experiment has parental, treated and drug-holiday samples with three
    replicates each, made with a fixed seed. It is simulated, so it shows how dtpscore
    works and nothing about real cells.
    """
    from dtpscore import _demo

    say("Simulate 3,000 cells, then score, call and order them.", quiet=quiet)
    with step_progress(quiet=quiet) as progress:
        made = _demo.run(output, overwrite=overwrite, progress=progress)
    typer.echo(made.calls.to_string())
    say(_compared(made), quiet=quiet)
    tell_outputs(made.outputs, quiet=quiet)


def _compared(made: Demo) -> str:
    right = f"{made.n_right / max(made.n_called, 1):.1%}"
    found = f"{made.n_right / max(made.n_persisters, 1):.0%}"
    return (
        f"The simulation knows the truth: of {made.n_called:,} treated cells called "
        f"DTP-like, {right} are persisters; {found} of the {made.n_persisters:,} "
        "persisters were called."
    )
