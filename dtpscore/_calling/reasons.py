"""Which axes carry the calls of a group, and in which direction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dtpscore import signatures
from dtpscore._calling.shared_genes import counted_once
from dtpscore.signatures._directions import voting_studies

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._calling.cells import Cells
    from dtpscore._calling.outcome import Experiment, Outcome

# Ridge penalty, in cells, where components are put in terms of signatures.
_PENALTY = 0.01
# Axes whose published vulnerabilities are listed: the strongest of each group.
_N_AXES = 5
# Quantiles of the differences of random gene sets between which nothing is read.
_ENVELOPE = (0.025, 0.975)


def on_signatures(
    features: NDArray[np.float64],
    components: NDArray[np.float64],
    coefficients: NDArray[np.float64],
) -> tuple[NDArray[np.float64], float]:
    """Put the linear part of a shift in terms of its signatures alone.

    What the components of expression carry is regressed on the signatures (ridge).
    The rest stays unexplained, and its size is returned.

    Parameters
    ----------
    features, components
        float64 (cells, signatures), and (cells, components of expression).
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
        float64 (cells, features).
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
    axis_of = np.asarray(axis)
    columns = [weighted[:, axis_of == name].sum(axis=1) for name in names]
    return np.stack(columns, axis=1).astype(np.float32), names


def _mean_parts(
    features: NDArray[np.float64],
    coefficients: NDArray[np.float64],
    called: NDArray[np.bool_],
    reference: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Mean contribution of each signature in called cells; `contributions` adds up."""
    weighted = features * coefficients
    return weighted[called].mean(axis=0) - np.median(weighted[reference], axis=0)


def envelope(
    random_z: NDArray[np.float64],
    called: NDArray[np.bool_],
    reference: NDArray[np.bool_],
) -> tuple[float, float]:
    """2.5 and 97.5% quantile of the difference of random gene sets."""
    difference = random_z[called].mean(axis=0) - random_z[reference].mean(axis=0)
    low, high = np.quantile(difference, _ENVELOPE)
    return float(low), float(high)


def reading(difference: float, published: str, bounds: tuple[float, float]) -> str:
    """Compare the direction of an axis in this experiment with the published one."""
    if bounds[0] <= difference <= bounds[1]:
        return "not beyond random gene sets"
    found = "up" if difference > 0 else "down"
    if published == "two-sided":
        return f"{found}; published contrasts disagree"
    return "agrees" if found == published else "opposite"


def published_directions(names: Sequence[str], excluded: Collection[str]) -> list[str]:
    """Direction of each axis in contrasts of persisters.

    Parameters
    ----------
    names
        Axes. One that is not shipped is two-sided.
    excluded
        Studies that have no vote, because the data are theirs.
    """
    without = voting_studies() & set(excluded)
    known = signatures.axes()
    return [
        signatures.direction(name, without=without).direction
        if name in known
        else "two-sided"
        for name in names
    ]


def axis_table(
    difference: NDArray[np.float64],
    contribution: NDArray[np.float64],
    names: Sequence[str],
    published: Sequence[str],
    *,
    bounds: tuple[float, float],
    once: Mapping[str, float],
) -> pd.DataFrame:
    """Make the table of axes of one group of called cells, the strongest first.

    Parameters
    ----------
    difference
        Mean z of called cells less that of reference cells, per axis.
    contribution
        Mean contribution to the shift, per axis.
    names, published
        Axes and their published directions.
    bounds
        Envelope of random gene sets.
    once
        Contribution by axis, with every gene counted once. It decides which axis is
        the strongest.

    Returns
    -------
    One row per axis.
    """
    import pandas as pd

    frame = pd.DataFrame(
        {
            "axis": list(names),
            "difference": difference,
            "contribution": contribution,
            "counted_once": [once[name] for name in names],
            "published": list(published),
            "reading": [
                reading(moved, direction, bounds)
                for moved, direction in zip(difference, published, strict=True)
            ],
        }
    )
    order = np.argsort(-frame["counted_once"].abs().to_numpy(), kind="stable")
    return frame.iloc[order].reset_index(drop=True)


def explain(
    experiment: Experiment,
    outcome: Outcome,
    rows: NDArray[np.int64],
    *,
    cells: Cells,
    coefficients: NDArray[np.float64],
    called: NDArray[np.bool_],
    label: tuple[str, str],
) -> float:
    """Add the contributions of axes, and the table of axes where cells are called.

    Parameters
    ----------
    experiment, outcome
        The run; ``outcome`` is added to.
    rows, cells
        Rows of the reference and the group, and the same cells as they were fitted.
    coefficients
        Weight of each feature and component in the shift.
    called
        Called cells.
    label
        Batch and group.

    Returns
    -------
    Share of the linear part of the shift that the signatures explain.
    """
    weights, explained = on_signatures(cells.features, cells.components, coefficients)
    parts, names = contributions(
        cells.features, weights, experiment.features.axis, cells.reference
    )
    query = ~cells.reference
    outcome.contributions[rows[query]] = parts[query]
    fresh = cells.reference & np.isnan(outcome.contributions[rows, 0])
    outcome.contributions[rows[fresh]] = parts[fresh]
    if not called.any():
        return explained
    z = experiment.features.axes[rows]
    of_signature = _mean_parts(cells.features, weights, called, cells.reference)
    features = experiment.features
    table = axis_table(
        z[called].mean(axis=0) - z[cells.reference].mean(axis=0),
        parts[called].mean(axis=0).astype(np.float64),
        names,
        published_directions(names, features.excluded),
        bounds=envelope(experiment.features.random[rows], called, cells.reference),
        once=counted_once(of_signature, features.axis, features.genes_of()),
    )
    table.insert(0, "group", label[1])
    table.insert(0, "batch", label[0])
    outcome.reasons.append(table)
    return explained


def vulnerability_table(reasons: pd.DataFrame) -> pd.DataFrame:
    """List published vulnerabilities of the axes that carry the calls.

    Parameters
    ----------
    reasons
        Axis tables of all groups, the strongest axis of a group first.

    Returns
    -------
    Rows of ``signatures.vulnerabilities``. A high axis is expression and is no
    evidence that the cells depend on what a row names.
    """
    table = signatures.vulnerabilities()
    first = reasons.groupby(["batch", "group"], sort=False).head(_N_AXES)["axis"]
    return table[table["axis"].isin(first)].reset_index(drop=True)
