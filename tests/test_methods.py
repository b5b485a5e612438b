"""Every method against the package that defines it, and against the slow reference."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import reference
import scipy.sparse as sp

from dtpscore._errors import DataError, InputWarning
from dtpscore._methods.drawn import draw_controls
from dtpscore._methods.registry import METHODS
from dtpscore._methods.run import run_method
from dtpscore._methods.strata import expression_bins
from dtpscore._options import MethodOptions

N_CELLS, N_GENES = 60, 900


@pytest.fixture(scope="module")
def counts():
    """Counts with many ties, two empty genes and cells of very different depth."""
    rng = np.random.default_rng(7)
    level = rng.lognormal(-1.5, 1.5, N_GENES)
    depth = rng.lognormal(0, 0.8, N_CELLS)
    values = rng.poisson(level * depth[:, None]).astype(np.float32)
    values[:, [3, 500]] = 0
    return sp.csr_matrix(values)


@pytest.fixture(scope="module")
def logged(counts):
    """The counts log-normalized, with values of their own in every cell."""
    rows = counts.astype(np.float64)
    factor = np.repeat(1e4 / rows.sum(1).A1, np.diff(rows.indptr))
    rows.data = np.log1p(rows.data * factor)
    return rows


@pytest.fixture(scope="module")
def net():
    rng = np.random.default_rng(3)
    pairs = []
    for size in (5, 20, 60):
        genes = rng.choice(N_GENES, 2 * size, replace=False)
        pairs.append((genes[:size], genes[size:]))
    pairs.append((rng.choice(N_GENES, 12, replace=False), []))
    return reference.make_net(pairs, N_GENES)


def names(genes):
    return [f"g{gene}" for gene in genes]


def as_adata(matrix):
    adata = ad.AnnData(matrix.copy())
    adata.var_names = names(range(matrix.shape[1]))
    adata.obs_names = [f"c{i}" for i in range(matrix.shape[0])]
    return adata


def halves(net):
    """Gene names of every half-set that has genes."""
    found = {}
    for s, name in enumerate(net.names):
        for tag, number in (("up", 2 * s), ("dn", 2 * s + 1)):
            genes = reference.half(net, number)[0]
            if genes.size:
                found[f"{name}_{tag}"] = genes
    return found


def difference(net, by_half):
    """Up minus down of a peer's scores, one column a half-set."""
    parts = []
    for name in net.names:
        down = by_half.get(f"{name}_dn", 0.0)
        parts.append(np.asarray(by_half[f"{name}_up"] - down, float))
    return np.column_stack(parts)


def scores(matrix, net, method, **options):
    return run_method(
        matrix, net, method=method, options=MethodOptions(**options)
    ).scores


def moved(net, place):
    """The net over columns that stand elsewhere; those without a place are dropped."""
    pairs = [
        [
            [place[g] for g in reference.half(net, 2 * s + side)[0] if g in place]
            for side in (0, 1)
        ]
        for s in range(len(net.names))
    ]
    return reference.make_net(pairs, len(place))


def long_net(net):
    rows = [(name, f"g{g}", 1.0) for name, genes in halves(net).items() for g in genes]
    return pd.DataFrame(rows, columns=["source", "target", "weight"])


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
            random_state=4,
            **choices,
        )
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("ctrl_as_ref", [True, False])
def test_controls_are_those_of_the_reference_and_shared(logged, net, ctrl_as_ref):
    dense = logged.toarray()
    choices = {"ctrl_size": 5, "ctrl_as_ref": ctrl_as_ref, "random_state": 3}
    sets = [reference.half(net, number)[0] for number in range(net.n_half_sets)]
    bins = expression_bins(dense.mean(axis=0), 11)
    found = draw_controls(sets, bins, **choices)
    for number, genes in enumerate(sets):
        expected = (
            reference.tirosh_controls(dense, genes, n_bins=11, **choices)
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


@pytest.mark.parametrize("data", ["random", "real"])
def test_ssgsea_equals_gseapy(data, logged, net, request):
    matrix, pairs = logged, net
    if data == "real":
        matrix, pairs = request.getfixturevalue("real")
        matrix = matrix[:30]
    expected = gseapy_es(matrix, pairs)
    found = scores(matrix, pairs, "ssgsea")
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * np.ptp(expected))


@pytest.mark.parametrize("method", list(METHODS))
def test_reference(method, counts, net):
    few, dense = counts[:15], counts[:15].toarray()
    choices = {}
    if method == "tirosh":
        choices = {
            "n_bins": 25,
            "ctrl_size": 50,
            "ctrl_as_ref": True,
            "random_state": 0,
        }
    expected = getattr(reference, method)(dense, net, w_neg=0.5, **choices)
    found = scores(few, net, method, w_neg=0.5)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("method", ["mean", "zscore"])
def test_weights_count_where_the_method_has_them(method, counts):
    weights = [2.0, -1.0, 0.5, 3.0]
    net = reference.make_net([([1, 5, 9], [20])], N_GENES, weights=weights)
    expected = getattr(reference, method)(counts.toarray(), net)
    np.testing.assert_allclose(scores(counts, net, method), expected, atol=1e-10)


@pytest.mark.parametrize("method", list(METHODS))
def test_signature_without_genes_is_nan_and_empty_cells_score(method, counts):
    net = reference.make_net([([], []), ([1, 2], [3]), ([], [4, 7])], N_GENES)
    matrix = sp.vstack([counts[:5], sp.csr_matrix((1, N_GENES), dtype=np.float32)])
    found = scores(matrix.tocsr(), net, method)
    assert np.isnan(found[:, 0]).all()
    assert np.isfinite(found[:, 1:]).all()


def test_clip_sets_negative_scores_to_zero(counts, net):
    plain, clipped = (scores(counts, net, "mean", clip=clip) for clip in (False, True))
    assert plain.min() < 0
    np.testing.assert_array_equal(clipped, np.maximum(plain, 0))


@pytest.mark.parametrize("method", ["ucell", "aucell", "ssgsea"])
def test_rank_methods_refuse_values_below_zero(method, counts, net):
    scaled = counts.toarray() - 1
    with pytest.raises(DataError, match=r"Row 0 .* below 0.*looks scaled"):
        scores(scaled, net, method)


@pytest.mark.parametrize("method", ["mean", "zscore", "tirosh"])
def test_value_methods_take_values_below_zero(method, counts, net):
    scaled = counts.toarray().astype(float) - 1
    choices = {}
    if method == "tirosh":
        choices = {
            "n_bins": 25,
            "ctrl_size": 50,
            "ctrl_as_ref": True,
            "random_state": 0,
        }
    expected = getattr(reference, method)(scaled, net, **choices)
    np.testing.assert_allclose(scores(scaled, net, method), expected, atol=1e-9)


def test_tirosh_without_any_control_gene_warns_and_is_nan():
    net = reference.make_net([([0, 1, 2], []), ([0], [])], 3)
    matrix = np.array([[1.0, 2, 3], [4, 5, 6]])
    with pytest.warns(InputWarning, match="No control gene"):
        found = scores(matrix, net, "tirosh", n_bins=2)
    assert np.isnan(found[:, 0]).all()


def test_unknown_method_and_options_are_refused(counts, net):
    with pytest.raises(ValueError, match="method must be one of ucell"):
        scores(counts, net, "gsva")
    with pytest.raises(ValueError, match="ties_method must be one of"):
        MethodOptions(ties_method="dense")
    with pytest.raises(ValueError, match="max_rank must be 1 or more"):
        MethodOptions(max_rank=0)
    with pytest.raises(ValueError, match="auc_fraction"):
        MethodOptions(auc_fraction=0.0)
    with pytest.raises(ValueError, match="'aucell' has ties_method"):
        scores(counts, net, "aucell", ties_method="min")
    with pytest.raises(ValueError, match="more than max_rank"):
        scores(counts, net, "ucell", max_rank=30)


def test_matrix_must_have_the_columns_of_the_net(counts, net):
    with pytest.raises(DataError, match=r"899 columns.*900 genes"):
        scores(counts[:, 1:], net, "mean")
