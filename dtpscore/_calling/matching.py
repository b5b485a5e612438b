"""How libraries are brought to one depth, and what the user is told about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dtpscore._calling import depth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._calling.design import Design

# Libraries whose median depth differs by more than this are worth a word.
_DEPTH_RATIO = 1.2


def _what_was_done(quality: depth.Quality, *, matched: bool, least: float) -> str:
    if matched:
        return f"their counts were thinned to the shallowest ({least:.0f})"
    if quality.are_counts:
        return "they were not matched, because match_depth is off"
    return "they could not be matched, because the values are not counts"


def depth_share(
    design: Design,
    used: NDArray[np.bool_],
    quality: depth.Quality,
    *,
    match_depth: bool,
) -> tuple[NDArray[np.float64], list[str]]:
    """Share of its counts that each cell keeps, and what to say about depth.

    Parameters
    ----------
    design
        The experiment.
    used
        Cells that take part.
    quality
        Depth of the cells, and whether the values are counts.
    match_depth
        Whether libraries are to be matched.

    Returns
    -------
    float64 in (0, 1], one a cell; and a sentence for each batch whose libraries
    differ more than 1.2-fold in median depth.
    """
    share, messages = np.ones(len(used)), []
    batches = np.unique(design.batch[used])
    matched = match_depth and quality.are_counts
    for batch in batches:
        rows = used & (design.batch == batch)
        depths = [
            quality.counts[rows & (design.library == one)]
            for one in np.unique(design.library[rows])
        ]
        medians = [float(np.median(one)) for one in depth.large(depths)]
        if matched:
            share[rows] = depth.kept_share(quality.counts[rows], design.library[rows])
        least = min(medians)
        ratio = max(medians) / max(least, 1e-9)
        if ratio <= _DEPTH_RATIO:
            continue
        where = f" of batch {str(batch)!r}" if len(batches) > 1 else ""
        done = _what_was_done(quality, matched=matched, least=least)
        messages.append(
            f"The libraries{where} differ {ratio:.1f}-fold in median depth; {done}."
        )
    return share, messages
