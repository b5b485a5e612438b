"""Expression of published targets in the cells of an arm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore import get
from dtpscore._results.elements import available
from dtpscore._text import short
from dtpscore._vulnerabilities.rank import MOVED
from dtpscore.errors import DataError
from dtpscore.get._axes import axis_titles
from dtpscore.get._records import vulnerability_record
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


def _targets(table: pd.DataFrame, genes: pd.DataFrame) -> pd.DataFrame:
    """List target genes in the order of the ranks, each with its best row."""
    rows = []
    by_symbol = genes.set_index("symbol")
    seen: set[str] = set()
    for entry in table.to_dict("records"):
        for name in (one.strip() for one in str(entry["genes"]).split(",")):
            if name in by_symbol.index and name not in seen:
                seen.add(name)
                own = by_symbol.loc[name]
                rows.append(
                    {
                        "symbol": name,
                        "axis": entry["axis"],
                        "moved": entry["axis_state"] == MOVED,
                        **{one: own[one] for one in ("difference", "low", "high")},
                        "qvalue": own["qvalue"],
                    }
                )
    import pandas as pd

    columns = ["symbol", "axis", "moved", "difference", "low", "high", "qvalue"]
    return pd.DataFrame(rows, columns=columns).dropna(subset=["difference"])


@shared_doc
def vulnerabilities(
    adata: AnnData,
    *,
    group: str | None = None,
    batch: str | None = None,
    n_genes: int = 20,
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
    """Draw how the targets of published vulnerabilities are expressed in an arm.

    One row per target gene, those of the best supported vulnerabilities first, with the
    difference from untreated cells. Genes of axes that moved are marked. Expression of
    a target is not dependency on it.

    Parameters
    ----------
    adata
        Data with the result of `dtpscore.tl.vulnerabilities`.
    group, batch
        The arm to draw. By default the first one of the result.
    n_genes
        Number of target genes to draw: the first ones.
    {run_key}
    order
        Target genes to draw, in this order, in place of the first ones.
    palette
        Two colors: of genes that are higher, and of those that are lower.
    {look}

    {returns}

    Raises
    ------
    DataError
        There is no such result, arm or gene, or no target gene is in the data.
    OptionError
        The palette does not fit.

    See Also
    --------
    dtpscore.get.vulnerabilities : The numbers.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=900, n_genes=3000, seed=0)
    >>> dtp.tl.vulnerabilities(
    ...     adata, groupby="condition", reference="parental", sample_key="sample"
    ... )
    >>> ax = dtp.pl.vulnerabilities(adata, group="treated", show=False)
    """
    table = vulnerability_record(adata, key).table
    genes = get.vulnerabilities(adata, kind="genes", key=key)
    arm = {"group": group, "batch": batch}
    for name, value in arm.items():
        wanted = str(table[name].iloc[0]) if value is None else str(value)
        table = table[(table[name].astype(str) == wanted).to_numpy()]
        if table.empty:
            msg = f"No such {name} in this result: {wanted!r}."
            raise DataError(msg)
        genes = genes[(genes[name].astype(str) == wanted).to_numpy()]
        arm[name] = wanted
    higher, lower = pair_of(palette, (UP, DOWN), "higher, lower")
    rows = _targets(table, genes)
    if rows.empty:
        msg = "No target gene of a published vulnerability is expressed in these data."
        raise DataError(msg)
    rows = _chosen(rows, order, n_genes)
    places = np.arange(len(rows))
    value = rows["difference"].to_numpy(dtype=np.float64)
    colors = [higher if one > 0 else lower for one in value]
    with style():
        drawn = canvas(ax, figsize, (5.6, 1.2 + 0.22 * len(rows)))
        ax = drawn.ax
        ax.axvline(0, color=QUIET, linewidth=0.8)
        ax.hlines(places, rows["low"], rows["high"], color=colors, linewidth=1.4)
        sure = (rows["qvalue"] <= 0.05).to_numpy()
        face = [
            color if one else "white" for color, one in zip(colors, sure, strict=True)
        ]
        ax.scatter(value, places, s=30, color=face, edgecolor=colors, zorder=3)
        titles = axis_titles([str(one) for one in rows["axis"]])
        names = [
            f"{row['symbol']}{' *' if row['moved'] else ''}  "
            f"{short(titles[str(row['axis'])], 26)}"
            for row in rows.to_dict("records")
        ]
        name_ticks(ax.yaxis, places, names)
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(len(rows) - 0.4, -0.6)
        cells = (
            "called cells" if (genes["cells"] == "called").any() else "treated cells"
        )
        label_axes(ax, x=f"log2 difference of {cells} from untreated cells")
        set_title(
            ax, "filled: q at or below 0.05; *: its axis moved", fontweight="normal"
        )
        return finish(
            drawn,
            name="vulnerabilities",
            title=title,
            return_fig=return_fig,
            show=show,
            save=save,
        )


def _chosen(
    rows: pd.DataFrame, order: Sequence[str] | None, n_genes: int
) -> pd.DataFrame:
    if order is None:
        return rows.head(n_genes)
    missing = [one for one in order if one not in set(rows["symbol"])]
    if missing:
        msg = (
            f"No target gene {available(missing)}. Target genes are "
            f"{available(rows['symbol'])}."
        )
        raise DataError(msg)
    return rows.set_index("symbol").loc[list(order)].reset_index()
