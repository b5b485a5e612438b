"""One row per arm and time, with a verdict that tells undecided from none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore import _keys
from dtpscore.get._calls import DTP_STATES, MOVED_STATES, OPEN_STATES, calibration
from dtpscore.get._groups import texts
from dtpscore.get._records import call_record
from dtpscore.get._samples import counts, time_texts

if TYPE_CHECKING:
    from anndata import AnnData

    from dtpscore.get._groups import Columns

CALLED, SHIFTED, NONE_FOUND = "called", "shifted", "none found"
UNDECIDED = "not decided"


@dataclass(frozen=True)
class Verdict:
    """What can be said about one arm.

    Attributes
    ----------
    name
        ``"called"``, ``"shifted"``, ``"none found"`` or ``"not decided"``.
    reason
        What could have been seen, why cells that moved are not named, or why nothing is
        decided; empty for a plain call.
    """

    name: str
    reason: str


def percent(value: float) -> str:
    """Share as percent with one digit, such as ``11.0%``."""
    return f"{100 * value:.1f}%"


def verdict(
    *,
    n_called: int,
    n_shifted: int = 0,
    n_undecided: int,
    main_reason: str,
    smallest_share: float | None,
    calibrated: bool,
) -> Verdict:
    """Decide what can be said of an arm.

    Parameters
    ----------
    n_called
        DTP-like cells of both kinds.
    n_shifted
        Cells that left the reference range and are not named DTP-like.
    n_undecided
        Cells that are uncertain or not decided.
    main_reason
        The reason that most cells have which moved and are not named; where there are
        none, most of those that are not decided.
    smallest_share
        Smallest share of the cells that could have been called; None where the arm
        was not compared with a reference, above 1 where no call was possible.
    calibrated
        Whether the experiment has usable reference cells.

    Returns
    -------
    ``"called"`` where any cell is named DTP-like, else ``"shifted"`` where any cell
    left the reference range. Otherwise ``"not decided"`` where the arm could not be
    judged or cells are uncertain or not decided, and ``"none found"`` only where a
    larger share would have been seen.
    """
    if n_called:
        return Verdict(CALLED, "")
    if n_shifted:
        return Verdict(SHIFTED, main_reason)
    if not calibrated:
        return Verdict(UNDECIDED, "there are no usable reference cells")
    if smallest_share is None:
        return Verdict(UNDECIDED, "this group was not compared with a reference")
    if smallest_share > 1:
        return Verdict(UNDECIDED, "there are too few reference cells for any call")
    if n_undecided:
        return Verdict(UNDECIDED, main_reason)
    seen = f"a share of {percent(smallest_share)} or more could have been seen"
    return Verdict(NONE_FOUND, seen)


def arms(adata: AnnData, design: Columns, *, key: str | None = None) -> pd.DataFrame:
    """Summarize the calls of each group, at each time, with a verdict.

    Parameters
    ----------
    adata
        Called data.
    design
        The columns that describe the experiment.
    key
        Key of the calls.

    Returns
    -------
    One row per group that is not the reference (and per time): ``group``, ``time``
    (where times are known), ``holiday`` (whether the group is off the drug),
    ``n_samples``, ``n_cells`` (not of low quality), ``n_called``, ``dtp_like`` (mean
    over samples, 0 to 1) with ``lowest`` and ``highest``, ``n_shifted`` (cells that
    left the reference range and are not named), ``undecided`` (share of cells that are
    uncertain or not decided), ``pvalue`` and ``test`` (of the mean index against the
    reference, samples as the unit), ``smallest_share``, ``verdict`` and ``reason``.
    """
    record = call_record(adata, key)
    table = counts(
        adata,
        groupby=design.groupby,
        reference=design.reference,
        sample_key=design.sample_key,
        time_key=design.time_key,
        holiday=design.holiday,
        key=key,
    )
    table = table[(table["group"] != design.reference).to_numpy()]
    limits, reasons = calibration(adata, key=key), _reasons(adata, design, key)
    tests = _tests(record.sample_tests)
    by = ["group", "time"] if "time" in table else ["group"]
    rows = []
    for name, own in table.groupby(by, sort=False):
        group = str(name[0])
        place = tuple(str(part) for part in name)
        share = _smallest(limits, group)
        n_called = int(own[list(DTP_STATES)].to_numpy().sum())
        n_shifted = int(own["shifted"].sum())
        n_undecided = int(own[list(OPEN_STATES)].to_numpy().sum())
        found = verdict(
            n_called=n_called,
            n_shifted=n_shifted,
            n_undecided=n_undecided,
            main_reason=reasons.get(place, ""),
            smallest_share=share,
            calibrated=record.calibrated,
        )
        judged = own["n_cells"] - own["low quality"]
        rows.append(
            {
                **dict(zip(by, place, strict=True)),
                "holiday": group in design.holiday,
                "n_samples": len(own),
                "n_cells": int(judged.sum()),
                "n_called": n_called,
                "n_shifted": n_shifted,
                "dtp_like": float(own["dtp_like"].mean()),
                "lowest": float(own["dtp_like"].min()),
                "highest": float(own["dtp_like"].max()),
                "undecided": float(n_undecided / max(judged.sum(), 1)),
                "pvalue": tests.get(group, (np.nan, ""))[0],
                "test": tests.get(group, (np.nan, ""))[1],
                "smallest_share": np.nan if share is None else share,
                "verdict": found.name,
                "reason": found.reason,
            }
        )
    return pd.DataFrame(rows)


def _smallest(limits: pd.DataFrame, group: str) -> float | None:
    """Smallest share of a group that could be called, in its worst batch."""
    own = limits.loc[
        (limits["group"].astype(str) == group).to_numpy(), "smallest_share"
    ]
    return float(own.max()) if len(own) else None


def _tests(frame: Any) -> dict[str, tuple[float, str]]:
    """Sample test of the mean index, by group."""
    if frame is None:
        return {}
    own = frame[(frame["measure"] == "index").to_numpy()]
    return {
        str(row["group"]): (float(row["pvalue"]), str(row["method"]))
        for row in own.to_dict("records")
    }


def _reasons(
    adata: AnnData, design: Columns, key: str | None
) -> dict[tuple[str, ...], str]:
    """Most frequent reason of the cells of each group (and time) that are not named."""
    keys = _keys.call_keys(key or _keys.CALL)
    if keys["reason"] not in adata.obs:
        return {}
    group = texts(adata, design.groupby, "groups")[0]
    parts = {"group": group}
    if design.time_key is not None:
        off = group.isin(design.holiday).to_numpy()
        parts["time"] = time_texts(adata, design.time_key, off=off)[0]
    state = adata.obs[keys["call"]].astype(str)
    reason = adata.obs[keys["reason"]].astype(str)
    moved = state.isin(set(MOVED_STATES) - set(DTP_STATES))
    frame = pd.DataFrame({**parts, "reason": reason, "moved": moved})
    frame = frame[(moved | state.isin(OPEN_STATES)).to_numpy()]
    found = {}
    for name, own in frame.groupby(list(parts), sort=False):
        # Cells that moved say more than those of which nothing is known.
        telling = own[own["moved"]] if own["moved"].any() else own
        place = tuple(str(part) for part in name)
        found[place] = str(telling["reason"].value_counts().idxmax())
    return found
