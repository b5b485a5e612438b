"""Plots of results; each is imported on first use and draws on one matplotlib Axes."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dtpscore.pl._checks import confounders, coverage
    from dtpscore.pl._enrichment import enrichment, running_score
    from dtpscore.pl._path import holiday, pseudotime
    from dtpscore.pl._reasons import reasons, reversal
    from dtpscore.pl._scores import axis_heatmap, axis_scores
    from dtpscore.pl._states import composition, embedding, index_proliferation
    from dtpscore.pl._trends import onsets, trends

_HOMES = {
    "axis_heatmap": "dtpscore.pl._scores",
    "axis_scores": "dtpscore.pl._scores",
    "composition": "dtpscore.pl._states",
    "confounders": "dtpscore.pl._checks",
    "coverage": "dtpscore.pl._checks",
    "embedding": "dtpscore.pl._states",
    "enrichment": "dtpscore.pl._enrichment",
    "holiday": "dtpscore.pl._path",
    "index_proliferation": "dtpscore.pl._states",
    "onsets": "dtpscore.pl._trends",
    "pseudotime": "dtpscore.pl._path",
    "reasons": "dtpscore.pl._reasons",
    "reversal": "dtpscore.pl._reasons",
    "running_score": "dtpscore.pl._enrichment",
    "trends": "dtpscore.pl._trends",
}
__all__ = [
    "axis_heatmap",
    "axis_scores",
    "composition",
    "confounders",
    "coverage",
    "embedding",
    "enrichment",
    "holiday",
    "index_proliferation",
    "onsets",
    "pseudotime",
    "reasons",
    "reversal",
    "running_score",
    "trends",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
