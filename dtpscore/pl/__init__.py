"""Plots of results, drawn by matplotlib and returned as Axes or figure.

All of them take ``order``, ``palette``, ``figsize``, ``title``, ``ax``, ``return_fig``,
``show`` and ``save``, as users of scanpy expect. Names from the data are drawn as they
are.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dtpscore.pl._checks import confounders, coverage
    from dtpscore.pl._compare import compare
    from dtpscore.pl._composition import composition
    from dtpscore.pl._embedding import embedding
    from dtpscore.pl._engagement import engagement
    from dtpscore.pl._enrichment import enrichment, running_score
    from dtpscore.pl._heatmap import axis_heatmap
    from dtpscore.pl._lineages import lineages
    from dtpscore.pl._path import holiday, pseudotime
    from dtpscore.pl._planes import decision, index_proliferation
    from dtpscore.pl._programs import programs
    from dtpscore.pl._reasons import reasons, reversal
    from dtpscore.pl._resistance import resistance
    from dtpscore.pl._scores import axis_scores
    from dtpscore.pl._shares import shares
    from dtpscore.pl._trends import onsets, trends
    from dtpscore.pl._vulnerabilities import vulnerabilities

# Each name is imported on first use, because matplotlib is slow to load.
_HOMES = {
    "axis_heatmap": "_heatmap",
    "axis_scores": "_scores",
    "compare": "_compare",
    "composition": "_composition",
    "confounders": "_checks",
    "coverage": "_checks",
    "decision": "_planes",
    "embedding": "_embedding",
    "engagement": "_engagement",
    "enrichment": "_enrichment",
    "holiday": "_path",
    "index_proliferation": "_planes",
    "lineages": "_lineages",
    "onsets": "_trends",
    "programs": "_programs",
    "pseudotime": "_path",
    "reasons": "_reasons",
    "resistance": "_resistance",
    "reversal": "_reasons",
    "running_score": "_enrichment",
    "shares": "_shares",
    "trends": "_trends",
    "vulnerabilities": "_vulnerabilities",
}
__all__ = [
    "axis_heatmap",
    "axis_scores",
    "compare",
    "composition",
    "confounders",
    "coverage",
    "decision",
    "embedding",
    "engagement",
    "enrichment",
    "holiday",
    "index_proliferation",
    "lineages",
    "onsets",
    "programs",
    "pseudotime",
    "reasons",
    "resistance",
    "reversal",
    "running_score",
    "shares",
    "trends",
    "vulnerabilities",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
