"""Results on an embedding of the cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore import _keys
from dtpscore._results.elements import available, check_anndata
from dtpscore._text import short
from dtpscore.errors import DataError, OptionError
from dtpscore.get import _calls as calls
from dtpscore.get._axes import axis_titles
from dtpscore.get._groups import column
from dtpscore.get._records import has_calls
from dtpscore.get._scores import axes as axis_scores
from dtpscore.pl._docs import shared_doc
from dtpscore.pl._palette import column_colors, state_colors
from dtpscore.pl._style import (
    DIVERGING,
    SEQUENTIAL,
    Canvas,
    canvas,
    colormap,
    finish,
    set_title,
    style,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anndata import AnnData
    from matplotlib.axes import Axes


def values_of(adata: AnnData, color: str) -> pd.Series:
    """Values of a column of ``obs``, of an axis, or of an own signature.

    Raises
    ------
    DataError
        There is no such thing.
    """
    if color in adata.obs.columns:
        return adata.obs[color]
    if _keys.SCORES in adata.uns:
        axes = axis_scores(adata)
        if color in axes:
            return axes[color]
    if color in adata.var_names:
        found = adata.obs_vector(color)
        return pd.Series(found, index=adata.obs_names, name=color)
    return column(adata, color)


def limits(values: pd.Series) -> tuple[str, float, float]:
    """Color map of numbers, and the numbers at its ends.

    Numbers of both signs are centered on 0, and the hundredth at either end of them is
    beyond the ends. Other numbers go from the smallest to the largest.
    """
    known = values.to_numpy(dtype=np.float64)
    known = known[np.isfinite(known)]
    if not known.size:
        return SEQUENTIAL, 0.0, 1.0
    low, high = np.quantile(known, [0.01, 0.99])
    if low < 0 < high:
        limit = float(max(-low, high))
        return DIVERGING, -limit, limit
    return SEQUENTIAL, float(known.min()), float(known.max())


def _numbers(values: pd.Series, palette: Any) -> dict[str, Any]:
    """How scanpy shall draw numbers."""
    default, low, high = limits(values)
    return {"color_map": colormap(palette, default), "vmin": low, "vmax": high}


def _categories(
    adata: AnnData, color: str, values: pd.Series, *, order: Any, palette: Any
) -> tuple[pd.Series, dict[str, Any]]:
    """Categories that cells have, as they are drawn, and the color of each."""
    if color == _keys.CALL and has_calls(adata):
        states = calls.states(adata)
        colors = state_colors(adata, color, palette)
        names = [name for name in calls.STATES if (states == name).any()]
    else:
        states = values
        used = values.astype("category").cat.remove_unused_categories()
        names = [str(name) for name in used.cat.categories]
        colors = column_colors(adata, color, names, palette)
    if order is not None:
        kept = [str(name) for name in order]
        missing = [name for name in kept if name not in names]
        if missing:
            msg = f"{color} has no {available(missing)}. There are: {available(names)}."
            raise DataError(msg)
        names = kept
    text = states.map(str, na_action="ignore").astype(object)
    text = text.where(text.isin(names))
    drawn = {name: short(name) for name in names}
    shown = pd.Categorical(text.map(drawn), categories=list(drawn.values()))
    return (
        pd.Series(shown, index=adata.obs_names, name=color),
        {drawn[name]: colors[name] for name in names},
    )


def _draw(
    adata: AnnData,
    place: np.ndarray[Any, Any],
    ax: Axes,
    *,
    color: str,
    order: Any,
    palette: Any,
) -> None:
    import scanpy as sc
    from anndata import AnnData as Light

    values = values_of(adata, color)
    more: dict[str, Any]
    numbers = pd.api.types.is_numeric_dtype(values.dtype)
    if numbers and not pd.api.types.is_bool_dtype(values.dtype):
        more = _numbers(values, palette)
        values = values.astype(np.float64)
    else:
        values, colors = _categories(adata, color, values, order=order, palette=palette)
        more = {"palette": colors}
    # scanpy stores colors in the object it draws, so it gets one of its own.
    light = Light(
        obs=values.rename("color").to_frame(), obsm={"X_place": np.asarray(place)}
    )
    sc.pl.embedding(
        light,
        "place",
        color="color",
        ax=ax,
        show=False,
        frameon=False,
        title="",
        **more,
    )
    set_title(ax, axis_titles([color])[color])


@shared_doc
def embedding(
    adata: AnnData,
    *,
    color: str | Sequence[str] = _keys.CALL,
    basis: str = "umap",
    order: Sequence[str] | None = None,
    palette: Any = None,
    figsize: tuple[float, float] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
    return_fig: bool = False,
    show: bool | None = None,
    save: str | Path | bool | None = None,
) -> Any:
    """Draw calls, the index or anything else on an embedding, with scanpy.

    Parameters
    ----------
    adata
        Data with the embedding in ``obsm["X_<basis>"]``.
    color
        A column of ``obs``, an axis, an own signature or a gene, or a list of these,
        which gives one panel each. Numbers of both signs are centered on 0.
    basis
        Name of the embedding, with or without ``X_``.
    order
        Categories to draw, in this order. Other cells are gray.
    palette
        Colors of the categories (a dict, a list, or the name of a color map), or the
        color map of numbers. By default the colors of categories are those of
        ``adata.uns["<color>_colors"]``. Where it has none, the plot stores its own
        colors there, as scanpy does.
    {look}

    {returns_panels}

    Raises
    ------
    DataError
        There is no such embedding, column, axis or gene.
    OptionError
        Several colors are given with one Axes, none is given, or the palette does not
        fit.

    See Also
    --------
    scanpy.pl.embedding : The function that draws the cells.

    Examples
    --------
    {scored}
    >>> import numpy as np
    >>> adata.obsm["X_umap"] = np.random.default_rng(0).normal(size=(90, 2))
    >>> axes = dtp.pl.embedding(adata, color=["condition", "emt"], show=False)
    >>> len(axes)
    2
    """
    check_anndata(adata)
    name = basis if basis in adata.obsm else f"X_{basis}"
    if name not in adata.obsm:
        msg = (
            f"obsm has no {name!r}. Run scanpy.pp.neighbors and scanpy.tl.{basis} "
            f"first. obsm holds: {available(adata.obsm.keys())}."
        )
        raise DataError(msg)
    colors = [color] if isinstance(color, str) else [str(one) for one in color]
    if not colors:
        msg = "color is empty. Name what shall color the cells, such as 'dtp_call'."
        raise OptionError(msg)
    if ax is not None and len(colors) > 1:
        msg = "One Axes shows one color. Leave ax out, or give one color."
        raise OptionError(msg)
    across = min(3, len(colors))
    down = -(-len(colors) // across)
    with style():
        drawn = canvas(ax, figsize, (4.4 * across, 3.5 * down), panels=(down, across))
        for extra in drawn.axes[len(colors) :]:
            extra.remove()
        drawn = Canvas(drawn.axes[: len(colors)], own=drawn.own)
        for panel, one in zip(drawn.axes, colors, strict=True):
            _draw(
                adata,
                np.asarray(adata.obsm[name])[:, :2],
                panel,
                color=one,
                order=order,
                palette=palette,
            )
        return finish(
            drawn,
            name=f"{basis}_{colors[0]}",
            title=title,
            return_fig=return_fig,
            show=show,
            save=save,
        )
