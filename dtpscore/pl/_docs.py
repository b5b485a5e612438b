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
    The ``key_added`` of the calls.""",
    "order_key": """\
key
    The ``key_added`` of the order.""",
    "run_key": """\
key
    The ``key_added`` of that run.""",
    "drawing": """\
ax
    Draw here instead of on a new figure.
show
    Show the figure now. None shows a new figure in an interactive session.
save
    File to write; its ending names the format.

Returns
-------
The Axes.""",
}


def shared_doc(plot: Plot) -> Plot:
    """Replace ``{name}`` on a line of its own by the paragraph of that name."""
    lines = inspect.cleandoc(plot.__doc__ or "").splitlines()
    plot.__doc__ = "\n".join(
        _SHARED[line[1:-1]] if line.startswith("{") else line for line in lines
    )
    return plot
