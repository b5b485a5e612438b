"""``dtpscore lineages``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dtpscore._cli import _arguments as option
from dtpscore._cli._command import Command
from dtpscore._cli._console import json_rows, show_json, tell, tell_new
from dtpscore._cli._steps import step_progress

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData

EPILOG = """\b
Examples:
  dtpscore lineages scored.h5ad -o clones.h5ad --lineage-key lineage \\
    --groupby condition --reference parental --sample-key sample
  dtpscore lineages scored.h5ad -o clones.h5ad --lineage-key lineage \\
    --groupby condition --reference parental --sample-key sample \\
    --cycling-key sample_type --cycling 14_low --resting 14_high
\b
"""


def lineages(
    given: dict[str, Any],
    path: option.Input,
    output: option.Output,
    csv: option.Csv = None,
    overwrite: option.Overwrite = False,
    results_only: option.ResultsOnly = False,
    allow_external: option.AllowExternal = False,
    leave_out: option.LeaveOut = None,
    as_json: option.Json = False,
) -> None:
    """Follow barcoded clones through the drug, and ask what foretells their fate.

    Writes a copy of the file with the clone of each cell in obs and what became of the
    clones in uns. Scores in the file are tested as the state before the drug. The input
    is never changed.
    """
    from dtpscore._files.apply import Job, apply
    from dtpscore._files.outputs import Outputs
    from dtpscore._files.steps import CLONES
    from dtpscore._options.lineages import LineageOptions

    options = LineageOptions.read(given)
    access = option.access(
        external=allow_external, leave_out=leave_out, matrices=not results_only
    )
    with step_progress() as progress:
        adata = apply(
            [Job(CLONES, options)],
            Outputs(path, output, csv, overwrite, access),
            progress=progress,
        )
    _summary(adata, options.key_added, output, as_json=as_json)


def _summary(adata: AnnData, key: str, output: Path, *, as_json: bool) -> None:
    from dtpscore._lineages.record import LineageRecord

    record = LineageRecord.from_uns(adata.uns[key])
    for row in record.arms.to_dict("records"):
        tell(
            f"{row['group']} {row['time']}".strip()
            + f": {row['n_found_again']:,} of {row['n_clones_before']:,} clones found "
            f"again, {row['n_grown']:,} grown, {row['n_shrunken']:,} shrunken"
        )
    tell_new(record.messages)
    if as_json:
        show_json(
            {
                "output": output,
                "arms": json_rows(record.arms),
                "messages": record.messages,
            }
        )


COMMAND = Command(
    "lineages",
    lineages,
    EPILOG,
    options=("lineages:LineageOptions",),
    leave_out=frozenset({"key_added"}),
)
