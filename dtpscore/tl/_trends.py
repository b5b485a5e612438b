"""``dtpscore.tl.trends``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dtpscore import _keys
from dtpscore._deprecated import renamed
from dtpscore._design import names
from dtpscore._log import logger
from dtpscore._options.order import OrderOptions
from dtpscore._options.trends import TrendOptions
from dtpscore._ordering.cells import read_cells
from dtpscore._ordering.record import OrderRecord
from dtpscore._ordering.trends import KnownOrder, find_trends
from dtpscore._results.elements import (
    Source,
    available,
    check_anndata,
    pick,
    writable,
    write,
)
from dtpscore._results.order import trend_elements
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anndata import AnnData


def _order(adata: AnnData, key: str) -> KnownOrder:
    check_anndata(adata)
    if key not in adata.uns or key not in adata.obs:
        msg = (
            f"No order under {key!r} in obs and uns. Run dtpscore.tl.pseudotime first, "
            "or name its key with pseudotime_key."
        )
        raise DataError(msg)
    record = OrderRecord.from_uns(adata.uns[key])
    known = OrderOptions.model_fields
    options = OrderOptions.read({n: v for n, v in record.params.items() if n in known})
    experiment = read_cells(adata.obs, options.keys)
    if record.root not in experiment.cells.names:
        msg = (
            f"The root cell {record.root!r} of the order is not in the data any "
            "more. Run dtpscore.tl.pseudotime again on these cells."
        )
        raise DataError(msg)
    time = adata.obs[key].to_numpy(dtype=np.float64)
    return KnownOrder(time, record, options, experiment)


def _scores(adata: AnnData, options: TrendOptions) -> pd.DataFrame | None:
    if not options.scores:
        return None
    frame = adata.obsm.get(options.scores_key)
    if not isinstance(frame, pd.DataFrame):
        frames = [n for n in adata.obsm if isinstance(adata.obsm[n], pd.DataFrame)]
        msg = (
            f"obsm has no score frame {options.scores_key!r}. Frames there are: "
            f"{available(frames)}. Run dtpscore.tl.score first."
        )
        raise DataError(msg)
    missing = [name for name in options.scores if name not in frame]
    if missing:
        msg = (
            f"obsm[{options.scores_key!r}] has no score {available(missing)}. Scores "
            f"there are: {available(list(frame)[:20])}."
        )
        raise DataError(msg)
    return frame[list(dict.fromkeys(options.scores))].astype(np.float64)


@renamed(random_state="seed")
def trends(
    adata: AnnData,
    *,
    genes: str | Iterable[str] | None = (),
    scores: str | Iterable[str] | None = (),
    scores_key: str = _keys.SCORES,
    pseudotime_key: str | None = None,
    n_permutations: int = 999,
    n_bootstrap: int = 500,
    seed: int = 0,
    key_added: str | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Follow every axis, and genes of choice, along an order.

    Each value is fitted by a penalized cubic spline (Eilers & Marx 1996) of the
    position, in which every sample has the same weight. Intervals come from a bootstrap
    over samples, or over cells where there are fewer than four samples; a message then
    says so.

    The test asks whether a value follows the order *within* samples, by shuffling
    cells within samples, so that differences between libraries add nothing. As an
    order follows the genes it was made of, each axis and gene is tested along the
    order of the *other* genes: its own are taken out of the sum (ordinal), or the
    diffusion pseudotime is computed again without them, on at most 3,000 cells. Where
    the order was made of something else, such as an integrated embedding, there is no
    p-value. Axes are used without genes of the cell cycle. The proliferation axis keeps
    them, because none of its genes is in the order. The test treats cells as
    exchangeable within a sample; ``n_agree`` says how many samples agree in sign.

    The onset of a value that moves (q <= 0.05) is the position where its curve has
    gone half of its way to its farthest point.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.pseudotime` has ordered, with the same matrix.
    genes
        Genes to follow beside the axes.
    scores
        Signatures to follow beside the axes: columns of the score frame. A signature
        that is not shipped gets no p-value, because its genes are not known here.
    scores_key
        Key of ``obsm`` of that frame, ``"dtp_scores"`` by default.
    pseudotime_key
        The ``key_added`` of that run.
    n_permutations
        Shuffles; the smallest p-value is 1 / (n_permutations + 1).
    n_bootstrap
        Draws for the intervals.
    seed
        Seed.
    key_added
        Key of the results, ``"dtp_trends"`` by default.
    copy
        Return a copy with the results and leave ``adata`` as it is.

    Returns
    -------
    None, or the copy, with ``uns["dtp_trends"]``:

    ``features``
        Frame, one row per axis, gene or signature: ``kind``; ``rho`` (median over
        samples of Spearman's rho within the sample), ``n_samples``, ``n_agree``
        (samples of that sign), ``explained`` (mean share of variation explained within
        samples), ``p``, ``q`` (Benjamini-Hochberg); ``change`` (end minus start of the
        curve);
        ``onset``, ``onset_low``, ``onset_high``; ``rank``, ``rank_low``,
        ``rank_high`` (1 moves first).
    ``curves``
        Frame with ``feature``, ``pseudotime``, ``mean``, ``low``, ``high``: axes in
        control-matched z, genes in log expression; 51 positions each.
    ``interval_unit``
        ``"samples"`` or ``"cells"``.
    ``messages``, ``methods``, ``params``
        Sentences on the result, sentences for a methods section, and the options.

    Raises
    ------
    DataError
        There is no order, its root cell is gone, or a gene or a score is not there.
    OptionError
        Fewer than 19 shuffles or draws.

    See Also
    --------
    dtpscore.tl.pseudotime : The order that it needs.
    dtpscore.get.trends : The results as a frame.
    dtpscore.pl.trends : Axes and genes along the path.
    dtpscore.pl.onsets : Where on the path each one changes.

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
    >>> dtp.tl.trends(adata)
    >>> float(adata.uns["dtp_trends"]["features"].loc["slow_cycling", "rho"]) > 0
    True
    """
    options = TrendOptions(
        genes=tuple(dict.fromkeys(names(genes))),
        scores=names(scores),
        scores_key=scores_key,
        pseudotime_key=pseudotime_key or _keys.PSEUDOTIME,
        n_permutations=n_permutations,
        n_bootstrap=n_bootstrap,
        seed=seed,
        key_added=key_added or _keys.TRENDS,
    )
    order = _order(adata, options.pseudotime_key)
    of_order = order.options
    source = Source(
        layer=of_order.layer,
        use_raw=of_order.use_raw,
        gene_symbols=of_order.gene_symbols,
    )
    matrix, gene_names = pick(adata, source)
    target = writable(adata, copy=copy)
    record = find_trends(
        matrix, gene_names, order, options, scores=_scores(adata, options)
    )
    for text in record.messages:
        logger.info(text)
    write(target, trend_elements(record, key_added=options.key_added))
    return target if copy else None
