"""What a run was made from: versions, input, signatures, choices, steps."""

from __future__ import annotations

import json
from importlib.metadata import version
from platform import python_version
from typing import TYPE_CHECKING, Any

import dtpscore
from dtpscore import _keys

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anndata import AnnData

    from dtpscore._options.run import RunOptions
    from dtpscore._run.state import StepRecord

_PACKAGES = (
    "anndata",
    "gseapy",
    "numba",
    "numpy",
    "pandas",
    "scanpy",
    "scikit-learn",
    "scipy",
    "statsmodels",
)


def versions() -> dict[str, str]:
    """Versions of dtpscore, Python and the packages that make the numbers."""
    found = {"dtpscore": dtpscore.__version__, "python": python_version()}
    return {**found, **{package: version(package) for package in _PACKAGES}}


def provenance(
    adata: AnnData,
    config: RunOptions,
    records: Sequence[StepRecord],
    *,
    path: Path,
    sha256: str,
) -> dict[str, Any]:
    """Everything from which the run repeats; it holds no time, so it repeats too.

    Parameters
    ----------
    adata
        The data with all results.
    config
        Choices of the run.
    records
        How each step ended.
    path, sha256
        Name and hash of the input.
    """
    sources = adata.uns[_keys.SCORES]["provenance"]["signatures"]
    parameters = {
        key: {
            name: value.tolist() if hasattr(value, "tolist") else value
            for name, value in entry["params"].items()
        }
        for key, entry in adata.uns.items()
        if key.startswith("dtp_") and isinstance(entry, dict) and "params" in entry
    }
    return {
        "versions": versions(),
        "input": {
            "file": path.name,
            "sha256": sha256,
            "cells": adata.n_obs,
            "genes": adata.n_vars,
        },
        "config": config.model_dump(mode="json"),
        "parameters": parameters,
        "signatures": {str(k): str(v) for k, v in sources["sha256"].items()},
        "steps": [
            {
                "name": record.name,
                "status": record.status,
                "reason": record.reason,
                "warnings": list(record.warnings),
                "fingerprint": record.fingerprint,
            }
            for record in records
        ],
    }


def as_text(content: dict[str, Any]) -> str:
    """JSON text, the same for the same content."""
    return json.dumps(content, indent=2, sort_keys=True, default=str) + "\n"
