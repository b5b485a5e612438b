"""Types of options that several steps share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator


# The imports are inside, because the command line loads no pandas for its help.
def _names(given: Any) -> tuple[str, ...]:
    from dtpscore._design import names

    return names(given)


def _label(given: Any) -> str | None:
    from dtpscore._design import label

    return None if given is None else label(given)


# One name, several or none. Groups are compared as texts, so numbers become texts.
Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
Label = Annotated[str, BeforeValidator(_label)]
