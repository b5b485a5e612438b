"""A map of signed numbers, with the numbers in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dtpscore.pl._style import DIVERGING, INK

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes

# Above this share of the color range, dark cells get white text.
_WHITE_TEXT = 0.62


def signed(value: float) -> str:
    """One digit with its sign; no sign where it rounds to zero."""
    rounded = round(float(value), 1) + 0.0
    return f"{rounded:+.1f}".replace("-", "\u2212") if rounded else "0.0"


def draw_matrix(
    ax: Axes, table: pd.DataFrame, *, limit: float, rows: Sequence[str], label: str
) -> None:
    """Draw signed numbers as colors and as text, so that the map reads in gray.

    Parameters
    ----------
    ax
        Where to draw.
    table
        The numbers; missing ones stay empty.
    limit
        The colors run from minus to plus this.
    rows
        Text beside the rows.
    label
        Text beside the color bar.
    """
    values = table.to_numpy(dtype=np.float64)
    image = ax.imshow(values, cmap=DIVERGING, vmin=-limit, vmax=limit, aspect="auto")
    for (row, place), value in np.ndenumerate(values):
        if np.isnan(value):
            continue
        ax.text(
            place,
            row,
            signed(value),
            ha="center",
            va="center",
            fontsize=6.5,
            color="white" if abs(value) > _WHITE_TEXT * limit else INK,
        )
    ax.set_yticks(range(len(table)), list(rows))
    ax.set_xticks(range(table.shape[1]), [str(name) for name in table.columns])
    longest = max(len(str(name)) for name in table.columns)
    if table.shape[1] * longest > 40:
        for text in ax.get_xticklabels():
            text.set(rotation=40, ha="right", rotation_mode="anchor")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.5, aspect=18, pad=0.02)
    bar.set_label(label)
    bar.outline.set_visible(False)
