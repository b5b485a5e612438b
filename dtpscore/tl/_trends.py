"""``dtpscore.tl.trends``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from dtpscore import _keys
from dtpscore._ordering.design import Keys, read_design
from dtpscore._ordering.follow import Order, TrendOptions, find_trends
from dtpscore._results.elements import Source, check_anndata, pick, writable, write
from dtpscore._results.order import trend_elements
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anndata import AnnData


def _order(adata: AnnData, key: str) -> Order:
    check_anndata(adata)
    if key not in adata.uns or key not in adata.obs:
        msg = (
            f"No order under {key!r} in obs and uns. Run dtpscore.tl.pseudotime first, "
            "or name its key with pseudotime_key."
        )
        raise DataError(msg)
    record = adata.uns[key]
    params = record["params"]
    keys = Keys(
        groupby=params["groupby"],
        root=params["root"],
        holiday=tuple(str(group) for group in params["holiday"]),
        time=params.get("time"),
        sample=params.get("sample"),
        replicate=params.get("replicate"),
    )
    design = read_design(adata.obs, keys)
    if record["root"] not in design.cells:
        msg = (
            f"The root cell {record['root']!r} of the order is not in the data any "
            "more. Run dtpscore.tl.pseudotime again on these cells."
        )
        raise DataError(msg)
    return Order(adata.obs[key].to_numpy(dtype=np.float64), record, design)


def trends(
    adata: AnnData,
    *,
    genes: str | Iterable[str] = (),
    pseudotime_key: str | None = None,
    n_permutations: int = 999,
    n_bootstrap: int = 500,
    random_state: int = 0,
    key_added: str | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Follow every axis, and genes of choice, along an order.

    Each value is fitted by a penalized cubic spline (Eilers & Marx 1996) of the
    position, every sample with the same weight. Intervals come from a bootstrap over
    samples; with fewer than four samples over cells, which is said.

    The test asks whether a value follows the order *within* samples, by shuffling
    cells within samples, so that differences between libraries add nothing. As an
    order follows the genes it was made of, each axis and gene is tested along the
    order of the *other* genes: its own are taken out of the sum (ordinal), or the
    diffusion pseudotime is computed again without them, on at most 3,000 cells. Where
    the order was made of something else, such as an integrated embedding, there is no
    p-value. Axes are used without genes of the cell cycle, but for the proliferation
    axis, no gene of which is in the order. The test treats cells as exchangeable
    within a sample; how many samples agree in sign is given beside it.

    The onset of a value that moves (q <= 0.05) is the position where its curve has
    gone half of its way to its farthest point.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.pseudotime` has ordered, with the same matrix.
    genes
        Genes to follow beside the axes.
    pseudotime_key
        The ``key_added`` of that run.
    n_permutations
        Shuffles; the smallest p-value is 1 / (n_permutations + 1).
    n_bootstrap
        Draws for the intervals.
    random_state
        Seed.
    key_added
        Key of the results, ``"dtp_trends"`` by default.
    copy
        Return a copy with the results and leave ``adata`` as it is.

    Returns
    -------
    None, or the copy, with ``uns["dtp_trends"]``:

    ``features``
        Frame, one row an axis or gene: ``kind``; ``rho`` (median over samples of
        Spearman's rho within the sample), ``n_samples``, ``n_agree`` (samples of that
        sign), ``explained`` (mean share of variation explained within samples), ``p``,
        ``q`` (Benjamini-Hochberg); ``change`` (end minus start of the curve);
        ``onset``, ``onset_low``, ``onset_high``; ``rank``, ``rank_low``,
        ``rank_high`` (1 moves first).
    ``curves``
        Frame with ``feature``, ``pseudotime``, ``mean``, ``low``, ``high``: axes in
        control-matched z, genes in log expression; 51 positions each.
    ``interval_unit``
        ``"samples"`` or ``"cells"``.
    ``messages``, ``params``
        Sentences; parameters.

    Raises
    ------
    DataError
        There is no order, its root cell is gone, or a gene is not in the data.
    OptionError
        Fewer than 19 shuffles or draws.

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
    >>> dtp.tl.trends(adata)
    >>> float(adata.uns["dtp_trends"]["features"].loc["slow_cycling", "rho"]) > 0
    True
    """
    order = _order(adata, pseudotime_key or _keys.PSEUDOTIME)
    given = order.record["params"]
    source = Source(
        layer=given.get("layer"),
        use_raw=bool(given["use_raw"]),
        gene_symbols=given.get("gene_symbols"),
    )
    options = TrendOptions(n_permutations, n_bootstrap, random_state)
    chosen = [genes] if isinstance(genes, str) else list(dict.fromkeys(genes))
    matrix, names = pick(adata, source)
    target = writable(adata, copy=copy)
    result = find_trends(matrix, names, order, genes=chosen, options=options)
    params = {
        **asdict(options),
        "genes": chosen,
        "pseudotime_key": pseudotime_key or _keys.PSEUDOTIME,
    }
    write(
        target,
        trend_elements(result, params, key_added=key_added or _keys.TRENDS),
    )
    return target if copy else None
