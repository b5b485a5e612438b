"""``dtpscore compare``."""

from __future__ import annotations

from typing import Any

from dtpscore._cli import _arguments as option
from dtpscore._cli._command import Command
from dtpscore._cli._console import json_rows, show_json, tell, tell_new
from dtpscore._cli._steps import step_progress

EPILOG = """\b
Examples:
  dtpscore compare scored.h5ad -o compared.h5ad --groupby condition \\
    --reference parental --sample-key sample --context melanoma
\b
"""


def compare(
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
    """Compare each axis between every arm and the reference, in a scored file.

    The sample is the unit of the test. Writes a copy of the file with the differences
    in uns. The input is never changed.
    """
    from dtpscore._compare.arms import HIGHER, LOWER
    from dtpscore._compare.record import CompareRecord
    from dtpscore._files.apply import Job, apply
    from dtpscore._files.outputs import Outputs
    from dtpscore._files.steps import ARMS
    from dtpscore._options.compare import CompareOptions

    options = CompareOptions.read(given)
    access = option.access(
        external=allow_external, leave_out=leave_out, matrices=not results_only
    )
    with step_progress() as progress:
        adata = apply(
            [Job(ARMS, options)],
            Outputs(path, output, csv, overwrite, access),
            progress=progress,
        )
    record = CompareRecord.from_uns(adata.uns[options.key_added])
    axes = record.axes
    for row in record.arms.to_dict("records"):
        own = (axes["group"] == row["group"]) & (axes["batch"] == row["batch"])
        differ = axes[(own & axes["verdict"].isin([HIGHER, LOWER])).to_numpy()]
        where = "" if row["batch"] == "all" else f" in {row['batch']}"
        tell(f"{row['group']}{where}: {len(differ)} of {int(own.sum())} axes differ")
    tell_new(record.messages)
    if as_json:
        show_json(
            {
                "output": output,
                "axes": json_rows(axes),
                "arms": json_rows(record.arms),
                "messages": record.messages,
            }
        )


COMMAND = Command(
    "compare",
    compare,
    EPILOG,
    options=("compare:CompareOptions",),
    leave_out=frozenset({"key_added"}),
)
