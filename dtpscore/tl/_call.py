"""``dtpscore.tl.call``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from dtpscore import _keys
from dtpscore._calling.run import call_matrix
from dtpscore._deprecated import renamed
from dtpscore._design import label, names
from dtpscore._log import logger
from dtpscore._options.call import CallOptions
from dtpscore._results.calls import call_elements, score_frame
from dtpscore._results.elements import Source, available, pick, profile, writable, write
from dtpscore._results.lazy import numbers, unnamed_tables
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from anndata import AnnData

    from dtpscore._calling.own_scores import ScoreFrame
    from dtpscore._types import Species
    from dtpscore.signatures import Signature


def _score_frame(adata: AnnData, key: str | None) -> ScoreFrame | None:
    """Take a score frame from ``obsm``, with the axes of its signatures if known."""
    if key is None:
        return None
    lazy = unnamed_tables(adata)
    if key in lazy:
        own, kind = lazy[key]
        return score_frame(key, numbers(adata, [own], [kind])[own][kind], adata.uns)
    frames = [n for n in adata.obsm if isinstance(adata.obsm[n], pd.DataFrame)]
    if key not in frames:
        msg = (
            f"obsm has no score frame {key!r}. Frames there are: "
            f"{available([*frames, *lazy])}. "
            "Run dtpscore.tl.score first, or leave scores out."
        )
        raise DataError(msg)
    return score_frame(key, adata.obsm[key], adata.uns)


@renamed(days_key="time_key", random_state="seed", quiet=None)
def call(
    adata: AnnData,
    *,
    groupby: str,
    reference: str | None,
    sample_key: str | None = None,
    batch_key: str | None = None,
    pair_key: str | None = None,
    cell_type_key: str | None = None,
    malignant: str | Sequence[str] | None = (),
    holiday: str | Sequence[str] | None = (),
    time_key: str | None = None,
    survival: str | None = None,
    quality_key: str | None = None,
    clone_key: str | None = None,
    ambient_key: str | None = None,
    min_genes: int = 100,
    max_mitochondrial: float = 0.3,
    alpha: float = 0.05,
    index: str
    | Signature
    | Sequence[str]
    | Mapping[str, Any] = "dtp_consensus_no_cycle",
    exclude_studies: str | Sequence[str] | None = (),
    scores: str | None = None,
    components: bool = True,
    match_depth: bool = True,
    min_reference: int = 50,
    check_reference: bool = True,
    check_replicates: bool = True,
    check_stability: bool = False,
    layer: str | None = None,
    use_raw: bool = False,
    gene_symbols: str | None = None,
    species: Species = "human",
    n_jobs: int | None = None,
    seed: int = 0,
    key_added: str = _keys.CALL,
    copy: bool = False,
) -> AnnData | None:
    """Call persister-like cells against the reference cells of the same experiment.

    A call from RNA is evidence against a reference and no diagnosis. Three claims are
    kept apart. *The group moved* is about samples: size, interval and p-value of the
    difference of the arms over all signatures (``move`` in the calibration). *This cell
    moved* is about cells: the *shift* is learned and says how far a cell has left the
    reference samples of this experiment, and a cell is called where it says so at the
    false discovery rate ``alpha``. *It looks like a persister* is the name: called
    cells are DTP-like where the lists of at least three of four published studies of
    persisters and the *index* (genes that studies agree on, without cell-cycle genes)
    rise in them beyond what division, handling stress, hypoxia and interferon explain;
    else they are shifted. ``error_rate`` in the record says how often shifts that are
    no persisters are named.

    The shift is calibrated by holding out each reference sample in turn and treating
    it exactly like the query (conformal p-values; Bates et al. 2023, Annals of
    Statistics; AdaDetect, Marandon et al. 2024, Annals of Statistics). Plain
    Benjamini-Hochberg over the cells of each group and batch follows. This is valid
    where a further untreated sample would differ from the reference samples as they
    and public replicate libraries differ from each other. The shift is the larger of
    two readings. One is a second population inside the samples, which no library effect
    can make. The other is a move of whole samples, which must exceed what one further
    library may differ (``tolerance``). This is read from the reference samples and
    drawn toward public replicate libraries, which are worth less than one reference
    sample (Smyth 2004, Statistical Applications in Genetics and Molecular Biology).
    Replicates of the group are used as well where they narrow it.

    Every sample counts the same in the fits, whatever the number of its cells. With
    more than six reference samples, several are held out at a time.

    With one reference sample a treatment cannot be told from a library. Its halves are
    then held out in turn, and only second populations inside samples are called: this
    is blind to a move of the whole sample, so all other cells are not decided. Without
    a reference the index ranks cells and nothing is called.

    Counts are thinned so that all libraries of a batch have the same distribution of
    depth before anything is scored. Counts with decimals (SoupX, DecontX, RSEM, alevin)
    are counts and are rounded before they are thinned. Features are z-scores of
    signatures against random genes of like expression in the same cell, standardized
    without regard to group.

    Signatures miss states that no list describes. So the reading inside samples also
    learns from 20 principal components of expression, but only where they pass a
    check: two populations are fitted to one half of the cells and must be 100 times as
    likely as one in the other half (universal inference; Wasserman, Ramdas and
    Balakrishnan 2020, PNAS 117:16880), both ways round and with each reference sample
    held out. Elsewhere the signatures alone make the calls.

    Parameters
    ----------
    adata
        Cells by genes with counts. Normalized values (TPM) and log values work without
        depth matching; scaled values are refused.
    groupby
        Column of ``obs`` with the conditions.
    reference
        The untreated condition; None to rank by the index without calls.
    sample_key
        Column with the library. Without it each group counts as one library.
    batch_key
        Column with the tumor, line or batch. Each is called against its own reference.
    pair_key
        Column with the patient, for samples before and after; ``batch_key`` by default.
    cell_type_key, malignant
        Column with cell types, and those that are malignant cells. Only these cells are
        called.
    holiday
        Group sampled after the drug was withdrawn, or several, as a holiday and a
        relapse. Each is compared with the reference and with the treated groups, which
        are all others.
    time_key
        Column with the time on drug: numbers of days, or texts such as ``"d3"`` and
        ``"72h"``. Before day 3 cells that will die and cells that will persist look
        alike, so no persister is named.
    survival
        How it is known that the treated cells survived, in words. It raises the
        evidence level; nothing is computed from it.
    quality_key
        Column that is true for cells that failed quality control.
    clone_key
        Column with the clone of each cell, one name per cell: a lineage barcode, a
        cluster of copy number, or the ``dtp_lineage`` of `dtpscore.tl.lineages` where
        cells hold several barcodes. Clones make no call. They say whether the called
        cells can have been there before treatment.
    ambient_key
        Column of ``var`` with the profile of empty droplets (counts, or shares as
        CellBender stores them). Ambient RNA makes no call. It is compared between
        called cells and untreated samples, and a message says where it can explain
        calls. A profile that is mostly RNA of the called cells themselves says nothing.
        Other cell types of the data are such a profile, too, where ``malignant`` is
        given.
    min_genes, max_mitochondrial
        Cells with fewer genes, or a larger share of counts in MT- genes, are of low
        quality, in every group alike.
    alpha
        False discovery rate.
    index
        Signature that serves as the index: the name of a shipped one, or one of your
        own in any form that `dtpscore.signatures.resolve` reads (a `Signature`, a list
        of genes, a dictionary of genes, a file).
    exclude_studies
        Persister studies whose lists must not take part because the data are theirs,
        such as ``"hangauer2017"``, and whose contrasts must not vote about the
        direction of an axis, such as ``"stauffer2024"``. With one study of the
        consensus, the consensus built without it is used.
    scores
        Frame in ``obsm`` to learn the shift from instead of control z-scores, such as
        ``"dtp_scores"`` (any method, own signatures). The index stays as it is. Depth
        is not matched in such a frame.
    components
        Let the shift learn from principal components of expression as well, in groups
        where cells that were not fitted show a second population. They are not used
        with ``scores``.
    match_depth
        Thin counts to a common depth.
    min_reference
        Usable reference cells that a batch needs.
    check_reference
        With three or more reference samples, also call each against the others. Where
        more than ``alpha`` of their cells are called, all calls become uncertain.
    check_replicates
        Compare the samples of each arm, and count those that differ no more than parts
        of one library do (lanes, technical repeats) as one sample. It needs counts.
    check_stability
        Call each group four times more, each time without another quarter of the cells
        of every sample, and say between what shares the calls change. This takes about
        four times as long. Without it, the shares that would be called at a fifth
        and at twice ``alpha`` say whether the calls lie on an edge, where a few cells
        decide.
    layer, use_raw, gene_symbols, species
        As in `dtpscore.tl.score`.
    n_jobs
        Threads; they do not change a number.
    seed
        Seed of thinning, choice of cells to fit, permutations and bootstrap. Draws
        depend on cell names, so the order of the cells changes nothing.
    key_added
        Name under which the calls are stored. With another name than the default, it
        replaces ``dtp_call``, and ``dtp`` in the other names.
    copy
        Return a copy with the calls and leave ``adata`` as it is.

    Returns
    -------
    None, or the copy. Written are:

    ``obs["dtp_call"]``
        Ordered categorical of the states that occur, among ``low quality``,
        ``not decided`` (the experiment cannot tell), ``parental-like`` (within the
        range of the reference), ``uncertain`` (the reference samples differ too much),
        ``shifted`` (left that range), ``DTP-like cycling`` and ``DTP-like`` (left it as
        published persisters do); missing for cells that take no part. Their colors are
        in ``uns["dtp_call_colors"]``.
    ``obs["dtp_reason"]``
        The reason for the state, in words.
    ``obs["dtp_evidence"]``
        Evidence level of the call, an ordered categorical of the levels that occur: E0
        without a reference, E1 against reference cells, E2 calibrated on whole
        reference samples, E3 and ``survival`` is stated, E4 and the state reverts. It
        reverts where treated cells differ surely from untreated ones on some axis, and
        over half of a holiday group, and more than of the treated cells, is
        parental-like, in the interval over its samples too. Missing for reference
        cells, which are not called, and for cells of low quality.
    ``obs["dtp_index"]``, ``obs["dtp_proliferation"]``
        float64, in robust standard deviations of the reference cells of the batch.
    ``obs["dtp_shift"]``
        float64, in standard deviations of held-out reference cells. With one
        reference sample it is read inside samples alone, and
        ``obs["dtp_library_shift"]`` ranks the cells by the difference of the libraries,
        which makes no call.
    ``obs["dtp_pvalue"]``, ``obs["dtp_qvalue"]``
        float64, for query cells.
    ``obsm["dtp_contributions"]``
        float32 frame, cells by axes: the part of the shift that each axis carries.
        Default and optional signatures of an axis count.
    ``obsm["dtp_call_axes"]``
        float32 frame, cells by axes: the mean z of the default signatures of the axis,
        in robust standard deviations of the reference cells of the batch.
    ``uns["dtp_call"]``
        The record: ``params``, ``matrix_values`` (what the values are taken for),
        ``calibrated``, ``evidence_level`` (E0 to E4) and its meaning, ``error_rate``
        (what is known of the share of wrong calls, in words), ``methods`` (sentences
        for a methods section) and ``messages``; the frames ``calibration`` (one row per
        group of a batch, with the smallest share that could be called, whether
        components were used, the log ratio that decides it and its threshold, and how
        much of the shift the signatures explain), ``reference_samples``, ``thresholds``
        of each batch, ``samples``, ``conditions`` (share of DTP-like cells and mean
        index of each group, the sample as the unit), ``sample_tests`` (with the test
        that the design allowed), ``axes`` (direction found against the published one),
        ``vulnerabilities`` and ``coverage``. Where cells were called, there
        is ``other_causes``: handling stress, dying cells and foreign RNA in called,
        untreated and other treated cells. With ``clone_key`` there is ``clones``:
        one row per clone of the called cells, with its share before treatment, the
        interval of it, and its change. With a holiday group there are
        ``returned`` (the measure of return: the share of its cells that stay
        parental-like, with a 95% interval over samples) and, as a supplement,
        ``reversal`` (by axis) and ``reversal_shares`` (by distance over all axes).
        Entries that a call cannot have are absent.

    Raises
    ------
    DataError
        A column, group or layer does not exist; there are too few reference cells;
        values are negative; or too few genes of the index are in the data.
    SignatureError
        The index or an excluded study does not exist, or the index was made from it.
    OptionError
        A parameter is out of range or does not fit another one (a ValueError).

    See Also
    --------
    dtpscore.get.calls : The calls as a frame.
    dtpscore.get.samples : Cells of each call in each sample.
    dtpscore.get.calibration : What the calls rest on.
    dtpscore.pl.shares : Shares of called cells over time.
    dtpscore.pl.decision : What decided over each cell.
    dtpscore.tl.compare : What differs between the arms, with samples as the unit.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> dtp.settings.verbosity = "warning"
    >>> adata = dtp.datasets.simulate(n_cells=900, n_genes=5000, holiday_day=None)
    >>> dtp.tl.call(
    ...     adata, groupby="condition", reference="parental", sample_key="sample"
    ... )
    >>> adata.uns["dtp_call"]["evidence_level"]
    'E2'
    >>> dtp.settings.verbosity = "info"
    """
    options = CallOptions(
        groupby=groupby,
        reference=None if reference is None else label(reference),
        sample_key=sample_key,
        batch_key=batch_key,
        pair_key=pair_key,
        cell_type_key=cell_type_key,
        malignant=names(malignant),
        holiday=names(holiday),
        time_key=time_key,
        survival=survival,
        quality_key=quality_key,
        clone_key=clone_key,
        ambient_key=ambient_key,
        min_genes=min_genes,
        max_mitochondrial=max_mitochondrial,
        alpha=alpha,
        index=index,
        exclude_studies=names(exclude_studies),
        scores=scores,
        components=components,
        match_depth=match_depth,
        min_reference=min_reference,
        check_reference=check_reference,
        check_replicates=check_replicates,
        check_stability=check_stability,
        layer=layer,
        use_raw=use_raw,
        gene_symbols=gene_symbols,
        species=species,
        n_jobs=n_jobs,
        seed=seed,
        key_added=key_added,
    )
    source = Source(layer, use_raw, gene_symbols)
    matrix, genes = pick(adata, source)
    ambient = None if ambient_key is None else profile(adata, source, ambient_key)
    frame = _score_frame(adata, scores)
    target = writable(adata, copy=copy)
    result = call_matrix(
        matrix, genes, target.obs, options, scores=frame, ambient=ambient
    )
    write(target, call_elements(result, key_added))
    for message in result.record.messages:
        logger.info(message)
    return target if copy else None
