"""``dtpscore demo``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dtpscore._cli import _arguments as option
from dtpscore._cli._command import Command
from dtpscore._cli._console import put, show_json, tell
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
    as_json: option.Json = False,
) -> None:
    """Score, call and order a simulated persister experiment, and write a report.

    The experiment has parental, treated and drug-holiday samples with three
    replicates each, made with a fixed seed. It is simulated, so it shows how dtpscore
    works and nothing about real cells.
    """
    from dtpscore import _demo

    tell("Simulate 3,000 cells, then score, call and order them.")
    with step_progress() as progress:
        made = _demo.run(output, overwrite=overwrite, progress=progress)
    if as_json:
        show_json({**made.outputs.as_dict(), "comparison": _compared(made)})
    else:
        put(made.calls.to_string())
    tell(_compared(made))
    tell_outputs(made.outputs)


def _compared(made: Demo) -> str:
    right = f"{made.n_right / max(made.n_called, 1):.1%}"
    found = f"{made.n_right / max(made.n_persisters, 1):.0%}"
    return (
        f"The simulation knows the truth: of {made.n_called:,} treated cells called "
        f"DTP-like, {right} are persisters; {found} of the {made.n_persisters:,} "
        "persisters were called."
    )


COMMAND = Command("demo", demo, EPILOG, no_args_is_help=False)
