"""RNA that cells did not make: how much of their counts other cells explain.

Ambient RNA and doublets bring RNA of other cells. Where its profile is known, of empty
droplets or of the other cell types of the data, a sample is taken for a mixture of it
and of the untreated samples. A held-out untreated sample is measured alike, which says
how far samples differ along this direction without any soup.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from dtpscore._matrix import blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]


# Cells that are nearer to a soup than to untreated cells are what the soup is made of:
# empty droplets of treated samples hold RNA of the treated cells themselves.
OWN_SOUP = 0.5
# Times that genes of a soup are exchanged, among so many of like expression.
_N_DRAWS, _GENES_ALIKE = 20, 50


def sums_by_code(matrix: Any, code: NDArray[np.int64], n_codes: int) -> FloatArray:
    """Sum the rows of a matrix that have the same code, in one pass.

    Parameters
    ----------
    matrix
        Cells x genes, of any kind that ``dtpscore._matrix.blocks`` reads.
    code
        int64 (cells,): 0 to ``n_codes`` - 1; a cell with -1 takes no part.
    n_codes
        Number of codes.

    Returns
    -------
    float64 (codes, genes).
    """
    source = blocks.source(matrix)
    total = np.zeros((n_codes, source.n_genes))
    for block in source.blocks():
        own = code[block.start : block.stop]
        rows = np.flatnonzero(own >= 0)
        values = sp.csr_matrix(
            (block.data.astype(np.float64), block.indices, block.indptr),
            shape=(block.n_rows, block.n_genes),
        )
        member = sp.csr_matrix(
            (np.ones(len(rows)), (own[rows], rows)), shape=(n_codes, block.n_rows)
        )
        total += (member @ values).toarray()
    return total


def _profiles(sums: FloatArray) -> FloatArray:
    """Share of each gene in the counts of each row."""
    return sums / np.maximum(sums.sum(axis=1, keepdims=True), 1e-12)


@dataclass(frozen=True)
class Mixture:
    """Profiles of samples as mixtures of untreated cells and a soup.

    Both values are beyond what the same soup gives when its genes of like expression
    are exchanged. Any change away from untreated cells leads a little toward any other
    profile, and this is taken off.

    Attributes
    ----------
    share
        float64 (samples,): share of the counts that is soup; below 0 by chance.
    explained
        float64 (samples,): share of the squared difference from untreated cells that
        the soup makes; below 0 where they differ away from the soup.
    """

    share: FloatArray
    explained: FloatArray


def _mixed(profile: FloatArray, own: FloatArray, soup: FloatArray) -> FloatArray:
    """Share of soup by weighted least squares, and the signed part that it explains.

    Counts vary as their means do, hence the weights.
    """
    level = own + soup + profile
    weight = np.divide(1.0, level, out=np.zeros_like(level), where=level > 0)
    way, gone = soup - own, profile - own
    squares = max(float((weight * way**2).sum()), 1e-12)
    total = max(float((weight * gone**2).sum()), 1e-12)
    along = float((weight * gone * way).sum())
    return np.array([along / squares, along * abs(along) / squares / total])


def _exchanged(soup: FloatArray, own: FloatArray) -> list[FloatArray]:
    """Exchange the genes of a soup among those of like expression."""
    rng = np.random.default_rng(0)
    order = np.argsort(own, kind="stable")
    drawn = []
    for _ in range(_N_DRAWS):
        other = soup.copy()
        for start in range(0, len(order), _GENES_ALIKE):
            genes = order[start : start + _GENES_ALIKE]
            other[genes] = soup[rng.permutation(genes)]
        drawn.append(other)
    return drawn


def _mixture(profiles: FloatArray, own: FloatArray, soup: FloatArray) -> FloatArray:
    """Share and explained part of profiles beyond those of exchanged soups."""
    by_chance = _exchanged(soup, own)
    return np.array(
        [
            _mixed(one, own, soup)
            - np.mean([_mixed(one, own, other) for other in by_chance], axis=0)
            for one in profiles
        ]
    )


def mixtures(
    reference: FloatArray, soup: FloatArray, samples: FloatArray
) -> tuple[Mixture, Mixture]:
    """Ask how much soup is in samples, and how much of their difference it explains.

    An untreated sample is held against the other untreated ones.

    Parameters
    ----------
    reference, samples
        float64 (samples, genes): counts of the untreated samples, two or more, and of
        the samples to be measured, one or more.
    soup
        float64 (genes,): counts or shares of the soup.

    Returns
    -------
    The mixtures of the untreated samples, and of the other ones.
    """
    own, foreign = _profiles(reference), _profiles(soup[None])[0]
    held_out = [
        _mixture(own[[one]], np.delete(own, one, axis=0).mean(axis=0), foreign)
        for one in range(len(own))
    ]
    found = _mixture(_profiles(samples), own.mean(axis=0), foreign)
    return Mixture(*np.vstack(held_out).T), Mixture(*found.T)
