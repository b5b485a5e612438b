"""Orders learned from times, each part against a slow and obvious version."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import spearmanr
from small_paths import planted, planted_cells

from dtpscore._ordering import diffusion, ordinal, trend_test


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


@pytest.mark.slow
def test_a_series_is_never_placed_by_itself():
    """Wrong labels in one series spoil the others' places, not its own."""
    features, design, _, obs = planted()
    graph = diffusion.graph(features, 15)
    diffused = diffusion.diffusion_time(graph, np.array([0]), features=None).components
    honest = ordinal.cross_fit(features, design, diffused=diffused, n_subsamples=2)
    wrong = obs.copy()
    first = (obs["series"] == "s0").to_numpy()
    treated = first & (obs["day"] > 0).to_numpy()
    wrong.loc[treated, "day"] = wrong.loc[treated, "day"].to_numpy()[::-1]
    other = ordinal.cross_fit(
        features, planted_cells(wrong), diffused=diffused, n_subsamples=2
    )
    np.testing.assert_allclose(other.time[first], honest.time[first], atol=0.02)
    assert np.abs(other.time[~first] - honest.time[~first]).max() > 0.02


@pytest.mark.slow
def test_ordinal_finds_the_line():
    features, design, progress, _ = planted()
    found = ordinal.cross_fit(features, design, n_subsamples=3)
    assert spearmanr(found.time, progress)[0] > 0.95
    assert (found.sd >= 0).all()
    assert found.fold_rho.size == 3


def test_order_without_genes_is_the_sum_over_the_others():
    rng = np.random.default_rng(11)
    values, weights = rng.normal(size=(6, 4)), rng.normal(size=(4, 2))
    fold = np.array([0, 0, 0, 1, 1, 1])
    model = trend_test.GeneModel(
        time=np.arange(6.0),
        values=sp.csr_array(values),
        columns=np.array([10, 11, 12, 13]),
        loadings=np.eye(4),
        weights=weights,
        fold=fold,
        root=0,
        n_neighbors=5,
        n_dcs=2,
        seed=0,
    )
    found = model.without(np.array([11, 13, 99]))
    expected = [
        values[cell, 0] * weights[0, fold[cell]]
        + values[cell, 2] * weights[2, fold[cell]]
        for cell in range(6)
    ]
    np.testing.assert_allclose(found, expected)
    assert model.without(np.array([5])) is model.time


def bent(n=900, seed=3):
    """Cells along a bent path: order, series, and noisy features."""
    rng = np.random.default_rng(seed)
    way = rng.random(n)
    early, late = np.minimum(way, 0.5), np.maximum(way - 0.5, 0)
    features = 0.05 * rng.normal(size=(n, 4))
    features[:, 0] += 2 * early
    features[:, 1] += 2 * late
    return way, features


def test_course_is_the_mean_over_places():
    """Against the sums written out, cell by cell and place by place."""
    way, features = bent(n=60)
    rank = np.argsort(np.argsort(way)) / 60 + 1 / 60
    places = np.arange(1, 41) / 41
    means = []
    for place in places:
        weights = [np.exp(-((place - r) ** 2) / (2 * 0.07**2)) for r in rank]
        means.append(np.average(features, axis=0, weights=weights))
    means = np.asarray(means)
    around = np.column_stack(
        [np.interp(rank, places, means[:, k]) for k in range(features.shape[1])]
    )
    inverse = np.linalg.inv(np.cov((features - around).T))
    expected = []
    for cell in features[:10]:
        away = [(cell - mean) @ inverse @ (cell - mean) for mean in means]
        likely = np.exp(-0.5 * np.asarray(away))
        at = np.quantile(way, places)
        expected.append((likely * at).sum() / likely.sum())
    found = ordinal.along_course(features, way, features[:10])
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_course_follows_a_bend_that_a_line_cannot():
    way, features = bent()
    taught, others = np.arange(600), np.arange(600, 900)
    found = ordinal.along_course(features[taught], way[taught], features[others])
    line = np.linalg.lstsq(features[taught], way[taught], rcond=None)[0]
    error = np.abs(found - way[others]).mean()
    assert error < 0.05
    assert error < np.abs(features[others] @ line - way[others]).mean()
    one = ordinal.along_course(features[taught, :1], way[taught], features[others, :1])
    assert np.isfinite(one).all()


@pytest.mark.slow
def test_diffusion_components_help_and_may_be_missing():
    features, design, progress, _ = planted()
    graph = diffusion.graph(features, 15)
    found = diffusion.diffusion_time(graph, np.array([0]), features=None)
    alone = ordinal.cross_fit(features, design, n_subsamples=2)
    both = ordinal.cross_fit(
        features, design, diffused=found.components, n_subsamples=2
    )
    assert spearmanr(both.time, progress)[0] > 0.95
    assert np.abs(both.time - alone.time).max() > 1e-3
    # Coefficients are of the features alone, which genes can be taken out of.
    np.testing.assert_allclose(both.coefficients, alone.coefficients)
    holes = found.components.copy()
    holes[::7] = np.nan
    filled = ordinal.cross_fit(features, design, diffused=holes, n_subsamples=2)
    assert np.isfinite(filled.time).all()
    assert spearmanr(filled.time, progress)[0] > 0.95
