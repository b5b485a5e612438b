"""Cycling and resting ends of a path, and which of them cells come to."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from small_paths import holiday_cells, order, planted_fork

import dtpscore as dtp
from dtpscore._ordering import branches, diffusion
from dtpscore._ordering.external import cellrank_fates
from dtpscore.errors import ResultError


def test_ends_need_cells_in_two_samples():
    cells = holiday_cells()
    order = np.concatenate([np.zeros(150), np.ones(150), np.full(150, np.nan)])
    cycle = pd.DataFrame({"s_phase": np.zeros(450), "g2m": np.zeros(450)})
    cycle.loc[150:250, "g2m"] = 5.0
    end, found = branches.ends(order, cycle, cells)
    assert (end == "cycling end").sum() == 101
    assert found["exists"].all()
    cycle.loc[150:250, "g2m"] = 0.0
    _, found = branches.ends(order, cycle, cells)
    assert list(found["exists"]) == [False, True]


@pytest.mark.slow
def test_fates_follow_the_fork():
    features, order, arm, end = planted_fork()
    fate = branches.fates(diffusion.graph(features, 12), order, end)
    assert ((fate >= 0) & (fate <= 1)).all()
    apart = (order > 0.7) & (end == "")
    assert (fate[apart & (arm > 0)] > 0.9).all()
    assert (fate[apart & (arm < 0)] < 0.1).all()
    assert np.abs(fate[order < 0.4] - 0.5).max() < 0.2


def test_fates_are_those_of_the_linear_equations():
    features, order, _, end = planted_fork(n=60)
    order = order.copy()
    order[7] = np.nan
    graph = diffusion.graph(features, 6)
    fate = branches.fates(graph, order, end)
    weights = graph.toarray().astype(float)
    for i in range(60):
        for j in range(60):
            step = order[j] - order[i]
            weights[i, j] *= 0 if np.isnan(step) else 1 / (1 + np.exp(-10 * step))
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)
    on_way = (end == "") & ~np.isnan(order)
    inner = weights[np.ix_(on_way, on_way)]
    into = weights[np.ix_(on_way, end == branches.CYCLING)].sum(axis=1)
    expected = np.linalg.solve(np.eye(on_way.sum()) - inner, into)
    np.testing.assert_allclose(fate[on_way], expected, atol=1e-4)
    assert np.isnan(fate[7])


@pytest.mark.slow
def test_fate_where_both_ends_exist():
    adata = dtp.datasets.simulate(n_cells=1800, n_genes=1500, holiday_day=None, seed=0)
    order(adata, holiday=())
    found = adata.uns["dtp_pseudotime"]["branches"]
    assert found["exists"].all()
    fate = adata.obs["dtp_pseudotime_fate"]
    assert fate.between(0, 1).all()
    end = adata.obs["dtp_pseudotime_end"]
    assert (fate[(end == "cycling end").to_numpy()] == 1).all()
    assert (fate[(end == "resting end").to_numpy()] == 0).all()
    assert "reversal" not in adata.uns["dtp_pseudotime"]


def test_fates_agree_with_cellrank_on_a_fork():
    pytest.importorskip("cellrank")
    features, order, _, end = planted_fork()
    graph = diffusion.graph(features, 12)
    order[7] = np.nan
    ours, peer = branches.fates(graph, order, end), cellrank_fates(graph, order, end)
    assert np.isnan(peer[7])
    assert (peer[end == branches.CYCLING] > 0.999).all()
    assert (peer[end == branches.RESTING] < 0.001).all()
    apart = (end == "") & (order > 0.6)
    assert ((ours[apart] > 0.5) == (peer[apart] > 0.5)).all()
    inner = (end == "") & ~np.isnan(order)
    assert np.corrcoef(ours[inner], peer[inner])[0, 1] > 0.95


def test_fates_agree_with_cellrank_in_an_experiment():
    pytest.importorskip("cellrank")
    adata = dtp.datasets.simulate(n_cells=1800, n_genes=1500, holiday_day=None, seed=0)
    order(adata, holiday=())
    ours = adata.obs["dtp_pseudotime_fate"].to_numpy()
    order(adata, holiday=(), fates="cellrank")
    peer = adata.obs["dtp_pseudotime_fate"].to_numpy()
    assert adata.uns["dtp_pseudotime"]["params"]["fates"] == "cellrank"
    inner = adata.obs["dtp_pseudotime_end"].isna().to_numpy()
    assert np.corrcoef(ours[inner], peer[inner])[0, 1] > 0.95
    assert np.mean((ours > 0.5) == (peer > 0.5)) > 0.99


def test_cellrank_is_asked_for_before_any_work(monkeypatch):
    monkeypatch.setitem(sys.modules, "cellrank", None)
    with pytest.raises(ResultError, match=r'pip install "dtpscore\[cellrank\]"'):
        dtp.tl.pseudotime(
            AnnData(np.ones((2, 2))), groupby="x", reference="y", fates="cellrank"
        )
