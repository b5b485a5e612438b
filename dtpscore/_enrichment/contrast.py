"""Units and rankings of a comparison of groups with a reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore._design import Labels
from dtpscore._enrichment import ranking
from dtpscore._matrix import blocks
from dtpscore._values import judge
from dtpscore._warn import warn
from dtpscore.errors import DataError, InputWarning, ResultError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dtpscore._design import Design
    from dtpscore._values import Values

# Genes with fewer counts over all cells of all groups are not ranked.
_FEWEST_COUNTS = 10
# With more of the genes than this on one side of 0, the ranking is one-sided.
_ONE_SIDED = 0.8
# With more of the genes than this at one value, their order is that of their names.
_TIED = 0.5


@dataclass(frozen=True)
class Ranked:
    """Genes ranked in every group.

    Attributes
    ----------
    statistic
        Genes by groups.
    kind
        Kind of the values, as `dtpscore._values.judge` says.
    profile
        What was made of the values before genes were ranked, as part of a sentence.
    designs
        One row per group: ``group``, ``design``, ``n_samples`` and
        ``n_samples_reference``.
    """

    statistic: pd.DataFrame
    kind: str
    profile: str
    designs: pd.DataFrame


def units(design: Design, *, by_cells: bool) -> pd.DataFrame:
    """Give every sample of a group, or every group without samples, a number.

    Returns
    -------
    One row per cell: ``group`` (categorical, the reference first), ``sample`` and
    ``unit``, which is -1 for cells that take no part.

    Raises
    ------
    DataError
        There is no group to compare.
    """
    if len(design.groups) < 2:
        key, reference = design.keys.groupby, design.keys.reference
        msg = (
            f"obs[{key!r}] has only the reference group {reference!r}: there is "
            "nothing to compare it with."
        )
        raise DataError(msg)
    codes = Labels(design.group, design.groups).codes
    group = pd.Categorical.from_codes(codes, categories=list(design.groups))
    frame = pd.DataFrame({"group": group, "sample": "" if by_cells else design.sample})
    used = design.named & design.malignant
    reference = design.group == design.keys.reference
    for what, cells in (("the reference", reference), ("any other group", ~reference)):
        if not (used & cells).any():
            msg = (
                f"No cell of {what} takes part: each needs a group, a sample and, with "
                "cell_type_key, a malignant cell type."
            )
            raise DataError(msg)
    numbers = frame[used].groupby(["group", "sample"], observed=True).ngroup()
    frame["unit"] = numbers.reindex(frame.index, fill_value=-1)
    return frame


def sum_units(
    matrix: Any, of_cell: Any, values: Values, *, by_cells: bool
) -> tuple[ranking.Sums, Any, str]:
    """Sum each unit; also which genes are used, and what was done, in words."""
    counts = values.are_counts or (values.kind == "unclear" and values.whole)
    if counts:
        sums = ranking.unit_sums(matrix, of_cell, counts=True)
        kept = sums.total.sum(axis=0) >= _FEWEST_COUNTS
        if not by_cells:
            how = "they were summed per sample and brought to log2 counts per million"
            return sums, kept, how
    elif values.kind != "normalized":
        sums = ranking.unit_sums(matrix, of_cell)
        how = f"they were averaged per {'group' if by_cells else 'sample'}"
        return sums, sums.squares.sum(axis=0) > 0, how
    sums = ranking.unit_sums(matrix, of_cell, normalize=True)
    if not counts:
        kept = sums.squares.sum(axis=0) > 0
    how = "each cell was scaled to a sum of 10,000, log(1 + x) was taken, and these "
    return sums, kept, f"{how}were averaged per {'group' if by_cells else 'sample'}"


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
    matrix = blocks.source(matrix)
    values = judge(matrix)
    values.require_expression("A ranking of genes")
    if values.kind == "unclear":
        msg = f"{values.sentence} Check that this is the matrix that you mean."
        warn(msg, InputWarning)
    of_cell = cells["unit"].to_numpy(dtype=np.int64)
    sums, kept, how = sum_units(matrix, of_cell, values, by_cells=by_cells)
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
    statistic = pd.DataFrame(columns, index=list(genes))[kept]
    for group in statistic:
        _check_ranking(statistic[group], reference)
    return Ranked(
        statistic=statistic,
        kind=values.kind,
        profile=how,
        designs=pd.DataFrame(rows, columns=names),
    )


def _check_ranking(statistic: pd.Series, reference: str) -> None:
    """Refuse a ranking without any difference, and warn of one that says little."""
    group = statistic.name
    if not statistic.size or not (statistic != 0).any():
        msg = (
            f"No gene differs between {group!r} and {reference!r}, so there is no "
            "ranking that gene sets could be tested on."
        )
        raise ResultError(msg)
    most = statistic.value_counts(normalize=True, sort=True)
    if most.iloc[0] > _TIED:
        msg = (
            f"{most.iloc[0]:.0%} of the genes have the same statistic in {group!r}, so "
            "their order is that of their names and the tests mean little. Use data "
            "with more cells or counts."
        )
        warn(msg, InputWarning)
    above = float((statistic > 0).mean())
    below = float((statistic < 0).mean())
    if max(above, below) > _ONE_SIDED:
        side = "above" if above > below else "below"
        msg = (
            f"{max(above, below):.0%} of the genes are {side} {reference!r} in "
            f"{group!r}: the ranking follows something that moves all genes, such as "
            "the depth of sequencing, and a normalized score on the rare side rests on "
            "few random sets. Give the counts (layer=, use_raw=), from which each "
            "sample is brought to one depth."
        )
        warn(msg, InputWarning)
