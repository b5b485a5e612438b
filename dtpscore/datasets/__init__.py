"""Data to try dtpscore on: public experiments, simulated and semi-synthetic cells."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._load import available, fetch, load
    from ._simulate import simulate
    from ._thin import thin

__all__ = ["available", "fetch", "load", "simulate", "thin"]

# Where each name lives; a module is imported when one of its names is first used.
_HOMES = {
    "available": "_load",
    "fetch": "_load",
    "load": "_load",
    "simulate": "_simulate",
    "thin": "_thin",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        home = importlib.import_module(f"{__name__}.{_HOMES[name]}")
        return getattr(home, name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
