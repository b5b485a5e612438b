"""``dtpscore.tl.score``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from dtpscore import _keys
from dtpscore._deprecated import renamed
from dtpscore._matrix.partitions import is_dask
from dtpscore._options.score import ScoreOptions
from dtpscore._results.elements import Source, pick, writable, write
from dtpscore._results.merge import merged
from dtpscore._results.scores import check_key, elements, lazy_elements
from dtpscore._scoring.lazy import score_lazily
from dtpscore._scoring.run import score_matrix
from dtpscore.errors import OptionError
from dtpscore.signatures import resolve

if TYPE_CHECKING:
    from anndata import AnnData

    from dtpscore._types import MethodName, Species


def _waits(matrix: Any, *, lazy: bool | None) -> bool:
    """Whether to leave the scores of a matrix lazy."""
    if lazy not in (None, True, False):
        msg = f"lazy must be True, False or None, not {lazy!r}."
        raise OptionError(msg)
    if lazy and not is_dask(matrix):
        msg = (
            "lazy=True needs a matrix that is a dask array, but it is a "
            f"{type(matrix).__name__}. Open the file with "
            "anndata.experimental.read_lazy, or leave lazy out to score now."
        )
        raise OptionError(msg)
    return is_dask(matrix) and lazy is not False


@renamed(random_state="seed")
def score(
    adata: AnnData,
    signatures: Any = None,
    *,
    method: MethodName = "ucell",
    control: bool = False,
    layer: str | None = None,
    use_raw: bool = False,
    gene_symbols: str | None = None,
    species: Species = "human",
    normalize: Literal["log1p"] | None = None,
    min_coverage: float = 0.5,
    max_rank: int = 1500,
    ties_method: Literal["average", "min", "max", "order"] = "average",
    w_neg: float = 1.0,
    clip: bool = False,
    missing_genes: Literal["impute", "skip"] = "impute",
    auc_fraction: float = 0.05,
    auc_genes: Literal["all", "detected"] = "all",
    n_bins: int = 25,
    ctrl_size: int = 50,
    ctrl_as_ref: bool = True,
    center: bool = False,
    ssgsea_weight: float = 0.25,
    ssgsea_ties: Literal["order", "average"] = "order",
    seed: int = 0,
    chunk_size: int | None = None,
    n_jobs: int | None = None,
    lazy: bool | None = None,
    key_added: str | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Score every cell on gene signatures, and average the signatures into axes.

    A score is that of the up genes minus that of the down genes. It is never clipped
    unless ``clip`` says so. Scores do not depend on the storage of the matrix,
    ``chunk_size`` or ``n_jobs``. Genes are matched by current symbol, Ensembl id,
    previous symbol, alias and, for mouse data, one-to-one ortholog; what was found
    and lost is counted per signature.

    Cells of all types are scored, and the steps that compare cells take
    ``cell_type_key`` and ``malignant``. The score of a cell depends on other cells only
    for ``tirosh`` and ``control``, which look for genes of like expression over all
    cells. Leave the other cells out first to have it over malignant cells alone.

    Parameters
    ----------
    adata
        Cells by genes. Dense, CSR, CSC and dask matrices work, in memory or backed.
    signatures
        What to score. By default the shipped signatures marked for use by default,
        with the nuisance signatures (cell cycle, dissociation and others). Else names
        of shipped signatures or axes in any case; genes of your own as
        ``{"mine": ["VIM", "ZEB1"]}``, ``{"mine": {"up": [...], "down": [...]}}``, a
        list, a Series or a decoupler net; the path of a GMT or TOML file; or a list
        of these. `dtpscore.signatures.resolve` lists every form.
    method
        ``"ucell"`` (Mann-Whitney U on ranks; Andreatta & Carmona 2021),
        ``"aucell"`` (area under the recovery curve; Aibar et al. 2017), ``"ssgsea"``
        (running sum on ranks; Barbie et al. 2009), ``"mean"`` (weighted mean),
        ``"zscore"`` (weighted mean over the standard deviation of the cell, times
        the root of the number of genes; Casado et al. 2013) or ``"tirosh"`` (mean
        above control genes of like expression; Tirosh et al. 2016). The last three
        work on values, so give them log-normalized ones, or use ``normalize``.
    control
        Also compare each score with that of random gene sets matched on expression,
        in the same cell. Mean and variance under stratified sampling without
        replacement are exact, so there is no draw and no seed. The p-value is that
        of a per-cell competitive test: it asks whether these genes stand out from
        others of like expression in that cell. It does not account for correlation
        between genes, so sets of genes that move together reach small p-values too
        often; and it is no test of one group of cells against another, for which
        samples are the replicates. Not for ``"ssgsea"``.
    layer
        Layer to score instead of ``X``.
    use_raw
        Score ``adata.raw`` instead of ``X``. False by default, also where ``raw``
        exists, which differs from `scanpy.tl.score_genes`.
    gene_symbols
        Column of ``var`` (of ``raw.var`` with ``use_raw``) that holds the gene names.
    species
        Species of the data. Human signatures are scored on mouse data by ortholog.
    normalize
        ``"log1p"`` scales the counts of each cell to 10,000 and takes log(1 + x)
        before scoring, block by block; the matrix is not changed.
    min_coverage
        Signatures with a smaller fraction of their genes in the data keep their
        score but are marked ``low`` in the coverage, named in a warning, and left
        out of the axis if another signature of the axis has enough.
    max_rank
        ``ucell``: ranks beyond this one count as this one.
    ties_method
        Rank of equal values. ``ucell`` has all four; ``aucell`` has ``"average"``
        (mean area over all orders of the tied genes) and ``"order"`` (by column).
    w_neg
        Weight of the down genes.
    clip
        Set negative scores to 0, as pyUCell does.
    missing_genes
        ``ucell``: listed genes that the data lack count as not expressed
        (``"impute"``), or are left out (``"skip"``).
    auc_fraction
        ``aucell``: the part of the genes, from the top of the ranking, that counts.
    auc_genes
        ``aucell``: take that part of all genes, or of those detected in any cell.
    n_bins
        ``tirosh`` and ``control``: number of expression bins.
    ctrl_size
        ``tirosh``: control genes drawn from each bin.
    ctrl_as_ref
        ``tirosh``: draw from all genes of a bin and leave the signature's own out
        afterwards, or draw from the others only, as the argument of the same name
        of `scanpy.tl.score_genes`.
    center
        ``zscore``: subtract the mean of the cell over all genes.
    ssgsea_weight
        ``ssgsea``: exponent of the rank.
    ssgsea_ties
        ``ssgsea``: order equal values by column, as GSEApy does, or average them.
    seed
        ``tirosh``: seed of the draw of control genes.
    chunk_size
        Cells per block; chosen from the number of genes by default.
    n_jobs
        Threads; all that numba may use by default. Lazy scores are computed by as
        many as dask uses.
    lazy
        Leave the scores of a dask matrix lazy, and read nothing of it in this call.
        By default just where the matrix is a dask array; False computes them now.
    key_added
        Key of the results, ``"dtp_scores"`` by default. Another key keeps results of
        two methods side by side. Entries of the same names are replaced.
    copy
        Return a scored copy and leave ``adata`` as it is.

    Returns
    -------
    None, or the copy. With the default ``key_added`` this is written:

    ``obsm["dtp_scores"]``
        Frame, float32, cells by signatures; NaN where no gene was found.
    ``obsm["dtp_scores_z"]``, ``obsm["dtp_scores_pvalue"]``
        With ``control``: frames of the same shape, float32 z-scores and float64
        two-sided p-values.
    ``obs["dtp_<axis>"]``
        float32, mean of the axis's signatures, turned so that high means more of the
        axis. Another ``key_added`` replaces the prefix ``dtp``. An own signature is
        an axis by itself, so that ``{"mine": [...]}`` gives ``obs["dtp_mine"]``; where
        a shipped axis or another result has the name, it is ``obs["dtp_own_<name>"]``.
        More than 50 own signatures stand in ``obsm`` alone.
    ``uns["dtp_scores"]``
        ``params``; ``coverage`` (frame, one row per signature); ``axes`` (frame, what
        each axis was averaged from); ``provenance`` (versions, method citation, and
        source and SHA-256 of every signature).

    What an earlier run left under the same key stays as follows. Own signatures stay
    until one of the same name is scored. Shipped signatures and their axes stay until
    a run has shipped signatures, which replaces all of them, because axes are means.
    Scores that stay must have been made with the same parameters, or the run is
    refused with the advice to give it a ``key_added``. A view becomes an
    AnnData of its own. For data in a file on disk (``backed``) they are in memory
    until ``adata.write_h5ad`` writes another file.

    Lazy scores stand in ``obsm`` as dask arrays of the same numbers and types, columns
    in the order of ``coverage``. As columns of ``obs`` cannot be lazy, the axes are in
    ``obsm["dtp_scores_axes"]``, in the order of ``axes``; ``obsm["dtp_scores_checks"]``
    is what the values look like, to check them later. `dtpscore.tl.compute` makes
    frames and columns of all in one pass, on the cluster of the dask client in use if
    there is one. `dtpscore.get`, plots and ``tl.call`` compute what they need. Writing
    a file computes too, but one array after another, so compute first.

    Raises
    ------
    DataError
        The matrix, layer or column does not exist; the values are missing, infinite,
        all 0 or, for methods on ranks, negative; no signature gene is in the data; the
        gene names are those of the other species; or the result has no place to go
        (a copy or a view of data in a file on disk). Of lazy scores, values are refused
        when they are computed.
    SignatureError
        A name is neither a shipped signature or axis nor a gene, or a file cannot be
        used.
    OptionError
        A parameter is out of range, does not fit the method or, ``lazy``, the matrix,
        or differs from that of scores that stay under the key (a ValueError).
    TypeError
        ``adata`` is no AnnData, or ``signatures`` holds something else.

    Warns
    -----
    CoverageWarning
        Signatures have few of their genes in the data, or gene names are duplicated.
    InputWarning
        Raw counts for a method that wants log values, or the reverse; or ``tirosh``
        finds no control gene. Of lazy scores, when they are computed.

    See Also
    --------
    dtpscore.signatures.resolve : Every form of signatures.
    dtpscore.get.scores : The scores as a frame.
    dtpscore.get.axes : The axes as a frame.
    dtpscore.get.coverage : Genes that were found and lost.
    dtpscore.pl.axis_scores : A picture of the axes.
    dtpscore.tl.compare : What differs between the arms.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=60, seed=0)
    >>> dtp.tl.score(adata, ["tirosh2016_s_phase", "tirosh2016_g2m_phase"])
    >>> dtp.get.scores(adata).shape
    (60, 2)
    >>> dtp.tl.score(adata, {"mine": ["VIM", "ZEB1", "CDH1-"]})
    >>> list(dtp.get.scores(adata)), "dtp_mine" in adata.obs
    (['tirosh2016_s_phase', 'tirosh2016_g2m_phase', 'mine'], True)
    """
    source = Source(layer=layer, use_raw=use_raw, gene_symbols=gene_symbols)
    options = ScoreOptions(
        method=method,
        control=control,
        species=species,
        min_coverage=min_coverage,
        chunk_size=chunk_size,
        n_jobs=n_jobs,
        normalize=normalize,
        max_rank=max_rank,
        ties_method=ties_method,
        w_neg=w_neg,
        clip=clip,
        missing_genes=missing_genes,
        auc_fraction=auc_fraction,
        auc_genes=auc_genes,
        n_bins=n_bins,
        ctrl_size=ctrl_size,
        ctrl_as_ref=ctrl_as_ref,
        center=center,
        ssgsea_weight=ssgsea_weight,
        ssgsea_ties=ssgsea_ties,
        seed=seed,
    )
    key = _keys.SCORES if key_added is None else key_added
    check_key(key)
    matrix, names = pick(adata, source)
    chosen = resolve(signatures, gene_names=names)
    waits = _waits(matrix, lazy=lazy)
    target = writable(adata, copy=copy)
    if waits:
        fresh = lazy_elements(score_lazily(matrix, names, chosen, options), key, source)
    else:
        result = score_matrix(matrix, names, chosen, options)
        fresh = elements(result, key, target.obs_names, source=source)
    write(target, merged(target, key, fresh))
    return target if copy else None
