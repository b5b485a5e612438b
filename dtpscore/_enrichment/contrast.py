"""Units and rankings of a comparison of groups with a reference."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore._enrichment import ranking

if TYPE_CHECKING:
    from collections.abc import Sequence

# Genes with fewer counts over all cells of all groups are not ranked.
_FEWEST_COUNTS = 10


@dataclass(frozen=True)
class Ranked:
    """Genes ranked in every group.

    Attributes
    ----------
    statistic
        Genes by groups.
    kind
        Kind of values that were ranked: ``"counts"`` or ``"other"``.
    designs
        One row a group: ``group``, ``design``, ``n_samples`` and
        ``n_samples_reference``.
    """

    statistic: pd.DataFrame
    kind: str
    designs: pd.DataFrame


def units(member: pd.Series, sample: pd.Series | None) -> pd.DataFrame:
    """Give every sample of a group, or every group without samples, a number.

    Parameters
    ----------
    member, sample
        Group and sample of each cell.

    Returns
    -------
    One row a cell: ``group``, ``sample`` and ``unit``, -1 where either is missing.
    """
    frame = member.to_frame("group")
    frame["sample"] = "" if sample is None else sample.map(str, na_action="ignore")
    known = frame.notna().all(axis=1)
    numbers = frame[known].groupby(["group", "sample"], observed=True).ngroup()
    frame["unit"] = numbers.reindex(frame.index, fill_value=-1)
    return frame


def _ranked_genes(sums: ranking.Sums) -> Any:
    if sums.counts:
        return sums.total.sum(axis=0) >= _FEWEST_COUNTS
    return sums.squares.sum(axis=0) > 0


def rank_groups(
    matrix: Any,
    cells: pd.DataFrame,
    genes: Sequence[str],
    *,
    reference: str,
    by_cells: bool,
) -> Ranked:
    """Rank the genes of each group against the reference.

    Parameters
    ----------
    matrix
        Cells by genes, in any form that ``dtpscore._matrix.blocks`` reads.
    cells
        What `units` gives.
    genes
        Names of the columns.
    reference
        The reference group.
    by_cells
        Rank with the cell as the unit.
    """
    of_cell = cells["unit"].to_numpy(dtype=np.int64)
    sums = ranking.unit_sums(matrix, of_cell)
    kept, values = _ranked_genes(sums), "counts" if sums.counts else "other"
    if by_cells and sums.counts:
        sums = replace(ranking.unit_sums(matrix, of_cell, normalize=True), counts=False)
    profile = None if by_cells else ranking.profiles(sums)
    known = cells[cells["unit"] >= 0].drop_duplicates("unit").sort_values("sample")
    side = {str(name): rows for name, rows in known.groupby("group", observed=True)}
    right = side.pop(reference)
    columns, rows = {}, []
    for name, left in side.items():
        design: ranking.Design = "cells"
        if profile is None:
            pair = int(left["unit"].iloc[0]), int(right["unit"].iloc[0])
            columns[name] = ranking.rank_cells(sums, *pair)
        else:
            design = ranking.design_of(list(left["sample"]), list(right["sample"]))
            both = profile[left["unit"]], profile[right["unit"]]
            columns[name] = ranking.rank_samples(*both, design)
        sizes = (0, 0) if by_cells else (len(left), len(right))
        rows.append((name, design, *sizes))
    names = ["group", "design", "n_samples", "n_samples_reference"]
    return Ranked(
        statistic=pd.DataFrame(columns, index=list(genes))[kept],
        kind=values,
        designs=pd.DataFrame(rows, columns=names),
    )
