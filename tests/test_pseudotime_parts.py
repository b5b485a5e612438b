"""The parts of an order, each against a slow and obvious version."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.stats import spearmanr

from dtpscore import signatures
from dtpscore._errors import DataError, ResultError
from dtpscore._matrix import blocks
from dtpscore._ordering import (
    branches,
    checks,
    diffusion,
    ordinal,
    recipe,
    reversal,
    root,
    without,
)
from dtpscore._ordering.design import Keys, read_design


def planted(n_series=3, n_times=4, n_each=40, *, noise=0.3, seed=0):
    """Cells on a line in five dimensions, with a shift of every sample off the line."""
    rng = np.random.default_rng(seed)
    series = np.repeat(np.arange(n_series), n_times * n_each)
    time = np.tile(np.repeat(np.arange(n_times), n_each), n_series)
    progress = np.clip(time / n_times + 0.25 * rng.random(time.size), 0, 1)
    features = noise * rng.normal(size=(time.size, 5))
    features[:, 0] += 4 * progress
    features[:, 1] += rng.normal(size=n_series * n_times)[series * n_times + time]
    obs = pd.DataFrame(
        {
            "group": np.where(time == 0, "untreated", "treated"),
            "day": time * 3,
            "series": [f"s{one}" for one in series],
            "library": [f"s{a}d{b}" for a, b in zip(series, time, strict=True)],
        },
        index=[f"c{number}" for number in range(time.size)],
    )
    keys = Keys("group", "untreated", (), "day", "library", "series")
    return features, read_design(obs, keys), progress, obs


def test_ordinal_loss_is_the_all_threshold_loss():
    """The fit is a minimum of the loss written out threshold by threshold."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(200, 3))
    classes = np.clip((x[:, 0] + rng.normal(size=200)).round() + 1, 0, 3).astype(int)
    weights = rng.random(200) + 0.5
    ridge = 0.05

    def loss(b, theta):
        total = 0.0
        for row, k, w in zip(x, classes, weights / weights.mean(), strict=True):
            for cut, threshold in enumerate(theta, start=1):
                sign = 1 if k >= cut else -1
                margin = sign * (row @ b - threshold)
                total += w * np.log1p(np.exp(-margin)) / len(theta)
        return total / len(x) + 0.5 * ridge * b @ b

    found = ordinal.fit(x, classes, weights, ridge=ridge)
    best = loss(found.coefficients, found.thresholds)
    assert (np.diff(found.thresholds) > 0).all()
    for _ in range(40):
        b = found.coefficients + 0.05 * rng.normal(size=3)
        theta = found.thresholds + 0.05 * rng.normal(size=3)
        assert loss(b, theta) > best - 1e-5


def test_ordinal_uses_the_order_of_more_than_two_classes():
    x = np.linspace(-1, 1, 300)[:, None]
    found = ordinal.fit(x, np.repeat([0, 1, 2], 100))
    expected = found.expected(x)
    assert (np.diff(expected) > 0).all()
    assert 0 < expected.min() < expected.max() < 1


def test_a_series_is_never_placed_by_itself():
    """Wrong labels in one series spoil the others' places, not its own."""
    features, design, _, obs = planted()
    honest = ordinal.cross_fit(features, design, n_subsamples=2)
    wrong = obs.copy()
    first = (obs["series"] == "s0").to_numpy()
    treated = first & (obs["day"] > 0).to_numpy()
    wrong.loc[treated, "day"] = wrong.loc[treated, "day"].to_numpy()[::-1]
    keys = Keys("group", "untreated", (), "day", "library", "series")
    other = ordinal.cross_fit(features, read_design(wrong, keys), n_subsamples=2)
    np.testing.assert_allclose(other.time[first], honest.time[first], atol=0.02)
    assert np.abs(other.time[~first] - honest.time[~first]).max() > 0.02


def test_ordinal_finds_the_line():
    features, design, progress, _ = planted()
    found = ordinal.cross_fit(features, design, n_subsamples=3)
    assert spearmanr(found.time, progress)[0] > 0.95
    assert (found.sd >= 0).all()
    assert found.fold_rho.size == 3


@pytest.mark.parametrize("seed", range(3))
def test_medoid(seed):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(60, 4))
    candidates = np.sort(rng.choice(60, 25, replace=False))
    found = root.medoids(features, candidates, 5)
    total = cdist(features[candidates], features[candidates]).sum(axis=1)
    assert found[0] == candidates[np.argmin(total)]
    away = np.linalg.norm(features[candidates] - features[found[0]], axis=1)
    assert set(found) == set(candidates[np.argsort(away)[:5]])


def test_low_index():
    index = np.arange(12.0)
    reference = np.arange(12) < 9
    assert list(root.low_index(reference, index)) == [0, 1, 2]
    assert root.low_index(reference, None).size == 9
    assert root.low_index(reference, np.full(12, np.nan)).size == 9


def test_components_without_samples_are_those_of_scanpy():
    import scanpy as sc
    from anndata import AnnData

    rng = np.random.default_rng(0)
    values = sp.csr_array(rng.poisson(1.0, (80, 30)).astype(np.float32))
    ours, loadings, mean = recipe.principal_components(values, None, 5)
    peer = AnnData(values.toarray())
    sc.pp.pca(peer, n_comps=5)
    np.testing.assert_allclose(np.abs(ours), np.abs(peer.obsm["X_pca"]), atol=1e-3)
    again = (values.toarray() - mean) @ loadings
    np.testing.assert_allclose(ours, again, atol=1e-4)


def test_components_with_samples_turn_from_library_differences():
    """A large difference between libraries does not make the first component."""
    rng = np.random.default_rng(2)
    samples = np.repeat([0, 1, 2], 60)
    values = 0.1 * rng.normal(size=(180, 20))
    values[:, 0] += rng.normal(size=180)
    values[:, 1] += 2.0 * samples
    table = sp.csr_array(values.astype(np.float32))
    _, plain, _ = recipe.principal_components(table, None, 2)
    ours, within, mean = recipe.principal_components(table, samples, 2)
    assert np.abs(plain[:, 0]).argmax() == 1
    assert np.abs(within[:, 0]).argmax() == 0
    np.testing.assert_allclose(ours, (values - mean) @ within, atol=1e-4)


def test_genes_left_out_and_values():
    names = ["TOP2A", "MKI67", "MT-CO1", "RPL3", "VIM", "GENE1"]
    mask = recipe.left_out(names, species="human")
    assert list(mask) == [True, True, True, True, False, False]
    listed = signatures.load("tirosh2016_s_phase").genes.up
    assert recipe.left_out(listed, species="human").all()
    counts = np.array([[4, 0, 0, 0, 3, 1], [0, 0, 0, 0, 5, 5]])
    source = blocks.source(counts)
    assert recipe.needs_log(source) == "log1p"
    values = recipe.log_values(source, np.array([4, 5]), "log1p").toarray()
    kept = counts[:, 4:] / counts[:, 4:].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(values, np.log1p(1e4 * kept), rtol=1e-6)


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


def course(shares, *, n_series=2, n_cells=200, seed=0):
    """Share of resting cells at six days, as a value of 0 or 1 a cell."""
    rng = np.random.default_rng(seed)
    obs, values = [], []
    for series in range(n_series):
        for day, share in zip((0, 1, 2, 4, 9, 11), shares, strict=True):
            values.append(rng.random(n_cells) < share)
            obs += [(f"s{series}", day, "ref" if day == 0 else "drug")] * n_cells
    frame = pd.DataFrame(obs, columns=["series", "day", "group"])
    frame.index = frame.index.astype(str)
    keys = Keys("group", "ref", (), "day", None, "series")
    return np.concatenate(values).astype(float), read_design(frame, keys)


@pytest.mark.parametrize("n_series", [1, 2])
def test_erlotinib_course_rises_and_falls(n_series):
    """Arrested shares of PC9 on erlotinib, days 0 to 11 (Wiecek et al. 2023)."""
    shares = (0.40, 0.96, 0.80, 0.83, 0.60, 0.41)
    values, design = course(shares, n_series=n_series)
    found = checks.time_courses({"arrest": values}, design)
    assert found.loc["arrest", "verdict"] == "rises and falls"
    assert found.loc["arrest", "gap"] > 0.5
    assert not checks.time_is_progress(found)
    turned = checks.time_courses({"arrest": -values}, design)
    assert turned.loc["arrest", "verdict"] == "falls and rises"


@pytest.mark.parametrize("seed", range(5))
def test_noisy_but_monotone_course_passes(seed):
    shares = (0.4, 0.5, 0.6, 0.7, 0.8, 0.8)
    values, design = course(shares, seed=seed)
    assert checks.time_is_progress(checks.time_courses({"a": values}, design))


def test_two_times_cannot_turn():
    _, design, _, obs = planted(n_times=2)
    found = checks.time_courses({"a": np.arange(len(obs), dtype=float)}, design)
    assert found.loc["a", "verdict"] == "fewer than 3 times"
    assert checks.time_is_progress(found)


def test_direction_verdicts():
    features, design, progress, _ = planted()
    noise = np.random.default_rng(0).normal(size=progress.size)
    agrees = checks.direction(features[:, 0], progress, design)
    assert (agrees["verdict"] == "agrees").all()
    against = checks.direction(-features[:, 0], progress, design)
    assert (against["verdict"] == "contradicts").all()
    assert list(against.index) == ["groups", "index", "time"]
    pairs = [
        np.sign(late - early)
        for late in features[~design.root, 0]
        for early in features[design.root, 0]
    ]
    assert agrees.loc["groups", "rho"] == pytest.approx(np.mean(pairs))
    open_ = checks.direction(features[:, 0], noise, design)
    assert open_.loc["index", "verdict"] == "unresolved"


def holiday_design(n=150):
    groups = np.repeat(["ref", "drug", "off"], n)
    samples = [f"{g}{k % 3}" for g in ("ref", "drug", "off") for k in range(n)]
    obs = pd.DataFrame({"group": groups, "sample": samples})
    obs.index = obs.index.astype(str)
    return read_design(obs, Keys("group", "ref", ("off",), None, "sample"))


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_reversal_counts_a_known_mixture(share):
    rng = np.random.default_rng(7)
    design, n = holiday_design(), 150
    center = np.repeat([0.0, 10.0], n)
    back = np.where(np.arange(n) < share * n, 0.0, 10.0)
    features = rng.normal(size=(3 * n, 3))
    features[:, 0] += np.concatenate([center, back])
    order = features[:, 0]
    place = reversal.places(features, order, design)
    found = place[design.holiday]
    assert np.mean(found == "parental-like") == pytest.approx(share, abs=0.1)
    table = reversal.reversal(order, place, design)
    assert table.loc["all samples", "n_cells"] == n
    if share in (0.0, 1.0):
        assert table.loc["all samples", "returned"] == pytest.approx(share, abs=0.1)


def test_cells_off_the_path_are_neither():
    rng = np.random.default_rng(8)
    design, n = holiday_design(), 150
    features = rng.normal(size=(3 * n, 3))
    features[n : 2 * n, 0] += 10
    features[2 * n :, 2] += 12
    place = reversal.places(features, features[:, 0], design)
    assert np.mean(place[design.holiday] == "neither") > 0.95
    assert (place[~design.holiday] == "").all()


def test_conformal_p_is_the_count_written_out():
    rng = np.random.default_rng(9)
    anchor, points = rng.normal(size=(30, 2)), rng.normal(size=(7, 2)) + 1
    sample = np.repeat([0, 1, 2], 10)

    def mean_of_ten(point, cells):
        return np.sort(np.linalg.norm(cells - point, axis=1))[:10].mean()

    own = [
        mean_of_ten(point, anchor[sample != s])
        for point, s in zip(anchor, sample, strict=True)
    ]
    expected = [
        (1 + sum(o >= mean_of_ten(point, anchor) for o in own)) / 31 for point in points
    ]
    found = reversal.conformal_p(points, anchor, sample)
    np.testing.assert_allclose(found, expected)


def test_no_ratio_where_ends_are_not_apart():
    rng = np.random.default_rng(10)
    design = holiday_design()
    features = rng.normal(size=(450, 2))
    place = reversal.places(features, features[:, 0], design)
    found = reversal.reversal(features[:, 0], place, design)
    assert found["returned"].isna().all()
    assert found["position"].notna().all()


def test_ends_need_cells_in_two_samples():
    design = holiday_design()
    order = np.concatenate([np.zeros(150), np.ones(150), np.full(150, np.nan)])
    cycle = pd.DataFrame({"s_phase": np.zeros(450), "g2m": np.zeros(450)})
    cycle.loc[150:250, "g2m"] = 5.0
    end, found = branches.ends(order, cycle, design)
    assert (end == "cycling end").sum() == 101
    assert found["exists"].all()
    cycle.loc[150:250, "g2m"] = 0.0
    _, found = branches.ends(order, cycle, design)
    assert list(found["exists"]) == [False, True]


def planted_fork(n=400, seed=12):
    """A path that forks half way: order, arm, and both ends."""
    rng = np.random.default_rng(seed)
    order = np.linspace(0, 1, n)
    arm = np.where(np.arange(n) % 2, 1.0, -1.0)
    off = np.maximum(order - 0.5, 0) * arm * 8
    features = np.column_stack([8 * order, off, 0.1 * rng.normal(size=n)])
    end = np.full(n, "", dtype="<U11")
    late = order > 0.9
    end[late & (arm > 0)] = branches.CYCLING
    end[late & (arm < 0)] = branches.RESTING
    return features, order, arm, end


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


def test_order_without_genes_is_the_sum_over_the_others():
    rng = np.random.default_rng(11)
    values, weights = rng.normal(size=(6, 4)), rng.normal(size=(4, 2))
    fold = np.array([0, 0, 0, 1, 1, 1])
    model = without.OrderModel(
        time=np.arange(6.0),
        values=sp.csr_array(values),
        columns=np.array([10, 11, 12, 13]),
        loadings=np.eye(4),
        weights=weights,
        fold=fold,
        root=0,
        params={},
    )
    found = model.without(np.array([11, 13, 99]))
    expected = [
        values[cell, 0] * weights[0, fold[cell]]
        + values[cell, 2] * weights[2, fold[cell]]
        for cell in range(6)
    ]
    np.testing.assert_allclose(found, expected)
    assert model.without(np.array([5])) is model.time


def test_design_reads_times_and_samples():
    obs = pd.DataFrame(
        {
            "group": ["ref", "drug", "drug", None],
            "dose": pd.Categorical(
                ["none", "low", "high", "low"],
                categories=["none", "low", "high", "unused"],
                ordered=True,
            ),
            "day": ["0", "7", "14", None],
        },
        index=list("abcd"),
    )
    dosed = read_design(obs, Keys("group", "ref", (), "dose"))
    assert dosed.times == ("none", "low", "high")
    assert list(dosed.time) == [0, 1, 2, 1]
    dated = read_design(obs, Keys("group", "ref", (), "day"))
    assert dated.times == ("0", "7", "14")
    assert list(dated.time) == [0, 1, 2, -1]
    assert len(dated.samples) == 3
    with pytest.raises(DataError, match="needs cells of another group"):
        read_design(obs[:1], Keys("group", "ref"))
