"""Test every gene set along the ranking of every group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from dtpscore._enrichment import prerank
from dtpscore.errors import ResultError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dtpscore._options.enrich import EnrichOptions


def _sizes(
    sets: Mapping[str, Sequence[str]], n_ranked: int, options: EnrichOptions
) -> tuple[pd.Series, pd.Series]:
    """Ranked genes of each set, and whether it is tested.

    A set of all ranked genes cannot be tested: nothing is left to compare it with.

    Raises
    ------
    ResultError
        No set has a size that is tested.
    """
    size = pd.Series({term: len(genes) for term, genes in sets.items()}, dtype=int)
    fits = size.between(options.min_size, options.max_size) & (size < n_ranked)
    if not fits.any():
        msg = (
            f"None of the {len(size)} gene sets has {options.min_size} to "
            f"{options.max_size} ranked genes; the largest has {size.max()}, and "
            f"{n_ranked} genes are ranked. "
            "Lower min_size, or use data with more genes."
        )
        raise ResultError(msg)
    return size, fits


def enrich_sets(
    statistic: pd.DataFrame,
    sets: Mapping[str, Sequence[str]],
    options: EnrichOptions,
) -> dict[str, Any]:
    """Test gene sets in each group.

    Parameters
    ----------
    statistic
        Genes by groups. A gene that occurs again keeps its first row.
    sets
        Genes of each set.
    options
        How to test.

    Returns
    -------
    ``table`` (one row per group and set), ``statistic``, ``genes``, ``groups``,
    ``members`` (``term``, ``gene``) and ``skipped`` (``term``, ``n_genes``).

    Raises
    ------
    ResultError
        No set has a size that is tested.
    """
    frame = statistic[~statistic.index.duplicated()]
    present = set(frame.index)
    kept = {
        term: [gene for gene in genes if gene in present]
        for term, genes in sets.items()
    }
    size, fits = _sizes(kept, len(frame), options)
    tested = {str(term): kept[term] for term in size.index[fits]}
    tables = []
    for group in frame.columns:
        # Ties are put in the order of the genes' names, not left to the sort.
        ordered = frame[group].sort_index().sort_values(ascending=False, kind="stable")
        table = prerank.tidy(prerank.run(ordered, tested, options).res2d, tested)
        table.insert(0, "group", group)
        tables.append(table)
    members = [(term, gene) for term, genes in tested.items() for gene in genes]
    skipped = size[~fits]
    return {
        "table": pd.concat(tables, ignore_index=True),
        "statistic": frame.to_numpy(),
        "genes": list(map(str, frame.index)),
        "groups": list(map(str, frame.columns)),
        "members": pd.DataFrame(members, columns=["term", "gene"]),
        "skipped": pd.DataFrame(
            {"term": list(skipped.index), "n_genes": skipped.to_numpy()}
        ),
    }
