"""Refuse what cannot be scored, and warn of what is scored badly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, get_args

import numpy as np

from dtpscore._methods.registry import METHODS
from dtpscore._scoring.advice import is_deep, recommended
from dtpscore._values import Kind, Values
from dtpscore._warn import warn
from dtpscore.errors import CoverageWarning, DataError, InputWarning, SignatureError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._matrix import blocks
    from dtpscore._scoring.collect import CellTable
    from dtpscore.signatures import Signature

# Kinds of values by their code in the checks of lazy scores.
KINDS: tuple[Kind, ...] = get_args(Kind)


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


def wants_values(method: str, normalize: str | None) -> bool:
    """Whether scores depend on the scale of the values.

    Ranks within a cell do not change with its depth or with the logarithm; sums of
    values do.
    """
    return normalize is not None or not METHODS[method].on_ranks


def check_values(values: Values, params: Mapping[str, Any]) -> None:
    """Refuse values that break the method, and warn of those that do not suit it.

    Parameters
    ----------
    values
        What the values are.
    params
        Options of the run: ``method`` and, where they are set, ``normalize``,
        ``control`` and ``max_rank``.

    Raises
    ------
    DataError
        The values are scaled and the method compares genes by their mean expression.
    """
    method, normalize = params["method"], params.get("normalize")
    if values.kind == "scaled":
        # With normalize, the first value below 0 is refused and named.
        if normalize is None:
            _check_scaled(values, method, control=bool(params.get("control")))
    elif wants_values(method, normalize):
        sentence = _unsuited(values, method, normalize)
        if sentence:
            warn(sentence, InputWarning)
    max_rank = params.get("max_rank", np.inf)
    if method == "ucell" and is_deep(values, max_rank):
        advice = recommended(values)
        instead = "" if advice.method == "ucell" else f", or use {advice.arguments}"
        msg = (
            f"Half of the cells (or profiles) have values for {values.n_detected:,.0f} "
            f"genes or more, and method 'ucell' looks at the first {max_rank:,} "
            "alone (max_rank, --max-rank): genes of middle expression count as not "
            f"expressed. Raise max_rank to about that number{instead}."
        )
        warn(msg, InputWarning)


def _check_scaled(values: Values, method: str, *, control: bool) -> None:
    if method == "tirosh" or control:
        what = "Method 'tirosh'" if method == "tirosh" else "The control"
        values.require_expression(f"{what} matches genes by their mean expression; it")
    if not METHODS[method].on_ranks:
        msg = (
            f"The values look scaled: the smallest is {values.smallest:.3g}. Method "
            f"{method!r} then gives every gene the same weight whatever its "
            "expression, and a score of 0 means the average of these cells. Pass the "
            "layer (or raw) with counts or log values for scores that compare with "
            "those of other data."
        )
        warn(msg, InputWarning)


def _unsuited(values: Values, method: str, normalize: str | None) -> str:
    """Say why the values do not suit a method that works on values, or ""."""
    advice = (
        "Pass normalize='log1p' (--normalize log1p) or a layer with log-normalized "
        "values, or use method='ucell', which looks at ranks alone."
    )
    if normalize is None and values.are_counts:
        return (
            f"The values look like raw counts, and {method!r} on raw counts mostly "
            f"measures sequencing depth. {advice}"
        )
    if normalize is None and values.kind == "normalized":
        return (
            "The values look normalized without a logarithm, and "
            f"{method!r} then follows the few genes with the largest values. "
            f"{advice}"
        )
    if normalize is not None and values.kind == "log":
        return (
            "The values look log-transformed already (maximum "
            f"{values.largest:.3g}), and normalize='log1p' transforms them again. "
            "Leave normalize out, or pass the layer with the counts."
        )
    return ""


# Numbers that `encoded` gives.
N_CHECKS = 5


def encoded(values: Values) -> list[float]:
    """Return what `decoded` needs of the values, as numbers."""
    kind = KINDS.index(values.kind)
    numbers = (values.whole, values.smallest, values.largest, values.n_detected)
    return [float(kind), *map(float, numbers)]


def decoded(rows: NDArray[np.float64]) -> Values | None:
    """Judge a matrix from what its partitions hold; None where every value is 0.

    Parameters
    ----------
    rows
        One row per cell, as `encoded` gives it for its partition.
    """
    filled = rows[(rows[:, 2] != 0) | (rows[:, 3] != 0)]
    if not len(filled):
        return None
    kinds = [KINDS[int(code)] for code in np.unique(filled[:, 0])]
    least_clear: tuple[Kind, ...] = (
        "scaled",
        "fractional counts",
        "normalized",
        "log",
        "counts",
    )
    kind: Kind = next((one for one in least_clear if one in kinds), "unclear")
    return Values(
        kind,
        bool(filled[:, 1].all()),
        float(filled[:, 2].min()),
        float(filled[:, 3].max()),
        len(rows),
        "",
        float(np.median(filled[:, 4])),
    )


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
    warn(msg, InputWarning)


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
    warn(msg, CoverageWarning)
