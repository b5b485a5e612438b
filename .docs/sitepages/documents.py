"""Documents of the repository as pages: the texts stay where they are written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LINK = re.compile(r"\[([^\]]*)\]\((?!https?://|#)([^)]+)\)")
_API = re.compile(r"<!-- begin: api -->.*?<!-- end: api -->\n", re.DOTALL)


def with_links(text: str, known: dict[str, str]) -> str:
    """Point relative links at pages of the site; others become plain text."""

    def target(match: re.Match[str]) -> str:
        words, place = match[1], match[2]
        if place in known:
            return f"[{words}]({known[place]})"
        return f"{words} (`{place}`)"

    return _LINK.sub(target, text)


def readme(text: str) -> str:
    """Make the first page: the README, with a link in the place of the API's table."""
    text = _API.sub("[Every function](api/index.md) has a page of its own.\n\n", text)
    sections = ("tutorials/index", "gallery/index", "methods/index", "catalogue/index")
    tree = [*sections, "api/index", "commands/index", "benchmarks/index"]
    tree += ["changelog", "contributing"]
    lines = ["", "```{toctree}", ":hidden:", "", *tree, "```", ""]
    known = {"tutorials/demo_report.png": "tutorials/demo_report.png"}
    return with_links(text, known) + "\n".join(lines)


def title(text: str) -> str:
    """Return the first heading of a document."""
    return next(line for line in text.splitlines() if line.startswith("# "))[2:]


def _benchmarks(repository: Path) -> dict[str, str]:
    made, names = {}, []
    for path in sorted((repository / "benchmarks").glob("*.md")):
        name = "speed" if path.stem == "README" else path.stem
        text = path.read_text(encoding="utf-8").replace(" $", " \\$")
        made[f"benchmarks/{name}.md"] = with_links(text, {})
        names.append(name)
    rows = [f"- [{title(made[f'benchmarks/{one}.md'])}]({one}.md)" for one in names]
    tree = ["", "```{toctree}", ":hidden:", "", *names, "```", ""]
    made["benchmarks/index.md"] = "\n".join(["# Measured", "", *rows, *tree])
    return made


def _tutorials(repository: Path) -> dict[str, str | bytes]:
    folder = repository / "tutorials"
    text = (folder / "README.md").read_text(encoding="utf-8")
    notebooks = sorted(folder.glob("[0-9]*.ipynb"))
    scripts = sorted(folder.glob("[0-9]*.py"))
    written = sorted(folder.glob("[0-9]*.md"))
    known = {path.name: path.name for path in (*notebooks, *scripts, *written)}
    shown = [path.stem for path in (*notebooks, *written)]
    tree = ["", "```{toctree}", ":hidden:", "", *shown, "```", ""]
    made: dict[str, str | bytes] = {
        f"tutorials/{path.name}": path.read_bytes()
        for path in (*notebooks, *scripts, *written, folder / "demo_report.png")
    }
    made["tutorials/index.md"] = with_links(text, known) + "\n".join(tree)
    return made


def pages(repository: Path) -> dict[str, str | bytes]:
    """Make the pages of README, tutorials, benchmarks, changelog and others."""

    def read(name: str) -> str:
        return (repository / name).read_text(encoding="utf-8")

    return {
        "index.md": readme(read("README.md")),
        "changelog.md": read("CHANGELOG.md"),
        "contributing.md": with_links(read("CONTRIBUTING.md"), {}),
        "catalogue/about.md": with_links(read("signatures/README.md"), {}),
        **_benchmarks(repository),
        **_tutorials(repository),
    }
