"""Evidence for persister and for resistant, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore import get
from dtpscore._calling.states import DTP_LIKE
from dtpscore._resistance.evidence import NEITHER, PERSISTER, RESISTANT
from dtpscore._results.elements import available
from dtpscore.errors import DataError
from dtpscore.pl._docs import shared_doc
from dtpscore.pl._style import (
    QUIET,
    SMALL,
    STATE_COLORS,
    UP,
    canvas,
    finish,
    name_ticks,
    pair_of,
    style,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anndata import AnnData
    from matplotlib.axes import Axes

_SIDES = (PERSISTER, NEITHER, RESISTANT)


@shared_doc
def resistance(
    adata: AnnData,
    *,
    group: str | None = None,
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
    """Draw which side each observation speaks for, with what was found.

    Parameters
    ----------
    adata
        Data with the result of `dtpscore.tl.resistance`.
    group
        Late group to draw. By default the first one.
    {run_key}
    order
        Questions to draw, in this order. By default all.
    palette
        Two colors: of what speaks for persister, and for resistant.
    {look}

    {returns}

    Raises
    ------
    DataError
        There is no such result, group or question.
    OptionError
        The palette does not fit.

    See Also
    --------
    dtpscore.get.resistance : The table.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=900, n_genes=5000, seed=0)
    >>> dtp.tl.score(adata)
    >>> dtp.tl.resistance(
    ...     adata, late="treated", groupby="condition", reference="parental",
    ...     sample_key="sample", holiday="holiday",
    ... )
    >>> ax = dtp.pl.resistance(adata, show=False)
    """
    table = get.resistance(adata, key=key)
    shown = str(table["group"].iloc[0]) if group is None else str(group)
    table = table[(table["group"].astype(str) == shown).to_numpy()]
    if table.empty:
        msg = f"No late group {shown!r} in this result."
        raise DataError(msg)
    table = table.set_index("question")
    if order is not None:
        missing = [one for one in order if one not in table.index]
        if missing:
            msg = f"No question {available(missing)}: {available(table.index)}."
            raise DataError(msg)
        table = table.loc[list(order)]
    persister, resistant = pair_of(
        palette, (STATE_COLORS[DTP_LIKE], UP), "persister, resistant"
    )
    colors = {PERSISTER: persister, NEITHER: QUIET, RESISTANT: resistant}
    places = np.arange(len(table))
    with style():
        drawn = canvas(ax, figsize, (7.4, 1.1 + 0.34 * len(table)))
        ax = drawn.ax
        for place, (side, reading) in enumerate(
            zip(table["speaks_for"], table["reading"], strict=True)
        ):
            x = _SIDES.index(side)
            face = colors[side] if side != NEITHER else "white"
            ax.scatter(x, place, s=60, color=face, edgecolor=colors[side], zorder=3)
            ax.annotate(
                str(reading),
                (2.35, place),
                va="center",
                fontsize=SMALL,
                annotation_clip=False,
            )
        ax.axvline(1, color=QUIET, linewidth=0.6)
        name_ticks(ax.yaxis, places, table.index)
        name_ticks(ax.xaxis, range(3), ["for persister", "neither", "for resistant"])
        ax.tick_params(axis="y", length=0)
        ax.set(xlim=(-0.4, 2.4), ylim=(len(table) - 0.4, -0.6))
        return finish(
            drawn,
            name="resistance",
            title=f"{shown}: no call is made" if title is None else title,
            return_fig=return_fig,
            show=show,
            save=save,
        )
