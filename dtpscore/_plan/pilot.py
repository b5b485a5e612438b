"""What pilot data say of libraries, cells, depth and chance of counting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore import _keys, get, tl
from dtpscore._axes import CONSENSUS
from dtpscore._design import DesignKeys, label, listed, read_design
from dtpscore._log import logger
from dtpscore._results.elements import Source, check_anndata, pick
from dtpscore._results.scores import keys_of
from dtpscore._statistics.moderated import moderated_variance
from dtpscore._statistics.public_libraries import public_libraries
from dtpscore._values import judge
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

# Cells that chance of counting is measured on, at most.
_MOST_CELLS = 2000


@dataclass(frozen=True)
class Pilot:
    """What pilot data say.

    Attributes
    ----------
    library_sd
        Standard deviation of the means of untreated libraries in standard deviations
        of their cells, drawn toward that of public libraries.
    measured_sd
        The same from these libraries alone; NaN with one.
    n_libraries
        Untreated libraries.
    depth
        Median counts of an untreated cell; NaN where the values are no counts.
    technical
        Share of the variance of untreated cells that is chance of counting; NaN where
        it cannot be measured.
    axis
        The axis that was read.
    """

    library_sd: float
    measured_sd: float
    n_libraries: int
    depth: float
    technical: float
    axis: str


def library_variance(
    values: NDArray[np.float64], library: NDArray[np.int64]
) -> tuple[float, int]:
    """Variance of the means of libraries in squared standard deviations of cells.

    What the number of cells adds to it is taken off; it can be below 0 by chance.

    Returns
    -------
    The variance, NaN with one library, and the number of libraries.
    """
    names = np.unique(library)
    parts = [values[library == one] for one in names]
    inside = float(np.mean([part.var(ddof=1) for part in parts]))
    if len(names) < 2 or inside == 0:
        return float("nan"), len(names)
    means = np.array([part.mean() for part in parts])
    chance = np.mean([inside / len(part) for part in parts])
    return float((means.var(ddof=1) - chance) / inside), len(names)


def toward_public(variance: float, n_libraries: int) -> float:
    """Draw a library variance toward that of public libraries; a standard deviation.

    Parameters
    ----------
    variance
        Variance between the libraries, NaN with one of them.
    n_libraries
        Number of libraries.
    """
    public = public_libraries().level
    freedom = 0.0 if np.isnan(variance) else float(n_libraries - 1)
    drawn = moderated_variance([max(np.nan_to_num(variance), 0.0)], freedom, public)
    return float(np.sqrt(drawn[0]))


def _technical(matrix: Any, genes: list[str], axis: str, seed: int) -> float:
    """Share of variance that is chance of counting, from halves of the counts.

    Every molecule goes to one of two halves. Their correlation, brought to the full
    depth by the formula of Spearman and Brown (1910), is what is not chance.
    """
    import anndata as ad
    import pandas as pd
    from scipy import sparse

    counts = sparse.csr_matrix(matrix).astype(np.int64)
    rng = np.random.default_rng(seed)
    first = counts.copy()
    first.data = rng.binomial(counts.data, 0.5)
    scores = []
    for half in (first, counts - first):
        made = ad.AnnData(
            sparse.csr_matrix(half).astype(np.float32),
            var=pd.DataFrame(index=pd.Index(genes)),
        )
        tl.score(made, axis)
        scores.append(get.axes(made)[axis].to_numpy(dtype=np.float64))
    both = float(np.corrcoef(*scores)[0, 1])
    if not np.isfinite(both) or both <= 0:
        return float("nan")
    return 1 - 2 * both / (1 + both)


def read_pilot(
    adata: AnnData,
    *,
    groupby: str,
    reference: str,
    sample_key: str | None,
    axis: str | None,
    layer: str | None,
    seed: int,
) -> Pilot:
    """Read the untreated samples of a pilot experiment.

    Raises
    ------
    DataError
        A column, the group or the axis does not exist, or there are fewer than two
        cells in a sample.
    """
    check_anndata(adata)
    keys = DesignKeys(
        groupby=groupby, reference=label(reference), sample_key=sample_key
    )
    design = read_design(adata.obs, keys)
    own = design.reference & design.named
    library = design.library[own]
    if np.bincount(library)[np.unique(library)].min() < 2:
        msg = "A pilot needs two untreated cells or more in each untreated sample."
        raise DataError(msg)
    matrix, genes = pick(adata, Source(layer=layer))
    part = matrix[np.flatnonzero(own)]
    wanted = axis or CONSENSUS
    if _keys.SCORES not in keys_of(adata):
        import anndata as ad
        import pandas as pd

        scored = ad.AnnData(part, var=pd.DataFrame(index=pd.Index(genes)))
        tl.score(scored, wanted)
        frame = get.axes(scored)
    else:
        frame = get.axes(adata)[own]
    if wanted not in frame:
        msg = f"No axis {wanted!r}. Scored axes are {listed(frame, most=60)}."
        raise DataError(msg)
    values = frame[wanted].to_numpy(dtype=np.float64)
    return _summed(values, library, part, genes, axis=wanted, seed=seed)


def _summed(
    values: NDArray[np.float64],
    library: NDArray[np.int64],
    matrix: Any,
    genes: list[str],
    *,
    axis: str,
    seed: int,
) -> Pilot:
    variance, n = library_variance(values, library)
    depth = technical = float("nan")
    if judge(matrix).kind == "counts":
        depth = float(np.median(np.asarray(matrix.sum(axis=1)).ravel()))
        # Cells of the largest library, so that libraries are no part of the variance.
        largest = np.flatnonzero(library == np.bincount(library).argmax())
        technical = _technical(matrix[largest[:_MOST_CELLS]], genes, axis, seed)
    else:
        logger.info(
            "The values of the pilot are no counts, so depth and chance of counting "
            "are those that were given."
        )
    return Pilot(
        library_sd=toward_public(variance, n),
        measured_sd=float(np.sqrt(max(variance, 0.0))),
        n_libraries=n,
        depth=depth,
        technical=technical,
        axis=axis,
    )
