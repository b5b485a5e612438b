"""Refuse what cannot be scored, and warn of what is scored badly."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from dtpscore._errors import CoverageWarning, DataError, InputWarning, SignatureError
from dtpscore._methods.registry import METHODS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from dtpscore._matrix import blocks
    from dtpscore._scoring.collect import CellTable
    from dtpscore._scoring.run import ScoreOptions
    from dtpscore.signatures import Signature

# No log-normalized expression value comes near this; counts of a cell exceed it.
_LOG_CEILING = 25.0
# Rows that are looked at to tell counts from transformed values.
_N_PEEK = 200


def check_shape(source: blocks.Source, n_names: int) -> None:
    """Refuse a matrix without rows, or with another number of columns than names."""
    if source.n_rows == 0:
        msg = "The data have no cells: the matrix has no rows."
        raise DataError(msg)
    if source.n_genes != n_names:
        msg = (
            f"The matrix has {source.n_genes} columns but there are {n_names} gene "
            "names."
        )
        raise DataError(msg)


def check_signatures(signatures: Sequence[Signature]) -> None:
    """Refuse a selection that is empty or whose names cannot be columns."""
    if not signatures:
        msg = "No signature to score: the selection is empty."
        raise SignatureError(msg)
    names = [signature.name for signature in signatures]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        msg = f"Signature names must differ; given more than once: {repeated}."
        raise SignatureError(msg)
    slashed = [name for name in names if "/" in name]
    if slashed:
        msg = f"Signature names cannot hold a '/' (h5ad files use it): {slashed}."
        raise SignatureError(msg)


def warn_values(source: blocks.Source, options: ScoreOptions) -> None:
    """Say so where the values do not suit the method.

    Ranks within a cell do not change with its depth or with the logarithm; sums of
    values do.
    """
    normalize = options.method_options.normalize
    if METHODS[options.method].on_ranks and normalize is None:
        return
    # One block after another here: ``blocks`` would read the next ones as well.
    peeks = (source.block(part, None).data for part in source.parts(_N_PEEK))
    values = next((data for data in peeks if data.size), None)
    if values is None:
        return
    whole = bool(np.all(values == np.rint(values)))
    if normalize is None and whole and values.max() > 1:
        msg = (
            f"The values look like raw counts, and {options.method!r} on raw counts "
            "mostly measures sequencing depth. Pass normalize='log1p' "
            "(--normalize log1p) or a layer with log-normalized values."
        )
        warnings.warn(msg, InputWarning, stacklevel=4)
    elif normalize == "log1p" and not whole and values.max() < _LOG_CEILING:
        msg = (
            "The values look log-transformed already (not whole numbers, maximum "
            f"{values.max():.3g}), and normalize='log1p' transforms them again. "
            "Leave normalize out, or pass the layer with the counts."
        )
        warnings.warn(msg, InputWarning, stacklevel=4)


def check_not_empty(source: blocks.Source, scores: CellTable) -> None:
    """Refuse a matrix of zeros; it is read again only where all cells score alike."""
    columns = (scores[:, number] for number in range(scores.shape[1]))
    alike = all(np.array_equal(c[1:], c[:-1], equal_nan=True) for c in columns)
    if not alike or any(block.data.size for block in source.blocks()):
        return
    msg = (
        "Every value of the matrix is 0, so there is nothing to score. Give the layer "
        "with the counts (layer=, --layer), or raw (use_raw=True, --use-raw)."
    )
    raise DataError(msg)


def warn_coverage(coverage: pd.DataFrame, min_coverage: float) -> None:
    """Name the signatures that have few of their genes in the data."""
    low = coverage[coverage["low"]].sort_values("fraction", kind="stable")
    if low.empty:
        return
    worst = ", ".join(
        f"{name} ({found} of {listed})"
        for name, found, listed in zip(
            low.index[:5], low["n_found"], low["n_listed"], strict=False
        )
    )
    empty = int((low["n_found"] == 0).sum())
    nothing = f" With no gene at all, and NaN as score: {empty}." if empty else ""
    msg = (
        f"{len(low)} of {len(coverage)} signatures have under {min_coverage:.0%} of "
        f"their genes in the data: {worst}{', ...' if len(low) > 5 else ''}.{nothing} "
        "Read the coverage table before you use them."
    )
    warnings.warn(msg, CoverageWarning, stacklevel=4)
