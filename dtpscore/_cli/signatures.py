"""``dtpscore signatures``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dtpscore._cli import _arguments as option
from dtpscore._cli._console import put, report_failure, say, show_json

if TYPE_CHECKING:
    from dtpscore.signatures import Signature

app = typer.Typer(
    help="List, show, check and export gene signatures.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_COLUMNS = ["axis", "direction", "use", "n_up", "n_down", "licence"]


@app.command("list", epilog="\b\nExample:\n  dtpscore signatures list --axis emt")
def list_signatures(
    axis: Annotated[str | None, typer.Option(help="Of this axis only.")] = None,
    use: Annotated[
        str | None, typer.Option(help="Of this use only, such as default.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="All columns as JSON.")
    ] = False,
) -> None:
    """List the shipped signatures, by axis."""
    from dtpscore.signatures import available

    table = available(axis=axis, use=use)
    if as_json:
        put(table.reset_index().to_json(orient="records", indent=2))
    elif table.empty:
        say("No signature matches.")
    else:
        put(table[_COLUMNS].to_string())


def _described(signature: Signature) -> str:
    source = signature.provenance
    where = [f"doi:{source.doi}"] if source.doi else []
    where += [f"PMID {source.pmid}"] if source.pmid else []
    lines = [
        f"{signature.name}: {signature.title}",
        f"axis         {signature.axis} (a high score goes {signature.orientation} it)",
        f"in DTP       {signature.direction}: {signature.direction_evidence}",
        f"use          {signature.use}",
        f"context      {signature.context}",
        f"source       {source.citation} {' '.join(where)}",
        f"table        {source.table}",
        f"read from    {source.retrieved_from}",
        f"licence      {source.licence}",
        f"derived      {source.derivation}",
        f"confidence   {source.confidence}",
        f"sha256       {signature.sha256}",
        f"up ({len(signature.genes.up)})  {' '.join(signature.genes.up)}",
    ]
    if signature.genes.down:
        down = signature.genes.down
        lines.append(f"down ({len(down)})  {' '.join(down)}")
    return "\n".join(lines)


@app.command("show", epilog="\b\nExample:\n  dtpscore signatures show pemt_puram2017")
def show(
    name: Annotated[str, typer.Argument(help="Name of a shipped signature.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="The content as JSON.")
    ] = False,
) -> None:
    """Show one signature with its source, evidence and genes."""
    from dtpscore.signatures import load

    signature = load(name)
    put(signature.model_dump_json(indent=2) if as_json else _described(signature))


@app.command(
    "validate",
    epilog="\b\nExample:\n  dtpscore signatures validate my_signatures/*.toml",
)
def validate(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH", help="TOML or GMT files, folders."),
    ],
    as_json: option.Json = False,
) -> None:
    """Check signature files of yours; every file is checked before the end."""
    from dtpscore.errors import SignatureError
    from dtpscore.signatures import read

    code, rows = 0, []
    for path in paths:
        try:
            found = read(path)
        except SignatureError as error:
            code = report_failure(error)
            rows.append({"path": path, "valid": False, "error": str(error)})
        else:
            n_genes = sum(len(s.genes.up) + len(s.genes.down) for s in found)
            names = [signature.name for signature in found]
            rows.append({"path": path, "valid": True, "names": names})
            if not as_json:
                put(f"{path}: {len(found)} valid, {n_genes} genes")
    if as_json:
        show_json(rows)
    if code:
        raise typer.Exit(code)


def _rendered(signatures: list[Signature], form: str) -> str:
    from dtpscore._csv import csv_text
    from dtpscore.signatures import to_net
    from dtpscore.signatures._gmt import gmt_text

    if form == "gmt":
        return gmt_text(signatures)
    if form == "csv":
        return csv_text(to_net(signatures), index=False)
    contents = [signature.model_dump(mode="json") for signature in signatures]
    return json.dumps(contents, indent=2, ensure_ascii=False) + "\n"


@app.command(
    "export",
    epilog="\b\nExample:\n  dtpscore signatures export --format gmt -o dtpscore.gmt",
)
def export(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="OUT", help="A file; stdout if left out."
        ),
    ] = None,
    form: Annotated[
        Literal["gmt", "csv", "json"],
        typer.Option(
            "--format",
            help="gmt; csv with source, target, weight (for decoupler); or json. Each "
            "holds licence and source of every list.",
        ),
    ] = "gmt",
    signature: option.SignatureNames = None,
    axis: option.AxisNames = None,
    signature_dir: option.SignatureDir = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every use, not only default and nuisance.")
    ] = False,
    overwrite: option.Overwrite = False,
) -> None:
    """Write signatures for other tools."""
    from dtpscore import signatures as library
    from dtpscore._store import beside, check_file

    uses = sorted(set(library.available()["use"])) if everything else None
    chosen = option.selected(signature, axis, signature_dir, uses)
    text = _rendered(chosen, form)
    if output is None:
        put(text, end="", keep="\n\t")
        return
    check_file(output, overwrite=overwrite)
    with beside(output) as part:
        part.write_text(text, encoding="utf-8")
    say(f"{output}: {len(chosen)} signatures")
