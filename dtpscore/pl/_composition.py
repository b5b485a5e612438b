"""Calls by sample, as bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import Patch

from dtpscore import _keys
from dtpscore.errors import DataError
from dtpscore.get import _calls as calls
from dtpscore.get._samples import composition as shares_of_states
from dtpscore.pl._bars import Part, stacked_shares
from dtpscore.pl._docs import shared_doc
from dtpscore.pl._palette import state_colors
from dtpscore.pl._style import (
    SMALL,
    STATE_HATCHES,
    Canvas,
    canvas,
    finish,
    label_axes,
    set_title,
    style,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    from anndata import AnnData
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

# With more bars than this, each group gets a panel of its own.
_MOST_BARS = 12


def _rows(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Position of each bar, with a gap between groups."""
    new = (frame["group"] != frame["group"].shift()).cumsum() - 1
    return np.asarray(np.arange(len(frame)) + 0.6 * new.to_numpy(), dtype=np.float64)


def _parts(colors: dict[str, Any]) -> list[Part]:
    return [
        Part(
            state,
            colors[state],
            STATE_HATCHES.get(state),
            numbered=state == "DTP-like",
            dark=state == "DTP-like",
        )
        for state in calls.STATES
    ]


def _n_beside(ax: Axes, rows: NDArray[np.float64], n_cells: pd.Series) -> None:
    for row, n in zip(rows, n_cells, strict=True):
        ax.text(1.01, row, f"n = {n:,}", va="center", fontsize=SMALL)


def _facets(
    frame: pd.DataFrame, parts: list[Part], figsize: tuple[float, float] | None
) -> Canvas:
    """Draw a panel per group, and below it a bar per sample."""
    names = list(dict.fromkeys(frame["group"]))
    sizes = frame["group"].value_counts()
    across = min(3, len(names))
    down = -(-len(names) // across)
    rows = [names[n * across : (n + 1) * across] for n in range(down)]
    heights = [max(int(sizes[name]) for name in row) + 2.5 for row in rows]
    size = (1.4 + 2.7 * across, 0.8 + 0.16 * sum(heights))
    drawn = canvas(
        None, figsize, size, panels=(down, across), height_ratios=heights, sharex=True
    )
    for extra in drawn.axes[len(names) :]:
        extra.remove()
    drawn = Canvas(drawn.axes[: len(names)], own=True)
    for panel, name in zip(drawn.axes, names, strict=True):
        own = frame[(frame["group"] == name).to_numpy()].reset_index(drop=True)
        places = np.arange(len(own), dtype=np.float64)
        stacked_shares(
            panel, own, places, parts=parts, labels=list(own["sample"]), legend=False
        )
        panel.tick_params(axis="y", labelsize=SMALL)
        set_title(panel, f"{name} ({own['n_cells'].sum():,} cells)", fontsize=8)
    handles = [
        Patch(fc=part.color, hatch=part.hatch, ec="white", label=part.name)
        for part in parts
        if frame[part.name].any()
    ]
    drawn.figure.legend(handles=handles, loc="outside upper left", ncols=5)
    drawn.figure.supxlabel("Share of cells", fontsize=8)
    return drawn


@shared_doc
def composition(
    adata: AnnData,
    *,
    groupby: str,
    reference: str | None = None,
    sample_key: str | None = None,
    key: str | None = None,
    order: Sequence[str] | None = None,
    palette: Any = None,
    figsize: tuple[float, float] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
    return_fig: bool = False,
    show: bool | None = None,
    save: str | Path | bool | None = None,
) -> Any:
    """Draw the share of each call in each sample.

    With more than twelve samples each group gets a panel of its own, unless an Axes is
    given.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.call` has called.
    {groupby}
    reference
        Group that comes first.
    sample_key
        Column of ``obs`` with the samples. Without it there is one bar per group.
    {calls_key}
    {group_order}
    {state_palette}
    {look}

    {returns_panels}

    Raises
    ------
    DataError
        The cells were not called, or a column or group does not exist.
    OptionError
        The palette does not fit.

    See Also
    --------
    shares : DTP-like cells against time or dose.
    dtpscore.get.samples : The numbers.

    Examples
    --------
    {called}
    >>> ax = dtp.pl.composition(adata, groupby="condition", show=False)
    """
    frame = shares_of_states(
        adata,
        groupby=groupby,
        reference=reference,
        sample_key=sample_key,
        order=order,
        key=key,
    )
    if frame.empty:
        msg = "No cell of these groups has a call."
        raise DataError(msg)
    rows = _rows(frame)
    parts = _parts(state_colors(adata, key or _keys.CALL, palette))
    with style():
        if ax is None and sample_key is not None and len(frame) > _MOST_BARS:
            drawn = _facets(frame, parts, figsize)
        else:
            drawn = canvas(ax, figsize, (6.0, 1.0 + 0.24 * (rows.max() + 1)))
            labels = frame["sample"]
            if sample_key is not None:
                labels = frame["group"] + " \u00b7 " + frame["sample"]
            stacked_shares(drawn.ax, frame, rows, parts=parts, labels=list(labels))
            _n_beside(drawn.ax, rows, frame["n_cells"])
            label_axes(drawn.ax, x="Share of cells")
        return finish(
            drawn,
            name="composition",
            title=title,
            return_fig=return_fig,
            show=show,
            save=save,
        )
