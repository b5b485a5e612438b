"""Types of options that several steps share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from dtpscore._design_keys import label, names

# Labels of groups, of which one may be given alone.
Names = Annotated[tuple[str, ...], BeforeValidator(names)]
# Groups are compared as texts, so the reference is one as well.
Label = Annotated[
    str | None, BeforeValidator(lambda given: None if given is None else label(given))
]
