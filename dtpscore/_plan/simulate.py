"""Fast simulations of the two claims of an experiment: pure functions on arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from dtpscore._calling.conformal import n_at_least
from dtpscore._calling.shift import tolerance
from dtpscore._statistics.moves import moderated_move
from dtpscore._statistics.public_libraries import public_libraries

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

# A cell claim is counted as made where this share of the persisters is called.
LEAST_CALLED = 0.25
# As in `dtpscore._calling.shift`: part of the error rate that is left for libraries.
_OF_LIBRARIES = 0.5


@dataclass(frozen=True)
class Design:
    """One experiment to simulate.

    Attributes
    ----------
    effect
        Distance of persisters from untreated cells, in standard deviations of the
        untreated cells at this depth.
    share
        Share of the treated cells that are persisters.
    library_sd
        Standard deviation of the means of libraries, in the same unit.
    n_samples, n_cells
        Samples in each arm, and cells in each sample.
    paired
        Whether each treated sample has an untreated one of its patient.
    alpha
        Level of the test and of the calls.
    """

    effect: float
    share: float
    library_sd: float
    n_samples: int
    n_cells: int
    paired: bool
    alpha: float


def effect_at_depth(
    effect: float, depth: float, *, reference_depth: float, technical: float
) -> float:
    """Effect in standard deviations of untreated cells at another depth.

    Chance of counting adds a variance that falls with one over the depth.

    Parameters
    ----------
    effect
        Effect at the reference depth.
    depth, reference_depth
        Median counts of a cell.
    technical
        Share of the variance of cells that is chance of counting at the reference
        depth.
    """
    variance = 1 - technical + technical * reference_depth / depth
    return float(effect / np.sqrt(variance))


@lru_cache(maxsize=4096)
def group_power(design: Design, n_simulations: int, seed: int) -> float:
    """Share of experiments in which the samples show that the group moved.

    A sample is the mean of its cells, one number. The test is that of
    `dtpscore._statistics.samples.claim_group`: the t test, or the paired one.

    Returns
    -------
    The share; NaN with one sample in each arm, where no test is possible.
    """
    k = design.n_samples
    if k == 1:
        return float("nan")
    rng = np.random.default_rng([seed, 1])
    means = design.library_sd * rng.standard_normal((2 * k, n_simulations))
    persisters = rng.binomial(design.n_cells, design.share, (k, n_simulations))
    means[k:] += design.effect * persisters / design.n_cells
    means += rng.standard_normal(means.shape) / np.sqrt(design.n_cells)
    treated = np.arange(2 * k) >= k
    pair = np.tile(np.arange(k), 2) if design.paired else None
    move = moderated_move(means, treated, prior=None, stratum=pair)
    return float((move.pvalue <= design.alpha).mean())


def _values(
    design: Design, rng: np.random.Generator
) -> tuple[list[FloatArray], list[FloatArray], list[NDArray[np.bool_]]]:
    """Cells of each untreated and treated sample, and which of the latter persist."""
    n, k = design.n_cells, design.n_samples
    untreated = [
        design.library_sd * rng.standard_normal() + rng.standard_normal(n)
        for _ in range(k)
    ]
    persist = [rng.random(n) < design.share for _ in range(k)]
    treated = [
        design.library_sd * rng.standard_normal()
        + rng.standard_normal(n)
        + design.effect * one
        for one in persist
    ]
    return untreated, treated, persist


def call_cells(
    untreated: list[FloatArray], treated: list[FloatArray], alpha: float
) -> NDArray[np.bool_]:
    """Call treated cells along one known direction, as `tl.call` calls along its shift.

    A cell scores the larger of its distance from the median of its own sample and of
    its distance from the untreated samples, which is lowered by what one further
    library may differ. p-values are conformal, and q-values are those of Benjamini and
    Hochberg over all treated cells.

    Parameters
    ----------
    untreated, treated
        Values of the cells of each sample; two untreated samples or more.
    alpha
        False discovery rate.
    """
    from scipy.stats import false_discovery_control

    centers = np.array([np.median(one) for one in untreated])
    margin = tolerance(
        centers,
        alpha * _OF_LIBRARIES,
        replicates=np.array([[np.median(one) for one in treated]]),
        prior=public_libraries().along,
    )
    held = np.concatenate(
        [one - at for one, at in zip(untreated, centers, strict=True)]
    )
    scores = np.concatenate(
        [
            np.maximum(one - np.median(one), one - centers.mean() - margin)
            for one in treated
        ]
    )
    pvalue = (1 + n_at_least(held, scores)) / (len(held) + 1)
    called: NDArray[np.bool_] = false_discovery_control(pvalue) <= alpha
    return called


@lru_cache(maxsize=4096)
def cell_power(
    design: Design, n_simulations: int, seed: int
) -> tuple[float, float, float]:
    """Simulate calls of cells.

    Returns
    -------
    The share of experiments in which a quarter of the persisters or more is called, the
    mean share of persisters that are called, and the mean share of called cells that
    are none (0 where none is called). NaN with one untreated sample, where the shift
    cannot be calibrated.
    """
    nan = float("nan")
    if design.n_samples == 1:
        return nan, nan, nan
    rng = np.random.default_rng([seed, 2])
    rows = []
    for _ in range(n_simulations):
        untreated, treated, persist = _values(design, rng)
        called, truth = call_cells(untreated, treated, design.alpha), np.hstack(persist)
        found = float(called[truth].mean()) if truth.any() else 0.0
        wrong = float((called & ~truth).sum() / max(called.sum(), 1))
        rows.append((found >= LEAST_CALLED, found, wrong))
    claimed, found, wrong = np.mean(rows, axis=0)
    return float(claimed), float(found), float(wrong)
