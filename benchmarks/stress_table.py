"""The table of `stress.py`, with exact intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    import pandas as pd

ALPHA = 0.05

_TOP = """# Calls under stress

Made by `python benchmarks/stress.py --runs N`, then `--table`. The cells are simulated
by `stress_simulator.py`, which shares no code with `dtpscore.datasets`: negative
binomial cells with means, dispersions and cell-cycle positions of real H1975 cells,
library factors of SD 0.1 to 0.4 for each gene, and what a drug or a subclone changes in
real melanoma profiles. `tl.call` is run as a user would run it, with alpha 0.05 and all
defaults. A cell is *called* at a q-value of 0.05; it is *named* where its state is
DTP-like or DTP-like cycling. Brackets hold exact (Clopper-Pearson) 95% intervals. 40
runs without an event bound a rate at 9%.
"""
_NULL_TEXT = {
    "library": """## Nulls: untreated and treated libraries are exchangeable

Library SD 0.1, 0.2, 0.3 and 0.4 in turn. A design is the number of untreated libraries
and their cells, then the same of the treated ones. Every call is wrong.
""",
    "not replicates": """## Nulls: the untreated libraries are lanes of one library

Library SD 0.1 to 0.4 in turn, 200 cells a library. The treated library is another one,
and nothing else differs. Every call is wrong.
""",
    "not persisters": """## Shifts that are no persisters

Three untreated libraries and a treated one, 200 cells each, library SD 0.1 and 0.2 in
turn. The treated cells differ, so that a call need not be wrong; a name is wrong.
""",
}
_POWER_TEXT = """## Power

200 cells a library, library SD 0.1 and 0.2, the seven melanoma contexts in turn. Recall
and false discovery proportion (FDP) count called cells, whatever their state; means
over runs. AUROC is that of the shift, or of the library shift where there is one
untreated library, median over runs.
"""


def exact(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Clopper-Pearson interval of a proportion."""
    tail = (1 - level) / 2
    low = stats.beta.ppf(tail, successes, trials - successes + 1)
    high = stats.beta.ppf(1 - tail, successes + 1, trials - successes)
    return (
        0.0 if successes == 0 else float(low),
        1.0 if successes == trials else float(high),
    )


def _counted(mask: pd.Series) -> str:
    low, high = exact(int(mask.sum()), len(mask))
    return f"{int(mask.sum())} of {len(mask)} [{low:.2f}, {high:.2f}]"


def _rows(frame: pd.DataFrame, header: str, line) -> list[str]:
    names = header.split(" | ")
    text = [f"| {header} |", "|" + "---|" * len(names)]
    for (label, design), part in frame.groupby(["label", "design"], sort=False):
        text.append(f"| {label} | {design} | " + " | ".join(line(part)) + " |")
    return text


def _null_line(part: pd.DataFrame) -> list[str]:
    known = part["sample_p"].dropna()
    tested = _counted(known <= ALPHA) if len(known) else "no test"
    return [
        _counted(part["called"] > 0),
        f"{part['called'].mean():.3f}",
        _counted(part["named"] > 0),
        f"{part['named'].mean():.3f}",
        tested,
        f"{part['seconds'].median():.0f}",
    ]


def _power_line(part: pd.DataFrame) -> list[str]:
    auroc = part["auroc"].median()
    return [
        str(len(part)),
        "" if np.isnan(auroc) else f"{auroc:.2f}",
        _counted(part["called"] > 0),
        f"{part['recall'].mean():.2f}",
        f"{part['fdp'].mean():.3f}",
        f"{part['named'].mean():.2f}",
        f"{part['seconds'].median():.0f}",
    ]


def table(runs: pd.DataFrame) -> str:
    """Write the table of the runs.

    Parameters
    ----------
    runs
        One row per run, as `stress.py` keeps them.
    """
    parts = [_TOP]
    runs = runs.sort_values(["run"], kind="stable")
    order = {name: place for place, name in enumerate(runs["design"].unique())}
    runs = runs.sort_values("design", key=lambda names: names.map(order), kind="stable")
    for kind, text in _NULL_TEXT.items():
        part = runs[runs["kind"] == kind]
        if len(part):
            header = (
                "caller | design | runs with calls | cells called | runs with names"
                " | cells named | sample test at 0.05 | seconds"
            )
            parts += [text, *_rows(part, header, _null_line), ""]
    power = runs[runs["kind"] == "power"]
    if len(power):
        header = (
            "caller | design | runs | AUROC | runs with calls | recall | FDP"
            " | cells named | seconds"
        )
        parts += [_POWER_TEXT, *_rows(power, header, _power_line), ""]
    return "\n".join(parts)
