"""``dtpscore run``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from dtpscore._cli import _arguments as option
from dtpscore._cli._steps import step_progress, tell_outputs

EPILOG = """\b
Examples:
  dtpscore run cells.h5ad -o results --groupby condition --reference parental
  dtpscore run cells.h5ad -o results --reference parental --sample-key sample
  dtpscore run cells.h5ad -o results --config run.toml
  dtpscore run cells.h5ad -o again --config results/run.toml
\b
A run that was interrupted goes on where it stopped: give the same command again.
\b
Memory: the matrix is read by pieces, but the order keeps the values of all cells,
up to four times the size of the matrix. Where that is too much, leave it out with
--skip pseudotime. Several files: dtpscore score and dtpscore call, file by file.
"""


def run(
    path: option.Input,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Folder of all results; it is made."
        ),
    ],
    groupby: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column of obs with the groups."),
    ] = None,
    reference: Annotated[
        str | None, typer.Option(metavar="GROUP", help="The untreated group.")
    ] = None,
    sample_key: option.SampleKey = None,
    batch_key: option.BatchKey = None,
    pair_key: option.PairKey = None,
    cell_type_key: option.CellTypeKey = None,
    malignant: option.Malignant = None,
    days_key: option.DaysKey = None,
    survival: option.Survival = None,
    replicate_key: option.ReplicateKey = None,
    time_key: option.TimeKey = None,
    holiday: option.Holiday = None,
    layer: option.Layer = None,
    gene_symbols: option.GeneSymbols = None,
    species: Annotated[
        Literal["human", "mouse"] | None,
        typer.Option(help="Species of the data; human if not given."),
    ] = None,
    alpha: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="False discovery rate of the calls."),
    ] = None,
    gmt: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Further gene sets for the enrichment."),
    ] = None,
    skip: Annotated[
        list[str] | None,
        typer.Option(metavar="STEP", help="Leave a step out; repeatable."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of every step that draws.")
    ] = None,
    title: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Title of the report.")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Choices in a TOML file; options win."),
    ] = None,
    quiet: option.Quiet = False,
) -> None:
    """Score, call, order, test and report a file of cells in one go.

    Writes report.html (opens offline), result.h5ad (the input with all results),
    tables/, provenance.json, run.toml (all choices, to repeat the run) and run.log.
    """
    from dtpscore import _run

    given: dict[str, Any] = {
        "groupby": groupby,
        "reference": reference,
        "sample_key": sample_key,
        "batch_key": batch_key,
        "pair_key": pair_key,
        "cell_type_key": cell_type_key,
        "malignant": malignant or None,
        "days_key": days_key,
        "survival": survival,
        "replicate_key": replicate_key,
        "time_key": time_key,
        "holiday": holiday or None,
        "layer": layer,
        "gene_symbols": gene_symbols,
        "species": species,
        "alpha": alpha,
        "gmt": None if gmt is None else str(gmt),
        "skip": skip or None,
        "seed": seed,
        "title": title,
    }
    choices = _run.load_config(
        config, {name: value for name, value in given.items() if value is not None}
    )
    with step_progress(quiet=quiet) as progress:
        outputs = _run.run(path, output, choices, progress=progress)
    tell_outputs(outputs, quiet=quiet)
