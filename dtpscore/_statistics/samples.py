"""Whether a group moved, with the sample as the unit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations, product
from typing import TYPE_CHECKING

import numpy as np

from dtpscore._statistics.moderated import MEASURED
from dtpscore._statistics.moves import moderated_move

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from dtpscore._statistics.moderated import Prior

_MOST_ARRANGEMENTS = 20_000


def sample_means(
    values: NDArray[np.float64], sample: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Mean of the cells of each sample, float64 (samples, features).

    The samples are in the order of their codes.
    """
    return np.array([values[sample == name].mean(axis=0) for name in np.unique(sample)])


@dataclass(frozen=True)
class GroupClaim:
    """What the samples say of a move of the whole group.

    Attributes
    ----------
    difference
        Treated less untreated, in the unit of the values.
    low, high
        Its interval; NaN where there is none.
    pvalue
        Two-sided; NaN where no p-value is possible.
    freedom
        Degrees of freedom behind the p-value.
    method
        ``t test``, ``paired t test``, ``moderated t test``, ``moderated paired t
        test``, or ``none``.
    exact_pvalue, smallest_exact
        p-value by exchanging the labels of samples, which assumes no normal values, and
        the smallest one that the design can give.
    assumed
        Whether the p-value rests on a prior alone, and on nothing measured here.
    note
        What the design allows, in words.
    """

    difference: float
    low: float
    high: float
    pvalue: float
    freedom: float
    method: str
    exact_pvalue: float
    smallest_exact: float
    assumed: bool
    note: str


@dataclass(frozen=True)
class Units:
    """What is counted once: a sample, or a patient's samples of one arm together.

    Attributes
    ----------
    values
        float64 (units,) or (units, features).
    treated
        bool (units,).
    pair
        int64 (units,): pair of each unit; None where units are compared unpaired.
    said
        What was done about pairs, in words; empty where nothing was.
    """

    values: NDArray[np.float64]
    treated: NDArray[np.bool_]
    pair: NDArray[np.int64] | None
    said: str

    def only(self, kept: NDArray[np.bool_]) -> Units:
        """Take some of the units; where they are pairs, whole pairs."""
        pair = None if self.pair is None else self.pair[kept]
        return Units(self.values[kept], self.treated[kept], pair, self.said)


def _means(
    values: NDArray[np.float64], treated: NDArray[np.bool_], pair: NDArray[np.int64]
) -> Units:
    """Mean of the samples of each arm of each pair."""
    means, arms, pairs = [], [], []
    for one in np.unique(pair):
        for arm in (False, True):
            rows = (pair == one) & (treated == arm)
            if rows.any():
                means.append(values[rows].mean(axis=0))
                arms.append(arm)
                pairs.append(one)
    return Units(np.array(means), np.array(arms), np.array(pairs), "")


def units_of(
    values: NDArray[np.float64],
    treated: NDArray[np.bool_],
    pair: NDArray[np.int64] | None,
) -> Units:
    """Turn samples into the units of a test, as `claim_group` says.

    Parameters
    ----------
    values
        (samples,) or (samples, features).
    treated, pair
        (samples,); no pair where the samples have none.
    """
    if pair is None:
        return Units(values, treated, None, "")
    both = np.intersect1d(pair[treated], pair[~treated])
    if len(both) == 1:
        rows = pair == both[0]
        n_other = len(np.unique(pair)) - 1
        said = "one patient or tumor has both arms: the claim is about this one alone"
        return Units(values[rows], treated[rows], None, f"{said}. " if n_other else "")
    if len(both) == 0:
        # Samples of one patient are no replicates of a difference between patients.
        alone = _means(values, treated, pair)
        return Units(alone.values, alone.treated, None, "")
    rows = np.isin(pair, both)
    left = int((~rows).sum())
    said = f"Samples without a partner are left out: {left}. " if left else ""
    paired = _means(values[rows], treated[rows], pair[rows])
    return Units(paired.values, paired.treated, paired.pair, said)


def n_arrangements(n_untreated: int, n_treated: int, *, paired: bool = False) -> int:
    """Count the ways to label the samples.

    Parameters
    ----------
    n_untreated, n_treated
        Samples of each arm.
    paired
        Whether labels are exchanged within pairs only.
    """
    if paired:
        return int(2**n_treated)
    return math.comb(n_untreated + n_treated, n_treated)


def smallest_exact_pvalue(
    n_untreated: int, n_treated: int, *, paired: bool = False
) -> float:
    """Give the smallest two-sided p-value that exchanging labels can reach.

    With arms of equal size, and with pairs, every labeling has a mirror image that is
    as extreme.

    Parameters
    ----------
    n_untreated, n_treated
        Samples of each arm.
    paired
        Whether labels are exchanged within pairs only.
    """
    mirrored = 2 if paired or n_untreated == n_treated else 1
    total = n_arrangements(n_untreated, n_treated, paired=paired)
    return min(1.0, mirrored / total)


def _pair_differences(units: Units) -> NDArray[np.float64]:
    """Treated less untreated of each pair, in the order of the pairs."""
    assert units.pair is not None
    arms = []
    for arm in (units.treated, ~units.treated):
        order = np.argsort(units.pair[arm], kind="stable")
        arms.append(units.values[arm][order])
    result: NDArray[np.float64] = arms[0] - arms[1]
    return result


def _labelings(n: int, n_treated: int, seed: int) -> NDArray[np.bool_]:
    """Every way to label, or the given one and random ones where there are too many."""
    if n_arrangements(n - n_treated, n_treated) <= _MOST_ARRANGEMENTS:
        chosen = np.array(list(combinations(range(n), n_treated)))
        labels = np.zeros((len(chosen), n), bool)
        np.put_along_axis(labels, chosen, True, axis=1)
        return labels
    rng = np.random.default_rng(seed)
    start = np.tile(np.arange(n) < n_treated, (_MOST_ARRANGEMENTS - 1, 1))
    return rng.permuted(start, axis=1)


def _signs(n: int, seed: int) -> NDArray[np.float64]:
    if 2**n <= _MOST_ARRANGEMENTS:
        return np.array(list(product((1.0, -1.0), repeat=n)))
    rng = np.random.default_rng(seed)
    return rng.choice([1.0, -1.0], (_MOST_ARRANGEMENTS - 1, n))


def exact_pvalue(
    values: ArrayLike,
    treated: ArrayLike,
    *,
    pair: ArrayLike | None = None,
    seed: int = 0,
) -> float:
    """Two-sided p-value of the difference of means by exchanging labels.

    With more than 20,000 labelings, random ones are taken and the given one is counted
    in (Phipson and Smyth 2010, doi:10.2202/1544-6115.1585).

    Parameters
    ----------
    values
        (samples,).
    treated
        Which samples are treated; some are and some are not.
    pair
        Pair of each sample, one sample of each arm in each.
    seed
        Seed of the random labelings.
    """
    found, arm = np.asarray(values, np.float64), np.asarray(treated, np.bool_)
    if pair is not None:
        gaps = _pair_differences(Units(found, arm, np.asarray(pair, np.int64), ""))
        drawn = np.abs(_signs(len(gaps), seed) @ gaps)
        least, total = abs(gaps.sum()), n_arrangements(0, len(gaps), paired=True)
    else:
        labels = _labelings(len(found), int(arm.sum()), seed)
        k, n = int(arm.sum()), len(found)
        sums = labels @ found
        drawn = np.abs(sums / k - (found.sum() - sums) / (n - k))
        least = abs(found[arm].mean() - found[~arm].mean())
        total = n_arrangements(n - k, k)
    hits = int((drawn >= least * (1 - 1e-9) - 1e-12).sum())
    more = total > _MOST_ARRANGEMENTS
    return (hits + more) / (len(drawn) + more)


def _note(units: Units, prior: Prior | None, freedom: float) -> str:
    n_treated = int(units.treated.sum())
    n_untreated = len(units.treated) - n_treated
    if n_treated == n_untreated == 1:
        if prior is None:
            return (
                "one sample in each arm: nothing says how much two samples differ "
                "without treatment, so no p-value is possible. A second untreated "
                "sample makes one possible."
            )
        return (
            "one sample in each arm: how much two samples differ without treatment is "
            f"{prior.source}, not measured here."
        )
    if units.pair is not None:
        text = f"{n_treated} pairs"
    else:
        text = f"{n_untreated} untreated and {n_treated} treated samples"
    if min(n_treated, n_untreated) == 1:
        text += ", one arm with a single sample, taken to vary as the other arm does"
    worth = "many" if math.isinf(freedom) else f"{freedom:.3g}"
    text += f"; {worth} degrees of freedom"
    if prior is not None and prior.source != MEASURED:
        text += f", {prior.freedom:.3g} of them {prior.source}"
    return f"{text}."


def claim_group(
    values: ArrayLike,
    treated: ArrayLike,
    *,
    pair: ArrayLike | None = None,
    prior: Prior | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> GroupClaim:
    """Test whether a group moved, each sample counting once.

    The test is the equal-variance t test, or the paired one: under the null hypothesis
    that the treatment does nothing, samples of both arms vary alike. It is there for
    every design but one sample in each arm, where only a prior helps. The interval is
    that of the same test. Welch's test is not used: with 6 against 2 samples it rejects
    7% of null hypotheses at 5%. Beside it stands the p-value by exchanging labels,
    which needs no normal values but cannot be small with few samples.

    With pairs (patients, tumors), the pair is the unit: samples of one arm of a patient
    are averaged. Where one patient alone has both arms, its samples are the units and
    the claim is about this patient. Where none has, patients are compared unpaired.

    Parameters
    ----------
    values
        (samples,), a quantity fixed before the labels are looked at, on a scale on
        which samples spread alike: log odds of a share, mean of an axis.
    treated
        Which samples are treated; at least one is and one is not.
    pair
        Patient or tumor of each sample as whole numbers.
    prior
        What is known of the variance between samples, in the squared unit of the
        values.
    level
        Level of the interval.
    seed
        Seed where there are more than 20,000 labelings.

    Returns
    -------
    The claim.

    Raises
    ------
    ValueError
        An arm has no sample.
    """
    arm = np.asarray(treated, np.bool_)
    if not arm.any() or arm.all():
        msg = "A group is compared with another one: both arms need a sample."
        raise ValueError(msg)
    pairs = None if pair is None else np.asarray(pair, np.int64)
    units = units_of(np.asarray(values, np.float64), arm, pairs)
    move = moderated_move(
        units.values, units.treated, prior=prior, stratum=units.pair, level=level
    )
    n_treated = int(units.treated.sum())
    n_untreated = len(units.treated) - n_treated
    paired = units.pair is not None
    method = "none"
    if move.freedom > 0:
        method = "moderated " * (prior is not None) + "paired " * paired + "t test"
    return GroupClaim(
        difference=float(move.effect[0]),
        low=float(move.low[0]),
        high=float(move.high[0]),
        pvalue=float(move.pvalue[0]),
        freedom=move.freedom,
        method=method,
        exact_pvalue=exact_pvalue(
            units.values, units.treated, pair=units.pair, seed=seed
        ),
        smallest_exact=smallest_exact_pvalue(n_untreated, n_treated, paired=paired),
        assumed=n_treated == n_untreated == 1 and prior is not None,
        note=units.said + _note(units, prior, move.freedom),
    )
