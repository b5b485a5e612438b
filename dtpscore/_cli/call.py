"""``dtpscore call``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dtpscore._cli import _arguments as option
from dtpscore._cli._console import say

if TYPE_CHECKING:
    from dtpscore._calling.result import CallResult

EPILOG = """\b
Examples:
  dtpscore call cells.h5ad -o called.h5ad --groupby condition --reference parental \\
    --sample-key sample
  dtpscore call cohort.h5ad -o called.h5ad --groupby arm --reference before \\
    --sample-key sample --batch-key patient --cell-type-key type --malignant tumor
  dtpscore call cells.h5ad -o called.h5ad --groupby condition --reference DMSO \\
    --sample-key sample --holiday washout --days-key day --csv tables/
"""


def call(
    path: option.Input,
    output: option.Output,
    groupby: Annotated[
        str, typer.Option(metavar="COLUMN", help="Column of obs with the conditions.")
    ],
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="GROUP",
            help="The untreated condition; without it cells are ranked, not called.",
        ),
    ] = None,
    sample_key: option.SampleKey = None,
    batch_key: option.BatchKey = None,
    pair_key: option.PairKey = None,
    cell_type_key: option.CellTypeKey = None,
    malignant: option.Malignant = None,
    holiday: option.Holiday = None,
    days_key: option.DaysKey = None,
    survival: option.Survival = None,
    quality_key: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Column that is true for cells that failed QC."
        ),
    ] = None,
    min_genes: Annotated[
        int, typer.Option(min=0, help="Fewer genes than this: low quality.")
    ] = 100,
    max_mitochondrial: Annotated[
        float,
        typer.Option(min=0, max=1, help="A larger MT- share than this: low quality."),
    ] = 0.3,
    alpha: Annotated[
        float, typer.Option(min=0.0001, max=0.5, help="False discovery rate.")
    ] = 0.05,
    index: Annotated[
        str, typer.Option(metavar="NAME", help="Signature that serves as the index.")
    ] = "dtp_consensus_no_cycle",
    exclude_study: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STUDY", help="Study whose lists must not take part; repeatable."
        ),
    ] = None,
    scores: Annotated[
        str | None,
        typer.Option(
            metavar="KEY", help="Score frame in obsm to learn from, as dtp_scores."
        ),
    ] = None,
    components: Annotated[
        bool,
        typer.Option(
            "--components/--no-components",
            help="Learn from components of expression too, where a check allows it.",
        ),
    ] = True,
    match_depth: Annotated[
        bool,
        typer.Option(
            "--match-depth/--no-match-depth",
            help="Thin counts so that libraries match in depth.",
        ),
    ] = True,
    min_reference: Annotated[
        int, typer.Option(min=4, help="Reference cells that a batch needs.")
    ] = 50,
    check_reference: Annotated[
        bool,
        typer.Option(
            "--check-reference/--no-check-reference",
            help="Call reference samples against each other as well.",
        ),
    ] = True,
    layer: option.Layer = None,
    use_raw: option.UseRaw = False,
    gene_symbols: option.GeneSymbols = None,
    species: option.SpeciesOption = "human",
    random_state: Annotated[int, typer.Option(help="Seed.")] = 0,
    jobs: option.Jobs = None,
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
    """Call persister-like cells against the reference cells of the same experiment.

    Calls keep a false discovery rate where a further untreated sample would differ as
    the reference samples do; that needs two or more of them. The smallest share of
    cells that could be called is printed before the calls. A call from RNA is
    evidence, not a diagnosis. The input is never changed.
    """
    from dtpscore._files.calls import CallJob, call_file
    from dtpscore._options.call import CallOptions

    job = CallJob(
        options=CallOptions(
            groupby=groupby,
            reference=reference,
            sample_key=sample_key,
            batch_key=batch_key,
            pair_key=pair_key,
            cell_type_key=cell_type_key,
            malignant=malignant,
            quality_key=quality_key,
            time_key=days_key,
            holiday=holiday,
            alpha=alpha,
            index=index,
            exclude_studies=exclude_study,
            scores=scores,
            components=components,
            match_depth=match_depth,
            min_reference=min_reference,
            min_genes=min_genes,
            max_mitochondrial=max_mitochondrial,
            check_reference=check_reference,
            survival=survival,
            layer=layer,
            use_raw=use_raw,
            gene_symbols=gene_symbols,
            species=species,
            n_jobs=jobs,
            seed=random_state,
        ),
        backed=backed,
        overwrite=overwrite,
        access=option.access(
            external=allow_external, leave_out=leave_out, matrices=not results_only
        ),
    )
    _report(call_file(path, output, job, tables=csv), output, quiet=quiet)


def _report(result: CallResult, output: Path, *, quiet: bool) -> None:
    """Print the limits of the run first, then what was called."""
    for text in result.record.messages:
        say(text, quiet=quiet)
    counts = result.cells["call"].value_counts(sort=False)
    found = ", ".join(f"{state} {n:,}" for state, n in counts.items())
    level = result.record.evidence_level
    say(f"{output}: {found}; evidence {level}", quiet=quiet)
