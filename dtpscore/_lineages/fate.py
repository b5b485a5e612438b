"""Whether the state before the drug foretells the fate of a clone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

# Permutations that are held in memory at a time.
_AT_ONCE = 500


@dataclass(frozen=True)
class Foretold:
    """What each feature before the drug says of the fate; arrays over features.

    Attributes
    ----------
    rho
        float64: rank correlation of state and fate within strata, -1 to 1.
    pvalue
        float64: two-sided, by permutation within strata.
    rho_size
        float64: rank correlation of state and size before the drug, within samples.
    n_clones
        Clones in strata of two or more.
    """

    rho: FloatArray
    pvalue: FloatArray
    rho_size: FloatArray
    n_clones: int


def clone_means(values: FloatArray, clone: IntArray, n_clones: int) -> FloatArray:
    """Mean of the cells of each clone: (clones, features); NaN without cells."""
    sums = np.zeros((n_clones, values.shape[1]))
    np.add.at(sums, clone, values)
    size = np.bincount(clone, minlength=n_clones).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        means: FloatArray = sums / size[:, None]
    return means


def centered(values: FloatArray, sample: IntArray) -> FloatArray:
    """Values less the mean of their sample, so that libraries do not count."""
    found = values.copy()
    for one in np.unique(sample):
        rows = sample == one
        found[rows] -= found[rows].mean(axis=0)
    return found


def main_sample(sample: IntArray, clone: IntArray, n_clones: int) -> IntArray:
    """Sample that most cells of each clone are in; the first one where two tie."""
    table = np.zeros((n_clones, int(sample.max()) + 1), np.int64)
    np.add.at(table, (clone, sample), 1)
    most: IntArray = table.argmax(axis=1)
    return most


def strata(size: IntArray, sample: IntArray) -> IntArray:
    """Clones of one sample and a like number of cells: 1, 2 to 3, 4 to 7, and so on.

    The mean state of a clone with few cells is less sure, and so is its fate, so that
    only clones of like size can be exchanged.
    """
    level = np.floor(np.log2(size)).astype(np.int64)
    both = np.stack([sample, level], axis=1)
    return np.unique(both, axis=0, return_inverse=True)[1].reshape(-1)


def _ranks(values: FloatArray, stratum: IntArray) -> FloatArray:
    """Ranks within strata, from about -0.5 to 0.5 in each, with a mean of 0."""
    from scipy.stats import rankdata

    ranks = np.zeros_like(values)
    for one in np.unique(stratum):
        rows = stratum == one
        n = int(rows.sum())
        ranks[rows] = rankdata(values[rows], axis=0) / (n + 1) - 0.5
    return ranks


def _correlation(first: FloatArray, second: FloatArray) -> FloatArray:
    """Correlation of columns of ranks with one vector of ranks; NaN without spread."""
    scale = np.sqrt((first**2).sum(axis=0) * (second**2).sum())
    with np.errstate(invalid="ignore", divide="ignore"):
        found: FloatArray = np.where(scale > 0, second @ first / scale, np.nan)
    return found


def foretell(
    state: FloatArray,
    fate: FloatArray,
    size: IntArray,
    sample: IntArray,
    *,
    n_permutations: int = 9999,
    seed: int = 0,
) -> Foretold:
    """Test whether the state of clones before the drug goes with their fate.

    The clone is the unit: a clone with many cells counts once. State and fate are
    ranked within strata of one sample and a like size before the drug, and the fates
    are exchanged within these strata, so that differences between samples and the size
    add nothing (van Elteren's weights: each clone counts alike in every stratum).

    Parameters
    ----------
    state
        (clones, features), mean of the cells of the clone without the drug.
    fate
        (clones,), such as the log change of its share.
    size
        (clones,), cells without the drug; 1 or more.
    sample
        (clones,), code of the sample of these cells.
    n_permutations
        Permutations.
    seed
        Seed of the permutations.
    """
    stratum = strata(size, sample)
    kept = np.bincount(stratum)[stratum] > 1
    state, fate, stratum = state[kept], fate[kept], stratum[kept]
    own, other = _ranks(state, stratum), _ranks(fate[:, None], stratum)[:, 0]
    rho = _correlation(own, other)
    seen = np.abs(other @ own)
    rng = np.random.default_rng(seed)
    hits, left = np.zeros(state.shape[1]), n_permutations
    places = [np.flatnonzero(stratum == one) for one in np.unique(stratum)]
    while left:
        n = min(left, _AT_ONCE)
        drawn = np.empty((n, len(other)))
        for rows in places:
            drawn[:, rows] = rng.permuted(np.tile(other[rows], (n, 1)), axis=1)
        hits += (np.abs(drawn @ own) >= seen - 1e-12).sum(axis=0)
        left -= n
    pvalue = np.where(np.isnan(rho), np.nan, (hits + 1) / (n_permutations + 1))
    by_sample = sample[kept]
    sizes = _ranks(size[kept].astype(np.float64)[:, None], by_sample)[:, 0]
    rho_size = _correlation(_ranks(state, by_sample), sizes)
    return Foretold(rho, pvalue, rho_size, int(kept.sum()))
