"""Draw single cells from expression profiles (arrays only)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

# Below it the noise is 1 to nine digits, and 1 / dispersion would overflow in time.
_LEAST_DISPERSION = 1e-18


def draw_counts(
    weights: NDArray[np.float64],
    profiles: NDArray[np.float64],
    depths: NDArray[np.int64],
    *,
    dispersion: float,
    rng: Generator,
) -> csr_matrix:
    """Draw the molecules of every cell.

    A cell blends the profiles by its weights, multiplies the blend by gamma noise of
    mean 1 and variance ``dispersion``, one value per gene, and draws its molecules
    from the result (multinomial).

    Parameters
    ----------
    weights
        Share of every profile in every cell, cells x profiles.
    profiles
        Proportions of the genes, profiles x genes; every row adds up to 1.
    depths
        Molecules of each cell.
    dispersion
        Variance of the gamma noise; 0 leaves it out.
    rng
        Source of random numbers.

    Returns
    -------
    Counts, cells x genes, int32, with sorted indices.
    """
    from scipy import sparse

    rows = []
    for share, depth in zip(weights, depths, strict=True):
        used = np.flatnonzero(share)
        profile = share[used] @ profiles[used]
        genes = np.flatnonzero(profile)
        expected = profile[genes]
        if dispersion > _LEAST_DISPERSION:
            expected *= rng.gamma(1 / dispersion, dispersion, len(genes))
        # Sorted uniform numbers, looked up in the cumulated proportions, are a
        # multinomial draw that names the genes hit without touching the others.
        edges = np.cumsum(expected)
        place = np.sort(rng.random(depth)) * edges[-1]
        hit, times = np.unique(
            np.searchsorted(edges, place, side="right"), return_counts=True
        )
        rows.append((genes[hit], times))
    shape = (len(weights), profiles.shape[1])
    indptr = np.cumsum([0, *(len(genes) for genes, _ in rows)])
    indices = np.concatenate([genes for genes, _ in rows]).astype(np.int32)
    data = np.concatenate([counts for _, counts in rows]).astype(np.int32)
    return sparse.csr_matrix((data, indices, indptr), shape=shape)


def cell_weights(
    shares: NDArray[np.float64],
    n_cells: int,
    concentration: float | None,
    rng: Generator,
) -> NDArray[np.float64]:
    """Share of every profile in every cell.

    Parameters
    ----------
    shares
        Share of each profile in the sample, adding up to 1.
    n_cells
        Number of cells.
    concentration
        None gives every cell one whole profile, in numbers that follow the shares
        to within one cell. A number draws the shares of every cell from a Dirichlet
        distribution around those of the sample; the higher, the more alike.
    rng
        Source of random numbers.

    Returns
    -------
    Weights, cells x profiles; every row adds up to 1.
    """
    if concentration is not None:
        used = np.flatnonzero(shares)
        weights = np.zeros((n_cells, len(shares)))
        weights[:, used] = rng.dirichlet(concentration * shares[used], n_cells)
        return weights
    whole = np.floor(shares * n_cells).astype(np.int64)
    rest = shares * n_cells - whole
    order = np.argsort(-rest, kind="stable")
    whole[order[: n_cells - whole.sum()]] += 1
    return np.eye(len(shares))[
        rng.permutation(np.repeat(np.arange(len(shares)), whole))
    ]
