"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dtpscore._store import Access
    from dtpscore.signatures import Signature

Input = Annotated[
    Path,
    typer.Argument(metavar="IN", help="An h5ad file or zarr folder; unchanged."),
]
Output = Annotated[
    Path, typer.Option("--output", "-o", help="Where the result goes.", metavar="OUT")
]
SignatureNames = Annotated[
    list[str] | None,
    typer.Option(
        "--signature", help="Score this signature; may be repeated.", metavar="NAME"
    ),
]
AxisNames = Annotated[
    list[str] | None,
    typer.Option(
        "--axis", help="Score the signatures of this axis; repeatable.", metavar="AXIS"
    ),
]
SignatureDir = Annotated[
    Path | None,
    typer.Option(
        "--signature-dir",
        help="Folder or file with signatures of yours (TOML or GMT); they are added.",
        metavar="DIR",
    ),
]
Backed = Annotated[
    bool,
    typer.Option(
        "--backed/--in-memory", help="Read the matrix by pieces, or load it whole."
    ),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace outputs that exist.")
]
ResultsOnly = Annotated[
    bool,
    typer.Option(
        "--results-only",
        help="Leave X, raw and layers out of OUT: a small file, for large inputs.",
    ),
]
AllowExternal = Annotated[
    bool,
    typer.Option(
        "--allow-external",
        help="IN may have values in other files; only for files that you trust.",
    ),
]
LeaveOut = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PART",
        help="Leave a damaged part of IN, such as uns/pca, out of OUT; repeatable.",
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print warnings and errors only.")
]
Json = Annotated[
    bool, typer.Option("--json", help="Print the result as JSON to standard output.")
]
Csv = Annotated[
    Path | None,
    typer.Option(
        "--csv", metavar="DIR", help="Also write the results as CSV tables here."
    ),
]


def access(
    *, external: bool, leave_out: list[str] | None = None, matrices: bool = True
) -> Access:
    """Say what a command may read of its input, and what it leaves out."""
    from dtpscore._store import Access

    return Access(external, tuple(leave_out or ()), matrices)


def selected(
    names: list[str] | None,
    axes: list[str] | None,
    directory: Path | None,
    uses: list[str] | None = None,
) -> list[Signature]:
    """Signatures that the options of a command ask for.

    Raises
    ------
    typer.BadParameter
        Names and axes are given, which would be two selections.
    """
    from dtpscore.signatures import select

    if names and axes:
        message = "Give --signature or --axis, not both."
        raise typer.BadParameter(message)
    return select(names=names or None, axes=axes or None, use=uses, directory=directory)
