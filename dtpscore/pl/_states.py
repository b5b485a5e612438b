"""Calls: by sample, on an embedding, and on the plane of index and proliferation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D

from dtpscore import _keys
from dtpscore._frames import states
from dtpscore._frames.groups import column
from dtpscore._results.elements import available, check_anndata
from dtpscore.errors import DataError
from dtpscore.pl._bars import Part, stacked_shares
from dtpscore.pl._docs import shared_doc
from dtpscore.pl._style import (
    DIVERGING,
    INK,
    STATE_COLORS,
    STATE_HATCHES,
    axes_for,
    finish,
    legend_right,
    style,
)

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from anndata import AnnData
    from matplotlib.axes import Axes

_MARKERS = {
    "low quality": ".",
    "parental-like": "o",
    "uncertain": "s",
    "DTP-like cycling": "^",
    "DTP-like": "D",
}


def _rows(frame: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Position of each bar, with a gap between groups."""
    new = (frame["group"] != frame["group"].shift()).cumsum() - 1
    return np.arange(len(frame)) + 0.6 * new.to_numpy()


@shared_doc
def composition(
    adata: AnnData,
    *,
    groupby: str,
    reference: str | None = None,
    sample_key: str | None = None,
    key: str | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw the share of each state in each sample.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.call` has called.
    {groupby}
    reference
        Group that comes first.
    sample_key
        Column of ``obs`` with the samples; without it there is one bar a group.
    {calls_key}
    {drawing}

    Raises
    ------
    DataError
        The cells were not called, or a column or group does not exist.
    """
    frame = states.composition(
        adata, groupby=groupby, reference=reference, sample_key=sample_key, key=key
    )
    rows = _rows(frame)
    with style():
        own, ax = ax is None, axes_for(ax, (6.0, 0.9 + 0.24 * (rows.max() + 1)))
        parts = [
            Part(
                state,
                STATE_COLORS[state],
                STATE_HATCHES.get(state),
                numbered=state == "DTP-like",
                dark=state == "DTP-like",
            )
            for state in states.STATES
        ]
        labels = frame["sample"]
        if sample_key is not None:
            labels = frame["group"] + " \u00b7 " + frame["sample"]
        stacked_shares(ax, frame, rows, parts=parts, labels=list(labels))
        for row, n in zip(rows, frame["n_cells"], strict=True):
            ax.text(1.01, row, f"n = {n:,}", va="center", fontsize=6.5)
        ax.set_xlabel("Share of cells")
        return finish(ax, own_figure=own, show=show, save=save)


@shared_doc
def index_proliferation(
    adata: AnnData,
    *,
    key: str | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw cells on the plane of index and proliferation, with the thresholds.

    Parameters
    ----------
    adata
        Data that `dtpscore.tl.call` has called.
    {calls_key}
    {drawing}

    Raises
    ------
    DataError
        The cells were not called.
    """
    frame = states.plane(adata, key=key)
    limits = states.thresholds(adata, key=key)
    with style():
        own, ax = ax is None, axes_for(ax, (7.4, 3.8))
        handles = []
        for state, color in STATE_COLORS.items():
            cells = frame[(frame["call"] == state).to_numpy()]
            if cells.empty:
                continue
            dark = state.startswith("DTP")
            ax.scatter(
                cells["index"],
                cells["proliferation"],
                s=11 if dark else 7,
                marker=_MARKERS[state],
                color=color,
                edgecolor="white" if dark else "none",
                linewidth=0.25,
                rasterized=True,
            )
            handles.append(
                Line2D(
                    [],
                    [],
                    ls="",
                    marker=_MARKERS[state],
                    ms=5,
                    mfc=color,
                    mec="white" if dark else color,
                    label=f"{state} ({len(cells):,})",
                )
            )
        for value in limits["index"].unique():
            ax.axvline(value, color=INK, linewidth=0.8, linestyle=(0, (4, 2)))
        for value in limits["proliferation"].unique():
            ax.axhline(value, color=INK, linewidth=0.8, linestyle=(0, (1, 1.5)))
        lines = (
            ("index under which a call is uncertain", (0, (4, 2))),
            ("proliferation from which a call is cycling", (0, (1, 1.5))),
        )
        for text, dashes in lines if len(limits) else ():
            handles.append(
                Line2D([], [], color=INK, linewidth=0.8, linestyle=dashes, label=text)
            )
        ax.set_xlabel("Index (standard deviations of the reference)")
        ax.set_ylabel("Proliferation (standard deviations\nof the reference)")
        legend_right(ax, handles, "call (cells)")
        return finish(ax, own_figure=own, show=show, save=save)


@shared_doc
def embedding(
    adata: AnnData,
    *,
    color: str = _keys.CALL,
    basis: str = "umap",
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes:
    """Draw calls, the index or any other column on an embedding, with scanpy.

    Parameters
    ----------
    adata
        Data with the embedding in ``obsm["X_<basis>"]``.
    color
        Column of ``obs``. Numbers of both signs are centered on 0.
    basis
        Name of the embedding.
    {drawing}

    Raises
    ------
    DataError
        There is no such embedding or column.
    """
    import scanpy as sc
    from anndata import AnnData as Light

    check_anndata(adata)
    name = f"X_{basis}"
    if name not in adata.obsm:
        msg = (
            f"obsm has no {name!r}. Run scanpy.pp.neighbors and scanpy.tl.{basis} "
            f"first. obsm holds: {available(adata.obsm.keys())}."
        )
        raise DataError(msg)
    values = column(adata, color)
    # scanpy stores colors in the object it draws, so it gets one of its own.
    light = Light(obs=values.to_frame(), obsm={name: adata.obsm[name]})
    more: dict[str, Any] = {}
    if color == _keys.CALL:
        light.obs[color] = states.calls(adata).cat.remove_unused_categories()
        more["palette"] = STATE_COLORS
    elif values.dtype.kind == "f":
        more["color_map"] = "cividis"
        low, high = np.nanquantile(values, [0.01, 0.99])
        if low < 0 < high:
            limit = max(-low, high)
            more |= {"color_map": DIVERGING, "vmin": -limit, "vmax": limit}
    with style():
        own, ax = ax is None, axes_for(ax, (4.6, 3.6))
        sc.pl.embedding(
            light,
            basis,
            color=color,
            ax=ax,
            show=False,
            frameon=False,
            title=color,
            **more,
        )
        return finish(ax, own_figure=own, show=show, save=save)
