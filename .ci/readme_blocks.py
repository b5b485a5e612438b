"""Keep the generated tables of README.md in step with the code.

Run ``python .ci/readme_blocks.py`` to rewrite them. A test compares them.
"""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

# Of the package; the empty one is the package itself.
NAMESPACES = (".signatures", ".tl", ".pl", ".get", ".datasets", "")
# More parameters than this are for the docstring.
_MOST_PARAMETERS = 7
README = Path(__file__).resolve().parents[1] / "README.md"


def _parameters(function: object) -> str:
    """Names and defaults, without annotations."""
    signature = inspect.signature(function)  # type: ignore[arg-type]
    plain = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in signature.parameters.values()
    ]
    shown = plain if len(plain) <= _MOST_PARAMETERS else plain[:_MOST_PARAMETERS]
    text = str(inspect.Signature(shown)).replace("|", "\\|")
    return text if shown is plain else f"{text.removesuffix(')')}, ...)"


def _summary(thing: object) -> str:
    return (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")


def api() -> str:
    """Every public function with its parameters."""
    lines = ["| Function | What it does |", "|---|---|"]
    for namespace in NAMESPACES:
        module = importlib.import_module(f"dtpscore{namespace}")
        for name in module.__all__:
            thing = getattr(module, name)
            if inspect.isfunction(inspect.unwrap(thing)):
                call = f"{namespace}.{name}{_parameters(thing)}".removeprefix(".")
                lines.append(f"| `{call}` | {_summary(thing)} |")
    return "\n".join(lines)


def signature_table() -> str:
    """Axes with their default signatures."""
    from dtpscore import signatures

    table = signatures.available()
    lines = [
        "| Axis | Expected in persisters | Scored by default | All |",
        "|---|---|---|---|",
    ]
    for name, axis in signatures.axes().items():
        rows = table[table["axis"] == name]
        scored = rows.index[rows["use"].isin(["default", "nuisance"])]
        listed = ", ".join(f"`{one}`" for one in scored) or "none"
        note = " (proxy)" if axis.proxy else ""
        kind = "" if axis.kind == "persister" else f" ({axis.kind})"
        expected = (
            "not read as persister" if axis.kind == "nuisance" else axis.direction
        )
        title = f"{axis.title}{note}{kind} `{name}`"
        lines.append(f"| {title} | {expected} | {listed} | {len(rows)} |")
    return "\n".join(lines)


BLOCKS = {"api": api, "signatures": signature_table}


def rendered(text: str) -> str:
    """Make every block of the README anew."""
    for name, make in BLOCKS.items():
        pattern = rf"(<!-- begin: {name} -->\n).*?(<!-- end: {name} -->)"
        body = make() + "\n"
        text, n = re.subn(
            pattern, lambda m, b=body: m[1] + b + m[2], text, flags=re.DOTALL
        )
        if n != 1:
            msg = f"README.md needs one block {name!r}, found {n}."
            raise ValueError(msg)
    return text


if __name__ == "__main__":
    README.write_text(rendered(README.read_text(encoding="utf-8")), encoding="utf-8")
