"""Score, call and order drug-tolerant persister states in single-cell RNA data.

The namespaces follow scanpy's habits: ``dtpscore.signatures`` (gene signatures),
``dtpscore.tl`` (computations on an AnnData), ``dtpscore.get`` (results as data frames),
``dtpscore.pl`` (plots) and ``dtpscore.datasets``. ``dtpscore.read`` reads files of
cells of many kinds. ``dtpscore.check`` says what data
hold and what can be answered with them, ``dtpscore.plan`` how many samples and cells an
experiment needs, and ``dtpscore.report`` writes one page of all results.
``dtpscore.errors`` has the errors and warnings to catch or filter, and
``dtpscore.settings`` says how much the functions report. Each is imported on first use,
so that ``import dtpscore`` stays fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from . import datasets, errors, get, pl, signatures, tl
    from ._check.public import check
    from ._log import Settings, settings
    from ._plan.public import plan
    from ._report import report
    from ._store import read

__version__ = "0.1.0"
__all__ = [
    "__version__",
    "check",
    "datasets",
    "errors",
    "get",
    "pl",
    "plan",
    "read",
    "report",
    "settings",
    "signatures",
    "tl",
]

_NAMESPACES = ("datasets", "errors", "get", "pl", "signatures", "tl")


def __getattr__(name: str) -> ModuleType | Callable[..., object] | Settings:
    if name in _NAMESPACES:
        return importlib.import_module(f"{__name__}.{name}")
    if name == "settings":
        return importlib.import_module(f"{__name__}._log").settings
    if name == "check":
        return importlib.import_module(f"{__name__}._check.public").check
    if name == "read":
        return importlib.import_module(f"{__name__}._store").read
    if name == "plan":
        return importlib.import_module(f"{__name__}._plan.public").plan
    if name == "report":
        return importlib.import_module(f"{__name__}._report").report
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
