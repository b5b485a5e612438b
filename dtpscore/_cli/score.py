"""``dtpscore score``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from dtpscore._cli import _arguments as option

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
    method: Annotated[
        Literal["ucell", "aucell", "tirosh", "zscore", "mean", "ssgsea"],
        typer.Option(help="How to score."),
    ] = "ucell",
    signature: option.SignatureNames = None,
    axis: option.AxisNames = None,
    signature_dir: option.SignatureDir = None,
    layer: option.Layer = None,
    use_raw: option.UseRaw = False,
    gene_symbols: option.GeneSymbols = None,
    species: option.SpeciesOption = "human",
    normalize: Annotated[
        Literal["none", "log1p"],
        typer.Option(help="log1p: log(1 + counts per 10,000) before scoring."),
    ] = "none",
    control: Annotated[
        bool,
        typer.Option(
            "--control",
            help="Add z-scores and p-values against random genes of like expression.",
        ),
    ] = False,
    min_coverage: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Share of its genes a signature needs to enter an axis."
        ),
    ] = 0.5,
    max_rank: Annotated[
        int, typer.Option(min=1, help="ucell: the deepest rank that counts.")
    ] = 1500,
    auc_fraction: Annotated[
        float,
        typer.Option(min=0, max=1, help="aucell: share of the ranking that counts."),
    ] = 0.05,
    random_state: Annotated[
        int, typer.Option(min=0, help="tirosh: seed of the draw of control genes.")
    ] = 0,
    chunk_size: option.ChunkSize = None,
    jobs: option.Jobs = None,
    backed: option.Backed = True,
    dask: Annotated[
        str | None,
        typer.Option(
            metavar="SCHEDULER",
            help="Score on the dask cluster at this address, such as tcp://host:8786; "
            "its workers must see IN under the same path.",
        ),
    ] = None,
    key_added: Annotated[
        str, typer.Option(metavar="KEY", help="Key of the results.")
    ] = "dtp_scores",
    csv: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Also write the results as CSV tables here."),
    ] = None,
    overwrite: option.Overwrite = False,
    results_only: option.ResultsOnly = False,
    allow_external: option.AllowExternal = False,
    leave_out: option.LeaveOut = None,
    quiet: option.Quiet = False,
) -> None:
    """Score cells on gene signatures and write a copy of the file with the scores.

    Per-signature scores go to obsm, one column an axis goes to obs, and parameters,
    gene coverage and sources go to uns. The matrix is read piece by piece, so files
    larger than memory work. The input is never changed.
    """
    from dtpscore._cli._batch import score_all
    from dtpscore._files.scores import ScoreJob
    from dtpscore._options.method import MethodOptions
    from dtpscore._results.elements import Source
    from dtpscore._scoring.run import ScoreOptions

    job = ScoreJob(
        signatures=option.selected(signature, axis, signature_dir),
        options=ScoreOptions(
            method=method,
            control=control,
            species=species,
            min_coverage=min_coverage,
            chunk_size=chunk_size,
            n_jobs=jobs,
            method_options=MethodOptions(
                normalize=None if normalize == "none" else normalize,
                max_rank=max_rank,
                auc_fraction=auc_fraction,
                random_state=random_state,
            ),
        ),
        source=Source(layer=layer, use_raw=use_raw, gene_symbols=gene_symbols),
        key_added=key_added,
        backed=backed,
        overwrite=overwrite,
        access=option.access(
            external=allow_external, leave_out=leave_out, matrices=not results_only
        ),
        scheduler=dask,
    )
    score_all(inputs, output, job, csv=csv, quiet=quiet)
