"""The command line: parse, call the package, end with an exit code."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from dtpscore._cli import (
    call,
    datasets,
    demo,
    pseudotime,
    report,
    run,
    score,
    signatures,
)
from dtpscore._cli._console import plain_warnings, report_failure

_EPILOG = """\b
Examples:
  dtpscore demo
  dtpscore score cells.h5ad -o scored.h5ad
  dtpscore signatures list --axis emt

\b
Exit codes: 0 done; 1 unexpected error; 2 wrong usage; 3 a file cannot be used;
4 a signature is unknown or malformed; 5 the result cannot be computed; 6 a file is
damaged or incomplete. A signal ends a command at once, with 128 and its number.
"""
_PACKAGES = ("anndata", "scanpy", "numpy", "numba", "scipy", "pandas", "gseapy", "h5py")

app = typer.Typer(
    name="dtpscore",
    help="Score drug-tolerant persister states in single-cell RNA data.",
    epilog=_EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("score", epilog=score.EPILOG, no_args_is_help=True)(score.score)
app.command("call", epilog=call.EPILOG, no_args_is_help=True)(call.call)
app.command("pseudotime", epilog=pseudotime.EPILOG, no_args_is_help=True)(
    pseudotime.pseudotime
)
app.command("run", epilog=run.EPILOG, no_args_is_help=True)(run.run)
app.command("report", epilog=report.EPILOG, no_args_is_help=True)(report.report)
app.add_typer(datasets.app, name="datasets")
app.add_typer(signatures.app, name="signatures")
app.command("demo", epilog=demo.EPILOG)(demo.demo)


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


@app.callback()
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
    try:
        with plain_warnings():
            app([word for word in words if word != "--debug"], prog_name="dtpscore")
    except Exception as error:
        if "--debug" in words:
            raise
        sys.exit(report_failure(error))
