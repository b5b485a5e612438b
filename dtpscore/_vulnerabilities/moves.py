"""Moves of axes, genes and drug signatures between samples: functions on arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dtpscore._statistics.contrast import arm_contrast
from dtpscore._statistics.moderated import fit_prior
from dtpscore._statistics.moves import moderated_move
from dtpscore._statistics.samples import claim_group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

# Genes are compared with genes of like expression in so many levels.
N_LEVELS = 25


@dataclass(frozen=True)
class Moved:
    """Moves with the sample as the unit; arrays over features.

    Attributes
    ----------
    difference, low, high
        float64: treated less untreated, and its 95% interval.
    pvalue
        float64; NaN where the samples allow no test.
    """

    difference: FloatArray
    low: FloatArray
    high: FloatArray
    pvalue: FloatArray


def claims(
    values: FloatArray, treated: NDArray[np.bool_], pair: NDArray[np.int64] | None
) -> Moved:
    """Test each column by itself, as `dtpscore._statistics.samples.claim_group` does.

    Parameters
    ----------
    values
        (samples, features).
    treated
        (samples,).
    pair
        (samples,), patient of each sample; None without.
    """
    found = [
        claim_group(column, treated, pair=pair) if np.isfinite(column).all() else None
        for column in values.T
    ]
    rows = np.array(
        [
            (one.difference, one.low, one.high, one.pvalue)
            if one is not None
            else (np.nan,) * 4
            for one in found
        ]
    ).reshape(-1, 4)
    return Moved(*rows.T)


def gene_moves(
    profiles: FloatArray, treated: NDArray[np.bool_], pair: NDArray[np.int64] | None
) -> Moved:
    """Test each gene with a variance that borrows strength over all genes.

    Parameters
    ----------
    profiles
        (samples, genes), log expression of all genes that are expressed.
    treated, pair
        (samples,). Pairs are used where every patient has both arms.
    """
    both = pair is not None and all(
        len(set(treated[pair == one].tolist())) == 2 for one in np.unique(pair)
    )
    stratum = pair if both else None
    plain = arm_contrast(profiles, treated, (-1.0, 1.0), stratum=stratum)
    if plain.freedom == 0:
        nan = np.full(profiles.shape[1], np.nan)
        return Moved(plain.effect, nan, nan, nan)
    # Too few genes have nothing to borrow from.
    many = int((plain.variance > 0).sum()) > 1
    prior = fit_prior(plain.variance, plain.freedom) if many else None
    found = moderated_move(profiles, treated, prior=prior, stratum=stratum)
    return Moved(found.effect, found.low, found.high, found.pvalue)


def against_like_genes(
    profiles: FloatArray, untreated: NDArray[np.bool_]
) -> FloatArray:
    """Change of each gene in each sample, less that of genes of like expression.

    A change of depth or of composition moves weak and strong genes apart. The median
    change of genes of the same level in the same sample is taken off.

    Parameters
    ----------
    profiles
        (samples, genes), log expression.
    untreated
        (samples,); their mean is what changes are measured from.
    """
    base = profiles[untreated].mean(axis=0)
    change = profiles - base
    order = np.argsort(base, kind="stable")
    for level in np.array_split(order, min(N_LEVELS, max(len(order) // 20, 1))):
        change[:, level] -= np.median(change[:, level], axis=1, keepdims=True)
    return change


def signature_values(
    change: FloatArray, up: Sequence[int], down: Sequence[int]
) -> FloatArray:
    """Mean change of the up genes less that of the down genes, in each sample."""
    parts = [change[:, list(genes)].mean(axis=1) for genes in (up, down) if len(genes)]
    if len(up) and len(down):
        return np.asarray(parts[0] - parts[1])
    return np.asarray(parts[0] if len(up) else -parts[0])
