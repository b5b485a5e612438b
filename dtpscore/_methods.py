"""The scoring methods and the loop that runs them over a matrix.

Every method scores the up and the down genes of a signature alone and returns
``up - w_neg * down``, without clipping unless asked. Sums are taken in float64 in
column order, so that scores are equal to the bit whatever the block size, the
number of threads, the sparse format or the float type that holds the values.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore import _blocks, _scorers
from dtpscore._errors import DataError
from dtpscore._kernels import _sums
from dtpscore._options import MethodOptions
from dtpscore._strata import gene_totals
from dtpscore._threads import threads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from dtpscore._types import MethodName, Net

__all__ = ["METHODS", "Method", "MethodOptions", "MethodResult", "run"]


@dataclass(frozen=True)
class Method:
    """One way to score a signature in a cell.

    Attributes
    ----------
    name
        What users call it.
    citation
        Paper that defines it, with DOI.
    limits
        Smallest and largest score of one direction.
    weighted
        Gene weights of a signature are used.
    on_ranks
        Looks at ranks within the cell only; values below 0 are refused.
    linear
        A weighted sum of per-gene values, so that the exact control exists.
    build
        Makes the scorer.
    needs_totals
        Needs the sums of each gene over all cells, one more pass over the data.
    """

    name: MethodName
    citation: str
    limits: tuple[float, float]
    weighted: bool
    on_ranks: bool
    linear: bool
    build: Callable[[_scorers.Setup], _scorers.Scorer]
    needs_totals: Callable[[MethodOptions], bool] = lambda _options: False


_INF = float("inf")
_ALL = (
    Method(
        name="ucell",
        citation="Andreatta & Carmona 2021, doi:10.1016/j.csbj.2021.06.043",
        limits=(0.0, 1.0),
        weighted=False,
        on_ranks=True,
        linear=True,
        build=_scorers.ucell,
    ),
    Method(
        name="aucell",
        citation="Aibar et al. 2017, doi:10.1038/nmeth.4463",
        limits=(0.0, 1.0),
        weighted=False,
        on_ranks=True,
        linear=True,
        build=_scorers.aucell,
        needs_totals=lambda options: options.auc_genes == "detected",
    ),
    Method(
        name="tirosh",
        citation="Tirosh et al. 2016, doi:10.1126/science.aad0501",
        limits=(-_INF, _INF),
        weighted=False,
        on_ranks=False,
        linear=True,
        build=_scorers.tirosh,
        needs_totals=lambda _options: True,
    ),
    Method(
        name="zscore",
        citation="Casado et al. 2013, doi:10.1126/scisignal.2003573",
        limits=(-_INF, _INF),
        weighted=True,
        on_ranks=False,
        linear=True,
        build=_scorers.zscore,
    ),
    Method(
        name="mean",
        citation="Badia-i-Mompel et al. 2022, doi:10.1093/bioadv/vbac016",
        limits=(-_INF, _INF),
        weighted=True,
        on_ranks=False,
        linear=True,
        build=_scorers.mean,
    ),
    Method(
        name="ssgsea",
        citation="Barbie et al. 2009, doi:10.1038/nature08460",
        limits=(-_INF, _INF),
        weighted=False,
        on_ranks=True,
        linear=False,
        build=_scorers.ssgsea,
    ),
)
METHODS: Mapping[str, Method] = MappingProxyType({one.name: one for one in _ALL})


@dataclass(frozen=True)
class MethodResult:
    """Scores of every cell.

    Attributes
    ----------
    scores
        float64 (cells, k); NaN columns where no gene of a signature was found.
    z
        float64 (cells, k): score minus its mean under the control, over its
        standard deviation; None without control.
    pvalue
        float64 (cells, k): two-sided normal p-value of z; None without control.
    """

    scores: NDArray[np.float64]
    z: NDArray[np.float64] | None = None
    pvalue: NDArray[np.float64] | None = None


def run(
    matrix: Any,
    net: Net,
    *,
    method: str,
    options: MethodOptions,
    control: bool = False,
    chunk_size: int | None = None,
    n_jobs: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> MethodResult:
    """Score every row of a matrix on every signature of a net.

    The control asks, for one cell and signature, how the score compares with that
    of random gene sets drawn without replacement from the same expression bins, up
    and down genes drawn together. Mean and variance of that null are exact (see
    ``dtpscore._strata``), there is no draw and no seed; only the p-value takes the
    null to be normal. It is a competitive test within one cell: it treats genes as
    exchangeable within their bin and ignores their correlation, so that p-values of
    co-expressed sets are too small, and it says nothing about cells as replicates.

    Parameters
    ----------
    matrix
        Cells x genes, of any kind that ``dtpscore._blocks.iter_blocks`` reads.
    net
        Signatures over the columns of the matrix.
    method
        A key of ``METHODS``.
    options
        Choices of the method.
    control
        Also compute the control z-score and p-value.
    chunk_size, n_jobs
        Rows a block and threads; neither changes a number.
    progress
        Called with the number of cells done since the last call.

    Returns
    -------
    Scores, and z-scores and p-values of the control.

    Raises
    ------
    DataError
        The matrix cannot be used, or has values below 0 and the method ranks them.
    ValueError
        The method is unknown, an option does not fit it, or it has no control.
    """
    chosen = find_method(method, control=control)
    source = _blocks.source(matrix)
    _check_width(source, net)
    scores = np.empty((source.n_rows, len(net.names)))
    z = np.empty_like(scores) if control else None
    with threads(n_jobs):
        totals = None
        if needs_totals(chosen, options, control=control):
            totals = gene_totals(
                source, chunk_size=chunk_size, normalize=options.normalize
            )
        scorer = chosen.build(_scorers.Setup(net, options, totals, control))
        for block in source.blocks(chunk_size=chunk_size, normalize=options.normalize):
            rows = slice(block.start, block.stop)
            scores[rows], block_z = score_block(block, chosen, scorer)
            if z is not None:
                z[rows] = block_z
            if progress is not None:
                progress(block.n_rows)
    return finished(scores, z, net, options)


def find_method(name: str, *, control: bool) -> Method:
    """Look up a method and check that it has a control if one is wanted."""
    if name not in METHODS:
        msg = f"method must be one of {', '.join(METHODS)}, not {name!r}."
        raise ValueError(msg)
    method = METHODS[name]
    if control and not method.linear:
        having = ", ".join(one.name for one in METHODS.values() if one.linear)
        msg = (
            f"The exact control does not exist for {name!r}, whose score is not a sum "
            f"over genes. Leave control out, or use one of {having}."
        )
        raise ValueError(msg)
    return method


def needs_totals(method: Method, options: MethodOptions, *, control: bool) -> bool:
    """Whether the sums of each gene over all cells are needed first."""
    return control or method.needs_totals(options)


def score_block(
    block: _blocks.Block, method: Method, scorer: _scorers.Scorer
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Scores and z of one block, which a method on ranks may refuse."""
    if method.on_ranks and block.negative_row >= 0:
        msg = (
            f"Row {block.negative_row} (counted from 0) has a value below 0. Method "
            f"{method.name!r} ranks the genes of a cell and takes 0 as 'not detected', "
            "so it needs counts or log-normalized values. The matrix looks scaled: "
            "pass the layer (or raw) that holds them."
        )
        raise DataError(msg)
    return scorer(block)


def finished(
    scores: NDArray[np.float64],
    z: NDArray[np.float64] | None,
    net: Net,
    options: MethodOptions,
) -> MethodResult:
    """Clip if asked, turn z into p-values, and blank signatures without genes."""
    if options.clip:
        np.maximum(scores, 0.0, out=scores)
    pvalue = None
    if z is not None:
        pvalue = np.empty_like(z)
        _sums.two_sided(z, pvalue)
    absent = net.n_found.reshape(-1, 2).sum(axis=1) == 0
    for array in (scores, z, pvalue):
        if array is not None:
            array[:, absent] = np.nan
    return MethodResult(scores, z, pvalue)


def _check_width(source: _blocks.Source, net: Net) -> None:
    if source.n_genes != net.n_genes:
        msg = (
            f"The matrix has {source.n_genes} columns, but the signatures were matched "
            f"to {net.n_genes} genes."
        )
        raise DataError(msg)
