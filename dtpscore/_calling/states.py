"""States of called cells, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# From least to most persister-like; ``low quality`` stands outside that order.
STATES = (
    "low quality",
    "parental-like",
    "uncertain",
    "DTP-like cycling",
    "DTP-like",
)

REFERENCE = "reference cell"
LOW_QUALITY = "fails the quality limits"
IN_RANGE = "within the reference range"
NOT_CALIBRATED = "no call possible: not calibrated"
NO_DIRECTION = "left the reference range, index not up in the called cells"
CELL_DIRECTION = "left the reference range, index of the cell is low"
TOO_EARLY = "left the reference range too early on drug to tell persisters"
UNSTABLE = "reference samples differ more than the error rate allows"
ARRESTED = "left the reference range, index up, proliferation low"
CYCLING = "left the reference range, index up, proliferation as in the reference"

REASONS = (
    REFERENCE,
    LOW_QUALITY,
    IN_RANGE,
    NOT_CALIBRATED,
    NO_DIRECTION,
    CELL_DIRECTION,
    TOO_EARLY,
    UNSTABLE,
    ARRESTED,
    CYCLING,
)

# A called cell whose index is under this quantile of the reference contradicts.
_LOW_INDEX = 0.05


@dataclass(frozen=True)
class Evidence:
    """What a state is decided on; arrays over the cells of one batch.

    Attributes
    ----------
    reference, low_quality, calibrated
        Kinds of cell; calibrated ones have a q-value that means something.
    called
        q-value at or below alpha.
    index, proliferation
        In standard deviations of the reference.
    supported
        The called cells of the cell's group have an index above that of every
        reference sample.
    early
        Less than three days on drug.
    unstable
        The reference samples failed their own calibration.
    """

    reference: NDArray[np.bool_]
    low_quality: NDArray[np.bool_]
    calibrated: NDArray[np.bool_]
    called: NDArray[np.bool_]
    index: NDArray[np.float64]
    proliferation: NDArray[np.float64]
    supported: NDArray[np.bool_]
    early: NDArray[np.bool_]
    unstable: bool


def direction_supported(
    index: NDArray[np.float64],
    called: NDArray[np.bool_],
    reference: NDArray[np.bool_],
    sample: NDArray[np.int64],
) -> bool:
    """Whether the mean index of called cells is above that of every reference sample.

    The sample is the unit here: an index that is up by less than reference samples
    differ among themselves supports nothing.
    """
    if not called.any():
        return False
    means = [
        index[reference & (sample == one)].mean()
        for one in np.unique(sample[reference])
    ]
    return bool(index[called].mean() > max(means))


def states(evidence: Evidence) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """State and reason of every cell; the first rule that applies decides.

    Proliferation counts as low below the median of the reference cells: most resting
    cells of a dividing population look like resting persisters in RNA.

    Parameters
    ----------
    evidence
        What the states are decided on.

    Returns
    -------
    Two string arrays.
    """
    quality_reference = evidence.reference & ~evidence.low_quality
    low_index = evidence.index < np.quantile(
        evidence.index[quality_reference], _LOW_INDEX
    )
    cycling = evidence.proliferation >= np.median(
        evidence.proliferation[quality_reference]
    )
    unstable = np.full(len(cycling), evidence.unstable)
    rules = [
        (evidence.low_quality, "low quality", LOW_QUALITY),
        (evidence.reference, "parental-like", REFERENCE),
        (~evidence.calibrated, "uncertain", NOT_CALIBRATED),
        (~evidence.called, "parental-like", IN_RANGE),
        (unstable, "uncertain", UNSTABLE),
        (evidence.early, "uncertain", TOO_EARLY),
        (~evidence.supported, "uncertain", NO_DIRECTION),
        (low_index, "uncertain", CELL_DIRECTION),
        (cycling, "DTP-like cycling", CYCLING),
    ]
    masks = [mask for mask, _, _ in rules]
    state = np.select(masks, [state for _, state, _ in rules], "DTP-like")
    reason = np.select(masks, [reason for _, _, reason in rules], ARRESTED)
    return state, reason
