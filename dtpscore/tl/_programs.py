"""``dtpscore.tl.programs``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtpscore import _keys
from dtpscore._design import DesignKeys, label, names, read_design
from dtpscore._log import logger
from dtpscore._options.programs import ProgramsOptions
from dtpscore._programs.known import studies_named
from dtpscore._programs.run import nearest_programs
from dtpscore._results.elements import Element, Source, pick, writable, write
from dtpscore._results.scores import check_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData

    from dtpscore._types import Species


def programs(
    adata: AnnData,
    *,
    groupby: str,
    reference: str,
    sample_key: str | None = None,
    pair_key: str | None = None,
    batch_key: str | None = None,
    cell_type_key: str | None = None,
    malignant: str | Sequence[str] | None = None,
    exclude: str | Sequence[str] | None = None,
    layer: str | None = None,
    use_raw: bool = False,
    gene_symbols: str | None = None,
    species: Species = "human",
    n_permutations: int = 999,
    alpha: float = 0.05,
    seed: int = 0,
    key_added: str | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Say which published program the contrast of each arm is nearest.

    Every arm is compared with the reference, samples as the unit, and the contrast is
    held against published contrasts of persisters and against programs that are no
    persistence: arrest of the cell cycle, starvation, stress, interferon, differences
    between lines, and stable resistance. The nearest program of persisters is only
    called nearer than the others where the samples show it.

    Most programs are gene lists with signs, because that is what papers print. Some
    contrasts were measured from counts, melanoma and leukemia among them. Of these the
    package ships how well each signature tells the two sides apart, and the comparison
    is over signatures. The two kinds of comparison are ranked by themselves.

    Parameters
    ----------
    adata
        Cells (or bulk samples) by genes, best raw counts.
    groupby, reference
        Column of ``obs`` with the groups, and the untreated group. Every other group is
        an arm.
    sample_key
        Column of ``obs`` with the samples. Without it each group is one sample, and
        there is no interval.
    pair_key
        Column of ``obs`` with the patient that links samples before and after. Where
        two patients or more have both arms, patients are compared with themselves.
    batch_key
        Column of ``obs`` with the patient, tumor or line. Each is looked at by itself,
        unless ``pair_key`` names the same column.
    cell_type_key, malignant
        Column of ``obs`` with cell types, and the type or types of malignant cells;
        other cells are left out.
    exclude
        Studies (``"stauffer2024"``), signatures (``"dtp_rehman2021_crc"``) or measured
        contrasts (``"A375"``) that take no part, such as those of the data. By default
        those of the studies that ``uns["source"]`` or `dtpscore.datasets.load` names;
        ``()`` leaves out none.
    layer, use_raw
        Use this layer, or ``raw``, instead of ``X``.
    gene_symbols
        Column of ``var`` that holds the gene names.
    species
        Species of the data.
    n_permutations
        How often genes are dealt anew for the p-values of measured contrasts.
    alpha
        False discovery rate at which a program is near.
    seed
        Seed of the draw.
    key_added
        Key of the results, ``"dtp_programs"`` by default.
    copy
        Return a copy with the results and leave ``adata`` as it is.

    Returns
    -------
    None, or the copy. ``uns["dtp_programs"]`` holds:

    ``table``
        Frame, one row per arm and program: ``batch`` (``all`` where arms are not
        compared by batch), ``group``, ``by`` (``gene list`` or ``measured contrast``),
        ``program``, ``kind`` (``persister``, ``cycle arrest``, ``starvation``,
        ``stress``, ``interferon``, ``line``, ``stable resistance``), ``title``,
        ``studies``, ``can_be_nearest`` (false where neither line nor drug of a contrast
        is known), ``n_shared`` (genes of the list, or signatures, that both have),
        ``correlation`` (from -1 to 1) with the 95% interval ``low`` to ``high`` over
        samples, ``pvalue``, ``qvalue`` (over the programs of the arm with the same
        ``by``) and ``rank``.
    ``nearest``
        Frame, one row per arm and ``by``: ``nearest`` (program of persisters),
        ``correlation``, ``other``, ``other_kind``, ``other_correlation``,
        ``difference`` with its interval ``low`` to ``high``, ``verdict`` (``persisters
        are nearer``, ``persisters are not nearer``, ``no persister program is near`` or
        ``not tested``) and ``sentence``.
    ``arms``
        Frame, one row per arm: ``n_samples``, ``n_reference``, ``n_pairs``,
        ``n_genes``, ``has_interval`` and ``note``.
    ``left_out``, ``params``, ``methods``, ``messages``
        What took no part, options, and sentences.

    Raises
    ------
    DataError
        A column, group, layer or gene does not exist, or the values cannot be compared.
    OptionError
        A parameter is out of range.
    ResultError
        No batch has cells of the reference and of another group, or no program of
        persisters has half or 25 of its genes in the data.
    SignatureError
        An entry of ``exclude`` is neither a program nor a study.

    Warns
    -----
    InputWarning
        The values are of an unclear kind.

    See Also
    --------
    dtpscore.get.programs : The frames.
    dtpscore.pl.programs : A picture of them.
    dtpscore.tl.compare : The axes that differ between the arms.

    Notes
    -----
    Genes are ranked by the difference of sample means within bins of expression, as
    they are cut for control genes (Tirosh et al. 2016, doi:10.1126/science.aad0501),
    from -1 to 1. The likeness to a list is the mean rank of its up genes less that of
    its down genes, halved: the rank-biserial correlation with genes of like expression.
    Its p-value is exact over random lists with as many genes in each bin. Genes that
    are regulated together make such p-values small; they say that a program is not
    random, and the interval over samples says how sure the likeness is. The likeness to
    a measured contrast is Spearman's correlation over signatures. Intervals are from
    the jackknife over samples (Efron and Stein 1981, doi:10.1214/aos/1176345462).
    Persisters are called nearer where the interval of the difference between the
    nearest program of persisters and the nearest other one lies above 0, and at least
    three kinds of others take part. How often
    this is right on real data stands in ``benchmarks/programs.md``.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=900, n_genes=5000, seed=0)
    >>> dtp.tl.programs(
    ...     adata,
    ...     groupby="condition",
    ...     reference="parental",
    ...     sample_key="sample",
    ...     n_permutations=99,
    ... )
    >>> sorted(set(dtp.get.programs(adata)["by"]))
    ['gene list', 'measured contrast']
    """
    options = ProgramsOptions(
        groupby=groupby,
        reference=label(reference),
        sample_key=sample_key,
        pair_key=pair_key,
        batch_key=batch_key,
        cell_type_key=cell_type_key,
        malignant=names(malignant),
        exclude=None if exclude is None else names(exclude),
        layer=layer,
        use_raw=use_raw,
        gene_symbols=gene_symbols,
        species=species,
        n_permutations=n_permutations,
        alpha=alpha,
        seed=seed,
        key_added=_keys.PROGRAMS if key_added is None else key_added,
    )
    check_key(options.key_added)
    source = Source(layer=layer, use_raw=use_raw, gene_symbols=gene_symbols)
    matrix, genes = pick(adata, source)
    design = read_design(adata.obs, DesignKeys.of(options))
    left = options.exclude
    if left is None:
        left = studies_named(adata.uns)
    record = nearest_programs(matrix, genes, design, options=options, left=left)
    for text in record.messages:
        logger.info(text)
    target = writable(adata, copy=copy)
    write(target, [Element("uns", options.key_added, record.to_uns())])
    return target if copy else None
