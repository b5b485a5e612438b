"""Refuse what cannot be scored, and warn of what is scored badly."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import numpy as np

from dtpscore._methods.registry import METHODS
from dtpscore.errors import CoverageWarning, DataError, InputWarning, SignatureError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._matrix import blocks
    from dtpscore._scoring.collect import CellTable
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


class Peek(NamedTuple):
    """What the first cells that have values look like.

    Attributes
    ----------
    found
        There is a value that is not 0.
    whole
        The values are whole numbers.
    largest
        The largest value.
    """

    found: bool
    whole: bool
    largest: float


def peek(source: blocks.Source) -> Peek:
    """Look at the first cells that have values."""
    # One block after another here: ``blocks`` would read the next ones as well.
    peeks = (source.block(part, None).data for part in source.parts(_N_PEEK))
    values = next((data for data in peeks if data.size), None)
    if values is None:
        return Peek(found=False, whole=True, largest=0.0)
    whole = bool(np.all(values == np.rint(values)))
    return Peek(found=True, whole=whole, largest=float(values.max()))


def wants_values(method: str, normalize: str | None) -> bool:
    """Whether scores depend on the scale of the values.

    Ranks within a cell do not change with its depth or with the logarithm; sums of
    values do.
    """
    return normalize is not None or not METHODS[method].on_ranks


def warn_values(looked: Peek, method: str, normalize: str | None) -> None:
    """Say so where the values do not suit the method."""
    if not looked.found or not wants_values(method, normalize):
        return
    if normalize is None and looked.whole and looked.largest > 1:
        msg = (
            f"The values look like raw counts, and {method!r} on raw counts "
            "mostly measures sequencing depth. Pass normalize='log1p' "
            "(--normalize log1p) or a layer with log-normalized values."
        )
        warnings.warn(msg, InputWarning, stacklevel=4)
    elif normalize == "log1p" and not looked.whole and looked.largest < _LOG_CEILING:
        msg = (
            "The values look log-transformed already (not whole numbers, maximum "
            f"{looked.largest:.3g}), and normalize='log1p' transforms them again. "
            "Leave normalize out, or pass the layer with the counts."
        )
        warnings.warn(msg, InputWarning, stacklevel=4)


def check_not_empty(source: blocks.Source, scores: CellTable) -> None:
    """Refuse a matrix of zeros; it is read again only where all cells score alike."""
    columns = (scores[:, number] for number in range(scores.shape[1]))
    alike = all(np.array_equal(c[1:], c[:-1], equal_nan=True) for c in columns)
    if not alike or any(block.data.size for block in source.blocks()):
        return
    refuse_zeros()


def refuse_zeros() -> NoReturn:
    """Say that every value is 0."""
    msg = (
        "Every value of the matrix is 0, so there is nothing to score. Give the layer "
        "with the counts (layer=, --layer), or raw (use_raw=True, --use-raw)."
    )
    raise DataError(msg)


def warn_no_controls(
    method: str, coverage: pd.DataFrame, scores: NDArray[np.floating]
) -> None:
    """Name the signatures for which ``tirosh`` found no control gene.

    Parameters
    ----------
    method
        The method.
    coverage
        Coverage of the k signatures.
    scores
        Scores of some cells (cells, k). Such a signature has none in any cell.
    """
    if method != "tirosh":
        return
    missing = np.isnan(scores).all(axis=0) & (coverage["n_found"].to_numpy() > 0)
    if not missing.any():
        return
    names = ", ".join(sorted(coverage.index[missing]))
    msg = (
        f"No control gene is left in the expression bins of {names}; the score is "
        "missing (NaN). Method 'tirosh' needs data with many more genes than the "
        "signature has."
    )
    warnings.warn(msg, InputWarning, stacklevel=4)


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
    warnings.warn(msg, CoverageWarning, stacklevel=5)
