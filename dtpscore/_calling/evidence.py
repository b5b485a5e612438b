"""How much stands behind a call, from E0 to E4."""

from __future__ import annotations

from dataclasses import dataclass

LEVELS = {
    "E0": "published index only, no reference cells",
    "E1": "against reference cells of the same experiment",
    "E2": "calibrated by holding out whole reference samples",
    "E3": "and the cells are known to have survived the drug",
    "E4": "and the state reverts in a drug holiday",
}


@dataclass(frozen=True)
class Grounds:
    """What an experiment offers.

    Attributes
    ----------
    has_reference
        There are reference cells.
    held_out
        The shift was calibrated by holding out whole reference samples.
    survival
        The user states that the cells survived: days on drug, viability or counts.
    reverts
        Treated cells differ surely from untreated ones, and most cells of a holiday
        group are parental-like, in the interval over its samples too.
    """

    has_reference: bool
    held_out: bool
    survival: bool
    reverts: bool


def level(grounds: Grounds) -> str:
    """Highest level of which this one and all below are met."""
    met = (grounds.has_reference, grounds.held_out, grounds.survival, grounds.reverts)
    reached = 0
    for one in met:
        if not one:
            break
        reached += 1
    return f"E{reached}"
