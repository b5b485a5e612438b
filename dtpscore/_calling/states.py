"""States of cells with their reasons, and how much stands behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOW_QUALITY_STATE = "low quality"
PARENTAL_LIKE = "parental-like"
UNCERTAIN = "uncertain"
NOT_DECIDED = "not decided"
SHIFTED = "shifted"
DTP_CYCLING = "DTP-like cycling"
DTP_LIKE = "DTP-like"
# From least to most persister-like; the first two stand outside that order.
STATES = (
    LOW_QUALITY_STATE,
    NOT_DECIDED,
    PARENTAL_LIKE,
    UNCERTAIN,
    SHIFTED,
    DTP_CYCLING,
    DTP_LIKE,
)
DTP_STATES = (DTP_LIKE, DTP_CYCLING)
# Cells that left the range of the reference, whatever they look like.
MOVED_STATES = (SHIFTED, *DTP_STATES)
# Cells of which the calls say neither that they moved nor that they did not.
OPEN_STATES = (UNCERTAIN, NOT_DECIDED)

# Colors that people with color blindness can tell apart, and that differ in gray.
STATE_COLORS = {
    LOW_QUALITY_STATE: "#F2F2F2",
    NOT_DECIDED: "#DBDBDB",
    PARENTAL_LIKE: "#A9CBE3",
    UNCERTAIN: "#B0B0B0",
    SHIFTED: "#BC912A",
    DTP_CYCLING: "#D55E00",
    DTP_LIKE: "#5B1248",
}

REFERENCE = "reference cell"
LOW_QUALITY = "fails the quality limits"
IN_RANGE = "within the reference range"
NOT_CALIBRATED = "no call possible: not calibrated"
ONE_LIBRARY = "one untreated library: a move of the whole sample cannot be seen"
TOO_FEW = "too few reference cells for any call"
NOT_NAMED = "left the reference range, too few published contrasts agree"
CELL_DIRECTION = "left the reference range, index of the cell is low"
TOO_EARLY = "left the reference range too early on drug to tell persisters"
UNSTABLE = "reference samples differ more than the error rate allows"
ARRESTED = "left the reference range as persisters do, proliferation low"
CYCLING = "left the reference range as persisters do, proliferation as in the reference"

REASONS = (
    REFERENCE,
    LOW_QUALITY,
    IN_RANGE,
    NOT_CALIBRATED,
    ONE_LIBRARY,
    TOO_FEW,
    NOT_NAMED,
    CELL_DIRECTION,
    TOO_EARLY,
    UNSTABLE,
    ARRESTED,
    CYCLING,
)

# A called cell with an index below this quantile of the reference cells is not named.
LOW_INDEX = 0.05
# Days on drug before which survivors cannot be told from cells that will die.
EARLY_DAYS = 3.0

# How much stands behind a call.
LEVELS = {
    "E0": "published index only, no reference cells",
    "E1": "against reference cells of the same experiment",
    "E2": "calibrated by holding out whole reference samples",
    "E3": "calibrated by holding out whole reference samples, and the cells are known "
    "to have survived the drug",
    "E4": "calibrated by holding out whole reference samples, the cells are known to "
    "have survived the drug, and the state reverts in a drug holiday",
}


@dataclass(frozen=True)
class Grounds:
    """What a state is decided on; arrays over the cells of one group and reference.

    Attributes
    ----------
    reference
        bool (cells,): reference cells.
    called
        bool (cells,): the q-value is at or below alpha.
    index, proliferation
        float64 (cells,), in standard deviations of the reference.
    named
        The called cells moved in the direction of published persisters.
    early
        bool (cells,): less than three days on drug.
    unstable
        The reference samples failed their own calibration.
    one_library
        There is one reference library, so that moves of whole samples are not seen.
    too_few
        There are too few reference cells for any call.
    """

    reference: NDArray[np.bool_]
    called: NDArray[np.bool_]
    index: NDArray[np.float64]
    proliferation: NDArray[np.float64]
    named: bool
    early: NDArray[np.bool_]
    unstable: bool
    one_library: bool = False
    too_few: bool = False


def limits(
    index: NDArray[np.float64], proliferation: NDArray[np.float64]
) -> tuple[float, float]:
    """Limits on index and proliferation, from the reference cells of a batch.

    Proliferation counts as low below the median of the reference cells: most resting
    cells of a dividing population look like resting persisters in RNA.
    """
    return float(np.quantile(index, LOW_INDEX)), float(np.median(proliferation))


def states(grounds: Grounds) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """State and reason of every cell; the first rule that applies decides.

    Parameters
    ----------
    grounds
        What the states are decided on.

    Returns
    -------
    Two arrays of texts.
    """
    own = grounds.reference
    low_index, dividing = limits(grounds.index[own], grounds.proliferation[own])
    quiet, everywhere = ~grounds.called, np.ones(len(own), bool)
    rules = [
        (own, PARENTAL_LIKE, REFERENCE),
        (quiet & grounds.too_few, NOT_DECIDED, TOO_FEW),
        (quiet & grounds.one_library, NOT_DECIDED, ONE_LIBRARY),
        (quiet, PARENTAL_LIKE, IN_RANGE),
        (everywhere & grounds.unstable, UNCERTAIN, UNSTABLE),
        (grounds.early, SHIFTED, TOO_EARLY),
        (everywhere & (not grounds.named), SHIFTED, NOT_NAMED),
        (grounds.index < low_index, SHIFTED, CELL_DIRECTION),
        (grounds.proliferation >= dividing, DTP_CYCLING, CYCLING),
    ]
    masks = [mask for mask, _, _ in rules]
    state = np.select(masks, [state for _, state, _ in rules], DTP_LIKE)
    reason = np.select(masks, [reason for _, _, reason in rules], ARRESTED)
    return state, reason


def evidence_level(
    *, has_reference: bool, held_out: bool, survival: bool, reverts: bool
) -> str:
    """Highest level of evidence of which this one and all below are met.

    Parameters
    ----------
    has_reference
        There are reference cells.
    held_out
        The shift was calibrated by holding out whole reference samples.
    survival
        The user states that the cells survived: days on drug, viability or counts.
    reverts
        Treated cells surely differ from untreated ones, and most cells of a holiday
        group are parental-like, in the interval over its samples too.
    """
    reached = 0
    for met in (has_reference, held_out, survival, reverts):
        if not met:
            break
        reached += 1
    return f"E{reached}"
