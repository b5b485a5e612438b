"""``dtpscore.tl.enrich``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dtpscore import _genes, _keys
from dtpscore._deprecated import renamed
from dtpscore._design import DesignKeys, label, names, read_design
from dtpscore._enrichment import prerank
from dtpscore._enrichment.contrast import rank_groups, units
from dtpscore._enrichment.record import EnrichRecord, methods
from dtpscore._enrichment.sets import enrich_sets
from dtpscore._options.enrich import EnrichOptions
from dtpscore._results.elements import Element, Source, pick, writable, write
from dtpscore._results.scores import check_key
from dtpscore._scoring.checks import warn_coverage
from dtpscore._warn import warn
from dtpscore.errors import CoverageWarning, InputWarning
from dtpscore.signatures import read_gmt, resolve

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    from anndata import AnnData

    from dtpscore._genes import GeneMatch
    from dtpscore._types import Species
    from dtpscore.signatures import Signature

# Signatures with a smaller share of their genes in the data are warned of, as in score.
_MIN_COVERAGE = 0.5


def _warn_design(designs: pd.DataFrame, reference: str) -> None:
    if (designs["design"] == "cells").any():
        msg = (
            "No sample_key: genes are ranked with the cell as the unit. Cells of one "
            "sample are not independent, so the ranking follows differences between "
            "samples too. Pass sample_key where samples are known."
        )
        warn(msg, InputWarning)
    single = designs.loc[(designs["design"] == "difference").to_numpy(), "group"]
    if len(single):
        msg = (
            f"One sample only in {', '.join(single)} or in {reference!r}: genes are "
            "ranked by the difference alone, without regard to its error."
        )
        warn(msg, InputWarning)


def _chosen(
    given: Any, gmt: str | Path | None, gene_names: list[str]
) -> list[Signature]:
    if gmt is None:
        return resolve(given, gene_names=gene_names)
    listed = [] if given is None else resolve(given, gene_names=gene_names)
    return resolve([*listed, *read_gmt(gmt)])


def _covered(matched: GeneMatch) -> pd.DataFrame:
    """Coverage of the signatures, after warnings about it."""
    coverage = matched.coverage
    coverage["low"] = coverage["fraction"] < _MIN_COVERAGE
    for sentence in matched.warnings:
        warn(sentence, CoverageWarning)
    warn_coverage(coverage, _MIN_COVERAGE)
    return coverage


def _with_signature(terms: pd.DataFrame, chosen: Sequence[Signature]) -> pd.DataFrame:
    """Say of each gene set which half of which signature it is."""
    by_name = {signature.name: signature for signature in chosen}
    names = terms["term"].str[:-3]
    terms.insert(2, "signature", names)
    terms.insert(3, "half", terms["term"].str[-2:].map({"UP": "up", "DN": "down"}))
    terms.insert(4, "axis", [by_name[name].axis for name in names])
    return terms


@renamed(permutations="n_permutations", random_state="seed")
def enrich(
    adata: AnnData,
    signatures: Any = None,
    *,
    groupby: str,
    reference: str,
    sample_key: str | None = None,
    cell_type_key: str | None = None,
    malignant: str | Sequence[str] | None = None,
    gmt: str | Path | None = None,
    layer: str | None = None,
    use_raw: bool = False,
    gene_symbols: str | None = None,
    species: Species = "human",
    n_permutations: int = 1000,
    weight: float = 1.0,
    min_size: int = 10,
    max_size: int = 1000,
    seed: int = 0,
    key_added: str | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Test signatures for enrichment in each group against the reference, with GSEApy.

    Genes are ranked for each group against the reference, and `gseapy.prerank` tests
    each gene set along the ranking (Subramanian et al. 2005,
    doi:10.1073/pnas.0506580102; Fang et al. 2023, doi:10.1093/bioinformatics/btac757).

    With ``sample_key`` the counts of each sample are summed and brought to log2
    counts per million. Counts with decimals, as SoupX makes them, are counts too;
    values that are normalized without a logarithm (TPM) are scaled and logged per
    cell, and log values are averaged. A gene's statistic is the difference of the
    means over its standard error plus the median standard error over genes (Tusher et
    al. 2001, doi:10.1073/pnas.091062498). Where the same samples (patients) are in both
    groups, differences are taken within samples. With one sample on a side the
    difference alone ranks.

    The p-values come from random gene sets. They do not account for genes that move
    together, and are no test with samples as the unit: read them as an order.

    Parameters
    ----------
    adata
        Cells by genes, best raw counts.
    signatures
        What to test, in any form that `dtpscore.signatures.resolve` takes: names of
        signatures or axes, genes of your own, a path. Those scored by default when
        neither this nor ``gmt`` is given.
    groupby
        Column of ``obs`` with the groups.
    reference
        The group that all others are compared with.
    sample_key
        Column of ``obs`` with the samples (or patients). Without it cells are ranked
        as if they were replicates, with a warning.
    cell_type_key, malignant
        Column of ``obs`` with cell types, and the type or types of malignant cells;
        other cells are left out.
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
    n_permutations
        Random gene sets drawn.
    weight
        Exponent of the statistic in the running sum.
    min_size, max_size
        Gene sets with fewer or more ranked genes are not tested, and listed.
    seed
        Seed of the draw.
    key_added
        Key of the results, ``"dtp_enrichment"`` by default.
    copy
        Return a copy with the results and leave ``adata`` as it is.

    Returns
    -------
    None, or the copy. ``uns["dtp_enrichment"]`` holds:

    ``table``
        Frame, one row per group and gene set: ``group``, ``term`` (``NAME_UP`` or
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
        Frame, one row per group: ``group``, ``design`` (``paired``, ``unpaired``,
        ``difference`` or ``cells``), ``n_samples`` and ``n_samples_reference``.
    ``coverage``
        Frame, one row per signature: genes found and lost, as of `dtpscore.tl.score`.
    ``params``
        Every parameter, and ``values``, what the values were taken for (``counts``,
        ``fractional counts``, ``normalized``, ``log`` or ``unclear``).
    ``methods``
        Sentences for a methods section.

    Raises
    ------
    DataError
        The matrix, column or group does not exist, there is no group to compare, or
        the values are scaled.
    OptionError
        A parameter is out of range (a ValueError).
    SignatureError
        A name is neither a shipped signature or axis nor a gene, or the GMT file
        cannot be used.
    ResultError
        No gene set has a number of ranked genes between ``min_size`` and
        ``max_size``, or no gene differs.

    Warns
    -----
    InputWarning
        There is no ``sample_key``, one sample only on a side, most genes lie on one
        side of the reference or share one statistic, or the values are of an unclear
        kind.
    CoverageWarning
        Signatures have few of their genes in the data, or gene names are duplicated.

    See Also
    --------
    dtpscore.get.enrichment : The results as a frame.
    dtpscore.pl.enrichment : A picture of them.
    dtpscore.pl.running_score : One set of genes along the ranking.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=90, n_genes=3000, seed=0)
    >>> dtp.tl.enrich(
    ...     adata,
    ...     "hallmark_e2f_targets",
    ...     groupby="condition",
    ...     reference="parental",
    ...     sample_key="sample",
    ...     n_permutations=20,
    ... )
    >>> list(dtp.get.enrichment(adata)["group"])
    ['treated', 'holiday']
    """
    source = Source(layer=layer, use_raw=use_raw, gene_symbols=gene_symbols)
    options = EnrichOptions(
        groupby=groupby,
        reference=label(reference),
        sample_key=sample_key,
        cell_type_key=cell_type_key,
        malignant=names(malignant),
        gmt=None if gmt is None else str(gmt),
        layer=layer,
        use_raw=use_raw,
        gene_symbols=gene_symbols,
        species=species,
        n_permutations=n_permutations,
        weight=weight,
        min_size=min_size,
        max_size=max_size,
        seed=seed,
        key_added=_keys.ENRICHMENT if key_added is None else key_added,
    )
    check_key(options.key_added)
    matrix, genes = pick(adata, source)
    chosen = _chosen(signatures, gmt, genes)
    target = writable(adata, copy=copy)
    keys = DesignKeys.of(options)
    design = read_design(adata.obs.reset_index(drop=True), keys)
    cells = units(design, by_cells=sample_key is None)
    matched = _genes.match(chosen, genes, species_of_data=species)
    ranked = rank_groups(
        matrix, cells, genes, reference=options.reference, by_cells=sample_key is None
    )
    _warn_design(ranked.designs, options.reference)
    sets = prerank.gene_sets(chosen, matched.net, genes)
    found = enrich_sets(ranked.statistic, sets, options)
    found["table"] = _with_signature(found["table"], chosen)
    record = EnrichRecord(
        **found,
        designs=ranked.designs,
        coverage=_covered(matched),
        params={
            **options.model_dump(exclude={"signatures", "key_added"}),
            "values": ranked.kind,
        },
        methods=methods(options, ranked),
    )
    write(target, [Element("uns", options.key_added, record.to_uns())])
    return target if copy else None
