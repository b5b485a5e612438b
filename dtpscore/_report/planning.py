"""Section on how large the next experiment must be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dtpscore._axes import CONSENSUS
from dtpscore._plan.pilot import library_variance, toward_public
from dtpscore._plan.simulate import Design, group_power
from dtpscore._report.format import number
from dtpscore._report.model import Column, Section, Table
from dtpscore.get._groups import texts
from dtpscore.get._scores import axes

if TYPE_CHECKING:
    from dtpscore._report.context import Context

_EFFECTS = (0.25, 0.5, 1.0)
_SAMPLES = (2, 3, 4, 6, 8)
_SIMULATIONS = 2000
_POWER = 0.8
_ALPHA = 0.05


def _table(spread: float, n_cells: int) -> pd.DataFrame:
    """Power of the group claim for whole-group differences."""
    rows = []
    for effect in _EFFECTS:
        row: dict[str, float] = {"effect": effect}
        for n in _SAMPLES:
            design = Design(
                effect=effect,
                share=1.0,
                library_sd=spread,
                n_samples=n,
                n_cells=n_cells,
                paired=False,
                alpha=_ALPHA,
            )
            row[f"power_{n}"] = group_power(design, _SIMULATIONS, 0)
        rows.append(row)
    return pd.DataFrame(rows)


def _result(table: pd.DataFrame) -> str:
    row = table[(table["effect"] == _EFFECTS[1]).to_numpy()].iloc[0]
    enough = [n for n in _SAMPLES if row[f"power_{n}"] >= _POWER]
    what = f"a difference of {_EFFECTS[1]:g} SD between the means of two arms"
    if not enough:
        return f"Even {_SAMPLES[-1]} samples in each arm do not show {what} reliably."
    return (
        f"{enough[0]} samples in each arm show {what} in {_POWER:.0%} of experiments "
        "or more, if libraries differ as the untreated ones do here."
    )


def planning_section(context: Context) -> Section | None:
    """Say what the untreated libraries of this experiment mean for the next one.

    None without scores, samples, or two untreated samples.
    """
    adata, key = context.adata, context.scores_key
    if key is None or context.sample_key is None or context.reference is None:
        return None
    own = (context.member == context.reference).to_numpy()
    sample = texts(adata, context.sample_key, "samples")[0]
    own = own & sample.notna().to_numpy()
    frame = axes(adata, key=key)
    if CONSENSUS not in frame or not own.any():
        return None
    library = np.unique(sample[own].to_numpy(dtype=str), return_inverse=True)[1]
    values = frame[CONSENSUS].to_numpy(dtype=np.float64)[own]
    sizes = np.bincount(library)
    if len(sizes) < 2 or sizes.min() < 2 or not np.isfinite(values).all():
        return None
    variance, n = library_variance(values, library)
    if np.isnan(variance):
        return None
    spread = toward_public(variance, n)
    n_cells = int(np.median(sizes))
    table = _table(spread, n_cells)
    return Section(
        name="planning",
        title="How large the next experiment must be",
        result=_result(table),
        closed="What this is computed from",
        paragraphs=(
            f"The means of the {n} untreated libraries differ by a standard deviation "
            f"of {number(float(np.sqrt(max(variance, 0.0))))} on the consensus axis, "
            f"in standard deviations of cells; {number(spread)} was used, drawn toward "
            f"public replicate libraries. Each sample has {n_cells:,} cells. Where the "
            "libraries are of several patients or lines, their differences are in it. "
            "dtpscore.plan (dtpscore plan) plans other effects, sizes, depths, and "
            "calls of cells.",
        ),
        tables=(
            Table(
                name="planning",
                caption=f"Power of the t test over samples at a level of {_ALPHA:g}",
                frame=table,
                columns=(
                    Column("effect", "Difference (SD of cells)", "number"),
                    *(
                        Column(f"power_{n}", f"{n} samples per arm", "share")
                        for n in _SAMPLES
                    ),
                ),
            ),
        ),
    )
