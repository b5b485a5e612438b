"""How near an arm is to published programs, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from dtpscore import get
from dtpscore._calling.states import DTP_LIKE
from dtpscore._programs.known import BY_LIST, PERSISTER
from dtpscore._results.elements import available
from dtpscore._text import short
from dtpscore.errors import DataError
from dtpscore.get._pick import first_or_chosen
from dtpscore.get._records import programs_record
from dtpscore.pl._docs import shared_doc
from dtpscore.pl._style import (
    QUIET,
    STATE_COLORS,
    UP,
    canvas,
    finish,
    label_axes,
    legend_right,
    name_ticks,
    pair_of,
    set_title,
    style,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anndata import AnnData
    from matplotlib.axes import Axes

# Programs of persisters that are drawn by default, and of other kinds.
_MOST = 8


@shared_doc
def programs(
    adata: AnnData,
    *,
    group: str | None = None,
    batch: str | None = None,
    by: Literal["gene list", "measured contrast"] = "gene list",
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
    """Draw how near an arm is to published programs, with 95% intervals over samples.

    One row per program, the nearest one first. Programs of persisters have one color
    and those of what is no persistence the other. A filled point is nearer than random
    genes of like expression, at the false discovery rate of the run.

    Parameters
    ----------
    adata
        Data with the result of `dtpscore.tl.programs`.
    group, batch
        The arm to draw. By default the first one of the result.
    by
        Draw programs that are gene lists, or contrasts that were measured.
    {run_key}
    order
        Programs to draw, in this order. By default the eight nearest ones of
        persisters and of other kinds.
    palette
        Two colors: of programs of persisters, and of the others.
    {look}

    {returns}

    Raises
    ------
    DataError
        There is no such result, arm or program.
    OptionError
        The palette does not fit.

    See Also
    --------
    dtpscore.get.programs : The numbers.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=900, n_genes=5000, seed=0)
    >>> dtp.tl.programs(
    ...     adata,
    ...     groupby="condition",
    ...     reference="parental",
    ...     sample_key="sample",
    ...     n_permutations=99,
    ... )
    >>> ax = dtp.pl.programs(adata, group="treated", show=False)
    """
    params = programs_record(adata, key).params
    table, arm = first_or_chosen(
        get.programs(adata, key=key), {"by": str(by), "group": group, "batch": batch}
    )
    colors = pair_of(palette, (STATE_COLORS[DTP_LIKE], UP), "persisters, others")
    rows = _chosen(table, order)
    places = np.arange(len(rows))
    value = rows["correlation"].to_numpy(dtype=np.float64)
    persister = (rows["kind"] == PERSISTER).to_numpy()
    edge = [colors[0] if one else colors[1] for one in persister]
    near = (value > 0) & (rows["qvalue"] <= params["alpha"]).to_numpy()
    with style():
        drawn = canvas(ax, figsize, (6.4, 1.2 + 0.22 * len(rows)))
        ax = drawn.ax
        ax.axvline(0, color=QUIET, linewidth=0.8)
        ax.hlines(places, rows["low"], rows["high"], color=edge, linewidth=1.4)
        face = [one if full else "white" for one, full in zip(edge, near, strict=True)]
        ax.scatter(value, places, s=30, color=face, edgecolor=edge, zorder=3)
        kinds = zip(("persisters", "other kinds"), colors, strict=True)
        legend_right(
            ax, [ax.scatter([], [], s=30, color=one, label=name) for name, one in kinds]
        )
        names = [
            f"{row['kind']}: {short(str(row['title']), 44)}"
            for row in rows.to_dict("records")
        ]
        name_ticks(ax.yaxis, places, names)
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(len(rows) - 0.4, -0.6)
        where = "" if arm["batch"] == "all" else f" in {arm['batch']}"
        unit = "genes" if arm["by"] == BY_LIST else "signatures"
        label_axes(
            ax, x=f"likeness of {arm['group']}{where} (rank correlation, {unit})"
        )
        set_title(
            ax,
            f"filled: nearer than random genes, q at or below {params['alpha']:g}",
            fontweight="normal",
        )
        return finish(
            drawn,
            name="programs",
            title=title,
            return_fig=return_fig,
            show=show,
            save=save,
        )


def _chosen(table: pd.DataFrame, order: Sequence[str] | None) -> pd.DataFrame:
    """Choose the programs to draw, and their order."""
    if order is None:
        persister = (table["kind"] == PERSISTER).to_numpy()
        parts = [
            table[rows].nlargest(_MOST, "correlation")
            for rows in (persister, ~persister)
        ]
        return pd.concat(parts).sort_values("rank", kind="stable")
    missing = [one for one in order if one not in set(table["program"])]
    if missing:
        msg = (
            f"No program {available(missing)} in this result. Programs there are: "
            f"{available(table['program'])}."
        )
        raise DataError(msg)
    return table.set_index("program").loc[list(order)].reset_index()
