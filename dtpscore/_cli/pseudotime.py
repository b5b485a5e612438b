"""``dtpscore pseudotime``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from dtpscore._cli import _arguments as option
from dtpscore._cli._command import Command
from dtpscore._cli._console import show_json, tell, tell_new
from dtpscore._cli._steps import step_progress

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData

EPILOG = """\b
Examples:
  dtpscore pseudotime cells.h5ad -o ordered.h5ad --groupby condition \\
    --reference parental
  dtpscore pseudotime cells.h5ad -o ordered.h5ad --groupby condition \\
    --reference parental --time-key day --sample-key sample \\
    --replicate-key replicate --holiday holiday
  dtpscore pseudotime cells.h5ad -o ordered.h5ad --groupby arm --reference DMSO \\
    --genes AXL
\b
"""


def pseudotime(
    given: dict[str, Any],
    path: option.Input,
    output: option.Output,
    trends: Annotated[
        bool, typer.Option("--trends/--no-trends", help="Follow axes along the order.")
    ] = True,
    backed: option.Backed = True,
    csv: option.Csv = None,
    overwrite: option.Overwrite = False,
    results_only: option.ResultsOnly = False,
    allow_external: option.AllowExternal = False,
    leave_out: option.LeaveOut = None,
    as_json: option.Json = False,
) -> None:
    """Order cells from parental to persister, check the order, and follow the axes.

    Writes a copy of the file with the order in obs and its checks in uns. Says where
    index, time or the cell cycle contradict the order. The input is never changed.
    """
    from dtpscore._cli._flags import of_model
    from dtpscore._files.apply import Job, apply
    from dtpscore._files.outputs import Outputs
    from dtpscore._files.ready import check_genes, check_options
    from dtpscore._files.steps import FOLLOW, ORDER
    from dtpscore._options.order import OrderOptions
    from dtpscore._options.trends import TrendOptions

    order = OrderOptions.read(of_model(given, OrderOptions))
    follow = TrendOptions.read(of_model(given, TrendOptions))

    def check(adata: AnnData) -> None:
        for note in check_options(adata, order):
            tell(note)
        if trends:
            check_genes(adata, order, follow.genes)

    jobs = [Job(ORDER, order), *([Job(FOLLOW, follow)] if trends else [])]
    access = option.access(
        external=allow_external, leave_out=leave_out, matrices=not results_only
    )
    with step_progress() as progress:
        adata = apply(
            jobs,
            Outputs(path, output, csv, overwrite, access),
            backed=backed,
            check=check,
            progress=progress,
        )
    _summary(adata, output, as_json=as_json)


def _summary(adata: AnnData, output: Path, *, as_json: bool) -> None:
    """Print how the cells were ordered, and what should be known of the order."""
    from dtpscore import _keys

    record = adata.uns[_keys.PSEUDOTIME]
    followed = adata.uns.get(_keys.TRENDS, {})
    said = [str(text) for text in record["messages"]]
    said += [str(text) for text in followed.get("messages", [])]
    tell(f"{output}: {adata.n_obs:,} cells, {record['method']}, root {record['root']}")
    tell_new(said)
    if as_json:
        show_json(
            {
                "output": output,
                "method": str(record["method"]),
                "root": str(record["root"]),
                "messages": said,
            }
        )


COMMAND = Command(
    "pseudotime",
    pseudotime,
    EPILOG,
    options=("order:OrderOptions", "trends:TrendOptions"),
    leave_out=frozenset({"key_added", "pseudotime_key", "use_rep", "neighbors_key"}),
)
