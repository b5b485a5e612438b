"""Paragraphs of docstrings that plots share, as scanpy shares its own."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Plot = TypeVar("Plot", bound="Callable[..., Any]")

_SHARED = {
    "groupby": """\
groupby
    Column of ``obs`` with the groups.""",
    "scores_key": """\
key
    The ``key_added`` of the scores.""",
    "calls_key": """\
key
    Key of the calls.""",
    "order_key": """\
key
    The ``key_added`` of the order.""",
    "run_key": """\
key
    The ``key_added`` of that run.""",
    "group_order": """\
order
    Groups to draw, in this order. By default all groups are drawn, the reference
    first and the others in the order of their categories, or in natural order.""",
    "group_palette": """\
palette
    Colors of the groups: a dict of names and colors, a list of colors, or the name of
    a color map. By default the colors are those of ``adata.uns["<groupby>_colors"]``.
    Where it has none, the plot stores its own colors there, as scanpy does.""",
    "state_palette": """\
palette
    Colors of the calls: a dict of states and colors. By default the colors are those
    of ``adata.uns["dtp_call_colors"]``, and else our own.""",
    "look": """\
figsize
    Width and height of a new figure in inches.
title
    Text above the plot. It is drawn as it is, without mathematical typesetting.
ax
    Axes to draw on. By default a new figure is made.
return_fig
    Whether to return the figure instead of the Axes.
show
    Whether to show the figure now. By default a new figure is shown in an interactive
    session.
save
    File to write; its ending names the format. True writes ``figures/NAME.pdf`` (or
    into the folder and format of ``scanpy.settings``), and an ending alone, such as
    ``".png"``, writes that format there.""",
    "returns": """\
Returns
-------
The Axes, or the figure with ``return_fig``.""",
    "returns_panels": """\
Returns
-------
The Axes, a list of Axes where there are several panels, or the figure with
``return_fig``.""",
    "scored": """\
>>> import dtpscore as dtp
>>> adata = dtp.datasets.simulate(n_cells=90, n_genes=900, seed=0)
>>> dtp.tl.score(adata)""",
    "called": """\
>>> import dtpscore as dtp
>>> adata = dtp.datasets.simulate(
...     n_cells=720, n_genes=4600, seed=8, difficulty="easy", days=(9,)
... )
>>> dtp.tl.call(
...     adata, groupby="condition", reference="parental", sample_key="sample",
...     holiday="holiday",
... )""",
}


def shared_doc(plot: Plot) -> Plot:
    """Replace ``{name}`` on a line of its own by the paragraph of that name."""
    lines = inspect.cleandoc(plot.__doc__ or "").splitlines()
    plot.__doc__ = "\n".join(
        _SHARED[line[1:-1]] if line.startswith("{") else line for line in lines
    )
    return plot
