"""Turn a plot into an image that the page carries in itself."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._report.format import data_uri, number
from dtpscore._report.model import Grid, Picture
from dtpscore._text import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage
    from matplotlib.transforms import Bbox

# Without a salt, matplotlib draws the ids of an SVG file at random. Letters stay text,
# which a reader can search and edit; drawn as curves they are half of a page.
_RC: Any = {"svg.hashsalt": "dtpscore", "svg.fonttype": "none"}
# Rows of a figure that stands beside its text: the strongest, in letters that can be
# read. The table under it has all.
ROWS = 10
# A figure of more inches than this is not read beside its text.
_WIDE = 7.5
# What no reader sees: comments with the text of labels, names of groups, no rotation.
_UNSEEN = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->", flags=re.DOTALL)
_NOTHING = re.compile(r'(?<=<g) id="[^"]*"| transform="rotate\(-0 [^"]*"')
_FAMILY = re.compile(r" ?font-family: ([^;]*);")
_PIXELS = re.compile(r'(?<=base64,)[^"]*')
_SPACES = re.compile(" {2,}(?=[^<>]*</text>)")
_TAG, _BETWEEN = re.compile(r"<[^>]*>"), re.compile(r">\s+<")
_LONG = re.compile(r"-?\d+\.\d{3,}")
_LINE_AGAIN = re.compile(r"(L -?[\d.]+ -?[\d.]+) L (?=-?\d)")


def _rounded(found: re.Match[str]) -> str:
    """Write a number to about a hundredth of a point; small ones may be scales."""
    value = float(found[0])
    digits = 1 if abs(value) >= 100 else 2 if abs(value) >= 1 else 4
    return f"{value:.{digits}f}".rstrip("0").rstrip(".")


def _slim_tag(found: re.Match[str]) -> str:
    """Write one tag in fewer letters, in single quotes where it has none."""
    tag = _PIXELS.sub(lambda pixels: "".join(pixels[0].split()), found[0])
    tag = _LONG.sub(_rounded, _NOTHING.sub("", tag))
    tag = _LINE_AGAIN.sub(r"\1 ", " ".join(tag.split()))
    return tag if "'" in tag else tag.replace('"', "'")


def slim(svg: str) -> str:
    """Write a drawing of matplotlib in fewer letters; it looks the same.

    Numbers of tags are rounded, what no reader sees is left out, and the font is named
    once. Texts stay as they are. A page with ten arms has some sixty figures.
    """
    text = visible(_UNSEEN.sub("", svg[svg.index("<svg") :]), keep="\n")
    # Browsers draw several spaces as one, but not those that no line is broken at.
    text = _SPACES.sub(lambda found: "\u00a0" * len(found[0]), text)
    families = _FAMILY.findall(text)
    if families:
        usual = max(families, key=families.count)
        text = text.replace(f" font-family: {usual};", "")
        text = text.replace("<svg", f'<svg font-family="{usual}"', 1)
    return _BETWEEN.sub("><", _TAG.sub(_slim_tag, text)).strip()


def _texts(values: np.ndarray[Any, Any]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        tuple("" if np.isnan(one) else number(one, sign=True) for one in row)
        for row in values
    )


def _grid(figure: Figure, image: AxesImage, page: Bbox) -> Grid:
    """Cells of one heat map on the part of a figure that is shown, in inches."""
    ax = image.axes
    values: Any = image.get_array()
    left, right, bottom, top = image.get_extent()
    corners = ax.transData.transform([(left, top), (right, bottom)])
    (x, y), (end, low) = corners / figure.dpi
    bar = image.colorbar
    return Grid(
        left=round((x - page.x0) / page.width, 4),
        top=round((page.y1 - y) / page.height, 4),
        width=round((end - x) / page.width, 4),
        height=round((y - low) / page.height, 4),
        rows=tuple(text.get_text() for text in ax.get_yticklabels()),
        columns=tuple(text.get_text() for text in ax.get_xticklabels()),
        values=_texts(np.ma.filled(values, np.nan)),
        unit="" if bar is None else bar.ax.get_ylabel(),
    )


def grids(figure: Figure, page: Bbox) -> tuple[Grid, ...]:
    """Find the heat maps of a figure.

    Parameters
    ----------
    figure
        A figure that was drawn.
    page
        The part of it that is shown, in inches.
    """
    return tuple(
        _grid(figure, image, page) for ax in figure.axes for image in ax.images
    )


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
        figure.draw_without_rendering()
        page = figure.get_tightbbox().padded(mpl.rcParams["savefig.pad_inches"])
        figure.savefig(
            buffer,
            format="svg",
            dpi=130,
            bbox_inches=page,
            metadata={"Date": None, "Creator": None},
        )
        found = grids(figure, page)
        plt.close(figure)
    drawing = slim(buffer.getvalue().decode("utf-8"))
    uri = data_uri("image/svg+xml", drawing)
    return Picture(uri, alt, caption, found, wide=bool(page.width > _WIDE))
