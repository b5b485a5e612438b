"""The end of a run in numbers: what was found in each group, and how sure that is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore import _keys
from dtpscore._design import labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData

    from dtpscore._options.run import RunOptions
    from dtpscore._run.state import StepRecord

# Exit code of a run that ended, but with a step that the data do not allow.
REFUSED = 7
CALLED, NONE_FOUND, UNDECIDED = "called", "none found", "not decided"
_DTP = ("DTP-like", "DTP-like cycling")


@dataclass(frozen=True)
class Arm:
    """One group of cells.

    Attributes
    ----------
    group
        Its name.
    n_samples, n_cells
        Samples, and cells with a call that are not of low quality.
    n_called, n_undecided
        Cells that were called DTP-like, and cells whose call is uncertain.
    smallest_share
        Smallest share of the cells that could have been called; None where unknown.
    verdict
        ``"called"``, ``"none found"`` or ``"not decided"``.
    """

    group: str
    n_samples: int
    n_cells: int
    n_called: int
    n_undecided: int
    smallest_share: float | None
    verdict: str

    @property
    def sentence(self) -> str:
        """The group in one line."""
        share = self.n_called / max(self.n_cells, 1)
        found = f"{self.n_called:,} of {self.n_cells:,} cells DTP-like ({share:.1%})"
        return f"{found}, {self.verdict}{self._limit}"

    @property
    def _limit(self) -> str:
        if self.verdict != NONE_FOUND or self.smallest_share is None:
            return ""
        return f"; {self.smallest_share:.1%} or more could have been called"


@dataclass(frozen=True)
class Summary:
    """What a run found.

    Attributes
    ----------
    arms
        Every group but the reference; none where no cell was called.
    evidence_level
        Level of the calls, E0 to E4; empty without calls.
    order
        Method of the order; empty without one.
    steps
        How each step ended, and why where it has no result.
    """

    arms: tuple[Arm, ...]
    evidence_level: str
    order: str
    steps: tuple[tuple[str, str, str], ...]

    @property
    def refused(self) -> list[str]:
        """Names of the steps that the data do not allow."""
        return [name for name, status, _ in self.steps if status == "refused"]

    def as_dict(self) -> dict[str, Any]:
        """Return the summary as plain values."""
        names = ("name", "status", "reason")
        return {
            "arms": [asdict(arm) for arm in self.arms],
            "evidence_level": self.evidence_level,
            "order": self.order,
            "steps": [dict(zip(names, step, strict=True)) for step in self.steps],
        }


def _smallest(record: Any, group: str) -> float | None:
    """Smallest share of a group that could be called, in its worst batch."""
    table = record.get("calibration")
    if table is None:
        return None
    own = table.loc[(table["group"].astype(str) == group).to_numpy(), "smallest_share"]
    return float(own.max()) if len(own) else None


def verdict(n_called: int, n_undecided: int, smallest_share: float | None) -> str:
    """Decide what can be said of a group.

    Undecided is not none: a group in which no cell was called is without persisters
    only where a larger share would have been seen and no cell is uncertain.
    """
    if n_called:
        return CALLED
    if smallest_share is None or smallest_share > 1 or n_undecided:
        return UNDECIDED
    return NONE_FOUND


def _arms(adata: AnnData, options: RunOptions) -> tuple[Arm, ...]:
    record = adata.uns[_keys.CALL]
    group = labels(adata.obs, options.groupby, "groups")
    calls = adata.obs[_keys.CALL].astype(str).to_numpy()
    judged = adata.obs[_keys.CALL].notna().to_numpy() & (calls != "low quality")
    sample = group.text
    if options.sample_key is not None:
        sample = labels(adata.obs, options.sample_key, "samples").text
    arms = []
    for name in group.names:
        own = judged & (group.text == name)
        if name == options.reference or not own.any():
            continue
        n_called = int(np.isin(calls[own], _DTP).sum())
        n_undecided = int((calls[own] == "uncertain").sum())
        share = _smallest(record, name)
        arms.append(
            Arm(
                group=name,
                n_samples=len(set(sample[own].tolist())),
                n_cells=int(own.sum()),
                n_called=n_called,
                n_undecided=n_undecided,
                smallest_share=share,
                verdict=verdict(n_called, n_undecided, share),
            )
        )
    return tuple(arms)


def summarize(
    adata: AnnData, options: RunOptions, records: Sequence[StepRecord]
) -> Summary:
    """Summarize a run from its results.

    Parameters
    ----------
    adata
        The data with all results.
    options
        Options of the run.
    records
        How each step ended.
    """
    done = {record.name for record in records if record.status == "done"}
    calls = adata.uns[_keys.CALL] if "call" in done else {}
    order = adata.uns[_keys.PSEUDOTIME] if "pseudotime" in done else {}
    return Summary(
        arms=_arms(adata, options) if calls else (),
        evidence_level=str(calls.get("evidence_level", "")),
        order=str(order.get("method", "")),
        steps=tuple((one.name, one.status, one.reason) for one in records),
    )
