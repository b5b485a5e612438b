"""Size of each clone before and after, and how far that is chance."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

# Added to the counts of a clone where logs of shares are taken.
_HALF = 0.5


@dataclass(frozen=True)
class Change:
    """Change of the share of each clone; arrays over clones.

    Attributes
    ----------
    log2_change
        float64: log2 of the share after over the share before.
    low, high
        float64: 95% interval; infinite where a side has no cell.
    pvalue
        float64: two-sided, that the share stayed the same.
    """

    log2_change: FloatArray
    low: FloatArray
    high: FloatArray
    pvalue: FloatArray


def counts(clone: IntArray, sample: IntArray, shape: tuple[int, int]) -> IntArray:
    """Count the cells of each clone in each sample; a code of -1 takes no part."""
    found = np.zeros(shape, np.int64)
    use = (clone >= 0) & (sample >= 0)
    np.add.at(found, (clone[use], sample[use]), 1)
    return found


def drift(table: IntArray) -> float:
    """Spread of the log size of a clone between replicate samples, as a variance.

    The squared difference of the shares of a clone in two samples, less what counting
    cells adds to it, is twice this variance times the square of the share, which the
    product of the two shares estimates without bias. Sums over clones are divided.

    Parameters
    ----------
    table
        (clones, samples), cells.

    Returns
    -------
    The variance; NaN with fewer than two samples that have cells.
    """
    total = table.sum(axis=0)
    kept = table[:, total > 0].astype(np.float64)
    total = total[total > 0].astype(np.float64)
    share = kept / total
    above, below = 0.0, 0.0
    for i, j in combinations(range(len(total)), 2):
        chance = share[:, i] / total[i] + share[:, j] / total[j]
        above += float(((share[:, i] - share[:, j]) ** 2 - chance).sum())
        below += float(2 * (share[:, i] * share[:, j]).sum())
    return max(above / below, 0.0) if below > 0 else float("nan")


def _exact(
    after: FloatArray, before: FloatArray, ratio: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Interval of the log2 change and p-value from the counts of cells alone.

    Given all cells of a clone, those after the drug follow a binomial distribution
    whose odds are the ratio of the shares times that of the totals (Clopper and Pearson
    1934, Biometrika 26:404, doi:10.1093/biomet/26.4.404).
    """
    from scipy import stats

    n, chance = after + before, ratio / (1 + ratio)
    lower, upper = (
        stats.binom.cdf(after, n, chance),
        stats.binom.sf(after - 1, n, chance),
    )
    pvalue = np.minimum(1.0, 2 * np.minimum(lower, upper))
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(after > 0, stats.beta.ppf(0.025, after, before + 1), 0.0)
        high = np.where(before > 0, stats.beta.ppf(0.975, after + 1, before), 1.0)
        odds = [np.log2(one / (1 - one) / ratio) for one in (low, high)]
    return odds[0], odds[1], pvalue


def change(
    after: IntArray, before: IntArray, *, totals: tuple[int, int], spread: float
) -> Change:
    """Change of the share of each clone, and whether it is more than chance.

    Parameters
    ----------
    after, before
        (clones,), cells on the drug and without it.
    totals
        Cells with a clone on the drug and without it.
    spread
        Variance of the log of a clone's mean size over the samples that were counted,
        beyond what counting cells explains; 0 where it is not known. The p-value is
        then the exact one, which counts cells alone.
    """
    from scipy import stats

    a, b = after.astype(np.float64), before.astype(np.float64)
    ratio = totals[0] / totals[1]
    log = np.log((a + _HALF) / (b + _HALF) / ratio)
    low, high, pvalue = _exact(a, b, ratio)
    if spread > 0:
        error = np.sqrt(1 / (a + _HALF) + 1 / (b + _HALF) + spread)
        pvalue = np.maximum(pvalue, 2 * stats.norm.sf(np.abs(log) / error))
        reach = stats.norm.ppf(0.975) * error / np.log(2)
        low = np.minimum(low, log / np.log(2) - reach)
        high = np.maximum(high, log / np.log(2) + reach)
    return Change(log / np.log(2), low, high, pvalue)


def effective_number(cells: IntArray) -> float:
    """Count clones of one size that would be as diverse (Hill number of order 2).

    The estimate is without bias for the probability that two cells share a clone
    (Simpson 1949, Nature 163:688, doi:10.1038/163688a0). NaN where no two cells do.
    """
    n = float(cells.sum())
    same = float((cells * (cells - 1)).sum())
    return n * (n - 1) / same if same > 0 else float("nan")


def variance_of_means(tables: Sequence[IntArray]) -> list[float]:
    """Variance of the log of a clone's mean size over the samples of each table.

    It is what drift between replicates adds, and NaN where a table has one sample.

    Parameters
    ----------
    tables
        (clones, samples), cells of each clone, for each arm.
    """
    return [drift(table) / max(table.shape[1], 1) for table in tables]


@dataclass(frozen=True)
class Inherited:
    """How much of the fate of clones is the same in replicates.

    Attributes
    ----------
    variance
        Variance over clones of the relative change of size that replicates share,
        cells weighing clones by their size. Below 0 by chance where there is none.
    low, high
        95% interval, from draws of whole clones.
    drift
        Variance of the log size between replicates.
    n_pairs
        Pairs of replicates.
    """

    variance: float
    low: float
    high: float
    drift: float
    n_pairs: int


def inherited(
    after: IntArray, before: IntArray, *, n_draws: int = 1000, seed: int = 0
) -> Inherited:
    """Measure whether clones change alike in replicates that grew apart.

    If survivors were picked anew in each replicate, a clone that grew in one would be
    as likely to shrink in the next. The product of its changes in two replicates is
    then, on average, the chance error of its share before the drug, which both have in
    common and which is known. What is left over is the part that was there before the
    replicates were split: the clone was selected. A part that all clones share, such as
    a response that every cell can make, is not seen here.

    Parameters
    ----------
    after
        (clones, samples), cells in the replicates on the drug.
    before
        (clones,), cells without the drug.
    n_draws
        Draws of clones.
    seed
        Seed of the draws.
    """
    total = after.sum(axis=0)
    share = after[:, total > 0] / total[total > 0]
    start, n = before / before.sum(), float(before.sum())
    pairs = list(combinations(range(share.shape[1]), 2))
    nan = float("nan")
    if not pairs:
        return Inherited(nan, nan, nan, drift(after), 0)
    above, below = np.zeros(len(start)), np.zeros(len(start))
    for i, j in pairs:
        above += (share[:, i] - start) * (share[:, j] - start) - start / n
        below += start**2 - start / n
    rng = np.random.default_rng(seed)
    weight = rng.multinomial(len(start), np.full(len(start), 1 / len(start)), n_draws)
    sums = np.stack([weight @ above, weight @ below])
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = np.where(sums[1] > 0, sums[0] / sums[1], np.nan)
    if not below.sum() > 0 or np.isnan(drawn).mean() > 0.05:
        return Inherited(nan, nan, nan, drift(after), len(pairs))
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    value = float(above.sum() / below.sum())
    return Inherited(value, float(low), float(high), drift(after), len(pairs))
