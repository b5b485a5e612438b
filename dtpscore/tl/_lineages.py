"""``dtpscore.tl.lineages``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore import _keys, get
from dtpscore._calling.states import DTP_CYCLING, DTP_STATES
from dtpscore._design import DesignKeys, label, labels, listed, names, read_design
from dtpscore._lineages.run import Cells, analyze, clones_of
from dtpscore._log import logger
from dtpscore._options.lineages import LineageOptions
from dtpscore._results.elements import Element, check_anndata, writable, write
from dtpscore._results.scores import keys_of
from dtpscore.errors import DataError, OptionError
from dtpscore.get._axes import persister_axes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData
    from numpy.typing import NDArray

    BoolArray = NDArray[np.bool_]


def _state(
    adata: AnnData, options: LineageOptions
) -> tuple[NDArray[np.float64] | None, tuple[str, ...]]:
    """Axes of each cell, and the index where cells were called."""
    if options.scores_key not in keys_of(adata):
        if options.axes:
            msg = (
                f"axes are asked for, but nothing is scored under "
                f"{options.scores_key!r}. Run dtpscore.tl.score first."
            )
            raise DataError(msg)
        return None, ()
    frame = get.axes(adata, key=options.scores_key).astype(np.float64)
    wanted = list(options.axes) or persister_axes([str(one) for one in frame])
    missing = [one for one in wanted if one not in frame]
    if missing:
        msg = f"No axis {listed(missing)}. Scored axes are {listed(frame, most=60)}."
        raise DataError(msg)
    frame = frame[wanted].dropna(axis=1)
    if _keys.INDEX in adata.obs and not options.axes:
        index = adata.obs[_keys.INDEX].to_numpy(dtype=np.float64)
        if np.isfinite(index).all():
            frame["index"] = index
    return frame.to_numpy(), tuple(str(one) for one in frame)


def _cycling(
    adata: AnnData, options: LineageOptions
) -> tuple[BoolArray | None, BoolArray | None]:
    """Which cells are persisters whose cycling is known, and which of them cycle."""
    if options.cycling_key is None:
        if options.cycling or options.resting:
            msg = "cycling and resting need cycling_key, the column with these values."
            raise OptionError(msg)
        if _keys.CALL not in adata.obs:
            return None, None
        state = adata.obs[_keys.CALL].astype(str).to_numpy()
        return np.isin(state, DTP_STATES), state == DTP_CYCLING
    found = labels(adata.obs, options.cycling_key, "cycling persisters")
    wanted = (*options.cycling, *options.resting)
    missing = [one for one in wanted if one not in found.names]
    if missing or not options.cycling or not options.resting:
        msg = (
            "Name the values that stand for cycling persisters as cycling and those "
            "that stand for resting ones as resting. "
            f"obs[{options.cycling_key!r}] holds {listed(found.names)}."
        )
        raise DataError(msg) if missing else OptionError(msg)
    cycling = np.isin(found.text, options.cycling)
    return cycling | np.isin(found.text, options.resting), cycling


def lineages(
    adata: AnnData,
    *,
    lineage_key: str,
    groupby: str,
    reference: str,
    sample_key: str | None = None,
    batch_key: str | None = None,
    time_key: str | None = None,
    cell_type_key: str | None = None,
    malignant: str | Sequence[str] | None = None,
    separator: str | None = None,
    axes: str | Sequence[str] | None = None,
    scores_key: str = _keys.SCORES,
    cycling_key: str | None = None,
    cycling: Any = None,
    resting: Any = None,
    n_permutations: int = 9999,
    seed: int = 0,
    key_added: str | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Follow barcoded clones through the drug, and ask what foretells their fate.

    Three questions are answered, all with the clone as the unit. How did the share of
    each clone change? Did replicates that grew apart pick the same clones, so that the
    survivors were there before the drug? Does the state of a clone before the drug
    foretell its change? Where it is known which persisters cycle, a fourth one: are
    persisters of one clone alike in that (Oren et al. 2021,
    doi:10.1038/s41586-021-03796-6)?

    A cell can hold several barcodes. Barcodes that are seen together in at least two
    cells, and in at least half of the cells of the rarer one, are one clone. A cell
    whose barcodes belong to several clones is left out, and so is one without barcode.

    The change of a clone is tested exactly from the counts of its cells. Where an arm
    has replicates, their drift is measured and added to the error, and the larger
    p-value counts. What replicates share of the changes (``inherited``) is the mean
    product of the changes in two replicates, less the error of the share before the
    drug that both have in common; its interval comes from draws of clones.

    The state of a clone is the mean of its untreated cells, less the mean of their
    sample. State and change are ranked within strata of one sample and a like number
    of untreated cells (1, 2 to 3, 4 to 7, ...), and the changes are exchanged within
    these strata. Cells are never the unit: cells of one clone share its fate, and a
    test over cells finds an effect in 22% to 44% of simulated experiments without one
    (``benchmarks/lineages.md``).

    Parameters
    ----------
    adata
        Cells with lineage barcodes; scored by `dtpscore.tl.score` where the state
        before the drug shall be tested.
    lineage_key
        Column of ``obs`` with the barcodes. Missing values, ``NA``, ``none`` and the
        like are cells without a barcode.
    groupby, reference
        Column of ``obs`` with the groups, and the untreated group.
    sample_key
        Column of ``obs`` with the samples. Without it each group counts as one sample.
    batch_key
        Column of ``obs`` with the line or tumor. Clones of two batches are never the
        same clone.
    time_key
        Column of ``obs`` with the time on the drug. Each group at each time is an arm.
    cell_type_key, malignant
        Column of ``obs`` with cell types, and the type or types of malignant cells;
        other cells are left out.
    separator
        What stands between several barcodes of a cell. By default ``;``, ``,``, ``|``
        and spaces do.
    axes
        Axes to test as the state. By default all axes that are read as persister
        mechanisms, your own signatures, and the index where cells were called.
    scores_key
        The ``key_added`` of the scores.
    cycling_key, cycling, resting
        Column of ``obs`` that says which persisters cycle, and its values for cycling
        and for resting persisters, such as ``"sample_type"``, ``"14_low"`` and
        ``"14_high"``. By default the calls say it.
    n_permutations
        Permutations of the test of the state; that of cycling uses at most 1,999.
    seed
        Seed of the permutations and draws.
    key_added
        Key of the results, ``"dtp_lineages"`` by default.
    copy
        Return a copy with the results and leave ``adata`` as it is.

    Returns
    -------
    None, or the copy. ``obs["dtp_lineage"]`` holds the clone of each cell (its barcodes
    joined by ``+``, missing where it has none), and ``uns["dtp_lineages"]``:

    ``samples``
        Frame, one row per sample: ``n_cells``, ``n_with_clone``, ``n_empty``,
        ``n_several`` (several barcodes of one clone), ``n_unclear`` (barcodes of
        several clones), ``n_clones`` and ``effective_clones`` (how many clones of one
        size would be as diverse).
    ``clones``
        Frame, one row per clone and arm: ``n_before`` and ``n_after`` (cells),
        ``share_before``, ``share_after``, ``log2_change`` with the 95% interval ``low``
        to ``high``, ``pvalue`` and ``qvalue`` (Benjamini-Hochberg within the arm).
    ``arms``
        Frame, one row per arm: numbers of clones before, after, found again, grown and
        shrunken (q at or below 0.05), effective numbers, ``drift`` (variance of the log
        size between replicates), and ``inherited`` with ``inherited_low`` and
        ``inherited_high`` (variance of relative changes that replicates share).
    ``states``
        Frame, one row per arm and axis: ``n_clones``, ``rho`` (positive where clones
        that are high in it grew), ``pvalue``, ``qvalue``, and ``rho_size`` (how the
        axis goes with the size before the drug).
    ``cycling``
        Frame, one row per arm: see `dtpscore.get.lineages`.
    ``params``, ``methods``, ``messages``
        Options, and sentences.

    Raises
    ------
    DataError
        A column, group or axis does not exist.
    OptionError
        Options do not fit each other, or one is out of range.
    ResultError
        No clone is known both before the drug and in an arm.

    Warns
    -----
    InputWarning
        An arm has one sample only, so that the drift of clones is not known.

    See Also
    --------
    dtpscore.get.lineages : The frames.
    dtpscore.pl.lineages : A picture of them.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(
    ...     n_cells=900, n_genes=900, days=(14,), holiday_day=None, lineages=60
    ... )
    >>> dtp.tl.lineages(
    ...     adata, lineage_key="lineage", groupby="condition", reference="parental",
    ...     sample_key="sample", n_permutations=99,
    ... )
    >>> dtp.get.lineages(adata, kind="arms")["n_samples"].tolist()
    [3]
    """
    check_anndata(adata)
    options = LineageOptions(
        lineage_key=lineage_key,
        groupby=groupby,
        reference=label(reference),
        sample_key=sample_key,
        batch_key=batch_key,
        time_key=time_key,
        cell_type_key=cell_type_key,
        malignant=names(malignant),
        separator=separator,
        axes=names(axes),
        scores_key=scores_key,
        cycling_key=cycling_key,
        cycling=names(cycling),
        resting=names(resting),
        n_permutations=n_permutations,
        seed=seed,
        key_added=_keys.LINEAGES if key_added is None else key_added,
    )
    keys = DesignKeys.of(options)
    design = read_design(adata.obs, keys)
    texts = labels(adata.obs, options.lineage_key, "lineage barcodes").text
    state, features = _state(adata, options)
    persister, dividing = _cycling(adata, options)
    clones = clones_of(design, texts, options.separator)
    found = Cells(design, clones, state, features, persister, dividing)
    record = analyze(found, options)
    for text in record.messages:
        logger.info(text)
    target = writable(adata, copy=copy)
    column = pd.Categorical.from_codes(clones.code, list(clones.names))
    write(
        target,
        [
            Element("obs", _keys.lineage_column(options.key_added), column),
            Element("uns", options.key_added, record.to_uns()),
        ],
    )
    return target if copy else None
