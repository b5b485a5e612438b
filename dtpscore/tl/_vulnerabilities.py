"""``dtpscore.tl.vulnerabilities``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dtpscore import _keys, get, signatures
from dtpscore._axes import PROLIFERATION
from dtpscore._calling.states import DTP_STATES
from dtpscore._design import DesignKeys, label, names, read_design
from dtpscore._log import logger
from dtpscore._options.vulnerabilities import VulnerabilityOptions
from dtpscore._results.elements import Element, Source, pick, writable, write
from dtpscore._results.scores import check_key, keys_of
from dtpscore._vulnerabilities.run import Input, look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData
    from numpy.typing import NDArray

    from dtpscore._types import Species


def _axes(
    adata: AnnData, key: str
) -> tuple[NDArray[np.float64] | None, tuple[str, ...]]:
    if key not in keys_of(adata):
        return None, ()
    frame = get.axes(adata, key=key)
    known = signatures.axes()
    kept = frame[[one for one in frame if one in known]]
    return kept.to_numpy(dtype=np.float64), tuple(map(str, kept))


def _called(adata: AnnData) -> NDArray[np.bool_] | None:
    if _keys.CALL not in adata.obs:
        return None
    state = adata.obs[_keys.CALL].astype(str)
    return np.asarray(state.isin(DTP_STATES), dtype=bool)


def vulnerabilities(
    adata: AnnData,
    *,
    groupby: str,
    reference: str,
    sample_key: str | None = None,
    batch_key: str | None = None,
    pair_key: str | None = None,
    cell_type_key: str | None = None,
    malignant: str | Sequence[str] | None = None,
    holiday: str | Sequence[str] | None = None,
    context: str | Sequence[str] | None = None,
    drugs: Any = None,
    cells: Literal["called", "all"] = "called",
    layer: str | None = None,
    use_raw: bool = False,
    gene_symbols: str | None = None,
    species: Species = "human",
    scores_key: str = _keys.SCORES,
    alpha: float = 0.05,
    key_added: str | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Hold published vulnerabilities of persisters against each arm or patient.

    For each arm it is asked which axes moved, whether the genes of each published
    target are expressed in the called cells, and what contradicts the publication here.
    Rows are ordered by that evidence. The order is no recommendation: expression is
    not dependency, and most rows come from cultured cells.

    Samples are the unit of every test. An axis is the mean of the cells of a sample in
    standard deviations of the untreated cells. A target gene is compared in profiles of
    samples, with variances moderated over genes (Smyth 2004,
    doi:10.2202/1544-6115.1027). With one sample in each arm the differences are shown
    and nothing is tested.

    Signatures of drugs of your own (genes that a drug raises and lowers, made elsewhere
    from DepMap, LINCS or an experiment) are tested for reversal: whether treated
    samples have less of the drug's up genes and more of its down genes than untreated
    ones, each gene against genes of like expression.

    Parameters
    ----------
    adata
        Cells by genes, best raw counts, with scores and calls where they shall be used.
    groupby, reference
        Column of ``obs`` with the groups, and the untreated group.
    sample_key
        Column of ``obs`` with the samples. Without it each group is one sample.
    batch_key
        Column of ``obs`` with the patient, tumor or line. Each is looked at by itself.
    pair_key
        Column of ``obs`` with the patient that links samples before and after, so that
        patients are compared with themselves.
    cell_type_key, malignant
        Column of ``obs`` with cell types, and the type or types of malignant cells;
        other cells are left out.
    holiday
        Groups off the drug, which are left out.
    context
        Tumor, drug class or both, as for `dtpscore.signatures.direction`. A move
        against the published contrasts of this context is said.
    drugs
        Signatures of drugs in any form that `dtpscore.signatures.resolve` takes: a GMT
        file with ``NAME_UP`` and ``NAME_DN``, or ``{"name": {"up": [...], "down":
        [...]}}``.
    cells
        ``"called"`` shows target genes in DTP-like cells where there are calls and at
        least 10 such cells in the arm, ``"all"`` in all treated cells.
    layer
        Layer to use instead of ``X``.
    use_raw
        Use ``adata.raw`` instead of ``X``.
    gene_symbols
        Column of ``var`` (of ``raw.var`` with ``use_raw``) that holds the gene names.
    species
        Species of the data.
    scores_key
        The ``key_added`` of the scores whose axes are read.
    alpha
        False discovery rate at which an axis, a gene or a drug signature moved.
    key_added
        Key of the results, ``"dtp_vulnerabilities"`` by default.
    copy
        Return a copy with the results and leave ``adata`` as it is.

    Returns
    -------
    None, or the copy. ``uns["dtp_vulnerabilities"]`` holds:

    ``table``
        Frame, one row per arm and published vulnerability, the best supported first:
        ``rank`` (equal where nothing tells rows apart), ``batch``, ``group``, the
        columns of `dtpscore.signatures.vulnerabilities`, ``axis_state``,
        ``axis_difference`` (in SD), ``target_state``, ``speaks_for`` and
        ``speaks_against``.
    ``axes``
        Frame, one row per arm and axis: ``n_samples``, ``difference`` with the 95%
        interval ``low`` to ``high`` in standard deviations of untreated cells,
        ``pvalue``, ``qvalue``.
    ``genes``
        Frame, one row per arm and target gene: ``symbol``, ``gene`` (its name in the
        data), ``cells`` (``called`` or ``all``), ``n_samples``, ``cpm`` (counts per
        million in these cells, NaN where the values are no counts), ``difference``
        (log2) with ``low`` and ``high``, ``pvalue``, ``qvalue`` over target genes.
    ``drugs``
        Frame, one row per arm and drug signature, where some are given: ``drug``,
        ``n_up``, ``n_down``, ``difference`` (below 0: reversed), ``low``, ``high``,
        ``pvalue``, ``qvalue`` and ``reading``.
    ``params``, ``methods``, ``messages``
        Options, and sentences.

    Raises
    ------
    DataError
        The matrix, a column or a group does not exist, or the values are scaled.
    OptionError
        A parameter is out of range.
    ResultError
        No batch has both untreated and treated cells.
    SignatureError
        The drug signatures cannot be read, or nothing is published of ``context``.

    Warns
    -----
    InputWarning
        There are too few samples for a test.

    See Also
    --------
    dtpscore.get.vulnerabilities : The frames.
    dtpscore.pl.vulnerabilities : A picture of them.

    Notes
    -----
    pertpy annotates genes with the compounds that target them. The target genes go
    there as the genes of an AnnData without cells::

        genes = dtp.get.vulnerabilities(adata, kind="genes")
        found = AnnData(var=genes.drop_duplicates("symbol").set_index("symbol"))
        pertpy.metadata.Drug().annotate(found, source="chembl")
        found.var["compounds"]

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=900, n_genes=5000, seed=0)
    >>> dtp.tl.score(adata)
    >>> dtp.tl.vulnerabilities(
    ...     adata, groupby="condition", reference="parental", sample_key="sample",
    ...     holiday="holiday",
    ... )
    >>> sorted(set(dtp.get.vulnerabilities(adata)["group"]))
    ['treated']
    """
    source = Source(layer=layer, use_raw=use_raw, gene_symbols=gene_symbols)
    options = VulnerabilityOptions(
        groupby=groupby,
        reference=label(reference),
        sample_key=sample_key,
        batch_key=batch_key,
        pair_key=pair_key,
        cell_type_key=cell_type_key,
        malignant=names(malignant),
        holiday=names(holiday),
        context=names(context),
        drugs=drugs,
        cells=cells,
        layer=layer,
        use_raw=use_raw,
        gene_symbols=gene_symbols,
        species=species,
        scores_key=scores_key,
        alpha=alpha,
        key_added=_keys.VULNERABILITIES if key_added is None else key_added,
    )
    check_key(options.key_added)
    if options.context:
        # It refuses a context of which nothing is published before any work.
        signatures.direction(PROLIFERATION, options.context)
    matrix, genes = pick(adata, source)
    keys = DesignKeys.of(options)
    axes, axis_names = _axes(adata, options.scores_key)
    chosen = () if drugs is None else signatures.resolve(drugs, gene_names=genes)
    data = Input(
        matrix=matrix,
        genes=genes,
        design=read_design(adata.obs, keys),
        axes=axes,
        axis_names=axis_names,
        called=_called(adata),
        drugs=tuple(chosen),
    )
    record = look(data, options)
    for text in record.messages[1:]:
        logger.info(text)
    target = writable(adata, copy=copy)
    write(target, [Element("uns", options.key_added, record.to_uns())])
    return target if copy else None
