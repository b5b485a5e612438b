"""``dtpscore.tl.pseudotime``."""

from __future__ import annotations

import warnings
from dataclasses import asdict
from typing import TYPE_CHECKING, Literal

import numpy as np

from dtpscore import _keys
from dtpscore._ordering.design import Keys
from dtpscore._ordering.options import PathOptions, Representation
from dtpscore._ordering.path import find_path
from dtpscore._results.elements import (
    Source,
    available,
    pick,
    writable,
    write,
)
from dtpscore._results.lazy import why_no_column
from dtpscore._results.order import path_elements
from dtpscore.errors import DataError, InputWarning

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anndata import AnnData
    from numpy.typing import NDArray

    from dtpscore._ordering.options import Fates, OrderMethod
    from dtpscore._types import Species

AXES = "axes"


def _representation(
    adata: AnnData, use_rep: str | None, neighbors_key: str | None
) -> Representation:
    if use_rep is not None and neighbors_key is not None:
        msg = "Give use_rep or neighbors_key, not both: a graph needs no features."
        raise DataError(msg)
    if neighbors_key is not None:
        if neighbors_key not in adata.uns:
            msg = (
                f"There is no neighbor graph {neighbors_key!r} in uns. Run "
                "scanpy.pp.neighbors first, or leave neighbors_key out."
            )
            raise DataError(msg)
        name = adata.uns[neighbors_key].get("connectivities_key", "connectivities")
        return Representation(connectivities=adata.obsp[name].tocsr())
    if use_rep in (None, AXES):
        return Representation(axes=use_rep == AXES)
    if use_rep not in adata.obsm:
        msg = (
            f"There is no representation {use_rep!r} in obsm. There are: "
            f"{available(adata.obsm.keys())}; {AXES!r} takes the axis scores."
        )
        raise DataError(msg)
    features = np.asarray(adata.obsm[use_rep], dtype=np.float64)
    if not np.isfinite(features).all():
        msg = f"obsm[{use_rep!r}] has missing or infinite values."
        raise DataError(msg)
    return Representation(features=features)


def _index(adata: AnnData, index_key: str | None) -> NDArray[np.float64] | None:
    if index_key is None and _keys.INDEX not in adata.obs:
        return None
    key = index_key or _keys.INDEX
    if key not in adata.obs:
        msg = (
            f"obs has no column {key!r} for the index. "
            f"Columns there are: {available(adata.obs.columns)}."
            f"{why_no_column(adata, key)}"
        )
        raise DataError(msg)
    return adata.obs[key].to_numpy(dtype=np.float64)


def pseudotime(
    adata: AnnData,
    *,
    groupby: str,
    root: str,
    method: OrderMethod | None = None,
    time_key: str | None = None,
    sample_key: str | None = None,
    replicate_key: str | None = None,
    holiday: str | Iterable[str] = (),
    index_key: str | None = None,
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
    fates: Fates = "absorption",
    random_state: int = 0,
    key_added: str | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Order cells from parental to persister, and say how far the order can be trusted.

    The recipe: counts of each cell are scaled to 10,000 and log-transformed (values
    that are not whole numbers are taken as log values); genes of the cell cycle, of
    the nuisance signatures and of the mitochondrial genome are left out; the most
    variable others give principal components. Where samples are known, components are
    those of the variation within samples and half of the distance between them, so that
    a difference between libraries steers the order less. The root is the medoid of
    the reference cells in the lowest third of the index.

    Two orders are made where the data allow it. *Diffusion pseudotime* uses no label
    but the root. The *ordinal* order is learned from times or doses on the principal
    components and on the diffusion components of their graph, and every cell is placed
    by fits that did not see its replicate series. By default the ordinal
    order is used where there are times and two or more series, unless the share of
    resting cells or the index rises and falls over time, which means that time is not
    progress; otherwise diffusion pseudotime. Both are kept.

    The order is never turned round to fit. If it runs against index or time, this is
    said in a warning and in ``uns``.

    Parameters
    ----------
    adata
        Cells by genes. Counts are best; log values work.
    groupby
        Column of ``obs`` with the groups.
    root
        Group that the path starts in: untreated cells.
    method
        ``"dpt"`` (diffusion pseudotime; Haghverdi et al. 2016), ``"ordinal"``
        (all-threshold ordinal regression with a ridge penalty; after Macnair et al.
        2022, psupertime) or ``"palantir"`` (Setty et al. 2019; needs the package
        palantir). None chooses as above.
    time_key
        Column with time or dose: numbers, or ordered categories.
    sample_key
        Column with the library of each cell. Without it, cells of one group, time and
        replicate count as one library.
    replicate_key
        Column with the replicate series, such as the experiment or the cell line.
    holiday
        Group or groups without drug after treatment. They are placed on the path and
        not used to find the order from times.
    index_key
        Column with the persister index; ``"dtp_index"`` where it exists, otherwise
        the control-matched z-score of the consensus axis.
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
        Cells around the root that diffusion pseudotime is repeated from.
    n_subsamples
        Repeats on 80% of the cells.
    fates
        How ``dtp_pseudotime_fate`` is made: ``"absorption"``, the probability that a
        random walk along the path is absorbed by the cycling end; or ``"cellrank"``,
        the same by CellRank 2 (Weiler et al. 2024; needs the package cellrank) on the
        same graph, order and ends. benchmarks/pseudotime.md compares the two.
    random_state
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
        ``validated`` (the order was learned on other replicates); ``messages``;
        ``direction``, ``cycle``, ``branches``, ``time_courses``, ``reversal``
        (frames); ``agreement`` of both orders; ``stability`` over roots and
        subsamples; ``model`` (loadings and coefficients); ``params``.

    Raises
    ------
    DataError
        A column, group, layer or representation does not exist; times have no order;
        the values are scaled or missing; there is no other group than the root.
    ResultError
        More than a tenth of the cells outside the root group are not connected to
        the root; or palantir or cellrank is asked for and not installed.
    OptionError
        A parameter is out of range.

    Warns
    -----
    InputWarning
        The data contradict the path, time is not progress, the order is unstable or
        not validated, it follows the cell cycle, or there are few root cells.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=600, n_genes=1500, difficulty="easy")
    >>> dtp.tl.pseudotime(
    ...     adata,
    ...     groupby="condition",
    ...     root="parental",
    ...     holiday="holiday",
    ...     time_key="day",
    ...     sample_key="sample",
    ...     replicate_key="replicate",
    ... )
    >>> adata.uns["dtp_pseudotime"]["method"]
    'ordinal'
    """
    source = Source(layer=layer, use_raw=use_raw, gene_symbols=gene_symbols)
    keys = Keys(
        groupby=groupby,
        root=str(root),
        holiday=(holiday,) if isinstance(holiday, str) else tuple(map(str, holiday)),
        time=time_key,
        sample=sample_key,
        replicate=replicate_key,
    )
    options = PathOptions(
        method=method,
        species=species,
        n_top_genes=n_top_genes,
        n_pcs=n_pcs,
        n_neighbors=n_neighbors,
        n_dcs=n_dcs,
        n_roots=n_roots,
        n_subsamples=n_subsamples,
        fates=fates,
        random_state=random_state,
    )
    matrix, names = pick(adata, source)
    target = writable(adata, copy=copy)
    result = find_path(
        matrix,
        adata.obs,
        names,
        keys,
        options=options,
        brought=_representation(adata, use_rep, neighbors_key),
        index=_index(adata, index_key),
    )
    for text in result.warnings:
        warnings.warn(text, InputWarning, stacklevel=2)
    params = {
        **asdict(options),
        **asdict(source),
        **asdict(keys),
        "use_rep": use_rep,
        "neighbors_key": neighbors_key,
        "index_key": index_key,
    }
    key = key_added or _keys.PSEUDOTIME
    write(
        target,
        path_elements(result, params, names, key_added=key),
    )
    return target if copy else None
