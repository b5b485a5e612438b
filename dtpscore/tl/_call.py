"""``dtpscore.tl.call``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pandas as pd

from dtpscore._calling.design import Columns
from dtpscore._calling.options import CallOptions
from dtpscore._calling.run import call_matrix
from dtpscore._results.calls import call_elements, score_frame
from dtpscore._results.elements import Source, available, pick, writable, write
from dtpscore._results.lazy import numbers, unnamed_tables
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData

    from dtpscore._calling.given import ScoreFrame
    from dtpscore._types import Species


def _names(given: Any) -> tuple[str, ...]:
    """One name or several as texts, which is how groups of obs are compared."""
    one = isinstance(given, str) or not isinstance(given, Iterable)
    return (str(given),) if one else tuple(map(str, given))


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


def call(
    adata: AnnData,
    *,
    groupby: str,
    reference: str | None,
    sample_key: str | None = None,
    batch_key: str | None = None,
    pair_key: str | None = None,
    cell_type_key: str | None = None,
    malignant: str | Sequence[str] = (),
    holiday: str | Sequence[str] | None = None,
    days_key: str | None = None,
    survival: str | None = None,
    quality_key: str | None = None,
    min_genes: int = 100,
    max_mitochondrial: float = 0.3,
    alpha: float = 0.05,
    index: str = "dtp_consensus_no_cycle",
    exclude_studies: str | Sequence[str] = (),
    scores: str | None = None,
    components: bool = True,
    match_depth: bool = True,
    min_reference: int = 50,
    check_reference: bool = True,
    layer: str | None = None,
    use_raw: bool = False,
    gene_symbols: str | None = None,
    species: Species = "human",
    n_jobs: int | None = None,
    random_state: int = 0,
    quiet: bool = False,
    copy: bool = False,
) -> AnnData | None:
    """Call persister-like cells against the reference cells of the same experiment.

    A call from RNA is evidence against a reference, with its error rate; it is no
    diagnosis. Two quantities are kept apart. The *index* is a published list of
    genes, fixed beforehand and without cell-cycle genes. The *shift* is learned: how
    far a cell has left the reference samples of this experiment, over the mechanisms
    of the shipped signatures. A cell is called where the shift says so at the false
    discovery rate ``alpha``; it is called DTP-like where the index is up as well.

    The shift is calibrated by holding out each reference sample in turn and treating
    it exactly like the query (conformal p-values; Bates et al. 2023, Annals of
    Statistics; AdaDetect, Marandon et al. 2024, Annals of Statistics), followed by
    plain Benjamini-Hochberg over the cells of each group and batch. This is valid
    where a further untreated sample would differ from the reference samples as they
    differ from each other. The shift is the larger of two readings: a second
    population inside the samples, which no library effect can make, and a move of
    whole samples, which must exceed what one further library may differ. With two
    reference samples the second is weak; more reference samples are what raises it.

    With one reference sample a treatment cannot be told from a library. The learned
    shift is then stored as ``library_shift`` and makes no call; calls rest on the
    index alone. Without a reference the index ranks cells and nothing is called.

    Counts are thinned so that all libraries of a batch have the same distribution of
    depth before anything is scored. Features are z-scores of signatures against random
    genes of like expression in the same cell, standardized without regard to group.

    Signatures miss states that no list describes. So the reading inside samples also
    learns from 20 principal components of expression, but only where they pass a
    check: two populations are fitted to one half of the cells and must be 100 times as
    likely as one in the other half (universal inference; Wasserman, Ramdas and
    Balakrishnan 2020, PNAS 117:16880), both ways round and with each reference sample
    held out. Elsewhere the signatures alone make the calls.

    Parameters
    ----------
    adata
        Cells by genes with counts. Log-normalized values work without depth matching.
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
        Column with cell types, and those that are tumor cells. Only these are called.
    holiday
        Group sampled after the drug was withdrawn, or several, as a holiday and a
        relapse; adds the reversal tables. Each is compared with the reference and
        with the treated groups, which are all others.
    days_key
        Column with the days on drug. Before day 3 cells that will die and cells that
        will persist look alike, so no persister is named.
    survival
        How it is known that the treated cells survived, in words. Raises the evidence
        level; nothing is computed from it.
    quality_key
        Column that is true for cells that failed quality control.
    min_genes, max_mitochondrial
        Cells with fewer genes, or a larger share of counts in MT- genes, are of low
        quality, in every group alike.
    alpha
        False discovery rate.
    index
        Name of the shipped signature that serves as the index.
    exclude_studies
        Persister studies whose lists must not take part because the data are theirs,
        as ``hangauer2017``. With one study the consensus built without it is used.
    scores
        Frame in ``obsm`` to learn the shift from instead of control z-scores, such as
        ``"dtp_scores"`` (any method, own signatures). The index stays as it is. Depth
        is not matched in such a frame.
    components
        Let the shift learn from principal components of expression as well, in groups
        where cells that were not fitted show a second population. Not with ``scores``.
    match_depth
        Thin counts to a common depth.
    min_reference
        Usable reference cells that a batch needs.
    check_reference
        With three or more reference samples, also call each against the others; where
        more than ``alpha`` of their cells are called, all calls become uncertain.
    layer, use_raw, gene_symbols, species
        As in `dtpscore.tl.score`.
    n_jobs
        Threads for scoring; does not change a number.
    random_state
        Seed of thinning, choice of cells to fit, permutations and bootstrap. Draws
        depend on cell names, so the order of the cells changes nothing.
    quiet
        Do not print what the run can and cannot show.
    copy
        Return a copy with the calls and leave ``adata`` as it is.

    Returns
    -------
    None, or the copy. Written are:

    ``obs["dtp_call"]``
        Ordered categorical: ``low quality``, ``parental-like``, ``uncertain``,
        ``DTP-like cycling``, ``DTP-like``; missing for cells that take no part.
    ``obs["dtp_reason"]``
        Why, in words.
    ``obs["dtp_evidence"]``
        Evidence level of the call: E1 against reference cells, E2 calibrated on whole
        reference samples, E3 and ``survival`` is stated, E4 and the state reverts:
        treated cells differ surely from untreated ones on some axis, and over half of
        a holiday group is parental-like, in the interval over its samples too. E0
        without a reference. Missing for reference cells, which are not called, and for
        cells of low quality.
    ``obs["dtp_index"]``, ``obs["dtp_proliferation"]``
        float64, in robust standard deviations of the reference cells of the batch.
    ``obs["dtp_shift"]``
        float64, in standard deviations of held-out reference cells. With one
        reference sample ``obs["dtp_library_shift"]`` instead.
    ``obs["dtp_pvalue"]``, ``obs["dtp_qvalue"]``
        float64, for query cells.
    ``obsm["dtp_contributions"]``
        float32 frame, cells by axes: the part of the shift that each axis carries (of
        the library shift with one reference sample, which makes no call).
    ``obsm["dtp_call_axes"]``
        float32 frame, cells by axes: mean z of the axis, in robust standard deviations
        of the reference cells of the batch.
    ``uns["dtp_call"]``
        ``params``, ``calibrated``, ``evidence_level`` (E0 to E4) and its meaning;
        frames ``calibration`` (one row a group of a batch, with the smallest share
        that could be called, whether components were used, the log ratio that decides
        it and its threshold, and how much of the shift the signatures explain),
        ``reference_samples``, ``thresholds`` of each batch, ``samples``,
        ``conditions`` (share of DTP-like cells and mean index of each group, the
        sample as the unit), ``sample_tests`` (with the test that the design allowed),
        ``axes`` (direction found against the published one), ``vulnerabilities``,
        ``confounders``, ``coverage``; with a holiday group ``reversal`` (by axis, with
        a 95% interval over samples) and ``reversal_shares`` (parental-like, DTP-like
        and neither, with theirs), tumors or patients that have all three arms being
        compared within; and ``messages``.

    Raises
    ------
    DataError
        A column, group or layer does not exist; there are too few reference cells;
        values are negative; or too few genes of the index are in the data.
    SignatureError
        The index or an excluded study does not exist, or the index was made from it.
    OptionError
        A parameter is out of range or does not fit another one (a ValueError).

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=900, n_genes=5000, holiday_day=None)
    >>> dtp.tl.call(
    ...     adata, groupby="condition", reference="parental", sample_key="sample",
    ...     quiet=True,
    ... )
    >>> list(adata.obs["dtp_call"].cat.categories)
    ['low quality', 'parental-like', 'uncertain', 'DTP-like cycling', 'DTP-like']
    """
    source = Source(layer=layer, use_raw=use_raw, gene_symbols=gene_symbols)
    options = CallOptions(
        columns=Columns(
            groupby=groupby,
            reference=None if reference is None else str(reference),
            sample_key=sample_key,
            batch_key=batch_key,
            pair_key=pair_key,
            cell_type_key=cell_type_key,
            malignant=_names(malignant),
            quality_key=quality_key,
            days_key=days_key,
            holiday=() if holiday is None else _names(holiday),
        ),
        alpha=alpha,
        index=index,
        exclude_studies=_names(exclude_studies),
        components=components,
        match_depth=match_depth,
        min_reference=min_reference,
        min_genes=min_genes,
        max_mitochondrial=max_mitochondrial,
        check_reference=check_reference,
        survival=survival,
        species=species,
        n_jobs=n_jobs,
        random_state=random_state,
    )
    matrix, names = pick(adata, source)
    frame = _score_frame(adata, scores)
    target = writable(adata, copy=copy)
    result = call_matrix(matrix, names, target.obs, options, scores=frame)
    write(target, call_elements(result, source))
    if not quiet:
        print("\n".join(result.messages))
    return target if copy else None
