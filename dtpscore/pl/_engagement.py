"""Output of the pathway that the drug hits, by sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore import get
from dtpscore._results.elements import available
from dtpscore.errors import DataError
from dtpscore.get._axes import axis_titles
from dtpscore.get._records import engagement_record
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
    style,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anndata import AnnData
    from matplotlib.axes import Axes


@shared_doc
def engagement(
    adata: AnnData,
    *,
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
    """Draw the output of the pathway in each sample, untreated samples first.

    A point is the mean of the cells of a sample, and its size the share of cells whose
    output is low. The line is the mean of the untreated samples.

    Parameters
    ----------
    adata
        Data with the result of `dtpscore.tl.engagement`.
    {run_key}
    order
        Groups to draw, in this order. By default all, the untreated one first.
    palette
        Two colors: of untreated samples, and of those on the drug.
    {look}

    {returns}

    Raises
    ------
    DataError
        There is no such result or group.
    OptionError
        The palette does not fit.

    See Also
    --------
    dtpscore.get.engagement : The numbers.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=900, n_genes=5000, seed=0)
    >>> dtp.tl.score(adata)
    >>> dtp.tl.engagement(
    ...     adata, pathway="mapk_output", groupby="condition", reference="parental",
    ...     sample_key="sample",
    ... )
    >>> ax = dtp.pl.engagement(adata, show=False)
    """
    record = engagement_record(adata, key)
    table = get.engagement(adata, kind="samples", key=key)
    reference = str(record.params["reference"])
    own, treated = pair_of(palette, (DOWN, UP), "untreated, on the drug")
    groups = list(dict.fromkeys(table["group"].astype(str)))
    groups.sort(key=lambda name: name != reference)
    if order is not None:
        missing = [one for one in order if one not in groups]
        if missing:
            msg = f"No group {available(missing)}. Groups are {available(groups)}."
            raise DataError(msg)
        groups = list(order)
    several = len(set(table["batch"])) > 1
    table["arm"] = [
        ", ".join(
            filter(None, (row["batch"] if several else "", row["group"], row["time"]))
        )
        for row in table.astype(str).to_dict("records")
    ]
    table["_place"] = [
        groups.index(one) if one in groups else -1 for one in table["group"]
    ]
    table = table[(table["_place"] >= 0).to_numpy()]
    table = table.sort_values(["batch", "_place"], kind="stable")
    arms = list(dict.fromkeys(table["arm"]))
    rows = np.array([arms.index(one) for one in table["arm"]], np.float64)
    middle = table.loc[(table["group"] == reference).to_numpy(), "output"].mean()
    with style():
        drawn = canvas(ax, figsize, (5.2, 1.2 + 0.32 * len(arms)))
        ax = drawn.ax
        if np.isfinite(middle):
            ax.axvline(middle, color=QUIET, linewidth=0.8)
        ax.scatter(
            table["output"],
            rows,
            s=16 + 160 * table["share_low"].to_numpy(),
            color=[own if one == reference else treated for one in table["group"]],
            alpha=0.7,
            linewidth=0,
        )
        name_ticks(ax.yaxis, np.arange(len(arms)), arms)
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(len(arms) - 0.4, -0.6)
        name = str(record.params["pathway"])
        label_axes(ax, x=f"{axis_titles([name])[name]} (SD of untreated cells)")
        return finish(
            drawn,
            name="engagement",
            title=title,
            return_fig=return_fig,
            show=show,
            save=save,
        )
