"""``dtpscore programs``."""

from __future__ import annotations

from typing import Any

from dtpscore._cli import _arguments as option
from dtpscore._cli._command import Command
from dtpscore._cli._console import json_rows, show_json, tell, tell_new
from dtpscore._cli._steps import step_progress

EPILOG = """\b
Examples:
  dtpscore programs counts.h5ad -o programs.h5ad --groupby condition \\
    --reference parental --sample-key sample
\b
"""


def programs(
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
    """Say which published program the contrast of every arm is nearest.

    The sample is the unit. Writes a copy of the file with the result in uns. The input
    is never changed.
    """
    from dtpscore._files.apply import Job, apply
    from dtpscore._files.outputs import Outputs
    from dtpscore._files.steps import NEAREST
    from dtpscore._options.programs import ProgramsOptions
    from dtpscore._programs.record import ProgramsRecord

    options = ProgramsOptions.read(given)
    access = option.access(
        external=allow_external, leave_out=leave_out, matrices=not results_only
    )
    with step_progress() as progress:
        adata = apply(
            [Job(NEAREST, options)],
            Outputs(path, output, csv, overwrite, access),
            progress=progress,
        )
    record = ProgramsRecord.from_uns(adata.uns[options.key_added])
    for text in record.nearest["sentence"]:
        tell(str(text))
    tell_new(record.messages[len(record.nearest) :])
    if as_json:
        show_json(
            {
                "output": output,
                "nearest": json_rows(record.nearest),
                "programs": json_rows(record.table),
                "arms": json_rows(record.arms),
                "messages": record.messages,
            }
        )


COMMAND = Command(
    "programs",
    programs,
    EPILOG,
    options=("programs:ProgramsOptions",),
    leave_out=frozenset({"key_added"}),
)
