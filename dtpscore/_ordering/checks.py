"""Compare the order with what else is known. The order is never changed to fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.optimize import isotonic_regression
from scipy.stats import mannwhitneyu, spearmanr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.random import Generator
    from numpy.typing import NDArray

    from dtpscore._matrix.blocks import Source
    from dtpscore._ordering.axes import AxisFeatures
    from dtpscore._ordering.cells import Cells

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

_LEAST_CELLS = 10
# A rank correlation nearer to zero than this says nothing either way.
_RESOLVED = 0.1
_N_DRAWS = 999
# A time course counts as rising and falling if chance gives such a one in fewer than
# this share of draws, and a monotone course misses this share of its variation.
_ALPHA = 0.01
_LEAST_GAP = 0.2

AGREES, CONTRADICTS, UNRESOLVED = "agrees", "contradicts", "unresolved"
RISES_AND_FALLS, FALLS_AND_RISES = "rises and falls", "falls and rises"
MONOTONE, NOT_TESTED = "monotone", "fewer than 3 times"


def rho(a: FloatArray, b: FloatArray) -> float:
    """Spearman's rho over pairs without NaN; NaN where a side does not vary."""
    both = ~(np.isnan(a) | np.isnan(b))
    if both.sum() < 3 or np.ptp(a[both]) == 0 or np.ptp(b[both]) == 0:
        return float("nan")
    return float(spearmanr(a[both], b[both])[0])


def within(a: FloatArray, b: FloatArray, codes: IntArray) -> FloatArray:
    """Spearman's rho within every sample of ten or more cells."""
    rows = [np.flatnonzero(codes == code) for code in np.unique(codes[codes >= 0])]
    found = [rho(a[part], b[part]) for part in rows if part.size >= _LEAST_CELLS]
    values = np.asarray(found, dtype=float)
    return values[~np.isnan(values)]


def _verdict(value: float, least: float = _RESOLVED) -> str:
    if value > least:
        return AGREES
    return CONTRADICTS if value < -least else UNRESOLVED


def _beyond_root(order: FloatArray, cells: Cells) -> tuple[float, float, FloatArray]:
    """Rank-biserial correlation of group and order, and each sample's lead."""
    placed = ~np.isnan(order)
    inside = order[cells.root & placed]
    other = cells.moved & placed
    middle = np.median(inside)
    lead = [
        float(np.median(order[other & (cells.sample == code)]) - middle)
        for code in np.unique(cells.sample[other])
    ]
    pairs = inside.size * int(other.sum())
    above = mannwhitneyu(order[other], inside).statistic if pairs else np.nan
    value = float(2 * above / pairs - 1) if pairs else float("nan")
    return value, value, np.asarray(lead)


def _chance(cells: Cells) -> float:
    """Two standard errors over cells of the correlation with groups without a lead."""
    n_root = int(cells.root.sum())
    n_other = int((cells.moved).sum())
    return 2 * float(np.sqrt((n_root + n_other + 1) / (3 * n_root * n_other)))


def direction(
    order: FloatArray, index: FloatArray | None, cells: Cells
) -> pd.DataFrame:
    """Compare the direction of the order with groups, index and time.

    Holiday cells do not count. The correlation with the index is within samples, as
    a difference between libraries proves nothing; that with time is over all cells,
    as cells of one sample share their time. That with groups is the rank-biserial
    correlation: how much oftener a cell outside the root group is farther on than one
    in it, than the reverse.

    Returns
    -------
    Rows ``groups``, and ``index`` and ``time`` where known: ``rho`` (for the index the
    median over samples), ``rho_all_cells``, ``n_samples``, ``n_positive`` (samples or
    series with a positive correlation; for groups, samples beyond the median of the
    root group) and ``verdict``: agrees, contradicts or unresolved.
    """
    rows = {"groups": _beyond_root(order, cells)}
    on_path = ~cells.holiday
    if index is not None:
        each = within(order[on_path], index[on_path], cells.sample[on_path])
        value = float(np.median(each)) if each.size else float("nan")
        rows["index"] = (value, rho(order[on_path], index[on_path]), each)
    if cells.times:
        fitted = cells.fitted
        time = cells.time[fitted].astype(float)
        value = rho(order[fitted], time)
        rows["time"] = (
            value,
            value,
            within(order[fitted], time, cells.series[fitted]),
        )
    least = {"groups": max(_RESOLVED, _chance(cells))}
    return pd.DataFrame.from_dict(
        {
            name: {
                "rho": value,
                "rho_all_cells": overall,
                "n_samples": each.size,
                "n_positive": int((each > 0).sum()),
                "verdict": _verdict(value, least.get(name, _RESOLVED)),
            }
            for name, (value, overall, each) in rows.items()
        },
        orient="index",
        columns=["rho", "rho_all_cells", "n_samples", "n_positive", "verdict"],
    )


def cycle(order: FloatArray, axes: AxisFeatures, cells: Cells) -> pd.DataFrame:
    """Spearman's rho of the order with S and G2M phase.

    Persisters divide less, so that a correlation over all cells is expected. Among
    the cells of the root group it is not: there it shows what the cell cycle itself
    adds to the order.
    """
    groups = {"all cells": ~cells.holiday, "root group": cells.root}
    return pd.DataFrame(
        {
            name: {
                phase: rho(order[rows], axes.cycle[phase].to_numpy()[rows])
                for phase in axes.cycle
            }
            for name, rows in groups.items()
        }
    ).T


def _time_means(
    values: FloatArray, cells: Cells
) -> tuple[FloatArray, FloatArray, int, str]:
    """Mean of each time, its standard error, degrees of freedom, and the unit."""
    fitted = cells.fitted & ~np.isnan(values)
    frame = pd.DataFrame(
        {
            "time": cells.time[fitted],
            "sample": cells.sample[fitted],
            "value": values[fitted],
        }
    )
    means = frame.groupby(["time", "sample"])["value"].mean()
    by_time = means.groupby("time")
    counts = by_time.size().to_numpy()
    if counts.min() >= 2:
        freedom = int(counts.sum() - counts.size)
        spread = means - by_time.transform("mean")
        pooled = np.sqrt(float(np.sum(spread**2)) / freedom)
        return by_time.mean().to_numpy(), pooled / np.sqrt(counts), freedom, "samples"
    grouped = frame.groupby("time")["value"]
    error = grouped.std().to_numpy() / np.sqrt(grouped.size().to_numpy())
    return grouped.mean().to_numpy(), error, int(len(frame) - counts.size), "cells"


def _best_monotone(means: FloatArray, weights: FloatArray) -> tuple[FloatArray, float]:
    """Monotone fit, up or down, whichever is nearer, and its weighted misfit."""
    fits = [
        isotonic_regression(means, weights=weights, increasing=up).x
        for up in (True, False)
    ]
    misfits = [float(weights @ (means - fit) ** 2) for fit in fits]
    best = int(np.argmin(misfits))
    return fits[best], misfits[best]


def _course(
    means: FloatArray, error: FloatArray, freedom: int, rng: Generator
) -> dict[str, float | str]:
    error = np.maximum(error, 1e-12)
    weights = 1 / error**2
    weights = weights / weights.sum()
    fit, misfit = _best_monotone(means, weights)
    total = float(weights @ (means - weights @ means) ** 2)
    if misfit <= 0 or total <= 0:
        return {"gap": 0.0, "p": 1.0, "verdict": MONOTONE}
    gap = misfit / total
    # The error is estimated from few samples, hence Student's t and not the normal.
    noise = rng.standard_t(max(freedom, 1), (_N_DRAWS, means.size)) * error
    drawn = [_best_monotone(fit + one, weights)[1] for one in noise]
    p = (1 + np.sum(np.asarray(drawn) >= misfit)) / (_N_DRAWS + 1)
    verdict = MONOTONE
    if p <= _ALPHA and gap >= _LEAST_GAP:
        inner = means[1:-1] - (means[0] + means[-1]) / 2
        up = inner[np.argmax(np.abs(inner))] > 0
        verdict = RISES_AND_FALLS if up else FALLS_AND_RISES
    return {"gap": gap, "p": float(p), "verdict": verdict}


def time_courses(
    quantities: Mapping[str, FloatArray], cells: Cells, *, seed: int = 0
) -> pd.DataFrame:
    """Ask of each quantity whether it goes one way over time.

    The means of the times are compared with the nearest monotone course (isotonic
    regression). The p-value is the share of courses as far from monotone when noise
    of the size seen between samples of one time is added to that monotone course;
    between cells, where a time has one sample, which makes it too small.

    Parameters
    ----------
    quantities
        Name and value of each cell.
    cells
        Times and samples.
    seed
        Seed of the noise.

    Returns
    -------
    One row per quantity: ``gap`` (share of the variation between times that no
    monotone course explains), ``p``, ``verdict``, ``unit`` of the noise, and the
    means, joined by ``"; "``.
    """
    rng = np.random.default_rng(seed)
    rows = {}
    for name, values in quantities.items():
        means, error, freedom, unit = _time_means(values, cells)
        result: dict[str, float | str] = {
            "gap": float("nan"),
            "p": float("nan"),
            "verdict": NOT_TESTED,
        }
        if means.size >= 3:
            result = _course(means, error, freedom, rng)
        result["unit"] = unit
        result["means"] = "; ".join(f"{mean:.3g}" for mean in means)
        rows[name] = result
    return pd.DataFrame.from_dict(
        rows, orient="index", columns=["gap", "p", "verdict", "unit", "means"]
    )


def time_is_progress(courses: pd.DataFrame | None) -> bool:
    """Whether no quantity turns back over time; true where there are no times."""
    if courses is None:
        return True
    turned = courses["verdict"].isin([RISES_AND_FALLS, FALLS_AND_RISES])
    return not bool(turned.any())


def agreement(first: FloatArray, second: FloatArray, cells: Cells) -> dict[str, float]:
    """Spearman's rho of two orders: over all cells, and the median within samples."""
    each = within(first, second, cells.sample)
    inner = float(np.median(each)) if each.size else float("nan")
    return {"rho": rho(first, second), "rho_within_samples": inner}


def depths(source: Source) -> FloatArray:
    """Sum of the values of each cell."""
    sums = []
    for block in source.blocks():
        total = np.concatenate([[0.0], np.cumsum(block.data, dtype=np.float64)])
        sums.append(np.diff(total[block.indptr]))
    return np.concatenate(sums)


def depth_rho(depth: FloatArray | None, cells: Cells) -> float | None:
    """Spearman's rho between counts per cell and time, without the holiday.

    None without counts or times, or where either does not vary.
    """
    if depth is None:
        return None
    value = rho(depth[cells.fitted], cells.time[cells.fitted].astype(float))
    return None if np.isnan(value) else value


def composition(cells: Cells) -> pd.DataFrame | None:
    """Share of each type of cells at each time, the mean over samples.

    Returns
    -------
    Frame with ``cell_type``, ``time`` and ``share``, without the holiday. None with
    fewer than two types or two times.
    """
    rows = cells.fitted & (cells.sample >= 0)
    types = np.unique(cells.cell_type[rows])
    if len(types) < 2 or np.unique(cells.time[rows]).size < 2:
        return None
    found = []
    for code in np.unique(cells.time[rows]):
        here = rows & (cells.time == code)
        for one in types:
            shares = [
                np.mean(cells.cell_type[here & (cells.sample == sample)] == one)
                for sample in np.unique(cells.sample[here])
            ]
            found.append((str(one), cells.times[code], float(np.mean(shares))))
    return pd.DataFrame(found, columns=["cell_type", "time", "share"])
