"""``dtpscore score``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dtpscore._cli import _arguments as option
from dtpscore._cli._command import Command

EPILOG = """\b
Examples:
  dtpscore score cells.h5ad -o scored.h5ad
  dtpscore score cells.h5ad -o scored.h5ad --axis emt --axis oxphos --csv tables/
  dtpscore score cells.h5ad -o scored.h5ad --method mean --normalize log1p --control
  dtpscore score cells.h5ad -o scored.h5ad --layer counts --gene-symbols feature_name
  dtpscore score mouse.h5ad -o scored.h5ad --species mouse
  dtpscore score atlas.h5ad -o scores.h5ad --results-only
  dtpscore score atlas.zarr -o scored.zarr --dask tcp://host:8786
  dtpscore score a.h5ad b.h5ad -o scored/ --signature-dir my_signatures/
"""


def score(
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
            metavar="OUT",
            help="The output file; with several inputs, the folder for all outputs.",
        ),
    ],
    signature: option.SignatureNames = None,
    axis: option.AxisNames = None,
    signature_dir: option.SignatureDir = None,
    backed: option.Backed = True,
    dask: Annotated[
        str | None,
        typer.Option(
            metavar="SCHEDULER",
            help="Score on the dask cluster at this address, such as tcp://host:8786; "
            "its workers must see IN under the same path.",
        ),
    ] = None,
    csv: option.Csv = None,
    overwrite: option.Overwrite = False,
    results_only: option.ResultsOnly = False,
    allow_external: option.AllowExternal = False,
    leave_out: option.LeaveOut = None,
    as_json: option.Json = False,
) -> None:
    """Score cells on gene signatures and write a copy of the file with the scores.

    Per-signature scores go to obsm, one column per axis goes to obs, and parameters,
    gene coverage and sources go to uns. The matrix is read piece by piece, so files
    larger than memory work. The input is never changed.
    """
    from dtpscore._cli._batch import score_all
    from dtpscore._cli._console import is_quiet, show_json
    from dtpscore._files.scores import ScoreJob
    from dtpscore._options.score import ScoreOptions

    job = ScoreJob.of(
        ScoreOptions.read(given),
        option.selected(signature, axis, signature_dir),
        backed=backed,
        overwrite=overwrite,
        access=option.access(
            external=allow_external, leave_out=leave_out, matrices=not results_only
        ),
        scheduler=dask,
    )
    results = score_all(inputs, output, job, csv=csv, quiet=is_quiet())
    if as_json:
        show_json(results)


COMMAND = Command(
    "score",
    score,
    EPILOG,
    options=("score:ScoreOptions",),
    leave_out=frozenset({"signatures"}),
)
