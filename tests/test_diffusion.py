"""From a matrix to components, root and diffusion pseudotime."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.stats import spearmanr
from sklearn.neighbors import KNeighborsTransformer

from dtpscore import signatures
from dtpscore._matrix import blocks
from dtpscore._ordering import components, diffusion, embedding, variable
from dtpscore._ordering.neighbors import nearest
from dtpscore._values import judge
from dtpscore.errors import ResultError


@pytest.mark.parametrize("seed", range(3))
def test_medoid(seed):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(60, 4))
    candidates = np.sort(rng.choice(60, 25, replace=False))
    found = diffusion.medoids(features, candidates, 5)
    total = cdist(features[candidates], features[candidates]).sum(axis=1)
    assert found[0] == candidates[np.argmin(total)]
    away = np.linalg.norm(features[candidates] - features[found[0]], axis=1)
    assert set(found) == set(candidates[np.argsort(away)[:5]])


def test_low_index():
    index = np.arange(12.0)
    reference = np.arange(12) < 9
    assert list(diffusion.low_index(reference, index)) == [0, 1, 2]
    assert diffusion.low_index(reference, None).size == 9
    assert diffusion.low_index(reference, np.full(12, np.nan)).size == 9


def test_components_without_samples_are_those_of_scanpy():
    import scanpy as sc
    from anndata import AnnData

    rng = np.random.default_rng(0)
    values = sp.csr_array(rng.poisson(1.0, (80, 30)).astype(np.float32))
    ours, loadings, mean = components.principal(values, None, 5)
    peer = AnnData(values.toarray())
    sc.pp.pca(peer, n_comps=5)
    np.testing.assert_allclose(np.abs(ours), np.abs(peer.obsm["X_pca"]), atol=1e-3)
    again = (values.toarray() - mean) @ loadings
    np.testing.assert_allclose(ours, again, atol=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_variable_genes_are_those_of_scanpy(seed):
    """Also where a gene is alone in its bin, or one does not vary at all."""
    import scanpy as sc
    from anndata import AnnData

    rng = np.random.default_rng(seed)
    means = rng.gamma(0.5, 1.0, 300)
    drawn = rng.poisson(means * rng.gamma(1.0, 1.0, (200, 1)), (200, 300))
    # No two genes have the same values, so that no two are equally variable.
    values = np.log1p(drawn * rng.gamma(5.0, 0.2, 300))
    values[:, 0] = 6.0 + rng.normal(size=200)
    values[:, 1] = np.log1p(2.0)
    table = sp.csr_matrix(values.astype(np.float32))
    peer = AnnData(table)
    sc.pp.highly_variable_genes(peer, n_top_genes=80)
    parts = [sp.csr_array(table[:70]), sp.csr_array(table[70:])]
    moments = variable.GeneMoments.of(parts, 300)
    whole = variable.GeneMoments.of([sp.csr_array(table)], 300)
    assert np.array_equal(moments.mean, whole.mean)
    assert np.array_equal(moments.variance, whole.variance)
    linear = np.expm1(table.toarray().astype(float))
    np.testing.assert_allclose(moments.mean, linear.mean(axis=0))
    np.testing.assert_allclose(moments.variance, linear.var(axis=0, ddof=1), atol=1e-9)
    np.testing.assert_array_equal(moments.expressing, (linear != 0).sum(axis=0))
    chosen = variable.most_variable(moments, np.arange(300), 80)
    np.testing.assert_array_equal(
        chosen, np.flatnonzero(peer.var["highly_variable"].to_numpy())
    )
    assert 0 in chosen
    among = np.arange(50, 120)
    assert set(variable.most_variable(moments, among, 70)) == set(among)
    assert set(variable.most_variable(moments, among, 20)) < set(among)


@pytest.mark.parametrize("most_dense", [10, 4000])
def test_components_are_those_of_the_dense_matrix(monkeypatch, most_dense):
    """With few genes and with many; the values stay sparse."""
    assert components._MOST_DENSE == 4000
    monkeypatch.setattr(components, "_MOST_DENSE", most_dense)
    monkeypatch.setattr(components, "_CELLS_AT_ONCE", 30)
    rng = np.random.default_rng(1)
    samples = np.repeat([5, 2, 9], [20, 50, 30])
    values = sp.csr_array(rng.poisson(1.0, (100, 40)).astype(np.float32))
    ours, loadings, mean = components.principal(values, samples, 6)
    dense = values.toarray().astype(float)
    pulled = dense - dense.mean(axis=0)
    for sample in (2, 5, 9):
        rows = samples == sample
        pulled[rows] -= (1 - components.BETWEEN) * pulled[rows].mean(axis=0)
    right = np.linalg.svd(pulled, full_matrices=False)[2][:6].T
    right *= np.sign(right[np.abs(right).argmax(axis=0), np.arange(6)])
    np.testing.assert_allclose(loadings, right, atol=1e-9)
    np.testing.assert_allclose(ours, (dense - mean) @ right, atol=1e-9)


def test_components_with_samples_turn_from_library_differences():
    """A large difference between libraries does not make the first component."""
    rng = np.random.default_rng(2)
    samples = np.repeat([0, 1, 2], 60)
    values = 0.1 * rng.normal(size=(180, 20))
    values[:, 0] += rng.normal(size=180)
    values[:, 1] += 2.0 * samples
    table = sp.csr_array(values.astype(np.float32))
    _, plain, _ = components.principal(table, None, 2)
    ours, within, mean = components.principal(table, samples, 2)
    assert np.abs(plain[:, 0]).argmax() == 1
    assert np.abs(within[:, 0]).argmax() == 0
    np.testing.assert_allclose(ours, (values - mean) @ within, atol=1e-4)


def test_genes_left_out_and_values():
    names = ["TOP2A", "MKI67", "MT-CO1", "RPL3", "VIM", "GENE1"]
    mask = embedding.left_out(names, species="human")
    assert list(mask) == [True, True, True, True, False, False]
    listed = signatures.load("tirosh2016_s_phase").genes.up
    assert embedding.left_out(listed, species="human").all()
    counts = np.array([[4, 0, 0, 0, 3, 1], [0, 0, 0, 0, 5, 5]])
    source = blocks.source(counts)
    assert judge(source).normalize == "log1p"
    values = embedding.log_values(source, np.array([4, 5]), "log1p").toarray()
    kept = counts[:, 4:] / counts[:, 4:].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(values, np.log1p(1e4 * kept), rtol=1e-6)
    second = embedding.log_values(
        source, np.array([4, 5]), "log1p", kept=np.array([1])
    ).toarray()
    np.testing.assert_array_equal(second, values[:, [1]])


class _Exact(KNeighborsTransformer):
    """The neighbors that an order uses, for scanpy; the cell itself is first, at 0."""

    def fit_transform(self, X, y=None):
        distances, rows = nearest(X, None, self.n_neighbors)
        n = len(X)
        columns = np.column_stack([np.arange(n), rows])
        values = np.column_stack([np.zeros(n), distances])
        bounds = np.arange(0, columns.size + 1, columns.shape[1])
        return sp.csr_matrix((values.ravel(), columns.ravel(), bounds), shape=(n, n))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["spread", "copies", "outlying", "all equal"])
@pytest.mark.parametrize("n_neighbors", [2, 15, 30, 400])
def test_the_graph_is_that_of_scanpy_to_the_bit(kind, n_neighbors):
    import scanpy as sc
    from anndata import AnnData

    points = np.random.default_rng(3).normal(size=(180, 6))
    if kind == "copies":
        points[20:60] = points[:40]
    if kind == "outlying":
        points[:10] *= 1e6
        points[10:12] = points[12] + 1e-9
    if kind == "all equal":
        points[:] = points[0]
    n_used = min(n_neighbors, len(points) - 1)
    peer = AnnData(obsm={"X_order": points})
    sc.pp.neighbors(
        peer,
        n_neighbors=n_used,
        use_rep="X_order",
        method="umap",
        transformer=_Exact(n_neighbors=n_used),
    )
    expected = peer.obsp["connectivities"]
    found = diffusion.graph(points, n_neighbors)
    assert found.dtype == expected.dtype == np.float32
    np.testing.assert_array_equal(found.indptr, expected.indptr)
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_array_equal(found.data, expected.data)


def test_a_graph_needs_no_umap():
    """Its import compiles for many seconds on a new machine."""
    code = (
        "import sys, numpy as np\n"
        "from dtpscore._ordering import diffusion\n"
        "features = np.random.default_rng(0).normal(size=(60, 3))\n"
        "graph = diffusion.graph(features, 5)\n"
        "diffusion.diffusion_time(graph, np.array([0]), features=features)\n"
        "assert not {'umap', 'pynndescent'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
def test_diffusion_follows_a_line_and_leaves_islands():
    rng = np.random.default_rng(4)
    line = np.column_stack([np.linspace(0, 10, 300), 0.1 * rng.normal(size=300)])
    island = rng.normal(size=(40, 2)) + 1000
    features = np.vstack([line, island])
    graph = diffusion.graph(features, 15)
    found = diffusion.diffusion_time(
        graph, np.array([0, 1, 2]), features=features, n_subsamples=2
    )
    assert np.isnan(found.time[300:]).all()
    assert np.isfinite(found.time[:300]).all()
    assert spearmanr(found.time[:300], line[:, 0])[0] > 0.98
    assert found.subsample_rho.min() > 0.95
    small = np.vstack([line, rng.normal(size=(10, 2)) + 1000])
    graph = diffusion.graph(small, 5)
    with pytest.raises(ResultError, match="Only 10 cells are connected"):
        diffusion.diffusion_time(graph, np.array([305]), features=None)


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(st.integers(2, 6), st.integers(5, 30), st.integers(0, 1000))
def test_kendall_w(n_orders, n_cells, seed):
    rng = np.random.default_rng(seed)
    orders = rng.random((n_cells, n_orders))
    ranks = orders.argsort(axis=0).argsort(axis=0) + 1
    pairs = [
        spearmanr(ranks[:, a], ranks[:, b])[0]
        for a in range(n_orders)
        for b in range(a)
    ]
    # The mean Spearman correlation r of m orders is (m W - 1) / (m - 1).
    w = diffusion.kendall_w(orders)
    assert (n_orders * w - 1) / (n_orders - 1) == pytest.approx(np.mean(pairs))
    same = np.repeat(orders[:, :1], n_orders, axis=1)
    assert diffusion.kendall_w(same) == pytest.approx(1.0)


def test_components_are_scaled_eigenvectors_of_the_walk():
    """Against the dense transition matrix of Haghverdi et al. 2016."""
    rng = np.random.default_rng(6)
    graph = diffusion.graph(rng.normal(size=(80, 3)), 12)
    found = diffusion.diffusion_time(graph, np.array([0]), features=None, n_dcs=4)
    weights = graph.toarray().astype(float)
    density = weights.sum(axis=1)
    weights /= np.outer(density, density)
    walk = weights / weights.sum(axis=1, keepdims=True)
    values, vectors = np.linalg.eig(walk)
    by_size = np.argsort(-values.real)[1:5]
    values = values.real[by_size]
    expected = vectors.real[:, by_size] * (values / (1 - values))
    for ours, peer in zip(found.components.T, expected.T, strict=True):
        peer *= np.sqrt((ours**2).sum() / (peer**2).sum()) * np.sign(ours @ peer)
        np.testing.assert_allclose(ours, peer, atol=1e-3 * np.abs(peer).max())
    lengths = np.linalg.norm(found.components, axis=0)
    assert (np.diff(lengths) < 0.2 * lengths[:-1]).all()
