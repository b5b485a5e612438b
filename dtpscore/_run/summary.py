"""The end of a run in numbers: what was found in each group, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from dtpscore import _keys
from dtpscore.get._arms import arms
from dtpscore.get._groups import Columns
from dtpscore.get._records import vulnerability_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from anndata import AnnData

    from dtpscore._options.run import RunOptions
    from dtpscore._run.state import StepRecord

# Exit code of a run that ended, but with a step that the data do not allow.
REFUSED = 7


@dataclass(frozen=True)
class Arm:
    """One group of cells, at one time where times are known.

    Attributes
    ----------
    group, time
        Its name, and the time as the column writes it; empty without times.
    n_samples, n_cells
        Samples, and cells that are not of low quality.
    n_called
        Cells that were called DTP-like.
    lowest, highest
        Smallest and largest share of DTP-like cells in a sample.
    smallest_share
        Smallest share of the cells that could have been called; None where unknown.
    verdict, reason
        ``"called"``, ``"none found"`` or ``"not decided"``, and why.
    """

    group: str
    time: str
    n_samples: int
    n_cells: int
    n_called: int
    lowest: float
    highest: float
    smallest_share: float | None
    verdict: str
    reason: str

    @property
    def name(self) -> str:
        """The group, with its time."""
        return f"{self.group}, {self.time}" if self.time else self.group

    @property
    def sentence(self) -> str:
        """The group in one line."""
        share = self.n_called / max(self.n_cells, 1)
        over = ""
        if self.n_samples > 1 and self.n_called:
            over = f"; {self.lowest:.1%} to {self.highest:.1%} in the samples"
        found = (
            f"{self.n_called:,} of {self.n_cells:,} cells DTP-like ({share:.1%}{over})"
        )
        why = f": {self.reason}" if self.reason else ""
        return f"{found}, {self.verdict}{why}"


@dataclass(frozen=True)
class Summary:
    """What a run found.

    Attributes
    ----------
    arms
        Every group but the reference, per time; none without calls.
    evidence_level
        Level of the calls, E0 to E4; empty without calls.
    order
        Method of the order; empty without one.
    steps
        How each step ended, and why where it has no result.
    moves
        Moves of the axes by arm, as `dtpscore.tl.vulnerabilities` found them; None
        where they were not compared.
    """

    arms: tuple[Arm, ...]
    evidence_level: str
    order: str
    steps: tuple[tuple[str, str, str], ...]
    moves: pd.DataFrame | None = None

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


def _arms(adata: AnnData, options: RunOptions) -> tuple[Arm, ...]:
    design = Columns(
        groupby=options.groupby,
        reference=options.reference,
        sample_key=options.sample_key,
        time_key=options.time_key,
        holiday=options.holiday,
    )
    rows = arms(adata, design).to_dict("records")
    return tuple(
        Arm(
            group=str(row["group"]),
            time=str(row.get("time", "")),
            n_samples=int(row["n_samples"]),
            n_cells=int(row["n_cells"]),
            n_called=int(row["n_called"]),
            lowest=float(row["lowest"]),
            highest=float(row["highest"]),
            smallest_share=_known(row["smallest_share"]),
            verdict=str(row["verdict"]),
            reason=str(row["reason"]),
        )
        for row in rows
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


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
        moves=vulnerability_record(adata).axes if "vulnerabilities" in done else None,
    )
