"""``dtpscore check``."""

from __future__ import annotations

from typing import Any

from dtpscore._cli import _arguments as option
from dtpscore._cli._command import Command
from dtpscore._cli._console import put, show_json

EPILOG = """\b
Examples:
  dtpscore check cells.h5ad
  dtpscore check cells.h5ad --groupby arm --reference DMSO --sample-key library
  dtpscore check cells.h5ad --json
"""


def check(
    given: dict[str, Any],
    path: option.Input,
    allow_external: option.AllowExternal = False,
    as_json: option.Json = False,
) -> None:
    """Say what a file holds, what can be answered with it, and which command fits.

    Nothing is written. Columns that are not given are looked for by their names and
    values, and marked as found: read them before you run the command.
    """
    from dtpscore._check.look import look
    from dtpscore._options.check import CheckOptions
    from dtpscore._store import open_cells

    with open_cells(path, access=option.access(external=allow_external)) as adata:
        found = look(adata, CheckOptions.read(given))
    line = found.command_line(str(path))
    if as_json:
        show_json({"input": path, **found.as_dict(), "command_line": line})
        return
    put(f"{path}: {found}\n\nA command that fits:\n  {line}")


COMMAND = Command("check", check, EPILOG, options=("check:CheckOptions",))
