"""Which cells take part in a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from dtpscore.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._calling.depth import Quality
    from dtpscore._calling.design import Design
    from dtpscore._calling.options import CallOptions


# Usable cells that a reference sample needs; with fewer, neither its spread nor its
# place among the others can be measured.
_FEWEST_OF_SAMPLE = 10


def needed_normalization(quality: Quality) -> Literal["log1p"] | None:
    """Say how to normalize: "log1p" for counts, None for log values.

    Raises
    ------
    DataError
        There are negative values.
    """
    if quality.negative:
        msg = (
            "The matrix has values below 0, as scaled data do. Calls need counts, or "
            "log-normalized values; pass the layer that holds them."
        )
        raise DataError(msg)
    return None if quality.are_logs else "log1p"


def low_quality(
    design: Design, quality: Quality, options: CallOptions
) -> NDArray[np.bool_]:
    """Cells that fail the limits of quality, or the user's own control."""
    # NaN, no mitochondrial genes in the data, is not above the limit.
    mitochondrial = quality.mitochondrial > options.max_mitochondrial
    result: NDArray[np.bool_] = (
        design.failed | (quality.genes < options.min_genes) | mitochondrial
    )
    return result


def _small_samples(
    design: Design, used: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], list[str]]:
    """Cells of reference samples that are too small to count, and what to say."""
    small, names = np.zeros(len(used), bool), []
    own = used & design.reference
    for library in np.unique(design.library[own]):
        rows = own & (design.library == library)
        if rows.sum() < _FEWEST_OF_SAMPLE:
            small |= rows
            names.append(f"{str(design.sample[rows][0])!r} ({rows.sum()})")
    if not names:
        return small, []
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return small, [
        f"Reference samples with fewer than {_FEWEST_OF_SAMPLE} usable cells are left "
        f"out: {', '.join(names[:12])}{more}."
    ]


def taking_part(
    design: Design, low: NDArray[np.bool_], options: CallOptions
) -> tuple[NDArray[np.bool_], list[str]]:
    """Cells of batches with enough reference cells, and what to say of the others.

    Raises
    ------
    DataError
        No batch has enough reference cells, or there is nothing to call.
    """
    used, messages = design.tumor & ~low, []
    if design.n_unnamed:
        messages.append(
            f"{design.n_unnamed:,} cells have no group, batch or sample in obs and "
            "take no part."
        )
    if options.columns.reference is None:
        return used, messages
    small, said = _small_samples(design, used)
    used, counts = used & ~small, {}
    messages += said
    for batch in np.unique(design.batch[design.tumor]):
        rows = design.batch == batch
        counts[str(batch)] = int((used & rows & design.reference).sum())
        if counts[str(batch)] < options.min_reference:
            used &= ~rows
            messages.append(
                f"Batch {str(batch)!r} has {counts[str(batch)]} usable reference "
                f"cells, fewer than {options.min_reference}: its cells are not called."
            )
    if not used.any():
        found = ", ".join(f"{batch}: {n}" for batch, n in counts.items())
        msg = (
            f"Calls need {options.min_reference} usable cells of the reference group "
            f"{options.columns.reference!r} in a batch; found {found}. Samples with "
            f"fewer than {_FEWEST_OF_SAMPLE} of them do not count."
        )
        raise DataError(msg)
    if not (used & ~design.reference).any():
        msg = "No cell outside the reference group passes the quality limits."
        raise DataError(msg)
    return used, messages
