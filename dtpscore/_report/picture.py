"""Turn a plot into an image that the page carries in itself."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

from dtpscore._report.model import Picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

# Without a salt, matplotlib draws the ids of an SVG file at random.
_RC: Any = {"svg.hashsalt": "dtpscore", "svg.fonttype": "path"}


def picture(
    draw: Callable[[], Axes | list[Axes]], *, alt: str, caption: str
) -> Picture:
    """Draw a plot on a figure of its own, and close the figure.

    Parameters
    ----------
    draw
        Draws and returns the Axes, or a list of them.
    alt, caption
        See `Picture`.
    """
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    from dtpscore.pl._style import figure_of

    buffer = io.BytesIO()
    with mpl.rc_context(_RC), plt.ioff():
        drawn = draw()
        figure = figure_of(drawn[0] if isinstance(drawn, list) else drawn)
        figure.savefig(
            buffer,
            format="svg",
            dpi=160,
            bbox_inches="tight",
            metadata={"Date": None, "Creator": None},
        )
        plt.close(figure)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return Picture(f"data:image/svg+xml;base64,{data}", alt, caption)
