"""Diffusion pseudotime by scanpy, on a private object, and the cell it starts from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.stats import rankdata, spearmanr

from dtpscore._kernels._nearness import neighbor_weights
from dtpscore._ordering.neighbors import nearest, nearest_of_parts
from dtpscore.errors import ResultError

if TYPE_CHECKING:
    import scipy.sparse as sp
    from anndata import AnnData
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]

# Coordinates of the diffusion map; scanpy needs more than it then uses.
_N_COMPS = 15
_LEAST_CELLS = 20
_MOST_IN_SUBSAMPLE = 5000
# The root is sought among the reference cells with an index up to this quantile.
_LOW_INDEX = 1 / 3
_MOST_CANDIDATES = 5000


def low_index(reference: BoolArray, index: FloatArray | None) -> IntArray:
    """Rows of the reference cells in the lowest third of the index.

    Without an index, or where no reference cell has one, these are all reference cells.
    """
    rows = np.flatnonzero(reference)
    if index is None or np.isnan(index[rows]).all():
        return rows
    limit = np.nanquantile(index[rows], _LOW_INDEX)
    return rows[index[rows] <= limit]


def medoids(features: FloatArray, candidates: IntArray, n: int) -> IntArray:
    """Find the medoid of the candidate cells, then the candidates next to it.

    The medoid is the candidate with the smallest mean Euclidean distance to the
    others; it is found among the 5,000 nearest to their median where there are more.

    Parameters
    ----------
    features
        (cells, k).
    candidates
        Rows to choose from, one or more.
    n
        How many rows to return, at most.

    Returns
    -------
    Rows, the medoid first.
    """
    from scipy.spatial.distance import cdist

    middle = np.median(features[candidates], axis=0)
    off = np.linalg.norm(features[candidates] - middle, axis=1)
    near = candidates[np.argsort(off, kind="stable")[:_MOST_CANDIDATES]]
    points = features[near]
    total = np.concatenate(
        [cdist(part, points).sum(axis=1) for part in np.array_split(points, 10)]
    )
    medoid = near[np.argmin(total)]
    away = np.linalg.norm(features[candidates] - features[medoid], axis=1)
    rest = candidates[np.argsort(away, kind="stable")]
    return np.concatenate([[medoid], rest[rest != medoid]])[:n]


@dataclass(frozen=True)
class Diffusion:
    """Diffusion pseudotime and how steady it is.

    Attributes
    ----------
    time
        Per cell in 0-1; NaN where the graph does not connect it to the root.
    sd
        Standard deviation over roots.
    root_agreement
        Kendall's W of the ranks over roots; 1 is perfect.
    root_rho
        Spearman's rho of the order from each further root with that of the first.
    subsample_rho
        The same for graphs built anew on 80% of the cells.
    connectivities
        The graph.
    components
        (cells, at most n_dcs), diffusion components scaled by l / (1 - l) of their
        eigenvalue l, so that distances between cells sum over walks of all lengths;
        NaN where the graph does not connect a cell to the root.
    """

    time: FloatArray
    sd: FloatArray
    root_agreement: float
    root_rho: FloatArray
    subsample_rho: FloatArray
    connectivities: sp.csr_matrix
    components: FloatArray


def graph(features: FloatArray, n_neighbors: int) -> sp.csr_matrix:
    """Make the graph of `scanpy.pp.neighbors`: exact neighbors, UMAP weights.

    Exact neighbors give the same graph on every machine. UMAP weights tie every cell
    to its nearest one with weight 1. With a Gaussian kernel, a few outlying cells are
    tied to the others by weights near zero, and the diffusion components that tell
    these cells from the rest dominate the distances (see benchmarks/pseudotime.md).

    The weights equal to the bit those that scanpy takes from umap-learn, which is not
    imported: on a new machine, that alone compiles for longer than an order takes.
    """
    return graph_of(*nearest(features, None, n_neighbors))


def graph_of(distances: FloatArray, rows: IntArray) -> sp.csr_matrix:
    """Make the graph of the nearest cells of every cell."""
    import scipy.sparse as sp

    n, n_neighbors = rows.shape
    # As in scanpy, a cell counts among its own neighbors. One more is searched than
    # used, so that rounding in the search does not decide between the last of them.
    distances = np.column_stack([np.zeros(n), distances[:, :-1]]).astype(np.float32)
    rows = np.column_stack([np.arange(n), rows[:, :-1]])
    weights = np.empty(rows.shape, np.float32)
    neighbor_weights(distances, rows, weights)
    starts = np.repeat(np.arange(n, dtype=np.int32), n_neighbors)
    # An entry that is 0 in float32 is no edge.
    directed = sp.coo_matrix(
        (weights.ravel(), (starts, rows.ravel().astype(np.int32))), shape=(n, n)
    )
    directed.eliminate_zeros()
    back = directed.transpose()
    # The chance of an edge one way or the other.
    either = (directed + back - directed.multiply(back)).tocsr()
    either.eliminate_zeros()
    return either


def _dpt(
    connectivities: sp.csr_matrix, roots: IntArray, *, n_dcs: int, seed: int
) -> tuple[FloatArray, FloatArray]:
    """Pseudotime of a connected graph in 0-1, one column per root, and components."""
    import scanpy as sc
    from anndata import AnnData

    n = connectivities.shape[0]
    private = AnnData(np.zeros((n, 1), np.float32))
    private.obsp["connectivities"] = connectivities
    private.obsp["distances"] = connectivities
    private.uns["neighbors"] = {
        "connectivities_key": "connectivities",
        "distances_key": "distances",
        "params": {"n_neighbors": 2, "method": "umap"},
    }
    n_comps = min(_N_COMPS, n - 2)
    sc.tl.diffmap(private, n_comps=n_comps, random_state=seed)
    n_dcs = min(n_dcs, n_comps - 1)
    columns = []
    for root in roots:
        private.uns["iroot"] = int(root)
        sc.tl.dpt(private, n_dcs=n_dcs)
        columns.append(private.obs["dpt_pseudotime"].to_numpy(dtype=np.float64))
    return np.column_stack(columns), _components(private, n_dcs)


def _components(mapped: AnnData, n_dcs: int) -> FloatArray:
    """Components as Palantir scales them (Setty et al. 2019, multiscale space)."""
    vectors = mapped.obsm["X_diffmap"].astype(np.float64)
    values = mapped.uns["diffmap_evals"].astype(np.float64)[1 : n_dcs + 1]
    # scanpy gives eigenvectors of the symmetric matrix; over the first one they are
    # those of the transition matrix.
    walks: FloatArray = vectors[:, 1 : n_dcs + 1] / vectors[:, :1]
    return walks * (values / (1 - values))


def kendall_w(ranked: FloatArray) -> float:
    """Kendall's coefficient of concordance between the columns."""
    n, m = ranked.shape
    if m < 2:
        return float("nan")
    total = rankdata(ranked, axis=0).sum(axis=1)
    return float(12 * np.sum((total - total.mean()) ** 2) / (m**2 * (n**3 - n)))


def _subsample_rho(
    features: FloatArray,
    time: FloatArray,
    root: int,
    *,
    n_neighbors: int,
    n_dcs: int,
    n_subsamples: int,
    seed: int,
) -> FloatArray:
    """Spearman's rho of orders on 80% of the cells with the order of all."""
    rng = np.random.default_rng(seed)
    size = min(int(0.8 * len(time)), _MOST_IN_SUBSAMPLE)
    found = np.full(n_subsamples, np.nan)
    drawn = [
        np.union1d(rng.choice(len(time), size, replace=False), [root])
        for _ in range(n_subsamples)
    ]
    near = nearest_of_parts(features, drawn, n_neighbors)
    for number, (rows, neighbors) in enumerate(zip(drawn, near, strict=True)):
        part = graph_of(*neighbors)
        _, labels = connected_components(part, directed=False)
        start = int(np.searchsorted(rows, root))
        joined = np.flatnonzero(labels == labels[start])
        if joined.size < _LEAST_CELLS:
            continue
        inner = np.asarray([np.searchsorted(joined, start)])
        part = part[joined][:, joined]
        again = _dpt(part, inner, n_dcs=n_dcs, seed=seed)[0][:, 0]
        found[number] = spearmanr(again, time[rows[joined]])[0]
    return found


def diffusion_time(
    connectivities: sp.csr_matrix,
    roots: IntArray,
    *,
    features: FloatArray | None,
    n_neighbors: int = 30,
    n_dcs: int = 10,
    n_subsamples: int = 10,
    seed: int = 0,
) -> Diffusion:
    """Diffusion pseudotime (Haghverdi et al. 2016) of the cells joined to the root.

    Parameters
    ----------
    connectivities
        (cells, cells), weights of the neighbor graph.
    roots
        Rows to start from; the first decides the order, the others its spread.
    features
        What the graph was built on, to build it anew on subsamples; None leaves
        these out.
    n_neighbors, n_dcs
        Size of neighborhoods in subsamples; diffusion components used.
    n_subsamples
        Graphs built anew on 80% of the cells, at most 5,000 cells each.
    seed
        Seed of the subsamples and of the eigensolver.

    Raises
    ------
    ResultError
        Fewer than 20 cells are joined to the root.
    """
    _, labels = connected_components(connectivities, directed=False)
    joined = np.flatnonzero(labels == labels[roots[0]])
    if joined.size < _LEAST_CELLS:
        msg = (
            f"Only {joined.size} cells are connected to the root in the neighbor "
            f"graph; {_LEAST_CELLS} are needed. Use more neighbors."
        )
        raise ResultError(msg)
    inner = np.searchsorted(joined, roots[np.isin(roots, joined)])
    part = connectivities[joined][:, joined]
    orders, inner_components = _dpt(part, inner, n_dcs=n_dcs, seed=seed)
    components = np.full((len(labels), inner_components.shape[1]), np.nan)
    components[joined] = inner_components
    time = np.full(len(labels), np.nan)
    sd = np.full(len(labels), np.nan)
    time[joined] = orders[:, 0]
    sd[joined] = orders.std(axis=1, ddof=1) if inner.size > 1 else np.nan
    subsample_rho = np.empty(0)
    if features is not None and n_subsamples:
        subsample_rho = _subsample_rho(
            features[joined],
            orders[:, 0],
            int(inner[0]),
            n_neighbors=n_neighbors,
            n_dcs=n_dcs,
            n_subsamples=n_subsamples,
            seed=seed,
        )
    return Diffusion(
        time=time,
        sd=sd,
        root_agreement=kendall_w(orders),
        root_rho=np.asarray(
            [spearmanr(orders[:, 0], other)[0] for other in orders[:, 1:].T]
        ),
        subsample_rho=subsample_rho,
        connectivities=connectivities,
        components=components,
    )


def how_ordered(n_dcs: int, graph_in_words: str) -> str:
    """Say how diffusion pseudotime was made."""
    return (
        "Cells were ordered by diffusion pseudotime (Haghverdi et al. 2016, "
        "doi:10.1038/nmeth.3971), as scanpy computes it, on "
        f"{n_dcs} diffusion components of {graph_in_words}. It uses "
        "no label but that of the root."
    )
