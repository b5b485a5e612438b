"""Packages that some choices need and most users do not."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from dtpscore.errors import ResultError

if TYPE_CHECKING:
    from types import ModuleType

    from dtpscore._ordering.options import PathOptions


def extra(package: str, choice: str, instead: str) -> ModuleType:
    """Import a package that a choice needs.

    Parameters
    ----------
    package
        Name of the package.
    choice
        What the user asked for.
    instead
        What needs no further package.

    Raises
    ------
    ResultError
        It is not installed.
    """
    try:
        return import_module(package)
    except ImportError as error:
        msg = (
            f"{choice} needs the package {package}, which is not installed: "
            f'pip install "dtpscore[{package}]". {instead} needs nothing further.'
        )
        raise ResultError(msg) from error


def palantir() -> ModuleType:
    """Import Palantir."""
    return extra("palantir", "method='palantir'", "method='dpt'")


def cellrank() -> ModuleType:
    """Import CellRank."""
    return extra("cellrank", "fates='cellrank'", "fates='absorption'")


def check_extras(options: PathOptions) -> None:
    """Check before any work that the packages for the choices are installed."""
    if options.method == "palantir":
        palantir()
    if options.fates == "cellrank":
        cellrank()
