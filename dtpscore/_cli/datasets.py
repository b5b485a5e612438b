"""``dtpscore datasets``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from dtpscore._cli import _arguments as option
from dtpscore._cli._console import put, say, show_json

app = typer.Typer(
    help="List and fetch public data sets.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_COLUMNS = ["kind", "n_obs", "n_vars", "mebibytes", "checked", "local", "title"]


@app.command("list", epilog="\b\nExample:\n  dtpscore datasets list")
def list_datasets(
    as_json: Annotated[
        bool, typer.Option("--json", help="All columns as JSON.")
    ] = False,
) -> None:
    """List public data sets; "checked" ones have known checksums."""
    from dtpscore.datasets import available

    table = available()
    if as_json:
        put(table.reset_index().to_json(orient="records", indent=2))
    else:
        shown = table[_COLUMNS].rename_axis(None).astype(object)
        for column in ("checked", "local"):
            shown[column] = shown[column].map({True: "yes", False: "no"})
        put(shown.where(shown.notna(), "-").to_string())


@app.command(
    "fetch",
    epilog="""\b
Examples:
  dtpscore datasets fetch pc9_erlotinib_d11 sc_mixology_nsclc
  dtpscore datasets fetch bulk_brafi_4lines -o bulk.h5ad
""",
)
def fetch(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="Names of data sets.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="Write one data set as an h5ad file, ready to be scored.",
        ),
    ] = None,
    overwrite: option.Overwrite = False,
    quiet: option.Quiet = False,
    as_json: option.Json = False,
) -> None:
    """Fetch data sets into the cache and print where their files are.

    Files in the folder that DTPSCORE_DATA_DIR names are used as they are.
    """
    from dtpscore import datasets
    from dtpscore._store import check_file

    if output is not None and len(names) != 1:
        message = f"-o takes one data set, not {len(names)}."
        raise typer.BadParameter(message)
    if output is not None:
        check_file(output, overwrite=overwrite)
    progress = not quiet and sys.stderr.isatty()
    files = {}
    for name in names:
        files[name] = datasets.fetch(name, progress=progress)
        if not as_json:
            put("\n".join(map(str, files[name])))
        if output is not None:
            _write(name, output)
            say(f"{output}: {name}", quiet=quiet)
    if as_json:
        show_json(files)


def _write(name: str, output: Path) -> None:
    from dtpscore import datasets
    from dtpscore._store import beside

    adata = datasets.load(name, progress=False)
    with beside(output) as part:
        adata.write_h5ad(part)
