"""``dtpscore pseudotime``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dtpscore._cli import _arguments as option
from dtpscore._cli._console import say

if TYPE_CHECKING:
    from dtpscore._ordering.order import OrderResult
    from dtpscore._ordering.record import TrendsRecord

EPILOG = """\b
Examples:
  dtpscore pseudotime cells.h5ad -o ordered.h5ad --groupby condition --root parental
  dtpscore pseudotime cells.h5ad -o ordered.h5ad --groupby condition --root parental \\
    --time-key day --sample-key sample --replicate-key replicate --holiday holiday
  dtpscore pseudotime cells.h5ad -o ordered.h5ad --groupby arm --root DMSO --gene AXL
\b
"""


def pseudotime(
    path: option.Input,
    output: option.Output,
    groupby: Annotated[
        str, typer.Option(metavar="COLUMN", help="Column of obs with the groups.")
    ],
    root: Annotated[
        str, typer.Option(metavar="GROUP", help="The untreated group: the start.")
    ],
    method: Annotated[
        Literal["auto", "dpt", "ordinal", "palantir"],
        typer.Option(help="auto: ordinal with times and two replicates, else dpt."),
    ] = "auto",
    time_key: option.TimeKey = None,
    sample_key: option.SampleKey = None,
    replicate_key: option.ReplicateKey = None,
    holiday: option.Holiday = None,
    index_key: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column with the persister index."),
    ] = None,
    gene: Annotated[
        list[str] | None,
        typer.Option(metavar="GENE", help="Gene to follow too; repeatable."),
    ] = None,
    fates: Annotated[
        Literal["absorption", "cellrank"],
        typer.Option(help="Who computes fates of branches; cellrank is an extra."),
    ] = "absorption",
    trends: Annotated[
        bool, typer.Option("--trends/--no-trends", help="Follow axes along the order.")
    ] = True,
    layer: option.Layer = None,
    use_raw: option.UseRaw = False,
    gene_symbols: option.GeneSymbols = None,
    species: option.SpeciesOption = "human",
    random_state: Annotated[
        int, typer.Option(help="Seed of subsamples and bootstraps.")
    ] = 0,
    backed: option.Backed = True,
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
    """Order cells from parental to persister, check the order, and follow the axes.

    Writes a copy of the file with the order in obs and its checks in uns. Says where
    index, time or the cell cycle contradict the order. The input is never changed.
    """
    import warnings

    from dtpscore._files.order import OrderJob, order_file
    from dtpscore._options.order import OrderOptions
    from dtpscore.errors import InputWarning

    job = OrderJob(
        options=OrderOptions(
            groupby=groupby,
            reference=root,
            holiday=tuple(holiday or ()),
            time_key=time_key,
            sample_key=sample_key,
            replicate_key=replicate_key,
            method=None if method == "auto" else method,
            index_key=index_key,
            layer=layer,
            use_raw=use_raw,
            gene_symbols=gene_symbols,
            species=species,
            fates=fates,
            seed=random_state,
        ),
        trends=trends,
        genes=tuple(gene or ()),
        backed=backed,
        overwrite=overwrite,
        access=option.access(
            external=allow_external, leave_out=leave_out, matrices=not results_only
        ),
    )
    order, followed = order_file(path, output, job, tables=csv)
    for text in order.warnings:
        warnings.warn(text, InputWarning, stacklevel=1)
    _summary(output, order, followed, quiet=quiet)


def _summary(
    output: Path, order: OrderResult, followed: TrendsRecord | None, *, quiet: bool
) -> None:
    record = order.record
    said = order.calm
    if followed is not None:
        said += followed.messages
    cells = len(order.orders[record.method])
    say(f"{output}: {cells:,} cells, {record.method}, root {record.root}", quiet=quiet)
    for text in said:
        say(f"  {text}", quiet=quiet)
