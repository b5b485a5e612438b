"""Section with a map of cells: an embedding that a reader can color and read."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore import _keys
from dtpscore._report.format import count, listed
from dtpscore._report.model import CellMap, Coloring, Section
from dtpscore._text import visible
from dtpscore.get import _calls as calls
from dtpscore.get._axes import axis_titles
from dtpscore.get._groups import texts
from dtpscore.get._records import call_record
from dtpscore.get._scores import axes as axis_scores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anndata import AnnData

    from dtpscore._report.context import Context

# Places of obsm in the order in which they are looked for, what they are called, which
# of their columns are drawn, and what makes them. The first diffusion component of
# scanpy is the same for every cell.
_BASES = (
    ("X_umap", "UMAP", (0, 1), "scanpy.tl.umap"),
    ("X_tsne", "t-SNE", (0, 1), "scanpy.tl.tsne"),
    ("X_diffmap", "Diffusion map", (1, 2), "scanpy.tl.diffmap"),
    ("X_pca", "Principal components", (0, 1), "scanpy.pp.pca"),
)
_NAME, _TITLE = "cells", "Map of cells"
# Cells that are drawn at most, and the seed of which and in which order.
MOST_CELLS, SEED = 2000, 0
_SPAN = 1000
_CELL_TYPE = re.compile(r"cell[_ ]?types?", re.IGNORECASE)
_TITLES = {
    _keys.CALL: "State",
    _keys.INDEX: "DTP score (index)",
    _keys.SHIFT: "Shift from the reference",
    _keys.PSEUDOTIME: "Pseudotime",
}
_N_STOPS = 11


def embedding_of(adata: AnnData) -> tuple[str, np.ndarray[Any, Any]] | None:
    """Name and coordinates of the embedding to draw; None where there is none."""
    for key, name, columns, _ in _BASES:
        if key not in adata.obsm:
            continue
        found = np.asarray(adata.obsm[key])
        if found.ndim == 2 and found.shape[1] > max(columns):
            return name, found[:, list(columns)].astype(np.float64)
    return None


def balanced(sizes: list[int], most: int) -> list[int]:
    """How many cells to draw of each arm: the same number, or all where it has fewer.

    Parameters
    ----------
    sizes
        Cells of each arm.
    most
        Cells to draw in all.
    """
    taken = [0] * len(sizes)
    left = most
    # The smallest arm first: what it cannot give goes to the others.
    order = sorted(range(len(sizes)), key=sizes.__getitem__)
    for n, arm in enumerate(order):
        taken[arm] = min(sizes[arm], left // (len(order) - n))
        left -= taken[arm]
    return taken


def drawn_cells(
    arm: pd.Series, usable: np.ndarray[Any, Any], most: int
) -> np.ndarray[Any, Any]:
    """Choose places of the cells to draw, in the order in which they are drawn.

    The same cells give the same choice. The order is random, so that no arm lies on top
    of another.

    Parameters
    ----------
    arm
        Arm of each cell.
    usable
        Whether a cell has coordinates.
    most
        Cells to draw in all.
    """
    codes = np.where(usable, arm.cat.codes.to_numpy(), -1)
    of_arm = [np.flatnonzero(codes == n) for n in range(len(arm.cat.categories))]
    numbers = balanced([len(one) for one in of_arm], most)
    rng = np.random.default_rng(SEED)
    kept = [
        rng.choice(one, size=n, replace=False)
        for one, n in zip(of_arm, numbers, strict=True)
    ]
    return rng.permutation(np.concatenate(kept))


def decimals(low: float, high: float) -> int:
    """Decimals with which the larger of two numbers has three digits."""
    largest = max(abs(low), abs(high))
    return max(0, 2 - math.floor(math.log10(largest))) if largest > 0 else 0


def _number(value: float, digits: int) -> float | int | None:
    """Round the value of a cell, so that the page stays small."""
    if not math.isfinite(value):
        return None
    short = round(float(value), digits) + 0.0
    return int(short) if short == int(short) else short


def _by_number(name: str, title: str, values: pd.Series, at: Any) -> Coloring:
    import matplotlib as mpl
    from matplotlib.colors import to_hex

    from dtpscore.pl._embedding import limits

    # Limits are those of all cells, as in a plot of them.
    colormap, low, high = limits(values)
    scale, digits = mpl.colormaps[colormap], decimals(low, high)
    return Coloring(
        name,
        title,
        colors=tuple(to_hex(scale(stop)) for stop in np.linspace(0, 1, _N_STOPS)),
        of_cells=tuple(
            _number(value, digits) for value in values.to_numpy(np.float64)[at]
        ),
        low=round(low, digits),
        high=round(high, digits),
    )


def _by_label(
    name: str, title: str, values: pd.Series, at: Any, *, colors: dict[str, Any]
) -> Coloring:
    """Coloring by the labels that drawn cells have; ``colors`` has them in order."""
    from matplotlib.colors import to_hex

    own = values.iloc[at]
    there = set(own.dropna().astype(str))
    labels = [label for label in colors if label in there]
    place = {label: n for n, label in enumerate(labels)}
    return Coloring(
        name,
        title,
        colors=tuple(to_hex(colors[label]) for label in labels),
        of_cells=tuple(None if v != v else place[str(v)] for v in own),
        labels=tuple(visible(label) for label in labels),
    )


def _cell_types(context: Context) -> str | None:
    """Column with the cell types: that of the calls, or one with such a name."""
    if context.has_calls:
        known = call_record(context.adata).params.get("cell_type_key")
        if known:
            return str(known)
    named = [str(one) for one in context.adata.obs if _CELL_TYPE.fullmatch(str(one))]
    return next(iter(named), None)


def _columns(context: Context, at: Any) -> Iterator[Coloring]:
    """Colorings by arm, sample, time and cell type."""
    from dtpscore.pl._palette import known_colors

    adata, design = context.adata, context.design
    known = {design.groupby: "Arm"}
    for key, title in (
        (design.sample_key, "Sample"),
        (design.time_key, "Time"),
        (_cell_types(context), "Cell type"),
    ):
        if key is not None:
            known.setdefault(key, title)
    for key, title in known.items():
        shown = title if title.lower() == key.lower() else f"{title} ({key})"
        column = adata.obs[key]
        numeric = pd.api.types.is_numeric_dtype(column.dtype)
        if title == "Time" and numeric and not pd.api.types.is_bool_dtype(column.dtype):
            yield _by_number(key, shown, column.astype(np.float64), at)
            continue
        names = context.names if title == "Arm" else texts(adata, key, "labels")[1]
        values = texts(adata, key, "labels")[0]
        colors = known_colors(adata, key, names)
        yield _by_label(key, shown, values, at, colors=colors)


def colorings(context: Context, at: np.ndarray[Any, Any]) -> Iterator[Coloring]:
    """Give everything by which cells can be colored; what does not exist is left out.

    Parameters
    ----------
    context
        The data.
    at
        Places of the cells that are drawn.
    """
    adata = context.adata
    if context.has_calls:
        from dtpscore.pl._palette import known_state_colors

        colors = known_state_colors(adata, _keys.CALL)
        states = calls.states(adata).astype(object)
        in_order = {name: colors[name] for name in calls.STATES}
        yield _by_label(_keys.CALL, _TITLES[_keys.CALL], states, at, colors=in_order)
    yield from _columns(context, at)
    if context.has_calls:
        plane = calls.plane(adata)
        for name, key in (("index", _keys.INDEX), ("shift", _keys.SHIFT)):
            if plane[name].notna().any():
                yield _by_number(key, _TITLES[key], plane[name], at)
    if _keys.PSEUDOTIME in adata.obs:
        order = adata.obs[_keys.PSEUDOTIME].astype(np.float64)
        yield _by_number(_keys.PSEUDOTIME, _TITLES[_keys.PSEUDOTIME], order, at)
    if context.scores_key is not None:
        frame = axis_scores(adata, key=context.scores_key)
        titles = axis_titles([str(name) for name in frame])
        for name in frame:
            if frame[name].notna().any():
                title = visible(titles[str(name)])
                yield _by_number(str(name), title, frame[name], at)


def _scaled(values: np.ndarray[Any, Any]) -> tuple[int, ...]:
    """Coordinates as whole numbers from 0 to 1000."""
    low, span = values.min(), np.ptp(values) or 1.0
    return tuple(int(v) for v in np.round(_SPAN * (values - low) / span))


def _without() -> Section:
    """Say what makes an embedding."""
    makers = listed([f"{maker} (obsm[{key!r}])" for key, _, _, maker in _BASES])
    return Section(
        name=_NAME,
        title=_TITLE,
        result="There is no map, because the data hold no embedding.",
        paragraphs=(
            "Run scanpy.pp.neighbors and scanpy.tl.umap, on normalized values, and "
            f"write the report again. The map is of the first that exists of {makers}.",
        ),
        closed="How to add a map",
    )


def _chosen(context: Context, usable: np.ndarray[Any, Any], n_drawn: int) -> str:
    """Say which cells are drawn."""
    n_usable = int((usable & context.member.notna().to_numpy()).sum())
    if n_drawn == n_usable:
        text = f"All {count(n_drawn)} cells of the arms are drawn"
    else:
        text = (
            f"{count(n_drawn)} of {count(n_usable)} cells are drawn: the same number "
            "from each arm, or all where it has fewer, chosen at random (seed "
            f"{SEED})"
        )
    lost = int((~usable).sum())
    have = "cell has" if lost == 1 else "cells have"
    end = f" {count(lost)} {have} no coordinates." if lost else ""
    return f"{text}, in random order.{end}"


def cells_section(context: Context) -> Section:
    """Show cells on the embedding that the data hold, or say what makes one."""
    adata = context.adata
    found = embedding_of(adata)
    if found is None:
        return _without()
    name, places = found
    usable = np.isfinite(places).all(axis=1)
    at = drawn_cells(context.member, usable, MOST_CELLS)
    if not at.size:
        return _without()
    cells = CellMap(
        title=f"Map of cells: {name} of {count(at.size)} cells",
        axes=(f"{name} 1", f"{name} 2"),
        names=tuple(visible(str(one)) for one in adata.obs_names[at]),
        x=_scaled(places[at, 0]),
        y=_scaled(places[at, 1]),
        colorings=tuple(colorings(context, at)),
    )
    return Section(
        name=_NAME,
        title=_TITLE,
        result=f"{name} that came with the data, to color and to read cell by cell.",
        paragraphs=(
            f"{_chosen(context, usable, at.size)} Distances on such a map and sizes of "
            "its clusters are no evidence, and the calls do not use it. Colors are "
            "those of the plots, and numbers are rounded to three digits of the "
            "largest.",
        ),
        cells=cells,
    )
