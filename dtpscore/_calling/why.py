"""Which axes carry a call, in which direction, against which published one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray


# Ridge penalty, in cells, where components are put in terms of signatures.
_PENALTY = 0.01


def on_signatures(
    features: NDArray[np.float64],
    components: NDArray[np.float64],
    coefficients: NDArray[np.float64],
) -> tuple[NDArray[np.float64], float]:
    """Put the linear part of a shift in terms of its signatures alone.

    What the components of expression carry is regressed on the signatures (ridge);
    the rest stays unexplained, and its size is returned.

    Parameters
    ----------
    features, components
        Cells x signatures, and cells x components of expression.
    coefficients
        Weight of each signature, then of each component.

    Returns
    -------
    Weight of each signature, and the share of the variance of the linear part that
    they explain (1.0 where no component has a weight).
    """
    from sklearn.linear_model import Ridge
    from threadpoolctl import threadpool_limits

    own, rest = np.split(coefficients, [features.shape[1]])
    if not rest.any():
        return own, 1.0
    carried = components @ rest
    # One thread: sums must not depend on the machine.
    with threadpool_limits(1):
        model = Ridge(alpha=_PENALTY * len(features)).fit(features, carried)
    missed = carried - features @ model.coef_
    total = features @ own + carried
    return own + model.coef_, 1 - float(np.var(missed) / np.var(total))


def contributions(
    features: NDArray[np.float64],
    coefficients: NDArray[np.float64],
    axis: Sequence[str],
    reference: NDArray[np.bool_],
) -> tuple[NDArray[np.float32], list[str]]:
    """Split the linear part of the shift into axes.

    Parameters
    ----------
    features
        Cells x features.
    coefficients
        Weight of each feature in the shift.
    axis
        Axis of each feature.
    reference
        Cells whose median is 0.

    Returns
    -------
    float32 (cells, axes), and the names of the axes in the order of first use.
    """
    weighted = features * coefficients
    weighted -= np.median(weighted[reference], axis=0)
    names = list(dict.fromkeys(axis))
    where = np.asarray(axis)
    columns = [weighted[:, where == name].sum(axis=1) for name in names]
    return np.stack(columns, axis=1).astype(np.float32), names


def envelope(
    random_z: NDArray[np.float64],
    called: NDArray[np.bool_],
    reference: NDArray[np.bool_],
) -> tuple[float, float]:
    """2.5 and 97.5% quantile of the difference of random gene sets."""
    difference = random_z[called].mean(axis=0) - random_z[reference].mean(axis=0)
    low, high = np.quantile(difference, [0.025, 0.975])
    return float(low), float(high)


def reading(difference: float, published: str, bounds: tuple[float, float]) -> str:
    """Compare the direction of an axis in this experiment with the published one."""
    if bounds[0] <= difference <= bounds[1]:
        return "not beyond random gene sets"
    found = "up" if difference > 0 else "down"
    if published == "two-sided":
        return f"{found}; published contrasts disagree"
    return "agrees" if found == published else "opposite"


def axis_table(
    difference: NDArray[np.float64],
    contribution: NDArray[np.float64],
    names: Sequence[str],
    published: Sequence[str],
    *,
    bounds: tuple[float, float],
) -> pd.DataFrame:
    """One row an axis for one group of called cells, the strongest first.

    Parameters
    ----------
    difference
        Mean z of called cells less that of reference cells.
    contribution
        Mean contribution to the shift.
    names, published
        Axes and their published directions.
    bounds
        Envelope of random gene sets.
    """
    import pandas as pd

    frame = pd.DataFrame(
        {
            "axis": list(names),
            "difference": difference,
            "contribution": contribution,
            "published": list(published),
            "reading": [
                reading(one, sign, bounds)
                for one, sign in zip(difference, published, strict=True)
            ],
        }
    )
    order = np.argsort(-np.abs(contribution), kind="stable")
    return frame.iloc[order].reset_index(drop=True)
