"""A map of signed numbers, with the numbers in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._text import short
from dtpscore.pl._style import DIVERGING, INK, SMALL, colormap, name_ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes

# Above this share of the color range, dark cells get white text.
_WHITE_TEXT = 0.62
# The colors reach this quantile of the sizes, so that one extreme bleaches nothing.
_ROBUST = 0.98


def signed(value: float) -> str:
    """One digit with its sign; no sign where it rounds to zero."""
    rounded = round(float(value), 1) + 0.0
    return f"{rounded:+.1f}".replace("-", "\u2212") if rounded else "0.0"


def robust_limit(values: np.ndarray[Any, Any], least: float = 0.5) -> float:
    """Size that the colors of a map reach.

    Parameters
    ----------
    values
        The numbers; missing ones do not count.
    least
        The colors reach this at least, so that noise does not look strong.
    """
    sizes = np.abs(values[np.isfinite(values)])
    return max(float(np.quantile(sizes, _ROBUST)), least) if sizes.size else least


def _crowded(names: Sequence[object]) -> bool:
    """Whether names of columns do not fit beside each other."""
    return len(names) * max(len(short(name)) for name in names) > 40


def matrix_height(table: pd.DataFrame, row: float) -> float:
    """Height of a map in inches, with room for slanted names of its columns.

    Parameters
    ----------
    table
        The numbers.
    row
        Height of one row. A map of few rows has that of four, for its color bar.
    """
    longest = max(len(short(name)) for name in table.columns)
    # A letter is about 0.06 inches wide, and the names are slanted by 40 degrees.
    names = 0.04 * longest if _crowded(table.columns) else 0.0
    return 0.8 + row * max(len(table), 4) + names


def draw_matrix(
    ax: Axes,
    table: pd.DataFrame,
    *,
    limits: tuple[float, float],
    rows: Sequence[str],
    label: str,
    palette: Any = None,
) -> None:
    """Draw signed numbers as colors and as text, so that the map reads in gray.

    Parameters
    ----------
    ax
        Where to draw.
    table
        The numbers. Missing ones stay empty, and so does a row of them.
    limits
        Numbers of the first and the last color; numbers beyond them have these colors.
    rows
        Text beside the rows.
    label
        Text beside the color bar.
    palette
        Name of a color map.
    """
    values = table.to_numpy(dtype=np.float64)
    low, high = limits
    colors = colormap(palette, DIVERGING)
    image = ax.imshow(
        values, cmap=colors, vmin=low, vmax=high, aspect="auto", origin="upper"
    )
    middle, half = (low + high) / 2, max((high - low) / 2, 1e-12)
    for (row, place), value in np.ndenumerate(values):
        if np.isnan(value):
            continue
        strong = abs(value - middle) / half > _WHITE_TEXT
        ax.text(
            place,
            row,
            signed(value),
            ha="center",
            va="center",
            fontsize=SMALL,
            color="white" if strong else INK,
        )
    name_ticks(ax.yaxis, range(len(table)), rows)
    name_ticks(ax.xaxis, range(table.shape[1]), table.columns)
    if _crowded(table.columns):
        for text in ax.get_xticklabels():
            text.set(rotation=40, ha="right", rotation_mode="anchor")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    beyond = {
        (False, False): "neither",
        (True, False): "min",
        (False, True): "max",
        (True, True): "both",
    }
    known = values[np.isfinite(values)]
    extend = beyond[(bool((known < low).any()), bool((known > high).any()))]
    bar = ax.figure.colorbar(
        image, ax=ax, shrink=0.5, aspect=18, pad=0.02, extend=extend
    )
    bar.set_label(label, parse_math=False)
    bar.outline.set_visible(False)
