"""Expectation-maximization of two normal populations along a line."""

from __future__ import annotations

import math

import numpy as np

from dtpscore._threads import helper, kernel

# Shares of the upper population stay within these, so that both populations exist.
LEAST_SHARE, LARGEST_SHARE = 1e-3, 0.97


@helper
def _logaddexp(one, other):
    gap = one - other
    if gap > 0:
        return one + math.log1p(math.exp(-gap))
    return other + math.log1p(math.exp(gap))


@helper
def _rounds(cells, center, distance, offset, share, rounds):
    """Offset and share after some rounds, and the last constant of the log odds."""
    half, constant = distance**2 / 2, 0.0
    for _ in range(rounds):
        # The log odds of the upper population, from the two normal densities.
        constant = math.log(share / (1 - share)) - distance * offset - half
        total = 0.0
        for x in cells:
            total += 1.0 / (1.0 + math.exp(-(distance * x + constant)))
        found = total / len(cells)
        share = min(max(found, LEAST_SHARE), LARGEST_SHARE)
        offset = center - found * distance
    return offset, share, constant


@helper
def _log_likelihood(cells, distance, offset, share):
    """Log likelihood, without what does not depend on offset and share."""
    low, high = math.log1p(-share), math.log(share) - distance**2 / 2
    total = 0.0
    for x in cells:
        centered = x - offset
        total += _logaddexp(low, high + distance * centered) - 0.5 * centered**2
    return total


@kernel
def fit(
    ordered, first, last, center, distance, rounds, penalty, offset, share, gain, upper
):
    """Fit every sample from every start; ``offset`` and ``share`` become the fits.

    The cells ``ordered[first[s]:last[s]]`` are those of sample s. ``gain`` (samples,
    starts) gets the penalized log likelihoods, and ``upper`` (cells,) the probability
    to be of the upper population in the best fit of the cell's sample.
    """
    for s in range(len(first)):
        cells, best, constant = ordered[first[s] : last[s]], -np.inf, 0.0
        for start in range(offset.shape[1]):
            offset[s, start], share[s, start], of_odds = _rounds(
                cells, center[s], distance, offset[s, start], share[s, start], rounds
            )
            gain[s, start] = _log_likelihood(
                cells, distance, offset[s, start], share[s, start]
            ) + penalty * math.log1p(-share[s, start])
            if gain[s, start] > best:
                best, constant = gain[s, start], of_odds
        for i in range(first[s], last[s]):
            upper[i] = 1.0 / (1.0 + math.exp(-(distance * ordered[i] + constant)))
