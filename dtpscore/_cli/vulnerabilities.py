"""``dtpscore vulnerabilities``."""

from __future__ import annotations

from typing import Any

from dtpscore._cli import _arguments as option
from dtpscore._cli._command import Command
from dtpscore._cli._console import json_rows, show_json, tell, tell_new
from dtpscore._cli._steps import step_progress

EPILOG = """\b
Examples:
  dtpscore vulnerabilities called.h5ad -o tried.h5ad --groupby condition \\
    --reference parental --sample-key sample
  dtpscore vulnerabilities called.h5ad -o tried.h5ad --groupby condition \\
    --reference parental --sample-key sample --drugs lincs.gmt --csv tables/
\b
"""
# Rows of each arm that are printed.
_SHOWN = 5


def vulnerabilities(
    given: dict[str, Any],
    path: option.Input,
    output: option.Output,
    backed: option.Backed = True,
    csv: option.Csv = None,
    overwrite: option.Overwrite = False,
    results_only: option.ResultsOnly = False,
    allow_external: option.AllowExternal = False,
    leave_out: option.LeaveOut = None,
    as_json: option.Json = False,
) -> None:
    """Hold published vulnerabilities of persisters against each arm of a file.

    Writes a copy of the file with the tables in uns. Scores and calls of the file are
    used where it has them. The input is never changed, and nothing is recommended.
    """
    from dtpscore._files.apply import Job, apply
    from dtpscore._files.outputs import Outputs
    from dtpscore._files.ready import check_options
    from dtpscore._files.steps import TRY
    from dtpscore._options.vulnerabilities import VulnerabilityOptions
    from dtpscore._vulnerabilities.record import VulnerabilityRecord

    options = VulnerabilityOptions.read(given)
    access = option.access(
        external=allow_external, leave_out=leave_out, matrices=not results_only
    )
    with step_progress() as progress:
        adata = apply(
            [Job(TRY, options)],
            Outputs(path, output, csv, overwrite, access),
            backed=backed,
            check=lambda adata: check_options(adata, options),
            progress=progress,
        )
    record = VulnerabilityRecord.from_uns(adata.uns[options.key_added])
    for (batch, group), part in record.table.groupby(["batch", "group"], sort=False):
        tell(f"{group}:" if batch == "all" else f"{batch}, {group}:")
        for row in part.head(_SHOWN).to_dict("records"):
            tell(
                f"  {row['rank']}. {row['target']} ({row['axis']} {row['axis_state']}; "
                f"target {row['target_state']}; {row['effect']}, {row['evidence']})"
            )
    tell_new(record.messages)
    if as_json:
        show_json(
            {
                "output": output,
                "table": json_rows(record.table),
                "messages": record.messages,
            }
        )


COMMAND = Command(
    "vulnerabilities",
    vulnerabilities,
    EPILOG,
    options=("vulnerabilities:VulnerabilityOptions",),
    leave_out=frozenset({"key_added"}),
)
