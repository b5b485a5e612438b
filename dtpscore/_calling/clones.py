"""In what clones the called cells are, and whether these were there before treatment.

A state that cells of many clones took on can have been induced in them. One that a few
clones have can have been there before, so that treatment selected it. Clones are read
from a column and are never used to call a cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._lineages.survival import change, counts, variance_of_means
from dtpscore._statistics.intervals import share_interval

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._calling.clone_column import CloneColumn
    from dtpscore._calling.outcome import Experiment, Outcome

    BoolArray = NDArray[np.bool_]
    IntArray = NDArray[np.int64]

_CONFIDENCE = 0.95
# Clones that are named in a sentence; the table has them all.
_NAMED = 3
# Columns of the table that need untreated cells with a clone.
_OVER_TIME = (
    "share_before",
    "before_low",
    "before_high",
    "log2_change",
    "change_low",
    "change_high",
    "pvalue",
    "qvalue",
)
METHOD = (
    "For each clone of the called cells its share among untreated cells was given with "
    "a 95% interval: Student's t over samples where several untreated samples hold it, "
    "else exact (Clopper and Pearson 1934, doi:10.1093/biomet/26.4.404). Whether its "
    "share changed was tested by the larger p-value of an exact binomial test and of "
    "one whose error includes the drift of clones between replicates "
    "(Benjamini-Hochberg over clones). Clones made no call."
)


@dataclass(frozen=True)
class Population:
    """The cells of a group and the untreated cells of its batch, as masks over cells.

    Attributes
    ----------
    called, treated, reference
        Called cells, all cells of the group, and untreated cells.
    sample
        int64 (cells,): samples of all cells.
    """

    called: BoolArray
    treated: BoolArray
    reference: BoolArray
    sample: IntArray


def _table(
    clone: IntArray, population: Population, cells: BoolArray, n: int
) -> IntArray:
    """Cells of each clone (rows) in each sample (columns) that has a known clone."""
    known = cells & (clone >= 0)
    codes, place = np.unique(population.sample[known], return_inverse=True)
    return counts(clone[known], place, (n, len(codes)))


def _interval(hits: IntArray, totals: IntArray) -> tuple[float, float]:
    """Interval of a share: over samples where several hold it, else exact."""
    from scipy.stats import binomtest

    if (hits > 0).sum() > 1:
        found = share_interval(hits, totals)
        return found.low, found.high
    test = binomtest(int(hits.sum()), int(totals.sum()))
    exact = test.proportion_ci(_CONFIDENCE, method="exact")
    return float(exact.low), float(exact.high)


def _over_time(before: IntArray, after: IntArray, kept: IntArray) -> pd.DataFrame:
    """Shares of some clones before and after, their intervals, and their change.

    All clones are tested, because the ones that are kept were chosen by the calls.
    """
    import pandas as pd
    from scipy.stats import false_discovery_control

    n_before, n_after = before.sum(axis=1), after.sum(axis=1)
    there = np.flatnonzero(n_before + n_after)
    found = change(
        n_after[there],
        n_before[there],
        totals=(int(n_after.sum()), int(n_before.sum())),
        spread=float(np.nansum(variance_of_means([before, after]))),
    )
    limits = np.array([_interval(before[one], before.sum(axis=0)) for one in kept])
    own = np.isin(there, kept)
    return pd.DataFrame(
        {
            "share_before": n_before[kept] / n_before.sum(),
            "before_low": limits[:, 0],
            "before_high": limits[:, 1],
            "log2_change": found.log2_change[own],
            "change_low": found.low[own],
            "change_high": found.high[own],
            "pvalue": found.pvalue[own],
            "qvalue": false_discovery_control(found.pvalue)[own],
        }
    )


def clone_table(
    clone: IntArray, population: Population, names: tuple[str, ...]
) -> pd.DataFrame:
    """Make the table of the clones that called cells are of.

    Parameters
    ----------
    clone
        int64 (cells,): clone of each cell, -1 without one.
    population
        Which cells are called, treated and untreated.
    names
        Names of the clones.

    Returns
    -------
    Frame, one row per clone with called cells, that of most called cells first:
    ``n_called``, ``called_share`` (of the called cells with a clone), ``n_treated``,
    ``n_before`` of ``n_untreated`` untreated cells with a clone, ``share_after`` (of
    the treated cells), ``share_before`` with ``before_low`` and ``before_high``,
    ``log2_change`` with ``change_low`` and ``change_high``, ``pvalue`` and ``qvalue``.
    What needs untreated cells is NaN where none has a clone.
    """
    import pandas as pd

    n = len(names)
    before = _table(clone, population, population.reference, n)
    after = _table(clone, population, population.treated, n)
    called = _table(clone, population, population.called, n).sum(axis=1)
    kept = np.flatnonzero(called)
    frame = pd.DataFrame(
        {
            "clone": [names[one] for one in kept],
            "n_called": called[kept],
            "called_share": called[kept] / max(called.sum(), 1),
            "n_treated": after[kept].sum(axis=1),
            "n_before": before[kept].sum(axis=1),
            "n_untreated": int(before.sum()),
            "share_after": after[kept].sum(axis=1) / max(after.sum(), 1),
        }
    )
    if len(kept) and before.any():
        frame = pd.concat([frame, _over_time(before, after, kept)], axis=1)
    else:
        frame = frame.reindex(columns=[*frame.columns, *_OVER_TIME])
    frame = frame.sort_values("n_called", ascending=False, kind="stable")
    return frame.reset_index(drop=True)


@dataclass(frozen=True)
class CalledClones:
    """What the clones say of the called cells of one group.

    Attributes
    ----------
    table
        See `clone_table`.
    n_called, n_with_clone
        Called cells, and those of a known clone.
    share, low, high
        Share of these whose clone is among the untreated cells, with its 95% interval.
    """

    table: pd.DataFrame
    n_called: int
    n_with_clone: int
    share: float
    low: float
    high: float

    def row(self) -> dict[str, Any]:
        """Columns of the calibration table."""
        seen = self.table["n_before"] > 0
        largest = self.table["called_share"].max() if len(self.table) else np.nan
        return {
            "n_called_with_clone": self.n_with_clone,
            "n_called_clones": len(self.table),
            "n_clones_before": int(seen.sum()),
            "clone_before_share": self.share,
            "clone_before_low": self.low,
            "clone_before_high": self.high,
            "largest_clone_share": float(largest),
        }

    def sentences(self, alpha: float) -> list[str]:
        """Say what this means for selection and induction."""
        lost = self.n_called - self.n_with_clone
        if not self.n_with_clone:
            return [f"none of the {self.n_called:,} called cells has a clone."]
        said = []
        if lost:
            said.append(
                f"{lost:,} of {self.n_called:,} called cells have no clone and are "
                "left out of what is said of clones."
            )
        n = int(self.table["n_untreated"].iloc[0])
        if not n:
            said.append(
                "no untreated cell has a clone, so whether the clones of the called "
                "cells were there before treatment is not known."
            )
            return said
        return [*said, *self._before(n), *self._largest(), *self._changed(alpha)]

    def _before(self, n_untreated: int) -> list[str]:
        """Which clones were there before treatment."""
        seen = self.table[self.table["n_before"] > 0]
        new = self.table[self.table["n_before"] == 0]
        total, said = len(self.table), []
        if len(seen):
            cells = int(seen["n_called"].sum())
            clones = "1 clone" if total == 1 else f"{total:,} clones"
            are = "which is" if total == 1 else f"of which {len(seen):,} are"
            said.append(
                f"the called cells are of {clones}, {are} among the untreated cells "
                f"too ({cells:,} of {self.n_with_clone:,} called cells, "
                f"{self.share:.0%}, 95% interval {self.low:.0%} to {self.high:.0%}): "
                "present before treatment: selection cannot be excluded."
            )
        if len(new):
            was = "was" if len(new) == 1 else "were each"
            said.append(
                f"{_quoted(new['clone'].tolist())} {was} not seen among "
                f"{n_untreated:,} untreated cells with a clone (under "
                f"{new['before_high'].max():.1%})."
            )
        return said

    def _largest(self) -> list[str]:
        """Say when one clone makes most of the called cells."""
        first = self.table.iloc[0]
        if len(self.table) == 1 or first["called_share"] <= 0.5:
            return []
        return [
            f"one clone makes most of the called cells: {first['clone']!r} has "
            f"{first['called_share']:.0%} of them, {first['share_after']:.0%} of all "
            f"treated cells and {first['share_before']:.0%} of the untreated cells."
        ]

    def _changed(self, alpha: float) -> list[str]:
        """Say whether the shares of these clones changed."""
        sure = self.table[self.table["qvalue"] <= alpha]
        if not len(sure):
            return [
                "no clone of the called cells changed its share more than chance and "
                "the drift between samples explain."
            ]
        grown = sure[sure["log2_change"] > 0]
        said = []
        for part, verb in ((grown, "grew"), (sure.drop(grown.index), "shrank")):
            if len(part):
                of = _quoted(part["clone"].tolist())
                said.append(f"{of} {verb}")
        return [
            f"shares of clones changed under treatment (false discovery rate "
            f"{100 * alpha:g}%): {', '.join(said)}."
        ]


def _quoted(names: list[str]) -> str:
    """Name some clones, and count the rest."""
    more = len(names) - _NAMED
    texts = ", ".join(map(repr, names[:_NAMED])) + (f" and {more:,} more" * (more > 0))
    return f"{'clone' if len(names) == 1 else 'clones'} {texts}"


def called_clones(
    clone: IntArray, population: Population, names: tuple[str, ...]
) -> CalledClones:
    """Ask of the called cells of one group in what clones they are.

    Parameters
    ----------
    clone, population, names
        As in `clone_table`.
    """
    table = clone_table(clone, population, names)
    known = population.called & (clone >= 0)
    seen = np.isin(clone, np.unique(clone[population.reference]))
    codes, place = np.unique(population.sample[known], return_inverse=True)
    share = low = high = float("nan")
    if known.any():
        totals = np.bincount(place, minlength=len(codes))
        hits = np.bincount(place, weights=seen[known], minlength=len(codes))
        hits = hits.astype(np.int64)
        share = float(hits.sum() / totals.sum())
        low, high = _interval(hits, totals)
    return CalledClones(
        table,
        n_called=int(population.called.sum()),
        n_with_clone=int(known.sum()),
        share=share,
        low=low,
        high=high,
    )


def add_clones(
    experiment: Experiment, outcome: Outcome, column: CloneColumn, alpha: float
) -> pd.DataFrame | None:
    """Say of every group with called cells in what clones they are.

    Columns are added to the rows of the groups, and sentences to the outcome.

    Returns
    -------
    The clones of all groups, with ``batch`` and ``group``; None without called cells.
    """
    import pandas as pd

    design, used = experiment.design, experiment.used
    tables = []
    for row in outcome.groups:
        own = used & (design.batch == row["batch"])
        treated = own & (design.group == row["group"]) & ~design.reference
        called = treated & (outcome.qvalue <= alpha)
        population = Population(called, treated, own & design.reference, design.library)
        found = called_clones(column.code, population, column.names)
        row |= found.row()
        if not called.any():
            continue
        for sentence in found.sentences(alpha):
            outcome.limits.add(row["batch"], row["group"], sentence)
        tables.append(
            found.table.assign(batch=row["batch"], group=row["group"])[
                ["batch", "group", *found.table.columns]
            ]
        )
    if not tables:
        return None
    outcome.methods.append(METHOD)
    return pd.concat(tables, ignore_index=True)
