"""``dtpscore.tl.pseudotime``."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Literal

from dtpscore import _keys
from dtpscore._deprecated import renamed
from dtpscore._design import names
from dtpscore._log import logger
from dtpscore._options.order import OrderOptions
from dtpscore._ordering.order import find_order
from dtpscore._results.brought import brought
from dtpscore._results.elements import Source, pick, profile, writable, write
from dtpscore._results.order import known_from_call, order_elements
from dtpscore.errors import InputWarning

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anndata import AnnData

    from dtpscore._types import Species


@renamed(root="reference", random_state="seed")
def pseudotime(
    adata: AnnData,
    *,
    groupby: str,
    reference: str,
    method: Literal["dpt", "ordinal", "palantir"] | None = None,
    time_key: str | None = None,
    sample_key: str | None = None,
    replicate_key: str | None = None,
    holiday: str | Iterable[str] | None = (),
    cell_type_key: str | None = None,
    malignant: str | Iterable[str] | None = (),
    index_key: str | None = None,
    ambient_key: str | None = None,
    layer: str | None = None,
    use_raw: bool = False,
    gene_symbols: str | None = None,
    species: Species = "human",
    use_rep: str | Literal["axes"] | None = None,
    neighbors_key: str | None = None,
    n_top_genes: int = 2000,
    n_pcs: int = 30,
    n_neighbors: int = 30,
    n_dcs: int = 10,
    n_roots: int = 20,
    n_subsamples: int = 10,
    fates: Literal["absorption", "cellrank"] = "absorption",
    seed: int = 0,
    key_added: str | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Order cells from parental to persister, and say how far the order can be trusted.

    Counts of each cell, with or without decimals, are scaled to 10,000 and
    log-transformed; so are values that are normalized already, and log values are used
    as they are. Genes of the cell cycle, of the nuisance signatures and of the
    mitochondrial genome are left out. The most variable others give principal
    components. Where samples are known, the components are those of the variation
    within samples and of half of the differences between samples, so that a difference
    between libraries steers the order less. The root is the medoid of the reference
    cells in the lowest third of the index.

    Two orders are made where the data allow it. *Diffusion pseudotime* uses no label
    but the root. The *ordinal* order is learned from times or doses on the principal
    components and on the diffusion components of their graph, and every cell is placed
    by fits that did not see its replicate series. By default the ordinal
    order is used where there are times and two or more series, unless the share of
    resting cells or the index rises and falls over time, which means that time is not
    progress; otherwise diffusion pseudotime. Both are kept.

    The order is never turned round to fit. If it runs against index or time, a warning
    and the record in ``uns`` say so.

    Options that are not given are taken over from an earlier `dtpscore.tl.call` with
    the same groups and reference: ``sample_key``, ``time_key``, ``holiday``,
    ``cell_type_key`` and ``malignant``. A line of the log says which.

    Parameters
    ----------
    adata
        Cells by genes. Counts are best; log values work.
    groupby
        Column of ``obs`` with the groups.
    reference
        The untreated group, in which the path starts.
    method
        ``"dpt"`` (diffusion pseudotime; Haghverdi et al. 2016), ``"ordinal"``
        (all-threshold ordinal regression with a ridge penalty; after Macnair et al.
        2022, psupertime) or ``"palantir"`` (Setty et al. 2019; needs the package
        palantir). None chooses as above.
    time_key
        Column with time or dose: numbers, texts such as "d0", "72h", "day 7" or "1 µM",
        or ordered categories. The log says how texts were read.
    sample_key
        Column with the library of each cell. Without it, cells of one group, time and
        replicate count as one library.
    replicate_key
        Column with the replicate series, such as the experiment or the cell line.
    holiday
        Group or groups that were sampled after the drug was withdrawn. They are placed
        on the path and not used to learn the order from times.
    cell_type_key, malignant
        Column with cell types, and those that are malignant cells. Only these cells
        are ordered; the others have no position.
    index_key
        Column with the persister index. By default ``"dtp_index"`` where it exists,
        otherwise the control-matched z-score of the consensus axis.
    ambient_key
        Column of ``var`` with the profile of empty droplets. The order is not changed
        by it; where ambient RNA comes with time, which looks like progress, this is
        said. Other cell types of the data are such a profile, too, where ``malignant``
        is given.
    layer, use_raw, gene_symbols
        Where the values and gene names are, as in `dtpscore.tl.score`.
    species
        Species of the data.
    use_rep
        Key of ``obsm`` to use in place of the recipe's components, such as an
        integrated embedding. ``"axes"`` makes the diffusion graph on axis scores (the
        ordinal order stays on components). This is not the default: axis scores are
        few and noisy, and on simulated experiments such an order agrees with the truth
        within samples with rho 0.12 to 0.46, next to 0.60 to 0.72 on components
        (benchmarks/pseudotime.md).
    neighbors_key
        Key of ``uns`` of a neighbor graph for diffusion pseudotime, ``"neighbors"``
        for that of `scanpy.pp.neighbors`. Such a graph may hold the cell cycle.
    n_top_genes, n_pcs, n_neighbors, n_dcs
        Variable genes, principal components, neighbors and diffusion components.
    n_roots
        Cells around the root from which diffusion pseudotime is repeated.
    n_subsamples
        Repeats on 80% of the cells.
    fates
        How ``dtp_pseudotime_fate`` is made: ``"absorption"``, the probability that a
        random walk along the path is absorbed by the cycling end; or ``"cellrank"``,
        the same by CellRank 2 (Weiler et al. 2024; needs the package cellrank) on the
        same graph, order and ends. benchmarks/pseudotime.md compares the two.
    seed
        Seed of subsamples and bootstraps.
    key_added
        Key of the results, ``"dtp_pseudotime"`` by default.
    copy
        Return a copy with the results and leave ``adata`` as it is.

    Returns
    -------
    None, or the copy. With the default key this is written, and nothing else;
    ``uns["iroot"]`` and ``obs["dpt_pseudotime"]`` stay as they were:

    ``obs["dtp_pseudotime"]``
        float32 in 0-1; NaN for cells that the graph does not connect to the root.
    ``obs["dtp_pseudotime_sd"]``
        float32, standard deviation over repeats: over roots (dpt), or over fits on
        80% of the cells (ordinal). It does not hold the spread between samples.
    ``obs["dtp_pseudotime_dpt"]``, ``obs["dtp_pseudotime_ordinal"]``
        Both orders, where they could be made.
    ``obs["dtp_pseudotime_place"]``
        Holiday cells: parental-like, persister-like or neither.
    ``obs["dtp_pseudotime_end"]``
        Late cells of the path: cycling end or resting end.
    ``obs["dtp_pseudotime_fate"]``
        float32, where both ends exist (30 or more cells in two or more samples):
        probability that a walk along the path from the cell ends among the cycling
        ones.
    ``uns["dtp_pseudotime"]``
        ``method``; ``root`` (name of the cell); ``n_root_cells``; ``n_unreachable``;
        ``validated`` (every cell was placed by fits on other replicate series than
        its own, which does not rule out what comes with time in all of them);
        ``values`` (what the values of the matrix were taken for);
        ``direction``, ``cycle``, ``branches``, ``time_courses``, ``times``,
        ``reversal`` (frames); ``depth_rho`` (rank correlation of counts per cell with
        time); ``composition`` (share of each type of cells at each time);
        ``ambient`` (how much foreign RNA makes of the difference from the reference
        group at each time, where its profile is known);
        ``agreement`` of both orders; ``stability`` over roots and subsamples;
        ``model`` (loadings and coefficients); ``messages``; ``methods`` (sentences for
        a methods section); ``params``.

    Raises
    ------
    DataError
        A column, group, layer, representation or graph does not exist or is not of the
        kind that is needed; times cannot be read; the values are scaled or missing;
        there is no other group than the reference.
    ResultError
        More than a tenth of the cells outside the root group are not connected to
        the root; or palantir or cellrank is asked for and not installed.
    OptionError
        An option is out of range, or two options do not fit each other.

    Warns
    -----
    InputWarning
        The data contradict the path, time is not progress, the order is unstable or
        not validated, it follows the cell cycle, or there are few reference cells.

    See Also
    --------
    dtpscore.get.order : The order as a frame.
    dtpscore.pl.pseudotime : A picture of it.
    dtpscore.pl.holiday : Cells off the drug on the path.
    dtpscore.tl.trends : What changes along the order.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=600, n_genes=1500, difficulty="easy")
    >>> dtp.tl.pseudotime(
    ...     adata,
    ...     groupby="condition",
    ...     reference="parental",
    ...     holiday="holiday",
    ...     time_key="day",
    ...     sample_key="sample",
    ...     replicate_key="replicate",
    ... )
    >>> adata.uns["dtp_pseudotime"]["method"]
    'ordinal'
    """
    options = OrderOptions(
        groupby=groupby,
        reference=reference,
        method=method,
        time_key=time_key,
        sample_key=sample_key,
        replicate_key=replicate_key,
        holiday=names(holiday),
        cell_type_key=cell_type_key,
        malignant=names(malignant),
        index_key=index_key,
        ambient_key=ambient_key,
        layer=layer,
        use_raw=use_raw,
        gene_symbols=gene_symbols,
        species=species,
        use_rep=use_rep,
        neighbors_key=neighbors_key,
        n_top_genes=n_top_genes,
        n_pcs=n_pcs,
        n_neighbors=n_neighbors,
        n_dcs=n_dcs,
        n_roots=n_roots,
        n_subsamples=n_subsamples,
        fates=fates,
        seed=seed,
        key_added=key_added or _keys.PSEUDOTIME,
    )
    source = Source(layer=layer, use_raw=use_raw, gene_symbols=gene_symbols)
    matrix, gene_names = pick(adata, source)
    target = writable(adata, copy=copy)
    options, taken_over = known_from_call(options, adata.obs, adata.uns)
    if taken_over:
        logger.info(taken_over)
    if options.index_key is None and _keys.INDEX in adata.obs:
        options = options.model_copy(update={"index_key": _keys.INDEX})
    result = find_order(
        matrix,
        adata.obs,
        gene_names,
        options,
        brought=brought(adata, options),
        ambient=None if ambient_key is None else profile(adata, source, ambient_key),
    )
    for text in result.warnings:
        warnings.warn(text, InputWarning, stacklevel=3)
    for text in result.calm:
        logger.info(text)
    write(target, order_elements(result, key_added=options.key_added))
    return target if copy else None
