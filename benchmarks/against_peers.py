"""Lines of the table that compare dtpscore with other packages."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import peers
import synthetic
import timing
from table import Row, Setting, against, cells, difference

from dtpscore import tl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from anndata import AnnData


def once(call: Callable[[AnnData], Any], adata: AnnData) -> timing.Timed:
    """Time a slow peer once, after a call on few cells, which compiles what it uses."""
    call(adata[:200].copy())
    return timing.fastest(lambda: call(adata), repeats=1)


def ucell(setting: Setting) -> Iterator[Row]:
    for what, target in (("counts repeat", "40 x"), ("no value repeats", "8 x")):
        adata = setting.adata
        if what == "no value repeats":
            # Fewer cells: pyUCell takes much longer here, and dtpscore long enough.
            few = synthetic.without_repeats(setting.head(10_000).X)
            adata = synthetic.as_adata(few)
        ours = setting.ours(adata, "ucell")
        tried = {
            n_jobs: once(
                lambda a, n=n_jobs: peers.pyucell(a, setting.sets, n_jobs=n), adata
            )
            for n_jobs in sorted({1, os.cpu_count() or 1})
        }
        n_jobs, best = min(tried.items(), key=lambda item: item[1].seconds)
        # The CPU time of worker processes is not counted: take that of one process.
        best = replace(best, cpu=tried[1].cpu)
        what = f"ucell, {what}: pyUCell with {n_jobs} jobs, {cells(adata)}"
        agreement = difference(ours.value, best.value)
        yield against(what, ours, best, target=target, agreement=agreement)


def aucell(setting: Setting) -> Iterator[Row]:
    adata = setting.head(20_000)  # decoupler takes about 4 ms of CPU time a cell
    ours = setting.ours(adata, "aucell")
    other = once(lambda a: peers.aucell(a, setting.sets), adata)
    # The same numbers need the order in which decoupler breaks ties.
    few = setting.head(1_000)[:, peers.aucell_order(adata)].copy()
    in_order = _in_order(few, setting)
    agreement = difference(in_order, other.value[: few.n_obs])
    what = f"aucell: decoupler aucell, {cells(adata)}"
    yield against(what, ours, other, target="60 x", agreement=agreement)
    if peers.installed("rustscenic") is None:
        return
    adata = setting.adata
    ours = setting.ours(adata, "aucell")
    repeats = setting.repeats
    other = timing.warm(lambda: peers.rustscenic(adata, setting.sets), repeats=repeats)
    few = setting.head(1_000)
    agreement = difference(_in_order(few, setting), other.value[: few.n_obs])
    what = f"aucell: rustscenic aucell, {cells(adata)}"
    yield against(what, ours, other, target="4 x", agreement=agreement)


def _in_order(adata: AnnData, setting: Setting) -> Any:
    """Scores with ties broken by column, as the peers break them."""
    tl.score(adata, setting.signatures, method="aucell", ties_method="order")
    return adata.obsm["dtp_scores"].to_numpy()


def tirosh(setting: Setting) -> Iterator[Row]:
    adata = setting.adata
    ours = setting.ours(adata, "tirosh")
    other = once(lambda a: peers.score_genes(a, setting.sets), adata)
    what = f"tirosh: scanpy score_genes, {len(setting.sets)} calls, {cells(adata)}"
    agreement = difference(ours.value, other.value)
    yield against(what, ours, other, target="20 x", agreement=agreement)


def sums(setting: Setting) -> Iterator[Row]:
    calls: list[tuple[str, str, Callable[[AnnData], Any], int]] = [
        ("zscore", "decoupler zscore", lambda a: peers.zscore(a, setting.sets), 50_000),
        (
            "mean",
            "decoupler waggr, no permutations",
            lambda a: peers.waggr(a, setting.sets, times=1),
            10_000,
        ),
    ]
    for method, name, call, n_cells in calls:
        adata = setting.head(n_cells)
        ours = setting.ours(adata, method)
        other = once(call, adata)
        agreement = difference(ours.value, other.value)
        what = f"{method}: {name}, {cells(adata)}"
        yield against(what, ours, other, target="20 x", agreement=agreement)


def ssgsea(setting: Setting) -> Iterator[Row]:
    adata = setting.head(2_000)
    ours = setting.ours(adata, "ssgsea")
    threads = os.cpu_count() or 1
    other = once(lambda a: peers.ssgsea(a, setting.sets, threads=threads), adata)
    spread = float(np.ptp(other.value))
    agreement = f"{difference(ours.value / spread, other.value / spread)} of range"
    what = f"ssgsea: GSEApy with {threads} threads, {cells(adata)}"
    yield against(what, ours, other, target="200 x", agreement=agreement)
