"""Cycling against resting persisters of one arm, paired within the sample."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dtpscore._calling.states import DTP_CYCLING, DTP_LIKE
from dtpscore._compare.samples import FEWEST_CELLS, Arm, arms_of
from dtpscore.errors import ResultError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._design import Design, DesignKeys

# A contrast within samples needs this many samples that have both kinds of cells.
FEWEST_BOTH = 3
# What is published of cycling persisters: axis, and which way it goes in them.
CYCLING_PERSISTERS = {"redox_nrf2": "up", "fao_peroxisome": "up"}
PAPER = "Oren et al. 2021 (doi:10.1038/s41586-021-03796-6)"


def by_sample(design: Design) -> Design:
    """Let every library be a pair, so that it is compared with itself."""
    return replace(design, pair=design.library.astype(np.str_))


def split_libraries(design: Design, state: NDArray[np.str_]) -> Design:
    """Let the cells of a library in each state be a library of their own."""
    both = [f"{one}\0{kind}" for one, kind in zip(design.library, state, strict=True)]
    return replace(design, library=np.unique(both, return_inverse=True)[1])


def cycling_arms(
    design: Design, keys: DesignKeys, state: NDArray[np.str_]
) -> tuple[list[Arm], list[str]]:
    """List the arms in which enough samples have cycling and resting persisters.

    Parameters
    ----------
    design
        The experiment.
    keys
        Its columns.
    state
        (cells,), states of a call. What counts as cycling is decided there.

    Returns
    -------
    Arms whose treated cells are the cycling persisters of a group, and whose reference
    cells are the resting ones of the same samples; and the names of the arms that have
    too few samples with both.

    Raises
    ------
    ResultError
        In no arm do three samples have ten cells of both.
    """
    found, counted, left = [], [], []
    for arm in arms_of(design, keys):
        kinds = [arm.treated & (state == one) for one in (DTP_CYCLING, DTP_LIKE)]
        sizes = [
            np.bincount(design.library[one], minlength=int(design.library.max()) + 1)
            for one in kinds
        ]
        both = np.flatnonzero(np.minimum(*sizes) >= FEWEST_CELLS)
        counted.append(f"{len(both)} in {arm.name}")
        if len(both) >= FEWEST_BOTH:
            inside = np.isin(design.library, both)
            cycling, resting = (one & inside for one in kinds)
            found.append(Arm(arm.batch, arm.group, cycling, resting))
        else:
            left.append(arm.name)
    if not found:
        msg = (
            f"Cycling and resting persisters are compared where {FEWEST_BOTH} samples "
            f"or more have {FEWEST_CELLS} cells of each; these samples are "
            f"{', '.join(counted)}."
        )
        raise ResultError(msg)
    return found, left
