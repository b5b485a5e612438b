"""``dtpscore call``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dtpscore._cli import _arguments as option
from dtpscore._cli._command import Command
from dtpscore._cli._console import show_json, tell, tell_new
from dtpscore._cli._steps import step_progress

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData

EPILOG = """\b
Examples:
  dtpscore call cells.h5ad -o called.h5ad --groupby condition --reference parental \\
    --sample-key sample
  dtpscore call cohort.h5ad -o called.h5ad --groupby arm --reference before \\
    --sample-key sample --batch-key patient --cell-type-key type --malignant tumor
  dtpscore call cells.h5ad -o called.h5ad --groupby condition --reference DMSO \\
    --sample-key sample --holiday washout --time-key day --csv tables/
  dtpscore call cells.h5ad -o called.h5ad --groupby condition --reference DMSO \\
    --sample-key sample --clone-key barcode --check-stability
"""


def call(
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
    """Call persister-like cells against the reference cells of the same experiment.

    Calls keep a false discovery rate where a further untreated sample would differ as
    the reference samples and public replicate libraries do; a move of whole samples
    needs two or more reference samples. The smallest share of
    cells that could be called is printed before the calls. A call from RNA is
    evidence, not a diagnosis. The input is never changed.
    """
    from dtpscore._files.apply import Job, apply
    from dtpscore._files.outputs import Outputs
    from dtpscore._files.ready import check_options
    from dtpscore._files.steps import CALLS
    from dtpscore._options.call import CallOptions

    options = CallOptions.read(given)
    access = option.access(
        external=allow_external, leave_out=leave_out, matrices=not results_only
    )
    with step_progress() as progress:
        adata = apply(
            [Job(CALLS, options)],
            Outputs(path, output, csv, overwrite, access),
            backed=backed,
            check=lambda cells: list(map(tell, check_options(cells, options))),
            progress=progress,
        )
    _summary(adata, output, as_json=as_json)


def _summary(adata: AnnData, output: Path, *, as_json: bool) -> None:
    """Print what was called."""
    from dtpscore import _keys

    messages = [str(text) for text in adata.uns[_keys.CALL]["messages"]]
    tell_new(messages)
    counts = adata.obs[_keys.CALL].value_counts(sort=False)
    level = str(adata.uns[_keys.CALL]["evidence_level"])
    found = ", ".join(f"{state} {n:,}" for state, n in counts.items())
    tell(f"{output}: {found}; evidence {level}")
    if as_json:
        show_json(
            {
                "output": output,
                "calls": {str(state): int(n) for state, n in counts.items()},
                "evidence_level": level,
                "messages": messages,
            }
        )


COMMAND = Command(
    "call",
    call,
    EPILOG,
    options=("call:CallOptions",),
    leave_out=frozenset({"key_added"}),
)
