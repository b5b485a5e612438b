"""One page per command, from the application that parses the command line."""

from __future__ import annotations

import textwrap
from typing import Any

import typer
from typer.main import get_command

from dtpscore._cli import make_app


def _cell(text: str) -> str:
    # The command line is plain text, so nothing in it is Markdown.
    flat = " ".join(text.split())
    for sign in "\\|<>*_[]":
        flat = flat.replace(sign, f"\\{sign}")
    return flat


def _options(command: Any, context: typer.Context) -> list[str]:
    rows = []
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None:
            names, told = record
            shown = " ".join(names.split()).replace("|", "\\|")
            rows.append(f"| `{shown}` | {_cell(told)} |")
    return ["| Option | What it does |", "|---|---|", *rows, ""] if rows else []


def _plain(text: str | None) -> str:
    """Help of a command without the marks that stop lines from being joined."""
    return textwrap.dedent((text or "").replace("\b\n", "")).strip()


def _section(command: Any, path: str, level: int) -> list[str]:
    context = typer.Context(command, info_name=path)
    usage = command.get_usage(context).removeprefix("Usage: ")
    said = [_cell(part) for part in _plain(command.help).split("\n\n")]
    lines = [f"{'#' * level} {path}", "", "\n\n".join(said), ""]
    lines += ["```text", " ".join(usage.split()), "```", ""]
    lines += _options(command, context)
    examples = _plain(command.epilog).removeprefix("Examples:")
    if examples:
        lines += ["```bash", textwrap.dedent(examples.strip("\n")), "```", ""]
    return lines


def commands() -> dict[str, Any]:
    """Every command and group of the command line, by name."""
    found: dict[str, Any] = get_command(make_app()).commands
    return found


def pages() -> dict[str, str]:
    """Make all pages of the command line."""
    rows, made = [], {}
    for name, command in commands().items():
        lines = _section(command, f"dtpscore {name}", 1)
        for sub, inner in getattr(command, "commands", {}).items():
            lines += _section(inner, f"dtpscore {name} {sub}", 2)
        made[f"commands/{name}.md"] = "\n".join(lines)
        first = _plain(command.help).split("\n\n")[0]
        rows.append(f"| [`dtpscore {name}`]({name}.md) | {_cell(first)} |")
    tree = ["```{toctree}", ":hidden:", "", *commands(), "```", ""]
    head = ["# Command line", "", "| Command | What it does |", "|---|---|"]
    made["commands/index.md"] = "\n".join([*head, *rows, "", *tree])
    return made
