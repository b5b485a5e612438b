"""Gene sets tested for enrichment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from dtpscore._results.elements import available
from dtpscore.errors import DataError
from dtpscore.get._records import enrich_record

if TYPE_CHECKING:
    from anndata import AnnData

    from dtpscore._enrichment.record import EnrichRecord


def enrichment(
    adata: AnnData, *, group: str | None = None, key: str | None = None
) -> pd.DataFrame:
    """Gene sets tested for enrichment, the strongest first within each group.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.enrich` has tested.
    group
        Group to keep. By default all groups are kept.
    key
        The ``key_added`` of that run; ``"dtp_enrichment"`` by default.

    Returns
    -------
    A copy of the table with one row per group and gene set: ``group``, ``term``,
    ``signature``, ``half``, ``axis``, ``n_genes``, ``es``, ``nes``, ``pvalue``,
    ``fdr``, ``fwer`` and ``lead_genes``.

    Raises
    ------
    DataError
        There is no such result or group.

    See Also
    --------
    dtpscore.pl.enrichment, dtpscore.pl.running_score : Pictures of this table.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=90, n_genes=3000, seed=0)
    >>> dtp.tl.enrich(
    ...     adata, ["tirosh2016_s_phase"], groupby="condition", reference="parental",
    ...     sample_key="sample", n_permutations=20,
    ... )
    >>> dtp.get.enrichment(adata, group="treated")["term"].tolist()
    ['tirosh2016_s_phase_UP']
    """
    found = enrich_record(adata, key)
    frame: pd.DataFrame = found.table
    if group is None:
        return frame.copy()
    _check_group(found, group)
    kept: pd.DataFrame = frame[(frame["group"] == group).to_numpy()]
    return kept.reset_index(drop=True)


def _check_group(found: EnrichRecord, group: str) -> None:
    names = found.groups
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
    found = enrich_record(adata, key)
    _check_group(found, group)
    place = found.groups.index(group)
    values = found.statistic[:, place]
    ranked = pd.Series(values, index=found.genes)
    return ranked.sort_values(ascending=False, kind="stable")


def members(adata: AnnData, term: str, *, key: str | None = None) -> list[str]:
    """Genes of one tested set.

    Raises
    ------
    DataError
        There is no such result, or the set was not tested.
    """
    frame = enrich_record(adata, key).members
    genes = [str(gene) for gene in frame.loc[frame["term"] == term, "gene"]]
    if not genes:
        tested = available(frame["term"].unique()[:8])
        msg = f"The gene set {term!r} was not tested. Tested sets: {tested}, ..."
        raise DataError(msg)
    return genes
