"""Results as data frames: the numbers behind every plot and every table of the report.

Each function reads what a step has left in an AnnData and returns a new frame. Nothing
here draws, and nothing changes the AnnData. `dtpscore.pl` and `dtpscore.report` show
these frames and compute nothing of their own.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dtpscore.get._anndata import anndata
    from dtpscore.get._calls import calibration, calls
    from dtpscore.get._compare import compare
    from dtpscore.get._engagement import engagement
    from dtpscore.get._enrichment import enrichment
    from dtpscore.get._lineages import lineages
    from dtpscore.get._order import order
    from dtpscore.get._programs import programs
    from dtpscore.get._resistance import resistance
    from dtpscore.get._reversal import reversal
    from dtpscore.get._samples import samples
    from dtpscore.get._scores import axes, coverage, scores, signatures
    from dtpscore.get._trends import trends
    from dtpscore.get._vulnerabilities import vulnerabilities
    from dtpscore.get._write import to_csv

# Each name is imported on first use, so that `import dtpscore` stays fast.
_HOMES = {
    "anndata": "_anndata",
    "axes": "_scores",
    "calibration": "_calls",
    "calls": "_calls",
    "compare": "_compare",
    "coverage": "_scores",
    "engagement": "_engagement",
    "enrichment": "_enrichment",
    "lineages": "_lineages",
    "order": "_order",
    "programs": "_programs",
    "resistance": "_resistance",
    "reversal": "_reversal",
    "samples": "_samples",
    "scores": "_scores",
    "signatures": "_scores",
    "to_csv": "_write",
    "trends": "_trends",
    "vulnerabilities": "_vulnerabilities",
}
__all__ = [
    "anndata",
    "axes",
    "calibration",
    "calls",
    "compare",
    "coverage",
    "engagement",
    "enrichment",
    "lineages",
    "order",
    "programs",
    "resistance",
    "reversal",
    "samples",
    "scores",
    "signatures",
    "to_csv",
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
