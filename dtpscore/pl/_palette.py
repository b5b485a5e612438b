"""Colors of groups and states: those of the user, of ``uns``, or our own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.colors import is_color_like, to_hex

from dtpscore._calling.states import STATE_COLORS
from dtpscore._results.elements import Element, available, write
from dtpscore.errors import OptionError
from dtpscore.pl._style import spread_colors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData

_GROUP_COLORS = (
    "#CFCFCF",
    "#56B4E9",
    "#D55E00",
    "#332288",
    "#E69F00",
    "#009E73",
    "#CC79A7",
)


def stored_as(column: str) -> str:
    """Key of ``uns`` in which scanpy keeps the colors of a column of ``obs``."""
    return f"{column}_colors"


def group_colors(names: Sequence[str]) -> dict[str, Any]:
    """Our own color of each group; the first group, the reference, is light gray."""
    if len(names) <= len(_GROUP_COLORS):
        return dict(zip(names, _GROUP_COLORS, strict=False))
    rest = spread_colors(len(names) - 1)
    return dict(zip(names, [_GROUP_COLORS[0], *rest], strict=True))


def _given(palette: Any, names: Sequence[str]) -> dict[str, Any]:
    """Color of each name from a dict, a list of colors, or a name of a color map.

    Raises
    ------
    OptionError
        It is none of these, or has too few colors.
    """
    if isinstance(palette, dict):
        found = {str(name): color for name, color in palette.items()}
    elif isinstance(palette, str):
        if palette not in mpl.colormaps:
            msg = (
                "palette must be a dict of names and colors, a list of colors, or the "
                f"name of a color map of matplotlib, not {palette!r}."
            )
            raise OptionError(msg)
        scale = mpl.colormaps[palette]
        steps = [
            n if scale.N < 256 else n / max(len(names) - 1, 1)
            for n in range(len(names))
        ]
        found = dict(zip(names, [scale(step) for step in steps], strict=True))
    else:
        found = dict(zip(names, palette, strict=False))
    missing = [name for name in names if name not in found]
    if missing:
        msg = f"palette has no color for {available(missing)}."
        raise OptionError(msg)
    wrong = [color for color in found.values() if not is_color_like(color)]
    if wrong:
        msg = f"palette has {wrong[0]!r}, which is no color of matplotlib."
        raise OptionError(msg)
    return {name: found[name] for name in names}


def _categories(adata: AnnData, key: str) -> list[str] | None:
    """Categories of a column as text; None where it is not categorical."""
    column = adata.obs[key]
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return None
    return [str(name) for name in column.cat.categories]


def _stored(adata: AnnData, key: str) -> dict[str, str]:
    """Colors that ``uns`` keeps for a column, as scanpy reads them."""
    categories = _categories(adata, key)
    colors = adata.uns.get(stored_as(key))
    if categories is None or colors is None or len(colors) < len(categories):
        return {}
    return dict(zip(categories, [str(color) for color in colors], strict=False))


def column_colors(
    adata: AnnData, key: str, names: Sequence[str], palette: Any = None
) -> dict[str, Any]:
    """Colors of the groups of a column of ``obs``.

    Colors that are given come first, then those that ``adata.uns`` keeps, then our
    own. The colors are stored in ``adata.uns`` for scanpy where it keeps none.

    Parameters
    ----------
    adata
        The data.
    key
        The column.
    names
        The groups that are drawn, the reference first.
    palette
        Colors that the user gave.

    Raises
    ------
    OptionError
        The palette does not fit.
    """
    if palette is not None:
        return _given(palette, names)
    colors = known_colors(adata, key, names)
    store(adata, key, colors)
    return colors


def known_colors(adata: AnnData, key: str, names: Sequence[str]) -> dict[str, Any]:
    """Colors that ``adata.uns`` keeps for a column, or our own; nothing is stored."""
    stored = _stored(adata, key)
    if all(name in stored for name in names):
        return {name: stored[name] for name in names}
    return group_colors(names)


def state_colors(adata: AnnData, key: str, palette: Any = None) -> dict[str, Any]:
    """Colors of the calls, as `column_colors`."""
    names = list(STATE_COLORS)
    if palette is not None:
        return {**STATE_COLORS, **_given(palette, _named(palette, names))}
    colors = known_state_colors(adata, key)
    store(adata, key, STATE_COLORS)
    return colors


def known_state_colors(adata: AnnData, key: str) -> dict[str, Any]:
    """Colors of the calls that ``adata.uns`` keeps, or our own; nothing is stored."""
    stored = _stored(adata, key)
    return {**STATE_COLORS, **{n: c for n, c in stored.items() if n in STATE_COLORS}}


def _named(palette: Any, names: list[str]) -> list[str]:
    """States that a palette names; a dict may name some of them."""
    if not isinstance(palette, dict):
        return names
    return [name for name in names if name in palette] or names


def store(adata: AnnData, key: str, colors: dict[str, Any]) -> None:
    """Keep colors in ``uns`` as scanpy does, where it has none for this column.

    A view stays a view, so nothing is stored in one.
    """
    categories = _categories(adata, key)
    place = stored_as(key)
    if adata.is_view or categories is None or _stored(adata, key):
        return
    if all(name in colors for name in categories):
        kept = [to_hex(colors[name]) for name in categories]
        write(adata, [Element("uns", place, np.array(kept))])
