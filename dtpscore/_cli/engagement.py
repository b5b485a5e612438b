"""``dtpscore engagement``."""

from __future__ import annotations

from typing import Any

from dtpscore._cli import _arguments as option
from dtpscore._cli._command import Command
from dtpscore._cli._console import json_rows, show_json, tell, tell_new
from dtpscore._cli._steps import step_progress

EPILOG = """\b
Examples:
  dtpscore engagement called.h5ad -o hit.h5ad --pathway mapk_output \\
    --groupby condition --reference parental --sample-key sample --time-key day
\b
"""


def engagement(
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
    """Ask whether the target of the drug was hit, in a scored file.

    Writes a copy of the file with the state of each treated cell in obs and the arms in
    uns. The input is never changed.
    """
    from dtpscore._engagement.record import EngagementRecord
    from dtpscore._files.apply import Job, apply
    from dtpscore._files.outputs import Outputs
    from dtpscore._files.steps import HIT
    from dtpscore._options.engagement import EngagementOptions

    options = EngagementOptions.read(given)
    access = option.access(
        external=allow_external, leave_out=leave_out, matrices=not results_only
    )
    with step_progress() as progress:
        adata = apply(
            [Job(HIT, options)],
            Outputs(path, output, csv, overwrite, access),
            progress=progress,
        )
    record = EngagementRecord.from_uns(adata.uns[options.key_added])
    for row in record.arms.to_dict("records"):
        name = f"{row['group']} {row['time']}".strip()
        tell(
            f"{name}: {row['verdict']} ({row['difference']:+.2f} SD); at least "
            f"{row['share_hit']:.1%} of the cells have low output"
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
    "engagement",
    engagement,
    EPILOG,
    options=("engagement:EngagementOptions",),
    leave_out=frozenset({"key_added"}),
)
