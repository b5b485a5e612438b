"""Which cells are an arm and its reference, and which samples they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dtpscore.errors import ResultError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._design import Design, DesignKeys

    BoolArray = NDArray[np.bool_]
    IntArray = NDArray[np.int64]


# A sample with fewer cells takes no part, unless its arm has no larger one.
FEWEST_CELLS = 10


@dataclass(frozen=True)
class Arm:
    """Cells of one arm and of its reference."""

    batch: str
    group: str
    treated: BoolArray
    reference: BoolArray

    @property
    def name(self) -> str:
        return self.group if self.batch == "all" else f"{self.group} in {self.batch}"


@dataclass(frozen=True)
class Samples:
    """Samples of an arm, those of the reference first."""

    code: IntArray
    treated: BoolArray
    name: list[str]
    pair: list[str]
    n_cells: IntArray
    n_small: int


def over_batches(keys: DesignKeys) -> bool:
    """Whether batches are the pairs, so that arms are compared over all of them."""
    return keys.batch_key is None or keys.batch_key == keys.pair_key


def arms_of(design: Design, keys: DesignKeys) -> list[Arm]:
    """List every arm that has reference cells, batch by batch.

    Raises
    ------
    ResultError
        No batch has cells of the reference and of another group.
    """
    used, found = design.named & design.malignant, []
    batch = np.full(design.n_cells, "all")
    if not over_batches(keys):
        batch = design.batch
    for one in sorted(set(batch[used].tolist())):
        inside = used & (batch == one)
        own = inside & design.reference
        for group in design.groups:
            treated = inside & (design.group == group)
            if group != keys.reference and treated.any() and own.any():
                found.append(Arm(one, group, treated, own))
    if not found:
        msg = (
            "There is nothing to compare: no batch has both cells of the reference "
            f"{keys.reference!r} and of another group that take part. Groups are "
            f"{', '.join(map(repr, design.groups))}."
        )
        raise ResultError(msg)
    return found


def samples_of(design: Design, arm: Arm) -> Samples:
    """Find the samples of an arm and of its reference that have enough cells."""
    code = np.full(design.n_cells, -1, np.int64)
    treated: list[bool] = []
    names: list[str] = []
    pairs: list[str] = []
    counts: list[int] = []
    n_small = 0
    # A patient that is a batch can have the sample names of another patient.
    label = np.array(
        [f"{a}\0{b}" for a, b in zip(design.batch, design.sample, strict=True)]
    )
    for part, on_drug in ((arm.reference, False), (arm.treated, True)):
        found, first, sizes = np.unique(
            label[part], return_index=True, return_counts=True
        )
        kept = sizes >= FEWEST_CELLS
        if not kept.any():
            kept[:] = True
        n_small += int((~kept).sum())
        rows = np.flatnonzero(part)
        for name, at, size in zip(found[kept], first[kept], sizes[kept], strict=True):
            code[part & (label == name)] = len(names)
            treated.append(on_drug)
            names.append(str(design.sample[rows[at]]))
            pairs.append(str(design.pair[rows[at]]))
            counts.append(int(size))
    return Samples(code, np.array(treated), names, pairs, np.array(counts), n_small)
