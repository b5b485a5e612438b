"""Differences between an arm and the reference, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore import get
from dtpscore._compare.arms import AGAINST, HIGHER, LOWER
from dtpscore._results.elements import available
from dtpscore._text import short
from dtpscore.errors import DataError
from dtpscore.get._axes import axis_titles
from dtpscore.get._pick import first_or_chosen
from dtpscore.get._records import compare_record
from dtpscore.pl._docs import shared_doc
from dtpscore.pl._style import (
    DOWN,
    QUIET,
    UP,
    canvas,
    finish,
    label_axes,
    name_ticks,
    pair_of,
    set_title,
    style,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    from anndata import AnnData
    from matplotlib.axes import Axes


@shared_doc
def compare(
    adata: AnnData,
    *,
    group: str | None = None,
    batch: str | None = None,
    n_axes: int = 20,
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
    """Draw how far each axis of an arm is from the reference, with its 95% interval.

    One row per axis, from the highest difference to the lowest. Axes without an
    interval were not tested. An axis that differs against the direction of published
    contrasts is marked.

    Parameters
    ----------
    adata
        Data with the result of `dtpscore.tl.compare`.
    group, batch
        The arm to draw. By default the first one of the result.
    n_axes
        Number of axes to draw: those that differ most, of genes those with the
        smallest p-values.
    {run_key}
    order
        Axes to draw, in this order, in place of those that differ most.
    palette
        Two colors: of axes that are higher, and of those that are lower.
    {look}

    {returns}

    Raises
    ------
    DataError
        There is no such result, arm or axis.
    OptionError
        The palette does not fit.

    See Also
    --------
    dtpscore.get.compare : The numbers.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=900, n_genes=5000, seed=0)
    >>> dtp.tl.score(adata)
    >>> dtp.tl.compare(
    ...     adata, groupby="condition", reference="parental", sample_key="sample"
    ... )
    >>> ax = dtp.pl.compare(adata, group="treated", show=False)
    """
    record = compare_record(adata, key)
    params = record.params
    less = record.contrast or f"less {params['reference']}"
    table, arm = first_or_chosen(
        get.compare(adata, key=key), {"group": group, "batch": batch}
    )
    higher, lower = pair_of(palette, (UP, DOWN), "higher, lower")
    # The largest differences of genes are those of the rarest ones.
    genes = list(params.get("features", ["axes"])) != ["axes"]
    by_pvalue = genes and table["pvalue"].notna().any()
    rows = _chosen(table, order, n_axes, by_pvalue=by_pvalue)
    places = np.arange(len(rows))
    value = rows["difference"].to_numpy(dtype=np.float64)
    colors = [higher if one > 0 else lower for one in value]
    shown = rows["verdict"].isin([HIGHER, LOWER])
    with style():
        drawn = canvas(ax, figsize, (5.6, 1.2 + 0.22 * len(rows)))
        ax = drawn.ax
        ax.axvline(0, color=QUIET, linewidth=0.8)
        ax.hlines(places, rows["low"], rows["high"], color=colors, linewidth=1.4)
        face = [
            color if one else "white" for color, one in zip(colors, shown, strict=True)
        ]
        ax.scatter(value, places, s=30, color=face, edgecolor=colors, zorder=3)
        titles = axis_titles([str(one) for one in rows["axis"]])
        labels = [
            f"{short(titles[str(row['axis'])], 32)}"
            f"{' *' if row['agreement'] == AGAINST else ''}"
            for row in rows.to_dict("records")
        ]
        name_ticks(ax.yaxis, places, labels)
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(len(rows) - 0.4, -0.6)
        where = "" if arm["batch"] == "all" else f" in {arm['batch']}"
        label_axes(
            ax,
            x=f"{arm['group']}: {less}{where} ({record.unit})"
            if params.get("within")
            else f"{arm['group']} {less}{where} ({record.unit})",
        )
        set_title(
            ax,
            f"filled: q at or below {params['alpha']:g}; *: against the published "
            "direction",
            fontweight="normal",
        )
        return finish(
            drawn,
            name="compare",
            title=title,
            return_fig=return_fig,
            show=show,
            save=save,
        )


def _chosen(
    table: pd.DataFrame, order: Sequence[str] | None, n_axes: int, *, by_pvalue: bool
) -> pd.DataFrame:
    """Choose the axes to draw, and their order."""
    if order is None:
        most = table["difference"].abs().sort_values(ascending=False, kind="stable")
        if by_pvalue:
            most = table["pvalue"].sort_values(kind="stable")
        kept = table.loc[most.index[:n_axes]]
        return kept.sort_values("difference", ascending=False, kind="stable")
    missing = [one for one in order if one not in set(table["axis"])]
    if missing:
        msg = (
            f"No axis {available(missing)} in this result. Axes there are: "
            f"{available(table['axis'])}."
        )
        raise DataError(msg)
    return table.set_index("axis").loc[list(order)].reset_index()
