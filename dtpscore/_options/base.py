"""What the options of all steps have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from dtpscore.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

# How the bounds of a number are said.
_BOUNDS = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
}
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "a text",
    "tuple": "a list",
    "list": "a list",
}


class Options(BaseModel):
    """Base class of the options of one step.

    A subclass declares every option once: name, type, bounds, default and description.
    The functions of ``dtpscore.tl``, the flags of the command line, the configuration
    of a run and the question which results are stale are all derived from it. A wrong
    value raises an `OptionError` that says the option, what is allowed, and what was
    given.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=False, arbitrary_types_allowed=True
    )

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise OptionError(sentences(type(self), error)) from None

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Make options from a mapping, such as the content of a TOML file."""
        return cls(**dict(given))

    def differing(self, other: Self) -> list[str]:
        """Names of the options that differ from those of another record."""
        return [
            name
            for name in type(self).model_fields
            if getattr(self, name) != getattr(other, name)
        ]


def sentences(model: type[BaseModel], error: ValidationError) -> str:
    """Say what is wrong with each option, one sentence per option.

    A value that may be of several types gives an error per type; these are joined.
    """
    by_option: dict[str, list[ErrorDetails]] = {}
    for entry in error.errors():
        name = str(entry["loc"][0]) if entry["loc"] else ""
        by_option.setdefault(name, []).append(entry)
    return " ".join(
        _sentence(model, name, entries) for name, entries in by_option.items()
    )


def _sentence(model: type[BaseModel], name: str, entries: list[ErrorDetails]) -> str:
    first = entries[0]
    if first["type"] == "missing":
        return f"{name} is missing."
    if first["type"] == "extra_forbidden":
        known = ", ".join(model.model_fields)
        return f"There is no option {name!r}. Options are {known}."
    if not name or first["type"] in ("value_error", "assertion_error"):
        raised = first.get("ctx", {}).get("error", first["msg"])
        return str(raised)
    allowed = dict.fromkeys(_allowed(model, name, entry) for entry in entries)
    return f"{name} must be {' or '.join(allowed)}, not {first['input']!r}."


def _allowed(model: type[BaseModel], name: str, entry: ErrorDetails) -> str:
    kind, context = entry["type"], entry.get("ctx", {})
    if kind == "literal_error":
        choices = context["expected"].replace(" or ", ", ")
        return f"one of {choices}"
    if kind in _BOUNDS:
        return _bounds(model, name) or f"{_BOUNDS[kind][1]} {context[_BOUNDS[kind][0]]}"
    for start, words in _KINDS.items():
        if kind.startswith(start):
            return words
    return str(entry["msg"])


def _bounds(model: type[BaseModel], name: str) -> str:
    """All bounds of a number in words, such as ``above 0 and below 1``."""
    found = []
    for constraint in model.model_fields[name].metadata:
        for attribute, words in _BOUNDS.values():
            bound = getattr(constraint, attribute, None)
            if bound is not None:
                found.append(f"{words} {bound}")
    return " and ".join(found)
