"""Coverage of signatures and confounders of results."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dtpscore import _keys, signatures
from dtpscore._axes import nuisance_axes
from dtpscore._calling.quality import measure
from dtpscore.errors import DataError
from dtpscore.get._axes import persister_axes
from dtpscore.get._groups import groups
from dtpscore.get._records import score_record
from dtpscore.get._scores import axes as all_axes
from dtpscore.get._scores import coverage as all_genes

if TYPE_CHECKING:
    from anndata import AnnData

_FEWEST = 10


def coverage(adata: AnnData, *, key: str | None = None) -> pd.DataFrame:
    """Genes found per signature, worst first within each axis.

    Parameters
    ----------
    adata
        Scored data.
    key
        The ``key_added`` of the scores.

    Returns
    -------
    One row per signature: ``axis``, ``n_listed``, ``n_found``, ``n_renamed``,
    ``n_missing``, ``fraction``, ``low`` and ``missing``.
    """
    frame = all_genes(adata, key=key)
    source = score_record(adata, key).provenance["signatures"]
    frame.insert(0, "axis", source["axis"].reindex(frame.index).astype(str))
    columns = ["n_listed", "n_found", "n_renamed", "n_missing", "fraction", "low"]
    frame = frame[["axis", *columns, "missing"]]
    order = {axis: place for place, axis in enumerate(signatures.axes())}
    place = frame["axis"].map(order).fillna(len(order))
    by = frame.assign(_place=place).sort_values(["_place", "fraction"], kind="stable")
    return by.drop(columns="_place")


def quality(adata: AnnData) -> pd.DataFrame:
    """Total, genes detected and mitochondrial share of each cell, from ``X``.

    Columns that ``X`` cannot give are left out: the total and the share where it has
    negative values, the share where no gene starts with ``MT-``.
    """
    if adata.X is None:
        return pd.DataFrame(index=adata.obs_names)
    found = measure(adata.X, list(adata.var_names))
    frame = pd.DataFrame({"genes detected": found.genes}, index=adata.obs_names)
    # Sums of scaled values say nothing about depth, and go below zero.
    if found.counts.min() < 0:
        return frame
    frame.insert(0, "total counts", found.counts)
    if np.isfinite(found.mitochondrial).all():
        frame["mitochondrial share"] = found.mitochondrial
    return frame


def within_group_correlation(
    left: pd.DataFrame, right: pd.DataFrame, member: pd.Series
) -> pd.DataFrame:
    """Spearman correlation within groups, averaged over groups by their size.

    Between groups a biological difference and a confounder look the same, so only
    the correlation within groups is read.

    Parameters
    ----------
    left, right
        Cells by results, cells by confounders.
    member
        Group of each cell. Groups with fewer than ten cells are left out.

    Returns
    -------
    Results by confounders, -1 to 1; NaN where nothing varies.
    """
    total = np.zeros((left.shape[1], right.shape[1]))
    weight = np.zeros_like(total)
    for name in member.cat.categories:
        cells = (member == name).to_numpy()
        if cells.sum() < _FEWEST:
            continue
        both = pd.concat([left[cells], right[cells]], axis=1)
        found = both.corr(method="spearman").to_numpy()[
            : left.shape[1], left.shape[1] :
        ]
        valid = np.isfinite(found)
        total[valid] += cells.sum() * found[valid]
        weight[valid] += cells.sum()
    with np.errstate(invalid="ignore"):
        mean = np.where(weight > 0, total / weight, np.nan)
    return pd.DataFrame(mean, index=left.columns, columns=right.columns)


def confounders(
    adata: AnnData, *, groupby: str, key: str | None = None
) -> pd.DataFrame:
    """Correlation of results with what should not drive them.

    Parameters
    ----------
    adata
        Scored data. ``X`` gives the total, genes detected and mitochondrial share.
    groupby
        Column of ``obs`` with the groups.
    key
        The ``key_added`` of the scores.

    Returns
    -------
    Results (index, shift and pseudotime where they exist, and the axes) by
    confounders: Spearman correlation within groups, averaged over them.

    Raises
    ------
    DataError
        There are no scores or no such column, or every group has fewer than ten
        cells.
    """
    axes = all_axes(adata, key=key)
    known = signatures.axes()
    nuisance = [axis for axis in nuisance_axes() if axis in axes.columns]
    titles = {axis: known[axis].title.removesuffix(" (nuisance)") for axis in nuisance}
    right = pd.concat(
        [quality(adata), axes[nuisance].rename(columns=titles)], axis=1
    ).astype(np.float64)
    kept = persister_axes([str(axis) for axis in axes.columns])
    results = {
        label: adata.obs[name]
        for label, name in (
            ("index", _keys.INDEX),
            ("shift", _keys.SHIFT),
            ("pseudotime", _keys.PSEUDOTIME),
        )
        if name in adata.obs
    }
    left = pd.concat([pd.DataFrame(results), axes[kept]], axis=1).astype(np.float64)
    member = groups(adata, groupby)
    if member.value_counts().max() < _FEWEST:
        msg = (
            f"Every group of obs[{groupby!r}] has fewer than {_FEWEST} cells, too few "
            "for a correlation within groups."
        )
        raise DataError(msg)
    return within_group_correlation(left, right, member).dropna(how="all")
