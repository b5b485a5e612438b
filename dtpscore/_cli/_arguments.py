"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

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
SampleKey = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Column of obs with the sample of each cell."),
]
BatchKey = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Column with the tumor or line; each is called on its own reference.",
    ),
]
PairKey = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Column with the patient of samples in pairs."),
]
CellTypeKey = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="Column with the cell types.")
]
Malignant = Annotated[
    list[str] | None,
    typer.Option(metavar="TYPE", help="Cell type to call; repeatable."),
]
Holiday = Annotated[
    list[str] | None,
    typer.Option(metavar="GROUP", help="Group after a drug holiday; repeatable."),
]
DaysKey = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="Column with the days on drug.")
]
Survival = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT", help="How it is known that the treated cells survived."
    ),
]
ReplicateKey = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Column with the replicate series."),
]
TimeKey = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Column of obs with times or doses."),
]
Layer = Annotated[
    str | None, typer.Option(help="Layer to use instead of X.", metavar="NAME")
]
UseRaw = Annotated[bool, typer.Option("--use-raw", help="Use raw instead of X.")]
GeneSymbols = Annotated[
    str | None,
    typer.Option(
        help="Column of var with the gene names, if not its index.", metavar="COLUMN"
    ),
]
SpeciesOption = Annotated[
    Literal["human", "mouse"], typer.Option("--species", help="Species of the data.")
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
ChunkSize = Annotated[
    int | None,
    typer.Option(min=1, help="Cells read at a time. Never changes a result."),
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", "-j", min=1, help="Threads; all cores by default."),
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


def access(*, external: bool, leave_out: list[str] | None, matrices: bool) -> Access:
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
