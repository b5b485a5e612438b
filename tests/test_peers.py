"""Every method against the package that defines it."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import reference
import scipy.sparse as sp
from small_matrices import (
    N_CELLS,
    N_GENES,
    as_adata,
    difference,
    halves,
    long_net,
    moved,
    names,
    random_counts,
    random_logs,
    random_net,
    scores,
)

from dtpscore._methods.drawn import draw_controls
from dtpscore._methods.strata import expression_bins


@pytest.fixture
def counts():
    return random_counts()


@pytest.fixture
def net():
    return random_net()


@pytest.fixture
def logged():
    return random_logs()


@pytest.fixture(scope="module")
def real(real_file):
    adata = ad.read_h5ad(real_file("pbmc3k"))
    rng = np.random.default_rng(5)
    keep = np.sort(rng.choice(adata.n_obs, 150, replace=False))
    matrix = sp.csr_matrix(adata.X[keep]).astype(np.float32)
    pairs = []
    for size in (10, 50, 150):
        genes = rng.choice(adata.n_vars, 2 * size, replace=False)
        pairs.append((genes[:size], genes[size:]))
    return matrix, reference.make_net(pairs, adata.n_vars)


@pytest.mark.parametrize("ties", ["average", "min", "max", "order"])
@pytest.mark.parametrize("missing", ["impute", "skip"])
def test_ucell_equals_pyucell(counts, ties, missing):
    pyucell = pytest.importorskip("pyucell")
    rng = np.random.default_rng(1)
    genes = rng.choice(N_GENES, 60, replace=False)
    pairs = [(genes[:20], genes[20:40]), (genes[40:], [])]
    net = reference.make_net(pairs, N_GENES, n_missing=3)
    gone = [f"absent{i}" for i in range(3)]
    listed = {
        "s0": [f"{g}+" for g in (*names(pairs[0][0]), *gone)]
        + [f"{g}-" for g in (*names(pairs[0][1]), *gone)],
        "s1": [*names(pairs[1][0]), *gone],
    }
    adata = as_adata(counts)
    pyucell.compute_ucell_scores(
        adata,
        listed,
        max_rank=150,
        ties_method={"order": "ordinal"}.get(ties, ties),
        missing_genes=missing,
        n_jobs=1,
    )
    expected = adata.obs[["s0_UCell", "s1_UCell"]].to_numpy()
    found = scores(
        counts,
        net,
        "ucell",
        max_rank=150,
        ties_method=ties,
        missing_genes=missing,
        clip=True,
    )
    assert np.ptp(expected, axis=0).min() > 0.05
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_ucell_equals_pyucell_on_real_data(real):
    pyucell = pytest.importorskip("pyucell")
    matrix, net = real
    adata = as_adata(matrix)
    by_half = halves(net)
    pyucell.compute_ucell_scores(
        adata, {k: names(v) for k, v in by_half.items()}, suffix="", n_jobs=1
    )
    expected = difference(net, {k: adata.obs[k].to_numpy() for k in by_half})
    found = scores(matrix, net, "ucell")
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def decoupler_aucell(matrix, net):
    """decoupler's scores, and the same columns in the order decoupler ranks them."""
    dc = pytest.importorskip("decoupler")
    frame = long_net(net)
    used = np.flatnonzero(matrix.getnnz(axis=0))
    adata = as_adata(matrix)
    dc.mt.aucell(adata, frame, tmin=1)
    expected = difference(net, adata.obsm["score_aucell"])
    # It drops empty columns and shuffles the others with this seed to break ties.
    order = used[np.random.default_rng(0).choice(used.size, used.size, replace=False)]
    place = {gene: column for column, gene in enumerate(order)}
    return expected, matrix[:, order], moved(net, place)


@pytest.mark.slow
@pytest.mark.parametrize("data", ["random", "real"])
def test_aucell_by_order_equals_decoupler(data, counts, net, request):
    chosen = (counts, net) if data == "random" else request.getfixturevalue("real")
    expected, shuffled, placed = decoupler_aucell(*chosen)
    found = scores(shuffled, placed, "aucell", ties_method="order")
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_aucell_of_detected_genes_equals_aucell_without_the_others(counts, net):
    used = np.flatnonzero(counts.getnnz(axis=0))
    assert used.size < N_GENES
    place = {gene: column for column, gene in enumerate(used)}
    alone = moved(net, place)
    for ties in ("average", "order"):
        np.testing.assert_allclose(
            scores(counts, net, "aucell", ties_method=ties, auc_genes="detected"),
            scores(counts[:, used], alone, "aucell", ties_method=ties),
            rtol=0,
            atol=1e-12,
        )


@pytest.mark.slow
def test_aucell_with_average_ties_is_the_mean_over_column_orders(counts, net):
    rng = np.random.default_rng(0)
    n_orders = 400
    total = np.zeros((N_CELLS, len(net.names)))
    square = np.zeros_like(total)
    for _ in range(n_orders):
        order = rng.permutation(N_GENES)
        place = {gene: column for column, gene in enumerate(order)}
        one = scores(counts[:, order], moved(net, place), "aucell", ties_method="order")
        total += one
        square += one**2
    mean = total / n_orders
    error = np.sqrt(np.maximum(square / n_orders - mean**2, 0) / n_orders)
    found = scores(counts, net, "aucell")
    assert np.all(np.abs(found - mean) < 5 * error + 1e-12)


@pytest.mark.parametrize("ctrl_as_ref", [True, False])
@pytest.mark.parametrize("choices", [{}, {"ctrl_size": 7, "n_bins": 11}])
def test_tirosh_equals_score_genes(logged, net, ctrl_as_ref, choices):
    sc = pytest.importorskip("scanpy")
    adata = as_adata(logged)
    by_half = halves(net)
    for name, genes in by_half.items():
        sc.tl.score_genes(
            adata,
            names(genes),
            score_name=name,
            ctrl_as_ref=ctrl_as_ref,
            random_state=4,
            **choices,
        )
    expected = difference(net, adata.obs)
    for matrix in (logged, logged.toarray()):
        found = scores(
            matrix,
            net,
            "tirosh",
            ctrl_as_ref=ctrl_as_ref,
            seed=4,
            **choices,
        )
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("ctrl_as_ref", [True, False])
def test_controls_are_those_of_the_reference_and_shared(logged, net, ctrl_as_ref):
    dense = logged.toarray()
    choices = {"ctrl_size": 5, "ctrl_as_ref": ctrl_as_ref}
    sets = [reference.half(net, number)[0] for number in range(net.n_half_sets)]
    bins = expression_bins(dense.mean(axis=0), 11)
    found = draw_controls(sets, bins, seed=3, **choices)
    for number, genes in enumerate(sets):
        expected = (
            reference.tirosh_controls(
                dense, genes, n_bins=11, random_state=3, **choices
            )
            if genes.size
            else []
        )
        groups = found.members[[number]].indices
        drawn = np.concatenate([genes[:0], *(found.groups[one] for one in groups)])
        assert sorted(set(drawn) - set(genes)) == expected
        assert found.sizes[number] == len(expected)
        assert set(found.own[number]) == set(drawn) & set(genes)
    if ctrl_as_ref:  # otherwise a set's own genes make nearly every draw another
        assert len(found.groups) < 0.8 * found.members.nnz


def test_tirosh_equals_score_genes_on_real_data(real):
    sc = pytest.importorskip("scanpy")
    matrix, net = real
    adata = as_adata(matrix)
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    logged = adata.X.copy()
    for name, genes in halves(net).items():
        sc.tl.score_genes(adata, names(genes), score_name=name, ctrl_as_ref=True)
    found = scores(logged, net, "tirosh")
    expected = difference(net, adata.obs)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(scores(logged.toarray(), net, "tirosh"), found)


@pytest.mark.parametrize("center", [False, True])
def test_zscore_equals_decoupler(logged, net, center):
    dc = pytest.importorskip("decoupler")
    # Releases before 2.3 have the names of the two flavors swapped.
    swapped = tuple(int(part) for part in dc.__version__.split(".")[:2]) < (2, 3)
    flavor = "KSEA" if center != swapped else "RoKAI"
    adata = as_adata(logged)
    dc.mt.zscore(adata, long_net(net), tmin=1, empty=False, flavor=flavor)
    expected = difference(net, adata.obsm["score_zscore"])
    found = scores(logged, net, "zscore", center=center)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@pytest.mark.slow
def test_mean_equals_decoupler_waggr(logged, net):
    dc = pytest.importorskip("decoupler")
    adata = as_adata(logged.toarray())
    dc.mt.waggr(adata, long_net(net), tmin=1, empty=False, fun="wmean", times=1)
    expected = difference(net, adata.obsm["score_waggr"])
    found = scores(logged, net, "mean")
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


def gseapy_es(matrix, net):
    gseapy = pytest.importorskip("gseapy")
    dense = matrix.toarray()
    frame = pd.DataFrame(
        dense.T, index=names(range(dense.shape[1])), columns=range(len(dense))
    )
    frame.columns = [f"c{i}" for i in frame.columns]
    result = gseapy.ssgsea(
        frame,
        {k: names(v) for k, v in halves(net).items()},
        outdir=None,
        min_size=1,
        max_size=10_000,
        no_plot=True,
        threads=2,
    ).res2d
    table = result.pivot_table(
        index="Name", columns="Term", values="ES", aggfunc="first"
    )
    return difference(net, table.loc[frame.columns].astype(float))


@pytest.mark.slow
@pytest.mark.parametrize("data", ["random", "real"])
def test_ssgsea_equals_gseapy(data, logged, net, request):
    matrix, pairs = logged, net
    if data == "real":
        matrix, pairs = request.getfixturevalue("real")
        matrix = matrix[:30]
    expected = gseapy_es(matrix, pairs)
    found = scores(matrix, pairs, "ssgsea")
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * np.ptp(expected))
