"""Computations on an AnnData; each is imported on first use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dtpscore.tl._call import call
    from dtpscore.tl._compare import compare
    from dtpscore.tl._compute import compute
    from dtpscore.tl._engagement import engagement
    from dtpscore.tl._enrich import enrich
    from dtpscore.tl._lineages import lineages
    from dtpscore.tl._programs import programs
    from dtpscore.tl._pseudotime import pseudotime
    from dtpscore.tl._resistance import resistance
    from dtpscore.tl._score import score
    from dtpscore.tl._trends import trends
    from dtpscore.tl._vulnerabilities import vulnerabilities

_HOMES = {
    "call": "dtpscore.tl._call",
    "compare": "dtpscore.tl._compare",
    "compute": "dtpscore.tl._compute",
    "engagement": "dtpscore.tl._engagement",
    "enrich": "dtpscore.tl._enrich",
    "lineages": "dtpscore.tl._lineages",
    "programs": "dtpscore.tl._programs",
    "pseudotime": "dtpscore.tl._pseudotime",
    "resistance": "dtpscore.tl._resistance",
    "score": "dtpscore.tl._score",
    "trends": "dtpscore.tl._trends",
    "vulnerabilities": "dtpscore.tl._vulnerabilities",
}
__all__ = [
    "call",
    "compare",
    "compute",
    "engagement",
    "enrich",
    "lineages",
    "programs",
    "pseudotime",
    "resistance",
    "score",
    "trends",
    "vulnerabilities",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
