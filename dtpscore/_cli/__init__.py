"""The command line: parse, call the package, end with an exit code."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer

from dtpscore._cli import (
    call,
    check,
    compare,
    datasets,
    demo,
    engagement,
    lineages,
    plan,
    programs,
    pseudotime,
    report,
    run,
    score,
    signatures,
    vulnerabilities,
)
from dtpscore._cli._console import plain_warnings, report_failure

_EPILOG = """\b
Examples:
  dtpscore demo
  dtpscore check cells.h5ad
  dtpscore run cells.h5ad -o results --groupby condition --reference parental
  dtpscore score cells.h5ad -o scored.h5ad
  dtpscore signatures list --axis emt

\b
Exit codes: 0 done; 1 unexpected error; 2 wrong usage; 3 a file cannot be used;
4 a signature is unknown or malformed; 5 the result cannot be computed; 6 a file is
damaged or incomplete; 7 a run ended, but one of its steps has no result; 8 there is not
enough memory, or too few open files are allowed. A signal ends a command at once, with
128 and its number.
"""
_PACKAGES = ("anndata", "scanpy", "numpy", "numba", "scipy", "pandas", "gseapy", "h5py")

# In the order of the help.
COMMANDS = (
    check.COMMAND,
    score.COMMAND,
    call.COMMAND,
    pseudotime.COMMAND,
    compare.COMMAND,
    programs.COMMAND,
    engagement.COMMAND,
    lineages.COMMAND,
    vulnerabilities.COMMAND,
    run.COMMAND,
    report.COMMAND,
    plan.COMMAND,
    demo.COMMAND,
)


def make_app(asked: str | None = None) -> typer.Typer:
    """Make the command line.

    Parameters
    ----------
    asked
        The command that is asked for. The flags of the others are not made, as they
        would cost most of the time that the help takes. None makes all of them.
    """
    made = typer.Typer(
        name="dtpscore",
        help="Score drug-tolerant persister states in single-cell RNA data.",
        epilog=_EPILOG,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for command in COMMANDS:
        command.add_to(made, whole=asked in (None, command.name))
    made.add_typer(datasets.app, name="datasets")
    made.add_typer(signatures.app, name="signatures")
    made.callback()(_options)
    return made


def __getattr__(name: str) -> Any:
    if name == "app":
        return make_app()
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def _show_version(value: bool) -> None:
    if not value:
        return
    from importlib.metadata import version
    from platform import python_version

    import dtpscore

    typer.echo(f"dtpscore {dtpscore.__version__}")
    typer.echo(f"Python {python_version()}")
    for package in _PACKAGES:
        typer.echo(f"{package} {version(package)}")
    raise typer.Exit


def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Show the versions of dtpscore and what it builds on.",
            callback=_show_version,
            is_eager=True,
        ),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option(
            "--debug", help="On an error, show where in the code it was raised."
        ),
    ] = False,
) -> None:
    """Score drug-tolerant persister states in single-cell RNA data."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave Python with its exit code.

    Parameters
    ----------
    arguments
        The words after ``dtpscore``; those of the process by default.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    completing = "_DTPSCORE_COMPLETE" in os.environ
    asked = next((word for word in words if not word.startswith("-")), "")
    app = make_app(None if completing else asked)
    try:
        with plain_warnings():
            app([word for word in words if word != "--debug"], prog_name="dtpscore")
    except Exception as error:
        if "--debug" in words:
            raise
        sys.exit(report_failure(error))
