"""Results of the enrichment as frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore import _keys
from dtpscore._frames.records import find
from dtpscore._results.elements import available
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from anndata import AnnData


def record(adata: AnnData, key: str | None = None) -> dict[str, Any]:
    """Record of `dtpscore.tl.enrich`.

    Raises
    ------
    DataError
        There is no such result.
    """
    key = key or _keys.ENRICHMENT
    return find(adata, key, what="enrichment", step="enrich", holds="members")


def table(
    adata: AnnData, *, group: str | None = None, key: str | None = None
) -> pd.DataFrame:
    """Gene sets tested, strongest first within each group.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.enrich` has tested.
    group
        Keep this group.
    key
        The ``key_added`` of that run.

    Raises
    ------
    DataError
        There is no such result or group.
    """
    found = record(adata, key)
    frame: pd.DataFrame = found["table"]
    if group is None:
        return frame.copy()
    _check_group(found, group)
    kept: pd.DataFrame = frame[frame["group"] == group].reset_index(drop=True)
    return kept


def _check_group(found: dict[str, Any], group: str) -> None:
    names = [str(name) for name in found["groups"]]
    if group not in names:
        msg = f"No enrichment of group {group!r}. Groups there are: {available(names)}."
        raise DataError(msg)


def ranking(adata: AnnData, *, group: str, key: str | None = None) -> pd.Series:
    """Statistic of each gene in one group, highest first.

    Raises
    ------
    DataError
        There is no such result or group.
    """
    found = record(adata, key)
    _check_group(found, group)
    place = [str(name) for name in found["groups"]].index(group)
    values = np.asarray(found["statistic"])[:, place]
    genes = [str(gene) for gene in found["genes"]]
    return pd.Series(values, index=genes).sort_values(ascending=False, kind="stable")


def members(adata: AnnData, term: str, *, key: str | None = None) -> list[str]:
    """Genes of one tested set.

    Raises
    ------
    DataError
        There is no such result, or the set was not tested.
    """
    frame = record(adata, key)["members"]
    genes = [str(gene) for gene in frame.loc[frame["term"] == term, "gene"]]
    if not genes:
        tested = available(frame["term"].unique()[:8])
        msg = f"The gene set {term!r} was not tested. Tested sets: {tested}, ..."
        raise DataError(msg)
    return genes
