"""Turn a plot into an image that the page carries in itself."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from dtpscore._report.format import data_uri
from dtpscore._report.model import Picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

# Without a salt, matplotlib draws the ids of an SVG file at random.
_RC: Any = {"svg.hashsalt": "dtpscore", "svg.fonttype": "path"}
# What no reader sees: comments with the text of labels, and names of groups.
_UNSEEN = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->", flags=re.DOTALL)
_GROUP_ID = re.compile(r'(?<=<g) id="[^"]*"')
_PIXELS = re.compile(r'(?<=base64,)[^"]*')
_LONG = re.compile(r"-?\d+\.\d{3,}")
_LINE_AGAIN = re.compile(r"(L -?[\d.]+ -?[\d.]+) L (?=-?\d)")


def _rounded(found: re.Match[str]) -> str:
    """Write a number to about a hundredth of a point; small ones may be scales."""
    value = float(found[0])
    digits = 1 if abs(value) >= 100 else 2 if abs(value) >= 1 else 4
    return f"{value:.{digits}f}".rstrip("0").rstrip(".")


def slim(svg: str) -> str:
    """Write a drawing of matplotlib in about half the letters; it looks the same.

    Numbers are rounded, and what no reader sees is left out. A page with ten arms has
    some forty figures.
    """
    text = _UNSEEN.sub("", svg[svg.index("<svg") :])
    text = _PIXELS.sub(lambda found: "".join(found[0].split()), text)
    text = _LONG.sub(_rounded, _GROUP_ID.sub("", text))
    text = " ".join(text.split()).replace("> <", "><").replace("DejaVuSans", "f")
    return _LINE_AGAIN.sub(r"\1 ", text)


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
    drawing = slim(buffer.getvalue().decode("utf-8"))
    # The page has it between double quotes, and so the drawing has single ones.
    uri = data_uri("image/svg+xml", drawing.replace('"', "'"))
    return Picture(uri, alt, caption)
