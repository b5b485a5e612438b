"""``dtpscore.tl.compare``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from dtpscore import _keys, get, signatures
from dtpscore._axes import PROLIFERATION
from dtpscore._compare.run import compare_arms, compare_genes
from dtpscore._design import DesignKeys, label, labels, names, read_design
from dtpscore._log import logger
from dtpscore._options.compare import CompareOptions
from dtpscore._results.elements import (
    Element,
    Source,
    check_anndata,
    pick,
    writable,
    write,
)
from dtpscore._results.scores import check_key
from dtpscore.get._records import call_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData
    from numpy.typing import NDArray


def compare(
    adata: AnnData,
    *,
    groupby: str,
    reference: str,
    sample_key: str | None = None,
    pair_key: str | None = None,
    batch_key: str | None = None,
    cell_type_key: str | None = None,
    malignant: str | Sequence[str] | None = None,
    context: str | Sequence[str] | None = None,
    exclude_studies: str | Sequence[str] | None = None,
    features: str | Sequence[str] = "axes",
    covariates: str | Sequence[str] | None = None,
    within: Literal["cycling"] | None = None,
    layer: str | None = None,
    use_raw: bool = False,
    gene_symbols: str | None = None,
    scores_key: str = _keys.SCORES,
    calls_key: str = _keys.CALL,
    alpha: float = 0.05,
    key_added: str | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Compare axes or genes between every arm and the reference, samples as the unit.

    The cells of a sample are averaged, and the sample counts once, whatever the number
    of its cells. Differences are in standard deviations of the reference cells. With
    few samples the variance between samples is hardly known, so it is moderated over
    the axes. Each difference is held against the direction that published contrasts of
    persisters have in this context.

    A p-value needs two samples of the arm and two of the reference, or two pairs. With
    fewer samples the differences are shown without a p-value, and the result says so.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.score` has scored. Scores of signatures of your own are
        compared as the axes are.
    groupby, reference
        Column of ``obs`` with the groups, and the untreated group. Every other group is
        an arm.
    sample_key
        Column of ``obs`` with the samples. Without it each group is one sample.
    pair_key
        Column of ``obs`` with the patient that links samples before and after. Where
        two patients or more have both arms, patients are compared with themselves, and
        samples without a partner are left out.
    batch_key
        Column of ``obs`` with the patient, tumor or line. Each is looked at by itself,
        unless ``pair_key`` names the same column: the batches are then the pairs.
    cell_type_key, malignant
        Column of ``obs`` with cell types, and the type or types of malignant cells;
        other cells are left out.
    context
        Tumor, drug class or both, as for `dtpscore.signatures.direction`.
    exclude_studies
        Studies that have no vote on the published direction, such as the study that the
        data come from.
    features
        What is compared: ``"axes"`` (by default), ``"genes"``, or names of genes. The
        variances of named genes are moderated over all genes, and the false discovery
        rate is that over the named ones.
    covariates
        Columns of ``obs`` with one value per sample, numbers or categories, such as
        the batch of sequencing. The linear model takes them into account. They are
        refused where they change with the arm, or leave no degree of freedom.
    within
        ``"cycling"`` compares cycling with resting persisters of each arm instead of
        the arms, paired within samples. The calls say which persisters cycle.
    layer, use_raw
        Use this layer, or ``raw``, instead of ``X``, where genes are compared.
    gene_symbols
        Column of ``var`` that holds the gene names.
    scores_key
        The ``key_added`` of the scores whose axes are compared.
    calls_key
        The ``key_added`` of the calls, for ``within``.
    alpha
        False discovery rate at which an axis is said to differ.
    key_added
        Key of the results, ``"dtp_compare"`` by default.
    copy
        Return a copy with the results and leave ``adata`` as it is.

    Returns
    -------
    None, or the copy. ``uns["dtp_compare"]`` holds:

    ``axes``
        Frame, one row per arm and axis (or gene): ``batch`` (``all`` where arms are not
        compared by batch), ``group``, ``axis``, ``n_samples``, ``n_reference``,
        ``difference`` (arm less reference, in standard deviations of the reference
        cells, of genes in log2 counts per million) with the 95% interval ``low`` to
        ``high``, ``pvalue``, ``qvalue`` (over the axes or genes of the arm),
        ``verdict`` (``higher``, ``lower``, ``no difference is shown`` or ``not
        tested``), ``published`` (``up``, ``down``, ``two-sided``; empty for signatures
        of your own), ``agreement`` (``as published``, ``against the published
        direction``, ``no direction is published``; empty where no difference is shown)
        and ``published_in_words``. An axis that does not vary in the reference cells
        has no row.
    ``arms``
        Frame, one row per arm: ``n_samples``, ``n_reference``, ``n_pairs``,
        ``n_cells``, ``freedom``, ``method`` and ``note``, what the samples allow in
        words.
    ``samples``
        Frame, one row per arm, sample and axis: ``sample``, ``pair``,
        ``is_reference``, ``n_cells`` and ``mean``. Of genes it holds the 200 of each
        arm with the smallest p-values.
    ``unit``, ``contrast``
        Unit of the differences, and what was subtracted.
    ``params``, ``methods``, ``messages``
        Options, and sentences.

    Raises
    ------
    DataError
        There are no scores or calls, a column, group or gene does not exist, or a
        covariate has no value or several values in a sample.
    OptionError
        A parameter is out of range.
    ResultError
        No batch has cells of the reference and of another group, no axis varies in the
        reference cells, covariates change with the arm or leave no degree of freedom,
        or fewer than three samples have ten cycling and ten resting persisters.
    SignatureError
        Nothing is published of ``context``, or a study to leave out is not known.

    See Also
    --------
    dtpscore.get.compare : The frames.
    dtpscore.pl.compare : A picture of them.

    Notes
    -----
    The test is the t test with variances moderated over axes (Smyth 2004,
    doi:10.2202/1544-6115.1027). How strongly is taken from public replicate libraries
    and not fitted to the few samples at hand. With fewer than 10 axes it is the plain t
    test. Of genes, counts are summed per sample and brought to log2 counts per million,
    and the moderation is fitted to the genes, among genes of like expression, because
    the variance of log counts falls with it (as limma-trend does; Law et al. 2014,
    doi:10.1186/gb-2014-15-2-r29). Cycling persisters were found to hold up antioxidant
    and fatty acid programs (Oren et al. 2021, doi:10.1038/s41586-021-03796-6); this
    stands as the published direction of these axes with ``within="cycling"``. Cells
    are split by division there, so that axes of division differ by construction.
    Samples with fewer than 10 cells are left out where their arm has larger ones.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=900, n_genes=5000, seed=0)
    >>> dtp.tl.score(adata)
    >>> dtp.tl.compare(
    ...     adata, groupby="condition", reference="parental", sample_key="sample"
    ... )
    >>> dtp.get.compare(adata, kind="arms")["method"].tolist()
    ['moderated t test', 'moderated t test']

    Genes are compared the same way:

    >>> dtp.tl.compare(
    ...     adata, groupby="condition", reference="parental", sample_key="sample",
    ...     features="genes", key_added="genes",
    ... )
    >>> list(dtp.get.compare(adata, key="genes"))[2:6]
    ['axis', 'n_samples', 'n_reference', 'difference']
    """
    check_anndata(adata)
    options = CompareOptions(
        groupby=groupby,
        reference=label(reference),
        sample_key=sample_key,
        pair_key=pair_key,
        batch_key=batch_key,
        cell_type_key=cell_type_key,
        malignant=names(malignant),
        context=names(context),
        exclude_studies=names(exclude_studies),
        features=names(features),
        covariates=names(covariates),
        within=within,
        layer=layer,
        use_raw=use_raw,
        gene_symbols=gene_symbols,
        scores_key=scores_key,
        calls_key=calls_key,
        alpha=alpha,
        key_added=_keys.COMPARE if key_added is None else key_added,
    )
    check_key(options.key_added)
    # A context or a study of which nothing is published is refused before any work.
    signatures.direction(
        PROLIFERATION, options.context or None, without=options.exclude_studies
    )
    design = read_design(adata.obs, DesignKeys.of(options))
    state = _states(adata, options)
    if options.by_genes:
        source = Source(layer=layer, use_raw=use_raw, gene_symbols=gene_symbols)
        matrix, genes = pick(adata, source)
        record = compare_genes(
            design, matrix, genes, options, obs=adata.obs, state=state
        )
    else:
        frame = get.axes(adata, key=options.scores_key)
        record = compare_arms(
            design,
            frame.to_numpy(dtype=np.float64),
            [str(name) for name in frame.columns],
            options,
            obs=adata.obs,
            state=state,
        )
    for text in record.messages:
        logger.info(text)
    target = writable(adata, copy=copy)
    write(target, [Element("uns", options.key_added, record.to_uns())])
    return target if copy else None


def _states(adata: AnnData, options: CompareOptions) -> NDArray[np.str_] | None:
    """States of the calls, where cycling persisters are compared.

    Raises
    ------
    DataError
        The cells were not called.
    """
    if options.within is None:
        return None
    call_record(adata, options.calls_key)
    return labels(adata.obs, options.calls_key, "calls").text
