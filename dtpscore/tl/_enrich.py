"""``dtpscore.tl.enrich``."""

from __future__ import annotations

import warnings
from dataclasses import asdict
from typing import TYPE_CHECKING

from dtpscore import _genes, _keys
from dtpscore._enrichment import prerank
from dtpscore._enrichment.contrast import rank_groups, units
from dtpscore._enrichment.sets import enrich_sets
from dtpscore._results.elements import Element, Source, pick, plain, writable, write
from dtpscore.errors import DataError, InputWarning
from dtpscore.get._groups import column, groups

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    from anndata import AnnData

    from dtpscore._types import Species
    from dtpscore.signatures import Signature


def _warn_design(designs: pd.DataFrame, reference: str) -> None:
    if (designs["design"] == "cells").any():
        msg = (
            "No sample_key: genes are ranked with the cell as the unit. Cells of one "
            "sample are not independent, so the ranking follows differences between "
            "samples too. Pass sample_key where samples are known."
        )
        warnings.warn(msg, InputWarning, stacklevel=3)
    single = designs.loc[(designs["design"] == "difference").to_numpy(), "group"]
    if len(single):
        msg = (
            f"One sample only in {', '.join(single)} or in {reference!r}: genes are "
            "ranked by the difference alone, without regard to its error."
        )
        warnings.warn(msg, InputWarning, stacklevel=3)


def _members(adata: AnnData, groupby: str, reference: str) -> pd.Series:
    member = groups(adata, groupby, reference)
    if len(member.cat.categories) < 2:
        msg = (
            f"obs[{groupby!r}] has only the reference group {reference!r}: there is "
            "nothing to compare it with."
        )
        raise DataError(msg)
    return member


def _signatures(
    given: Sequence[Signature | str] | None, gmt: str | Path | None
) -> list[Signature]:
    from dtpscore import signatures as library

    chosen = library.select() if given is None and gmt is None else list(given or [])
    loaded = [library.load(one) if isinstance(one, str) else one for one in chosen]
    return [*loaded, *([] if gmt is None else library.read_gmt(gmt))]


def _with_signature(terms: pd.DataFrame, chosen: Sequence[Signature]) -> pd.DataFrame:
    """Say of each gene set which half of which signature it is."""
    by_name = {signature.name: signature for signature in chosen}
    names = terms["term"].str[:-3]
    terms.insert(2, "signature", names)
    terms.insert(3, "half", terms["term"].str[-2:].map({"UP": "up", "DN": "down"}))
    terms.insert(4, "axis", [by_name[name].axis for name in names])
    return terms


def enrich(
    adata: AnnData,
    signatures: Sequence[Signature | str] | None = None,
    *,
    groupby: str,
    reference: str,
    sample_key: str | None = None,
    gmt: str | Path | None = None,
    layer: str | None = None,
    use_raw: bool = False,
    gene_symbols: str | None = None,
    species: Species = "human",
    permutations: int = 1000,
    weight: float = 1.0,
    min_size: int = 10,
    max_size: int = 1000,
    random_state: int = 0,
    key_added: str | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Test signatures for enrichment in each group against the reference, with GSEApy.

    Genes are ranked for each group against the reference, and `gseapy.prerank` tests
    each gene set along the ranking (Subramanian et al. 2005,
    doi:10.1073/pnas.0506580102; Fang et al. 2023, doi:10.1093/bioinformatics/btac757).

    With ``sample_key`` the counts of each sample are summed and brought to log2
    counts per million; a gene's statistic is the difference of the means over its
    standard error plus the median standard error over genes (Tusher et al. 2001,
    doi:10.1073/pnas.091062498). Where the same samples (patients) are in both
    groups, differences are taken within samples. With one sample on a side the
    difference alone ranks.

    The p-values come from random gene sets. They do not account for genes that move
    together, and are no test with samples as the unit: read them as an order.

    Parameters
    ----------
    adata
        Cells by genes, best raw counts. Values that are not counts are averaged.
    signatures
        Signatures, or names of shipped ones; those scored by default when neither
        this nor ``gmt`` is given.
    groupby
        Column of ``obs`` with the groups.
    reference
        The group that all others are compared with.
    sample_key
        Column of ``obs`` with the samples (or patients). Without it cells are ranked
        as if they were replicates, with a warning.
    gmt
        A GMT file of gene sets; ``NAME_UP`` and ``NAME_DN`` become one signature.
    layer
        Layer to use instead of ``X``.
    use_raw
        Use ``adata.raw`` instead of ``X``.
    gene_symbols
        Column of ``var`` (of ``raw.var`` with ``use_raw``) that holds the gene names.
    species
        Species of the data.
    permutations
        Random gene sets drawn.
    weight
        Exponent of the statistic in the running sum.
    min_size, max_size
        Gene sets with fewer or more ranked genes are not tested, and listed.
    random_state
        Seed of the draw.
    key_added
        Key of the results, ``"dtp_enrichment"`` by default.
    copy
        Return a copy with the results and leave ``adata`` as it is.

    Returns
    -------
    None, or the copy. ``uns["dtp_enrichment"]`` holds:

    ``table``
        Frame, one row a group and gene set: ``group``, ``term`` (``NAME_UP`` or
        ``NAME_DN``), ``signature``, ``half``, ``axis``, ``n_genes``, ``es``, ``nes``
        (positive where the set is higher in the group), ``pvalue``, ``fdr``,
        ``fwer`` and ``lead_genes``.
    ``statistic``
        float64, genes by groups; ``genes`` and ``groups`` name rows and columns.
    ``members``
        Frame of ``term`` and ``gene``, in the names of the data.
    ``skipped``
        Frame of the sets not tested, ``term`` and ``n_genes``.
    ``designs``
        Frame, one row a group: ``group``, ``design`` (``paired``, ``unpaired``,
        ``difference`` or ``cells``), ``n_samples`` and ``n_samples_reference``.
    ``params``
        Every parameter, and ``values`` (``counts`` or ``other``).

    Raises
    ------
    DataError
        The matrix, column or group does not exist, or there is no group to compare.
    SignatureError
        A name is not a shipped signature, or the GMT file is malformed.
    ResultError
        No gene set has a number of ranked genes between ``min_size`` and
        ``max_size``.

    Warns
    -----
    InputWarning
        There is no ``sample_key``, or one sample only on a side.
    """
    source = Source(layer=layer, use_raw=use_raw, gene_symbols=gene_symbols)
    options = prerank.PrerankOptions(
        permutations=permutations,
        weight=weight,
        min_size=min_size,
        max_size=max_size,
        seed=random_state,
    )
    chosen = _signatures(signatures, gmt)
    matrix, genes = pick(adata, source)
    target = writable(adata, copy=copy)
    sample = None if sample_key is None else column(adata, sample_key)
    cells = units(_members(adata, groupby, reference), sample)
    ranked = rank_groups(
        matrix, cells, genes, reference=reference, by_cells=sample is None
    )
    _warn_design(ranked.designs, reference)
    net = _genes.match(chosen, genes, species_of_data=species).net
    sets = prerank.gene_sets(chosen, net, genes)
    record = enrich_sets(ranked.statistic, sets, options)
    record["table"] = _with_signature(record["table"], chosen)
    record["designs"] = ranked.designs
    record["params"] = {
        "groupby": groupby,
        "reference": reference,
        "sample_key": sample_key,
        "gmt": None if gmt is None else str(gmt),
        "species": species,
        "values": ranked.kind,
        **asdict(source),
        **asdict(options),
    }
    write(target, [Element("uns", key_added or _keys.ENRICHMENT, plain(record))])
    return target if copy else None
