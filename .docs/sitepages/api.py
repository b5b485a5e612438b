"""One page per public object, and one per namespace that lists them."""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from typing import Any

import dtpscore

# The namespace of the package itself comes first.
NAMESPACES = (
    "dtpscore",
    *(f"dtpscore.{n}" for n in ("tl", "pl", "get", "signatures", "datasets", "errors")),
)


def objects(namespace: str) -> dict[str, Any]:
    """Public functions, classes and values of a namespace, without its modules."""
    module = importlib.import_module(namespace)
    named = {name: getattr(module, name) for name in module.__all__}
    return {
        name: thing
        for name, thing in named.items()
        if not inspect.ismodule(thing) and name != "__version__"
    }


def summary(thing: Any) -> str:
    """First paragraph of a docstring, in one line of Markdown."""
    text = (inspect.getdoc(thing) or "").split("\n\n")[0]
    return " ".join(text.split()).replace("``", "`").replace("|", "\\|")


def own_members(thing: type) -> list[str]:
    """Methods and properties that a class itself has, and that are documented."""
    kinds = (property, functools.cached_property)
    return [
        name
        for name, member in vars(thing).items()
        if not name.startswith(("_", "model_"))
        and (inspect.isfunction(member) or isinstance(member, kinds))
        and inspect.getdoc(member)
    ]


def directive(full_name: str, thing: Any) -> str:
    """Write the directive by which autodoc documents an object."""
    if inspect.isclass(thing):
        members = ", ".join(own_members(thing))
        option = f"   :members: {members}\n" if members else ""
        return f".. autoclass:: {full_name}\n{option}"
    if callable(thing):
        return f".. autofunction:: {full_name}\n"
    return f".. autodata:: {full_name}\n"


def returned(thing: Any) -> type | None:
    """Class of this package that a function returns, unless it is public itself."""
    if inspect.isclass(thing) or not callable(thing):
        return None
    function = inspect.unwrap(thing)
    kind = str(inspect.signature(function).return_annotation)
    found = vars(sys.modules[function.__module__]).get(kind)
    own = inspect.isclass(found) and found.__module__.startswith("dtpscore._")
    return found if own else None


def page(full_name: str, thing: Any) -> str:
    """Page of one object, in reStructuredText as docstrings are."""
    title = full_name.removeprefix("dtpscore.")
    text = f"{title}\n{'=' * len(title)}\n\n{directive(full_name, thing)}"
    record = returned(thing)
    if record is not None:
        heading = "What it returns"
        name = f"{record.__module__}.{record.__name__}"
        text += f"\n{heading}\n{'-' * len(heading)}\n\n{directive(name, record)}"
    return text


def listing(namespace: str) -> str:
    """Page of a namespace: its purpose and a table of its objects."""
    about = inspect.getdoc(importlib.import_module(namespace)) or ""
    # The namespaces have their pages below, so the package needs its first line alone.
    said = about.split("\n\n")[0] if namespace == "dtpscore" else about
    lines = [f"# {namespace}", "", said.replace("``", "`"), ""]
    found = objects(namespace)
    lines += ["| Name | What it is |", "|---|---|"]
    for name, thing in found.items():
        told = "" if isinstance(thing, str) else summary(thing)
        lines.append(f"| [`{name}`]({namespace}.{name}.rst) | {told} |")
    lines += ["", "```{toctree}", ":hidden:", ""]
    lines += [f"{namespace}.{name}" for name in found]
    return "\n".join([*lines, "```", ""])


def pages() -> dict[str, str]:
    """Make all pages of the API."""
    made = {"api/index.md": _index()}
    for namespace in NAMESPACES:
        made[f"api/{namespace}.md"] = listing(namespace)
        for name, thing in objects(namespace).items():
            full_name = f"{namespace}.{name}"
            made[f"api/{full_name}.rst"] = page(full_name, thing)
    return made


def _index() -> str:
    rows = [
        f"| [`{one}`]({one}.md) | {summary(importlib.import_module(one))} |"
        for one in NAMESPACES
    ]
    head = ["# API", "", f"This is version {dtpscore.__version__}.", ""]
    table = ["| Namespace | What it holds |", "|---|---|", *rows, ""]
    tree = ["```{toctree}", ":hidden:", "", *NAMESPACES, "```", ""]
    return "\n".join([*head, *table, *tree])
