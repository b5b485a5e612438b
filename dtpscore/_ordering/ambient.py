"""Whether foreign RNA comes with time, which looks like progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore._calling.soup import OWN_SOUP, mixtures, sums_by_code
from dtpscore._statistics.samples import claim_group

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._ordering.cells import Cells

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

AMBIENT, OTHER_TYPES = "ambient RNA", "RNA of the other cell types"
# Level of the tests of all times together.
ALPHA = 0.05
# Samples with fewer cells do not show what is in them.
_FEWEST = 10


def _samples(cells: Cells) -> tuple[IntArray, pd.DataFrame]:
    """Code each sample at each time, and say which are of the reference group."""
    used = (cells.fitted | cells.root) & (cells.sample >= 0)
    frame = pd.DataFrame(
        {"root": cells.root, "time": cells.time, "sample": cells.sample}
    )[used]
    code = np.full(cells.n_cells, -1, np.int64)
    by = frame.groupby(["root", "time", "sample"])
    code[used] = by.ngroup().to_numpy()
    table = by.size().rename("n_cells").reset_index()
    return code, table


def _course(
    reference: FloatArray, soup: FloatArray, sums: FloatArray, time: IntArray
) -> pd.DataFrame:
    """One row per time: the samples of it against those of the reference group."""
    before, after = mixtures(reference, soup, sums)
    rows = []
    for one in np.unique(time):
        own = after.explained[time == one]
        values = np.r_[before.explained, own]
        treated = np.arange(len(values)) >= len(before.explained)
        claim = claim_group(values, treated)
        rows.append(
            {
                "time": one,
                "n_samples": len(own),
                "share": float(after.share[time == one].mean()),
                "explained": float(own.mean()),
                "reference": float(before.explained.mean()),
                "pvalue": claim.pvalue,
            }
        )
    return pd.DataFrame(rows)


def ambient_course(
    matrix: Any,
    cells: Cells,
    malignant: NDArray[np.bool_],
    profile: FloatArray | None,
) -> pd.DataFrame | None:
    """Ask at each time how much foreign RNA makes of the way from the reference.

    Parameters
    ----------
    matrix
        Counts of all cells, malignant and others.
    cells
        The malignant cells.
    malignant
        bool (all cells,): which cells are malignant.
    profile
        float64 (genes,): profile of empty droplets; None where it is not known.

    Returns
    -------
    One row per soup and time: ``share`` of the counts, the part ``explained`` of the
    difference from the reference group beyond chance, the same between samples of the
    reference group (``reference``), and the ``pvalue`` over samples. None without a
    profile, or with fewer than two samples of the reference group of ten cells.
    """
    if not cells.times or (profile is None and malignant.all()):
        return None
    code, samples = _samples(cells)
    every = np.full(len(malignant), len(samples), np.int64)
    every[malignant] = code
    large = (samples["n_cells"] >= _FEWEST).to_numpy()
    root = samples["root"].to_numpy() & large
    later = ~samples["root"].to_numpy() & large
    if root.sum() < 2 or not later.any():
        return None
    sums = sums_by_code(matrix, every, len(samples) + 1)
    soups = {AMBIENT: profile, OTHER_TYPES: sums[-1]}
    time = samples["time"].to_numpy()[later]
    found = [
        _course(sums[:-1][root], soup, sums[:-1][later], time).assign(soup=name)
        for name, soup in soups.items()
        if soup is not None and soup.any()
    ]
    if not found:
        return None
    frame = pd.concat(found, ignore_index=True)
    names = [cells.times[code] for code in frame["time"]]
    return frame.assign(time=names)


def in_words(course: pd.DataFrame | None) -> list[str]:
    """Say that foreign RNA comes with time; nothing where it does not."""
    if course is None:
        return []
    said = []
    for name, rows in course.groupby("soup", sort=False):
        sure = (rows["pvalue"] <= ALPHA / len(course)) & (
            rows["explained"] > rows["reference"]
        )
        sure &= rows["share"] <= OWN_SOUP
        if not sure.any():
            continue
        each = ", ".join(
            f"{max(row.explained, 0):.0%} at {row.time}" for row in rows.itertuples()
        )
        capital = f"{str(name)[0].upper()}{str(name)[1:]}"
        said.append(
            f"{capital} comes with time: of the difference from the reference group it "
            f"makes {each} ({max(rows['reference'].iloc[0], 0):.0%} between reference "
            "samples). What it does and what progress does cannot be told apart by "
            "time."
        )
    return said
