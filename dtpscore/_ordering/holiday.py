"""Where cells off the drug are on the path, and whether they are on it at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dtpscore._ordering.neighbors import nearest
from dtpscore._statistics.intervals import mean_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from dtpscore._ordering.cells import Cells

    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]
    IntArray = NDArray[np.int64]

_N_BOOTSTRAP = 1000
_N_NEIGHBORS = 10
_MOST_OF_ANCHOR = 3000
_ALPHA = 0.05
# A ratio of differences says something only where the difference below the line is
# well above the spread of the untreated cells.
_RESOLVED_SD = 1.0

LIKE_ROOT, LIKE_PERSISTER, NEITHER = "parental-like", "persister-like", "neither"


def persister_anchor(cells: Cells) -> BoolArray:
    """Cells of the last time; without times, all that are neither root nor holiday."""
    if not cells.times:
        return cells.moved
    return cells.time == len(cells.times) - 1


def _distance(points: FloatArray, anchor: FloatArray | None) -> FloatArray:
    """Mean distance to the nearest cells of an anchor; None: to each other."""
    mean: FloatArray = nearest(points, anchor, _N_NEIGHBORS)[0].mean(axis=1)
    return mean


def _own_distance(anchor: FloatArray, sample: IntArray) -> FloatArray:
    """Distance of each anchor cell to the anchor cells of the other samples.

    A new sample is another sample, so the anchor's own are held out the same way.
    With one sample the cell alone is held out, which makes new samples look farther.
    """
    codes = np.unique(sample)
    if codes.size == 1:
        return _distance(anchor, None)
    own = np.empty(len(anchor))
    for code in codes:
        inside = sample == code
        own[inside] = _distance(anchor[inside], anchor[~inside])
    return own


def conformal_p(points: FloatArray, anchor: FloatArray, sample: IntArray) -> FloatArray:
    """P-value of each point for being as near to the anchor as its own cells are.

    p = (1 + number of anchor cells at least as far) / (number of anchor cells + 1)
    (Bates et al. 2023, 10.1214/22-AOS2244).
    """
    own = np.sort(_own_distance(anchor, sample))
    farther = own.size - np.searchsorted(own, _distance(points, anchor), side="left")
    p: FloatArray = (1 + farther) / (own.size + 1)
    return p


def places(
    features: FloatArray, order: FloatArray, cells: Cells, *, seed: int = 0
) -> NDArray[np.str_]:
    """Say of every holiday cell which end it is like: root, persister, neither.

    A cell is like neither if it is farther from the cells of both ends than 95% of
    their own are, or has no position. Otherwise its position decides: which side of
    the middle between the medians of root group and last time it is on. "" for other
    cells.
    """
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(cells.holiday)
    p, middles = [], []
    for mask in (cells.root, persister_anchor(cells)):
        anchor = np.flatnonzero(mask)
        middles.append(np.nanmedian(order[anchor]))
        if anchor.size > _MOST_OF_ANCHOR:
            anchor = np.sort(rng.choice(anchor, _MOST_OF_ANCHOR, replace=False))
        p.append(conformal_p(features[rows], features[anchor], cells.sample[anchor]))
    near_root = np.abs(order[rows] - middles[0]) <= np.abs(order[rows] - middles[1])
    place = np.full(cells.n_cells, "", dtype="<U20")
    place[rows] = np.where(near_root, LIKE_ROOT, LIKE_PERSISTER)
    off_path = (np.maximum(*p) <= _ALPHA) | np.isnan(order[rows])
    place[rows[off_path]] = NEITHER
    return place


def _limits_of_cells(values: FloatArray, rng: Generator) -> list[float]:
    """95% limits of the median of one sample, from draws of its cells."""
    drawn = rng.choice(values, (_N_BOOTSTRAP, min(values.size, _MOST_OF_ANCHOR)))
    limits: list[float] = np.quantile(np.median(drawn, axis=1), [0.025, 0.975]).tolist()
    return limits


def _row(
    position: float, limits: Sequence[float], ends: tuple[float, float, float]
) -> dict[str, float]:
    start, end, sd = ends
    low, high = limits
    resolved = abs(end - start) > _RESOLVED_SD * sd
    return {
        "position": position,
        "low": low,
        "high": high,
        "from_root_in_sd": (position - start) / sd if sd > 0 else float("nan"),
        "returned": (end - position) / (end - start) if resolved else float("nan"),
    }


def reversal(
    order: FloatArray, place: NDArray[np.str_], cells: Cells, *, seed: int = 0
) -> pd.DataFrame:
    """Place every holiday sample on the path.

    Parameters
    ----------
    order
        Position of each cell, NaN allowed.
    place
        From `places`.
    cells
        Groups and samples.
    seed
        Seed of the bootstrap.

    Returns
    -------
    One row per holiday sample, with intervals from draws of its cells (they do not
    hold the spread between samples), and a row ``all samples`` where there are two
    or more, with an interval over samples (Student's t). ``position`` is a median;
    ``from_root_in_sd`` its distance from the median of the root group in standard
    deviations of that group; ``returned`` the share of the way from the persisters
    of the last time back to the root, NaN where these two are not one standard
    deviation apart. Then the three shares of cells, and ``n_cells``.
    """
    rng = np.random.default_rng(seed)
    root = order[cells.root & ~np.isnan(order)]
    last = order[persister_anchor(cells) & ~np.isnan(order)]
    ends = (float(np.median(root)), float(np.median(last)), float(np.std(root, ddof=1)))
    rows, medians = {}, []
    on = cells.holiday & ~np.isnan(order)
    for code in np.unique(cells.sample[on]):
        inside = on & (cells.sample == code)
        medians.append(float(np.median(order[inside])))
        rows[cells.samples[code]] = {
            **_row(medians[-1], _limits_of_cells(order[inside], rng), ends),
            **_shares(place[inside]),
        }
    if len(medians) > 1:
        found = mean_interval(medians)
        rows["all samples"] = {
            **_row(found.estimate, (found.low, found.high), ends),
            **_shares(place[on]),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def _shares(place: NDArray[np.str_]) -> dict[str, float]:
    shares = {
        name: float(np.mean(place == name))
        for name in (LIKE_ROOT, LIKE_PERSISTER, NEITHER)
    }
    return {**shares, "n_cells": place.size}


def how_placed(groups: Sequence[str], method: str) -> str:
    """Say how the cells of the holiday groups were placed."""
    learned = ""
    if method == "ordinal":
        learned = "had no part in what was learned from time. They "
    return (
        f"Cells of {', '.join(groups)} were sampled off the drug. They {learned}count "
        "as like neither end where they are farther from the cells of both ends than "
        f"{1 - _ALPHA:.0%} of these are themselves (Bates et al. 2023, "
        "doi:10.1214/22-AOS2244), and otherwise as like the end whose median position "
        "is nearer."
    )
